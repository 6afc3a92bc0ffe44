package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// SGD is gradient descent, with momentum if asked for (keras.optimizers.SGD). With m the
// velocity:
//
//	Momentum == 0: w -= lr*g
//	else:          m = Momentum*m - lr*g; w += m, with Nesterov w += Momentum*m - lr*g
type SGD struct {
	LearningRate float64 `keras:"learning_rate,default=0.01,above=0"`
	Momentum     float64 `keras:"momentum,min=0,below=1"`
	Nesterov     bool    `keras:"nesterov"` // look ahead along the velocity (Nesterov, 1983); has no effect without Momentum

	WeightDecay    float64 `keras:"weight_decay,none,min=0"`    // fraction of a weight that a learning rate of 1 would take away each step; zero: none
	ClipNorm       float64 `keras:"clipnorm,none,min=0"`        // greatest norm of the gradient of each weight; zero: none
	GlobalClipNorm float64 `keras:"global_clipnorm,none,min=0"` // greatest norm of all gradients together; zero: none
	ClipValue      float64 `keras:"clipvalue,none,min=0"`       // greatest absolute value in a gradient; zero: none
}

// Class implements Optimizer.
func (SGD) Class() string { return "SGD" }

// Named implements Optimizer.
func (SGD) Named() string { return "sgd" }

func (o SGD) common() common {
	return common{o.LearningRate, o.WeightDecay, o.ClipNorm, o.GlobalClipNorm, o.ClipValue}
}

// Config implements Optimizer.
func (o SGD) Config() map[string]any { return ConfigOf(o) }

// Build implements Optimizer. The slots are "momentum" of all weights, when there is one.
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
