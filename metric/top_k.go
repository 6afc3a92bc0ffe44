package metric

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// TopKCategoricalAccuracy is the fraction of examples for which the class of the one-hot target y is among those of the
// K highest predictions p (keras.metrics.TopKCategoricalAccuracy):
//
//	accuracy = mean of (number of j with p[j] > p[argmax(y)] is less than K)
//
// A target is among the K highest if fewer than K predictions of the example are higher than its own. If a prediction is
// not finite, no target is, as in TensorFlow.
//
// Targets: (batch, ..., classes).
// Predictions: (batch, ..., classes).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ, the number of classes is unknown, or K is out of range.
type TopKCategoricalAccuracy struct {
	// K is the number of predictions that count. The default is 5.
	K int `keras:"k,default=5,count"`
	// Name is the key in logs and in the history. The default is "top_k_categorical_accuracy".
	Name string `keras:"name,default=top_k_categorical_accuracy"`
}

// SparseTopKCategoricalAccuracy is the fraction of examples for which the target y, a class index, is among the classes
// of the K highest predictions p (keras.metrics.SparseTopKCategoricalAccuracy):
//
//	accuracy = mean of (number of j with p[j] > p[y] is less than K)
//
// A target is among the K highest if fewer than K predictions of the example are higher than its own. If a prediction is
// not finite, no target is, as in TensorFlow.
//
// Targets: (batch, ...) or (batch, ..., 1), class indices.
// Predictions: (batch, ..., classes).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes do not match, the number of classes is unknown, or K is out of range.
type SparseTopKCategoricalAccuracy struct {
	// K is the number of predictions that count. The default is 5.
	K int `keras:"k,default=5,count"`
	// FromSortedIDs means that predictions are class indices, the most probable class first. The default is false.
	FromSortedIDs bool `keras:"from_sorted_ids,omitempty"`
	// Name is the key in logs and in the history. The default is "sparse_top_k_categorical_accuracy".
	Name string `keras:"name,default=sparse_top_k_categorical_accuracy"`
}

// HigherIsBetter implements Metric.
func (TopKCategoricalAccuracy) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (SparseTopKCategoricalAccuracy) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m TopKCategoricalAccuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	y := targets.Dense(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	if n := y.Rank(); n < 2 || y.Shape[n-1] == tensor.Unknown {
		return b.Errorf("targets have shape %v, want (batch, ..., classes)", yTrue.Shape)
	}
	return Mean(b, inTopK(b, b.ArgMax(y), yPred, m.K), weights)
}

// Build implements Metric.
func (m SparseTopKCategoricalAccuracy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	y := targets.Sparse(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	if !m.FromSortedIDs {
		return Mean(b, inTopK(b, y, yPred, m.K), weights)
	}
	n := yPred.Rank()
	begin, size := make([]int, n), make([]int, n)
	for d := range size {
		size[d] = tensor.Unknown
	}
	size[n-1] = min(m.K, yPred.Shape[n-1])
	first := b.Slice(yPred, begin, size)
	hit := matches(b, first, b.Reshape(b.Cast(y, yPred.DType), append(y.Shape.Clone(), 1)...))
	return Mean(b, b.ReduceMax(hit, n-1), weights)
}

// inTopK returns 1 where fewer than k predictions are higher than that of the class, and 0 elsewhere.
func inTopK(b *graph.Builder, class, p *graph.Value, k int) *graph.Value {
	last := p.Rank() - 1
	zero := b.Constant(tensor.Float32, 0)
	is := b.OneHot(class, p.Shape[last], tensor.Float32)
	own := b.SumKeep(b.Select(b.Binary(op.Greater, is, zero), p, zero), last)
	higher := b.Sum(b.Cast(b.Binary(op.Greater, p, own), tensor.Float32), last)
	in := b.Cast(b.Binary(op.Less, higher, b.Constant(tensor.Float32, float64(k))), tensor.Float32)
	finite := b.Cast(b.Binary(op.LessEqual, b.Sum(b.Abs(p), last), b.Constant(tensor.Float32, math.MaxFloat32)), tensor.Float32)
	return b.Mul(b.Mul(in, finite), b.Sum(is, last)) // the sum is 0 for an index that is no class
}
