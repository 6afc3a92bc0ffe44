package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Reshape changes the shape of each example (keras.layers.Reshape). The elements stay in row-major
// order:
//
//	y = the elements of x, in order, in an array of shape Shape
//
// Input shape: (batch, ...).
// Output shape: (batch, Shape...).
//
// Build reports an error if Shape is not set, Shape does not have as many elements as an example,
// or a dimension other than the batch is unknown.
//
// The elements may be of any type.
type Reshape struct {
	// Shape is the new shape of an example, without the batch. Required. Each size is at least 1,
	// except that one of them may be -1: it is computed from the others. An empty Shape that is not
	// nil gives the shape (batch).
	Shape []int `keras:"target_shape,required"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// PassesThrough implements Transparent.
func (Reshape) PassesThrough() bool { return true }

func (l Reshape) check() error {
	if l.Shape == nil {
		return wrongf("Shape is not set; set it as in Shape: []int{7, 7, -1}")
	}
	free := 0
	for _, d := range l.Shape {
		if d == -1 {
			free++
		}
		if d == 0 || d < -1 || d > maxSize || free > 1 {
			return wrongf("Shape is %v, want sizes from 1 to %d, one of which may be -1", l.Shape, maxSize)
		}
	}
	return nil
}

// Build implements Layer.
func (l Reshape) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !wantKnown(b, l, x) {
		return b.Invalid()
	}
	n, rest := x.Shape[1:].Elements(), 1
	free := -1
	for i, d := range l.Shape {
		if d == -1 {
			free = i
		} else if rest *= d; rest > n {
			break
		}
	}
	shape := append(tensor.Shape{x.Shape[0]}, l.Shape...)
	switch {
	case free < 0 && rest == n:
	case free >= 0 && rest <= n && n%rest == 0:
		shape[1+free] = n / rest
	default:
		return b.Errorf("cannot reshape examples of shape %v, which have %d numbers, to %v", x.Shape[1:], n, l.Shape)
	}
	return b.Reshape(x, shape...)
}
