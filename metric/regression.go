package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/targets"
)

// MeanSquaredError is the mean of the squared differences between predictions p and targets y
// (keras.metrics.MeanSquaredError):
//
//	mse = mean of (p-y)^2
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredError struct {
	// Name is the key in logs and in the history. The default is "mean_squared_error".
	Name string `keras:"name,default=mean_squared_error"`
}

// MeanAbsoluteError is the mean of the absolute differences between predictions p and targets y
// (keras.metrics.MeanAbsoluteError):
//
//	mae = mean of |p-y|
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsoluteError struct {
	// Name is the key in logs and in the history. The default is "mean_absolute_error".
	Name string `keras:"name,default=mean_absolute_error"`
}

// HigherIsBetter implements Metric.
func (MeanSquaredError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (MeanAbsoluteError) HigherIsBetter() (higher, known bool) { return false, true }

// Build implements Metric.
func (m MeanSquaredError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanOf(b, m, yTrue, yPred, weights, b.Square)
}

// Build implements Metric.
func (m MeanAbsoluteError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanOf(b, m, yTrue, yPred, weights, b.Abs)
}

// meanOf adds the running mean of a function of the differences.
func meanOf(b *graph.Builder, m Metric, yTrue, yPred, weights *graph.Value, of func(*graph.Value) *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if _, ok := Ready(b, m); !ok || !y.Valid() {
		return b.Invalid()
	}
	return Mean(b, of(b.Sub(yPred, y)), weights)
}
