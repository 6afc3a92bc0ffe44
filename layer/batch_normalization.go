package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// BatchNormalization normalizes each channel (keras.layers.BatchNormalization):
//
//	y = gamma*(x-mean)/sqrt(variance+Epsilon) + beta
//
// In training, mean and variance are those of the batch, over all dimensions but that of the channels. The
// variance is the biased one: the mean of the squared deviations. Each call of the layer also
// updates the moving statistics:
//
//	moving_mean     = moving_mean*Momentum + mean*(1-Momentum)
//	moving_variance = moving_variance*Momentum + variance*(1-Momentum)
//
// In prediction, and in training if the layer is frozen, mean and variance are the moving
// statistics, which do not change.
//
// Input shape: (batch, ..., channels), or another order with Axis.
// Output shape: the input shape.
//
// Weights: gamma (channels) and beta (channels). State: moving_mean (channels) and
// moving_variance (channels).
//
// Build reports an error if a field is out of range, the operand is not float32 or has fewer
// than two dimensions, the number of channels is unknown, or Axis is the batch.
//
// Source: Ioffe and Szegedy, 2015 (arXiv:1502.03167).
type BatchNormalization struct {
	// Axis is the dimension of the channels. Training is fastest with the last one. The default is -1,
	// the last one.
	Axis Axis `keras:"axis,default=-1"`
	// Momentum is the fraction of the moving statistics that is kept in each step. From 0 to 1.
	// The default, nil, is 0.99.
	Momentum *float64 `keras:"momentum,default=0.99,min=0,max=1"`
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
	// MovingMeanInitializer sets the initial values of moving_mean. The default is Zeros.
	MovingMeanInitializer initializer.Initializer `keras:"moving_mean_initializer,default=Zeros"`
	// MovingVarianceInitializer sets the initial values of moving_variance. The default is Ones.
	MovingVarianceInitializer initializer.Initializer `keras:"moving_variance_initializer,default=Ones"`
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

	_ struct{} `keras:"renorm,only=false,omit"`
	_ struct{} `keras:"renorm_clipping,any,omit"` // only used by renorm
	_ struct{} `keras:"renorm_momentum,any,omit"`
	_ struct{} `keras:"synchronized,only=false,omit"` // synchronized=True averages over several machines
}

// Build implements Layer.
func (l BatchNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	rank := x.Rank()
	if rank < 2 {
		return b.Errorf("got shape %v, want (batch, ..., channels)", x.Shape)
	}
	axis, ok := axisOf(b, "Axis", int(l.Axis), x)
	if !ok {
		return b.Invalid()
	}
	perm, back := lastAxes([]int{axis}, rank)
	x = transposed(b, x, perm)
	channels := x.Shape[rank-1]
	if channels == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of channels", transposed(b, x, back).Shape)
	}
	var gamma, beta *graph.Value
	if !l.NoScale {
		gamma = weight(b, "gamma", x, weightOptions{l.GammaInitializer, l.GammaRegularizer, l.GammaConstraint}, channels)
	}
	if !l.NoCenter {
		beta = weight(b, "beta", x, weightOptions{l.BetaInitializer, l.BetaRegularizer, l.BetaConstraint}, channels)
	}
	state := func(name string, init initializer.Initializer) *graph.Value {
		return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: x.DType, Shape: tensor.Shape{channels}}, Role: graph.State, Init: init})
	}
	mean := state("moving_mean", l.MovingMeanInitializer)
	variance := state("moving_variance", l.MovingVarianceInitializer)
	epsilon := *l.Epsilon
	if b.Training() && !b.Frozen() {
		y, batchMean, batchVariance := b.BatchNorm(x, gamma, beta, epsilon)
		momentum := *l.Momentum
		b.MovingAverage(mean, batchMean, momentum)
		b.MovingAverage(variance, batchVariance, momentum)
		return transposed(b, y, back)
	}
	// As in TensorFlow, one multiplication and one addition for each element. The compiler folds
	// them into a preceding convolution.
	scale := gamma
	if gamma == nil {
		scale = b.Constant(x.DType, 1)
	}
	scale = b.Div(scale, b.Sqrt(b.Offset(variance, epsilon)))
	shift := b.Neg(b.Mul(mean, scale))
	if beta != nil {
		shift = b.Sub(beta, b.Mul(mean, scale))
	}
	return transposed(b, b.Add(b.Mul(x, scale), shift), back)
}
