package loss

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Dice is the Dice loss of masks y, which are 0 or 1, and probabilities p (keras.losses.Dice):
//
//	loss = 1 - 2*sum(y*p) / (sum(y) + sum(p) + 1e-7)
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: the shape of the predictions without the dimensions Axis. By default, a scalar.
//
// Example weights multiply the loss of the whole batch, so they can only be used if Axis does not contain the batch,
// or with a reduction that is a mean.
//
// Build reports an error if Axis is invalid, or the shapes of targets and predictions differ.
//
// Source: Milletari et al., 2016 (arXiv:1606.04797).
type Dice struct {
	// Axis has the dimensions over which the sums go; negative numbers count from the last. For example, {1, 2, 3}
	// gives a loss for each image of (batch, height, width, channels). The default, nil, is all dimensions: one
	// loss for the whole batch.
	Axis []int `keras:"axis"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "dice".
	Name string `keras:"name,default=dice"`
}

// Tversky is the Tversky loss of masks y, which are 0 or 1, and probabilities p (keras.losses.Tversky):
//
//	loss = 1 - sum(y*p) / (sum(y*p) + Alpha*sum(y*(1-p)) + Beta*sum((1-y)*p) + 1e-7)
//
// With Alpha and Beta 0.5, it is the Dice loss. Keras' documentation exchanges the roles of Alpha and Beta; its code
// computes this formula.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: the shape of the predictions without the dimensions Axis. By default, a scalar.
//
// Example weights multiply the loss of the whole batch, so they can only be used if Axis does not contain the batch,
// or with a reduction that is a mean.
//
// Build reports an error if Axis is invalid, Alpha or Beta is not finite, or the shapes of targets and predictions
// differ.
//
// Source: Salehi et al., 2017 (arXiv:1706.05721).
type Tversky struct {
	// Alpha is the weight of missed pixels, where y is 1 and p is 0. The default, nil, is 0.5.
	Alpha *float64 `keras:"alpha,default=0.5"`
	// Beta is the weight of false pixels, where y is 0 and p is 1. The default, nil, is 0.5.
	Beta *float64 `keras:"beta,default=0.5"`
	// Axis has the dimensions over which the sums go; negative numbers count from the last. For example, {1, 2, 3}
	// gives a loss for each image of (batch, height, width, channels). The default, nil, is all dimensions: one
	// loss for the whole batch.
	Axis []int `keras:"axis"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "tversky".
	Name string `keras:"name,default=tversky"`
}

// Target implements Loss. Targets are 0 or 1, of the type of the predictions.
func (Dice) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss. Targets are 0 or 1, of the type of the predictions.
func (Tversky) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Takes implements Loss.
func (Dice) Takes() Predictions { return Predictions{Of: Independent} }

// Takes implements Loss.
func (Tversky) Takes() Predictions { return Predictions{Of: Independent} }

// Build implements Loss.
func (l Dice) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axes, valid := axesOf(b, l.Axis, yPred)
	if !ok || !valid {
		return b.Invalid()
	}
	both := b.Sum(b.Mul(y, yPred), axes...)
	all := b.Offset(b.Add(b.Sum(y, axes...), b.Sum(yPred, axes...)), epsilon)
	return b.Sub(b.Constant(yPred.DType, 1), b.Div(b.Scale(both, 2), all))
}

// Build implements Loss.
func (l Tversky) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axes, valid := axesOf(b, l.Axis, yPred)
	if !ok || !valid {
		return b.Invalid()
	}
	one := b.Constant(yPred.DType, 1)
	both := b.Sum(b.Mul(y, yPred), axes...)
	missed := b.Sum(b.Mul(b.Sub(one, yPred), y), axes...)
	wrong := b.Sum(b.Mul(yPred, b.Sub(one, y)), axes...)
	all := b.Offset(b.Add(both, b.Add(b.Scale(missed, *l.Alpha), b.Scale(wrong, *l.Beta))), epsilon)
	return b.Sub(one, b.Div(both, all))
}

// axesOf returns the indices of the dimensions axes of the predictions, in ascending order; all if axes is nil. ok is
// false, and an error is reported, if one of them does not exist or is a duplicate.
func axesOf(b *graph.Builder, axes []int, yPred *graph.Value) (list []int, ok bool) {
	if !yPred.Valid() {
		return nil, false
	}
	n := yPred.Rank()
	for _, a := range axes {
		if a < 0 {
			a += n
		}
		if a < 0 || a >= n || slices.Contains(list, a) {
			b.Errorf("Axis is %v for predictions of shape %v, want different dimensions from %d to %d", axes, yPred.Shape, -n, n-1)
			return nil, false
		}
		list = append(list, a)
	}
	slices.Sort(list)
	return list, true
}
