package metric

import (
	"encoding/json"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the metrics, with their names in snake case.
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

// UnknownClass is the error for a class that lince does not have.
type UnknownClass = config.UnknownClass

// filled is m with its defaults.
func filled[M Metric](m M) M { return classes.Fill(m).(M) }

// Classes lists the Keras classes that there are.
func Classes() []string { return classes.Names() }

// Parse makes the metric that Keras' compile(metrics=[name]) takes: "accuracy" or "acc", which
// stay the key in logs, "categorical_accuracy", or a class name. An unknown name is an
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

// Decode makes a metric from a Keras class name and its config; all mistakes are reported at
// once. An unknown class is an *UnknownClass.
func Decode(class string, conf map[string]any) (Metric, error) {
	m, _, err := classes.Decode(class, conf, false)
	return m, err
}

// ConfigOf makes the config of a metric by the tags of its fields; see DecodeAs.
func ConfigOf(m Metric) map[string]any { return classes.Config(m) }

// DecodeAs makes a metric of a program's own type from its config, by the tags of its fields, as
// strictly as Decode does. It panics where a tag is wrong. The tags are those of this package's
// metrics:
//
//	K    int    `keras:"k,default=5,count"`
//	Name string `keras:"name,default=top_k"`
func DecodeAs[M Metric](conf map[string]any) (M, error) {
	return config.DecodeOwn[M](classes, conf)
}

// FromConfig makes a metric of a program's own type from its config in a file, as DecodeAs does. It is what
// lince.Options.Metrics takes: Metrics: {"Name": metric.FromConfig[Name]}.
func FromConfig[T Metric](text json.RawMessage) (Metric, error) {
	return config.DecodeOwnJSON[T](classes, text)
}

// Ready reports what is wrong with the configuration of m, by the tags of its fields, and returns m
// with the defaults in place of zero values; ok is false where there is something wrong. Build
// of a metric of a program's own begins with it.
func Ready[T Metric](b *graph.Builder, m T) (filled T, ok bool) {
	wrong := classes.Wrong(m)
	for _, err := range wrong {
		b.Errorf("%w", err)
	}
	return classes.Fill(m).(T), len(wrong) == 0
}
