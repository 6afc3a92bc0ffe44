package lince_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// The numbers of internal/golden/objectives.py.
const objectiveExamples, objectiveSide, objectiveClasses = 10, 8, 3

// objectiveNetwork is a network of objectives.py, whose predictions have the shape of the weights' names.
func objectiveNetwork(units int, activation layer.Function, pixels bool) []layer.Layer {
	if !pixels {
		return []layer.Layer{layer.Input{Shape: []int{6}}, layer.Dense{Units: 8, Activation: layer.Tanh}, layer.Dense{Units: units, Activation: activation}}
	}
	return []layer.Layer{
		layer.Input{Shape: []int{objectiveSide, objectiveSide, 3}},
		layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU},
		layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU},
		layer.Conv2D{Filters: units, Kernel: layer.Size{1, 1}, Activation: activation},
	}
}

// floored returns formula numbers, rounded down.
func floored(salt int, hi float64, shape ...int) *tensor.Tensor {
	x := graphtest.Formula(salt, 0, hi, shape...)
	for i, v := range x.Float32s() {
		x.Float32s()[i] = float32(math.Floor(float64(v)))
	}
	return x
}

func oneHotOf(x *tensor.Tensor) *tensor.Tensor {
	y := tensor.New(tensor.Float32, append(slices.Clone(x.Shape()), objectiveClasses)...)
	for i, v := range x.Float32s() {
		y.Float32s()[i*objectiveClasses+int(v)] = 1
	}
	return y
}

// object decodes what a compile config holds: a name, or a Keras object.
func object[T any](t *testing.T, v any, parse func(string) (T, error), decode func(string, map[string]any) (T, error)) T {
	t.Helper()
	name, ok := v.(string)
	var x T
	var err error
	if ok {
		x, err = parse(name)
	} else {
		o := v.(map[string]any)
		x, err = decode(o["class_name"].(string), o["config"].(map[string]any))
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestObjectivesAsKeras trains networks with various losses, weights and metrics as Keras did, and evaluates them.
func TestObjectivesAsKeras(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "training", "objectives.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		History    map[string][]any
		Evaluation map[string]any
		Weights    []float64
		Compile    struct {
			Loss    any
			Metrics []any
			Weights []any `json:"weighted_metrics"`
		}
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	n, side, classes := objectiveExamples, objectiveSide, objectiveClasses
	pixels, mask := floored(11, float64(classes), n, side, side), floored(12, 2, n, side, side, 1)
	each, ofPixels := graphtest.Formula(13, .2, 2, n), graphtest.Formula(14, .2, 2, n, side, side)
	labels, numbers := floored(15, float64(classes), n), graphtest.Formula(16, -1, 1, n, classes)
	ignored := floored(11, float64(classes), n, side, side)
	for i, v := range ignored.Float32s() {
		if v == 1 {
			ignored.Float32s()[i] = 255
		}
	}
	type network struct {
		layers []layer.Layer
		y, w   *tensor.Tensor
	}
	softmax, sigmoid := objectiveNetwork(classes, layer.Softmax, true), objectiveNetwork(1, layer.Sigmoid, true)
	linear := objectiveNetwork(classes, layer.Linear, false)
	bits := floored(18, 2, n, 1)
	pairs := tensor.New(tensor.Float32, n, 2)
	for i, v := range bits.Float32s() {
		pairs.Float32s()[2*i+int(v)] = 1
	}
	networks := map[string]network{
		"pixels with weights":    {softmax, pixels, ofPixels},
		"pixels without weights": {softmax, pixels, nil},
		"ignored pixels":         {softmax, ignored, ofPixels},
		"focal":                  {softmax, oneHotOf(pixels), ofPixels},
		"dice":                   {sigmoid, mask, nil},
		"dice of each example":   {sigmoid, mask, each},
		"tversky with weights":   {sigmoid, mask, each},
		"binary focal":           {sigmoid, mask, ofPixels},
		"vectors":                {objectiveNetwork(classes, layer.Softmax, false), oneHotOf(labels), each},
		"sum":                    {linear, numbers, each},
		"none":                   {linear, numbers, each},
		"mean with weights":      {linear, numbers, each},

		"two logits":               {objectiveNetwork(2, layer.Linear, false), pairs, nil},
		"one logit":                {objectiveNetwork(1, layer.Linear, false), bits, nil},
		"one sigmoid":              {objectiveNetwork(1, layer.Sigmoid, false), bits, nil},
		"two sigmoids":             {objectiveNetwork(2, layer.Sigmoid, false), pairs, nil},
		"squares of probabilities": {objectiveNetwork(2, layer.Softmax, false), pairs, nil},
		"indexes":                  {objectiveNetwork(2, layer.Softmax, false), bits, nil},
	}
	if got, want := slices.Sorted(maps.Keys(networks)), slices.Sorted(maps.Keys(cases)); !slices.Equal(got, want) {
		t.Errorf("the test has the cases %q, the golden file %q", got, want)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			net := networks[name]
			m, err := lince.Sequential(net.layers...)
			if err != nil {
				t.Fatal(err)
			}
			o := lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: .02, Momentum: .9}, Loss: object(t, c.Compile.Loss, loss.Parse, loss.Decode)}
			for _, v := range c.Compile.Metrics {
				o.Metrics = append(o.Metrics, object(t, v, metric.Parse, metric.Decode))
			}
			for _, v := range c.Compile.Weights {
				o.WeightedMetrics = append(o.WeightedMetrics, object(t, v, metric.Parse, metric.Decode))
			}
			if err := m.Compile(o); err != nil {
				t.Fatal(err)
			}
			if err := m.SetWeights(stripes{}.weights(m)); err != nil {
				t.Fatal(err)
			}
			x := graphtest.Formula(17, -1, 1, append([]int{n}, m.InputShape()[1:]...)...)
			ds, err := data.Tensors(x, net.y, data.TensorOptions{BatchSize: 4, NoShuffle: true, Weights: net.w})
			if err != nil {
				t.Fatal(err)
			}
			h, err := m.Fit(t.Context(), ds, lince.FitOptions{Epochs: 2, Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := h.Names(), slices.Sorted(maps.Keys(c.History)); !slices.Equal(got, want) {
				t.Errorf("the history has %q, Keras has %q", got, want)
			}
			logs := make([]*lince.Logs, len(h.Epochs))
			for i := range logs {
				logs[i] = &lince.Logs{}
				for _, s := range h.Series {
					if s.Vectors != nil {
						logs[i].SetVector(s.Name, s.Vectors[i])
					} else {
						logs[i].Set(s.Name, s.Values[i])
					}
				}
				want := map[string]any{}
				for k, v := range c.History {
					want[k] = v[i]
				}
				sameLogs(t, logs[i], want)
			}
			e, err := m.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			sameLogs(t, e, c.Evaluation)
			i := 0
			for _, w := range m.Weights() {
				for _, v := range w.Float32s() {
					if want := c.Weights[i]; math.Abs(float64(v)-want) > 1e-5*max(1, math.Abs(want)) {
						t.Fatalf("weight %d is %v, Keras has %v", i, v, want)
					}
					i++
				}
			}
		})
	}
}

