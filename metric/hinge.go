package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/loss"
)

// Hinge is the mean of the margins that predictions p lack to targets y, which are -1 or 1 (or 0 or 1)
// (keras.metrics.Hinge):
//
//	hinge = mean of max(1 - y*p, 0)
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type Hinge struct {
	// Name is the key in logs and in the history. The default is "hinge".
	Name string `keras:"name,default=hinge"`
}

// SquaredHinge is the mean of the squared margins that predictions p lack to targets y, which are -1 or 1 (or 0 or 1)
// (keras.metrics.SquaredHinge):
//
//	hinge = mean of max(1 - y*p, 0)^2
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type SquaredHinge struct {
	// Name is the key in logs and in the history. The default is "squared_hinge".
	Name string `keras:"name,default=squared_hinge"`
}

// CategoricalHinge is the mean of the margins by which predictions p of the classes of one-hot targets y lack to exceed those of other classes
// (keras.metrics.CategoricalHinge):
//
//	hinge = mean of max(max((1-y)*p) - sum(y*p) + 1, 0)
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type CategoricalHinge struct {
	// Name is the key in logs and in the history. The default is "categorical_hinge".
	Name string `keras:"name,default=categorical_hinge"`
}

// HigherIsBetter implements Metric.
func (Hinge) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (SquaredHinge) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (CategoricalHinge) HigherIsBetter() (higher, known bool) { return false, true }

// Build implements Metric.
func (m Hinge) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m Hinge) loss.Loss { return loss.Hinge{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m SquaredHinge) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m SquaredHinge) loss.Loss { return loss.SquaredHinge{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m CategoricalHinge) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m CategoricalHinge) loss.Loss { return loss.CategoricalHinge{} }, yTrue, yPred, weights)
}
