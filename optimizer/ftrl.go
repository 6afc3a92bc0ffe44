package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// Ftrl follows the regularized leader, which sets the weights of rare features to exactly 0
// (keras.optimizers.Ftrl). With p = -LearningRatePower, l1 and l2 the two regularization strengths, and
// s the shrinkage strength:
//
//	b = a + g*g
//	z += g + 2*s*w - (b^p-a^p)/lr*w
//	w = (min(max(z, -l1), l1) - z) / (b^p/lr + 2*(l2 + Beta/(2*lr)))
//	a = b
//
// Slots: a, which is initially InitialAccumulatorValue, and z, which is initially 0. Each has the shape
// of the weight.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: McMahan et al., Ad Click Prediction: a View from the Trenches, 2013.
type Ftrl struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// LearningRatePower is the exponent -p. At most 0; 0 keeps the learning rate constant. The
	// default, nil, is -0.5.
	LearningRatePower *float64 `keras:"learning_rate_power,default=-0.5,max=0"`
	// InitialAccumulatorValue is the initial value of a. At least 0. The default, nil, is 0.1.
	InitialAccumulatorValue *float64 `keras:"initial_accumulator_value,default=0.1,min=0"`
	// L1RegularizationStrength is l1. At least 0. The default is 0.
	L1RegularizationStrength float64 `keras:"l1_regularization_strength,min=0"`
	// L2RegularizationStrength is l2. At least 0. The default is 0.
	L2RegularizationStrength float64 `keras:"l2_regularization_strength,min=0"`
	// L2ShrinkageRegularizationStrength is s. At least 0. The default is 0.
	L2ShrinkageRegularizationStrength float64 `keras:"l2_shrinkage_regularization_strength,min=0"`
	// Beta is the paper's beta. At least 0; Keras also takes negative numbers. The default is 0.
	Beta float64 `keras:"beta,min=0"`

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

// Build implements Optimizer. It declares the slots "accumulator" (a) and "linear" (z) of the first weight, then
// those of the second, and so on.
func (o Ftrl) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	for i := range weights {
		s.slotOf(i, "accumulator", initializer.Constant{Value: *o.InitialAccumulatorValue})
		s.slotOf(i, "linear", nil)
	}
	s.each(func(w, g *graph.Value, slots []*graph.Value) []*graph.Value {
		lr, l1, old := s.lr(w), o.L1RegularizationStrength, slots[0]
		power := func(x *graph.Value) *graph.Value {
			return b.Binary(op.Pow, x, b.Constant(x.DType, -*o.LearningRatePower))
		}
		l2 := b.Offset(b.Div(b.Constant(lr.DType, o.Beta), b.Scale(lr, 2)), o.L2RegularizationStrength)
		a := b.Add(old, b.Square(g))
		g = b.Add(g, b.Scale(w, 2*o.L2ShrinkageRegularizationStrength))
		z := b.Add(slots[1], b.Sub(g, b.Mul(b.Div(b.Sub(power(a), power(old)), lr), w)))
		divisor := b.Add(b.Div(power(a), lr), b.Scale(l2, 2))
		return []*graph.Value{b.Div(b.Sub(b.Clip(z, -l1, l1), z), divisor), a, z}
	})
	s.finish()
}
