package layer

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// The layers in this file merge their operands element by element, with NumPy's broadcasting. As in
// Keras, an operand of lower rank gets dimensions of size 1 after its batch. Where two dimensions
// differ, one of them must be 1, and that operand is repeated along it. The batch is never
// repeated.

// Add adds its operands, element by element (keras.layers.Add):
//
//	y = x0 + x1 + ...
//
// Input shape: one or more operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
//
// Residual connections use this layer (He et al., 2016, arXiv:1512.03385).
type Add struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Subtract subtracts its second operand from its first, element by element (keras.layers.Subtract):
//
//	y = x0 - x1
//
// Input shape: two operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
type Subtract struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Multiply multiplies its operands, element by element (keras.layers.Multiply):
//
//	y = x0 * x1 * ...
//
// Input shape: one or more operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
type Multiply struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Average computes the mean of its n operands, element by element (keras.layers.Average):
//
//	y = (x0 + x1 + ...) / n
//
// Input shape: one or more operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
type Average struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Maximum computes the maximum of its operands, element by element (keras.layers.Maximum):
//
//	y = max(x0, x1, ...)
//
// Input shape: one or more operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
type Maximum struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Minimum computes the minimum of its operands, element by element (keras.layers.Minimum):
//
//	y = min(x0, x1, ...)
//
// Input shape: one or more operands (batch, ...), which are broadcast.
// Output shape: the broadcast shape.
//
// Build reports an error if the number of operands is wrong, they are not float32, or their
// shapes cannot be broadcast.
type Minimum struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

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

// merge applies fn to the first two operands, then to the result and the third, and so on.
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
			return b.Errorf("got operands of shapes %s, want dimensions that are equal or 1", shapesOf(operands))
		}
		y = b.Binary(fn, y, v)
	}
	return y
}

// operandsOf returns the operands of a layer with several operands. It reports mistakes in the
// layer's fields, and operands that are not floating-point numbers of one batch. ok is false if
// there are mistakes.
func operandsOf(b *graph.Builder, l Layer, x *graph.Value) (operands []*graph.Value, ok bool) {
	_, ok = config.Ready(classes, l, b.Errorf)
	operands = slices.Clone(x.Values())
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
		b.Errorf("got %d operands, want %s", n, want)
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

// shapesOf formats the shapes of operands.
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
