// Package callback has Keras' callbacks: they stop a training early, save the model, write logs, or change
// the learning rate. They are passed to lince's Model.Fit:
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
// A callback is a configuration, whose zero values are Keras' defaults. What it remembers while a training runs is kept by
// the Hooks that Begin returns, so one value can be used for several trainings. Fit returns an error before it trains if a
// field is out of range, or if a callback monitors a metric of the validation and there is no validation.
//
// Func turns a function into a custom callback.
package callback

import "github.com/lince-ml/lince/tensor"

// Callback is called at certain moments of a training (keras.callbacks.Callback).
type Callback interface {
	// Begin is called before the first epoch. It checks the callback's settings, and returns the hooks to
	// call during this training. An error ends the training before it starts.
	Begin(run Run) (Hooks, error)
}

// Hooks are the functions of a callback that a training calls. Hooks of several callbacks are called in the
// order of the list of callbacks. A nil hook is not called. If a hook returns an error, the training ends
// with it.
//
// All hooks get the same Logs: values that a callback sets in them are seen by later callbacks, the progress
// bar and the history.
type Hooks struct {
	// EpochBegin is called before each epoch, counted from 0 (on_epoch_begin).
	EpochBegin func(epoch int) error
	// BatchEnd is called after each step, counted from 0 within the epoch (on_train_batch_end). logs has the
	// mean metrics of the epoch so far.
	BatchEnd func(step int, logs *Logs) error
	// EpochEnd is called after each epoch, counted from 0, and its validation (on_epoch_end).
	EpochEnd func(epoch int, logs *Logs) error
	// Checkpoint is called when the training can be stored with Run.Checkpoint: after the other hooks of a
	// step or an epoch, and when the training is interrupted, before End hooks change the model. It is not
	// called if the training ends because the loss is not finite.
	Checkpoint func(m Moment) error
	// End is called at the end of the training (on_train_end), also after an error, but not if a Begin
	// failed.
	End func() error
	// State points to the callback's memory, a value that encoding/json can store and restore, so that a
	// training can be interrupted and resumed. Nil means that the callback remembers nothing. The state is
	// restored after Begin. Run.State and Run.Checkpoint read it, so a hook must update its state before it
	// calls them.
	//
	// A resumed training does not repeat hooks that were called before its State was taken. For example, if
	// it resumes in the middle of an epoch, it does not call EpochBegin for that epoch.
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

// Position is a position in a training.
type Position struct {
	// Epoch and Step are the next epoch and the next step in it, counted from 0.
	Epoch int `json:"epoch"`
	Step  int `json:"step"`
}

// Run is a running training, as its callbacks see it. Use it in hooks only, and only in the goroutine that
// called the hook.
type Run interface {
	// Position returns how far the training is.
	Position() Position
	// Epochs returns the number of the last epoch, counted from 1 (FitOptions.Epochs).
	Epochs() int
	// Validates reports whether the training has a validation, and so metrics named val_...
	Validates() bool
	// History returns the logs of the finished epochs. The caller must not change it.
	History() *History
	// HigherIsBetter reports whether a metric (named without val_) improves as it grows. known is false if
	// the direction is not known.
	HigherIsBetter(metric string) (higher, known bool)
	// Stop ends the training after the current step. The validation and the EpochEnd hooks of the epoch still
	// run.
	Stop()
	// Finished reports whether the training ended without an error: after all epochs, or after Stop. It is
	// false until the End hooks are called.
	Finished() bool
	// State returns what is needed, besides a saved model, to resume the training from here. In an End hook
	// of a training that was interrupted it returns an error, because earlier End hooks may have changed the
	// model.
	State() (State, error)
	// Save saves the model, as Model.Save does. path must end in .keras.
	Save(path string) error
	// Checkpoint saves the model and the State to one .keras file, which opens as a model. An existing file
	// is replaced after the new one is completely on disk.
	Checkpoint(path string) error
	// Weights returns copies of the model's weights.
	Weights() []*tensor.Tensor
	// SetWeights sets the model's weights from the result of Weights.
	SetWeights(weights []*tensor.Tensor) error
	// LearningRate returns the optimizer's learning rate.
	LearningRate() (float64, error)
	// SetLearningRate sets the learning rate for the following steps. rate must be above 0.
	SetLearningRate(rate float64) error
	// Printf prints a message for the user, on a separate line of the progress output.
	Printf(format string, a ...any)
}

// Func is a custom callback: a function that is called as Begin.
type Func func(run Run) (Hooks, error)

// Begin implements Callback.
func (f Func) Begin(run Run) (Hooks, error) { return f(run) }
