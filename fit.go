package lince

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// Fit is how to train. The zero value trains one epoch over all data.
type Fit struct {
	// Epochs is the epoch at which training ends, counted from 1; 0 is 1.
	Epochs int
	// InitialEpoch is the first epoch, counted from 0: where a training goes on.
	InitialEpoch int
	// StepsPerEpoch is the number of batches that make an epoch; 0 is the data set's. The
	// data go on from epoch to epoch, and begin anew, in another order, when they end.
	StepsPerEpoch int

	// Validation is what the model is evaluated on after an epoch; nil is nothing.
	Validation data.Dataset
	// ValidationSteps is the number of its batches that are used, the first ones, at
	// most; 0 is all.
	ValidationSteps int
	// ValidationFreq evaluates after each so many epochs; 0 is 1.
	ValidationFreq int

	// Callbacks take part, in this order.
	Callbacks []callback.Callback
	// ClassWeight gives the examples of a class a weight in the loss and in
	// WeightedMetrics; that of a class which is not there is 1. An example's own weight
	// is multiplied by it.
	ClassWeight map[int]float64

	Verbose Verbose   // Auto: a bar in a terminal, a line an epoch elsewhere
	Output  io.Writer // for the progress and callbacks' messages; nil is os.Stdout

	// AllowNaN goes on when the loss becomes NaN or infinite, as Keras does. Else the
	// training ends with a *NaNError, and the model is put back to where it was at the
	// beginning of the epoch: the step that shows such a loss, or the one before it, has
	// spoilt the weights.
	AllowNaN bool

	// Profile, if not nil, is told what takes how long. That takes some time itself, some
	// percent of a short step.
	Profile *profile.Profile

	// Resume goes on where another training was, as its State was stored by a callback.
	// The model must be the one that was saved at that moment, and data, callbacks and
	// other settings those of that training. InitialEpoch must be 0.
	Resume *callback.State
}

// Fit trains the model on a data set. A batch without examples is an error (TensorFlow ends
// the process), and so is a data set without batches, of which Keras makes an empty history.
//
// The history is nil only where training did not begin. If ctx is cancelled the error
// wraps its cause; the weights are those after the last step, and History.Partial has the
// metrics of the epoch that was cut short.
func (m *Model) Fit(ctx context.Context, train data.Dataset, o Fit) (*History, error) {
	if !m.fitting.TryLock() {
		return nil, errors.New("fitting: the model is training already")
	}
	defer m.fitting.Unlock()
	r, err := m.newTraining(train, o)
	if err != nil {
		return nil, fmt.Errorf("fitting: %w", err)
	}
	m.noteData(train)
	defer r.source.close()
	defer r.ahead.close()
	if o.Profile != nil {
		defer m.profile(o.Profile)()
	}
	err = r.begin()
	if err == nil {
		err = r.epochs(ctx)
	}
	if e := r.end(); e != nil {
		err = errors.Join(err, e)
	}
	if err != nil {
		err = fmt.Errorf("fitting: %w", err)
	}
	return r.history, err
}

// training is a Fit that runs. It is the callback.Run.
type training struct {
	m       *Model
	o       Fit
	steps   int // of an epoch; 0 is until the data's epoch ends
	total   int // what the progress shows
	feed    feed
	source  source
	ahead   ahead
	values  *scalars
	display *progress.Display

	hooks    []callback.Hooks
	history  *History
	position callback.Position
	ending   *Logs // the logs of the epoch whose EpochEnd hooks run
	endEpoch int
	stopped  bool
	messages []string
	before   *offheap.Block // the variables at the epoch's beginning
}

