package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
)

// RMSNormalization divides each example by its root mean square along the dimensions in Axis
// (keras.layers.RMSNormalization):
//
//	y = scale * x/sqrt(mean of x*x + Epsilon)
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Weights: scale, whose shape consists of the sizes of the dimensions in Axis.
//
// Build reports an error if a field is out of range, the operand is not float32, or Axis does not
// list the last dimensions, or lists the batch or a dimension of unknown size. (Keras cannot scale
// along other dimensions either, unless sizes are equal by chance.)
//
// Source: Zhang and Sennrich, 2019 (arXiv:1910.07467).
type RMSNormalization struct {
	// Axis lists the dimensions to normalize along, the last ones. Negative numbers count from the
	// last dimension. The default, nil, is -1, the last dimension.
	Axis []int `keras:"axis,default=-1"`
	// Epsilon is added to the mean square. At least 0. The default, nil, is 1e-6.
	Epsilon *float64 `keras:"epsilon,default=1e-06,min=0"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Build implements Layer.
func (l RMSNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	axes, shape, ok := axesOf(b, l.Axis, x)
	if !ok {
		return b.Invalid()
	}
	if first := x.Rank() - len(axes); axes[0] != first || !shape.Equal(x.Shape[first:]) {
		return b.Errorf("Axis is %v for shape %v, want the last dimensions, in ascending order", l.Axis, x.Shape)
	}
	scale := weight(b, "scale", x, weightOptions{init: initializer.Ones{}}, shape...)
	square := b.Div(b.SumKeep(b.Square(x), axes...), b.Size(x, axes...))
	return b.Mul(b.Div(x, b.Sqrt(b.Offset(square, *l.Epsilon))), scale)
}
