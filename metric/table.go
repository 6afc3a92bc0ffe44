package metric

import (
	"encoding/json"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/loss"
)

// classes lists the metrics, with the short names that Keras' compile(metrics=...) accepts.
var classes = &config.Registry[Metric]{
	Kind: "metric",
	Classes: []config.Entry[Metric]{
		{Of: BinaryAccuracy{}, Names: []string{"binary_accuracy"}},
		{Of: CategoricalAccuracy{}, Names: []string{"categorical_accuracy"}},
		{Of: SparseCategoricalAccuracy{}, Names: []string{"sparse_categorical_accuracy"}},
		{Of: MeanSquaredError{}, Names: []string{"mean_squared_error", "mse", "MSE"}},
		{Of: MeanAbsoluteError{}, Names: []string{"mean_absolute_error", "mae", "MAE"}},
		{Of: Equality{}, Class: "Accuracy"},
		{Of: TopKCategoricalAccuracy{}, Names: []string{"top_k_categorical_accuracy"}},
		{Of: SparseTopKCategoricalAccuracy{}, Names: []string{"sparse_top_k_categorical_accuracy"}},
		{Of: TruePositives{}, Names: []string{"true_positives"}},
		{Of: TrueNegatives{}, Names: []string{"true_negatives"}},
		{Of: FalsePositives{}, Names: []string{"false_positives"}},
		{Of: FalseNegatives{}, Names: []string{"false_negatives"}},
		{Of: Precision{}, Names: []string{"precision"}},
		{Of: Recall{}, Names: []string{"recall"}},
		{Of: AUC{}, Names: []string{"auc"}},
		{Of: SensitivityAtSpecificity{}, Names: []string{"sensitivity_at_specificity"}},
		{Of: SpecificityAtSensitivity{}, Names: []string{"specificity_at_sensitivity"}},
		{Of: PrecisionAtRecall{}, Names: []string{"precision_at_recall"}},
		{Of: RecallAtPrecision{}, Names: []string{"recall_at_precision"}},
		{Of: FBetaScore{}, Names: []string{"f_beta_score", "fbeta_score"}},
		{Of: F1Score{}, Names: []string{"f1_score"}},
		{Of: IoU{}, Names: []string{"io_u"}},
		{Of: MeanIoU{}, Names: []string{"mean_io_u"}},
		{Of: BinaryIoU{}, Names: []string{"binary_io_u"}, Write: func(_ Metric, c map[string]any) {
			if c["target_class_ids"] == nil {
				c["target_class_ids"] = []int{0, 1}
			}
		}},
		{Of: OneHotIoU{}, Names: []string{"one_hot_io_u"}},
		{Of: OneHotMeanIoU{}, Names: []string{"one_hot_mean_io_u"}},
		{Of: BinaryCrossentropy{}, Names: []string{"binary_crossentropy", "bce", "BCE"}},
		{Of: CategoricalCrossentropy{}, Names: []string{"categorical_crossentropy"}},
		{Of: SparseCategoricalCrossentropy{}, Names: []string{"sparse_categorical_crossentropy"}},
		{Of: MeanAbsolutePercentageError{}, Names: []string{"mean_absolute_percentage_error", "mape", "MAPE"}},
		{Of: MeanSquaredLogarithmicError{}, Names: []string{"mean_squared_logarithmic_error", "msle", "MSLE"}},
		{Of: LogCoshError{}, Names: []string{"log_cosh_error"}},
		{Of: Poisson{}, Names: []string{"poisson"}},
		{Of: KLDivergence{}, Names: []string{"kl_divergence", "kld", "KLD"}},
		{Of: CosineSimilarity{}, Names: []string{"cosine_similarity"}},
		{Of: RootMeanSquaredError{}, Names: []string{"root_mean_squared_error"}},
		{Of: Hinge{}, Names: []string{"hinge"}},
		{Of: SquaredHinge{}, Names: []string{"squared_hinge"}},
		{Of: CategoricalHinge{}, Names: []string{"categorical_hinge"}},
		{Of: PearsonCorrelation{}, Names: []string{"pearson_correlation"}, Read: refuseAllAxes},
		{Of: ConcordanceCorrelation{}, Names: []string{"concordance_correlation"}, Read: refuseAllAxes},
		{Of: R2Score{}, Names: []string{"r2_score"}},
	},
	Refused: map[string]string{
		"Mean":   "it only averages numbers, and metrics in lince compare targets with predictions",
		"Metric": "it is a base class; a custom metric in Go implements the interface Metric",
		"Sum":    "it only adds numbers, and metrics in lince compare targets with predictions",
	},
	Types: []config.Type{averageType, aggregationType, curveType, summationType, thresholdsType},
	Look: func(r *config.Reader) {
		if r.Null("class_aggregation") { // null means None there, not the default
			r.Replace("class_aggregation", string(NoAggregation))
		}
		if class, conf := config.Object(r.Get("label_weights")); class == "__tensor__" { // as Keras writes the weights of an AUC
			r.Replace("label_weights", conf["value"])
		}
	},
	Check: func(m Metric) error {
		if c, ok := m.(interface{ check() error }); ok {
			return c.check()
		}
		return nil
	},
	Common: struct {
		_ struct{} `keras:"dtype,only=float32"`
	}{},
}

