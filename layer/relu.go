package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// ReLULayer is the rectified linear unit as a layer, with what the activation function ReLU
// leaves out (keras.layers.ReLU):
//
//	MaxValue                        where x >= MaxValue
//	x                               where Threshold < x < MaxValue
//	NegativeSlope*(x - Threshold)   elsewhere
type ReLULayer struct {
	MaxValue      *float64 `keras:"max_value,min=0"` // nil: no limit
	NegativeSlope float64  `keras:"negative_slope,min=0"`
	Threshold     float64  `keras:"threshold,min=0"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (ReLULayer) Class() string { return "ReLU" }

// Named implements Layer.
func (l ReLULayer) Named() string { return l.Name }

// Config implements Layer.
func (l ReLULayer) Config() map[string]any { return ConfigOf(l) }

// FinalActivation implements Activated.
func (ReLULayer) FinalActivation() Function { return ReLU }

// Build implements Layer.
func (l ReLULayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	// The same ops as keras.activations.relu, so that gradients at the bends are the same.
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
