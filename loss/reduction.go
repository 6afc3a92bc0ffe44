package loss

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// Reduction says how the numbers that Build returns become the loss that training minimizes
// (Keras' argument reduction).
type Reduction string

// The reductions. In Keras, None can also be written as the value None.
const (
	// SumOverBatchSize is the sum of the weighted numbers, divided by their count. It is the default.
	SumOverBatchSize Reduction = "sum_over_batch_size"
	// Mean is another name for SumOverBatchSize.
	Mean Reduction = "mean"
	// Sum is the sum of the weighted numbers.
	Sum Reduction = "sum"
	// MeanWithSampleWeight is the sum of the weighted numbers, divided by the sum of the weights.
	MeanWithSampleWeight Reduction = "mean_with_sample_weight"
	// None keeps the weighted numbers. As in Keras, training then minimizes their sum and logs their mean.
	None Reduction = "none"
)

var reductions = []Reduction{SumOverBatchSize, Sum, MeanWithSampleWeight, Mean, None}

// reductionType describes how a Reduction is written in a config.
var reductionType = config.TypeOf(
	func(r Reduction) any { return string(r) },
	func(r *config.Reader, key string, v any) (Reduction, bool) {
		s, ok := v.(string)
		if s == "auto" { // Keras 2
			return "", false
		}
		if !ok || !slices.Contains(reductions, Reduction(s)) {
			r.Errorf("%s is %s, want %s", key, config.Show(v), reductionNames())
			return "", false
		}
		return Reduction(s), true
	},
	func(r Reduction) error {
		if !slices.Contains(reductions, r) {
			return fmt.Errorf("%q is no reduction, want %s", string(r), reductionNames())
		}
		return nil
	},
	func(s string) Reduction { return Reduction(s) },
)

func reductionNames() string {
	names := make([]string, len(reductions))
	for i, r := range reductions {
		names[i] = string(r)
	}
	return "one of " + strings.Join(names, ", ")
}

// ReductionOf returns the reduction of a loss, which is the key "reduction" of its config. The default is
// SumOverBatchSize.
func ReductionOf(l Loss) Reduction {
	if r, ok := ConfigOf(l)["reduction"].(string); ok {
		return Reduction(r)
	}
	return SumOverBatchSize
}

// Masked is a Loss that leaves some of its numbers out of the mean, such as those of an ignored class.
type Masked interface {
	Loss
	// Mask returns a Bool of the shape of losses, the result of Build. It is false for the numbers that
	// are left out. If it is nil, no number is left out.
	Mask(b *graph.Builder, yTrue, yPred, losses *graph.Value) *graph.Value
}

// maskOf returns the mask of a loss as numbers of the type of losses, or nil if there is none.
func maskOf(b *graph.Builder, l Loss, yTrue, yPred, losses *graph.Value) *graph.Value {
	if m, ok := l.(Masked); ok {
		if mask := m.Mask(b, yTrue, yPred, losses); mask != nil {
			return b.Cast(mask, losses.DType)
		}
	}
	return nil
}

// Reduce applies example weights and the reduction to losses, the result of l.Build, as calling a
// keras.losses.Loss does. The result is a scalar, except with the reduction None.
//
// weights have the shape (batch,), or (batch, ...) with dimensions that are those of losses, or 1. If they are
// nil, all are 1. If losses is the loss of a whole batch, which does not have the dimension batch, it is
// multiplied by each of the weights.
func Reduce(b *graph.Builder, l Loss, yTrue, yPred, losses, weights *graph.Value) *graph.Value {
	if !losses.Valid() || weights != nil && !weights.Valid() {
		return b.Invalid()
	}
	v, by := losses, maskOf(b, l, yTrue, yPred, losses)
	masked := by
	if weights != nil {
		w := alignedTo(b, weights, losses.Rank())
		if by != nil {
			by = b.Mul(by, w)
		} else {
			by = w
		}
	}
	if by != nil {
		v = b.Mul(v, by)
	}
	if !v.Valid() || v.Rank() == 0 {
		return v
	}
	switch ReductionOf(l) {
	case None:
		return v
	case Sum:
		return b.Sum(v)
	case MeanWithSampleWeight:
		if by != nil {
			return ratio(b, b.Sum(v), b.Sum(b.BroadcastLike(by, v)))
		}
	default:
		if masked != nil {
			return ratio(b, b.Sum(v), b.Sum(masked))
		}
	}
	return b.Mean(v)
}

// Samples returns what the mean of a loss over an epoch is computed from when the loss is a metric: the
// result of Build and, in weights, the product of the given weights and of the mask of the loss. weights may
// be nil; as in Keras, the mask is then not applied.
func Samples(b *graph.Builder, l Loss, yTrue, yPred, weights *graph.Value) (losses, weighted *graph.Value) {
	losses = l.Build(b, yTrue, yPred)
	if !losses.Valid() || weights == nil {
		return losses, weights
	}
	if mask := maskOf(b, l, yTrue, yPred, losses); mask != nil {
		weights = b.Mul(mask, alignedTo(b, weights, losses.Rank()))
	}
	return losses, weights
}

// ratio is x/y, or 0 where y is 0.
func ratio(b *graph.Builder, x, y *graph.Value) *graph.Value {
	zero := b.Constant(y.DType, 0)
	one := b.Constant(y.DType, 1)
	none := b.Binary(op.Equal, y, zero)
	return b.Select(none, zero, b.Div(x, b.Select(none, one, y)))
}

// alignedTo appends dimensions of size 1 to weights, up to the given rank. A last dimension of size 1 that is one
// too many is removed.
func alignedTo(b *graph.Builder, weights *graph.Value, rank int) *graph.Value {
	shape := weights.Shape.Clone()
	if n := len(shape); n == rank+1 && n > 1 && shape[n-1] == 1 {
		return b.Reshape(weights, shape[:n-1]...)
	}
	if rank == 0 || len(shape) == rank {
		return weights
	}
	if len(shape) > rank {
		return b.Errorf("weights have shape %v, want at most the %d dimensions of the loss", shape, rank)
	}
	for len(shape) < rank {
		shape = append(shape, 1)
	}
	return b.Reshape(weights, shape...)
}
