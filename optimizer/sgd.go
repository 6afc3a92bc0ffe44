package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// SGD is gradient descent, optionally with momentum (keras.optimizers.SGD). For a weight w with
// the gradient g and the velocity m:
//
//	without Momentum:  w -= lr*g
//	with Momentum:     m = Momentum*m - lr*g;  w += m
//	with Nesterov:     m = Momentum*m - lr*g;  w += Momentum*m - lr*g
//
// Slots: m, if Momentum is not 0. It has the shape of the weight and is initially 0.
//
// Build reports an error if a field is out of range, or if more than one of the Clip fields is
// set.
//
// Momentum was introduced by Polyak, 1964, and Nesterov, 1983. Sutskever et al., 2013, give both
// in this form.
type SGD struct {
	// LearningRate is lr. Greater than 0. The default is 0.01.
	LearningRate float64 `keras:"learning_rate,default=0.01,above=0"`
	// Momentum is the fraction of m that is kept in each step. At least 0 and less than 1; Keras
	// also allows 1. The default is 0.
	Momentum float64 `keras:"momentum,min=0,below=1"`
	// Nesterov applies Nesterov's momentum. It has no effect if Momentum is 0. The default is
	// false.
	Nesterov bool `keras:"nesterov"`

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

func (o SGD) common() common {
	return common{o.LearningRate, o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Build implements Optimizer. With Momentum it declares the slot "momentum" of every weight.
func (o SGD) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, ok := Ready(b, o)
	s, started := o.common().start(b, weights, grads)
	if !ok || !started {
		return
	}
	if o.Momentum > 0 {
		s.slot("momentum")
	}
	s.update(op.SGD{Momentum: o.Momentum, Nesterov: o.Nesterov && o.Momentum > 0})
	s.finish()
}
