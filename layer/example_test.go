package layer_test

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Gain multiplies each feature by a learned number: a layer of a program's own.
type Gain struct {
	Name string
}

func (Gain) Class() string          { return "Gain" }
func (l Gain) Named() string        { return l.Name }
func (Gain) Config() map[string]any { return map[string]any{"dtype": "float32"} }
func (l Gain) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !x.Valid() {
		return x // a layer before made the mistake
	}
	n := x.Rank()
	if n < 2 || x.Shape[n-1] == tensor.Unknown {
		return b.Errorf("got shape %v, want (batch, ..., features)", x.Shape)
	}
	gain := b.Variable(graph.Variable{
		Path: "gain",
		Type: op.Type{DType: x.DType, Shape: tensor.Shape{x.Shape[n-1]}},
		Role: graph.Weight,
		Init: initializer.Ones{},
	})
	return b.Mul(x, gain)
}

// A layer needs nothing but Build; the gradient comes from the graph.
func ExampleLayer() {
	store := graph.NewStore()
	b := graph.NewBuilder(store, true)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 3)
	var l layer.Layer = Gain{}
	y := l.Build(b.In("gain", "layer 1 (Gain)"), x)
	grads := graph.Grad(b, b.Sum(b.Square(y)), b.Read(store.Lookup("gain/gain")))
	g, err := b.Finish(graph.Output{Key: "gradient", Value: grads[0]})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Type)
	fmt.Println(g.Output("gradient").Type)

	wrong := graph.NewBuilder(graph.NewStore(), true)
	l.Build(wrong.In("gain", "layer 1 (Gain)"), wrong.Input("x", tensor.Float32, tensor.Unknown))
	fmt.Println(wrong.Err())
	// Output:
	// float32 (None, 3)
	// float32 (3,)
	// layer 1 (Gain): got shape (None,), want (batch, ..., features)
}
