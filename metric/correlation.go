package metric

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
)

// PearsonCorrelation is the mean of Pearson's correlations between predictions p and targets y
// (keras.metrics.PearsonCorrelation):
//
//	r = mean over Axis of (y-mean(y))/std(y) * (p-mean(p))/std(p)
//
// Means and standard deviations are those along Axis.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or Axis is invalid.
type PearsonCorrelation struct {
	// Axis has the dimensions along which correlations are computed; negative numbers count from the last. The
	// default, nil, is {-1}, the last.
	Axis []int `keras:"axis,default=-1"`
	// Name is the key in logs and in the history. The default is "pearson_correlation".
	Name string `keras:"name,default=pearson_correlation"`
}

// ConcordanceCorrelation is the mean of Lin's concordance correlations between predictions p and targets y, as Keras
// computes them (keras.metrics.ConcordanceCorrelation):
//
//	c = mean over Axis of 2*(y-mean(p))*(p-mean(p)) / (var(y) + var(p) + (mean(y)-mean(p))^2 + 1e-7)
//
// Means and variances are those along Axis.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or Axis is invalid.
type ConcordanceCorrelation struct {
	// Axis has the dimensions along which correlations are computed; negative numbers count from the last. The
	// default, nil, is {-1}, the last.
	Axis []int `keras:"axis,default=-1"`
	// Name is the key in logs and in the history. The default is "concordance_correlation".
	Name string `keras:"name,default=concordance_correlation"`
}

// HigherIsBetter implements Metric.
func (PearsonCorrelation) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (ConcordanceCorrelation) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m PearsonCorrelation) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return correlation(b, m.Axis, yTrue, yPred, weights, func(y, p *graph.Value, axes []int) *graph.Value {
		unit := func(x *graph.Value) *graph.Value {
			d := b.Sub(x, meanKeep(b, x, axes))
			return b.Div(d, b.Sqrt(meanKeep(b, b.Square(b.Sub(d, meanKeep(b, d, axes))), axes)))
		}
		return b.Mul(unit(y), unit(p))
	})
}

// Build implements Metric.
func (m ConcordanceCorrelation) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return correlation(b, m.Axis, yTrue, yPred, weights, func(y, p *graph.Value, axes []int) *graph.Value {
		my, mp := meanKeep(b, y, axes), meanKeep(b, p, axes)
		variance := func(d *graph.Value) *graph.Value {
			return meanKeep(b, b.Square(b.Sub(d, meanKeep(b, d, axes))), axes)
		}
		norm := b.Add(b.Add(variance(b.Sub(y, my)), variance(b.Sub(p, mp))), b.Square(b.Sub(my, mp)))
		return b.Div(b.Scale(b.Mul(b.Sub(y, mp), b.Sub(p, mp)), 2), b.Offset(norm, epsilon))
	})
}

// correlation adds the running mean of the means of a function along axes.
func correlation(b *graph.Builder, axes []int, yTrue, yPred, weights *graph.Value, of func(y, p *graph.Value, axes []int) *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if !y.Valid() {
		return b.Invalid()
	}
	n := y.Rank()
	var list []int
	for _, a := range axes {
		if a < 0 {
			a += n
		}
		if a < 0 || a >= n || slices.Contains(list, a) {
			return b.Errorf("Axis is %v for predictions of shape %v, want different dimensions from %d to %d", axes, yPred.Shape, -n, n-1)
		}
		list = append(list, a)
	}
	slices.Sort(list)
	return Mean(b, b.Mean(of(y, yPred, list), list...), weights)
}

// meanKeep is the mean along axes, which are kept with size 1.
func meanKeep(b *graph.Builder, x *graph.Value, axes []int) *graph.Value {
	return b.Div(b.Op(op.Reduce{Fn: op.ReduceSum, Axes: axes, KeepDims: true}, x), b.Size(x, axes...))
}
