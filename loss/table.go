package loss

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the losses: the Keras class, the names that compile(loss=...) takes besides,
// and how its config is read.
var table = []struct {
	class  string
	names  []string
	decode func(*config.Reader) Loss
}{
	{"CategoricalCrossentropy", []string{"categorical_crossentropy"}, decodeCategorical},
	{"SparseCategoricalCrossentropy", []string{"sparse_categorical_crossentropy"}, decodeSparse},
	{"BinaryCrossentropy", []string{"binary_crossentropy", "bce", "BCE"}, decodeBinary},
	{"MeanSquaredError", []string{"mean_squared_error", "mse", "MSE"}, decodeSquared},
	{"MeanAbsoluteError", []string{"mean_absolute_error", "mae", "MAE"}, decodeAbsolute},
}

// Classes lists the Keras classes that there are.
func Classes() []string {
	names := make([]string, len(table))
	for i, t := range table {
		names[i] = t.class
	}
	return names
}

// Parse makes the loss that Keras' compile(loss=name) takes: "categorical_crossentropy",
// "mse", or a class name.
func Parse(name string) (Loss, error) {
	var names []string
	for _, t := range table {
		if t.class == name || slices.Contains(t.names, name) {
			return Decode(t.class, nil)
		}
		names = append(names, t.names...)
	}
	return nil, fmt.Errorf("there is no loss %q%s", name, suggest.Hint(name, names))
}

// Decode makes a loss from a Keras class name and its config; all mistakes are told at once.
func Decode(class string, conf map[string]any) (Loss, error) {
	for _, t := range table {
		if t.class != class {
			continue
		}
		r := config.Read("loss "+class, conf)
		l := t.decode(r)
		r.Only("reduction", "sum_over_batch_size", "mean", "auto")
		r.Float32("dtype")
		r.Ignore("name", "fn")
		if err := r.Err(); err != nil {
			return nil, err
		}
		return l, nil
	}
	return nil, fmt.Errorf("there is no loss class %q%s", class, suggest.Hint(class, Classes()))
}
