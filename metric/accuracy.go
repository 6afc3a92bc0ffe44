package metric

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Accuracy is the metric that Keras selects for the string "accuracy" in keras.Model.compile. The
// shapes of targets and predictions determine which metric it is:
//
//	predictions (batch, ..., 1)                     BinaryAccuracy
//	targets (batch, ...) or (batch, ..., 1)         SparseCategoricalAccuracy
//	targets (batch, ..., classes)                   CategoricalAccuracy
//
// The first row that matches applies. The result, a scalar, and the errors that Build reports are
// those of the selected metric.
type Accuracy struct {
	// Name is the key in logs and in the history. The default is "accuracy".
	Name string
}

// BinaryAccuracy is the fraction of correct predictions p for targets y, which are 0 or 1. A
// prediction counts as 1 if it is above a threshold, and as 0 otherwise
// (keras.metrics.BinaryAccuracy):
//
//	accuracy = mean of (y == (1 if p > Threshold, else 0))
//
// This is first the mean over the predictions of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or Threshold is not
// finite.
type BinaryAccuracy struct {
	// Threshold is the number above which a prediction counts as 1. Any finite number. The default,
	// nil, is 0.5.
	Threshold *float64 `keras:"threshold,default=0.5"`
	// Name is the key in logs and in the history. The default is "binary_accuracy".
	Name string `keras:"name,default=binary_accuracy"`
}

// CategoricalAccuracy is the fraction of examples for which the prediction p is highest at the
// class of the one-hot target y (keras.metrics.CategoricalAccuracy):
//
//	accuracy = mean of (argmax(y) == argmax(p))
//
// Targets: (batch, ..., classes).
// Predictions: (batch, ..., classes).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type CategoricalAccuracy struct {
	// Name is the key in logs and in the history. The default is "categorical_accuracy".
	Name string `keras:"name,default=categorical_accuracy"`
}

// SparseCategoricalAccuracy is the fraction of examples for which the prediction p is highest at
// the target y, a class index (keras.metrics.SparseCategoricalAccuracy):
//
//	accuracy = mean of (y == argmax(p))
//
// Targets: (batch, ...) or (batch, ..., 1), class indices.
// Predictions: (batch, ..., classes).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes do not match or the number of classes is unknown.
type SparseCategoricalAccuracy struct {
	// Name is the key in logs and in the history. The default is
	// "sparse_categorical_accuracy".
	Name string `keras:"name,default=sparse_categorical_accuracy"`
}

// Class implements Metric.
func (Accuracy) Class() string { return "" }

// Named implements Metric.
func (m Accuracy) Named() string { return cmp.Or(m.Name, "accuracy") }

// HigherIsBetter implements Metric.
func (Accuracy) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (BinaryAccuracy) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (CategoricalAccuracy) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (SparseCategoricalAccuracy) HigherIsBetter() (higher, known bool) { return true, true }

// Config implements Metric.
func (Accuracy) Config() map[string]any { return nil }

// Resolve returns the metric that Keras selects for targets and predictions of these shapes.
func (Accuracy) Resolve(yTrue, yPred tensor.Shape) Metric {
	n, m := len(yTrue), len(yPred)
	last := func(s tensor.Shape) int {
		if len(s) == 0 {
			return tensor.Unknown
		}
		return s[len(s)-1]
	}
	switch {
	case last(yPred) == 1:
		return BinaryAccuracy{}
	case n < m, last(yTrue) == 1 && last(yPred) > 1:
		return SparseCategoricalAccuracy{}
	}
	return CategoricalAccuracy{}
}

// Build implements Metric.
func (m Accuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	if !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	return m.Resolve(yTrue.Shape, yPred.Shape).Build(b, yTrue, yPred, weights)
}

// Build implements Metric.
func (m BinaryAccuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if _, ok := Ready(b, m); !ok || !y.Valid() {
		return b.Invalid()
	}
	p := b.Binary(op.Greater, yPred, b.Constant(yPred.DType, *filled(m).Threshold))
	return Mean(b, matches(b, y, b.Cast(p, y.DType)), weights)
}

// Build implements Metric.
func (m CategoricalAccuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if !y.Valid() {
		return b.Invalid()
	}
	if y.Rank() < 2 {
		return b.Errorf("targets have shape %v, want (batch, ..., classes)", yTrue.Shape)
	}
	return Mean(b, matches(b, b.ArgMax(y), b.ArgMax(yPred)), weights)
}

// Build implements Metric.
func (m SparseCategoricalAccuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Sparse(b, yTrue, yPred)
	if !y.Valid() {
		return b.Invalid()
	}
	return Mean(b, matches(b, y, b.ArgMax(yPred)), weights)
}

// matches returns 1 where x and y are equal, and 0 elsewhere.
func matches(b *graph.Builder, x, y *graph.Value) *graph.Value {
	return b.Cast(b.Binary(op.Equal, x, y), tensor.Float32)
}
