// Package callback provides the callbacks of keras.callbacks. They stop training early, save the model, write logs, or
// change the learning rate. docs/keras.md translates the arguments in Keras to fields. Pass callbacks to lince's Model.Fit,
// Evaluate or Predict:
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

import (
	"errors"

	"github.com/lince-ml/lince/tensor"
)

// Callback is called at certain moments of training, evaluation and prediction (keras.callbacks.Callback).
type Callback interface {
	// Begin is called before the first epoch of Fit (on_train_begin), and also at the beginning of Evaluate and
	// Predict; see Run.Task. It checks the callback's settings, and returns the hooks to call during this run. If it
	// returns an error, the run does not start. The callbacks of this package that are for training only return no
	// hooks for other tasks, as in Keras.
	Begin(run Run) (Hooks, error)
}

// Hooks are the functions of a callback that Fit, Evaluate and Predict call: the methods of a callback in Keras, or the
// arguments of LambdaCallback. Hooks of several callbacks are called in the order of the list of callbacks. A nil hook
// is not called. If a hook returns an error, the run ends with that error.
//
// All hooks get the same Logs: values that a callback sets in them are seen by later callbacks, the progress
// bar and the history.
type Hooks struct {
	// EpochBegin is called before each epoch (on_epoch_begin). Epochs are counted from 0.
	EpochBegin func(epoch int) error
	// BatchBegin is called before each step (on_train_batch_begin). Steps are counted from 0 in each epoch.
	BatchBegin func(step int) error
	// BatchEnd is called after each step (on_train_batch_end). Steps are counted from 0 in each epoch. logs has the
	// mean metrics of the epoch so far.
	BatchEnd func(step int, logs *Logs) error
	// EpochEnd is called after each epoch and its validation (on_epoch_end). Epochs are counted from 0.
	EpochEnd func(epoch int, logs *Logs) error

	// TestBegin is called before an evaluation (on_test_begin): that of Evaluate, and each validation of Fit.
	TestBegin func() error
	// TestBatchBegin is called before each batch of an evaluation (on_test_batch_begin). Batches are counted from 0.
	TestBatchBegin func(batch int) error
	// TestBatchEnd is called after each batch of an evaluation (on_test_batch_end). logs has the mean metrics of the
	// evaluation so far, with names without val_.
	TestBatchEnd func(batch int, logs *Logs) error
	// TestEnd is called after an evaluation (on_test_end). logs has its results, with names without val_.
	TestEnd func(logs *Logs) error

	// PredictBegin is called before the first batch of Predict (on_predict_begin).
	PredictBegin func() error
	// PredictBatchBegin is called before each batch of Predict (on_predict_batch_begin). Batches are counted from 0.
	PredictBatchBegin func(batch int) error
	// PredictBatchEnd is called after each batch of Predict (on_predict_batch_end), with the model's outputs in the
	// order of Model.OutputNames. They are valid until the hook returns.
	PredictBatchEnd func(batch int, outputs []*tensor.Tensor) error
	// PredictEnd is called after the last batch of Predict (on_predict_end).
	PredictEnd func() error

	// Checkpoint is called when a checkpoint can be written with Run.Checkpoint: after the other hooks of a step or an
	// epoch, and when training is interrupted, before End hooks change the model. It is not called if training ends
	// because the loss is not finite.
	Checkpoint func(m Moment) error
	// End is called at the end of the run (on_train_end, if Run.Task is Training), also after an error. If the Begin of
	// a later callback fails, the End hooks of the earlier callbacks are called.
	End func() error
	// State points to the callback's state, a value that encoding/json can store and restore, so that training can be
	// interrupted and resumed. Nil means that the callback has no state. The state is restored after Begin. Run.State
	// and Run.Checkpoint read it, so a hook must update its state before it calls them.
	//
	// Resumed training does not repeat hooks that were called before the State was taken. For example, if it resumes in
	// the middle of an epoch, it does not call EpochBegin for that epoch. Validation is the exception: training that is
	// interrupted during a validation repeats all of it, with the state that callbacks had before it.
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

// Func turns a function into a custom callback (keras.callbacks.LambdaCallback). The function is its Begin method.
type Func func(run Run) (Hooks, error)

// Begin implements Callback.
func (f Func) Begin(run Run) (Hooks, error) {
	if f == nil {
		return Hooks{}, errors.New("Func: the function is nil")
	}
	return f(run)
}
