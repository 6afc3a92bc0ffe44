package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Flatten makes one row of the numbers of each example: (batch, ...) becomes (batch, features)
// (keras.layers.Flatten).
type Flatten struct {
	Name string
}

// Class implements Layer.
func (Flatten) Class() string { return "Flatten" }

// Named implements Layer.
func (l Flatten) Named() string { return l.Name }

// Config implements Layer.
func (l Flatten) Config() map[string]any {
	c := base(l.Name, false)
	c["data_format"] = "channels_last"
	return c
}

// Build implements Layer.
func (l Flatten) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	switch {
	case !x.Valid():
		return x
	case x.Rank() == 0:
		return b.Errorf("got shape %v, want (batch, ...)", x.Shape)
	case slices.Contains(x.Shape[1:], tensor.Unknown):
		return b.Errorf("got shape %v, want known dimensions after the batch: say the size of the images in Input", x.Shape)
	}
	if !wantSmall(b, x) {
		return b.Invalid()
	}
	return b.Reshape(x, x.Shape[0], x.Shape[1:].Elements())
}

func decodeFlatten(r *config.Reader) Layer {
	name, _ := readBase(r)
	r.Only("data_format", "channels_last")
	return Flatten{Name: name}
}
