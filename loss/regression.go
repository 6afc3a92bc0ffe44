package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/targets"
)

// MeanSquaredError is the mean of the squared differences between predictions p and targets y
// (keras.losses.MeanSquaredError):
//
//	loss = mean over the last dimension of (p-y)^2
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredError struct{ Defaults }

// MeanAbsoluteError is the mean of the absolute differences between predictions p and targets y
// (keras.losses.MeanAbsoluteError):
//
//	loss = mean over the last dimension of |p-y|
//
// The gradient at p = y is 0.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsoluteError struct{ Defaults }

// Build implements Loss.
func (l MeanSquaredError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, b.Square)
}

// Build implements Loss.
func (l MeanAbsoluteError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, b.Abs)
}

// meanOf adds the mean of a function of the differences over the last dimension.
func meanOf(b *graph.Builder, l Loss, yTrue, yPred *graph.Value, of func(*graph.Value) *graph.Value) *graph.Value {
	axis, ok := ready(b, l, yPred)
	y := targets.Dense(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	return b.Mean(of(b.Sub(yPred, y)), axis)
}
