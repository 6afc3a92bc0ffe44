package lince

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestNodes checks the nodes of a network with a nested model that is applied twice, and a shared layer.
func TestNodes(t *testing.T) {
	body := must(Options{Name: "body"}.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 3, Name: "dense"}, layer.ReLU))
	a, b := Input(layer.Input{Shape: []int{4}, Name: "a"}), Input(layer.Input{Shape: []int{4}, Name: "b"})
	head := Shared(layer.Dense{Units: 2, Name: "head"})
	x, y := Apply(head, Apply(body, a)), Apply(head, Apply(body, b))
	m := must(Functional(List(a, b), Apply(layer.Add{Name: "sum"}, x, y)))
	vector := func(n int) tensor.Shape { return tensor.Shape{tensor.Unknown, n} }
	want := []callback.Node{
		{Name: "a", Class: "InputLayer", Shape: vector(4)},
		{Name: "b", Class: "InputLayer", Shape: vector(4)},
		{Name: "body/dense", Class: "Dense", Inputs: []string{"a"}, Shape: vector(3)},
		{Name: "body/activation", Class: "Activation", Inputs: []string{"body/dense"}, Shape: vector(3)},
		{Name: "head", Class: "Dense", Inputs: []string{"body/activation"}, Shape: vector(2)},
		{Name: "body/dense_1", Class: "Dense", Inputs: []string{"b"}, Shape: vector(3)},
		{Name: "body/activation_1", Class: "Activation", Inputs: []string{"body/dense_1"}, Shape: vector(3)},
		{Name: "head_1", Class: "Dense", Inputs: []string{"body/activation_1"}, Shape: vector(2)},
		{Name: "sum", Class: "Add", Inputs: []string{"head", "head_1"}, Shape: vector(2)},
	}
	if d := cmp.Diff(want, m.nodes()); d != "" {
		t.Error(d)
	}
}
