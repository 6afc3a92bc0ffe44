package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Concatenate joins its operands along a dimension (keras.layers.Concatenate). Along the channels
// of two images a and b with m and n channels, it is:
//
//	y[i,j] = (a[i,j,0], ..., a[i,j,m-1], b[i,j,0], ..., b[i,j,n-1])
//
// Input shape: one or more operands of the same shape, except that their sizes along Axis may
// differ.
// Output shape: the same shape, except that the size along Axis is the sum of the operands' sizes.
//
// Build reports an error if the operands are not float32, their shapes differ in another dimension,
// or Axis is not a dimension after the batch.
type Concatenate struct {
	// Axis is the dimension along which the operands are joined. It cannot be 0, the batch, which
	// Keras accepts. The default is -1, the last one.
	Axis Axis `keras:"axis,default=-1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Operands implements MultiOperand.
func (Concatenate) Operands() (least, most int) { return 1, -1 }

// Build implements Layer.
func (l Concatenate) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l = classes.Fill(l).(Concatenate)
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return b.Invalid()
	}
	axis, ok := axisOf(b, "Axis", int(l.Axis), operands[0])
	if !ok {
		return b.Invalid()
	}
	o := op.Concat{Axis: axis}
	types := make([]op.Type, len(operands))
	for i, v := range operands {
		types[i] = v.Type
	}
	if _, err := o.Infer(types); err != nil {
		return b.Errorf("got operands of shapes %s, want equal shapes except along axis %d", shapesOf(operands), l.Axis)
	}
	y := b.Op(o, operands...)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}
