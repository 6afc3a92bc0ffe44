package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Dot multiplies its two operands element by element along one dimension of each, and sums along
// that dimension, separately for each example (keras.layers.Dot). For two vectors a and b this is
// the dot product:
//
//	y = sum over k of a[k]*b[k]
//
// Input shape: two operands (batch, ...) that have the same size along Axes[0] and Axes[1].
// Output shape: (batch, the other dimensions of the first operand, the other dimensions of the
// second), or (batch, 1) if there are no other dimensions.
//
// Build reports an error if Axes is not set or has a dimension that an operand does not have, there
// are not two operands, they are not float32, their sizes along Axes differ, or a dimension other
// than the batch is unknown.
type Dot struct {
	// Axes has the dimension of the first operand and that of the second. Required. Negative
	// numbers count from the last dimension, which is -1. 0, the batch, is not valid.
	Axes [2]int `keras:"axes,required"`
	// Normalize first divides each operand by its Euclidean norm along Axes, so that the dot
	// product is the cosine similarity. The default is false.
	Normalize bool `keras:"normalize"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Operands implements MultiOperand.
func (Dot) Operands() (least, most int) { return 2, 2 }

func (l Dot) check() error {
	if l.Axes[0] == 0 || l.Axes[1] == 0 {
		return wrongf("Axes is %v, but 0 is the batch; set it to a dimension of each operand, as in Axes: [2]int{1, 1}", l.Axes)
	}
	return nil
}

// Build implements Layer.
func (l Dot) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	operands, ok := operandsOf(b, l, x)
	if !ok {
		return b.Invalid()
	}
	shape := tensor.Shape{tensor.Unknown}
	var rows, sizes [2]int // of each operand as a matrix: sizes is the dimension of Axes, rows is the rest
	for i, v := range operands {
		axis, ok := axisOf(b, "Axes", l.Axes[i], v)
		if !ok {
			return b.Invalid()
		}
		if slices.Contains(v.Shape[1:], tensor.Unknown) {
			return b.Errorf("got operands of shapes %s, want known dimensions after the batch", shapesOf(operands))
		}
		if l.Normalize {
			// Keras computes x * min(1/sqrt(sum), 1e7), whose gradient at 0 is NaN.
			sum := b.Max(b.SumKeep(b.Square(v), axis), b.Constant(v.DType, 1e-14))
			v = b.Div(v, b.Sqrt(sum))
		}
		rest := slices.Delete(v.Shape[1:].Clone(), axis-1, axis)
		sizes[i], rows[i] = v.Shape[axis], rest.Elements()
		shape = append(shape, rest...)
		if axis != v.Rank()-1 {
			order := make([]int, 0, v.Rank())
			for d := range v.Rank() {
				if d != axis {
					order = append(order, d)
				}
			}
			v = b.Transpose(v, append(order, axis)...)
		}
		operands[i] = b.Reshape(v, tensor.Unknown, rows[i], sizes[i])
	}
	if sizes[0] != sizes[1] {
		return b.Errorf("got operands of shapes %s, want the same size along Axes %v", shapesOf(x.Values()), l.Axes)
	}
	if tooLarge(tensor.Shape{rows[0], rows[1]}) {
		return b.Errorf("an example of shape %v has more than %d numbers", shape[1:], maxElements)
	}
	if len(shape) == 1 {
		shape = append(shape, 1)
	}
	return b.Reshape(b.Op(op.BatchMatMul{TransposeB: true}, operands...), shape...)
}
