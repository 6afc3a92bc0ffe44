package lince

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
)

// A model is a layer.Layer: Apply and Sequential nest it in another model, which shares its weights.
var _ layer.Layer = (*Model)(nil)

// Class implements layer.Layer: it returns "Sequential" or "Functional".
func (m *Model) Class() string { return m.class }

// Named implements layer.Layer: it returns the model's name, or "" if the name was chosen automatically.
func (m *Model) Named() string {
	if m.autoNamed && (m.self == nil || m.self.name == "") {
		return ""
	}
	return m.name
}

// Operands implements layer.MultiOperand: it returns the number of the model's inputs.
func (m *Model) Operands() (least, most int) { return len(m.inputs), len(m.inputs) }

// Build implements layer.Layer: it adds the model's layers to a graph and uses their variables. If the model
// has several outputs, the result is a graph.List.
func (m *Model) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if m.predict.graph == nil {
		return b.Errorf("the model has no layers; use Sequential, Functional or Open to make one")
	}
	in := x.Values()
	if len(in) != len(m.inputs) {
		return b.Errorf("the model %s is applied to %d values, want %d", m.name, len(in), len(m.inputs))
	}
	outer := b.Label()
	label := func(c *call) string {
		if outer == "" {
			return m.label(c)
		}
		return fmt.Sprintf("%s: %s", outer, m.label(c))
	}
	out := m.forward(b, in, label, false)
	if len(out) == 1 {
		return out[0]
	}
	return graph.List(out...)
}
