package layer

import (
	"slices"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// LayerNormalization normalizes each example along the dimensions in Axis
// (keras.layers.LayerNormalization):
//
//	y = gamma*(x-mean)/sqrt(variance+Epsilon) + beta
//
// Mean and variance are those of the elements along Axis, separately for each index of the other
// dimensions. The variance is the biased one: the mean of the squared deviations. Training and
// prediction do not differ.
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Weights: gamma and beta. Their shape consists of the sizes of the dimensions in Axis, in
// ascending order of the numbers in Axis.
//
// Build reports an error if a field is out of range, the operand is not float32, Axis lists the
// batch, a dimension twice or a dimension of unknown size, or Axis is not the last dimension and
// a dimension other than the batch is unknown.
//
// Source: Ba et al., 2016 (arXiv:1607.06450).
type LayerNormalization struct { //nolint:revive // Keras' name
	// Axis lists the dimensions to normalize along. Negative numbers count from the last dimension. The
	// default, nil, is -1, the last dimension.
	Axis []int `keras:"axis,default=-1"`
	// Epsilon is added to the variance. At least 0. The default, nil, is 0.001.
	Epsilon *float64 `keras:"epsilon,default=0.001,min=0"`
	// NoCenter omits beta (Keras' center=False). The default is false.
	NoCenter bool `keras:"center,inverted"`
	// NoScale omits gamma (Keras' scale=False). The default is false.
	NoScale bool `keras:"scale,inverted"`

	// BetaInitializer sets the initial values of beta. The default is Zeros.
	BetaInitializer initializer.Initializer `keras:"beta_initializer,default=Zeros"`
	// GammaInitializer sets the initial values of gamma. The default is Ones.
	GammaInitializer initializer.Initializer `keras:"gamma_initializer,default=Ones"`
	// BetaRegularizer adds a penalty for beta to the loss. The default is none.
	BetaRegularizer regularizer.Regularizer `keras:"beta_regularizer"`
	// GammaRegularizer adds a penalty for gamma to the loss. The default is none.
	GammaRegularizer regularizer.Regularizer `keras:"gamma_regularizer"`
	// BetaConstraint restricts beta. The default is none.
	BetaConstraint constraint.Constraint `keras:"beta_constraint"`
	// GammaConstraint restricts gamma. The default is none.
	GammaConstraint constraint.Constraint `keras:"gamma_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"rms_scaling,only=false"` // deprecated in Keras: it does not compute the root mean square
}

// Build implements Layer.
func (l LayerNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	axes, shape, ok := axesOf(b, l.Axis, x)
	if !ok {
		return b.Invalid()
	}
	var gamma, beta *graph.Value
	if !l.NoScale {
		gamma = weight(b, "gamma", x, weightOptions{l.GammaInitializer, l.GammaRegularizer, l.GammaConstraint}, shape...)
	}
	if !l.NoCenter {
		beta = weight(b, "beta", x, weightOptions{l.BetaInitializer, l.BetaRegularizer, l.BetaConstraint}, shape...)
	}
	if len(axes) == 1 && axes[0] == x.Rank()-1 {
		return b.LayerNorm(x, gamma, beta, *l.Epsilon)
	}
	if slices.Contains(x.Shape[1:], tensor.Unknown) {
		return b.Errorf("got shape %v, want known dimensions after the batch, because Axis is %v", x.Shape, l.Axis)
	}
	// The dimensions in axes go last, and become one.
	perm, back := lastAxes(axes, x.Rank())
	y := transposed(b, x, perm)
	whole, n := y.Shape, shape.Elements()
	flat := func(v *graph.Value) *graph.Value {
		if v == nil {
			return nil
		}
		return b.Reshape(v, n)
	}
	y = b.LayerNorm(b.Reshape(y, tensor.Unknown, n), flat(gamma), flat(beta), *l.Epsilon)
	return transposed(b, b.Reshape(y, whole...), back)
}

// axesOf returns the dimensions of x that a field Axis lists, in ascending order, and the shape of a weight with a number
// for each index of them. As in Keras, the shape has the order of the sorted numbers in the field, so that -1 comes before 1.
func axesOf(b *graph.Builder, list []int, x *graph.Value) (axes []int, shape tensor.Shape, ok bool) {
	list = slices.Sorted(slices.Values(list))
	for _, a := range list {
		axis, ok := axisOf(b, "Axis", a, x)
		if !ok {
			return nil, nil, false
		}
		if x.Shape[axis] == tensor.Unknown {
			b.Errorf("got shape %v, want a known size of dimension %d, because Axis contains it", x.Shape, axis)
			return nil, nil, false
		}
		axes, shape = append(axes, axis), append(shape, x.Shape[axis])
	}
	slices.Sort(axes)
	if len(axes) == 0 || len(slices.Compact(slices.Clone(axes))) < len(axes) {
		b.Errorf("Axis is %v for shape %v, want different dimensions, at least one", list, x.Shape)
		return nil, nil, false
	}
	return axes, shape, true
}

// lastAxes returns the permutation that moves axes, which are in ascending order, to the end of the dimensions, and its
// inverse.
func lastAxes(axes []int, rank int) (perm, back []int) {
	for d := range rank {
		if !slices.Contains(axes, d) {
			perm = append(perm, d)
		}
	}
	perm = append(perm, axes...)
	return perm, inverse(perm)
}

// inverse returns the inverse of a permutation.
func inverse(perm []int) []int {
	back := make([]int, len(perm))
	for i, d := range perm {
		back[d] = i
	}
	return back
}

// transposed returns x with its dimensions permuted.
func transposed(b *graph.Builder, x *graph.Value, perm []int) *graph.Value {
	if slices.IsSorted(perm) {
		return x
	}
	return b.Transpose(x, perm...)
}

// writeAxis writes a single dimension as a number, as Keras does.
func writeAxis(_ Layer, conf map[string]any) {
	if list, ok := conf["axis"].([]int); ok && len(list) == 1 {
		conf["axis"] = list[0]
	}
}
