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
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// FitOptions configures Fit: the arguments of Keras' model.fit. The zero value trains one epoch on all data.
type FitOptions struct {
	// Epochs is the total number of epochs, including those before InitialEpoch (epochs). For example, with
	// InitialEpoch 2 and Epochs 5, three epochs run. The default is 1.
	Epochs int
	// InitialEpoch is the first epoch to run, counted from 0 (initial_epoch). The default is 0.
	InitialEpoch int
	// StepsPerEpoch is the number of batches in an epoch (steps_per_epoch). 0 means all batches of the dataset. With
	// another number, each epoch continues in the data where the previous one ended. At the end of the data it
	// continues with the next epoch of the dataset, which has another order if the dataset shuffles.
	StepsPerEpoch int

	// Validation is evaluated after epochs (validation_data). Nil means no validation.
	Validation data.Dataset
	// ValidationSplit is the fraction of the training data to use as validation data instead (validation_split). The
	// dataset must be a data.Splitter, such as the result of data.Tensors, of which the last rows are taken, before
	// shuffling. From 0 to 1. 0 means that all data are for training. It cannot be set together with Validation.
	ValidationSplit float64
	// ValidationSteps limits validation to the first ValidationSteps batches (validation_steps). 0 means all.
	ValidationSteps int
	// ValidationFreq is the number of epochs from one validation to the next (validation_freq). The default
	// is 1.
	ValidationFreq int

	// CacheFeatures makes Fit compute the part of the network that training does not change once, and not in each step: what
	// depends only on the inputs and on frozen layers (Layer.SetTrainable), and on nothing random. Its results, the features,
	// are kept in memory for each example of the training and the validation data, and training runs the rest of the network on
	// them. Callbacks, checkpoints and Evaluate see the whole model. Without augmentation the trained weights have the same bits as without
	// CacheFeatures.
	//
	// The number is that of variants of each training example, at least 1; 0 keeps no features. In epoch e, an example has the features that it would have
	// in epoch e modulo CacheFeatures of the dataset. It matters only if the dataset augments its examples: with 1, augmentation
	// is drawn once, and with 4, the draws repeat after 4 epochs. A dataset without augmentation has one variant.
	//
	// The datasets must be of type data.Indexed, as data.Flow and data.Arrays are. Callbacks must not change variables of the frozen layers. It is an error if no
	// layer after the inputs is frozen. If the features take more than half of the memory, Fit prints a warning and
	// computes them in each step.
	CacheFeatures int
	// FeatureCache receives the features that CacheFeatures keeps, for predictions after the training. The default is nil: they are freed.
	FeatureCache *FeatureCache

	// Callbacks are called in the order of the list (callbacks).
	Callbacks []callback.Callback
	// ClassWeight has the weights of classes in the loss and in WeightedMetrics, by class index
	// (class_weight). Classes that are not listed have weight 1. The weight of an example's class multiplies
	// the example's own weight. An example must have one class: for pixels or time steps with classes, use weights
	// in the dataset.
	ClassWeight map[int]float64
	// OutputClassWeight has the ClassWeight of each output by name, for models with several outputs.
	OutputClassWeight map[string]map[int]float64

	// Verbose selects how progress is shown (verbose). The default, Auto, is a bar in a terminal and a line per epoch
	// elsewhere. The others are Silent, Bar and Lines.
	Verbose Verbose
	// Output receives the progress and the messages of callbacks. The default is os.Stdout.
	Output io.Writer

	// AllowNaN makes Fit continue when the loss becomes NaN or infinite, as Keras does. By default such a loss ends
	// training with a *NaNError, because the weights are then useless. The model is restored to its state at the
	// beginning of the epoch, or at the step where training was resumed if that was later.
	AllowNaN bool

	// MemoryBudget limits the memory of training, in bytes: the variables, the optimizer's state, their copy (which AllowNaN avoids), and what a step needs. A step
	// that needs more does not keep all results of the layers for the backward pass, but computes some of them again, which takes time and changes no bit of
	// the weights. If even that needs more memory, Fit returns an error. Batches that a dataset makes ahead and the program itself are not counted. The
	// default, 0, means no limit. TrainingMemory tells how much a model needs without a limit.
	MemoryBudget int

	// Profile, if not nil, records how long training takes, by phase and by kernel. Recording slows short steps by a
	// few percent.
	Profile *profile.Profile

	// Resume is the State from which to resume an interrupted training run. The result has the same bits as a run
	// without the interruption. The model must be the one saved with the State, as OpenCheckpoint returns it.
	// Dataset, callbacks and other options must be those of the interrupted run, except that Epochs may be larger.
	// InitialEpoch must be 0. If Resume is nil, a callback that is a callback.Resumer, such as
	// callback.BackupAndRestore, may provide a checkpoint; otherwise training starts at InitialEpoch.
	Resume *callback.State
}

