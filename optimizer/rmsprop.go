package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// RMSprop divides the gradient by a running root mean square of it
// (keras.optimizers.RMSprop; Hinton, Neural Networks for Machine Learning, lecture 6e, 2012):
//
//	v = Rho*v + (1-Rho)*g*g;  Centered: a = Rho*a + (1-Rho)*g, d = v - a*a + Epsilon, else d = v + Epsilon
//	i = lr*g/sqrt(d);  Momentum > 0: m = Momentum*m + i, w -= m, else w -= i
type RMSprop struct {
	LearningRate float64  // zero: 0.001
	Rho          *float64 // how much of the mean is kept each step, from 0 to less than 1; nil: 0.9
	Momentum     float64  // from 0 to less than 1
	Epsilon      *float64 // keeps the divisor away from 0; nil: 1e-7
	Centered     bool     // divide by the variance instead

	WeightDecay    float64 // part of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 // greatest norm of all gradients together; zero: none
	ClipValue      float64 // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (RMSprop) Class() string { return "RMSprop" }

// Named implements Optimizer.
func (RMSprop) Named() string { return "rm_sprop" }

func (o RMSprop) common() common {
	return common{rate(o.LearningRate, .001), o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

func (o RMSprop) op() op.RMSprop {
	return op.RMSprop{Rho: or(o.Rho, .9), Momentum: o.Momentum, Epsilon: or(o.Epsilon, 1e-7), Centered: o.Centered}
}

// Config implements Optimizer.
func (o RMSprop) Config() map[string]any {
	c := o.common().config(o.Named())
	c["rho"] = o.op().Rho
	c["momentum"] = o.Momentum
	c["epsilon"] = o.op().Epsilon
	c["centered"] = o.Centered
	return c
}

// Build implements Optimizer. The slots are "velocity" of all weights, "momentum" of all when
// there is one, "average_gradient" of all when centered.
func (o RMSprop) Build(b *graph.Builder, weights, grads []*graph.Value) {
	u := o.op()
	o.common().check(b)
	part(b, "Rho", u.Rho)
	part(b, "Momentum", u.Momentum)
	positive(b, "Epsilon", u.Epsilon)
	s, ok := o.common().start(b, weights, grads)
	if !ok {
		return
	}
	s.slot("velocity")
	if u.Momentum > 0 {
		s.slot("momentum")
	}
	if u.Centered {
		s.slot("average_gradient")
	}
	s.update(u)
	s.finish()
}

func decodeRMSprop(r *config.Reader, c common) Optimizer {
	return RMSprop{
		LearningRate: c.rate, WeightDecay: c.weightDecay, ClipNorm: c.clipNorm, GlobalClipNorm: c.globalClipNorm, ClipValue: c.clipValue,
		Rho: optPart(r, "rho"), Momentum: readPart(r, "momentum", 0), Epsilon: readEpsilon(r), Centered: r.Bool("centered", false),
	}
}
