package lince

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/profile"
)

// EvaluateOptions configures Evaluate. The zero value evaluates all of a dataset.
type EvaluateOptions struct {
	// Steps limits the evaluation to the first Steps batches (steps). 0 means all.
	Steps int
	// Callbacks are called in the order of the list (callbacks). Their Test hooks are called.
	Callbacks []callback.Callback
	// Predictions, if not nil, receives the model's outputs for each batch, which are those of Model.Predictions. The network runs once for the outputs and
	// the metrics. An error ends the evaluation.
	Predictions func(p Prediction) error
	// Verbose selects how progress is shown (verbose). The default, Auto, is a bar in a terminal and a line elsewhere.
	Verbose Verbose
	// Output receives the progress and the messages of callbacks. The default is os.Stdout.
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
	case isNil(ds):
		return nil, errNilDataset
	case o.Steps < 0:
		return nil, fmt.Errorf("Steps must be at least 1, or 0 for all, got %d", o.Steps)
	}
	if err := m.checkSpec("the data", ds, o.Steps); err != nil {
		return nil, err
	}
	steps := ds.Steps()
	if o.Steps > 0 {
		steps = min(steps, o.Steps)
	}
	r := &runner{m: m, task: callback.Evaluation, steps: steps, display: display}
	var logs *Logs
	if err = r.begin(r, o.Callbacks); err == nil {
		bar := display.Bar(steps)
		logs, err = m.evaluate(ctx, ds, r, testRun{
			steps: o.Steps, predictions: o.Predictions,
			show: func(done int, logs *Logs) { bar.Update(done, progressValues(logs)) },
		})
		if err == nil {
			bar.Finish(progressValues(logs))
		}
		bar.Abandon()
	}
	if err := r.end(err); err != nil {
		return nil, err
	}
	return logs, nil
}

// testRun has what an evaluation and a validation do differently. The fields are optional.
type testRun struct {
	steps       int                        // limits the batches
	show        func(done int, logs *Logs) // is called after each batch
	predictions func(p Prediction) error   // receives the outputs
	profile     *profile.Profile           // records the times
	kept        *features                  // of the dataset
}

// evaluate evaluates a dataset. r has the callbacks.
func (m *Model) evaluate(ctx context.Context, ds data.Dataset, r *runner, o testRun) (*Logs, error) {
	m.testing.Lock()
	defer m.testing.Unlock()
	c := m.compiled
	m.reset(c.evaluation)
	f := feed{m: m, kept: o.kept}
	program, batches := o.kept.program(c.evaluate), ds.Batches
	if o.kept != nil {
		batches = o.kept.batches
	}
	var out outputMemory
	if o.predictions != nil {
		var err error
		if program, err = c.evaluateAndPredict(m); err != nil {
			return nil, err
		}
		out = outputMemory{graph: c.judging, first: len(c.names)}
	}
	if o.kept == nil {
		if err := m.planEvaluation(program, ds); err != nil {
			return nil, err
		}
	}
	values := c.newMeasured()
	done := 0
	err := r.each(func(h callback.Hooks) error { return callHook(h.TestBegin) })
	if err != nil {
		return nil, err
	}
	waited := o.profile.Begin(profile.WaitVal)
	for b, err := range batches(ctx, 0, 0) {
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
		if err := r.each(func(h callback.Hooks) error { return callHook1(h.TestBatchBegin, done) }); err != nil {
			return nil, err
		}
		in, err := f.batch(b)
		if err == nil && in[0].Shape()[0] > 0 { // a batch without examples changes nothing
			end := o.profile.Begin(profile.Validation)
			if o.predictions != nil {
				values.outputs, err = out.of(in)
			}
			if err == nil {
				err = m.step(program, in, values)
			}
			end()
			if err == nil && o.predictions != nil {
				err = o.predictions(m.prediction(b.Index, values.outputs))
			}
		}
		if err != nil {
			return nil, fmt.Errorf("batch %d: %w", done+1, err)
		}
		if len(r.hooks) > 0 {
			logs := values.logs()
			if err := r.each(func(h callback.Hooks) error { return callHook2(h.TestBatchEnd, done, logs) }); err != nil {
				return nil, err
			}
		}
		done++
		if o.show != nil {
			o.show(done, values.logs())
		}
		if done == o.steps || r.stopped && r.task == callback.Evaluation {
			break
		}
		waited = o.profile.Begin(profile.WaitVal)
	}
	if done == 0 {
		return nil, errors.New("the dataset has no batches")
	}
	logs := values.logs()
	return logs, r.each(func(h callback.Hooks) error { return callHook1(h.TestEnd, logs) })
}

// callHook calls a hook, unless it is nil.
func callHook(hook func() error) error {
	if hook == nil {
		return nil
	}
	return hook()
}

// callHook1 calls a hook with an argument, unless it is nil.
func callHook1[T any](hook func(T) error, x T) error {
	if hook == nil {
		return nil
	}
	return hook(x)
}

// callHook2 calls a hook with two arguments, unless it is nil.
func callHook2[T, U any](hook func(T, U) error, x T, y U) error {
	if hook == nil {
		return nil
	}
	return hook(x, y)
}
