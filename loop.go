package lince

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/profile"
)

// training is a running Fit. It implements callback.Run.
//
// It runs prepare (fit.go), then phases for each epoch, then the callbacks' End. The fields phase, called,
// position and place are its progress. A State contains them, and resumed training starts from them.
type training struct {
	runner
	o       FitOptions
	feed    feed
	source  batchSource
	ahead   ahead
	values  *measured
	bar     *progress.Bar
	history *History
	guard   guard
	ctx     context.Context //nolint:containedctx // of Fit, for Mistakes
	batch   data.Batch      // of the current step

	phase    callback.Phase
	called   int // number of callbacks whose hooks of the phase were called
	begun    int // number of callbacks whose BatchBegin of the next step was called
	position callback.Position
	place    callback.Position // position in the data of the next batch
	logs     *Logs             // logs for the hooks of the epoch
	over     bool              // the End hooks are being called

	memories []callback.Memory // from the State to resume, until the callbacks have them
	before   []callback.Memory // during a validation, the memories of callbacks that have hooks in it
	network  *callback.Network // identity of the model; nil until a State needs it
}

// phases are the phases of an epoch, in order. At the beginning of a phase, called is 0.
var phases = []struct {
	name callback.Phase
	run  func(*training, context.Context) error
}{
	{callback.AtEpochBegin, (*training).epochBegin},
	{callback.AtSteps, (*training).train},
	{callback.AtValidation, (*training).validate},
	{callback.AtEpochEnd, (*training).epochEnd},
}

// run runs all epochs and calls the callbacks' Begin and End.
func (r *training) run(ctx context.Context) error {
	r.ctx = ctx
	err := r.begin()
	for err == nil && r.phase != callback.AtEnd && r.position.Epoch < r.o.Epochs+r.ending() && (!r.stopped || r.phase != callback.AtEpochBegin) {
		err = r.epoch(ctx)
	}
	return errors.Join(err, r.end(err == nil))
}

// ending is 1 at the end of an epoch, when the position is already that of the next epoch.
func (r *training) ending() int {
	if r.phase == callback.AtEpochEnd {
		return 1
	}
	return 0
}

// begin calls the callbacks' Begin, and restores their memories.
func (r *training) begin() error {
	if err := r.runner.begin(r, r.o.Callbacks); err != nil {
		return err
	}
	for i, memory := range r.memories {
		if state := r.hooks[i].State; state != nil {
			if err := json.Unmarshal(memory.State, state); err != nil {
				return fmt.Errorf("resuming: the state of callback %d (%s): %w", i, memory.Type, err)
			}
		}
	}
	r.memories = nil
	return nil
}

// epoch runs the phases of an epoch, from the current one.
func (r *training) epoch(ctx context.Context) error {
	defer r.o.Profile.Begin(profile.Epoch)()
	defer func() {
		if r.bar != nil {
			r.bar.Abandon()
			r.bar = nil
		}
	}()
	epoch := r.position.Epoch - r.ending()
	for i, p := range phases {
		if r.phase != p.name {
			continue
		}
		if r.bar == nil && p.name != callback.AtEpochBegin {
			r.display.Epoch(epoch, r.o.Epochs)
			r.flush()
			r.bar = r.display.Bar(r.steps)
		}
		if err := p.run(r, ctx); err != nil {
			return err
		}
		if next := i + 1; next < len(phases) {
			r.phase, r.called = phases[next].name, 0
		}
	}
	r.phase, r.called, r.logs = callback.AtEpochBegin, 0, nil
	r.flush()
	return r.checkpoint(callback.AfterEpoch)
}

// call calls the hooks of the current phase that have not been called yet. called counts a hook before it
// runs: if the hook takes a State, training that resumes from it must not call the hook again.
func (r *training) call(hook func(callback.Hooks) error) error {
	for r.called < len(r.hooks) {
		h := r.hooks[r.called]
		r.called++
		if err := hook(h); err != nil {
			var diverged *callback.DivergenceError
			if errors.As(err, &diverged) {
				diverged.Weight = r.feed.heaviest
			}
			return err
		}
	}
	return nil
}

