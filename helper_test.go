package lince

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// on returns options for the interpreter, on which the tests of this package run.
func on(seed uint64) Options { return Options{Seed: seed, backend: interp.New()} }

// small is a small version of the tutorial's network.
func small() []layer.Layer {
	return []layer.Layer{
		layer.Input{Shape: []int{6, 6, 1}},
		layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dropout{Rate: .25},
		layer.Dense{Units: 4, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func smallModel(t testing.TB, seed uint64) *Model {
	t.Helper()
	m, err := on(seed).Sequential(small()...)
	if err != nil {
		t.Fatal(err)
	}
	err = m.Compile(CompileOptions{
		Optimizer: optimizer.RMSprop{LearningRate: .01}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// bars returns images of n vertical or horizontal bars, which a small network can tell apart.
func bars(n int) (x, y *tensor.Tensor) {
	x, y = tensor.New(tensor.Float32, n, 6, 6, 1), tensor.New(tensor.Float32, n, 2)
	for i := range n {
		class, at := i%2, i/2%6
		for j := range 6 {
			p := j*6 + at
			if class == 1 {
				p = at*6 + j
			}
			x.Float32s()[i*36+p] = 1 - .05*float32(i%7)
		}
		y.Float32s()[i*2+class] = 1
	}
	return x, y
}

func barsData(n, batch int, seed uint32) data.Dataset {
	x, y := bars(n)
	return must(data.Tensors(x, y, data.TensorOptions{BatchSize: batch, Seed: seed}))
}

func quiet(f FitOptions) FitOptions {
	f.Output, f.Verbose = io.Discard, Silent
	return f
}

func fit(t testing.TB, m *Model, ds data.Dataset, f FitOptions) *History {
	t.Helper()
	h, err := m.Fit(context.Background(), ds, quiet(f))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
