package optimizer

import (
	"errors"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// LossScaleOptimizer scales the loss, so that small gradients do not become 0 in types of low precision
// (keras.optimizers.LossScaleOptimizer). The gradients are those of the loss times the scale. In each
// step:
//
//	if all gradients are finite:
//		Inner updates the weights with the gradients divided by the scale
//		n += 1; if n is DynamicGrowthSteps: n = 0, scale *= 2
//	otherwise:
//		n = 0, scale /= 2, and nothing else changes
//
// lince computes in float32, where no scaling is needed. The optimizer is for models that come from
// Keras or go there.
//
// Slots: those of Inner. All weights together have the scalars n, which is initially 0, and the scale,
// which is initially InitialScale.
//
// Build reports an error if a field is out of range, or if Inner has one, sets LossScaleFactor, or is
// also a LossScaleOptimizer.
type LossScaleOptimizer struct {
	// Inner updates the weights. Its fields configure the learning rate, clipping and so on. Required.
	Inner Optimizer `keras:"inner_optimizer,required"`
	// InitialScale is the initial scale. Greater than 0. The default, 0, means 32768.
	InitialScale float64 `keras:"initial_scale,default=32768,above=0"`
	// DynamicGrowthSteps is the number of steps with finite gradients after which the scale doubles.
	// At least 1. The default, 0, means 2000.
	DynamicGrowthSteps int `keras:"dynamic_growth_steps,default=2000,min=1"`
}

// innerPath is the path of the inner optimizer's variables.
const innerPath = "inner_optimizer"

// scaled declares the variables: an iteration and a learning rate, which Keras stores but does not use, n
// and the scale.
func (o LossScaleOptimizer) scaled(b *graph.Builder) (n, scale *graph.Value) {
	scalar := tensor.Shape{}
	iteration(b)
	learningRate(b, 0)
	n = b.Variable(graph.Variable{Path: "step_counter", Type: op.Type{DType: tensor.Int64, Shape: scalar}, Role: graph.Slot})
	scale = b.Variable(graph.Variable{
		Path: "dynamic_scale", Type: op.Type{DType: tensor.Float32, Shape: scalar}, Role: graph.Slot,
		Init: initializer.Constant{Value: o.InitialScale},
	})
	return n, scale
}

// Build implements Optimizer. It declares "iteration", "learning_rate", "step_counter" (n) and
// "dynamic_scale", and then the variables of Inner under the path "inner_optimizer".
func (o LossScaleOptimizer) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, ok := Ready(b, o)
	if !ok {
		return
	}
	n, scale := o.scaled(b)
	grads = mapped(grads, func(_ int, g *graph.Value) *graph.Value { return b.Div(g, b.Cast(scale, g.DType)) })
	var sum *graph.Value // of x-x for all gradients x: 0, or NaN if one of them is not finite
	for _, g := range grads {
		if g == nil {
			continue
		}
		if d := b.Cast(b.Sum(b.Sub(g, g)), tensor.Float32); sum == nil {
			sum = d
		} else {
			sum = b.Add(sum, d)
		}
	}
	not := func(cond *graph.Value) *graph.Value {
		return b.Binary(op.Equal, b.Cast(cond, tensor.Float32), b.Constant(tensor.Float32, 0))
	}
	finite := b.Constant(tensor.Bool, 1)
	if sum != nil {
		finite = b.Binary(op.Equal, sum, b.Constant(tensor.Float32, 0))
	}
	update := b.When(finite)
	o.Inner.Build(update.In(innerPath, ""), weights, grads)
	full := b.Binary(op.Equal, n, b.Constant(tensor.Int64, float64(o.DynamicGrowthSteps-1)))
	grow, halve := update.When(full), b.When(not(finite))
	for _, at := range []*graph.Builder{grow, halve} {
		at.Assign(n, b.Constant(tensor.Int64, 0))
	}
	grow.Assign(scale, b.Scale(scale, 2))
	halve.Assign(scale, b.Scale(scale, .5))
	increment(update.When(not(full)), n)
}

func (o LossScaleOptimizer) check() error {
	switch {
	case o.Inner == nil:
		return nil // reported already
	case isLossScale(o.Inner):
		return errors.New("the Inner optimizer is also a LossScaleOptimizer, want another class")
	case sharedOf(o.Inner).LossScaleFactor != 0:
		return errors.New("the Inner optimizer has a LossScaleFactor, want 0: the loss is scaled already")
	}
	return nil
}

func isLossScale(o Optimizer) bool {
	_, ok := o.(LossScaleOptimizer)
	return ok
}

// writeLossScale removes the arguments that are Inner's.
func writeLossScale(_ Optimizer, conf map[string]any) {
	for _, key := range []string{"use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"} {
		delete(conf, key)
	}
}
