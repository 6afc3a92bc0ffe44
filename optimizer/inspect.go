package optimizer

import (
	"reflect"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// ScaleLoss returns the loss of which the gradients for v's Build are computed (Keras'
// Optimizer.scale_loss). It is loss, unless v scales it. b is the builder that Build will get.
func ScaleLoss(b *graph.Builder, v Optimizer, loss *graph.Value) *graph.Value {
	if l, ok := v.(LossScaleOptimizer); ok {
		if len(classes.Wrong(v)) > 0 {
			return loss // Build reports the mistakes
		}
		_, scale := classes.Fill(l).(LossScaleOptimizer).scaled(b)
		return b.Mul(loss, b.Cast(scale, loss.DType))
	}
	if f := sharedOf(v).LossScaleFactor; f != 0 {
		return b.Scale(loss, f)
	}
	return loss
}

// Rate tells where v's learning rate comes from: from s, or, if s is nil, from the variable
// "learning_rate" under v's path. For a LossScaleOptimizer, which has no separate learning rate, it is
// the inner optimizer's; inner is then that optimizer's path under v's path, and otherwise "".
func Rate(v Optimizer) (inner string, s schedule.Schedule) {
	if l, ok := v.(LossScaleOptimizer); ok && l.Inner != nil {
		return innerPath, sharedOf(l.Inner).Schedule
	}
	return "", sharedOf(v).Schedule
}

// Excluded returns the ExcludeFromWeightDecay of v, or of the inner optimizer of a LossScaleOptimizer.
// Keras' config of an optimizer does not have it.
func Excluded(v Optimizer) []string {
	if l, ok := v.(LossScaleOptimizer); ok && l.Inner != nil {
		return Excluded(l.Inner)
	}
	return sharedOf(v).ExcludeFromWeightDecay
}

// WithExcluded returns a copy of v with the given ExcludeFromWeightDecay, or v if it has no such field.
func WithExcluded(v Optimizer, patterns []string) Optimizer {
	if l, ok := v.(LossScaleOptimizer); ok && l.Inner != nil {
		l.Inner = WithExcluded(l.Inner, patterns)
		return l
	}
	from := reflect.ValueOf(v)
	if from.Kind() != reflect.Struct {
		return v
	}
	c := reflect.New(from.Type()).Elem()
	c.Set(from)
	f := c.FieldByName("ExcludeFromWeightDecay")
	if !f.IsValid() || f.Type() != reflect.TypeFor[[]string]() {
		return v
	}
	f.Set(reflect.ValueOf(patterns))
	return c.Interface().(Optimizer)
}
