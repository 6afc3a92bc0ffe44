package layer

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
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
	Axis     *int     // nil: -1; only the last dimension is supported
	Momentum *float64 // of the moving statistics, from 0 to 1; nil: 0.99
	Epsilon  *float64 // added to the variance, at least 0; nil: 0.001
	NoCenter bool     // without beta
	NoScale  bool     // without gamma

	BetaInitializer           initializer.Initializer // nil: Zeros
	GammaInitializer          initializer.Initializer // nil: Ones
	MovingMeanInitializer     initializer.Initializer // nil: Zeros
	MovingVarianceInitializer initializer.Initializer // nil: Ones

	Name   string
	Frozen bool // not trained, and the moving statistics are used in training, too
}

// Class implements Layer.
func (BatchNormalization) Class() string { return "BatchNormalization" }

// Named implements Layer.
func (l BatchNormalization) Named() string { return l.Name }

// Config implements Layer.
func (l BatchNormalization) Config() map[string]any {
	c := base(l.Name, l.Frozen)
	c["axis"] = valueOr(l.Axis, -1)
	c["momentum"] = valueOr(l.Momentum, .99)
	c["epsilon"] = valueOr(l.Epsilon, .001)
	c["center"] = !l.NoCenter
	c["scale"] = !l.NoScale
	c["beta_initializer"] = wrapInitializer(biasOr(l.BetaInitializer))
	c["gamma_initializer"] = wrapInitializer(onesOr(l.GammaInitializer))
	c["moving_mean_initializer"] = wrapInitializer(biasOr(l.MovingMeanInitializer))
	c["moving_variance_initializer"] = wrapInitializer(onesOr(l.MovingVarianceInitializer))
	return c
}

// Build implements Layer.
func (l BatchNormalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantFloat(b, x) {
		return b.Invalid()
	}
	rank := x.Rank()
	if rank < 2 {
		return b.Errorf("got shape %v, want (batch, ..., channels)", x.Shape)
	}
	if axis := valueOr(l.Axis, -1); axis != -1 && axis != rank-1 {
		return b.Errorf("Axis is %d and the shape %v: only the last dimension, -1 or %d, is supported", axis, x.Shape, rank-1)
	}
	channels := x.Shape[rank-1]
	if channels == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of channels", x.Shape)
	}
	if l.Frozen {
		b = b.Freeze()
	}
	var gamma, beta *graph.Value
	if !l.NoScale {
		gamma = weight(b, "gamma", x, l.Frozen, onesOr(l.GammaInitializer), channels)
	}
	if !l.NoCenter {
		beta = weight(b, "beta", x, l.Frozen, biasOr(l.BetaInitializer), channels)
	}
	state := func(name string, init initializer.Initializer) *graph.Value {
		return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: x.DType, Shape: tensor.Shape{channels}}, Role: graph.State, Init: init})
	}
	mean := state("moving_mean", biasOr(l.MovingMeanInitializer))
	variance := state("moving_variance", onesOr(l.MovingVarianceInitializer))
	epsilon := valueOr(l.Epsilon, .001)
	if b.Training() && !b.Frozen() {
		y, batchMean, batchVariance := b.BatchNorm(x, gamma, beta, epsilon)
		momentum := valueOr(l.Momentum, .99)
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

func (l BatchNormalization) check() (c checks) {
	if m := valueOr(l.Momentum, .99); !(m >= 0 && m <= 1) {
		c.errorf("Momentum is %v, want a number from 0 to 1", m)
	}
	if e := valueOr(l.Epsilon, .001); !(e >= 0) || math.IsInf(e, 0) {
		c.errorf("Epsilon is %v, want a number of at least 0", e)
	}
	c.initializer("BetaInitializer", l.BetaInitializer)
	c.initializer("GammaInitializer", l.GammaInitializer)
	c.initializer("MovingMeanInitializer", l.MovingMeanInitializer)
	c.initializer("MovingVarianceInitializer", l.MovingVarianceInitializer)
	return c
}

func decodeBatchNormalization(r *config.Reader) Layer {
	axis := r.Ints("axis", []int{-1}, 1, -maxSize, maxSize)[0] // Keras 2 writes a list
	l := BatchNormalization{
		Axis:                      &axis,
		Momentum:                  r.OptFloat("momentum", 0, 1),
		Epsilon:                   r.OptFloat("epsilon", 0, math.MaxFloat64),
		NoCenter:                  !r.Bool("center", true),
		NoScale:                   !r.Bool("scale", true),
		BetaInitializer:           readInitializer(r, "beta_initializer"),
		GammaInitializer:          readInitializer(r, "gamma_initializer"),
		MovingMeanInitializer:     readInitializer(r, "moving_mean_initializer"),
		MovingVarianceInitializer: readInitializer(r, "moving_variance_initializer"),
	}
	l.Name, l.Frozen = readBase(r)
	r.Only("renorm", false)
	r.Only("synchronized", false)                  // of several machines
	r.Ignore("renorm_clipping", "renorm_momentum") // of renorm alone
	for _, key := range []string{"beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"} {
		r.Only(key)
	}
	return l
}
