package lince_test

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// networks are the networks of internal/golden/networks.py in Go.
var networks = map[string]func() (*lince.Model, error){
	"residual": func() (*lince.Model, error) {
		in := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "image"})
		x := convBNReLU(in, 8, 1)
		y := convBNReLU(x, 8, 1).Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true})
		x = lince.Apply(layer.Add{}, y.Then(layer.BatchNormalization{}), x).Then(layer.ReLULayer{})
		y = convBNReLU(x, 12, 2).Then(layer.Conv2D{Filters: 12, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true})
		short := x.Then(layer.Conv2D{Filters: 12, Kernel: layer.Size{1, 1}, Strides: layer.Size{2, 2}, NoBias: true}, layer.BatchNormalization{})
		x = lince.Apply(layer.Add{}, y.Then(layer.BatchNormalization{}), short).Then(layer.ReLULayer{})
		x = x.Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax})
		return lince.Options{Name: "residual"}.Functional(in, x)
	},
	"branches": func() (*lince.Model, error) {
		in := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "image"})
		x := in.Then(layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, Activation: layer.ReLU, Padding: layer.Same})
		a := x.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Activation: layer.Tanh, Name: "one"})
		b := x.Then(layer.Conv2D{Filters: 3, Kernel: layer.Size{1, 1}, Name: "reduce"}, layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.Tanh, Name: "three"})
		c := x.Then(layer.AveragePool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{1, 1}, Padding: layer.Same}, layer.Conv2D{Filters: 4, Kernel: layer.Size{1, 1}, Name: "pooled"})
		d := x.Then(layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, Name: "padded"}, layer.ZeroPadding2D{Padding: &layer.Pads{{1, 0}, {0, 1}}})
		x = lince.Apply(layer.Concatenate{}, a, b, c, d)
		left := x.Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 5, Activation: layer.Sigmoid, Name: "left"})
		right := x.Then(layer.GlobalMaxPool2D{}, layer.Dense{Units: 5, Activation: layer.Sigmoid, Name: "right"})
		x = lince.Apply(layer.Concatenate{Name: "all"}, lince.Apply(layer.Average{}, left, right), lince.Apply(layer.Maximum{}, left, right), lince.Apply(layer.Multiply{}, left, right))
		return lince.Options{Name: "branches"}.Functional(in, x.Then(layer.Dense{Units: 2, Activation: layer.Softmax}))
	},
	"shared": func() (*lince.Model, error) {
		in := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "image"})
		x := in.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Activation: layer.Tanh}, layer.BatchNormalization{}, layer.Flatten{}, layer.Dense{Units: 6, Name: "features"})
		body, err := lince.Options{Name: "body"}.Functional(in, x)
		if err != nil {
			return nil, err
		}
		a, b := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "left"}), lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "right"})
		p, q := lince.Apply(body, a), lince.Apply(body, b)
		d := lince.Apply(layer.Subtract{}, p, q)
		x = lince.Apply(layer.Concatenate{}, lince.Apply(layer.Multiply{}, d, d), lince.Apply(layer.Dot{Axes: [2]int{1, 1}}, p, q), lince.Apply(layer.Minimum{}, p, q))
		return lince.Options{Name: "shared"}.Functional(lince.List(a, b), x.Then(layer.Dense{Units: 1, Activation: layer.Sigmoid, Name: "alike"}))
	},
	"heads": func() (*lince.Model, error) {
		in := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "image"})
		x := convBNReLU(in.Then(layer.Rescaling{Scale: []float64{2}, Offset: []float64{-1}}), 8, 2)
		x = x.Then(layer.SpatialDropout2D{}, layer.GlobalAveragePool2D{KeepDims: true}, layer.Reshape{Shape: []int{8}})
		kind := x.Then(layer.Dense{Units: 3}, layer.SoftmaxLayer{Name: "kind"})
		size := x.Then(layer.Dense{Units: 6, Activation: layer.Tanh}, layer.Dense{Units: 2, Name: "size"})
		return lince.Options{Name: "heads"}.Functional(in, lince.List(kind, size))
	},
	"frozen": func() (*lince.Model, error) {
		body, err := lince.Options{Name: "body"}.Sequential(
			layer.Input{Shape: []int{16, 16, 3}},
			layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, NoBias: true, Name: "stem"},
			layer.BatchNormalization{},
			layer.Activate{Activation: layer.ReLU},
			layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true},
			layer.BatchNormalization{},
			layer.ReLULayer{MaxValue: new(6.)},
		)
		if err != nil {
			return nil, err
		}
		body.SetTrainable(false)
		in := lince.Input(layer.Input{Shape: []int{16, 16, 3}, Name: "image"})
		x := lince.Apply(body, in).Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 8, Activation: layer.Tanh}, layer.Dense{Units: 2})
		return lince.Options{Name: "frozen"}.Functional(in, x)
	},
}

func convBNReLU(x *lince.Symbol, filters, stride int) *lince.Symbol {
	return x.Then(
		layer.Conv2D{Filters: filters, Kernel: layer.Size{3, 3}, Strides: layer.Size{stride, stride}, Padding: layer.Same, NoBias: true},
		layer.BatchNormalization{},
		layer.Activate{Activation: layer.ReLU},
	)
}

