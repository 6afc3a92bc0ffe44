package layer

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// ReLULayer is the rectified linear unit as a layer, with what the activation function ReLU
// leaves out (keras.layers.ReLU):
//
//	MaxValue                        where x >= MaxValue
//	x                               where Threshold < x < MaxValue
//	NegativeSlope*(x - Threshold)   elsewhere
type ReLULayer struct {
	MaxValue      *float64 // nil: no limit
	NegativeSlope float64
	Threshold     float64
	Name          string
}

// Class implements Layer.
func (ReLULayer) Class() string { return "ReLU" }

// Named implements Layer.
func (l ReLULayer) Named() string { return l.Name }

// Config implements Layer.
func (l ReLULayer) Config() map[string]any {
	c := base(l.Name, false)
	c["max_value"] = nil
	if l.MaxValue != nil {
		c["max_value"] = *l.MaxValue
	}
	c["negative_slope"] = l.NegativeSlope
	c["threshold"] = l.Threshold
	return c
}

// Build implements Layer.
func (l ReLULayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantFloat(b, x) {
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

func (l ReLULayer) check() (c checks) {
	want := func(what string, v float64) {
		if !(v >= 0) || math.IsInf(v, 0) {
			c.errorf("%s is %v, want a number of at least 0", what, v)
		}
	}
	if l.MaxValue != nil {
		want("MaxValue", *l.MaxValue)
	}
	want("NegativeSlope", l.NegativeSlope)
	want("Threshold", l.Threshold)
	return c
}

func decodeReLULayer(r *config.Reader) Layer {
	l := ReLULayer{
		MaxValue:      r.OptFloat("max_value", 0, math.MaxFloat64),
		NegativeSlope: r.Float("negative_slope", 0, 0, math.MaxFloat64),
		Threshold:     r.Float("threshold", 0, 0, math.MaxFloat64),
	}
	l.Name, _ = readBase(r)
	return l
}
