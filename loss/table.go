package loss

import (
	"encoding/json"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// classes lists the losses, with the names that compile(loss=...) takes besides.
var classes = &config.Registry[Loss]{
	Kind: "loss",
	Classes: []config.Entry[Loss]{
		{Of: CategoricalCrossentropy{}, Names: []string{"categorical_crossentropy"}},
		{Of: SparseCategoricalCrossentropy{}, Names: []string{"sparse_categorical_crossentropy"}},
		{Of: BinaryCrossentropy{}, Names: []string{"binary_crossentropy", "bce", "BCE"}},
		{Of: MeanSquaredError{}, Names: []string{"mean_squared_error", "mse", "MSE"}},
		{Of: MeanAbsoluteError{}, Names: []string{"mean_absolute_error", "mae", "MAE"}},
	},
	Common: struct {
		_ struct{} `keras:"reduction,only=sum_over_batch_size|mean|auto"`
		_ struct{} `keras:"dtype,only=float32,omit"`
		_ struct{} `keras:"name,any,omit"`
		_ struct{} `keras:"fn,any,omit"` // which Keras 2 writes
	}{},
}

// UnknownClass is the error for a class that lince does not have.
type UnknownClass = config.UnknownClass

// ConfigOf makes the config of a loss by the tags of its fields; see DecodeAs.
func ConfigOf(l Loss) map[string]any {
	c := classes.Config(l)
	c["name"] = l.Named()
	return c
}

// Classes lists the Keras classes that there are.
func Classes() []string { return classes.Names() }

// Parse makes the loss that Keras' compile(loss=name) takes: "categorical_crossentropy",
// "mse", or a class name. An unknown name is an *UnknownClass.
func Parse(name string) (Loss, error) {
	class, err := classes.Find(name)
	if err != nil {
		return nil, err
	}
	return Decode(class, nil)
}

// Decode makes a loss from a Keras class name and its config; all mistakes are reported at
// once. An unknown class is an *UnknownClass.
func Decode(class string, conf map[string]any) (Loss, error) {
	l, _, err := classes.Decode(class, conf, false)
	return l, err
}

// DecodeAs makes a loss of a program's own type from its config, by the tags of its fields, as
// strictly as Decode does. It panics where a tag is wrong. The tags are those of this package's
// losses:
//
//	Gamma float64 `keras:"gamma,default=2,min=0"`
func DecodeAs[L Loss](conf map[string]any) (L, error) {
	return config.DecodeOwn[L](classes, conf)
}

// FromConfig makes a loss of a program's own type from its config in a file, as DecodeAs does. It is what
// lince.Options.Losses takes: Losses: {"Name": loss.FromConfig[Name]}.
func FromConfig[T Loss](text json.RawMessage) (Loss, error) {
	return config.DecodeOwnJSON[T](classes, text)
}

// Ready reports what is wrong with the configuration of l, by the tags of its fields, and returns l
// with the defaults in place of zero values; ok is false where there is something wrong. Build
// of a loss of a program's own begins with it.
func Ready[T Loss](b *graph.Builder, l T) (filled T, ok bool) {
	wrong := classes.Wrong(l)
	for _, err := range wrong {
		b.Errorf("%w", err)
	}
	return classes.Fill(l).(T), len(wrong) == 0
}
