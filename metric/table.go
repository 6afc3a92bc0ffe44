package metric

import (
	"fmt"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// table lists the metrics: the Keras class, its name in snake case, and how its config is
// read.
var table = []struct {
	class, name string
	decode      func(*config.Reader) Metric
}{
	{"BinaryAccuracy", "binary_accuracy", decodeBinary},
	{"CategoricalAccuracy", "categorical_accuracy", decodeCategorical},
	{"SparseCategoricalAccuracy", "sparse_categorical_accuracy", decodeSparse},
}

// Classes lists the Keras classes that there are.
func Classes() []string {
	names := make([]string, len(table))
	for i, t := range table {
		names[i] = t.class
	}
	return names
}

// Parse makes the metric that Keras' compile(metrics=[name]) takes: "accuracy" or "acc", which
// stay the key in logs, "categorical_accuracy", or a class name.
func Parse(name string) (Metric, error) {
	names := []string{"accuracy", "acc"}
	if name == names[0] || name == names[1] {
		return Accuracy{Name: name}, nil
	}
	for _, t := range table {
		if t.class == name || t.name == name {
			return Decode(t.class, map[string]any{"name": name})
		}
		names = append(names, t.name)
	}
	return nil, fmt.Errorf("there is no metric %q%s", name, suggest.Hint(name, names))
}

// Decode makes a metric from a Keras class name and its config; all mistakes are told at once.
func Decode(class string, conf map[string]any) (Metric, error) {
	for _, t := range table {
		if t.class != class {
			continue
		}
		r := config.Read("metric "+class, conf)
		m := t.decode(r)
		r.Float32("dtype")
		if err := r.Err(); err != nil {
			return nil, err
		}
		return m, nil
	}
	return nil, fmt.Errorf("there is no metric class %q%s", class, suggest.Hint(class, Classes()))
}
