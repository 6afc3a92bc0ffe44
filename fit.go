package lince

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/profile"
)

// FitOptions is how to train. The zero value trains one epoch over all data.
type FitOptions struct {
	// Epochs is the epoch at which training ends, counted from 1; 0 is 1.
	Epochs int
	// InitialEpoch is the first epoch, counted from 0.
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
	// OutputClassWeight is ClassWeight for outputs by name, where a model has several.
	OutputClassWeight map[string]map[int]float64

	Verbose Verbose   // Auto: a bar in a terminal, a line an epoch elsewhere
	Output  io.Writer // for the progress and callbacks' messages; nil is os.Stdout

	// AllowNaN continues when the loss becomes NaN or infinite, as Keras does. Otherwise
	// the training ends with a *NaNError, and the model is put back to where it was at the
	// beginning of the epoch, or where the training was resumed if that was later: the step
	// that shows such a loss, or the one before it, has made the weights useless.
	AllowNaN bool

	// Profile, if not nil, is told what takes how long. That takes some time itself, some
	// percent of a short step.
	Profile *profile.Profile

	// Resume continues another training from its State, to the bits of one that was never
	// interrupted. The model must be the one that was saved at that moment, as
	// OpenCheckpoint returns it, and data, callbacks and other settings those of that
	// training; Epochs may be more. InitialEpoch must be 0. Nil begins anew, or from the
	// checkpoint of a callback that is a callback.Resumer.
	Resume *callback.State
}

// Fit trains the model on a data set. A batch without examples is an error (TensorFlow ends
// the process), and so is a data set without batches, of which Keras makes an empty history.
//
// The history is nil only where training did not begin. If ctx is cancelled the error
// wraps its cause; the weights are those after the last step, and History.Partial has the
// metrics of the epoch that was cut short.
func (m *Model) Fit(ctx context.Context, train data.Dataset, o FitOptions) (*History, error) {
	if !m.fitting.TryLock() {
		return nil, errors.New("fitting: the model is training already")
	}
	defer m.fitting.Unlock()
	r, err := m.prepare(train, o)
	if err != nil {
		return nil, fmt.Errorf("fitting: %w", err)
	}
	m.noteData(train)
	for _, doubt := range m.doubts {
		r.Printf("warning: %v", doubt)
	}
	defer r.source.close()
	defer r.ahead.close()
	if o.Profile != nil {
		defer m.profile(o.Profile)()
	}
	if err := r.run(ctx); err != nil {
		return r.history, fmt.Errorf("fitting: %w", err)
	}
	return r.history, nil
}

// prepare is the first phase: it checks the settings, finds the checkpoint to resume from,
// and puts the training there. Nothing changes on an error.
func (m *Model) prepare(train data.Dataset, o FitOptions) (*training, error) {
	o.Epochs, o.ValidationFreq = cmp.Or(o.Epochs, 1), cmp.Or(o.ValidationFreq, 1)
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	if err := m.checkFit(train, o); err != nil {
		return nil, err
	}
	r := &training{
		m: m, o: o, total: cmp.Or(o.StepsPerEpoch, train.Steps()), display: display,
		feed:     feed{m: m, classWeight: o.ClassWeight, ofOutput: o.OutputClassWeight},
		source:   source{ds: train},
		values:   newScalars(m.compiled.names),
		history:  &History{},
		phase:    callback.AtEpochBegin,
		position: callback.Position{Epoch: o.InitialEpoch},
	}
	r.place = r.start()
	state, restore, err := m.checkpointOf(o)
	if err != nil || state == nil {
		return r, err
	}
	if err := r.checkState(state); err != nil {
		return nil, err
	}
	if restore != nil {
		if err := restore(); err != nil {
			return nil, err
		}
	}
	return r, r.resume(state)
}

// checkFit finds all mistakes in the settings.
func (m *Model) checkFit(train data.Dataset, o FitOptions) error {
	if err := m.readyToTrain(); err != nil {
		return err
	}
	if train == nil {
		return errors.New("there is no data set")
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
	if o.Resume != nil && o.InitialEpoch != 0 {
		errs = append(errs, fmt.Errorf("InitialEpoch is %d; it must be 0 where Resume says the position", o.InitialEpoch))
	}
	if len(m.compiled.optimizer) == 0 {
		errs = append(errs, errors.New("there is nothing to train: no layer has weights that are not frozen"))
	}
	errs = append(errs, m.checkSpec("training data", train))
	if o.Validation != nil {
		errs = append(errs, m.checkSpec("validation data", o.Validation))
	}
	errs = append(errs, m.checkClassWeights(o))
	for i, c := range o.Callbacks {
		if c == nil {
			errs = append(errs, fmt.Errorf("callback %d is nil", i))
		}
	}
	return errors.Join(errs...)
}

// checkClassWeights finds mistakes in the weights of classes.
func (m *Model) checkClassWeights(o FitOptions) error {
	var errs []error
	if o.ClassWeight != nil && len(m.compiled.objectives) > 1 {
		errs = append(errs, fmt.Errorf("ClassWeight is for models of one output; say in OutputClassWeight which of %s each is for", strings.Join(m.OutputNames(), ", ")))
	}
	errs = append(errs, unknownNames("OutputClassWeight", o.OutputClassWeight, m.OutputNames()))
	for _, one := range m.compiled.objectives {
		weights, ok := o.OutputClassWeight[one.name]
		if !ok && len(m.compiled.objectives) == 1 {
			weights = o.ClassWeight
		}
		out := m.outputs[one.output].Shape()
		n := max(out[len(out)-1], 2) // one unit tells two classes apart
		for _, c := range slices.Sorted(maps.Keys(weights)) {
			if c < 0 || c >= n {
				errs = append(errs, one.of(fmt.Errorf("ClassWeight has a class %d; there are the classes 0 to %d", c, n-1)))
			}
			if w := weights[c]; !(w >= 0) || math.IsInf(w, 0) {
				errs = append(errs, one.of(fmt.Errorf("ClassWeight of class %d is %v, want a number of at least 0", c, w)))
			}
		}
	}
	return errors.Join(errs...)
}
