package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
)

// SGD is gradient descent, with momentum if asked for (keras.optimizers.SGD). With m the
// velocity:
//
//	Momentum == 0: w -= lr*g
//	else:          m = Momentum*m - lr*g; w += m, with Nesterov w += Momentum*m - lr*g
type SGD struct {
	LearningRate float64 // zero: 0.01
	Momentum     float64 // from 0 to less than 1
	Nesterov     bool    // look ahead along the velocity (Nesterov, 1983); has no effect without Momentum

	WeightDecay    float64 // part of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 // greatest norm of all gradients together; zero: none
	ClipValue      float64 // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (SGD) Class() string { return "SGD" }

// Named implements Optimizer.
func (SGD) Named() string { return "sgd" }

func (o SGD) common() common {
	return common{rate(o.LearningRate, .01), o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Config implements Optimizer.
func (o SGD) Config() map[string]any {
	c := o.common().config(o.Named())
	c["momentum"] = o.Momentum
	c["nesterov"] = o.Nesterov
	return c
}

// Build implements Optimizer. The slots are "momentum" of all weights, when there is one.
func (o SGD) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o.common().check(b)
	part(b, "Momentum", o.Momentum)
	s, ok := o.common().start(b, weights, grads)
	if !ok {
		return
	}
	if o.Momentum > 0 {
		s.slot("momentum")
	}
	s.update(op.SGD{Momentum: o.Momentum, Nesterov: o.Nesterov && o.Momentum > 0})
	s.finish()
}

func decodeSGD(r *config.Reader, c common) Optimizer {
	return SGD{
		LearningRate: c.rate, WeightDecay: c.weightDecay, ClipNorm: c.clipNorm, GlobalClipNorm: c.globalClipNorm, ClipValue: c.clipValue,
		Momentum: readPart(r, "momentum", 0), Nesterov: r.Bool("nesterov", false),
	}
}
