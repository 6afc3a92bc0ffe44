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
	// the result so far, including the batch: a Float32 scalar. Models do not support results of
	// other shapes yet. The state is kept in variables with the role graph.State under b's path.
	// The model resets them to their initial values, usually 0, at the start of each epoch. Most
	// metrics use Mean, which declares such variables. weights are the example weights, (batch,),
	// or nil.
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
//	total += sum of weight[i] * mean(values[i]);  count += sum of weight[i]
//	mean = total / count, or 0 if count is 0
//
// values have the shape (batch, ...), and weights (batch,). If weights is nil, each weight is 1.
// The result is a Float32 scalar. For other shapes, Mean reports an error to b.
func Mean(b *graph.Builder, values, weights *graph.Value) *graph.Value {
	if !values.Valid() || weights != nil && !weights.Valid() {
		return b.Invalid()
	}
	v := b.Cast(values, tensor.Float32)
	if v.Rank() == 0 {
		return b.Errorf("values have shape %v, want (batch, ...)", v.Shape)
	}
	if v.Rank() > 1 {
		axes := make([]int, v.Rank()-1)
		for i := range axes {
			axes[i] = i + 1
		}
		v = b.Mean(v, axes...)
	}
	n := b.Size(v)
	if weights != nil {
		w := b.Cast(weights, tensor.Float32)
		if w.Rank() != 1 {
			return b.Errorf("weights have shape %v, want (batch,)", w.Shape)
		}
		v = b.Mul(v, w)
		n = b.Sum(w)
	}
	total := accumulate(b, "total", b.Sum(v))
	count := accumulate(b, "count", n)
	zero := b.Constant(tensor.Float32, 0)
	return b.Select(b.Binary(op.Equal, count, zero), zero, b.Div(total, count))
}

// accumulate adds x to a variable and returns the sum.
func accumulate(b *graph.Builder, name string, x *graph.Value) *graph.Value {
	v := b.Variable(graph.Variable{
		Path: name, Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{}}, Role: graph.State,
	})
	sum := b.Add(v, x)
	b.Assign(v, sum)
	return sum
}