func (r *training) epochBegin(context.Context) error {
	r.m.reset(r.m.compiled.training)
	if !r.o.AllowNaN {
		r.guard.keep(r.m)
	}
	return r.call(func(h callback.Hooks) error {
		if h.EpochBegin == nil {
			return nil
		}
		return h.EpochBegin(r.position.Epoch)
	})
}

// train runs the steps of an epoch, or the rest of them.
func (r *training) train(ctx context.Context) error {
	if r.position.Step > 0 && r.called < len(r.hooks) { // resumed between the BatchEnd hooks of a step
		if err := r.stepped(); err != nil {
			return err
		}
	}
	r.called = len(r.hooks)
	for !r.stopped && (r.o.StepsPerEpoch == 0 || r.position.Step < r.o.StepsPerEpoch) {
		if err := ctx.Err(); err != nil {
			return r.cut(ctx, err)
		}
		end := r.o.Profile.Begin(profile.Wait)
		b, more, err := r.next(ctx)
		end()
		if err != nil {
			return r.cut(ctx, err)
		}
		if !more {
			break
		}
		if err := r.step(ctx, b); err != nil {
			return err
		}
	}
	if r.position.Step == 0 && !r.stopped {
		return errors.New("the training data have no batches")
	}
	return r.checkWeights()
}

// step trains on a batch.
func (r *training) step(ctx context.Context, b data.Batch) error {
	at := r.position
	if at.Step == r.steps-1 && r.o.Validation != nil && r.validates(at.Epoch) && r.validationFeatures() == nil {
		prepare(ctx, r.o.Validation, 0, &r.ahead.validation)
	}
	r.batch = b
	if err := r.batchBegin(); err != nil {
		return r.partial(err)
	}
	in, err := r.feed.batch(b)
	if err == nil && in[0].Shape()[0] == 0 {
		err = errors.New("the batch has no examples; remove such batches from the data")
	}
	if err == nil {
		end := r.o.Profile.Begin(profile.Train)
		err = r.m.step(r.m.compiled.step(), in, r.values)
		end()
	}
	if err != nil {
		return r.partial(fmt.Errorf("epoch %d, step %d: %w", at.Epoch+1, at.Step+1, err))
	}
	r.m.compiled.started = true
	r.position.Step++
	r.begun = 0
	r.place = callback.Position{Epoch: r.source.epoch, Step: r.source.step}
	r.logs, r.called = r.values.logs(), 0
	return r.stepped()
}

// batchBegin calls the BatchBegin hooks that have not been called for this step.
func (r *training) batchBegin() error {
	for r.begun < len(r.hooks) {
		h := r.hooks[r.begun]
		r.begun++
		if h.BatchBegin == nil {
			continue
		}
		if err := h.BatchBegin(r.position.Step); err != nil {
			return err
		}
	}
	return nil
}

// stepped runs after each step. It calls the BatchEnd hooks, checks the loss and calls the Checkpoint
// hooks.
func (r *training) stepped() error {
	err := r.call(func(h callback.Hooks) error {
		if h.BatchEnd == nil {
			return nil
		}
		return h.BatchEnd(r.position.Step-1, r.logs)
	})
	if err == nil {
		err = r.checkLoss()
	}
	if err != nil {
		return r.partial(err)
	}
	r.bar.Update(r.position.Step, progressValues(r.logs))
	return r.checkpoint(callback.AfterStep)
}

// next returns the batch at the current position in the data. Without StepsPerEpoch, an epoch of training
// is one epoch of the dataset.
func (r *training) next(ctx context.Context) (b data.Batch, more bool, err error) {
	if r.position.Step == 0 {
		r.place = r.start()
	}
	if r.position.Step == 0 || r.source.pull == nil {
		r.source.seek(ctx, r.place.Epoch, r.place.Step)
	}
	b, more, err = r.source.next()
	if more || err != nil || r.o.StepsPerEpoch == 0 {
		return b, more, err
	}
	r.source.seek(ctx, r.source.epoch+1, 0)
	if b, more, err = r.source.next(); !more && err == nil {
		err = errors.New("the training data have no batches in an epoch")
	}
	return b, more, err
}

