package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// Lion uses only the sign of a mix of momentum and gradient (keras.optimizers.Lion):
//
//	w -= lr*sign(Beta1*m + (1-Beta1)*g)
//	m = Beta2*m + (1-Beta2)*g
//
// Each element of a weight changes by lr in each step, so the learning rate should be 3 to 10 times
// smaller than Adam's.
//
// Slots: m. It has the shape of the weight and is initially 0.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Chen et al., 2023 (arXiv:2302.06675).
type Lion struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// Beta1 is the fraction of m in the mix. Greater than 0 and at most 1. The default, 0, means 0.9.
	Beta1 float64 `keras:"beta_1,default=0.9,above=0,max=1"`
	// Beta2 is the fraction of m that is kept in each step. From 0 to 1. The default, nil, is 0.99.
	Beta2 *float64 `keras:"beta_2,default=0.99,min=0,max=1"`

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

// Build implements Optimizer. It declares the slot "momentum" (m) of every weight.
func (o Lion) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	s.slot("momentum")
	mix := func(m, g *graph.Value, beta float64) *graph.Value {
		return b.Add(b.Scale(m, beta), b.Scale(g, 1-single(beta)))
	}
	s.each(func(w, g *graph.Value, slots []*graph.Value) []*graph.Value {
		m := slots[0]
		return []*graph.Value{b.Sub(w, b.Mul(s.lr(w), b.Sign(mix(m, g, o.Beta1)))), mix(m, g, *o.Beta2)}
	})
	s.finish()
}
