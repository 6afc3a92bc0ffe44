package layer

import "github.com/lince-ml/lince/graph"

// SoftmaxLayer is the softmax along the last dimension as a layer, as the activation function
// Softmax is (keras.layers.Softmax).
type SoftmaxLayer struct {
	Axis Axis `keras:"axis,default=-1"` // must be the last dimension

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (SoftmaxLayer) Class() string { return "Softmax" }

// Named implements Layer.
func (l SoftmaxLayer) Named() string { return l.Name }

// Config implements Layer.
func (l SoftmaxLayer) Config() map[string]any { return ConfigOf(l) }

// FinalActivation implements Activated.
func (SoftmaxLayer) FinalActivation() Function { return Softmax }

// Build implements Layer.
func (l SoftmaxLayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if l.Axis != -1 && int(l.Axis) != x.Rank()-1 {
		return b.Errorf("Axis is %d for shape %v: not supported yet, want the last dimension", l.Axis, x.Shape)
	}
	return Softmax.Build(b, x)
}
