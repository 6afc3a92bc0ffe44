package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// RMSprop divides the gradient by the square root of a moving average of its square
// (keras.optimizers.RMSprop). For a weight w with the gradient g:
//
//	v = Rho*v + (1-Rho)*g*g
//	d = v + Epsilon
//	if Centered:  a = Rho*a + (1-Rho)*g;  d = v - a*a + Epsilon
//
//	without Momentum:  w -= lr*g/sqrt(d)
//	with Momentum:     m = Momentum*m + lr*g/sqrt(d);  w -= m
//
// Slots: v; m, if Momentum is not 0; a, if Centered is set. Each has the shape of the weight and is
// initially 0.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012. The
// centered form is from Graves, 2013 (arXiv:1308.0850).
type RMSprop struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// Rho is the fraction of v and a that is kept in each step. At least 0 and less than 1. The
	// default, nil, is 0.9.
	Rho *float64 `keras:"rho,default=0.9,min=0,below=1"`
	// Momentum is the fraction of m that is kept in each step. At least 0 and less than 1. The
	// default is 0.
	Momentum float64 `keras:"momentum,min=0,below=1"`
	// Epsilon keeps the divisor from being 0. At least 0. The default, nil, is 1e-7.
	Epsilon *float64 `keras:"epsilon,default=1e-7,min=0"`
	// Centered subtracts the square of the mean gradient a from v, so that the divisor estimates
	// the gradient's standard deviation. The default is false.
	Centered bool `keras:"centered"`

	// WeightDecay shrinks each weight by this fraction of itself, times the learning rate, in
	// each step. At least 0. The default, 0, means no decay.
	WeightDecay float64 `keras:"weight_decay,none,min=0"`
	// ExcludeFromWeightDecay has regular expressions. A weight is not decayed if one of them matches
	// a part of its path, such as "bias" or "dense_1/kernel" (the var_names of Keras'
	// exclude_from_weight_decay). The default, nil, means that all weights are decayed.
	ExcludeFromWeightDecay []string
	// ClipNorm limits the Euclidean norm of the gradient of each weight tensor. At least 0. The
	// default, 0, means no limit. Only one of the three Clip fields may be set.
	ClipNorm float64 `keras:"clipnorm,none,min=0"`
	// GlobalClipNorm limits the Euclidean norm of all gradients together. At least 0. The
	// default, 0, means no limit.
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"`
	// ClipValue limits the absolute value of each element of a gradient. At least 0. The
	// default, 0, means no limit.
	ClipValue float64 `keras:"clipvalue,none,min=0"`
	// UseEMA keeps an exponential moving average of each weight. At the end of Fit, the averages
	// replace the weights. The default is false.
	UseEMA bool `keras:"use_ema"`
	// EMAMomentum is the fraction of an average that is kept in each step. From 0 to 1. The
	// default, nil, is 0.99.
	EMAMomentum *float64 `keras:"ema_momentum,default=0.99,min=0,max=1"`
	// EMAOverwriteFrequency is the number of updates after which the averages replace the weights
	// during training. At least 0. The default, 0, means only at the end of Fit.
	EMAOverwriteFrequency int `keras:"ema_overwrite_frequency,none,min=0"`
	// LossScaleFactor multiplies the loss before the gradients are computed, and divides the
	// gradients afterwards. At least 0. The default, 0, means no scaling.
	LossScaleFactor float64 `keras:"loss_scale_factor,none,min=0"`
	// GradientAccumulationSteps is the number of batches whose gradients are averaged for one
	// update. At least 2. The default, 0, means an update for each batch.
	GradientAccumulationSteps int `keras:"gradient_accumulation_steps,none,min=0"`
}

// Build implements Optimizer. It declares the slot "velocity" (v) of every weight; then, with
// Momentum, "momentum" (m) of every weight; then, with Centered, "average_gradient" (a) of every
// weight.
func (o RMSprop) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	s.slot("velocity")
	if o.Momentum > 0 {
		s.slot("momentum")
	}
	if o.Centered {
		s.slot("average_gradient")
	}
	s.update(func(decay float64) op.Op {
		return op.RMSprop{Rho: *o.Rho, Momentum: o.Momentum, Epsilon: *o.Epsilon, Centered: o.Centered, Decay: decay}
	})
	s.finish()
}
