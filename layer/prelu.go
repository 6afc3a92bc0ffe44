package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// PReLU is a ReLU with a learned slope for negative numbers (keras.layers.PReLU):
//
//	y = x         if x > 0
//	y = alpha*x   otherwise
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Weights: alpha, in the shape of one example. The dimensions in SharedAxes have size 1.
//
// Build reports an error if the operand is not float32 or has fewer than two dimensions, if SharedAxes
// has a dimension that the operand does not have, or if the size of another dimension is unknown.
//
// Source: He et al., 2015 (arXiv:1502.01852).
type PReLU struct {
	// AlphaInitializer sets the initial values of alpha. The default is Zeros.
	AlphaInitializer initializer.Initializer `keras:"alpha_initializer,default=Zeros"`
	// AlphaRegularizer adds a penalty for alpha to the loss. The default is none.
	AlphaRegularizer regularizer.Regularizer `keras:"alpha_regularizer"`
	// AlphaConstraint restricts alpha. The default is none.
	AlphaConstraint constraint.Constraint `keras:"alpha_constraint"`
	// SharedAxes lists the dimensions along which all elements share one slope. For one slope for each
	// channel of images, it is 1 and 2, the height and the width. Each at least 1, because dimension 0 is
	// the batch. The default is none.
	SharedAxes []int `keras:"shared_axes,min=1,max=32"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated. It returns the name of a function that Keras does not have.
func (PReLU) FinalActivation() Function { return "prelu" }

// Build implements Layer.
func (l PReLU) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if x.Rank() < 2 {
		return b.Errorf("got shape %v, want (batch, ...)", x.Shape)
	}
	shape := x.Shape[1:].Clone()
	for _, a := range l.SharedAxes {
		if a >= x.Rank() {
			return b.Errorf("SharedAxes has %d, but the operand has shape %v", a, x.Shape)
		}
		shape[a-1] = 1
	}
	for i, d := range shape {
		if d == tensor.Unknown {
			return b.Errorf("got shape %v, want a known size of dimension %d; add it to SharedAxes, or set all sizes in the Shape of Input", x.Shape, i+1)
		}
	}
	alpha := weight(b, "alpha", x, weightOptions{l.AlphaInitializer, l.AlphaRegularizer, l.AlphaConstraint}, shape...)
	return b.Sub(b.ReLU(x), b.Mul(alpha, b.ReLU(b.Neg(x))))
}
