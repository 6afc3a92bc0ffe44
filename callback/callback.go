// Package callback provides the callbacks of keras.callbacks. They stop training early, save the model, write logs, or
// change the learning rate. Pass them to lince's Model.Fit:
//
//	history, err := model.Fit(ctx, train, lince.FitOptions{
//		Epochs:     20,
//		Validation: test,
//		Callbacks: []callback.Callback{
//			callback.EarlyStopping{Patience: 2, RestoreBestWeights: true},
//			callback.CSVLogger{Filename: "history.csv"},
//		},
//	})
//
// A callback value is a configuration, and the zero value of a field means Keras' default. The Hooks that Begin returns
// hold the callback's state, so one value can be used in several calls of Fit. Before training starts, Fit returns an
// error if a field is out of range, or if a callback monitors a validation metric and there is no validation.
//
// Func turns a function into a custom callback.
package callback

import "github.com/lince-ml/lince/tensor"

// Callback is called at certain moments of training (keras.callbacks.Callback).
type Callback interface {
	// Begin is called before the first epoch. It checks the callback's settings, and returns the hooks to call during
	// this run of Fit. If it returns an error, training does not start.
	Begin(run Run) (Hooks, error)
}

// Hooks are the functions of a callback that Fit calls. Hooks of several callbacks are called in the order of
// FitOptions.Callbacks. A nil hook is not called. If a hook returns an error, Fit ends with that error.
//
// All hooks get the same Logs: values that a callback sets in them are seen by later callbacks, the progress
// bar and the history.
type Hooks struct {
	// EpochBegin is called before each epoch (on_epoch_begin). Epochs are counted from 0.
	EpochBegin func(epoch int) error
	// BatchEnd is called after each step (on_train_batch_end). Steps are counted from 0 in each epoch. logs has the
	// mean metrics of the epoch so far.
	BatchEnd func(step int, logs *Logs) error
	// EpochEnd is called after each epoch and its validation (on_epoch_end). Epochs are counted from 0.
	EpochEnd func(epoch int, logs *Logs) error
	// Checkpoint is called when a checkpoint can be written with Run.Checkpoint: after the other hooks of a step or an
	// epoch, and when training is interrupted, before End hooks change the model. It is not called if training ends
	// because the loss is not finite.
	Checkpoint func(m Moment) error
	// End is called at the end of training (on_train_end), also after an error. If the Begin of a later callback fails,
	// the End hooks of the earlier callbacks are called.
	End func() error
	// State points to the callback's state, a value that encoding/json can store and restore, so that training can be
	// interrupted and resumed. Nil means that the callback has no state. The state is restored after Begin. Run.State
	// and Run.Checkpoint read it, so a hook must update its state before it calls them.
	//
	// Resumed training does not repeat hooks that were called before the State was taken. For example, if it resumes in
	// the middle of an epoch, it does not call EpochBegin for that epoch.
	State any
}

// Moment says when a Checkpoint hook is called.
type Moment int

// The moments at which Checkpoint hooks are called.
const (
	AfterStep  Moment = iota // after a step and its BatchEnd hooks
	AfterEpoch               // after an epoch and its EpochEnd hooks
	CutShort                 // the context was cancelled, or the data or the validation returned an error
)

// Resumer is a Callback that stores checkpoints, from which Fit resumes.
type Resumer interface {
	Callback
	// ResumeFrom returns the path of the checkpoint to resume from, or "" if there is none. Fit calls it
	// before any Begin, unless FitOptions.Resume is set.
	ResumeFrom() (path string, err error)
}

// Position is a position in training.
type Position struct {
	// Epoch and Step are the next epoch and the next step in it, counted from 0.
	Epoch int `json:"epoch"`
	Step  int `json:"step"`
}

// Run is the interface of callbacks to a running Fit. Use it in Begin and in hooks only, and only in the goroutine that
// called them.
type Run interface {
	// Position returns the next epoch and the next step in it.
	Position() Position
	// Epochs returns the total number of epochs (FitOptions.Epochs).
	Epochs() int
	// Validates reports whether Fit has validation data, so that there are metrics named val_...
	Validates() bool
	// History returns the logs of the finished epochs. The caller must not change it.
	History() *History
	// HigherIsBetter reports whether a higher value of a metric (named without val_) is better. known is
	// false if this is not known.
	HigherIsBetter(metric string) (higher, known bool)
	// Stop ends training after the current step. The validation and the EpochEnd hooks of the epoch still run.
	Stop()
	// Finished reports whether training ended without an error: after all epochs, or after Stop. It is false until the
	// End hooks are called.
	Finished() bool
	// State returns the State from which training can be resumed here, together with a saved model. If training was
	// interrupted, it returns an error in End hooks, because earlier End hooks may have changed the model.
	State() (State, error)
	// Save saves the model, as Model.Save does. path must end in .keras.
	Save(path string) error
	// Checkpoint saves the model and the State to one .keras file, which also opens as a model. An existing file is
	// replaced only when the new one is completely written.
	Checkpoint(path string) error
	// Weights returns copies of the model's weights.
	Weights() []*tensor.Tensor
	// SetWeights sets the model's weights from the result of Weights.
	SetWeights(weights []*tensor.Tensor) error
	// LearningRate returns the optimizer's learning rate.
	LearningRate() (float64, error)
	// SetLearningRate sets the learning rate for the following steps. rate must be greater than 0 and at most 1e30.
	SetLearningRate(rate float64) error
	// Printf prints a message for the user, on a separate line of the progress output.
	Printf(format string, a ...any)
}

// Func turns a function into a custom callback. The function is its Begin method.
type Func func(run Run) (Hooks, error)

// Begin implements Callback.
func (f Func) Begin(run Run) (Hooks, error) { return f(run) }