// start returns the position in the data at which the current epoch begins.
func (r *training) start() callback.Position {
	if r.o.StepsPerEpoch == 0 {
		return callback.Position{Epoch: r.position.Epoch}
	}
	g, n := r.position.Epoch*r.o.StepsPerEpoch, r.source.ds.Steps()
	return callback.Position{Epoch: g / n, Step: g % n}
}

// validates reports whether the model is evaluated after an epoch.
func (r *training) validates(epoch int) bool {
	return r.o.Validation != nil && (epoch+1)%r.o.ValidationFreq == 0
}

// validate evaluates the model, while the dataset prepares the first batches of the next epoch.
func (r *training) validate(ctx context.Context) error {
	epoch := r.position.Epoch
	if r.o.StepsPerEpoch == 0 && epoch+1 < r.o.Epochs && !r.stopped && r.source.kept == nil {
		prepare(ctx, r.source.ds, epoch+1, &r.ahead.training)
	}
	r.called = len(r.hooks)
	logs := r.values.logs()
	if r.validates(epoch) {
		if err := r.remember(); err != nil {
			return err
		}
		defer func() { r.before = nil }()
		results, err := r.m.evaluate(ctx, r.o.Validation, &r.runner, testRun{steps: r.o.ValidationSteps, profile: r.o.Profile, kept: r.validationFeatures()})
		if err != nil {
			return r.cut(ctx, fmt.Errorf("validation: %w", err))
		}
		logs.Merge("val_", results)
	}
	r.logs = logs
	r.position = callback.Position{Epoch: epoch + 1}
	return nil
}

// remember stores the memories of the callbacks that have hooks in a validation. Training that is resumed in the
// validation repeats all of it, so a State must have the memories from before it. Callbacks without such hooks do not
// change in a validation.
func (r *training) remember() error {
	before := make([]callback.Memory, len(r.hooks))
	for i, h := range r.hooks {
		if h.TestBegin == nil && h.TestBatchBegin == nil && h.TestBatchEnd == nil && h.TestEnd == nil {
			continue
		}
		var err error
		if before[i], err = r.memory(i); err != nil {
			return err
		}
	}
	r.before = before
	return nil
}

func (r *training) epochEnd(context.Context) error {
	epoch := r.position.Epoch - 1
	err := r.call(func(h callback.Hooks) error {
		if h.EpochEnd == nil {
			return nil
		}
		return h.EpochEnd(epoch, r.logs)
	})
	r.history.Add(epoch, r.logs)
	if err == nil {
		r.bar.Finish(progressValues(r.logs))
	}
	return err
}

// checkpoint calls the callbacks' Checkpoint hooks.
func (r *training) checkpoint(m callback.Moment) error {
	for _, h := range r.hooks {
		if h.Checkpoint == nil {
			continue
		}
		if err := h.Checkpoint(m); err != nil {
			return err
		}
	}
	return nil
}

// cut ends an epoch between two steps or during validation. Training can be resumed from there.
func (r *training) cut(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, cause)) {
		err = fmt.Errorf("stopped in epoch %d of %d, after step %d of %d: %w", r.position.Epoch+1, r.o.Epochs, r.position.Step, r.steps, cause)
	}
	return errors.Join(r.partial(err), r.checkpoint(callback.CutShort))
}

// partial records the logs of an epoch that ends with an error.
func (r *training) partial(err error) error {
	if r.position.Step > 0 {
		r.history.Partial = &callback.Partial{Epoch: r.position.Epoch, Steps: r.position.Step, Logs: r.values.logs()}
	}
	return err
}

// end calls the callbacks' End.
func (r *training) end(finished bool) error {
	r.over, r.finished = true, finished
	if finished && r.phase != callback.AtEnd {
		r.phase, r.called = callback.AtEnd, 0
		if r.m.compiled.started && len(r.m.compiled.averages) > 0 {
			if err := r.m.ApplyAverages(); err != nil {
				return err
			}
		}
	}
	if !finished {
		r.called = 0
	}
	var errs []error
	errs = append(errs, r.call(func(h callback.Hooks) error {
		if h.End != nil {
			errs = append(errs, h.End())
		}
		return nil
	}))
	r.flush()
	return errors.Join(errs...)
}
