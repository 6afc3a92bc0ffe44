package metric

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Aggregation says how the scores of several outputs become one (Keras' argument class_aggregation).
type Aggregation string

// The aggregations. NoAggregation is Keras' None: the result is a vector.
const (
	UniformAverage          Aggregation = "uniform_average"           // the mean; the default
	VarianceWeightedAverage Aggregation = "variance_weighted_average" // weighted by the variances of the targets
	NoAggregation           Aggregation = "none"
)

// aggregationType describes how an Aggregation is written in a config: NoAggregation is null.
var aggregationType = choices("class_aggregation", NoAggregation, UniformAverage, VarianceWeightedAverage, NoAggregation)

// R2Score is the coefficient of determination of predictions p for targets y (keras.metrics.R2Score):
//
//	r2 = 1 - sum of w*(y-p)^2 / sum of w*(y-mean(y))^2
//
// The sums are over the examples of the epoch, w are their weights, and mean(y) is the weighted mean. A score that is
// infinite, because the targets are all equal, is 0. With NumRegressors k and n numbers in the targets, the result is
// 1 - (1-r2)*(n-1)/(n-k-1) if k < n-1.
//
// Targets: (batch, outputs), or (batch,) if there is one output.
// Predictions: (batch, outputs).
// Result: a scalar, or a vector of the scores of the outputs with NoAggregation.
//
// Build reports an error if a field is invalid, the shapes of targets and predictions differ or do not have 2
// dimensions, or the number of outputs is unknown.
type R2Score struct {
	// Aggregation says how the scores of the outputs become one. The default is UniformAverage.
	Aggregation Aggregation `keras:"class_aggregation,default=uniform_average"`
	// NumRegressors is the number k of independent variables, for the adjusted score. At least 0. The default is 0: the
	// plain score.
	NumRegressors int `keras:"num_regressors,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "r2_score".
	Name string `keras:"name,default=r2_score"`
}

// HigherIsBetter implements Metric.
func (R2Score) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m R2Score) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	y := targets.Dense(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	if y.Rank() != 2 || yPred.Shape[1] == tensor.Unknown {
		return b.Errorf("predictions have shape %v, want (batch, outputs)", yPred.Shape)
	}
	w := b.BroadcastLike(b.Constant(tensor.Float32, 1), y)
	if weights != nil {
		w = b.BroadcastLike(spread(b, weights, 2), y)
	}
	wy := b.Mul(y, w)
	sum := accumulate(b, "sum", b.Sum(wy, 0))
	squares := accumulate(b, "squared_sum", b.Sum(b.Mul(y, wy), 0))
	rest := accumulate(b, "residual", b.Sum(b.Mul(b.Square(b.Sub(y, yPred)), w), 0))
	count := accumulate(b, "count", b.Sum(w, 0))
	n := accumulate(b, "num_samples", b.Size(y))
	total := b.Sub(squares, b.Mul(sum, b.Div(sum, count)))
	one, zero := b.Constant(tensor.Float32, 1), b.Constant(tensor.Float32, 0)
	score := b.Sub(one, b.Div(rest, total))
	infinite := b.Binary(op.Greater, b.Abs(score), b.Constant(tensor.Float32, math.MaxFloat32))
	score = b.Select(infinite, zero, score)
	switch m.Aggregation {
	case UniformAverage:
		score = b.Mean(score)
	case VarianceWeightedAverage:
		score = b.Div(b.Sum(b.Mul(total, score)), b.Sum(total))
	}
	if k := float64(m.NumRegressors); k > 0 {
		adjusted := b.Sub(one, b.Div(b.Mul(b.Sub(one, score), b.Offset(n, -1)), b.Offset(n, -k-1)))
		score = b.Select(b.Binary(op.Less, b.Constant(tensor.Float32, k+1), n), adjusted, score)
	}
	return score
}
