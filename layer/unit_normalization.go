package layer

import "github.com/lince-ml/lince/graph"

// UnitNormalization divides each example by its Euclidean norm along the dimensions in Axis, so
// that the norm becomes 1 (keras.layers.UnitNormalization):
//
//	y = x / max(sqrt(sum of x*x), 1e-12)
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if the operand is not float32, or Axis lists the batch, a dimension twice
// or a dimension of unknown size.
type UnitNormalization struct {
	// Axis lists the dimensions to normalize along. Negative numbers count from the last dimension. The
	// default, nil, is -1, the last dimension.
	Axis []int `keras:"axis,default=-1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Build implements Layer.
func (l UnitNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	axes, _, ok := axesOf(b, l.Axis, x)
	if !ok {
		return b.Invalid()
	}
	return unit(b, x, 1e-12, axes...)
}

// unit divides x by its Euclidean norm along axes (default: all), which is at least least. As in Keras, the gradient for a
// norm below least is that of a constant norm.
func unit(b *graph.Builder, x *graph.Value, least float64, axes ...int) *graph.Value {
	square := b.Max(b.SumKeep(b.Square(x), axes...), b.Constant(x.DType, least*least))
	return b.Div(x, b.Sqrt(square))
}
