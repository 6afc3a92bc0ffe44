package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// RMSprop divides the gradient by a running root mean square of it
// (keras.optimizers.RMSprop; Hinton, Neural Networks for Machine Learning, lecture 6e, 2012):
//
//	v = Rho*v + (1-Rho)*g*g;  Centered: a = Rho*a + (1-Rho)*g, d = v - a*a + Epsilon, else d = v + Epsilon
//	i = lr*g/sqrt(d);  Momentum > 0: m = Momentum*m + i, w -= m, else w -= i
type RMSprop struct {
	LearningRate float64  `keras:"learning_rate,default=0.001,above=0"`
	Rho          *float64 `keras:"rho,default=0.9,min=0,below=1"` // fraction of the mean that is kept each step
	Momentum     float64  `keras:"momentum,min=0,below=1"`
	Epsilon      *float64 `keras:"epsilon,default=1e-7,min=0"` // keeps the divisor away from 0
	Centered     bool     `keras:"centered"`                   // divide by the variance instead

	WeightDecay    float64 `keras:"weight_decay,none,min=0"`    // fraction of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 `keras:"clipnorm,none,min=0"`        // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"` // greatest norm of all gradients together; zero: none
	ClipValue      float64 `keras:"clipvalue,none,min=0"`       // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (RMSprop) Class() string { return "RMSprop" }

// Named implements Optimizer.
func (RMSprop) Named() string { return "rm_sprop" }

func (o RMSprop) common() common {
	return common{o.LearningRate, o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Config implements Optimizer.
func (o RMSprop) Config() map[string]any { return ConfigOf(o) }

// Build implements Optimizer. The slots are "velocity" of all weights, "momentum" of all when
// there is one, "average_gradient" of all when centered.
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
