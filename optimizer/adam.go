package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Adam keeps running means m of the gradient and v of its square (keras.optimizers.Adam;
// Kingma and Ba, 2014). At step t, from 1:
//
//	m += (g-m)*(1-Beta1);  v += (g*g-v)*(1-Beta2)
//	w -= lr*sqrt(1-Beta2^t)/(1-Beta1^t) * m/(sqrt(v)+Epsilon)
type Adam struct {
	LearningRate float64  `keras:"learning_rate,default=0.001,above=0"`
	Beta1        *float64 `keras:"beta_1,default=0.9,min=0,below=1"`   // fraction of m that is kept each step
	Beta2        *float64 `keras:"beta_2,default=0.999,min=0,below=1"` // fraction of v that is kept each step
	Epsilon      *float64 `keras:"epsilon,default=1e-7,min=0"`         // keeps the divisor away from 0
	AMSGrad      bool     `keras:"amsgrad"`                            // divide by the greatest v so far (Reddi et al., 2018)

	WeightDecay    float64 `keras:"weight_decay,none,min=0"`    // fraction of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 `keras:"clipnorm,none,min=0"`        // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"` // greatest norm of all gradients together; zero: none
	ClipValue      float64 `keras:"clipvalue,none,min=0"`       // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (Adam) Class() string { return "Adam" }

// Named implements Optimizer.
func (Adam) Named() string { return "adam" }

func (o Adam) common() common {
	return common{o.LearningRate, o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Config implements Optimizer.
func (o Adam) Config() map[string]any { return ConfigOf(o) }

// Build implements Optimizer. The slots are "momentum" and "velocity" of the first weight, of
// the second, and so on, then "velocity_hat" of all with AMSGrad.
func (o Adam) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, ok := Ready(b, o)
	s, started := o.common().start(b, weights, grads)
	if !ok || !started {
		return
	}
	for i := range weights {
		s.slotOf(i, "momentum")
		s.slotOf(i, "velocity")
	}
	if o.AMSGrad {
		s.slot("velocity_hat")
	}
	s.update(op.Adam{Beta1: *o.Beta1, Beta2: *o.Beta2, Epsilon: *o.Epsilon, AMSGrad: o.AMSGrad}, s.iteration)
	s.finish()
}
