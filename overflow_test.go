package lince_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// overflowing returns a network whose weights are finite, and whose second layer computes numbers that float32 does not have.
func overflowing(t *testing.T) *lince.Model {
	t.Helper()
	m, err := lince.Options{Seed: 1}.Sequential(layer.Input{Shape: []int{3}}, layer.Dense{Units: 4, Name: "first"}, layer.Dense{Units: 4, Name: "second"}, layer.Dense{Units: 2, Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	weights := m.Weights()
	for _, w := range weights {
		for i := range w.Float32s() {
			w.Float32s()[i] *= 1e30
		}
	}
	if err := m.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFirstNotFinite(t *testing.T) {
	m := overflowing(t)
	x := tensor.Of([]float32{1, 2, 3, 0, 0, 0}, 2, 3)
	why, err := m.FirstNotFinite(x)
	if err != nil || !strings.HasPrefix(why, "the layer second (") {
		t.Errorf("%q, %v", why, err)
	}
	if why, err := m.FirstNotFinite(tensor.Of([]float32{0, 0, 0}, 1, 3)); why != "" || err != nil {
		t.Errorf("zeros: %q, %v", why, err)
	}
	if why, err := m.FirstNotFinite(tensor.Of([]float32{0, float32(math.Inf(1)), 0}, 1, 3)); !strings.Contains(why, "the input") || !strings.Contains(why, "has the number +Inf") || err != nil {
		t.Errorf("an input: %q, %v", why, err)
	}
	if _, err := m.FirstNotFinite(tensor.New(tensor.Float32, 1, 4)); err == nil {
		t.Error("another shape: no error")
	}
	_, err = m.ClassifyBatch(x)
	var nan *lince.NotFiniteOutputError
	if !errors.As(err, &nan) || nan.Row != 0 || !strings.Contains(err.Error(), "the layer second") {
		t.Errorf("ClassifyBatch: %v", err)
	}
	weights := m.Weights()
	weights[0].Float32s()[0] = float32(math.NaN())
	if err := m.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	if why, err := m.FirstNotFinite(x); !strings.Contains(why, "the weight ") || err != nil {
		t.Errorf("a weight: %q, %v", why, err)
	}
}

// TestInitialNaN checks the error of a training whose first step has no finite loss: the learning rate is not the cause.
func TestInitialNaN(t *testing.T) {
	fit := func(m *lince.Model, y []float32, x ...float32) *lince.NaNError {
		t.Helper()
		set, err := data.Tensors(tensor.Of(x, len(x)/3, 3), tensor.Of(y, len(x)/3, 2), data.TensorOptions{BatchSize: 1, NoShuffle: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Fit(context.Background(), set, lince.FitOptions{Epochs: 2, Verbose: lince.Silent})
		var nan *lince.NaNError
		if !errors.As(err, &nan) {
			t.Fatal(err)
		}
		return nan
	}
	one := []float32{0, 1, 0, 1}
	if e := fit(overflowing(t), one, 1, 2, 3, 1, 2, 3); !e.Initial || !strings.Contains(e.Error(), "the layer second") || strings.Contains(e.Error(), "lower") {
		t.Errorf("%+v: %v", e, e)
	}
	nan := float32(math.NaN())
	if e := fit(overflowing(t), []float32{nan, nan, 0, 1}, 0, 0, 0, 0, 0, 0); !e.Initial || !strings.Contains(e.Why, "the targets") {
		t.Errorf("targets: %+v", e)
	}
	// In the second step, an update may be the cause.
	if e := fit(overflowing(t), one, 0, 0, 0, 1, 2, 3); e.Initial || !strings.Contains(e.Error(), "lower the learning rate") {
		t.Errorf("the second step: %+v", e)
	}
}
