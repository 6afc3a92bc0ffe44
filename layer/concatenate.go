package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Concatenate joins its operands, of which there is at least one, along a dimension
// (keras.layers.Concatenate): of images, along channels unless Axis says another. The operands
// have the same size along every other dimension.
type Concatenate struct {
	Axis Axis `keras:"axis,default=-1"` // the dimension, not the batch's; negative ones count from the last

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (Concatenate) Class() string { return "Concatenate" }

// Named implements Layer.
func (l Concatenate) Named() string { return l.Name }

// Config implements Layer.
func (l Concatenate) Config() map[string]any { return ConfigOf(l) }

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
		return b.Errorf("got operands of shapes %s, want the same but for axis %d", shapesOf(operands), l.Axis)
	}
	y := b.Op(o, operands...)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}