// UnknownClass is the error for a class that lince does not support.
type UnknownClass = config.UnknownClass

// filled returns m with its defaults.
func filled[M Metric](m M) M { return classes.Fill(m).(M) }

// ClassOf returns the name of the Keras class of a metric, such as "BinaryAccuracy". It is empty for Accuracy, because Keras has only the
// string "accuracy" for it. For a custom metric, it is the name of its Go type, or what its method Class() string returns.
func ClassOf(m Metric) string { return classes.ClassOf(m) }

// NameOf returns the key of a metric in logs and in the history, such as "accuracy".
func NameOf(m Metric) string { return classes.Named(m) }

// ConfigOf returns the arguments of a metric for JSON, as Keras' get_config does. Floating-point numbers are float64 and integers int. It is nil if
// ClassOf is empty. The tags of the fields declare the arguments. A custom metric with other arguments has a method Config() map[string]any.
func ConfigOf(m Metric) map[string]any { return classes.ConfigOf(m) }

// Classes lists the Keras names of the metrics that Decode supports.
func Classes() []string { return classes.Names() }

// Parse returns the metric with the given name, with default arguments. The name is a class
// name, one of the strings that Keras' compile(metrics=[name]) accepts, such as "accuracy",
// "acc" or "mse", or the name of a loss function, such as "dice". It becomes the key of the metric in
// logs. The error for an unknown name is an *UnknownClass.
func Parse(name string) (Metric, error) {
	if lower := strings.ToLower(name); lower == "accuracy" || lower == "acc" {
		return Accuracy{Name: name}, nil
	}
	class, err := classes.Find(name)
	if err != nil {
		if of, none := loss.Parse(name); none == nil {
			return Loss{Of: of, Name: name}, nil
		}
		unknown := err.(*UnknownClass) //nolint:errorlint // Find returns no other
		unknown.Known = append([]string{"accuracy", "acc"}, unknown.Known...)
		return nil, unknown
	}
	return Decode(class, map[string]any{"name": name})
}

// Decode returns the metric of a Keras class with the given config. The error for an unknown
// class is an *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Metric, error) {
	if class == wrapper {
		return decodeLoss(conf)
	}
	m, _, err := classes.Decode(class, conf, false)
	return m, err
}

// DecodeAs returns a custom metric of type M with the given config. The tags of its fields
// declare the arguments, as they do for the metrics of this package:
//
//	K    int    `keras:"k,default=5,count"`
//	Name string `keras:"name,default=top_k"`
//
// DecodeAs reports the same mistakes as Decode. It panics if a tag is invalid.
func DecodeAs[M Metric](conf map[string]any) (M, error) {
	return config.DecodeCustom[M](classes, conf)
}

// FromConfig is DecodeAs for a config in JSON. Use it in lince.Options to open files that
// contain a custom metric:
//
//	lince.Options{Metrics: map[string]lince.MetricDecoder{"Name": metric.FromConfig[Name]}}
func FromConfig[T Metric](text json.RawMessage) (Metric, error) {
	return config.DecodeCustomJSON[T](classes, text)
}

// Ready reports mistakes in the fields of m to b, and returns m with its defaults set. ok is false
// if there are mistakes. The Build method of a custom metric calls it first.
func Ready[T Metric](b *graph.Builder, m T) (filled T, ok bool) {
	return config.Ready(classes, m, b.Errorf)
}

// refuseAllAxes reports a null axis, which means all dimensions to Keras, and to lince the default.
func refuseAllAxes(r *config.Reader, m Metric) Metric {
	if r.Null("axis") {
		r.Errorf("axis is null: not supported yet, want a list of dimensions")
	}
	return m
}
