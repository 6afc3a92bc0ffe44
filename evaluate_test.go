package lince_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

// judged is a compiled model with its data.
type judged struct {
	model *lince.Model
	ds    data.Dataset
}

// judgedModel compiles a network of images with this last layer.
func judgedModel(t *testing.T, last layer.Layer, y *tensor.Tensor, o lince.CompileOptions) judged {
	t.Helper()
	m, err := lince.Options{Seed: 3}.Sequential(
		layer.Input{Shape: []int{12, 12, 3}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, NoBias: true}, layer.BatchNormalization{}, layer.ReLULayer{},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{}, layer.Dropout{Rate: .3}, layer.Dense{Units: 16, Activation: layer.ReLU}, last,
	)
	if err == nil {
		err = m.Compile(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	ds, err := data.Tensors(graphtest.Formula(5, -1, 1, y.Shape()[0], 12, 12, 3), y, data.TensorOptions{BatchSize: 8, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	return judged{m, ds}
}

// TestEvaluateWithPredictions expects the same bits of metrics as without predictions, and the same bits of predictions as those of Predict.
func TestEvaluateWithPredictions(t *testing.T) {
	const n = 19 // the last batch is smaller
	of := func(classes int) *tensor.Tensor {
		y := tensor.New(tensor.Float32, n, classes)
		for i := range n {
			y.Float32s()[i*classes+i*i%classes] = 1
		}
		return y
	}
	for name, build := range map[string]func(t *testing.T) judged{
		"classes": func(t *testing.T) judged {
			return judgedModel(t, layer.Dense{Units: 5, Activation: layer.Softmax}, of(5),
				lince.CompileOptions{Loss: loss.CategoricalCrossentropy{LabelSmoothing: .1}, Metrics: []metric.Metric{metric.Accuracy{}, &metric.AUC{}, metric.F1Score{}}})
		},
		"classes as logits": func(t *testing.T) judged {
			return judgedModel(t, layer.Dense{Units: 5}, of(5), lince.CompileOptions{Loss: loss.CategoricalCrossentropy{FromLogits: true}, Metrics: []metric.Metric{metric.Accuracy{}}})
		},
		"a class": func(t *testing.T) judged {
			return judgedModel(t, layer.Dense{Units: 1, Activation: layer.Sigmoid}, graphtest.Formula(1, 0, 1, n, 1), lince.CompileOptions{Loss: loss.BinaryCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}})
		},
		"several labels": func(t *testing.T) judged {
			return judgedModel(t, layer.Dense{Units: 7, Activation: layer.Sigmoid}, of(7), lince.CompileOptions{Loss: loss.BinaryCrossentropy{}, Metrics: []metric.Metric{metric.BinaryAccuracy{}}})
		},
		"a number": func(t *testing.T) judged {
			return judgedModel(t, layer.Dense{Units: 1}, graphtest.Formula(1, 3, 9, n, 1), lince.CompileOptions{Loss: loss.MeanSquaredError{}, Metrics: []metric.Metric{metric.MeanAbsoluteError{}, metric.R2Score{}}})
		},
		"several outputs": func(t *testing.T) judged {
			in := lince.Input(layer.Input{Shape: []int{12, 12, 3}})
			x := in.Then(layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.GlobalAveragePool2D{})
			m, err := lince.Options{Seed: 4}.Functional(in, lince.List(
				x.Then(layer.Dense{Units: 5, Activation: layer.Softmax, Name: "kind"}), x.Then(layer.Dense{Units: 2, Name: "place"}), x.Then(layer.Dense{Units: 3, Name: "unused"})))
			if err == nil {
				err = m.Compile(lince.CompileOptions{Outputs: map[string]lince.Objective{"kind": {Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}, "place": {Loss: loss.Huber{}}}})
			}
			if err != nil {
				t.Fatal(err)
			}
			ds, err := data.NamedTensors(map[string]*tensor.Tensor{m.InputNames()[0]: graphtest.Formula(5, -1, 1, n, 12, 12, 3)},
				map[string]*tensor.Tensor{"kind": of(5), "place": graphtest.Formula(6, 0, 1, n, 2)}, data.TensorOptions{BatchSize: 8, NoShuffle: true})
			if err != nil {
				t.Fatal(err)
			}
			return judged{m, ds}
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := build(t)
			want, err := j.model.Evaluate(t.Context(), j.ds, lince.EvaluateOptions{Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			outputs, err := j.model.PredictNamed(t.Context(), j.ds, lince.PredictOptions{Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time, the program is compiled already
				got := map[string][]byte{}
				var rows []int
				logs, err := j.model.Evaluate(t.Context(), j.ds, lince.EvaluateOptions{Verbose: lince.Silent, Predictions: func(p lince.Prediction) error {
					all := p.Outputs
					if all == nil {
						all = map[string]*tensor.Tensor{j.model.OutputNames()[0]: p.Output}
					}
					for name, y := range all {
						got[name] = append(got[name], y.Raw()...)
					}
					rows = append(rows, p.Index...)
					return nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				for name, v := range want.All() {
					if g, _ := logs.Get(name); g != v || logs.Len() != want.Len() {
						t.Errorf("%s is %v, without predictions %v", name, g, v)
					}
				}
				for i := range rows {
					if rows[i] != i || len(rows) != n {
						t.Fatalf("the rows are %v", rows)
					}
				}
				if len(got) != len(outputs) {
					t.Errorf("%d outputs, want %d", len(got), len(outputs))
				}
				for name, y := range outputs {
					if !bytes.Equal(got[name], y.Raw()) {
						t.Errorf("the output %s differs from Predict's", name)
					}
				}
			}
			calls, fault := 0, errors.New("disk full")
			_, err = j.model.Evaluate(t.Context(), j.ds, lince.EvaluateOptions{Verbose: lince.Silent, Predictions: func(lince.Prediction) error {
				calls++
				return fault
			}})
			if !errors.Is(err, fault) || calls != 1 || !strings.Contains(err.Error(), "batch 1") {
				t.Errorf("an error of Predictions gives %v after %d calls", err, calls)
			}
		})
	}
}
