package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// Nadam is Adam with Nesterov's momentum (keras.optimizers.Nadam):
//
//	mu(t) = Beta1*(1 - 0.96^t/2)
//	p = p*mu(t)
//	m += (g-m)*(1-Beta1)
//	v += (g*g-v)*(1-Beta2)
//	n = mu(t+1)*m/(1-p*mu(t+1)) + (1-mu(t))*g/(1-p)
//	w -= lr*n / (sqrt(v/(1-Beta2^t))+Epsilon)
//
// Slots: m and v. Each has the shape of the weight and is initially 0. All weights together have the
// scalar p, which is initially 1.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Dozat, Incorporating Nesterov Momentum into Adam, 2016.
type Nadam struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// Beta1 is the fraction of m that is kept in each step. At least 0 and less than 1. The
	// default, nil, is 0.9.
	Beta1 *float64 `keras:"beta_1,default=0.9,min=0,below=1"`
	// Beta2 is the fraction of v that is kept in each step. At least 0 and less than 1. The
	// default, nil, is 0.999.
	Beta2 *float64 `keras:"beta_2,default=0.999,min=0,below=1"`
	// Epsilon keeps the divisor from being 0. At least 0. The default, nil, is 1e-7.
	Epsilon *float64 `keras:"epsilon,default=1e-7,min=0"`

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

// Build implements Optimizer. It declares the slots "momentum" and "velocity" of the first weight, then
// those of the second, and so on, and
// then "u_product" (p).
func (o Nadam) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	s.pairs("momentum", "velocity")
	product := b.Variable(graph.Variable{
		Path: "u_product", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{}}, Role: graph.Slot, Init: initializer.Ones{},
	})
	one := b.Constant(tensor.Float32, 1)
	mu := func(t *graph.Value) *graph.Value {
		return b.Scale(b.Sub(one, b.Scale(s.power(.96, t), .5)), *o.Beta1)
	}
	now, next := mu(s.count()), mu(b.Offset(s.count(), 1))
	p := b.Mul(product, now)
	s.b.Assign(product, p)
	s.each(func(w, g *graph.Value, slots []*graph.Value) []*graph.Value {
		m, v := s.moved(slots[0], g, single(*o.Beta1)), s.moved(slots[1], b.Square(g), single(*o.Beta2))
		n := b.Add(
			b.Div(b.Mul(next, m), b.Sub(one, b.Mul(p, next))),
			b.Div(b.Mul(b.Sub(one, now), g), b.Sub(one, p)))
		root := b.Sqrt(b.Div(v, s.correction(*o.Beta2)))
		return []*graph.Value{b.Sub(w, b.Div(b.Mul(n, s.lr(w)), b.Offset(root, *o.Epsilon))), m, v}
	})
	s.finish()
}
