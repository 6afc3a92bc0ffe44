package lince_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// TestFunctionsOfFiles: networks of functions, tf.* in files of Keras 2 and keras.ops in those of Keras 3, compute what Keras computes, also after they
// have been saved again.
func TestFunctionsOfFiles(t *testing.T) {
	x := graphtest.Formula(1, -1, 1, 2, 6, 6, 4)
	for _, version := range []string{"2.15", "3.15"} {
		var cases map[string]struct {
			Model  json.RawMessage
			Output []float32
		}
		readJSON(t, &cases, filepath.Join("testdata", "functions", version+".json"))
		if len(cases) < 12 {
			t.Fatalf("%d cases", len(cases))
		}
		for name, c := range cases {
			t.Run(version+"/"+name, func(t *testing.T) {
				m, err := lince.FromJSON(c.Model)
				if err != nil {
					t.Fatal(err)
				}
				for _, suffix := range []string{"", ".keras", ".h5"} {
					if suffix != "" {
						path := filepath.Join(t.TempDir(), "copy"+suffix)
						if err := m.Save(path); err != nil {
							t.Fatal(err)
						}
						if m, err = lince.Open(path); err != nil {
							t.Fatal(err)
						}
					}
					y, err := m.PredictBatch(x)
					if err != nil {
						t.Fatal(err)
					}
					if y.Len() != len(c.Output) {
						t.Fatalf("%s: the shape is %v, want %d numbers", suffix, y.Shape(), len(c.Output))
					}
					compareArray(t, y, tensor.Of(c.Output, y.Shape()...), 1e-5)
				}
			})
		}
	}
}

// TestBatchOfFile: Keras writes the size of the first batch into a Sequential that fit has built, and predicts batches of any size.
func TestBatchOfFile(t *testing.T) {
	m, err := lince.FromJSON([]byte(`{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [
		{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [32, 4], "dtype": "float32", "name": "x"}},
		{"module": "keras.layers", "class_name": "Reshape", "config": {"name": "r", "target_shape": [2, 2]}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 32, 33} {
		y, err := m.PredictBatch(graphtest.Formula(1, -1, 1, n, 4))
		if err != nil {
			t.Fatal(err)
		}
		if !y.Shape().Equal(tensor.Shape{n, 2, 2}) {
			t.Errorf("%v", y.Shape())
		}
	}
}

// TestPlainSGD opens a model whose optimizer has no slots: SGD without momentum, before Keras 2.11.
func TestPlainSGD(t *testing.T) {
	m, err := lince.Open(filepath.Join("testdata", "plain_sgd", "2.15.h5"))
	if err != nil {
		t.Fatal(err)
	}
	if u := m.Unknown(); u != nil {
		t.Error(u)
	}
	x := tensor.Of([]float32{1, 1}, 1, 2)
	// Each step subtracts learning rate * 2 * prediction from the two weights and the bias: 2 becomes 2-.75*2.
	for _, want := range []float32{.125, .03125} {
		y, err := m.PredictBatch(x)
		if err != nil {
			t.Fatal(err)
		}
		if got := y.Float32s()[0]; got != want {
			t.Errorf("the prediction is %v, want %v", got, want)
		}
		if _, err := m.TrainOnBatch(data.Batch{X: x, Y: tensor.Of([]float32{0}, 1, 1)}, lince.BatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
