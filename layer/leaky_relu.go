package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// LeakyReLU is x where x is positive and NegativeSlope*x elsewhere (keras.layers.LeakyReLU).
type LeakyReLU struct {
	NegativeSlope *float64 `keras:"negative_slope,default=0.3,min=0"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (LeakyReLU) Class() string { return "LeakyReLU" }

// Named implements Layer.
func (l LeakyReLU) Named() string { return l.Name }

// Config implements Layer.
func (l LeakyReLU) Config() map[string]any { return ConfigOf(l) }

// Build implements Layer.
func (l LeakyReLU) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return b.Select(b.Binary(op.Greater, x, b.Constant(x.DType, 0)), x, b.Scale(x, *l.NegativeSlope))
}
