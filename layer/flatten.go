package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Flatten makes one row of the numbers of each example: (batch, ...) becomes (batch, features)
// (keras.layers.Flatten).
type Flatten struct {
	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Class implements Layer.
func (Flatten) Class() string { return "Flatten" }

// Named implements Layer.
func (l Flatten) Named() string { return l.Name }

// Config implements Layer.
func (l Flatten) Config() map[string]any { return ConfigOf(l) }

// PassesThrough implements Transparent.
func (Flatten) PassesThrough() bool { return true }

// Build implements Layer.
func (l Flatten) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !wantKnown(b, l, x) {
		return b.Invalid()
	}
	return b.Reshape(x, x.Shape[0], x.Shape[1:].Elements())
}

// wantKnown says whether a layer's fields are right and every dimension of x after the batch
// is known, and reports it where not.
func wantKnown(b *graph.Builder, l Layer, x *graph.Value) bool {
	switch _, ok := Ready(b, l, x); {
	case !ok:
		return false
	case x.Rank() == 0:
		b.Errorf("got shape %v, want (batch, ...)", x.Shape)
		return false
	case slices.Contains(x.Shape[1:], tensor.Unknown):
		b.Errorf("got shape %v, want known dimensions after the batch: say the size of the images in Input", x.Shape)
		return false
	}
	return wantSmall(b, x)
}
