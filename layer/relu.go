package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// ReLULayer is the rectified linear unit with a limit, a slope and a threshold (keras.layers.ReLU).
// With the default fields it is the activation function ReLU. The result is:
//
//	y = min(x, MaxValue)                if x > Threshold
//	y = NegativeSlope*(x - Threshold)   otherwise
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if a field is out of range or the operand is not float32.
//
// Source: Nair and Hinton, 2010 (Rectified linear units improve restricted Boltzmann machines).
type ReLULayer struct {
	// MaxValue is the maximum of the result. At least 0. The default, nil, means no limit.
	MaxValue *float64 `keras:"max_value,min=0"`
	// NegativeSlope is the slope below the threshold. At least 0. The default is 0.
	NegativeSlope float64 `keras:"negative_slope,min=0"`
	// Threshold is the largest number to which the slope is applied. At least 0. The default is 0.
	Threshold float64 `keras:"threshold,min=0"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (ReLULayer) FinalActivation() Function { return ReLU }

// Build implements Layer.
func (l ReLULayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	// The same ops as in keras.activations.relu, so that the gradients at the kinks are equal.
	number := func(v float64) *graph.Value { return b.Constant(x.DType, v) }
	above := func(limit float64) *graph.Value { return b.Binary(op.Greater, x, number(limit)) }
	if l.NegativeSlope != 0 && l.MaxValue == nil && l.Threshold == 0 {
		return b.Select(above(0), x, b.Scale(x, l.NegativeSlope))
	}
	six := l.Threshold == 0 && l.MaxValue != nil && *l.MaxValue == 6
	var y *graph.Value
	switch {
	case l.Threshold != 0:
		y = b.Select(above(l.Threshold), x, number(0))
	case six:
		y = b.ReLU6(x)
	default:
		y = b.ReLU(x)
	}
	if l.MaxValue != nil && !six {
		y = b.Min(y, number(*l.MaxValue))
	}
	if l.NegativeSlope != 0 {
		y = b.Sub(y, b.Scale(b.ReLU(b.Offset(b.Neg(x), l.Threshold)), l.NegativeSlope))
	}
	return y
}
