package lince

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
)

// RangeTestOptions configures Model.LearningRateRangeTest. The zero value is the default.
type RangeTestOptions struct {
	// StartLR and EndLR are the first and the last learning rate, greater than 0. The defaults are 1e-7 and 10.
	StartLR, EndLR float64
	// Steps is the number of learning rates, each of which is used for one step. At least 10. The default is 100.
	Steps int
	// Smoothing is the weight of the earlier losses in the moving average. From 0 to less than 1. The default, nil, is 0.9.
	Smoothing *float64
	// StopFactor ends the test when the smoothed loss is more than this factor times its minimum. Greater than 1. The default is 4.
	StopFactor float64
	// ClassWeight is that of FitOptions.
	ClassWeight map[int]float64
	// Verbose and Output are those of FitOptions, except that the default is Silent.
	Verbose Verbose
	Output  io.Writer
}

// RangeTest is the result of Model.LearningRateRangeTest.
type RangeTest struct {
	// Rates are the learning rates that were used, in rising order, Losses the losses of their steps, before the update, and Smoothed the
	// moving averages of Losses, corrected for their start.
	Rates, Losses, Smoothed []float64
	// Suggested is the learning rate at which Smoothed falls fastest by the logarithm of the rate. It is 0 if the loss does not
	// fall by more than its differences between batches.
	Suggested float64
	// Lowest is the learning rate of the minimum of Smoothed. Training with this rate is usually unstable.
	Lowest float64
}

func (o *RangeTestOptions) check() error {
	o.StartLR, o.EndLR, o.Steps, o.StopFactor = cmp.Or(o.StartLR, 1e-7), cmp.Or(o.EndLR, 10), cmp.Or(o.Steps, 100), cmp.Or(o.StopFactor, 4)
	if o.Smoothing == nil {
		o.Smoothing = new(.9)
	}
	o.Verbose = cmp.Or(o.Verbose, Silent)
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !(o.StartLR > 0) || !(o.EndLR > o.StartLR) || o.EndLR > 1e30 {
		bad("StartLR and EndLR must be rising numbers greater than 0 and at most 1e30, got %v and %v", o.StartLR, o.EndLR)
	}
	if o.Steps < 10 {
		bad("Steps must be at least 10, got %d", o.Steps)
	}
	if s := *o.Smoothing; !(s >= 0 && s < 1) {
		bad("Smoothing must be at least 0 and less than 1, got %v", s)
	}
	if !(o.StopFactor > 1) {
		bad("StopFactor must be greater than 1, got %v", o.StopFactor)
	}
	return errors.Join(errs...)
}

// LearningRateRangeTest finds a learning rate: it trains for some steps, with a rate that rises from step to step by the same factor, and returns the loss of each
// step. The model is then as it was before, with the same variables, optimizer state and random streams. The optimizer must have a constant learning
// rate, not a schedule. If ctx is cancelled, the error wraps context.Cause(ctx).
//
// The same model, data and options give the same bits on any number of threads.
//
// Source: Smith, 2017 (Cyclical learning rates for training neural networks), section 3.3.
func (m *Model) LearningRateRangeTest(ctx context.Context, train data.Dataset, o RangeTestOptions) (*RangeTest, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	if err := m.readyToTrain(); err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	rate, err := m.LearningRate()
	if err == nil {
		err = m.SetLearningRate(rate) // an error with a schedule
	}
	if err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	classes, steps, started := m.Classes, m.Preprocessing, m.compiled.started
	var before guard
	before.keep(m)
	defer func() {
		before.putBack(m)
		m.Classes, m.Preprocessing, m.compiled.started = classes, steps, started
	}()
	r := &RangeTest{}
	sweep := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		average, lowest := 0., math.Inf(1)
		return callback.Hooks{
			EpochBegin: func(i int) error {
				r.Rates = append(r.Rates, o.StartLR*math.Pow(o.EndLR/o.StartLR, float64(i)/float64(o.Steps-1)))
				return run.SetLearningRate(r.Rates[i])
			},
			BatchEnd: func(_ int, logs *Logs) error {
				loss, _ := logs.Get("loss")
				if math.IsNaN(loss) || math.IsInf(loss, 0) {
					r.Rates = r.Rates[:len(r.Rates)-1]
					run.Stop()
					return nil
				}
				r.Losses = append(r.Losses, loss)
				average = *o.Smoothing*average + (1-*o.Smoothing)*loss
				smooth := average / (1 - math.Pow(*o.Smoothing, float64(len(r.Losses))))
				r.Smoothed = append(r.Smoothed, smooth)
				if smooth < lowest {
					lowest, r.Lowest = smooth, r.Rates[len(r.Losses)-1]
				}
				if smooth > o.StopFactor*lowest && lowest > 0 {
					run.Stop()
				}
				return nil
			},
		}, nil
	})
	// An epoch of one step has the loss of that step as its mean, and continues in the data.
	_, err = m.Fit(ctx, train, FitOptions{
		Epochs: o.Steps, StepsPerEpoch: 1, AllowNaN: true, ClassWeight: o.ClassWeight, Verbose: o.Verbose, Output: o.Output, Callbacks: []callback.Callback{sweep},
	})
	if err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	r.suggest(*o.Smoothing)
	return r, nil
}

// suggest sets Suggested. The slope at a rate is that of the smoothed losses some steps before and after it, up to the minimum. The first tenth of the rates is
// left out, because the moving averages have few losses there. There is no suggestion if the minimum could be chance: if it is less than three standard
// deviations below the losses with the first fifth of the rates, which change the weights little.
func (r *RangeTest) suggest(smoothing float64) {
	n := len(r.Smoothed)
	mean, variance := 0., 0.
	flat := max(n/5, 2)
	if n < flat {
		return
	}
	for _, l := range r.Losses[:flat] {
		mean += l / float64(flat)
	}
	for _, l := range r.Losses[:flat] {
		variance += (l - mean) * (l - mean) / float64(flat-1)
	}
	// The variance of a moving average of independent numbers.
	noise := math.Sqrt(variance * (1 - smoothing) / (1 + smoothing))
	lowest := math.Inf(1)
	for i, s := range r.Smoothed {
		if r.Rates[i] == r.Lowest {
			lowest = s
		}
	}
	if !(lowest < mean-3*noise) {
		return
	}
	around := max(n/20, 1)
	steepest := 0.
	for i := max(n/10, around); i+around < n && r.Rates[i] <= r.Lowest; i++ {
		a, b := i-around, i+around
		if slope := (r.Smoothed[b] - r.Smoothed[a]) / math.Log(r.Rates[b]/r.Rates[a]); slope < steepest {
			steepest, r.Suggested = slope, r.Rates[i]
		}
	}
}