// compiles are the compile options of networks.py. The network frozen is compiled again at step 10.
func compileNetwork(m *lince.Model, step int) error {
	accuracy := []metric.Metric{metric.Accuracy{}}
	switch m.Name() {
	case "residual":
		return m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: .02, Momentum: .9, Nesterov: true}, Loss: loss.CategoricalCrossentropy{}, Metrics: accuracy})
	case "branches":
		return m.Compile(lince.CompileOptions{Optimizer: optimizer.RMSprop{LearningRate: .001}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.CategoricalAccuracy{}}})
	case "shared":
		return m.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: .002}, Loss: loss.BinaryCrossentropy{}, Metrics: append(accuracy, metric.MeanSquaredError{Name: "mse"})})
	case "heads":
		return m.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: .003}, Outputs: map[string]lince.Objective{
			"kind": {Loss: loss.SparseCategoricalCrossentropy{}, LossWeight: new(1.), Metrics: accuracy},
			"size": {Loss: loss.MeanSquaredError{}, LossWeight: new(.25), Metrics: []metric.Metric{metric.MeanAbsoluteError{Name: "mae"}, metric.MeanSquaredError{Name: "mse"}}},
		}})
	}
	c := lince.CompileOptions{Optimizer: optimizer.RMSprop{LearningRate: .002}, Loss: loss.CategoricalCrossentropy{FromLogits: true}, Metrics: accuracy}
	if step > 0 {
		body := m.Layer("body").Model()
		body.SetTrainable(true)
		body.Layer("stem").SetTrainable(false)
		c.Optimizer = optimizer.Adam{LearningRate: .0005}
	}
	return m.Compile(c)
}

// batches is the dataset of networks.py: one batch per epoch.
type batches struct {
	network string
	salt    int
}

func (b batches) pictures(labels []int, salt int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, len(labels), 16, 16, 3)
	u := graphtest.Uniform(x.Len(), uint64(salt))
	i := 0
	for _, label := range labels {
		for r := range 16 {
			for c := range 16 {
				at := c
				if label == 1 {
					at = r
				}
				for range 3 {
					x.Float32s()[i] = float32(.75*u[i] + .25*float64(at/4%2))
					i++
				}
			}
		}
	}
	return x
}

func (b batches) at(step int) data.Batch {
	labels := make([]int, stripesBatch)
	for i := range labels {
		labels[i] = (i + step) % 2
	}
	x := b.pictures(labels, b.salt+step)
	column := func(n int, f func(i int) float32) *tensor.Tensor {
		t := tensor.New(tensor.Float32, stripesBatch, n)
		for i := range t.Float32s() {
			t.Float32s()[i] = f(i)
		}
		return t
	}
	switch b.network {
	case "shared":
		right := make([]int, len(labels))
		for i, left := range labels {
			if right[i] = 1 - left; i/2%2 == 1 {
				right[i] = left
			}
		}
		return data.Batch{
			Inputs: map[string]*tensor.Tensor{"left": x, "right": b.pictures(right, b.salt+50+step)},
			Y:      column(1, func(i int) float32 { return float32(i / 2 % 2) }),
		}
	case "heads":
		u := graphtest.Uniform(stripesBatch*2, uint64(b.salt+50+step))
		kind := tensor.New(tensor.Float32, stripesBatch)
		for i, label := range labels {
			if kind.Float32s()[i] = float32(label); i%5 == 0 {
				kind.Float32s()[i] = 2
			}
		}
		return data.Batch{X: x, Targets: map[string]*tensor.Tensor{
			"kind": kind, "size": column(2, func(i int) float32 { return float32(u[i] + float64(labels[i/2])) }),
		}}
	}
	return data.Batch{X: x, Y: column(2, func(i int) float32 {
		if labels[i/2] == i%2 {
			return 1
		}
		return 0
	})}
}

func (b batches) Len() int            { return stripesBatch }
func (b batches) Steps() int          { return 1 }
func (b batches) Fingerprint() string { return b.network }

func (b batches) Spec() (x, y tensor.Shape) {
	s := b.at(0)
	if s.X != nil {
		x = s.X.Shape()
	}
	if s.Y != nil {
		y = s.Y.Shape()
	}
	return x, y
}

func (b batches) NamedSpec() (inputs, targets map[string]tensor.Shape) {
	shapes := func(m map[string]*tensor.Tensor) map[string]tensor.Shape {
		if m == nil {
			return nil
		}
		out := map[string]tensor.Shape{}
		for k, t := range m {
			out[k] = t.Shape()
		}
		return out
	}
	s := b.at(0)
	return shapes(s.Inputs), shapes(s.Targets)
}

func (b batches) Batches(_ context.Context, epoch, _ int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) { yield(b.at(epoch), nil) }
}