// sameLogs compares logs with those of Keras, which have a list for a vector.
func sameLogs(t *testing.T, got *lince.Logs, want map[string]any) {
	t.Helper()
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-5*max(1, math.Abs(want)) {
			t.Errorf("%s is %v, Keras has %v", name, got, want)
		}
	}
	if got.Len() != len(want) {
		t.Errorf("there are %v, Keras has %d values", got.Names(), len(want))
	}
	for name, want := range want {
		v, ok := got.Get(name)
		vector := got.Vector(name)
		list, isList := want.([]any)
		switch {
		case !ok || isList != (vector != nil) || len(list) != len(vector):
			t.Errorf("%s is %v %v, Keras has %v", name, v, vector, want)
		case isList:
			for i, want := range list {
				near(name, vector[i], want.(float64))
			}
		default:
			near(name, v, want.(float64))
		}
	}
}

// TestVectorsInTraining checks where the value of a vector metric appears.
func TestVectorsInTraining(t *testing.T) {
	m, err := lince.Sequential(objectiveNetwork(objectiveClasses, layer.Softmax, false)...)
	if err != nil {
		t.Fatal(err)
	}
	x, y := graphtest.Formula(17, -1, 1, 10, 6), oneHotOf(floored(15, objectiveClasses, 10))
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	compile := func(metrics ...metric.Metric) {
		t.Helper()
		if err := m.Compile(lince.CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: metrics}); err != nil {
			t.Fatal(err)
		}
	}
	compile(metric.F1Score{})
	file := filepath.Join(t.TempDir(), "history.csv")
	var out strings.Builder
	h, err := m.Fit(t.Context(), ds, lince.FitOptions{Validation: ds, Epochs: 2, Callbacks: []callback.Callback{callback.CSVLogger{Filename: file}}, Output: &out, Verbose: lince.Lines})
	if err != nil {
		t.Fatal(err)
	}
	vectors, means := h.Vectors("val_f1_score"), h.Values("val_f1_score")
	if len(vectors) != 2 || len(vectors[1]) != objectiveClasses || math.Abs(means[1]-(vectors[1][0]+vectors[1][1]+vectors[1][2])/3) > 1e-9 {
		t.Errorf("the history has the vectors %v with the means %v", vectors, means)
	}
	if h.Vectors("loss") != nil {
		t.Error("the loss has vectors")
	}
	var again lince.History
	if text, err := json.Marshal(h); err != nil || json.Unmarshal(text, &again) != nil || !slices.Equal(again.Vectors("f1_score")[1], h.Vectors("f1_score")[1]) || again.Values("f1_score")[1] != h.Values("f1_score")[1] {
		t.Errorf("the history reads back as %+v", again)
	}
	if csv, err := os.ReadFile(file); err != nil || strings.Count(string(csv), `"""[`) != 4 {
		t.Errorf("history.csv is %s, %v", csv, err)
	}
	if !strings.Contains(out.String(), "- f1_score: 0.") {
		t.Errorf("the progress is %s", out.String())
	}
	for _, c := range []callback.Callback{callback.EarlyStopping{Monitor: "val_f1_score"}, callback.ModelCheckpoint{Path: filepath.Join(t.TempDir(), "m.keras"), Monitor: "val_f1_score", SaveBestOnly: true}} {
		_, err := m.Fit(t.Context(), ds, lince.FitOptions{Validation: ds, Callbacks: []callback.Callback{c}, Verbose: lince.Silent})
		if err == nil || !strings.Contains(err.Error(), "val_f1_score is a vector of 3 numbers, which cannot be monitored") {
			t.Errorf("%T: %v", c, err)
		}
	}
	compile(metric.F1Score{Average: metric.Macro})
	if _, err := m.Fit(t.Context(), ds, lince.FitOptions{Validation: ds, Callbacks: []callback.Callback{callback.EarlyStopping{Monitor: "val_f1_score"}}, Verbose: lince.Silent}); err != nil {
		t.Error(err)
	}
}

