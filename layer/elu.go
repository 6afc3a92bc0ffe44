package layer

import "github.com/lince-ml/lince/graph"

// ELULayer is the exponential linear unit (keras.layers.ELU). With the default fields it is the
// activation function ELU:
//
//	y = x                    if x > 0
//	y = Alpha*(exp(x) - 1)   otherwise
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if the operand is not float32.
//
// Source: Clevert et al., 2016 (arXiv:1511.07289).
type ELULayer struct {
	// Alpha is the negative of the limit of the result for small x. Any number. The default, nil, is 1.
	Alpha *float64 `keras:"alpha,default=1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (ELULayer) FinalActivation() Function { return ELU }

// Build implements Layer.
func (l ELULayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return elu(b, x, *l.Alpha)
}
