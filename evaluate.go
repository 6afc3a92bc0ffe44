package lince

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/profile"
)

// EvaluateOptions configures Evaluate. The zero value evaluates all of a dataset.
type EvaluateOptions struct {
	// Steps limits the evaluation to the first Steps batches (steps). 0 means all.
	Steps int
	// Verbose selects how progress is shown (verbose). The default, Auto, is a bar in a terminal and a line elsewhere.
	Verbose Verbose
	// Output receives the progress. The default is os.Stdout.
	Output io.Writer
}

// Evaluate returns the loss and the metrics of the model on a dataset (model.evaluate), sorted by name. The model must be
// compiled. The weights of examples are used as in Keras: in the loss and in WeightedMetrics. Evaluations of one model run one
// at a time; a second one waits.
//
// A batch without examples is skipped. If all batches are empty, the results are 0, as in Keras. A dataset without
// batches is an error; Keras returns an empty list. If ctx is cancelled, the error wraps context.Cause(ctx).
func (m *Model) Evaluate(ctx context.Context, ds data.Dataset, o EvaluateOptions) (*Logs, error) {
	logs, err := m.evaluateShown(ctx, ds, o)
	if err != nil {
		return nil, fmt.Errorf("evaluating: %w", err)
	}
	return logs, nil
}

func (m *Model) evaluateShown(ctx context.Context, ds data.Dataset, o EvaluateOptions) (*Logs, error) {
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	switch {
	case m.compiled == nil && len(m.unknown) > 0:
		return nil, m.unknownError()
	case m.compiled == nil:
		return nil, errors.New("the model is not compiled; call Compile first")
	case ds == nil:
		return nil, errors.New("the dataset is nil")
	case o.Steps < 0:
		return nil, fmt.Errorf("Steps must be at least 1, or 0 for all, got %d", o.Steps)
	}
	if err := m.checkSpec("the data", ds); err != nil {
		return nil, err
	}
	steps := ds.Steps()
	if o.Steps > 0 {
		steps = min(steps, o.Steps)
	}
	bar := display.Bar(steps)
	defer bar.Abandon()
	logs, err := m.evaluate(ctx, ds, o.Steps, func(done int, logs *Logs) { bar.Update(done, progressValues(logs)) }, nil)
	if err != nil {
		return nil, err
	}
	bar.Finish(progressValues(logs))
	return logs, nil
}

// evaluate evaluates a dataset, or its first steps. show, if not nil, is called after each batch. p, if not
// nil, records the times.
func (m *Model) evaluate(ctx context.Context, ds data.Dataset, steps int, show func(done int, logs *Logs), p *profile.Profile) (*Logs, error) {
	m.testing.Lock()
	defer m.testing.Unlock()
	c := m.compiled
	m.reset(c.evaluation)
	f := feed{m: m}
	values := c.newMeasured()
	done := 0
	waited := p.Begin(profile.WaitVal)
	for b, err := range ds.Batches(ctx, 0, 0) {
		waited()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
				err = cause
			}
			return nil, err
		}
		in, err := f.batch(b)
		if err == nil && in[0].Shape()[0] > 0 { // a batch without examples changes nothing
			end := p.Begin(profile.Validation)
			err = m.step(c.evaluate, in, values)
			end()
		}
		if err != nil {
			return nil, fmt.Errorf("batch %d: %w", done+1, err)
		}
		done++
		if show != nil {
			show(done, values.logs())
		}
		if done == steps {
			break
		}
		waited = p.Begin(profile.WaitVal)
	}
	if done == 0 {
		return nil, errors.New("the dataset has no batches")
	}
	return values.logs(), nil
}
