package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Normalization shifts and scales features by a known mean and variance, so that they have mean 0
// and variance 1 (keras.layers.Normalization):
//
//	y = (x-mean) / max(sqrt(variance), 1e-7)
//
// Mean and variance are the fields Mean and Variance or, if these are not set, variables of the
// layer. The file of a model whose layer was adapted in Keras has the values of the variables.
// lince cannot adapt a layer: in a new layer without Mean and Variance, mean is 0 and variance is
// 1.
//
// Input shape: (batch, ...). Integers are converted to float32.
// Output shape: the input shape.
//
// State, unless Mean is set: mean and variance, and count, an Int64 scalar that Keras stores but
// does not use. The shape of mean and variance consists of the sizes of the dimensions in Axis.
//
// Build reports an error if the operand is a Bool, Axis lists the batch or a dimension of unknown
// size, a number in Variance is negative, or Mean and Variance do not have the same length or do
// not fit the operand.
type Normalization struct {
	// Axis lists the dimensions that have separate statistics for each index. The default, nil, is
	// -1, the last dimension. If Axis is empty but not nil, one mean and one variance apply to all
	// elements (Keras' axis=None).
	Axis []int `keras:"axis,default=-1"`
	// Mean is one number, or one number for each index of the last dimension that Axis lists. The
	// default, nil, means that mean and variance are variables.
	Mean Numbers `keras:"mean"`
	// Variance has as many numbers as Mean. Each at least 0. Set both or neither. The default is nil.
	Variance Numbers `keras:"variance"`
	// Invert computes the inverse: x*max(sqrt(variance), 1e-7) + mean. The default is false.
	Invert bool `keras:"invert"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

func (l Normalization) check() error {
	switch {
	case len(l.Mean) != len(l.Variance):
		return wrongf("Mean and Variance differ in length; set both or neither")
	case slices.ContainsFunc(l.Variance, func(v float64) bool { return v < 0 }):
		return wrongf("Variance is %v, want numbers greater than or equal to 0", []float64(l.Variance))
	case len(l.Mean) > 1 && l.Axis != nil && len(l.Axis) == 0:
		return wrongf("Mean has %d numbers, want 1 because Axis is empty", len(l.Mean))
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
	spread := slices.Repeat([]int{1}, x.Rank()) // the shape in which mean and variance broadcast to x
	var axes []int
	for _, a := range l.Axis {
		axis, ok := axisOf(b, "Axis", a, x)
		if !ok {
			return b.Invalid()
		}
		if x.Shape[axis] == tensor.Unknown {
			return b.Errorf("got shape %v, want a known size of dimension %d, because Axis contains it", x.Shape, axis)
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

// moments returns the mean and the variance, as scalars or in the shape spread.
func (l Normalization) moments(b *graph.Builder, x *graph.Value, axes, spread []int) (mean, variance *graph.Value, ok bool) {
	switch n := len(l.Mean); {
	case n == 1:
		return l.Mean.constant(b), l.Variance.constant(b), true
	case n > 1:
		last := axes[len(axes)-1]
		if x.Shape[last] != n {
			b.Errorf("Mean has %d numbers for shape %v, want 1 or one for each index of dimension %d", n, x.Shape, last)
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
	state("count", op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, nil) // Keras stores it but does not use it
	return b.Reshape(mean, spread...), b.Reshape(variance, spread...), true
}

// readNormalization distinguishes an axis of null (Keras' axis=None) from an absent one.
func readNormalization(r *config.Reader, x Layer) Layer {
	l := x.(Normalization)
	if r.Null("axis") {
		l.Axis = []int{}
	}
	return l
}
