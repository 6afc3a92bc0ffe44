// Package loss has the losses of keras.losses: the numbers that training minimizes. docs/keras.md lists
// them with their arguments.
//
// The zero value of a field stands for Keras' default. The tag of a field names the argument
// in Keras.
package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Loss compares predictions with targets. A loss of a program's own may embed Defaults.
type Loss interface {
	// Class is the name of the Keras class: "CategoricalCrossentropy".
	Class() string
	// Named is Keras' name: "categorical_crossentropy".
	Named() string
	// Build adds the loss of each example to a graph: its shape is that of the predictions
	// without the last dimension. The mean over the batch, and weights of examples, are the
	// model's; one number for the whole batch is a mistake.
	Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value
	// Config is what Keras' get_config returns, ready for JSON: floating-point numbers are
	// float64, integers int.
	Config() map[string]any
	// Target is the type of the targets that the loss takes for predictions of a type.
	Target(output op.Type) op.Type
	// Takes says what the predictions must be, so that a model can refuse a last layer that
	// does not fit.
	Takes() Predictions
}

// Predictions says what a loss takes predictions for.
type Predictions struct {
	Of     Kind
	Logits bool // before the softmax or sigmoid, which the loss applies
}

// Kind is the kind of a loss's predictions.
type Kind uint8

// The kinds: any numbers; the probabilities of classes of which each example has one, which
// sum to 1 along the last dimension (a softmax); probabilities each by itself (a sigmoid).
const (
	Numbers Kind = iota
	Distribution
	Independent
)

// Defaults has the answers of a loss that takes any numbers, and targets of the same type as
// the predictions. Embed it in a loss of a program's own, and write over what is different.
type Defaults struct{}

// Target implements Loss: the type of the predictions.
func (Defaults) Target(output op.Type) op.Type {
	return op.Type{DType: output.DType, Shape: output.Shape.Clone()}
}

// Takes implements Loss: any numbers.
func (Defaults) Takes() Predictions { return Predictions{} }

// epsilon is keras.config.epsilon(): probabilities stay so far away from 0 and 1.
const epsilon = 1e-7

// logits returns the operand of the softmax or sigmoid that made x, and true; or x, and false.
// A cross-entropy of logits is exact where that of a rounded probability is not. It is what
// Keras does, and as in Keras each cross-entropy does it for either function: a softmax
// followed by BinaryCrossentropy is treated as if it were a sigmoid.
func logits(x *graph.Value) (*graph.Value, bool) {
	if x.Is("Softmax") || x.Is("Sigmoid") {
		return x.Node.In[0], true
	}
	return x, false
}

// ready reports what is wrong with the configuration of l, and returns the index of the last
// dimension of the predictions; ok is false where Build cannot go on with them.
func ready(b *graph.Builder, l Loss, yPred *graph.Value) (axis int, ok bool) {
	_, ok = Ready(b, l)
	if !yPred.Valid() {
		return 0, false
	}
	if yPred.Rank() < 1 {
		b.Errorf("predictions have shape %v, want (batch, ...)", yPred.Shape)
		return 0, false
	}
	return yPred.Rank() - 1, ok
}
