package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// Adam keeps running means m of the gradient and v of its square (keras.optimizers.Adam;
// Kingma and Ba, 2014). At step t, from 1:
//
//	m += (g-m)*(1-Beta1);  v += (g*g-v)*(1-Beta2)
//	w -= lr*sqrt(1-Beta2^t)/(1-Beta1^t) * m/(sqrt(v)+Epsilon)
type Adam struct {
	LearningRate float64  // zero: 0.001
	Beta1        *float64 // how much of m is kept each step, from 0 to less than 1; nil: 0.9
	Beta2        *float64 // how much of v is kept each step, from 0 to less than 1; nil: 0.999
	Epsilon      *float64 // keeps the divisor away from 0; nil: 1e-7
	AMSGrad      bool     // divide by the greatest v so far (Reddi et al., 2018)

	WeightDecay    float64 // part of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 // greatest norm of all gradients together; zero: none
	ClipValue      float64 // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (Adam) Class() string { return "Adam" }

// Named implements Optimizer.
func (Adam) Named() string { return "adam" }

func (o Adam) common() common {
	return common{rate(o.LearningRate, .001), o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

func (o Adam) op() op.Adam {
	return op.Adam{Beta1: or(o.Beta1, .9), Beta2: or(o.Beta2, .999), Epsilon: or(o.Epsilon, 1e-7), AMSGrad: o.AMSGrad}
}

// Config implements Optimizer.
func (o Adam) Config() map[string]any {
	c := o.common().config(o.Named())
	c["beta_1"] = o.op().Beta1
	c["beta_2"] = o.op().Beta2
	c["epsilon"] = o.op().Epsilon
	c["amsgrad"] = o.AMSGrad
	return c
}

// Build implements Optimizer. The slots are "momentum" and "velocity" of the first weight, of
// the second, and so on, then "velocity_hat" of all with AMSGrad.
func (o Adam) Build(b *graph.Builder, weights, grads []*graph.Value) {
	u := o.op()
	o.common().check(b)
	part(b, "Beta1", u.Beta1)
	part(b, "Beta2", u.Beta2)
	positive(b, "Epsilon", u.Epsilon)
	s, ok := o.common().start(b, weights, grads)
	if !ok {
		return
	}
	for i := range weights {
		s.slotOf(i, "momentum")
		s.slotOf(i, "velocity")
	}
	if u.AMSGrad {
		s.slot("velocity_hat")
	}
	s.update(u, s.iteration)
	s.finish()
}

func decodeAdam(r *config.Reader, c common) Optimizer {
	return Adam{
		LearningRate: c.rate, WeightDecay: c.weightDecay, ClipNorm: c.clipNorm, GlobalClipNorm: c.globalClipNorm, ClipValue: c.clipValue,
		Beta1: optPart(r, "beta_1"), Beta2: optPart(r, "beta_2"), Epsilon: readEpsilon(r), AMSGrad: r.Bool("amsgrad", false),
	}
}
