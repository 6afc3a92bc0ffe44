package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Permute permutes the dimensions of each example (keras.layers.Permute). Dimension 1 is the first one
// after the batch. For Dims {2, 1}:
//
//	y[i,j] = x[j,i]
//
// Input shape: (batch, ...).
// Output shape: (batch, dimension Dims[0] of the input, dimension Dims[1], ...).
//
// Build reports an error if Dims is not a permutation of the dimensions after the batch, or the operand
// is not float32.
type Permute struct {
	// Dims lists the dimensions of the operand in their new order. Required. A permutation of 1, 2 and so
	// on.
	Dims []int `keras:"dims,required"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// RepeatVector repeats vectors N times (keras.layers.RepeatVector):
//
//	y[i,c] = x[c]
//
// Input shape: (batch, features).
// Output shape: (batch, N, features).
//
// Build reports an error if N is out of range, or the operand is not a batch of float32 vectors.
type RepeatVector struct {
	// N is the number of repetitions. Required. At least 1.
	N int `keras:"n,required,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// Identity returns its operand (keras.layers.Identity):
//
//	y = x
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if it gets several operands. The elements may be of any type.
type Identity struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// PassesThrough implements Transparent.
func (Permute) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (RepeatVector) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (Identity) PassesThrough() bool { return true }

func (l Permute) check() error {
	sorted := slices.Sorted(slices.Values(l.Dims))
	for i, d := range sorted {
		if d != i+1 {
			return wrongf("Dims is %v, want a permutation of 1, 2 and so on", l.Dims)
		}
	}
	if len(sorted) == 0 {
		return wrongf("Dims is not set; set it as in Dims: []int{2, 1}")
	}
	return nil
}

// Build implements Layer.
func (l Permute) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if x.Rank() != 1+len(l.Dims) {
		return b.Errorf("got shape %v, want the batch and %d more dimensions, because Dims is %v", x.Shape, len(l.Dims), l.Dims)
	}
	return b.Transpose(x, append([]int{0}, l.Dims...)...)
}

// Build implements Layer.
func (l RepeatVector) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if x.Rank() != 2 || x.Shape[1] == tensor.Unknown {
		return b.Errorf("got shape %v, want (batch, features)", x.Shape)
	}
	y := b.Op(op.Resize{Scale: Size{l.N, 1}}, b.ExpandDims(b.ExpandDims(x, 1), 1))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return b.Squeeze(y, 2)
}

// Build implements Layer.
func (l Identity) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok {
		return b.Invalid()
	}
	return x
}
