package optimizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// Adafactor keeps, for a weight with two or more dimensions, only the means of the squared gradients
// over rows and columns (keras.optimizers.Adafactor), and divides the gradient by an estimate made from
// them. Of the last two dimensions of a weight, the rows run along the last one. With
// beta = 1 - t^Beta2Decay and h = g*g + Epsilon1:
//
//	r = beta*r + (1-beta)*mean(h, last dimension)
//	c = beta*c + (1-beta)*mean(h, last dimension but one)
//	v = r/mean(r, last dimension) * c, for each row and column
//	v = beta*v + (1-beta)*h, for a weight with fewer than two dimensions
//	u = g/sqrt(v)
//	w -= max(Epsilon2, rms(w)) * min(lr, 1/sqrt(t)) * u/max(1, rms(u)/ClipThreshold)
//
// where rms is the root mean square of all elements.
//
// Slots: r and c, which have the shape of the weight without the last dimension, and without the last
// but one; v, which has the shape of the weight. Keras also stores v, and stores r and c of a weight with
// fewer than two dimensions as unused integers. All are initially 0.
//
// Build reports an error if a field is out of range, if more than one of the Clip fields is set, or
// if both LearningRate and Schedule are set.
//
// Source: Shazeer and Stern, 2018 (arXiv:1804.04235).
type Adafactor struct {
	// LearningRate is lr. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
	// Schedule computes the learning rate from the number of previous steps (Keras' learning_rate
	// given as a LearningRateSchedule). LearningRate must then be 0. The default, nil, means
	// LearningRate.
	Schedule schedule.Schedule `keras:"learning_rate,object"`
	// Beta2Decay is the exponent of the decay of beta. At most 0. The default, nil, is -0.8.
	Beta2Decay *float64 `keras:"beta_2_decay,default=-0.8,max=0"`
	// Epsilon1 keeps the divisor from being 0. At least 0. The default, nil, is 1e-30.
	Epsilon1 *float64 `keras:"epsilon_1,default=1e-30,min=0"`
	// Epsilon2 is the minimum size of a weight, to which the size of steps is proportional. At least
	// 0. The default, nil, is 0.001.
	Epsilon2 *float64 `keras:"epsilon_2,default=0.001,min=0"`
	// ClipThreshold is the maximum root mean square of u. Greater than 0. The default, 0, means 1.
	ClipThreshold float64 `keras:"clip_threshold,default=1,above=0"`
	// NoRelativeStep turns off Keras' relative_step. It changes nothing: Keras limits lr to 1/sqrt(t)
	// with and without it. The default is false.
	NoRelativeStep bool `keras:"relative_step,inverted"`

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

// Build implements Optimizer. It declares "r", "c" and "velocity" (v) of the first weight, then those of
// the second, and so on.
func (o Adafactor) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, s, ok := start(b, o, weights, grads)
	if !ok {
		return
	}
	for i, w := range weights {
		n := w.Rank()
		if n < 2 {
			unused := op.Type{DType: tensor.Int32, Shape: tensor.Shape{}}
			s.variable(w, "r", unused, nil)
			s.variable(w, "c", unused, nil)
		} else {
			rows, columns := w.Shape[:n-1], append(w.Shape[:n-2].Clone(), w.Shape[n-1])
			s.slots[i] = []*graph.Value{
				s.variable(w, "r", op.Type{DType: w.DType, Shape: rows}, nil),
				s.variable(w, "c", op.Type{DType: w.DType, Shape: columns}, nil),
			}
		}
		s.slotOf(i, "velocity", nil)
	}
	one, t := b.Constant(tensor.Float32, 1), s.count()
	beta := b.Sub(one, b.Binary(op.Pow, t, b.Constant(tensor.Float32, *o.Beta2Decay)))
	average := func(a, x *graph.Value) *graph.Value { return b.Add(b.Mul(beta, a), b.Mul(b.Sub(one, beta), x)) }
	rms := func(x *graph.Value) *graph.Value { return b.Sqrt(b.Mean(b.Square(x))) }
	s.each(func(w, g *graph.Value, slots []*graph.Value) []*graph.Value {
		size := b.Mul(b.Max(b.Constant(w.DType, *o.Epsilon2), rms(w)), b.Min(s.lr(w), b.Div(one, b.Sqrt(t))))
		h := b.Offset(b.Square(g), *o.Epsilon1)
		next := []*graph.Value{average(slots[len(slots)-1], h)}
		if n := w.Rank(); n >= 2 {
			r, c := average(slots[0], b.Mean(h, n-1)), average(slots[1], b.Mean(h, n-2))
			row, column := append(w.Shape[:n-1].Clone(), 1), append(append(w.Shape[:n-2].Clone(), 1), w.Shape[n-1])
			mean := b.Div(b.SumKeep(r, n-2), b.Size(r, n-2))
			v := b.Mul(b.Reshape(b.Div(r, mean), row...), b.Reshape(c, column...))
			next = []*graph.Value{r, c, v}
		}
		u := b.Div(g, b.Sqrt(next[len(next)-1]))
		u = b.Div(u, b.Max(one, b.Div(rms(u), b.Constant(w.DType, o.ClipThreshold))))
		return append([]*graph.Value{b.Sub(w, b.Mul(size, u))}, next...)
	})
	s.finish()
}
