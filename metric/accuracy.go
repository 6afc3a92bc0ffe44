package metric

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Accuracy is Keras' metric "accuracy": the form of accuracy that goes with the shapes of
// labels and predictions. One output is BinaryAccuracy; class numbers as labels are
// SparseCategoricalAccuracy; else it is CategoricalAccuracy.
type Accuracy struct {
	Name string // empty: "accuracy"
}

// BinaryAccuracy is how often predictions on the right side of a threshold match labels
// that are 0 or 1 (keras.metrics.BinaryAccuracy).
type BinaryAccuracy struct {
	Threshold *float64 `keras:"threshold,default=0.5"` // predictions greater than this are 1
	Name      string   `keras:"name,default=binary_accuracy"`
}

// CategoricalAccuracy is how often the greatest prediction is where the greatest label is,
// for labels that are one-hot rows (keras.metrics.CategoricalAccuracy).
type CategoricalAccuracy struct {
	Name string `keras:"name,default=categorical_accuracy"`
}

// SparseCategoricalAccuracy is how often the index of the greatest prediction is the label,
// for labels that are class numbers (keras.metrics.SparseCategoricalAccuracy).
type SparseCategoricalAccuracy struct {
	Name string `keras:"name,default=sparse_categorical_accuracy"`
}

// Class implements Metric.
func (Accuracy) Class() string { return "" }

// Class implements Metric.
func (BinaryAccuracy) Class() string { return "BinaryAccuracy" }

// Class implements Metric.
func (CategoricalAccuracy) Class() string { return "CategoricalAccuracy" }

// Class implements Metric.
func (SparseCategoricalAccuracy) Class() string { return "SparseCategoricalAccuracy" }

// Named implements Metric.
func (m Accuracy) Named() string { return cmp.Or(m.Name, "accuracy") }

// Named implements Metric.
func (m BinaryAccuracy) Named() string { return filled(m).Name }

// Named implements Metric.
func (m CategoricalAccuracy) Named() string { return filled(m).Name }

// Named implements Metric.
func (m SparseCategoricalAccuracy) Named() string { return filled(m).Name }

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

// Config implements Metric.
func (m BinaryAccuracy) Config() map[string]any { return ConfigOf(m) }

// Config implements Metric.
func (m CategoricalAccuracy) Config() map[string]any { return ConfigOf(m) }

// Config implements Metric.
func (m SparseCategoricalAccuracy) Config() map[string]any { return ConfigOf(m) }

// Resolve returns the form of accuracy that Keras would take for labels and predictions of
// these shapes.
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

// matches is 1 where x and y are equal and 0 elsewhere.
func matches(b *graph.Builder, x, y *graph.Value) *graph.Value {
	return b.Cast(b.Binary(op.Equal, x, y), tensor.Float32)
}
