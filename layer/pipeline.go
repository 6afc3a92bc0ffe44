package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// Pipeline applies layers without weights one after the other (keras.layers.Pipeline), such as several
// augmentations:
//
//	y = Layers[n-1](... Layers[1](Layers[0](x)))
//
// Input shape: that of the first layer.
// Output shape: that of the last layer.
//
// Build reports an error if there is no layer, a layer takes several operands, has weights or reports an error.
type Pipeline struct {
	// Layers are the layers, in order. Required.
	Layers Layers `keras:"layers,required"`

	Name string `keras:"name,omitempty"` // default: automatic
}

// Layers is a list of layers.
type Layers []Layer

// Build implements Layer.
func (l Pipeline) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	for i, inner := range l.Layers {
		label := fmt.Sprintf("%s, layer %d (%s)", b.Label(), i+1, ClassOf(inner))
		v := b.In(fmt.Sprintf("%d", i), label)
		before := len(b.Store().Variables())
		x = inner.Build(v, x)
		for _, w := range b.Store().Variables()[before:] {
			if w.Path != SeedPath && w.Path != StepPath {
				return v.Errorf("has the variable %s, but the layers of a Pipeline have none; put it after the pipeline", w.Path)
			}
		}
	}
	return x
}

func encodeLayers(list Layers) any {
	out := make([]config.Same, len(list))
	for i, l := range list {
		out[i] = config.Same{Module: "keras.layers", Of: l}
	}
	return out
}

func decodeLayers(r *config.Reader, key string, v any) (Layers, bool) {
	list, ok := config.List(v)
	if !ok {
		r.Errorf("%s is %s, want a list of layers", key, config.Show(v))
		return nil, false
	}
	out := make(Layers, 0, len(list))
	for _, x := range list {
		class, conf := config.Object(x)
		inner, err := r.Same(class, conf)
		if err != nil {
			r.Fail(key, err)
			return nil, false
		}
		out = append(out, inner.(Layer))
	}
	if err := checkLayers(out); err != nil {
		r.Errorf("%s: %w", key, err)
		return nil, false
	}
	return out, true
}

func checkLayers(list Layers) error {
	if len(list) == 0 {
		return wrongf("got no layers, want at least one")
	}
	for i, l := range list {
		if l == nil {
			return wrongf("layer %d is nil", i+1)
		}
		_, many := l.(MultiOperand)
		if _, input := l.(Input); many || input {
			return wrongf("layer %d is a %T, want a layer with one operand", i+1, l)
		}
	}
	return nil
}