func (m *Model) newTraining(train data.Dataset, o Fit) (*training, error) {
	if err := m.readyToTrain(); err != nil {
		return nil, err
	}
	if train == nil {
		return nil, errors.New("there is no data set")
	}
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	if o.Epochs == 0 {
		o.Epochs = 1
	}
	if o.ValidationFreq == 0 {
		o.ValidationFreq = 1
	}
	var errs []error
	for _, c := range []struct {
		name string
		n    int
	}{
		{"Epochs", o.Epochs}, {"InitialEpoch", o.InitialEpoch}, {"StepsPerEpoch", o.StepsPerEpoch},
		{"ValidationSteps", o.ValidationSteps}, {"ValidationFreq", o.ValidationFreq},
	} {
		if c.n < 0 {
			errs = append(errs, fmt.Errorf("%s is %d, want at least 0", c.name, c.n))
		}
	}
	if len(m.compiled.optimizer) == 0 {
		errs = append(errs, errors.New("there is nothing to train: no layer has weights that are not frozen"))
	}
	errs = append(errs, m.checkSpec("training data", train))
	if o.Validation != nil {
		errs = append(errs, m.checkSpec("validation data", o.Validation))
	}
	errs = append(errs, m.checkClassWeight(o.ClassWeight))
	for i, c := range o.Callbacks {
		if c == nil {
			errs = append(errs, fmt.Errorf("callback %d is nil", i))
		}
	}
	if o.Resume != nil {
		errs = append(errs, checkResume(o))
		o.InitialEpoch = o.Resume.Position.Epoch
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	r := &training{
		m: m, o: o, steps: o.StepsPerEpoch, total: o.StepsPerEpoch, display: display,
		feed:    feed{m: m, classWeight: o.ClassWeight},
		source:  source{ds: train},
		values:  newScalars(m.compiled.names),
		history: &History{},
	}
	if r.total == 0 {
		r.total = train.Steps()
	}
	r.position.Epoch = o.InitialEpoch
	if o.Resume != nil {
		r.position = o.Resume.Position
		if err := r.restoreHistory(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (m *Model) checkClassWeight(weights map[int]float64) error {
	out := m.OutputShape()
	n := max(out[len(out)-1], 2) // one unit tells two classes apart
	var errs []error
	for _, c := range slices.Sorted(maps.Keys(weights)) {
		if c < 0 || c >= n {
			errs = append(errs, fmt.Errorf("ClassWeight has a class %d; there are the classes 0 to %d", c, n-1))
		}
		if w := weights[c]; !(w >= 0) || math.IsInf(w, 0) {
			errs = append(errs, fmt.Errorf("ClassWeight of class %d is %v, want a number of at least 0", c, w))
		}
	}
	return errors.Join(errs...)
}

// begin calls the callbacks' Begin.
func (r *training) begin() error {
	for i, c := range r.o.Callbacks {
		h, err := c.Begin(r)
		if err != nil {
			return err
		}
		r.hooks = append(r.hooks, h)
		if s := r.o.Resume; s != nil && h.State != nil {
			if err := json.Unmarshal(s.Callbacks[i], h.State); err != nil {
				return fmt.Errorf("resuming callback %d: %w", i, err)
			}
		}
	}
	return nil
}

// end calls the callbacks' End.
func (r *training) end() error {
	var errs []error
	for _, h := range r.hooks {
		if h.End != nil {
			errs = append(errs, h.End())
		}
	}
	r.flush()
	return errors.Join(errs...)
}

func (r *training) epochs(ctx context.Context) error {
	for r.position.Epoch < r.o.Epochs && !r.stopped {
		if err := r.epoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *training) epoch(ctx context.Context) error {
	epoch := r.position.Epoch
	m := r.m
	m.reset(m.compiled.training)
	if !r.o.AllowNaN {
		r.keep()
	}
	for _, h := range r.hooks {
		if h.EpochBegin != nil {
			if err := h.EpochBegin(epoch); err != nil {
				return err
			}
		}
	}
	defer r.o.Profile.Begin(profile.Epoch)()
	r.display.Epoch(epoch, r.o.Epochs)
	r.flush()
	bar := r.display.Bar(r.total)
	defer bar.Abandon()

	made, err := r.train(ctx, bar)
	if err == nil && !r.o.AllowNaN && !r.stopped {
		err = r.checkWeights()
	}
	if err != nil {
		if made > 0 {
			r.history.Partial = &callback.Partial{Epoch: epoch, Steps: made, Logs: r.values.logs()}
		}
		return r.cut(ctx, made, err)
	}
	if r.steps == 0 && epoch+1 < r.o.Epochs && !r.stopped {
		prepare(ctx, r.source.ds, epoch+1, &r.ahead.training)
	}
	logs := r.values.logs()
	if v := r.o.Validation; v != nil && r.validates(epoch) {
		results, err := m.evaluate(ctx, v, r.o.ValidationSteps, nil, r.o.Profile)
		if err != nil {
			r.history.Partial = &callback.Partial{Epoch: epoch, Steps: made, Logs: logs}
			return r.cut(ctx, made, fmt.Errorf("validation: %w", err))
		}
		for name, v := range results.All() {
			logs.Set("val_"+name, v)
		}
	}
	r.position = callback.Position{Epoch: epoch + 1}
	r.ending, r.endEpoch = logs, epoch
	for _, h := range r.hooks {
		if h.EpochEnd != nil {
			if err := h.EpochEnd(epoch, logs); err != nil {
				r.ending = nil
				r.history.Add(epoch, logs)
				return err
			}
		}
	}
	r.ending = nil
	r.history.Add(epoch, logs)
	bar.Finish(progressValues(logs))
	r.flush()
	return nil
}

// validates says whether the model is evaluated after an epoch.
func (r *training) validates(epoch int) bool { return (epoch+1)%r.o.ValidationFreq == 0 }

// cut words the error that cuts an epoch short.
func (r *training) cut(ctx context.Context, made int, err error) error {
	if cause := context.Cause(ctx); cause != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, cause)) {
		return fmt.Errorf("stopped in epoch %d of %d, after step %d of %d: %w", r.position.Epoch+1, r.o.Epochs, made, r.total, cause)
	}
	return err
}

// train makes the steps of an epoch, and returns how many it made.
func (r *training) train(ctx context.Context, bar *progress.Bar) (made int, err error) {
	for !r.stopped && (r.steps == 0 || r.position.Step < r.steps) {
		if err := ctx.Err(); err != nil {
			return made, err
		}
		end := r.o.Profile.Begin(profile.Wait)
		b, more, err := r.batch(ctx)
		end()
		if err != nil {
			return made, err
		}
		if !more {
			break
		}
		at := r.position
		if at.Step == r.total-1 && r.o.Validation != nil && r.validates(at.Epoch) {
			prepare(ctx, r.o.Validation, 0, &r.ahead.validation)
		}
		in, err := r.feed.batch(b)
		if err == nil && in[0].Shape()[0] == 0 {
			err = errors.New("the batch has no examples, and nothing can be learned from it; leave such batches out of the data")
		}
		if err == nil {
			end := r.o.Profile.Begin(profile.Train)
			err = r.m.step(r.m.compiled.train, in, r.values)
			end()
		}
		if err != nil {
			return made, fmt.Errorf("epoch %d, step %d: %w", at.Epoch+1, at.Step+1, err)
		}
		r.m.compiled.started = true
		made++
		r.position.Step++
		logs := r.values.logs()
		for _, h := range r.hooks {
			if h.BatchEnd != nil {
				if err := h.BatchEnd(at.Step, logs); err != nil {
					return made, err
				}
			}
		}
		if loss, _ := logs.Get("loss"); !r.o.AllowNaN && !r.stopped && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
			return made, r.spoilt(at.Step, loss, "")
		}
		bar.Update(r.position.Step, progressValues(logs))
	}
	if made == 0 && !r.stopped {
		return 0, errors.New("the training data gave no batches")
	}
	return made, nil
}

// batch returns the batch of the position, which says all: the epoch and the step in the
// data follow from it. Without StepsPerEpoch an epoch is one of the data's.
func (r *training) batch(ctx context.Context) (b data.Batch, more bool, err error) {
	p := r.position
	if r.steps == 0 {
		r.source.seek(ctx, p.Epoch, p.Step)
		return r.source.next()
	}
	// The data set may give fewer batches than it says, where pictures cannot be read:
	// then the place within an epoch of training is counted on from where it began.
	if p.Step == 0 || r.source.pull == nil {
		n := r.source.ds.Steps()
		g := p.Epoch*r.steps + p.Step
		r.source.seek(ctx, g/n, g%n)
	}
	for range 2 {
		if b, more, err = r.source.next(); more || err != nil {
			return b, more, err
		}
		r.source.seek(ctx, r.source.epoch+1, 0)
	}
	return b, false, errors.New("the training data gave no batches in a whole epoch")
}

// The methods of callback.Run.

func (r *training) Position() callback.Position { return r.position }
func (r *training) Epochs() int                 { return r.o.Epochs }
func (r *training) Validates() bool             { return r.o.Validation != nil }
func (r *training) History() *History           { return r.history }
func (r *training) Stop()                       { r.stopped = true }
func (r *training) Save(path string) error      { return r.m.Save(path) }

func (r *training) Weights() []*tensor.Tensor              { return r.m.Weights() }
func (r *training) SetWeights(w []*tensor.Tensor) error    { return r.m.SetWeights(w) }
func (r *training) LearningRate() (float64, error)         { return r.m.LearningRate() }
func (r *training) SetLearningRate(rate float64) error     { return r.m.SetLearningRate(rate) }
func (r *training) HigherIsBetter(name string) (_, _ bool) { return r.m.higherIsBetter(name) }

// Printf keeps a message until the line of the progress is finished.
func (r *training) Printf(format string, a ...any) {
	r.messages = append(r.messages, strings.TrimSuffix(fmt.Sprintf(format, a...), "\n"))
}

func (r *training) flush() {
	for _, s := range r.messages {
		_, _ = fmt.Fprintln(r.display.Writer, s) // a terminal that is gone must not end a training
	}
	r.messages = nil
}

// higherIsBetter says which way a metric improves, as Keras' metrics know of themselves.
func (m *Model) higherIsBetter(name string) (higher, known bool) {
	if name == "loss" {
		return false, true
	}
	x, ok := m.compiled.measures[name]
	if !ok {
		return false, false
	}
	return x.HigherIsBetter()
}

// scalars are the values that a step returns.
type scalars struct {
	names []string
	out   []*tensor.Tensor
}

func newScalars(names []string) *scalars {
	s := &scalars{names: names}
	for range names {
		s.out = append(s.out, tensor.New(tensor.Float32))
	}
	return s
}

func (s *scalars) logs() *Logs {
	l := &Logs{}
	for i, name := range s.names {
		l.Set(name, float64(s.out[i].Float32s()[0]))
	}
	return l
}

// profile has the times of training and evaluation go to p, until the function that it
// returns is called.
func (m *Model) profile(p *profile.Profile) (end func()) {
	programs := map[string]backend.Program{"training": m.compiled.train, "validation": m.compiled.evaluate}
	for name, program := range programs {
		if x, ok := program.(backend.Profiled); ok {
			x.Profile(p, name)
		}
	}
	return func() {
		for _, program := range programs {
			if x, ok := program.(backend.Profiled); ok {
				x.Profile(nil, "")
			}
		}
	}
}

// step runs a program that changes variables.
func (m *Model) step(p backend.Program, in []*tensor.Tensor, values *scalars) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return p.Run(in, values.out)
}

// reset makes metrics forget.
func (m *Model) reset(vs []*graph.Variable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range vs {
		clear(v.Value().Raw())
		if v.Init != nil {
			v.Init.Initialize(v.Value(), graph.Key(m.seed, v.Path))
		}
	}
	m.store.Changed()
}

func progressValues(logs *Logs) []progress.Value {
	var vs []progress.Value
	for name, v := range logs.All() {
		vs = append(vs, progress.Value{Name: name, Value: v})
	}
	return vs
}
