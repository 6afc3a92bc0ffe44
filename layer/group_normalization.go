package layer

import (
	"slices"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// GroupNormalization divides the channels into groups of adjacent channels, and normalizes each
// group of each example (keras.layers.GroupNormalization):
//
//	y = gamma*(x-mean)/sqrt(variance+Epsilon) + beta
//
// Mean and variance are those of all elements of an example that are in the group. The variance is
// the biased one: the mean of the squared deviations. With one group for each channel (Groups -1),
// this is instance normalization. Training and prediction do not differ.
//
// Input shape: (batch, ..., channels).
// Output shape: the input shape.
//
// Weights: gamma (channels) and beta (channels).
//
// Build reports an error if a field is out of range, the operand is not float32, Axis is the batch,
// a dimension other than the batch is unknown, or Groups does not divide the number of channels.
//
// Source: Wu and He, 2018 (arXiv:1803.08494). Instance normalization: Ulyanov et al., 2016
// (arXiv:1607.08022).
type GroupNormalization struct {
	// Groups is the number of groups. At least 1, or -1 for one group for each channel. The default
	// is 32.
	Groups int `keras:"groups,default=32,min=-1"`
	// Axis is the dimension of the channels. The default is -1, the last one.
	Axis Axis `keras:"axis,default=-1"`
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
}

// Build implements Layer.
func (l GroupNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if x.Rank() == 0 || slices.Contains(x.Shape[1:], tensor.Unknown) {
		return b.Errorf("got shape %v, want (batch, ...) with known dimensions after the batch; set all sizes in the Shape of Input", x.Shape)
	}
	axis, ok := axisOf(b, "Axis", int(l.Axis), x)
	if !ok {
		return b.Invalid()
	}
	channels, groups := x.Shape[axis], l.Groups
	if groups == -1 {
		groups = channels
	}
	if channels%groups != 0 {
		return b.Errorf("got %d channels, want a multiple of Groups, which is %d", channels, groups)
	}
	// The dimensions become (batch, before the channels, groups, channels of a group, after the channels), and the groups go
	// to the front of an example.
	before, after := x.Shape[1:axis].Elements(), x.Shape[axis+1:].Elements()
	perm := []int{0, 2, 1, 3, 4}
	y := b.Reshape(x, tensor.Unknown, before, groups, channels/groups, after)
	if before > 1 {
		y = b.Transpose(y, perm...)
	}
	y = b.Reshape(y, tensor.Unknown, groups, before*channels/groups*after)
	y = b.LayerNorm(y, nil, nil, *l.Epsilon)
	if before > 1 {
		y = b.Transpose(b.Reshape(y, tensor.Unknown, groups, before, channels/groups, after), inverse(perm)...)
	}
	shape := x.Shape.Clone()
	shape[0] = tensor.Unknown
	y = b.Reshape(y, shape...)
	spread := append([]int{channels}, slices.Repeat([]int{1}, x.Rank()-axis-1)...)
	if !l.NoScale {
		y = b.Mul(y, b.Reshape(weight(b, "gamma", x, weightOptions{l.GammaInitializer, l.GammaRegularizer, l.GammaConstraint}, channels), spread...))
	}
	if !l.NoCenter {
		y = b.Add(y, b.Reshape(weight(b, "beta", x, weightOptions{l.BetaInitializer, l.BetaRegularizer, l.BetaConstraint}, channels), spread...))
	}
	return y
}
