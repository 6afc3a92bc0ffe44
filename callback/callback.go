// Package callback has what takes part in a training besides the model: it stops it, saves
// the model, logs, changes the learning rate. The values are Keras' callbacks of the same
// names, as configuration: what a callback keeps while a training runs lives in the Hooks
// that Begin returns, so that one value can serve several trainings.
package callback

import "github.com/lince-ml/lince/tensor"

// Callback takes part in a training.
type Callback interface {
	// Begin is called before the first epoch. It looks at its settings and at the run,
	// and returns what is to be called from there on.
	Begin(run Run) (Hooks, error)
}

// Hooks are called by a training, those of one callback after those of the one before it
// in the list. A nil hook is not called. An error ends the training, which returns it.
//
// Logs are shared: what a callback sets in them, the callbacks after it, the progress
// line and the history see.
type Hooks struct {
	// EpochBegin comes before an epoch, counted from 0.
	EpochBegin func(epoch int) error
	// BatchEnd comes after a step, counted from 0 within the epoch, with the metrics of
	// the epoch so far.
	BatchEnd func(step int, logs *Logs) error
	// EpochEnd comes after an epoch, counted from 0, and its validation.
	EpochEnd func(epoch int, logs *Logs) error
	// Checkpoint is the time to store the training, with Run.Checkpoint. It comes when all
	// other hooks of a step or an epoch have been called, and when the training is cut
	// short, before End hooks change the model. It does not come where the loss is not
	// finite.
	Checkpoint func(m Moment) error
	// End comes when the training ends, however it does, but not if a Begin failed.
	End func() error
	// State points to what encoding/json can store and restore of the callback's memory,
	// so that a training can be interrupted and resumed; nil when there is none. It is
	// restored after Begin, and read by Run.State: a hook that calls Run.State or
	// Run.Checkpoint updates its own memory before. A resumed training does not call again
	// the hooks that were called before the State was taken, EpochBegin of an epoch that
	// it resumes in the middle among them.
	State any
}

// Moment says when a Checkpoint hook is called.
type Moment int

// The moments.
const (
	AfterStep  Moment = iota
	AfterEpoch        // after its EpochEnd hooks
	CutShort          // the context was cancelled, or the data or the validation gave an error
)

// Resumer is a Callback that stores checkpoints, and has Fit resume from them.
type Resumer interface {
	Callback
	// ResumeFrom is the checkpoint that a training begins with; "" is none. Fit asks
	// before any Begin, unless it is given a State to resume.
	ResumeFrom() (path string, err error)
}

// Position is a place in a training.
type Position struct {
	// Epoch and Step are those that come next, counted from 0.
	Epoch int `json:"epoch"`
	Step  int `json:"step"`
}

// Run is a training that runs, as its callbacks see it. It is for use in hooks, by the
// goroutine that called them.
type Run interface {
	// Position says how far the training is.
	Position() Position
	// Epochs is the number of epochs at which the training ends.
	Epochs() int
	// Validates says whether there will be metrics of a validation, val_...
	Validates() bool
	// History has the finished epochs. It must not be changed.
	History() *History
	// HigherIsBetter says which way a metric (named without val_) improves; known is
	// false where that cannot be told.
	HigherIsBetter(metric string) (higher, known bool)
	// Stop ends the training: after a step, with the epoch's validation and EpochEnd
	// hooks still to come.
	Stop()
	// Finished says whether the training came to its end: all epochs, or Stop. It is false
	// until End hooks are called.
	Finished() bool
	// State is all that is needed to resume from here, besides what Save saves. Where the
	// training was cut short it is an error in an End hook: the End hooks before it may
	// have changed the model.
	State() (State, error)
	// Save saves the model.
	Save(path string) error
	// Checkpoint saves the model and the State in one .keras file, which opens as the
	// model does. A file that is there is replaced once the new one is whole on the disk.
	Checkpoint(path string) error
	// Weights copies the model's weights.
	Weights() []*tensor.Tensor
	// SetWeights gives the model weights as Weights returned them.
	SetWeights(weights []*tensor.Tensor) error
	// LearningRate is the optimizer's.
	LearningRate() (float64, error)
	// SetLearningRate changes it from the next step on.
	SetLearningRate(rate float64) error
	// Printf tells the user something; the text gets a line of its own.
	Printf(format string, a ...any)
}

// Func makes a callback of a function: Begin.
type Func func(run Run) (Hooks, error)

// Begin implements Callback.
func (f Func) Begin(run Run) (Hooks, error) { return f(run) }
