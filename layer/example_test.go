package layer_test

import (
	"bytes"
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Gain is a custom layer. It multiplies each feature by a learned number.
type Gain struct {
	// Start is the initial value of the learned numbers. At least 0. The default is 1.
	Start float64 `keras:"start,default=1,min=0"`

	Name   string       `keras:"name,omitempty"`
	Frozen bool         `keras:"trainable,inverted"`
	DType  layer.Policy `keras:"dtype,default=float32"`
}

func (l Gain) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := layer.Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	n := x.Rank()
	if n < 2 || x.Shape[n-1] == tensor.Unknown {
		return b.Errorf("got shape %v, want (batch, ..., features)", x.Shape)
	}
	gain := b.Variable(graph.Variable{
		Path: "gain",
		Type: op.Type{DType: x.DType, Shape: tensor.Shape{x.Shape[n-1]}},
		Role: graph.Weight,
		Init: initializer.Constant{Value: l.Start},
	})
	return b.Mul(x, gain)
}

// A custom layer declares its weight in Build. The gradient is derived from the graph.
func ExampleLayer() {
	store := graph.NewStore()
	b := graph.NewBuilder(store, true)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 3)
	l := Gain{}
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

// A file with a custom layer is opened with Options that name the layer.
func ExampleFromConfig() {
	model, err := lince.Sequential(layer.Input{Shape: []int{3}}, Gain{Start: 2})
	check(err)
	var file bytes.Buffer
	_, err = model.WriteTo(&file)
	check(err)

	o := lince.Options{Layers: map[string]lince.LayerDecoder{"Gain": layer.FromConfig[Gain]}}
	opened, err := o.Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	check(err)
	fmt.Printf("%+v\n", opened.Layer("gain").Layer())
	// Output: {Start:2 Name:gain Frozen:false DType:float32}
}
