package layer

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// The layers here merge their operands element by element. As in Keras, operands may differ in
// rank: one of fewer dimensions gets dimensions of 1 after its batch. Dimensions that differ
// must be 1 in one of the operands, which is repeated there, as in NumPy; the batch is never
// repeated.

// Add is the sum of its operands, of which there is at least one (keras.layers.Add).
type Add struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Subtract is its first operand minus its second (keras.layers.Subtract).
type Subtract struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Multiply is the product of its operands, of which there is at least one
// (keras.layers.Multiply).
type Multiply struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Average is the mean of its operands, of which there is at least one (keras.layers.Average).
type Average struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Maximum is the greatest of its operands, of which there is at least one
// (keras.layers.Maximum).
type Maximum struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Minimum is the least of its operands, of which there is at least one
// (keras.layers.Minimum).
type Minimum struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (Add) Class() string { return "Add" }

// Class implements Layer.
func (Subtract) Class() string { return "Subtract" }

// Class implements Layer.
func (Multiply) Class() string { return "Multiply" }

// Class implements Layer.
func (Average) Class() string { return "Average" }

// Class implements Layer.
func (Maximum) Class() string { return "Maximum" }

// Class implements Layer.
func (Minimum) Class() string { return "Minimum" }

// Named implements Layer.
func (l Add) Named() string { return l.Name }

// Named implements Layer.
func (l Subtract) Named() string { return l.Name }

// Named implements Layer.
func (l Multiply) Named() string { return l.Name }

// Named implements Layer.
func (l Average) Named() string { return l.Name }

// Named implements Layer.
func (l Maximum) Named() string { return l.Name }

// Named implements Layer.
func (l Minimum) Named() string { return l.Name }

// Config implements Layer.
func (l Add) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l Subtract) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l Multiply) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l Average) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l Maximum) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l Minimum) Config() map[string]any { return ConfigOf(l) }

// Operands implements MultiOperand.
func (Add) Operands() (least, most int) { return 1, -1 }

// Operands implements MultiOperand.
func (Subtract) Operands() (least, most int) { return 2, 2 }

// Operands implements MultiOperand.
func (Multiply) Operands() (least, most int) { return 1, -1 }

// Operands implements MultiOperand.
func (Average) Operands() (least, most int) { return 1, -1 }

// Operands implements MultiOperand.
func (Maximum) Operands() (least, most int) { return 1, -1 }

// Operands implements MultiOperand.
func (Minimum) Operands() (least, most int) { return 1, -1 }

// Build implements Layer.
func (l Add) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return merge(b, l, x, op.Add)
}

// Build implements Layer.
func (l Subtract) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return merge(b, l, x, op.Sub)
}

// Build implements Layer.
func (l Multiply) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return merge(b, l, x, op.Mul)
}

// Build implements Layer.
func (l Average) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	sum := merge(b, l, x, op.Add)
	if !sum.Valid() {
		return sum
	}
	return b.Div(sum, b.Constant(sum.DType, float64(len(x.Values()))))
}

// Build implements Layer.
func (l Maximum) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return merge(b, l, x, op.Max)
}

// Build implements Layer.
func (l Minimum) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return merge(b, l, x, op.Min)
}

// merge applies fn to the first two operands, to the result and the third, and so on.
func merge(b *graph.Builder, l Layer, x *graph.Value, fn op.BinaryFn) *graph.Value {
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return b.Invalid()
	}
	rank := 0
	for _, v := range operands {
		rank = max(rank, v.Rank())
	}
	var y *graph.Value
	for _, v := range operands {
		if v.Rank() < rank {
			shape := slices.Concat(v.Shape[:1], slices.Repeat(tensor.Shape{1}, rank-v.Rank()), v.Shape[1:])
			if slices.Contains(v.Shape[1:], tensor.Unknown) {
				return b.Errorf("got operands of shapes %s, want known dimensions after the batch where the ranks differ", shapesOf(operands))
			}
			v = b.Reshape(v, shape...)
		}
		if y == nil {
			y = v
			continue
		}
		if s, err := op.Broadcast(y.Shape, v.Shape); err != nil || tooLarge(s[1:]) {
			return b.Errorf("got operands of shapes %s, want dimensions that are equal, or 1 in one of them", shapesOf(operands))
		}
		y = b.Binary(fn, y, v)
	}
	return y
}

// operandsOf reports what is wrong with the configuration of a layer of several operands, and
// with these: they are floating-point numbers of one batch. ok is false where there is
// something.
func operandsOf(b *graph.Builder, l Layer, x *graph.Value) (operands []*graph.Value, ok bool) {
	operands, ok = slices.Clone(x.Values()), reportWrong(b, l)
	for _, v := range operands {
		if !v.Valid() {
			return nil, false
		}
	}
	least, most := Operands(l)
	switch n := len(operands); {
	case n < least || most >= 0 && n > most:
		want := fmt.Sprint("at least ", least)
		if most >= 0 {
			want = fmt.Sprint(most)
		}
		b.Errorf("want %s operands, got %d", want, n)
		return nil, false
	case !ok:
		return nil, false
	}
	batch := tensor.Unknown
	for _, v := range operands {
		if !wantFloat(b, v) {
			return nil, false
		}
		if v.Rank() == 0 {
			b.Errorf("got operands of shapes %s, want (batch, ...)", shapesOf(operands))
			return nil, false
		}
		if n := v.Shape[0]; n != tensor.Unknown {
			if batch != tensor.Unknown && n != batch {
				b.Errorf("got operands of shapes %s, want the same batch", shapesOf(operands))
				return nil, false
			}
			batch = n
		}
	}
	return operands, true
}

// shapesOf prints the shapes of operands.
func shapesOf(operands []*graph.Value) string {
	s := ""
	for i, v := range operands {
		if i > 0 {
			s += ", "
		}
		s += v.Shape.String()
	}
	return s
}
