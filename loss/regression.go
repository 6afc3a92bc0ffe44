package loss

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MeanSquaredError is the mean of the squared differences between predictions p and targets y
// (keras.losses.MeanSquaredError):
//
//	loss = mean over the last dimension of (p-y)^2
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredError struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "mean_squared_error".
	Name string `keras:"name,default=mean_squared_error"`
}

// MeanAbsoluteError is the mean of the absolute differences between predictions p and targets y
// (keras.losses.MeanAbsoluteError):
//
//	loss = mean over the last dimension of |p-y|
//
// The gradient at p = y is 0.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsoluteError struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "mean_absolute_error".
	Name string `keras:"name,default=mean_absolute_error"`
}

// MeanAbsolutePercentageError is the mean of the relative differences between predictions p and targets y, in
// percent (keras.losses.MeanAbsolutePercentageError):
//
//	loss = 100 * mean over the last dimension of |(y-p) / max(|y|, 1e-7)|
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsolutePercentageError struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "mean_absolute_percentage_error".
	Name string `keras:"name,default=mean_absolute_percentage_error"`
}

// MeanSquaredLogarithmicError is the mean of the squared differences between the logarithms of predictions p and
// targets y (keras.losses.MeanSquaredLogarithmicError):
//
//	loss = mean over the last dimension of (ln(max(p, 1e-7)+1) - ln(max(y, 1e-7)+1))^2
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredLogarithmicError struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "mean_squared_logarithmic_error".
	Name string `keras:"name,default=mean_squared_logarithmic_error"`
}

// Huber is the mean of a function of the differences between predictions p and targets y that is quadratic for small
// differences and linear for large ones (keras.losses.Huber):
//
//	loss = mean over the last dimension of h(p-y)
//	h(d) = d^2/2                      if |d| <= Delta
//	h(d) = Delta*|d| - Delta^2/2      otherwise
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ or Delta is out of range.
//
// Source: Huber, 1964 (Robust estimation of a location parameter).
type Huber struct {
	Defaults

	// Delta is the difference at which the function becomes linear. Greater than 0. The default is 1.
	Delta float64 `keras:"delta,default=1,above=0"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "huber_loss".
	Name string `keras:"name,default=huber_loss"`
}

// LogCosh is the mean of the logarithm of the hyperbolic cosine of the differences between predictions p and targets y
// (keras.losses.LogCosh):
//
//	loss = mean over the last dimension of ln(cosh(p-y))
//
// It is about (p-y)^2/2 for small differences, and |p-y| - ln(2) for large ones.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type LogCosh struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "log_cosh".
	Name string `keras:"name,default=log_cosh"`
}

// Poisson is the negative log-likelihood of counts y under Poisson distributions of means p, up to a
// constant (keras.losses.Poisson):
//
//	loss = mean over the last dimension of p - y*ln(p + 1e-7)
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type Poisson struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "poisson".
	Name string `keras:"name,default=poisson"`
}

// KLDivergence is the Kullback-Leibler divergence of the distribution p from the distribution y
// (keras.losses.KLDivergence):
//
//	loss = sum over the last dimension of y * ln(y/p)
//
// Targets and predictions are clipped to [1e-7, 1].
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if the shapes of targets and predictions differ.
type KLDivergence struct {
	Defaults

	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "kl_divergence".
	Name string `keras:"name,default=kl_divergence"`
}

// CosineSimilarity is the negative cosine of the angle between predictions p and targets y, from -1 for the same
// direction to 1 for opposite ones (keras.losses.CosineSimilarity):
//
//	loss = -sum over Axis of (y/|y|) * (p/|p|)
//
// A vector whose length is less than 1e-7 is divided by 1e-7.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: the shape of the predictions without the dimension Axis: (batch, ...).
//
// Build reports an error if Axis is out of range, or the shapes of targets and predictions differ.
type CosineSimilarity struct {
	Defaults

	// Axis is the dimension of the vectors: a dimension after the batch, where negative numbers count from the
	// last. The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "cosine_similarity".
	Name string `keras:"name,default=cosine_similarity"`
}

// Build implements Loss.
func (l MeanSquaredError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ MeanSquaredError, y, p *graph.Value) *graph.Value { return b.Square(b.Sub(p, y)) })
}

// Build implements Loss.
func (l MeanAbsoluteError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ MeanAbsoluteError, y, p *graph.Value) *graph.Value { return b.Abs(b.Sub(p, y)) })
}

// Build implements Loss.
func (l MeanAbsolutePercentageError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return b.Scale(meanOf(b, l, yTrue, yPred, func(_ MeanAbsolutePercentageError, y, p *graph.Value) *graph.Value {
		return b.Abs(b.Div(b.Sub(y, p), b.Max(b.Abs(y), b.Constant(y.DType, epsilon))))
	}), 100)
}

// Build implements Loss.
func (l MeanSquaredLogarithmicError) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ MeanSquaredLogarithmicError, y, p *graph.Value) *graph.Value {
		log := func(x *graph.Value) *graph.Value { return b.Log(b.Offset(b.Max(x, b.Constant(x.DType, epsilon)), 1)) }
		return b.Square(b.Sub(log(p), log(y)))
	})
}

// Build implements Loss.
func (l Huber) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(l Huber, y, p *graph.Value) *graph.Value {
		d := b.Sub(p, y)
		size := b.Abs(d)
		near := b.Binary(op.LessEqual, size, b.Constant(p.DType, l.Delta))
		return b.Select(near, b.Scale(b.Square(d), .5), b.Offset(b.Scale(size, l.Delta), -l.Delta*l.Delta/2))
	})
}

// Build implements Loss.
func (l LogCosh) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ LogCosh, y, p *graph.Value) *graph.Value {
		d := b.Sub(p, y)
		return b.Offset(b.Add(d, b.Softplus(b.Scale(d, -2))), -math.Ln2)
	})
}

// Build implements Loss.
func (l Poisson) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	return meanOf(b, l, yTrue, yPred, func(_ Poisson, y, p *graph.Value) *graph.Value {
		return b.Sub(p, b.Mul(y, b.Log(b.Offset(p, epsilon))))
	})
}

// Build implements Loss.
func (l KLDivergence) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	_, y, ok := ready(b, l, yTrue, yPred)
	if !ok {
		return b.Invalid()
	}
	y, p := b.Clip(y, epsilon, 1), b.Clip(yPred, epsilon, 1)
	return b.Sum(b.Mul(y, b.Log(b.Div(y, p))), p.Rank()-1)
}

// Build implements Loss.
func (l CosineSimilarity) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axis := axisOf(b, l.Axis, yPred)
	if !ok || axis < 0 {
		return b.Invalid()
	}
	unit := func(x *graph.Value) *graph.Value {
		length := b.Max(b.SumKeep(b.Square(x), axis), b.Constant(x.DType, epsilon*epsilon))
		return b.Div(x, b.Sqrt(length))
	}
	return b.Neg(b.Sum(b.Mul(unit(y), unit(yPred)), axis))
}

// meanOf adds the mean over the last dimension of a function of targets and predictions. The function gets the loss
// with its defaults.
func meanOf[L Loss](b *graph.Builder, l L, yTrue, yPred *graph.Value, of func(l L, y, p *graph.Value) *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	if !ok {
		return b.Invalid()
	}
	return b.Mean(of(l, y, yPred), yPred.Rank()-1)
}
