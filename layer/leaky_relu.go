package layer

import "github.com/lince-ml/lince/graph"

// LeakyReLU is a ReLU with a small slope for negative numbers (keras.layers.LeakyReLU):
//
//	y = x                 if x > 0
//	y = NegativeSlope*x   otherwise
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if NegativeSlope is negative or the operand is not float32.
//
// Source: Maas et al., 2013 (Rectifier nonlinearities improve neural network acoustic models).
type LeakyReLU struct {
	// NegativeSlope is the slope for negative numbers. At least 0. The default, nil, is 0.3.
	NegativeSlope *float64 `keras:"negative_slope,default=0.3,min=0,alias=alpha"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated. It returns the name of the function in Keras.
func (LeakyReLU) FinalActivation() Function { return "leaky_relu" }

// Build implements Layer.
func (l LeakyReLU) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return leakyReLU(b, x, *l.NegativeSlope)
}
