// Package metric has the metrics of keras.metrics: what is reported of an epoch. docs/keras.md
// lists them with their arguments.
//
// The zero value of a field stands for Keras' default. The tag of a field names the argument
// in Keras.
package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Metric measures predictions over an epoch. A metric of a program's own may embed Defaults.
type Metric interface {
	// Class is the name of the Keras class; empty for what Keras knows by its name alone
	// (Accuracy).
	Class() string
	// Named is the key in logs and in the history: "accuracy".
	Named() string
	// Build adds the metric to a graph: its state, kept in variables of role State that are
	// named after b and are 0 at the start of an epoch, is updated with this batch. It
	// returns the result so far, this batch included: a Float32 scalar, for a model has no
	// place for results of other shapes yet. weights are those of the examples, (batch,), or
	// nil.
	Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value
	// Config is what Keras' get_config returns, ready for JSON: floating-point numbers are
	// float64, integers int. It is nil where Class is empty.
	Config() map[string]any
	// HigherIsBetter says which way the metric improves; known is false where nobody can
	// tell. Callbacks that watch a metric ask for it.
	HigherIsBetter() (higher, known bool)
}

// Defaults has the answers of a metric of which nothing is known. Embed it in a metric of a
// program's own, and write over what is different.
type Defaults struct{}

// HigherIsBetter implements Metric: not known.
func (Defaults) HigherIsBetter() (higher, known bool) { return false, false }

// Mean is the running mean of values over an epoch (keras.metrics.Mean), kept in the
// variables "total" and "count" of b. Values are (batch, ...): each example counts with
// the mean of its values, times its weight where weights, (batch,), is not nil.
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

// accumulate adds x to a variable, and returns the sum.
func accumulate(b *graph.Builder, name string, x *graph.Value) *graph.Value {
	v := b.Variable(graph.Variable{
		Path: name, Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{}}, Role: graph.State,
	})
	sum := b.Add(v, x)
	b.Assign(v, sum)
	return sum
}
