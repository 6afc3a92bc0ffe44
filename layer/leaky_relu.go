package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// LeakyReLU is x where x is positive and NegativeSlope*x elsewhere (keras.layers.LeakyReLU; Maas
// et al., 2013). It keeps the shape.
type LeakyReLU struct {
	NegativeSlope *float64 `keras:"negative_slope,default=0.3,min=0,alias=alpha"` // nil: 0.3

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

// FinalActivation implements Activated, by Keras' name of the function.
func (LeakyReLU) FinalActivation() Function { return "leaky_relu" }

// Build implements Layer.
func (l LeakyReLU) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return b.Select(b.Binary(op.Greater, x, b.Constant(x.DType, 0)), x, b.Scale(x, *l.NegativeSlope))
}
