package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Hinge is the mean of the margins that predictions p lack to targets y (keras.losses.Hinge):
//
//	loss = mean over the last dimension of max(1 - y*p, 0)
//
// Targets are -1 or 1. If all targets of a batch are 0 or 1, they are converted to -1 and 1.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type Hinge struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "hinge".
	Name string `keras:"name,default=hinge"`
}

// SquaredHinge is the mean of the squared margins that predictions p lack to targets y (keras.losses.SquaredHinge):
//
//	loss = mean over the last dimension of max(1 - y*p, 0)^2
//
// Targets are -1 or 1. If all targets of a batch are 0 or 1, they are converted to -1 and 1.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type SquaredHinge struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "squared_hinge".
	Name string `keras:"name,default=squared_hinge"`
}

// CategoricalHinge is the margin by which the prediction of the target's class lacks to exceed those of the other
// classes (keras.losses.CategoricalHinge). For one-hot targets y and predictions p:
//
//	loss = max(max((1-y)*p) - sum(y*p) + 1, 0)
//
// Maximum and sum are over the last dimension.
//
// Targets: (batch, ..., classes), one-hot.
// Predictions: (batch, ..., classes).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type CategoricalHinge struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "categorical_hinge".
	Name string `keras:"name,default=categorical_hinge"`
}

// Build implements Loss.
func (l Hinge) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ Hinge, y, p *graph.Value) *graph.Value { return lacks(b, y, p) })
}

// Build implements Loss.
func (l SquaredHinge) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ SquaredHinge, y, p *graph.Value) *graph.Value { return b.Square(lacks(b, y, p)) })
}

// Takes implements Loss. It returns Scores.
func (CategoricalHinge) Takes() Predictions { return Predictions{Of: Scores} }

// Build implements Loss.
func (l CategoricalHinge) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	_, y, ok := ready(b, l, yTrue, yPred)
	if !ok {
		return b.Invalid()
	}
	last := yPred.Rank() - 1
	own := b.Sum(b.Mul(y, yPred), last)
	other := b.ReduceMax(b.Mul(b.Sub(b.Constant(y.DType, 1), y), yPred), last)
	return b.Max(b.Offset(b.Sub(other, own), 1), b.Constant(y.DType, 0))
}

// lacks is max(1 - y*p, 0), where y is converted to -1 and 1 if it is 0 or 1 throughout the batch.
func lacks(b *graph.Builder, y, p *graph.Value) *graph.Value {
	is := func(x float64) *graph.Value {
		return b.Cast(b.Binary(op.Equal, y, b.Constant(y.DType, x)), tensor.Float32)
	}
	neither := b.Sum(b.Sub(b.Constant(tensor.Float32, 1), b.Add(is(0), is(1))))
	binary := b.Binary(op.Equal, neither, b.Constant(tensor.Float32, 0))
	y = b.Select(binary, b.Offset(b.Scale(y, 2), -1), y)
	return b.Max(b.Sub(b.Constant(p.DType, 1), b.Mul(y, p)), b.Constant(p.DType, 0))
}
