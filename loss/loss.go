// Package loss provides the losses of keras.losses. A loss measures how far predictions are from
// their targets, and training minimizes it. docs/keras.md lists all losses with their arguments.
//
// The zero value of a field means Keras' default. The tag of a field gives the argument's name in
// Keras and its range. Build reports fields that are out of range.
//
// A loss computes one number for each example, or for each pixel or time step of an example. The
// model then multiplies these numbers by the example weights and class weights, if there are any,
// and reduces them to one loss (Reduction). By default this is their mean, whose divisor is the count
// of numbers, not the sum of the weights. Some losses, such as Dice, compute one number for the whole
// batch.
//
// docs/add-a-layer.md shows how to add a loss, and how to write a custom one.
package loss

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Loss compares predictions with targets. A custom loss may embed Defaults.
type Loss interface {
	// Build adds the loss to a graph. Its result usually has the shape of the predictions without
	// the last dimension: (batch,) for predictions (batch, classes). The model applies example
	// weights and the reduction (Reduce). A loss of the whole batch may return a scalar, or a result
	// without the dimension batch, such as (classes,).
	Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value
	// Target returns the type of the targets for predictions of type output. The model
	// converts targets to it.
	Target(output op.Type) op.Type
	// Takes describes the predictions that the loss expects. Compile refuses a last layer that
	// does not produce them.
	Takes() Predictions
}

// Predictions describes the predictions that a loss expects.
type Predictions struct {
	// Of is the kind of predictions, such as probabilities. For logits, it is the kind of the
	// probabilities that are computed from them.
	Of Kind
	// Logits means that the loss expects logits and applies the softmax or sigmoid itself.
	Logits bool
}

// Kind is a kind of predictions.
type Kind uint8

// The kinds of predictions.
const (
	// Numbers means any numbers, such as the outputs of a regression.
	Numbers Kind = iota
	// Distribution means class probabilities that sum to 1 along the last dimension, such as the
	// result of a softmax.
	Distribution
	// Independent means probabilities that do not depend on each other, such as the result of a
	// sigmoid.
	Independent
	// Scores means numbers of which the class of the example should have the highest, such as those
	// of a support vector machine.
	Scores
)

// OfClasses reports whether a loss is for classes, and not for numbers: its predictions are probabilities or scores, or its targets class indices.
func OfClasses(l Loss) bool { return l.Takes().Of != Numbers || TakesIndices(l) }

// OfOneClass reports whether a loss is for examples of exactly one class each.
func OfOneClass(l Loss) bool { return OfClasses(l) && l.Takes().Of != Independent }

// TakesIndices reports whether the targets of a loss are class indices, and not a number for each output.
func TakesIndices(l Loss) bool {
	return l.Target(op.Type{DType: tensor.Float32, Shape: tensor.Shape{tensor.Unknown, 2}}).DType == tensor.Int32
}

// Defaults implements Target and Takes for a loss that takes any numbers, and targets of the
// type of the predictions. Embed it in a custom loss, and override the methods that differ.
type Defaults struct{}

// Target implements Loss. It returns the type of the predictions.
func (Defaults) Target(output op.Type) op.Type {
	return op.Type{DType: output.DType, Shape: output.Shape.Clone()}
}

// Takes implements Loss. It returns Numbers.
func (Defaults) Takes() Predictions { return Predictions{} }

// Ignorer is a Loss of class indices that ignores a class. Fit and Evaluate accept targets of this class even if the
// model has no output for it.
type Ignorer interface {
	// Ignored returns the class. ok is false if no class is ignored.
	Ignored() (class int, ok bool)
}

// epsilon is keras.config.epsilon(). Probabilities are clipped to [epsilon, 1-epsilon].
const epsilon = 1e-7

// logits returns the operand of x and true if x is the result of a softmax or a sigmoid, and
// otherwise x and false. Computing the cross-entropy from logits avoids the rounding of
// probabilities near 0. Keras does the same. As in Keras, each cross-entropy accepts either
// function: BinaryCrossentropy treats a softmax as if it were a sigmoid.
func logits(x *graph.Value) (*graph.Value, bool) {
	if x.Is("Softmax") || x.Is("Sigmoid") {
		return x.Node.In[0], true
	}
	return x, false
}

// ready reports mistakes in the fields of l, the targets and the predictions. It returns l with its defaults, and the
// targets with the type and the shape of the predictions. ok is false if Build cannot continue.
func ready[L Loss](b *graph.Builder, l L, yTrue, yPred *graph.Value) (filled L, y *graph.Value, ok bool) {
	filled, ok = Ready(b, l)
	if yPred.Valid() && yPred.Rank() < 1 {
		b.Errorf("predictions have shape %v, want (batch, ...)", yPred.Shape)
		return filled, b.Invalid(), false
	}
	y = targets.Dense(b, yTrue, yPred)
	return filled, y, ok && y.Valid()
}

// axisOf returns the index of a dimension of the predictions that comes after the batch. Negative numbers count from
// the last dimension. If there is no such dimension, axisOf reports an error and returns -1.
func axisOf(b *graph.Builder, axis int, yPred *graph.Value) int {
	if !yPred.Valid() {
		return -1
	}
	n := yPred.Rank()
	at := axis
	if at < 0 {
		at += n
	}
	// Predictions (batch,) have no dimension after the batch. As in Keras, the loss is then that of the batch.
	if at < 0 || at >= n || at == 0 && n > 1 {
		b.Errorf("Axis is %d for predictions of shape %v, want a dimension after the batch", axis, yPred.Shape)
		return -1
	}
	return at
}

// toLast moves a dimension to the end, and fromLast moves it back.
func toLast(b *graph.Builder, x *graph.Value, axis int) *graph.Value {
	perm := order(x.Rank(), axis)
	if slices.IsSorted(perm) {
		return x
	}
	return b.Transpose(x, perm...)
}

func fromLast(b *graph.Builder, x *graph.Value, axis int) *graph.Value {
	perm := order(x.Rank(), axis)
	if slices.IsSorted(perm) {
		return x
	}
	back := make([]int, len(perm))
	for i, d := range perm {
		back[d] = i
	}
	return b.Transpose(x, back...)
}

// order lists the dimensions with one of them moved to the end.
func order(rank, axis int) []int {
	var perm []int
	for d := range rank {
		if d != axis {
			perm = append(perm, d)
		}
	}
	return append(perm, axis)
}
