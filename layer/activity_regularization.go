package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/regularizer"
)

// ActivityRegularization adds a penalty for its operand to the loss
// (keras.layers.ActivityRegularization):
//
//	y = x,  penalty = (L1 * sum |x| + L2 * sum x^2) / batch size
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if a field is out of range or the operand is not float32.
type ActivityRegularization struct {
	// L1 is the factor of the absolute values. At least 0. The default is 0.
	L1 float64 `keras:"l1,min=0"`
	// L2 is the factor of the squares. At least 0. The default is 0.
	L2 float64 `keras:"l2,min=0"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// PassesThrough implements Transparent.
func (ActivityRegularization) PassesThrough() bool { return true }

// Build implements Layer.
func (l ActivityRegularization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return regularizeActivity(b, regularizer.L1L2{L1: l.L1, L2: l.L2}, x)
}
