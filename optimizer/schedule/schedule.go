// Package schedule provides the learning rate schedules of keras.optimizers.schedules. A schedule
// computes the learning rate of a training step from the number of steps before it. It is the value
// of an optimizer's field Schedule:
//
//	optimizer.SGD{Schedule: schedule.CosineDecay{InitialLearningRate: .1, DecaySteps: 1000}}
//
// docs/keras.md lists all schedules with their arguments.
//
// In the formulas, s is the number of previous steps: 0 in the first step. A step is one batch, also
// if the optimizer accumulates gradients. Learning rates are computed in float64 and rounded to
// float32; Keras computes in float32.
//
// A custom schedule is a struct with the method At. Its fields have the same tags as those of this
// package.
package schedule

import "math"

// Schedule computes learning rates.
type Schedule interface {
	// At returns the learning rate of the step that follows step previous steps. It must depend on
	// step and the fields only, so that training can be resumed. Mistakes in the schedule's fields are
	// reported by Check before the first call.
	At(step int64) float64
}

// ExponentialDecay multiplies the rate by DecayRate every DecaySteps steps
// (keras.optimizers.schedules.ExponentialDecay):
//
//	rate = InitialLearningRate * DecayRate^(s/DecaySteps)
type ExponentialDecay struct {
	// InitialLearningRate is the rate of the first step. At least 0. Required.
	InitialLearningRate float64 `keras:"initial_learning_rate,required,above=0"`
	// DecaySteps is the number of steps in which the rate is multiplied by DecayRate once. Greater
	// than 0. Required.
	DecaySteps int `keras:"decay_steps,required,min=1"`
	// DecayRate is the factor. Greater than 0. Required.
	DecayRate float64 `keras:"decay_rate,required,above=0"`
	// Staircase rounds s/DecaySteps down, so that the rate changes only every DecaySteps steps. The
	// default is false.
	Staircase bool `keras:"staircase"`

	_ struct{} `keras:"name,any=ExponentialDecay"`
}

// At implements Schedule.
func (d ExponentialDecay) At(step int64) float64 {
	return d.InitialLearningRate * math.Pow(d.DecayRate, periods(step, d.DecaySteps, d.Staircase))
}

// InverseTimeDecay divides the rate by a number that grows linearly
// (keras.optimizers.schedules.InverseTimeDecay):
//
//	rate = InitialLearningRate / (1 + DecayRate*s/DecaySteps)
//
// With DecaySteps 1 it is the decay of the optimizers of Keras before 2.11.
type InverseTimeDecay struct {
	// InitialLearningRate is the rate of the first step. Greater than 0. Required.
	InitialLearningRate float64 `keras:"initial_learning_rate,required,above=0"`
	// DecaySteps is the number of steps in which the divisor grows by DecayRate. Greater than 0.
	// Required.
	DecaySteps int `keras:"decay_steps,required,min=1"`
	// DecayRate is the growth of the divisor. At least 0. Required.
	DecayRate float64 `keras:"decay_rate,required,min=0"`
	// Staircase rounds s/DecaySteps down, so that the rate changes only every DecaySteps steps. The
	// default is false.
	Staircase bool `keras:"staircase"`

	_ struct{} `keras:"name,any=InverseTimeDecay"`
}

// At implements Schedule.
func (d InverseTimeDecay) At(step int64) float64 {
	return d.InitialLearningRate / (1 + d.DecayRate*periods(step, d.DecaySteps, d.Staircase))
}

// periods returns the number of periods of n steps in step, rounded down for a staircase.
func periods(step int64, n int, staircase bool) float64 {
	p := float64(step) / float64(n)
	if staircase {
		return math.Floor(p)
	}
	return p
}

// PolynomialDecay moves the rate from InitialLearningRate to EndLearningRate in DecaySteps steps
// (keras.optimizers.schedules.PolynomialDecay), and keeps it there:
//
//	rate = (InitialLearningRate-EndLearningRate) * (1 - min(s, n)/n)^Power + EndLearningRate
//
// where n is DecaySteps. With Cycle, n is DecaySteps times the smallest integer, from 1, with which n
// is at least s, so the rate rises again after each DecaySteps steps.
type PolynomialDecay struct {
	// InitialLearningRate is the rate of the first step. Greater than 0. Required.
	InitialLearningRate float64 `keras:"initial_learning_rate,required,above=0"`
	// DecaySteps is the number of steps to EndLearningRate. Greater than 0. Required.
	DecaySteps int `keras:"decay_steps,required,min=1"`
	// EndLearningRate is the last rate. At least 0. The default, nil, is 0.0001.
	EndLearningRate *float64 `keras:"end_learning_rate,default=0.0001,min=0"`
	// Power is the exponent: 1 for a straight line. Greater than 0. The default, nil, is 1.
	Power *float64 `keras:"power,default=1,above=0"`
	// Cycle lets the rate rise again after DecaySteps steps. The default is false.
	Cycle bool `keras:"cycle"`

	_ struct{} `keras:"name,any=PolynomialDecay"`
}

// At implements Schedule.
func (d PolynomialDecay) At(step int64) float64 {
	d = Filled(d)
	s, n := float64(step), float64(d.DecaySteps)
	if d.Cycle {
		n *= max(1, math.Ceil(s/n))
	}
	end := *d.EndLearningRate
	return (d.InitialLearningRate-end)*math.Pow(1-min(s, n)/n, *d.Power) + end
}

// PiecewiseConstantDecay gives each range of steps its own rate
// (keras.optimizers.schedules.PiecewiseConstantDecay):
//
//	rate = Values[i], where i is the number of Boundaries that are less than s
//
// So the step whose s equals a boundary still has the rate before it.
type PiecewiseConstantDecay struct {
	// Boundaries are numbers of steps, in increasing order. At least one; each at least 0. Required.
	Boundaries []int `keras:"boundaries,required,min=0"`
	// Values are the rates, one more than Boundaries. Each greater than 0. Required.
	Values []float64 `keras:"values,required,above=0"`

	_ struct{} `keras:"name,any=PiecewiseConstant"`
}

// At implements Schedule.
func (d PiecewiseConstantDecay) At(step int64) float64 {
	i := 0
	for i < len(d.Boundaries) && step > int64(d.Boundaries[i]) {
		i++
	}
	return d.Values[i]
}
