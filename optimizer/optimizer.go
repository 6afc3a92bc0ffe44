// Package optimizer provides the optimizers of keras.optimizers. An optimizer changes the weights
// of a model in each training step, given the gradients of the loss. docs/keras.md lists all
// optimizers with their arguments.
//
// The zero value of a field means Keras' default. This includes the learning rate, because a
// learning rate of 0 is useless. Where zero is a useful value but not the default, the field is a
// pointer: nil means the default, and new(0.5) sets a value. The tag of a field gives the
// argument's name in Keras and its range. Build reports fields that are out of range.
//
// In the formulas, w is a weight, g its gradient, lr the current learning rate, and t the number of the
// update: 1, 2, ... The learning rate is initially LearningRate, and callbacks may change it; or it is
// computed by Schedule. A step does the following, where each part but the formula depends on a field
// that all optimizers have:
//
//   - With LossScaleFactor, divide the gradients by it.
//   - With GradientAccumulationSteps, add the gradients to a sum. Only the last of so many steps
//     continues, with their mean.
//   - With ClipNorm, GlobalClipNorm or ClipValue, limit the gradients.
//   - With WeightDecay, w -= w*WeightDecay*lr.
//   - Apply the optimizer's formula.
//   - With UseEMA, update the averages of the weights, also in steps that only accumulate.
//
// docs/add-a-layer.md shows how to add an optimizer, and how to write a custom one.
package optimizer

import (
	"github.com/lince-ml/lince/graph"
)

// Optimizer updates weights with the gradients of the loss.
type Optimizer interface {
	// Build adds a training step to a graph. weights are values of variables, and grads are
	// their gradients. A gradient is nil if the loss does not depend on the weight. Such a
	// weight is not updated, but still has slots, as in Keras.
	//
	// Build declares the optimizer's variables under b's path, in the order of Keras' files. First
	// come the scalars "iteration" (Int64) and, without a schedule, "learning_rate" (Float32), with
	// the role graph.Hyper. Then come the slots, with the role graph.Slot and named after their
	// weights.
	Build(b *graph.Builder, weights, grads []*graph.Value)
}
