package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/targets"
)

// Equality is the fraction of predictions p that equal their targets y (keras.metrics.Accuracy):
//
//	accuracy = mean of (y == p)
//
// It is for predictions that are class indices. The string "accuracy" in Keras' compile does not mean this class: see
// Accuracy.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type Equality struct {
	// Name is the key in logs and in the history. The default is "accuracy".
	Name string `keras:"name,default=accuracy"`
}

// HigherIsBetter implements Metric.
func (Equality) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m Equality) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if _, ok := Ready(b, m); !ok || !y.Valid() {
		return b.Invalid()
	}
	return Mean(b, matches(b, y, yPred), weights)
}