// firstWeights returns the initial weights of networks.py: kernels by a formula, the others as in Keras.
func firstWeights(m *lince.Model) []*tensor.Tensor {
	w := m.Weights()
	for salt, v := range m.Variables() {
		t, s := w[salt], v.Shape()
		name := v.Path()[strings.LastIndexByte(v.Path(), '/')+1:]
		fill := float32(0)
		switch name {
		case "kernel", "depthwise_kernel", "pointwise_kernel":
			field := s[:len(s)-2].Elements()
			limit := math.Sqrt(6 / float64(field*s[len(s)-2]+field*s[len(s)-1]))
			for i, u := range graphtest.Uniform(t.Len(), uint64(salt+1)) {
				t.Float32s()[i] = float32((u*2 - 1) * limit)
			}
			continue
		case "gamma", "moving_variance":
			fill = 1
		}
		for i := range t.Float32s() {
			t.Float32s()[i] = fill
		}
	}
	return w
}

// trainNetwork trains from one step to another and compares the logs of each step with Keras'.
func trainNetwork(t *testing.T, m *lince.Model, ds batches, from, to int, want []map[string]float64) {
	t.Helper()
	if from < to {
		h, err := m.Fit(t.Context(), ds, lince.FitOptions{InitialEpoch: from, Epochs: to, Verbose: lince.Silent})
		if err != nil {
			t.Fatal(err)
		}
		for step := from; step < to; step++ {
			for _, s := range h.Series {
				got, keras := s.Values[step-from], want[step][s.Name]
				if _, ok := want[step][s.Name]; !ok || len(h.Series) != len(want[step]) {
					t.Fatalf("the logs are %v, Keras' %v", h.Series, want[step])
				}
				if math.Abs(got-keras) > 1e-4*math.Abs(keras) {
					t.Errorf("step %d: %s is %v, Keras' %v", step, s.Name, got, keras)
				}
			}
		}
	}
}

// TestNetworksAsKeras trains five networks that are not chains for 20 steps, from the same weights and on the same
// batches as Keras. The losses and metrics of all steps must agree to 1e-4 relative (in Keras itself, float64 and
// float32 differ by less than 1e-5), and so must predictions. Networks from Go code and from Keras' JSON must be equal.
// A model that is saved and opened in the middle must train to the same bits.
func TestNetworksAsKeras(t *testing.T) {
	for name, build := range networks {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", "networks", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Salt          int
				Config        json.RawMessage
				Logs          []map[string]float64
				Predictions10 [][]float32
				Predictions20 [][]float32
				Weights       []float32
			}
			if err := json.Unmarshal(raw, &want); err != nil {
				t.Fatal(err)
			}
			m, err := build()
			if err != nil {
				t.Fatal(err)
			}
			if err := compileNetwork(m, 0); err != nil {
				t.Fatal(err)
			}
			read, err := lince.FromJSON(want.Config)
			if err != nil {
				t.Fatal(err)
			}
			if errs := read.Unknown(); errs != nil {
				t.Errorf("of Keras' JSON unknown: %v", errs)
			}
			ds := batches{name, want.Salt}
			for what, m := range map[string]*lince.Model{"Go": m, "JSON": read} {
				if err := m.SetWeights(firstWeights(m)); err != nil {
					t.Fatal(err)
				}
				trainNetwork(t, m, ds, 0, 10, want.Logs)
				comparePredictions(t, what+": step 10", m, ds, want.Predictions10)
			}
			again := reopened(t, m)
			for _, m := range []*lince.Model{m, again} {
				if name == "frozen" {
					if err := compileNetwork(m, 10); err != nil {
						t.Fatal(err)
					}
				}
				trainNetwork(t, m, ds, 10, 20, want.Logs)
				comparePredictions(t, "step 20", m, ds, want.Predictions20)
			}
			if !bytes.Equal(saved(t, m), saved(t, again)) {
				t.Error("a model that was saved and opened trains to other bits")
			}
			i := 0
			for _, w := range m.Weights() {
				for _, x := range w.Float32s() {
					if i%37 == 0 && math.Abs(float64(x-want.Weights[i/37])) > 1e-3 {
						t.Errorf("weight %d is %v, Keras' %v", i, x, want.Weights[i/37])
					}
					i++
				}
			}
		})
	}
}

func comparePredictions(t *testing.T, what string, m *lince.Model, ds batches, want [][]float32) {
	t.Helper()
	b := ds.at(0)
	in := []*tensor.Tensor{b.X}
	if b.X == nil {
		in = []*tensor.Tensor{b.Inputs["left"], b.Inputs["right"]}
	}
	out, err := m.Call(in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		for j, x := range out[i].Float32s() {
			if math.Abs(float64(x-w[j])) > 2e-4 {
				t.Errorf("%s: output %d: prediction %d is %v, Keras' %v", what, i, j, x, w[j])
				break
			}
		}
	}
}

func saved(t *testing.T, m *lince.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func reopened(t *testing.T, m *lince.Model) *lince.Model {
	t.Helper()
	b := saved(t, m)
	again, err := lince.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if errs := again.Unknown(); errs != nil {
		t.Fatalf("unknown in lince's own file: %v", errs)
	}
	if !bytes.Equal(saved(t, again), b) {
		t.Error("saving the opened model gives another file")
	}
	return again
}
