package lince

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
)

// RangeTestOptions configures Model.LearningRateRangeTest. The zero value is the default.
type RangeTestOptions struct {
	// StartLR and EndLR are the first and the last learning rate, greater than 0. The defaults are 1e-6 and 10.
	StartLR, EndLR float64
	// Steps is the number of learning rates, each of which is used for one step. At least 10. The default is 200.
	Steps int
	// Smoothing is the weight of the earlier steps in the moving average. From 0 to less than 1. The default, nil, is 0.9.
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
	// Rates are the learning rates that were used, in rising order, and Losses the losses of their steps, before the update.
	Rates, Losses []float64
	// Initial are the losses of the same batches with the weights from before the test.
	Initial []float64
	// Smoothed shows what training has changed: the mean of Initial plus a moving average of Losses - Initial. The differences between the
	// batches cancel out.
	Smoothed []float64
	// Suggested is the learning rate at which Smoothed falls fastest by the logarithm of the rate, or a fifth of Lowest if that is
	// less. It is 0 if the loss does not fall by more than chance and by at least one percent.
	Suggested float64
	// Lowest is the learning rate of the minimum of Smoothed. Training with this rate is usually unstable.
	Lowest float64
}

func (o *RangeTestOptions) check() error {
	o.StartLR, o.EndLR, o.Steps, o.StopFactor = cmp.Or(o.StartLR, 1e-6), cmp.Or(o.EndLR, 10), cmp.Or(o.Steps, 200), cmp.Or(o.StopFactor, 4)
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
// step. Then it computes the losses of the same batches again without training. The model is then as it was before, with the same variables, optimizer state and random streams.
// The optimizer must have a constant learning rate, not a schedule. If ctx is cancelled, the error wraps context.Cause(ctx).
//
// The same model, data and options give the same bits on any number of threads.
//
// Source: Smith, 2017 (Cyclical learning rates for training neural networks), section 3.3. The comparison with the untrained weights is our addition: with a few hundred steps, the
// differences between batches are larger than what training changes.
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
	restore := func() {
		before.putBack(m)
		m.Classes, m.Preprocessing, m.compiled.started = classes, steps, started
	}
	defer restore()
	r := &RangeTest{}
	for i := range o.Steps {
		r.Rates = append(r.Rates, o.StartLR*math.Pow(o.EndLR/o.StartLR, float64(i)/float64(o.Steps-1)))
	}
	if r.Losses, err = m.lossesAt(ctx, train, o, r.Rates); err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	restore()
	r.Rates = r.Rates[:len(r.Losses)]
	// A rate so small that the weights do not change. With 0, an optimizer might divide by it.
	if r.Initial, err = m.lossesAt(ctx, train, o, slices.Repeat([]float64{1e-30}, len(r.Losses))); err != nil {
		return nil, fmt.Errorf("range test: %w", err)
	}
	r.judge(*o.Smoothing)
	return r, nil
}

// lossesAt trains a step with each of the rates, and returns the losses of the steps. It ends early when a loss is not finite, or when the moving average of the
// losses exceeds StopFactor times its minimum.
func (m *Model) lossesAt(ctx context.Context, train data.Dataset, o RangeTestOptions, rates []float64) (losses []float64, err error) {
	if len(rates) == 0 {
		return nil, nil
	}
	each := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		var average movingAverage
		lowest := math.Inf(1)
		return callback.Hooks{
			EpochBegin: func(i int) error { return run.SetLearningRate(rates[i]) },
			BatchEnd: func(_ int, logs *Logs) error {
				loss, _ := logs.Get("loss")
				if math.IsNaN(loss) || math.IsInf(loss, 0) {
					run.Stop()
					return nil
				}
				losses = append(losses, loss)
				now := average.add(loss, *o.Smoothing)
				if lowest = min(lowest, now); now > o.StopFactor*lowest && lowest > 0 {
					run.Stop()
				}
				return nil
			},
		}, nil
	})
	// An epoch of one step has the loss of that step as its mean, and continues in the data.
	_, err = m.Fit(ctx, train, FitOptions{
		Epochs: len(rates), StepsPerEpoch: 1, AllowNaN: true, ClassWeight: o.ClassWeight, Verbose: o.Verbose, Output: o.Output, Callbacks: []callback.Callback{each},
	})
	return losses, err
}

// movingAverage is an exponential moving average that is corrected for its start.
type movingAverage struct{ sum, weight float64 }

// add adds a number and returns the average. smoothing is the weight of the earlier numbers.
func (a *movingAverage) add(v, smoothing float64) float64 {
	a.sum, a.weight = smoothing*a.sum+(1-smoothing)*v, smoothing*a.weight+1-smoothing
	return a.sum / a.weight
}

// judge sets Smoothed, Lowest and Suggested from the losses. The slope at a rate is that of Smoothed some steps before and after it, up to the minimum. There is no
// suggestion if the minimum could be chance: if it is less than three standard deviations of the moving average, or
// less than one percent, below the mean.
func (r *RangeTest) judge(smoothing float64) {
	n := min(len(r.Losses), len(r.Initial))
	r.Rates, r.Losses, r.Initial = r.Rates[:n], r.Losses[:n], r.Initial[:n]
	if n == 0 {
		return
	}
	mean := 0.
	for _, l := range r.Initial {
		mean += l / float64(n)
	}
	var average movingAverage
	lowest := 0
	for i, l := range r.Losses {
		r.Smoothed = append(r.Smoothed, mean+average.add(l-r.Initial[i], smoothing))
		if r.Smoothed[i] < r.Smoothed[lowest] {
			lowest = i
		}
	}
	r.Lowest = r.Rates[lowest]
	// Neighboring differences to Initial have nearly the same rate; what they differ by is chance.
	variance := 0.
	for i := range lowest {
		d := r.Losses[i+1] - r.Initial[i+1] - (r.Losses[i] - r.Initial[i])
		variance += d * d / float64(2*lowest)
	}
	noise := math.Sqrt(variance * (1 - smoothing) / (1 + smoothing)) // of a moving average of independent numbers
	if !(r.Smoothed[lowest] < mean-max(3*noise, .01*math.Abs(mean))) {
		return
	}
	around := max(n/60, 1)
	steepest := 0.
	for i := around; i <= lowest && i+around < n; i++ {
		a, b := i-around, i+around
		if slope := (r.Smoothed[b] - r.Smoothed[a]) / math.Log(r.Rates[b]/r.Rates[a]); slope < steepest {
			steepest, r.Suggested = slope, r.Rates[i]
		}
	}
	if r.Suggested > 0 {
		r.Suggested = min(r.Suggested, r.Lowest/5)
	}
}
