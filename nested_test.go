package lince

import (
	"slices"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// A model with two outputs is used as a layer, called twice. The outer model must train, and a file must keep it.
func TestNestedOutputs(t *testing.T) {
	in := Input(layer.Input{Shape: []int{6, 6, 1}, Name: "inner"})
	y := in.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Name: "conv"})
	pooled, small := y.Then(layer.GlobalAveragePool2D{}), y.Then(layer.Conv2D{Filters: 2, Kernel: layer.Size{1, 1}}, layer.Flatten{})
	inner := must(on(3).Functional(in, List(pooled, small)))
	a, b := Input(layer.Input{Shape: []int{6, 6, 1}, Name: "a"}), Input(layer.Input{Shape: []int{6, 6, 1}, Name: "b"})
	p, q := Apply(inner, a).Values(), Apply(inner, b).Values()
	if len(p) != 2 || len(q) != 2 {
		t.Fatalf("%d and %d results, want 2", len(p), len(q))
	}
	m := must(on(3).Functional(List(a, b), List(Apply(layer.Subtract{}, p[0], q[0]), q[1])))
	if err := m.Compile(CompileOptions{Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	x, _ := bars(12)
	other := x.Rows(3, 12)
	names := m.OutputNames()
	ds := must(data.NamedTensors(
		map[string]*tensor.Tensor{"a": x.Rows(0, 9), "b": other},
		map[string]*tensor.Tensor{names[0]: tensor.New(tensor.Float32, 9, 4), names[1]: tensor.New(tensor.Float32, 9, 32)},
		data.TensorOptions{BatchSize: 9},
	))
	h := fit(t, m, ds, FitOptions{Epochs: 3})
	if l := h.Values("loss"); !(l[2] < l[0]) {
		t.Errorf("losses %v", l)
	}
	again, err := reopen(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Model{m, again} {
		inner := m.Layer(inner.Name()).Model()
		parts := [2][]*tensor.Tensor{must(inner.Call(x.Rows(0, 9))), must(inner.Call(other))}
		got := must(m.Call(x.Rows(0, 9), other))
		for i, v := range got[0].Float32s() {
			if want := parts[0][0].Float32s()[i] - parts[1][0].Float32s()[i]; v != want {
				t.Fatalf("the difference %d is %v, want %v", i, v, want)
			}
		}
		if !slices.Equal(got[1].Float32s(), parts[1][1].Float32s()) {
			t.Error("the second output is not the inner model's")
		}
	}
	fit(t, m, ds, FitOptions{})
	fit(t, again, ds, FitOptions{})
	sameWeights(t, m, again)
}
