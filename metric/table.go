package metric

import (
	"encoding/json"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
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

// GetConfig returns the arguments of a metric for JSON, as Keras' get_config does. Floating-point numbers are float64 and integers int. It is nil if
// ClassOf is empty. The tags of the fields declare the arguments. A custom metric with other arguments has a method Config() map[string]any.
func GetConfig(m Metric) map[string]any { return classes.GetConfig(m) }

// Classes lists the Keras names of the metrics that Decode supports.
func Classes() []string { return classes.Names() }

// Parse returns the metric with the given name, with default arguments. The name is a class
// name or one of the strings that Keras' compile(metrics=[name]) accepts, such as "accuracy",
// "acc" or "mse". It becomes the key of the metric in logs. The error for an unknown name is an
// *UnknownClass.
func Parse(name string) (Metric, error) {
	if name == "accuracy" || name == "acc" {
		return Accuracy{Name: name}, nil
	}
	class, err := classes.Find(name)
	if err != nil {
		unknown := err.(*UnknownClass) //nolint:errorlint // Find returns no other
		unknown.Known = append([]string{"accuracy", "acc"}, unknown.Known...)
		return nil, unknown
	}
	return Decode(class, map[string]any{"name": name})
}

// Decode returns the metric of a Keras class with the given config. The error for an unknown
// class is an *UnknownClass. All mistakes in a config are reported together.
func Decode(class string, conf map[string]any) (Metric, error) {
	m, _, err := classes.Decode(class, conf, false)
	return m, err
}

// ConfigOf returns the config of a metric, derived from the tags of its fields. A custom metric
// calls it in its Config method. See DecodeAs for the tags.
func ConfigOf(m Metric) map[string]any { return classes.Config(m) }

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
