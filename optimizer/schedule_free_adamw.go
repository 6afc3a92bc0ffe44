package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// ScheduleFreeAdamW is Adam that averages its weights in place of a learning rate schedule
// (keras.optimizers.ScheduleFreeAdamW). With rate = lr * min(t/WarmupSteps, 1), or lr without
// WarmupSteps:
//
//	v += (g*g-v)*(1-Beta2)
//	z -= rate*g / (sqrt(v/(1-Beta2^t))+Epsilon)
//	x = (w - (1-Beta1)*z)/Beta1
//	w = (1-Beta1)*z + Beta1*((1-1/t)*x + z/t)
//
// The third line has the new z, as Keras has on TensorFlow; the paper has the old one.
//
// Slots: z, which is the weight at the start of training, and v, which is initially 0. Each has the
// shape of the weight. In Model.fit, Keras on TensorFlow starts with z = 0, which sets the weights to
// about 0 in the first step; lince starts with the weight, as Keras does outside of fit.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Defazio et al., 2024 (arXiv:2405.15682).
type ScheduleFreeAdamW struct {
	// LearningRate is lr. Greater than 0. The default is 0.0025.
	LearningRate float64 `keras:"learning_rate,default=0.0025,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// Beta1 is the fraction of the averaged weight x in w. Greater than 0 and less than 1. The
	// default, 0, means 0.9.
	Beta1 float64 `keras:"beta_1,default=0.9,above=0,below=1"`
	// Beta2 is the fraction of v that is kept in each step. At least 0 and less than 1. The
	// default, nil, is 0.999.
	Beta2 *float64 `keras:"beta_2,default=0.999,min=0,below=1"`
	// Epsilon keeps the divisor from being 0. At least 0. The default, nil, is 1e-8.
	Epsilon *float64 `keras:"epsilon,default=1e-8,min=0"`
	// WarmupSteps is the number of updates in which the learning rate grows to lr. At least 0. The
	// default is 0.
	WarmupSteps int `keras:"warmup_steps,min=0"`

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

// Build implements Optimizer. It declares the slots "momentum" (z) and "velocity" (v) of the first weight, then
// those of the second, and so on.
func (o ScheduleFreeAdamW) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	s.pairs("momentum", "velocity")
	one, t := b.Constant(tensor.Float32, 1), s.count()
	rate := s.rate
	if o.WarmupSteps > 0 {
		rate = b.Mul(rate, b.Min(b.Div(t, b.Constant(tensor.Float32, float64(o.WarmupSteps))), one))
	}
	// A step that only accumulates gradients may change the weights too, by a constraint or an average, so z is set to
	// the weight in the first step, not in the first update.
	first := b.Binary(op.Equal, s.iteration, b.Constant(tensor.Int64, 0))
	share := b.Div(one, t)
	for i, start := range weights {
		if grads[i] == nil {
			continue
		}
		w, g, old := s.decayed(i), s.grads[i], b.Select(first, start, s.slots[i][0])
		v := s.moved(s.slots[i][1], b.Square(g), single(*o.Beta2))
		root := b.Sqrt(b.Div(v, s.correction(*o.Beta2)))
		z := b.Sub(old, b.Div(b.Mul(rate, g), b.Offset(root, *o.Epsilon)))
		rest := b.Scale(z, 1-single(o.Beta1))
		x := b.Div(b.Sub(w, rest), b.Constant(w.DType, o.Beta1))
		x = b.Add(b.Mul(b.Sub(one, share), x), b.Mul(share, z))
		s.b.Assign(start, b.Add(rest, b.Scale(x, o.Beta1)))
		s.b.Assign(s.slots[i][1], v)
		if s.complete != nil {
			z = b.Select(s.complete, z, old)
		}
		s.always.Assign(s.slots[i][0], z)
	}
	s.finish()
}
