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
// Build reports an error if the operand is not float32, or if Axis is not one of its dimensions after the
// batch.
type SoftmaxLayer struct {
	// Axis is the dimension of the classes. The default is -1, the last one.
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
	axis, ok := axisOf(b, "Axis", int(l.Axis), x)
	if !ok {
		return b.Invalid()
	}
	last := x.Rank() - 1
	if axis == last {
		return Softmax.Build(b, x)
	}
	swapped := make([]int, x.Rank())
	for i := range swapped {
		swapped[i] = i
	}
	swapped[axis], swapped[last] = last, axis
	return b.Transpose(Softmax.Build(b, b.Transpose(x, swapped...)), swapped...)
}
