package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
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
// Build reports an error if a field is out of range, or if more than one of the Clip fields is
// set.
//
// Source: Tieleman and Hinton, Neural Networks for Machine Learning, lecture 6.5, 2012. The
// centered form is from Graves, 2013 (arXiv:1308.0850).
type RMSprop struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
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
	// ClipNorm limits the Euclidean norm of the gradient of each weight tensor. At least 0. The
	// default, 0, means no limit. Only one of the three Clip fields may be set.
	ClipNorm float64 `keras:"clipnorm,none,min=0"`
	// GlobalClipNorm limits the Euclidean norm of all gradients together. At least 0. The
	// default, 0, means no limit.
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"`
	// ClipValue limits the absolute value of each element of a gradient. At least 0. The
	// default, 0, means no limit.
	ClipValue float64 `keras:"clipvalue,none,min=0"`
}

func (o RMSprop) common() common {
	return common{o.LearningRate, o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Build implements Optimizer. It declares the slot "velocity" (v) of every weight; then, with
// Momentum, "momentum" (m) of every weight; then, with Centered, "average_gradient" (a) of every
// weight.
func (o RMSprop) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, ok := Ready(b, o)
	s, started := o.common().start(b, weights, grads)
	if !ok || !started {
		return
	}
	s.slot("velocity")
	if o.Momentum > 0 {
		s.slot("momentum")
	}
	if o.Centered {
		s.slot("average_gradient")
	}
	s.update(op.RMSprop{Rho: *o.Rho, Momentum: o.Momentum, Epsilon: *o.Epsilon, Centered: o.Centered})
	s.finish()
}
