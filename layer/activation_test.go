package layer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestActivationsAgainstKeras compares the functions and their gradients with Keras at their kinks, near 0 and far
// from 0. The functions that work along a dimension have cases in testdata/keras.
func TestActivationsAgainstKeras(t *testing.T) {
	var cases []struct {
		Name           string
		X, Y, Gradient []float32
	}
	graphtest.Golden(t, "activations", &cases)
	seen := []string{"glu", "log_softmax", "softmax", "sparsemax"}
	for _, c := range cases {
		seen = append(seen, c.Name)
		in := []*tensor.Tensor{tensor.Of(c.X, 1, len(c.X))}
		m := graphtest.New(t, false, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			y := layer.Function(c.Name).Build(b, in[0])
			return []*graph.Value{y, graph.Grad(b, b.Sum(y), in[0])[0]}
		})
		got := m.Run(t, in...)
		for i, x := range c.X {
			if y := got[0].Float32s()[i]; !graphtest.Near(float64(y), float64(c.Y[i]), 1e-6, 1e-7) {
				t.Errorf("%s(%v) is %v, want %v", c.Name, x, y, c.Y[i])
			}
			if g := got[1].Float32s()[i]; !graphtest.Near(float64(g), float64(c.Gradient[i]), 2e-6, 1e-6) {
				t.Errorf("the gradient of %s at %v is %v, want %v", c.Name, x, g, c.Gradient[i])
			}
		}
	}
	for _, name := range layer.Activations() {
		if !slices.Contains(seen, name) {
			t.Errorf("%s has no row in internal/golden/activations.py", name)
		}
	}
}

// TestActivationShapes checks the functions that work along the last dimension.
func TestActivationShapes(t *testing.T) {
	for _, c := range []struct {
		f    layer.Function
		in   tensor.Shape
		want string
	}{
		{layer.GLU, tensor.Shape{-1, 4, 6}, "(None, 4, 3)"},
		{layer.GLU, tensor.Shape{-1, 5}, "layer 1: got shape (None, 5) for glu, want an even number of features"},
		{layer.GLU, tensor.Shape{2, -1}, "layer 1: got shape (2, None) for glu, want an even number of features"},
		{layer.GLU, tensor.Shape{-1}, "layer 1: got shape (None,) for glu, want (batch, ..., classes)"},
		{layer.Sparsemax, tensor.Shape{-1}, "layer 1: got shape (None,) for sparsemax, want (batch, ..., classes)"},
		{layer.LogSoftmax, tensor.Shape{-1, -1, 3}, "(None, None, 3)"},
		{layer.ELU, tensor.Shape{-1}, "(None,)"},
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		y := c.f.Build(b.In("", "layer 1"), b.Input("x", tensor.Float32, c.in...))
		got := fmt.Sprint(y.Shape)
		if err := b.Err(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s of %v: got %s, want %s", c.f, c.in, got, c.want)
		}
	}
}