// TestWeightMistakes checks the errors for weights that do not fit the loss.
func TestWeightMistakes(t *testing.T) {
	n, side := 4, objectiveSide
	x := tensor.New(tensor.Float32, n, side, side, 3)
	pixels, mask := tensor.New(tensor.Float32, n, side, side), tensor.New(tensor.Float32, n, side, side, 1)
	softmax, sigmoid := objectiveNetwork(3, layer.Softmax, true), objectiveNetwork(1, layer.Sigmoid, true)
	for _, c := range []struct {
		layers  []layer.Layer
		loss    loss.Loss
		y, w    *tensor.Tensor
		byClass map[int]float64
		want    string
	}{
		{softmax, loss.SparseCategoricalCrossentropy{}, pixels, tensor.New(tensor.Float32, n, side, 3), nil, "the example weights must be float32 (4,) or (4, 8, 8), got float32 (4, 8, 3)"},
		{softmax, loss.SparseCategoricalCrossentropy{}, pixels, tensor.New(tensor.Float32, n, side, side, 3), nil, "the example weights must be float32 (4,) or (4, 8, 8), got float32 (4, 8, 8, 3)"},
		{softmax, loss.SparseCategoricalCrossentropy{}, pixels, nil, map[int]float64{1: 2}, "ClassWeight needs targets with one class for each example, but they have shape (None, 8, 8)"},
		{sigmoid, loss.BinaryCrossentropy{}, mask, nil, map[int]float64{1: 2}, "ClassWeight needs targets with one class for each example, but they have shape (None, 8, 8, 1)"},
		{sigmoid, loss.Dice{Reduction: loss.Sum}, mask, tensor.New(tensor.Float32, n), nil, "there are weights, but the loss Dice computes no loss for each example, so they cannot be applied; remove them"},
		{softmax, loss.Dice{Axis: []int{0, 1, 2}}, oneHotOf(pixels), tensor.New(tensor.Float32, n), nil, "there are weights, but the loss Dice computes no loss for each example"},
		{sigmoid, loss.Dice{}, mask, tensor.New(tensor.Float32, n, side, side), nil, "the example weights must be float32 (4,), got float32 (4, 8, 8)"},
		{sigmoid, loss.Dice{Reduction: loss.Sum}, mask, nil, nil, ""},
		{softmax, loss.Dice{Axis: []int{0, 1, 2}}, oneHotOf(pixels), nil, nil, ""},
		{softmax, loss.SparseCategoricalCrossentropy{}, pixels, tensor.New(tensor.Float32, n, side, side, 1), nil, ""},
		{softmax, loss.SparseCategoricalCrossentropy{}, pixels, tensor.New(tensor.Float32, n, 1, side), nil, ""},
	} {
		m, err := lince.Sequential(c.layers...)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(lince.CompileOptions{Loss: c.loss}); err != nil {
			t.Fatal(err)
		}
		ds, err := data.Tensors(x, c.y, data.TensorOptions{Weights: c.w})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Fit(t.Context(), ds, lince.FitOptions{ClassWeight: c.byClass, Verbose: lince.Silent})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v\nwant %s", loss.ClassOf(c.loss), err, c.want)
		}
	}
}
