// Package loss has the losses of keras.losses: what training makes small.
//
// Fields that are left zero have Keras' default.
package loss

import (
	"github.com/lince-ml/lince/graph"
)

// Loss compares predictions with labels.
type Loss interface {
	// Class is the name of the Keras class: "CategoricalCrossentropy".
	Class() string
	// Named is Keras' name: "categorical_crossentropy".
	Named() string
	// Build adds the loss of each example to a graph: its shape is that of the predictions
	// without the last dimension. The mean over the batch, and weights of examples, are the
	// model's.
	Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value
	// Config is what Keras' get_config returns, ready for JSON: floating-point numbers are
	// float64, integers int.
	Config() map[string]any
}

// epsilon is keras.config.epsilon(): probabilities stay so far away from 0 and 1.
const epsilon = 1e-7

func base(name string) map[string]any {
	return map[string]any{"name": name, "reduction": "sum_over_batch_size"}
}

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

// lastAxis is the index of the last dimension; a scalar has none, which is a mistake.
func lastAxis(b *graph.Builder, yPred *graph.Value) (int, bool) {
	if !yPred.Valid() {
		return 0, false
	}
	if yPred.Rank() < 1 {
		b.Errorf("predictions have shape %v, want (batch, ...)", yPred.Shape)
		return 0, false
	}
	return yPred.Rank() - 1, true
}
