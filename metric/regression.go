package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/loss"
)

// MeanSquaredError is the mean of the squared differences between predictions p and targets y
// (keras.metrics.MeanSquaredError):
//
//	mse = mean of (p-y)^2
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredError struct {
	// Name is the key in logs and in the history. The default is "mean_squared_error".
	Name string `keras:"name,default=mean_squared_error"`
}

// MeanAbsoluteError is the mean of the absolute differences between predictions p and targets y
// (keras.metrics.MeanAbsoluteError):
//
//	mae = mean of |p-y|
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsoluteError struct {
	// Name is the key in logs and in the history. The default is "mean_absolute_error".
	Name string `keras:"name,default=mean_absolute_error"`
}

// MeanAbsolutePercentageError is the mean of the relative differences between predictions p and targets y, in percent
// (keras.metrics.MeanAbsolutePercentageError):
//
//	mape = 100 * mean of |(y-p) / max(|y|, 1e-7)|
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanAbsolutePercentageError struct {
	// Name is the key in logs and in the history. The default is "mean_absolute_percentage_error".
	Name string `keras:"name,default=mean_absolute_percentage_error"`
}

// MeanSquaredLogarithmicError is the mean of the squared differences between the logarithms of predictions p and targets y
// (keras.metrics.MeanSquaredLogarithmicError):
//
//	msle = mean of (ln(max(p, 1e-7)+1) - ln(max(y, 1e-7)+1))^2
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type MeanSquaredLogarithmicError struct {
	// Name is the key in logs and in the history. The default is "mean_squared_logarithmic_error".
	Name string `keras:"name,default=mean_squared_logarithmic_error"`
}

// LogCoshError is the mean of the logarithm of the hyperbolic cosine of the differences between predictions p and targets y
// (keras.metrics.LogCoshError):
//
//	logcosh = mean of ln(cosh(p-y))
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type LogCoshError struct {
	// Name is the key in logs and in the history. The default is "logcosh".
	Name string `keras:"name,default=logcosh"`
}

// Poisson is the mean negative log-likelihood of counts y under Poisson distributions of means p, up to a constant
// (keras.metrics.Poisson):
//
//	poisson = mean of p - y*ln(p + 1e-7)
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type Poisson struct {
	// Name is the key in logs and in the history. The default is "poisson".
	Name string `keras:"name,default=poisson"`
}

// KLDivergence is the mean of the Kullback-Leibler divergences of predicted distributions p from distributions y
// (keras.metrics.KLDivergence):
//
//	kl = mean of the sum over the last dimension of y * ln(y/p)
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type KLDivergence struct {
	// Name is the key in logs and in the history. The default is "kl_divergence".
	Name string `keras:"name,default=kl_divergence"`
}

// HigherIsBetter implements Metric.
func (MeanSquaredError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (MeanAbsoluteError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (MeanAbsolutePercentageError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (MeanSquaredLogarithmicError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (LogCoshError) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (Poisson) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (KLDivergence) HigherIsBetter() (higher, known bool) { return false, true }

// Build implements Metric.
func (m MeanSquaredError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m MeanSquaredError) loss.Loss { return loss.MeanSquaredError{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m MeanAbsoluteError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m MeanAbsoluteError) loss.Loss { return loss.MeanAbsoluteError{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m MeanAbsolutePercentageError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m MeanAbsolutePercentageError) loss.Loss { return loss.MeanAbsolutePercentageError{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m MeanSquaredLogarithmicError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m MeanSquaredLogarithmicError) loss.Loss { return loss.MeanSquaredLogarithmicError{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m LogCoshError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m LogCoshError) loss.Loss { return loss.LogCosh{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m Poisson) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m Poisson) loss.Loss { return loss.Poisson{} }, yTrue, yPred, weights)
}

// Build implements Metric.
func (m KLDivergence) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m KLDivergence) loss.Loss { return loss.KLDivergence{} }, yTrue, yPred, weights)
}

// CosineSimilarity is the mean cosine of the angles between predictions p and targets y
// (keras.metrics.CosineSimilarity):
//
//	cosine = mean of the sum over Axis of (y/|y|) * (p/|p|)
//
// A vector whose length is less than 1e-7 is divided by 1e-7. The loss of this name has the opposite sign.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or Axis is out of range.
type CosineSimilarity struct {
	// Axis is the dimension of the vectors: a dimension after the batch, where negative numbers count from the
	// last. The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Name is the key in logs and in the history. The default is "cosine_similarity".
	Name string `keras:"name,default=cosine_similarity"`
}

// RootMeanSquaredError is the square root of the mean of the squared differences between predictions p and targets y
// (keras.metrics.RootMeanSquaredError):
//
//	rmse = sqrt(mean of (p-y)^2)
//
// This is first the mean over the numbers of each example, and then the weighted mean over the
// examples.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ.
type RootMeanSquaredError struct {
	// Name is the key in logs and in the history. The default is "root_mean_squared_error".
	Name string `keras:"name,default=root_mean_squared_error"`
}

// HigherIsBetter implements Metric.
func (CosineSimilarity) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (RootMeanSquaredError) HigherIsBetter() (higher, known bool) { return false, true }

// Build implements Metric.
func (m CosineSimilarity) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	values := b.Neg(loss.CosineSimilarity{Axis: m.Axis}.Build(b, yTrue, yPred))
	if !ok {
		return b.Invalid()
	}
	return Mean(b, values, weights)
}

// Build implements Metric.
func (m RootMeanSquaredError) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if _, ok := Ready(b, m); !ok || !y.Valid() {
		return b.Invalid()
	}
	return b.Sqrt(Mean(b, b.Square(b.Sub(yPred, y)), weights))
}

// meanLoss adds the running mean of a loss. of makes the loss from the metric with its defaults.
func meanLoss[M Metric](b *graph.Builder, m M, of func(M) loss.Loss, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	values, weights := loss.Samples(b, of(m), yTrue, yPred, weights)
	return Mean(b, values, weights)
}
