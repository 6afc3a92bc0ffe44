package layer

import "github.com/lince-ml/lince/graph"

// SoftmaxLayer turns logits into probabilities (keras.layers.Softmax). It is the activation
// function Softmax as a layer:
//
//	y[k] = exp(x[k]) / sum over j of exp(x[j])
//
// Input shape: (batch, ..., classes).
// Output shape: the input shape.
//
// Build reports an error if the operand is not float32 or has fewer than two dimensions, or if Axis
// is not the last dimension.
type SoftmaxLayer struct {
	// Axis is the dimension of the classes. Only the last dimension is supported. The default is
	// -1, the last one.
	Axis Axis `keras:"axis,default=-1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (SoftmaxLayer) FinalActivation() Function { return Softmax }

// Build implements Layer.
func (l SoftmaxLayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if l.Axis != -1 && int(l.Axis) != x.Rank()-1 {
		return b.Errorf("Axis is %d for shape %v, want the last dimension; others are not supported yet", l.Axis, x.Shape)
	}
	return Softmax.Build(b, x)
}
