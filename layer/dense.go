package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// Dense multiplies by a learned matrix, adds a bias and applies an activation function
// (keras.layers.Dense). It takes (batch, ..., features) and gives (batch, ..., units): as in
// Keras, what has more than two dimensions is multiplied along the last one. Weights: kernel
// (features, units), bias (units).
type Dense struct {
	Units      int        `keras:"units,required,count"` // results
	Activation Activation `keras:"activation,default=linear"`
	NoBias     bool       `keras:"use_bias,inverted"`

	KernelInitializer initializer.Initializer `keras:"kernel_initializer,default=GlorotUniform"`
	BiasInitializer   initializer.Initializer `keras:"bias_initializer,default=Zeros"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (Dense) Class() string { return "Dense" }

// Named implements Layer.
func (l Dense) Named() string { return l.Name }

// Config implements Layer.
func (l Dense) Config() map[string]any { return ConfigOf(l) }

// FinalActivation implements Activated.
func (l Dense) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Dense) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	rank := x.Rank()
	if rank < 2 {
		return b.Errorf("got shape %v, want (batch, features)", x.Shape)
	}
	in := x.Shape[rank-1]
	if in == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of features: say the size of the images in Input", x.Shape)
	}
	if !wantSmall(b, x) {
		return b.Invalid()
	}
	kernel := weight(b, "kernel", x, l.KernelInitializer, in, l.Units)
	y := x
	if rank > 2 {
		if slices.Contains(x.Shape[1:], tensor.Unknown) {
			return b.Errorf("got shape %v, want known dimensions after the batch", x.Shape)
		}
		y = b.Reshape(x, tensor.Unknown, in)
	}
	y = b.MatMul(y, kernel)
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.BiasInitializer, l.Units))
	}
	if rank > 2 {
		shape := x.Shape.Clone()
		shape[rank-1] = l.Units
		y = b.Reshape(y, shape...)
	}
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return activate(b, l.Activation, y)
}
