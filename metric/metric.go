// Package metric provides the metrics of keras.metrics. A metric measures how good the predictions
// are over an epoch. Training reports it but does not optimize it. docs/keras.md lists all metrics
// with their arguments.
//
// The zero value of a field means Keras' default. The tag of a field gives the argument's name in
// Keras and its range. Build reports fields that are out of range.
//
// docs/add-a-layer.md shows how to add a metric, and how to write a custom one.
package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Metric measures predictions over an epoch. A custom metric may embed Defaults.
type Metric interface {
	// Build adds the metric to a graph. It updates the metric's state with the batch and returns
	// the result so far, including the batch: a Float32 scalar, or a vector of known size. The state
	// is kept in variables with the role graph.State under b's path. The model resets them to their
	// initial values, usually 0, at the start of each epoch. Most metrics use Mean, which declares
	// such variables. weights are nil or the example weights: (batch,) or, for a loss of several
	// numbers for each example, (batch, ...) with as many dimensions as the loss, which may be 1.
	Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value
	// HigherIsBetter reports whether a higher value is better. known is false if the metric does
	// not say. Callbacks that monitor a metric use it to choose between the modes "min" and "max".
	HigherIsBetter() (higher, known bool)
}

// Defaults implements HigherIsBetter for a metric whose direction is not known. Embed it in a
// custom metric, and override the method if the direction is known.
type Defaults struct{}

// HigherIsBetter implements Metric. It returns known as false.
func (Defaults) HigherIsBetter() (higher, known bool) { return false, false }

// Mean adds a running mean of values over an epoch (keras.metrics.Mean), which is kept in the
// variables "total" and "count" of b:
//
//	total += sum of mean(weight[i] * values[i]);  count += sum of mean(weight[i])
//	mean = total / count, or 0 if count is 0
//
// values have the shape (batch, ...). weights have the shape (batch,), or (batch, ...) with the next
// dimensions of values, or 1. Dimensions of values that weights do not have are averaged first. If weights is nil, each
// weight is 1. A scalar, such as a loss of the whole batch, counts as one value and takes no weights.
// The result is a Float32 scalar. For other shapes, Mean reports an error to b.
func Mean(b *graph.Builder, values, weights *graph.Value) *graph.Value {
	v, w := samples(b, values, weights, b.Mean)
	if !v.Valid() {
		return v
	}
	n := b.Size(v)
	if w != nil {
		n = b.Sum(w)
	}
	total := accumulate(b, "total", b.Sum(v))
	return ratio(b, total, accumulate(b, "count", n))
}

// Sum adds the sum of values over an epoch (keras.metrics.Sum), which is kept in the variable "total" of b:
//
//	total += sum of weight[i] * values[i]
//
// The shapes of values and weights are those of Mean. The result is a Float32 scalar.
func Sum(b *graph.Builder, values, weights *graph.Value) *graph.Value {
	v, _ := samples(b, values, weights, b.Sum)
	if !v.Valid() {
		return v
	}
	return accumulate(b, "total", b.Sum(v))
}

// BatchMean adds the mean over an epoch of a number of each batch, such as the loss. Like Keras, it weighs a batch
// by the number of its examples, which is the first dimension of batch. If value is not a scalar, its mean is taken.
// The state is that of Mean.
func BatchMean(b *graph.Builder, value, batch *graph.Value) *graph.Value {
	if !value.Valid() || !batch.Valid() {
		return b.Invalid()
	}
	v := b.Cast(value, tensor.Float32)
	if v.Rank() > 0 {
		v = b.Mean(v)
	}
	n := b.Size(b.Cast(batch, tensor.Float32), 0)
	total := accumulate(b, "total", b.Mul(v, n))
	return ratio(b, total, accumulate(b, "count", n))
}

// samples reduces values to one number for each example, multiplied by its weights, and weights to one weight for
// each example, as Keras does. average is b.Mean or b.Sum. The weights are nil if the given ones are.
func samples(b *graph.Builder, values, weights *graph.Value, average func(x *graph.Value, axes ...int) *graph.Value) (v, w *graph.Value) {
	if !values.Valid() || weights != nil && !weights.Valid() {
		return b.Invalid(), nil
	}
	v = b.Cast(values, tensor.Float32)
	if weights != nil {
		w = b.Cast(weights, tensor.Float32)
		k := w.Rank()
		if k == v.Rank()+1 && k > 1 && w.Shape[k-1] == 1 {
			k--
			w = b.Reshape(w, w.Shape[:k]...)
		}
		if k == 0 || k > v.Rank() {
			return b.Errorf("weights have shape %v for values of shape %v, want (batch,), or dimensions of the values", weights.Shape, values.Shape), nil
		}
		v = b.Mul(over(v, k, average), w)
		w = over(w, 1, average)
	}
	return over(v, 1, average), w
}

// over reduces the dimensions from first on.
func over(x *graph.Value, first int, reduce func(x *graph.Value, axes ...int) *graph.Value) *graph.Value {
	if !x.Valid() || x.Rank() <= first {
		return x
	}
	var axes []int
	for a := first; a < x.Rank(); a++ {
		axes = append(axes, a)
	}
	return reduce(x, axes...)
}

// accumulate adds x to a variable and returns the sum.
func accumulate(b *graph.Builder, name string, x *graph.Value) *graph.Value {
	if !x.Valid() {
		return x
	}
	v := b.Variable(graph.Variable{Path: name, Type: op.Type{DType: x.DType, Shape: x.Shape.Clone()}, Role: graph.State})
	sum := b.Add(v, x)
	b.Assign(v, sum)
	return sum
}

// ratio is x/y, or 0 where y is 0 (Keras' divide_no_nan).
func ratio(b *graph.Builder, x, y *graph.Value) *graph.Value {
	if !x.Valid() || !y.Valid() {
		return b.Invalid()
	}
	zero := b.Constant(tensor.Float32, 0)
	return b.Select(b.Binary(op.Equal, y, zero), zero, b.Div(x, y))
}
