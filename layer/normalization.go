package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Normalization is (x-mean)/sqrt(variance), the divisor at least 1e-7
// (keras.layers.Normalization). Integers become float32 first.
//
// Mean and Variance are given here, or they are variables that a file of Keras has, of a layer
// that was adapted there: mean and variance, of the sizes of Axis in their order in x, and
// count. lince does not adapt: without Mean and Variance a new layer has mean 0 and variance 1.
type Normalization struct {
	Axis     []int   `keras:"axis,default=-1"` // the dimensions that have means of their own; empty but not nil: one mean for all numbers
	Mean     Numbers `keras:"mean"`            // one number, or one for each feature along the last of Axis
	Variance Numbers `keras:"variance"`        // as many as Mean
	Invert   bool    `keras:"invert"`          // x*sqrt(variance) + mean instead

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (Normalization) Class() string { return "Normalization" }

// Named implements Layer.
func (l Normalization) Named() string { return l.Name }

// Config implements Layer.
func (l Normalization) Config() map[string]any { return ConfigOf(l) }

func (l Normalization) check() error {
	switch {
	case len(l.Mean) != len(l.Variance):
		return wrongf("Mean and Variance differ in length: set both, or none")
	case slices.ContainsFunc(l.Variance, func(v float64) bool { return v < 0 }):
		return wrongf("Variance has a number below 0")
	case len(l.Mean) > 1 && l.Axis != nil && len(l.Axis) == 0:
		return wrongf("Mean has several numbers, and Axis no dimension")
	}
	return nil
}

// Build implements Layer.
func (l Normalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	x, ok = toFloat(b, x)
	if !ok {
		return b.Invalid()
	}
	spread := slices.Repeat([]int{1}, x.Rank()) // the shape by which means go with x
	var axes []int
	for _, a := range l.Axis {
		axis, ok := axisOf(b, "Axis", a, x)
		if !ok {
			return b.Invalid()
		}
		if x.Shape[axis] == tensor.Unknown {
			return b.Errorf("got shape %v, want a known size of dimension %d, which has means of its own", x.Shape, axis)
		}
		axes = append(axes, axis)
		spread[axis] = x.Shape[axis]
	}
	slices.Sort(axes)
	axes = slices.Compact(axes)
	mean, variance, ok := l.moments(b, x, axes, spread)
	if !ok {
		return b.Invalid()
	}
	deviation := b.Max(b.Sqrt(variance), b.Constant(variance.DType, 1e-7))
	if l.Invert {
		return b.Add(mean, b.Mul(x, deviation))
	}
	return b.Div(b.Sub(x, mean), deviation)
}

// moments are the mean and the variance, of the shape spread or scalars.
func (l Normalization) moments(b *graph.Builder, x *graph.Value, axes, spread []int) (mean, variance *graph.Value, ok bool) {
	switch n := len(l.Mean); {
	case n == 1:
		return l.Mean.constant(b), l.Variance.constant(b), true
	case n > 1:
		last := axes[len(axes)-1]
		if x.Shape[last] != n {
			b.Errorf("Mean has %d numbers for shape %v, want 1 or as many as dimension %d", n, x.Shape, last)
			return nil, nil, false
		}
		shape := slices.Repeat([]int{1}, x.Rank())
		shape[last] = n
		return b.Reshape(l.Mean.constant(b), shape...), b.Reshape(l.Variance.constant(b), shape...), true
	}
	shape := tensor.Shape{}
	for _, a := range axes {
		shape = append(shape, x.Shape[a])
	}
	if n, err := shape.CheckedElements(); err != nil || n > maxWeights {
		b.Errorf("mean would have shape %v, more than %d numbers", shape, maxWeights)
		return nil, nil, false
	}
	state := func(name string, t op.Type, init graph.Initializer) *graph.Value {
		return b.Variable(graph.Variable{Path: name, Type: t, Role: graph.State, Init: init})
	}
	t := op.Type{DType: x.DType, Shape: shape}
	mean, variance = state("mean", t, nil), state("variance", t, initializer.Ones{})
	state("count", op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, nil) // which Keras keeps and does not use
	return b.Reshape(mean, spread...), b.Reshape(variance, spread...), true
}

// readNormalization tells an axis of null, Keras' axis=None, from one that is absent.
func readNormalization(r *config.Reader, x Layer) Layer {
	l := x.(Normalization)
	if r.Null("axis") {
		l.Axis = []int{}
	}
	return l
}
