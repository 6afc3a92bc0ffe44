package optimizer

import (
	"reflect"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// ScaleLoss returns the loss of which the gradients for o's Build are computed (Keras'
// Optimizer.scale_loss). It is loss, unless o scales it. b is the builder that Build will get.
func ScaleLoss(b *graph.Builder, o Optimizer, loss *graph.Value) *graph.Value {
	if l, ok := o.(LossScaleOptimizer); ok {
		if len(classes.Wrong(o)) > 0 {
			return loss // Build reports the mistakes
		}
		_, scale := classes.Fill(l).(LossScaleOptimizer).scaled(b)
		return b.Mul(loss, b.Cast(scale, loss.DType))
	}
	if f := sharedOf(o).LossScaleFactor; f != 0 {
		return b.Scale(loss, f)
	}
	return loss
}

// Rate tells where o's learning rate comes from: from s, or, if s is nil, from the variable
// "learning_rate" under o's path. For a LossScaleOptimizer, which has no separate learning rate, it is
// the inner optimizer's; inner is then that optimizer's path under o's path, and otherwise "".
func Rate(o Optimizer) (inner string, s schedule.Schedule) {
	if l, ok := o.(LossScaleOptimizer); ok && l.Inner != nil {
		return innerPath, sharedOf(l.Inner).Schedule
	}
	return "", sharedOf(o).Schedule
}

// Excluded returns the ExcludeFromWeightDecay of o, or of the inner optimizer of a LossScaleOptimizer.
// Keras' config of an optimizer does not have it.
func Excluded(o Optimizer) []string {
	if l, ok := o.(LossScaleOptimizer); ok && l.Inner != nil {
		return Excluded(l.Inner)
	}
	return sharedOf(o).ExcludeFromWeightDecay
}

// WithExcluded returns a copy of o with the given ExcludeFromWeightDecay, or o if it has no such field.
func WithExcluded(o Optimizer, patterns []string) Optimizer {
	if l, ok := o.(LossScaleOptimizer); ok && l.Inner != nil {
		l.Inner = WithExcluded(l.Inner, patterns)
		return l
	}
	v := reflect.ValueOf(o)
	if v.Kind() != reflect.Struct {
		return o
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	f := c.FieldByName("ExcludeFromWeightDecay")
	if !f.IsValid() || f.Type() != reflect.TypeFor[[]string]() {
		return o
	}
	f.Set(reflect.ValueOf(patterns))
	return c.Interface().(Optimizer)
}
