// Package applications has the layers that only the models of keras.applications have: Keras has them beside the models, not in keras.layers.
package applications

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Mistake is a layer that cannot be made.
type Mistake struct{ Err error }

// Class implements layer.Layer.
func (Mistake) Class() string { return "Sequential" }

// Build implements layer.Layer. It is the error.
func (m Mistake) Build(b *graph.Builder, _ *graph.Value) *graph.Value { return b.Errorf("%w", m.Err) }

// LayerScale multiplies each channel by a weight (keras.src.applications.convnext.LayerScale):
//
//	y = x*gamma
//
// Source: Touvron et al., 2021 (arXiv:2103.17239).
type LayerScale struct {
	InitValues    float64 `keras:"init_values,required"`
	ProjectionDim int     `keras:"projection_dim,required,count"`

	Name   string       `keras:"name,omitempty"`
	Frozen bool         `keras:"trainable,inverted"`
	DType  layer.Policy `keras:"dtype,default=float32"`
}

// Class implements layer.Layer.
func (LayerScale) Class() string { return "LayerScale" }

// Build implements layer.Layer.
func (l LayerScale) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := layer.Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	if x.Rank() < 2 || x.Shape[x.Rank()-1] != l.ProjectionDim {
		return b.Errorf("got shape %v, want %d channels", x.Shape, l.ProjectionDim)
	}
	return b.Mul(x, b.Variable(graph.Variable{
		Path: "gamma", Type: op.Type{DType: x.DType, Shape: tensor.Shape{l.ProjectionDim}}, Role: graph.Weight, Init: initializer.Constant{Value: l.InitValues},
	}))
}

// StochasticDepth sets whole examples to 0 in training (keras.src.applications.convnext.StochasticDepth). It is a Dropout with the noise shape
// (batch, 1, 1, 1).
type StochasticDepth struct {
	DropPathRate float64 `keras:"drop_path_rate,required,min=0,below=1"`

	Name   string       `keras:"name,omitempty"`
	Frozen bool         `keras:"trainable,inverted"`
	DType  layer.Policy `keras:"dtype,default=float32"`
}

// Class implements layer.Layer.
func (StochasticDepth) Class() string { return "StochasticDepth" }

// Build implements layer.Layer.
func (l StochasticDepth) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := layer.Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	noise := layer.Dims{tensor.Unknown}
	for range x.Rank() - 1 {
		noise = append(noise, 1)
	}
	return layer.Dropout{Rate: l.DropPathRate, NoiseShape: noise}.Build(b, x)
}

// CustomScale adds a multiple of its second operand to its first (keras.src.applications.inception_resnet_v2.CustomScaleLayer):
//
//	y = x[0] + Scale*x[1]
type CustomScale struct {
	Scale float64 `keras:"scale,required"`

	Name   string       `keras:"name,omitempty"`
	Frozen bool         `keras:"trainable,inverted"`
	DType  layer.Policy `keras:"dtype,default=float32"`
}

// Class implements layer.Layer.
func (CustomScale) Class() string { return "CustomScaleLayer" }

// Operands implements layer.MultiOperand.
func (CustomScale) Operands() (least, most int) { return 2, 2 }

// Build implements layer.Layer.
func (l CustomScale) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	in := x.Values()
	if len(in) != 2 || !in[0].Valid() || !in[1].Valid() {
		return b.Invalid()
	}
	if !in[0].Shape.Equal(in[1].Shape) {
		return b.Errorf("got shapes %v and %v, want equal shapes", in[0].Shape, in[1].Shape)
	}
	return b.Add(in[0], b.Scale(in[1], l.Scale))
}