// Fit trains the model on a dataset (model.fit). The model must be compiled. If Model.Classes or
// Model.Preprocessing are nil, they are set from the dataset.
//
// Fit returns the logs of each epoch: "loss" and the metrics, and with Validation also "val_loss" and so on. The
// history is nil only if training did not start. If ctx is cancelled, the error wraps context.Cause(ctx), the weights
// are those after the last step, and History.Partial has the logs of the unfinished epoch.
//
// Fit checks o and the shapes of the data before the first step, and returns one error that lists all mistakes. A
// dataset without batches is an error; Keras returns an empty history. A batch without examples is also an error;
// TensorFlow aborts.
func (m *Model) Fit(ctx context.Context, train data.Dataset, o FitOptions) (*History, error) {
	if !m.fitting.TryLock() {
		return nil, errors.New("fitting: the model is already training")
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
	if o.CacheFeatures > 0 {
		if err := r.cache(ctx); err != nil {
			return nil, fmt.Errorf("fitting: %w", err)
		}
		defer r.uncache()
	}
	if step, ok := m.compiled.step().(backend.Limited); ok {
		limit, _ := m.stepBudget(o) // checkFit has checked it
		step.Limit(limit)
	}
	if err := r.planTraining(); err != nil {
		return nil, fmt.Errorf("fitting: %w", err)
	}
	if o.Profile != nil {
		defer m.profile(o.Profile)()
	}
	if err := r.run(ctx); err != nil {
		return r.history, fmt.Errorf("fitting: %w", err)
	}
	return r.history, nil
}

// prepare is the first phase of a training run: it checks the options and, if there is a checkpoint, moves to its
// position. If it returns an error, the model is unchanged.
func (m *Model) prepare(train data.Dataset, o FitOptions) (*training, error) {
	o.Epochs, o.ValidationFreq = cmp.Or(o.Epochs, 1), cmp.Or(o.ValidationFreq, 1)
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	switch {
	case isNil(train):
		return nil, errNilDataset
	case isNilPointer(o.Validation):
		return nil, errors.New("the validation dataset is nil")
	}
	if o.ValidationSplit != 0 {
		if train, o.Validation, err = splitValidation(train, o); err != nil {
			return nil, err
		}
	}
	if err := m.checkFit(train, o); err != nil {
		return nil, err
	}
	r := &training{
		runner:   runner{m: m, task: callback.Training, steps: cmp.Or(o.StepsPerEpoch, train.Steps()), display: display},
		o:        o,
		feed:     feed{m: m, classWeight: o.ClassWeight, ofOutput: o.OutputClassWeight},
		source:   batchSource{ds: train},
		values:   m.compiled.newMeasured(),
		history:  &History{},
		phase:    callback.AtEpochBegin,
		position: callback.Position{Epoch: o.InitialEpoch},
	}
	if m.compiled.early != nil {
		r.feed.early = newLookahead(m)
		r.source.early = r.feed.early
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

// splitValidation divides the training data as FitOptions.ValidationSplit says.
func splitValidation(train data.Dataset, o FitOptions) (_, validation data.Dataset, err error) {
	if o.Validation != nil {
		return nil, nil, errors.New("both Validation and ValidationSplit are set; set only one of them")
	}
	s, ok := train.(data.Splitter)
	if !ok {
		return nil, nil, fmt.Errorf("ValidationSplit divides arrays (data.Tensors), got a %T; divide the data first, for example with Table.TrainTestSplit, and set Validation", train)
	}
	if train, validation, err = s.ValidationSplit(o.ValidationSplit); err != nil {
		return nil, nil, fmt.Errorf("ValidationSplit: %w", err)
	}
	return train, validation, nil
}

// errNothingToTrain means that the optimizer has no weights.
var errNothingToTrain = errors.New("no layer has trainable weights, so there is nothing to train")

// checkFit returns all mistakes in the options.
func (m *Model) checkFit(train data.Dataset, o FitOptions) error {
	if err := m.readyToTrain(); err != nil {
		return err
	}
	var errs []error
	for _, c := range []struct {
		name string
		n    int
	}{
		{"Epochs", o.Epochs}, {"InitialEpoch", o.InitialEpoch}, {"StepsPerEpoch", o.StepsPerEpoch},
		{"ValidationSteps", o.ValidationSteps}, {"ValidationFreq", o.ValidationFreq}, {"CacheFeatures", o.CacheFeatures}, {"MemoryBudget", o.MemoryBudget},
	} {
		if c.n < 0 {
			errs = append(errs, fmt.Errorf("%s must be at least 0, got %d", c.name, c.n))
		}
	}
	if o.Resume != nil && o.InitialEpoch != 0 {
		errs = append(errs, fmt.Errorf("InitialEpoch must be 0 with Resume, got %d", o.InitialEpoch))
	}
	if len(m.compiled.optimizer) == 0 {
		errs = append(errs, errNothingToTrain)
	}
	errs = append(errs, m.checkSpec("training data", train, o.Epochs*o.StepsPerEpoch))
	if o.Validation != nil {
		errs = append(errs, m.checkSpec("validation data", o.Validation, o.ValidationSteps))
	}
	errs = append(errs, o.checkCache(train), m.checkClassWeights(o))
	if _, err := m.stepBudget(o); err != nil {
		errs = append(errs, err)
	}
	for i, c := range o.Callbacks {
		if isNil(c) {
			errs = append(errs, fmt.Errorf("callback %d is nil", i))
		}
	}
	return errors.Join(errs...)
}

// checkClassWeights returns all mistakes in the class weights.
func (m *Model) checkClassWeights(o FitOptions) error {
	var errs []error
	if o.ClassWeight != nil && len(m.compiled.objectives) > 1 {
		errs = append(errs, fmt.Errorf("ClassWeight is for models with one output; set OutputClassWeight for the outputs %s", strings.Join(m.OutputNames(), ", ")))
	}
	errs = append(errs, unknownNames("OutputClassWeight", o.OutputClassWeight, m.OutputNames()))
	for _, one := range m.compiled.objectives {
		weights, ok := o.OutputClassWeight[one.name]
		if !ok && len(m.compiled.objectives) == 1 {
			weights = o.ClassWeight
		}
		// As in Keras, an example has one class. (Keras takes other targets, and fails in the first step.)
		if y := one.target; len(weights) > 0 && (len(y.Shape) > 2 || y.DType == tensor.Int32 && len(y.Shape) > 1) {
			errs = append(errs, one.of(fmt.Errorf("ClassWeight needs targets with one class for each example, but they have shape %v; give each pixel or time step its weight in data.Batch.Weights", y.Shape)))
			continue
		}
		out := m.outputs[one.output].Shape()
		n := max(out[len(out)-1], 2) // a single unit stands for two classes
		zeros := 0
		for _, c := range slices.Sorted(maps.Keys(weights)) {
			if c < 0 || c >= n {
				errs = append(errs, one.of(fmt.Errorf("ClassWeight has class %d; the model has the classes 0 to %d", c, n-1)))
			}
			if w := weights[c]; !(w >= 0) || math.IsInf(w, 0) {
				errs = append(errs, one.of(fmt.Errorf("ClassWeight of class %d must be at least 0, got %v", c, w)))
			} else if w == 0 && c >= 0 && c < n {
				zeros++
			}
		}
		if zeros == n {
			errs = append(errs, one.of(errors.New("ClassWeight is 0 for all classes, so the loss is always 0; give at least one class a weight")))
		}
	}
	return errors.Join(errs...)
}
