package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// BatchNormalization normalizes each channel, that is, each index of the last dimension
// (keras.layers.BatchNormalization; Ioffe and Szegedy, 2015, arXiv:1502.03167):
//
//	y = gamma*(x-mean)/sqrt(variance+Epsilon) + beta
//
// In training, mean and variance are those of the batch, over all dimensions but the last; the
// variance is the biased one. Each application moves the moving statistics towards them:
// moving = moving*Momentum + batch*(1-Momentum). In prediction, and in training when the layer
// is frozen, mean and variance are the moving ones, and do not change.
//
// It takes (batch, ..., channels) and keeps the shape. Weights: gamma, beta (channels); state:
// moving_mean, moving_variance (channels).
type BatchNormalization struct {
	Axis     Axis     `keras:"axis,default=-1"`                   // the dimension of the channels; only the last one is supported
	Momentum *float64 `keras:"momentum,default=0.99,min=0,max=1"` // of the moving statistics
	Epsilon  *float64 `keras:"epsilon,default=0.001,min=0"`       // added to the variance
	NoCenter bool     `keras:"center,inverted"`                   // without beta
	NoScale  bool     `keras:"scale,inverted"`                    // without gamma

	BetaInitializer           initializer.Initializer `keras:"beta_initializer,default=Zeros"`
	GammaInitializer          initializer.Initializer `keras:"gamma_initializer,default=Ones"`
	MovingMeanInitializer     initializer.Initializer `keras:"moving_mean_initializer,default=Zeros"`
	MovingVarianceInitializer initializer.Initializer `keras:"moving_variance_initializer,default=Ones"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained, and the moving statistics are used in training, too
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"renorm,only=false,omit"`
	_ struct{} `keras:"renorm_clipping,any,omit"` // of renorm alone
	_ struct{} `keras:"renorm_momentum,any,omit"`
	_ struct{} `keras:"synchronized,only=false,omit"` // over several machines
}

// Class implements Layer.
func (BatchNormalization) Class() string { return "BatchNormalization" }

// Named implements Layer.
func (l BatchNormalization) Named() string { return l.Name }

// Config implements Layer.
func (l BatchNormalization) Config() map[string]any { return ConfigOf(l) }

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
	if l.Axis != -1 && int(l.Axis) != rank-1 {
		return b.Errorf("Axis is %d and the shape %v: only the last dimension, -1 or %d, is supported", l.Axis, x.Shape, rank-1)
	}
	channels := x.Shape[rank-1]
	if channels == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of channels", x.Shape)
	}
	var gamma, beta *graph.Value
	if !l.NoScale {
		gamma = weight(b, "gamma", x, l.GammaInitializer, channels)
	}
	if !l.NoCenter {
		beta = weight(b, "beta", x, l.BetaInitializer, channels)
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
		return y
	}
	// As in TensorFlow, one multiplication and one addition for each element; the compiler puts
	// them into the convolution before.
	scale := gamma
	if gamma == nil {
		scale = b.Constant(x.DType, 1)
	}
	scale = b.Div(scale, b.Sqrt(b.Offset(variance, epsilon)))
	shift := b.Neg(b.Mul(mean, scale))
	if beta != nil {
		shift = b.Sub(beta, b.Mul(mean, scale))
	}
	return b.Add(b.Mul(x, scale), shift)
}
