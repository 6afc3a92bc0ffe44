package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Flatten turns each example into a vector (keras.layers.Flatten). The elements stay in row-major
// order. For an image x:
//
//	y[(i*width + j)*channels + c] = x[i,j,c]
//
// Input shape: (batch, ...).
// Output shape: (batch, features), where features is the product of the other dimensions.
//
// Build reports an error if a dimension other than the batch is unknown.
//
// The elements may be of any type.
type Flatten struct {
	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent.
func (Flatten) PassesThrough() bool { return true }

// Build implements Layer.
func (l Flatten) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !wantKnown(b, l, x) {
		return b.Invalid()
	}
	return b.Reshape(x, x.Shape[0], x.Shape[1:].Elements())
}

// wantKnown reports mistakes in the fields of l, and checks that the dimensions of x after the
// batch are known.
func wantKnown(b *graph.Builder, l Layer, x *graph.Value) bool {
	switch _, ok := Ready(b, l, x); {
	case !ok:
		return false
	case x.Rank() == 0:
		b.Errorf("got shape %v, want (batch, ...)", x.Shape)
		return false
	case slices.Contains(x.Shape[1:], tensor.Unknown):
		b.Errorf("got shape %v, want known dimensions after the batch; set all sizes in the Shape of Input", x.Shape)
		return false
	}
	return wantSmall(b, x)
}
