package lince

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/profile"
)

// EvaluateOptions is how to evaluate. The zero value takes all of a data set.
type EvaluateOptions struct {
	Steps   int       // batches, the first ones, at most; 0 is all
	Verbose Verbose   // Auto: a bar in a terminal, else a line
	Output  io.Writer // for the progress; nil is os.Stdout
}

// Evaluate returns the loss and the metrics of a data set, sorted by name, with sample
// weights as Keras' evaluate. One evaluation runs at a time; others wait. As in Keras, a batch
// without examples changes nothing, and where there are no others all results are 0. A data set
// without batches is an error, where Keras returns an empty list.
//
// Where ctx is cancelled the error wraps its cause.
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
		return nil, errors.New("there is no data set")
	case o.Steps < 0:
		return nil, fmt.Errorf("steps are %d, want at least 1, or 0 for all", o.Steps)
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

// evaluate runs over a data set, or its first steps; show, if not nil, is called for
// each batch, and p, if not nil, gets the times.
func (m *Model) evaluate(ctx context.Context, ds data.Dataset, steps int, show func(done int, logs *Logs), p *profile.Profile) (*Logs, error) {
	m.testing.Lock()
	defer m.testing.Unlock()
	c := m.compiled
	m.reset(c.evaluation)
	f := feed{m: m}
	values := newScalars(c.names)
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
		if err == nil && in[0].Shape()[0] > 0 { // of no examples nothing comes
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
		return nil, errors.New("the data gave no batches")
	}
	return values.logs(), nil
}
