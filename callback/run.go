package callback

import "github.com/lince-ml/lince/tensor"

// Task is what a run does.
type Task int

// The tasks.
const (
	Training   Task = iota // Model.Fit
	Evaluation             // Model.Evaluate
	Prediction             // Model.Predict
)

// Run is the interface of callbacks to a running Fit, Evaluate or Predict. Use it in Begin and in hooks only, and only in
// the goroutine that called them.
type Run interface {
	// Task returns what the run does.
	Task() Task
	// Position returns the next epoch and the next step in it. It is zero unless Task is Training.
	Position() Position
	// Epochs returns the total number of epochs (FitOptions.Epochs), 0 unless Task is Training.
	Epochs() int
	// Steps returns the number of steps in an epoch, or of batches to evaluate or predict (params["steps"]).
	Steps() int
	// Iterations returns the number of steps that the optimizer has made (optimizer.iterations), including those of
	// earlier calls of Fit. It is 0 if the model is not compiled.
	Iterations() int
	// Validates reports whether Fit has validation data, so that there are metrics named val_...
	Validates() bool
	// History returns the logs of the finished epochs. The caller must not change it.
	History() *History
	// HigherIsBetter reports whether a higher value of a metric (named without val_) is better. known is
	// false if this is not known.
	HigherIsBetter(metric string) (higher, known bool)
	// Metrics lists the names of the losses and metrics that the model is compiled with, without val_.
	Metrics() []string
	// Stop ends training after the current step, or evaluation and prediction after the current batch. The validation
	// and the EpochEnd hooks of the epoch still run.
	Stop()
	// Stopped reports whether Stop was called.
	Stopped() bool
	// Finished reports whether the run ended without an error: after all epochs or batches, or after Stop. It is false
	// until the End hooks are called.
	Finished() bool
	// State returns the State from which training can be resumed here, together with a saved model. If training was
	// interrupted, it returns an error in End hooks, because earlier End hooks may have changed the model. It also
	// returns an error if Task is not Training.
	State() (State, error)
	// Save saves the model, as Model.Save does. path must end in .keras.
	Save(path string) error
	// SaveWeights saves the values of the model's variables, as Model.SaveWeights does. path must end in .weights.h5.
	SaveWeights(path string) error
	// Checkpoint saves the model and the State to one .keras file, which also opens as a model. An existing file is
	// replaced only when the new one is completely written.
	Checkpoint(path string) error
	// Network returns the JSON of the network, as Model.ToJSON does.
	Network() ([]byte, error)
	// Nodes returns the calls of the network's layers, in an order in which each stands after its operands.
	Nodes() []Node
	// Variables returns the model's variables in the order of its layers, with copies of their values.
	Variables() []Variable
	// Weights returns copies of the values of Variables.
	Weights() []*tensor.Tensor
	// SetWeights sets the model's weights from the result of Weights.
	SetWeights(weights []*tensor.Tensor) error
	// KeepsAverages reports whether the optimizer keeps moving averages of the weights (UseEMA).
	KeepsAverages() bool
	// SwapAverages exchanges the weights with the moving averages that an optimizer with UseEMA keeps of them: if on is
	// true, the averages become the weights, and if it is false, the weights become what they were before. It does
	// nothing if that is so already, or if the model is not trained yet. It returns an error unless KeepsAverages.
	SwapAverages(on bool) error
	// LearningRate returns the optimizer's learning rate.
	LearningRate() (float64, error)
	// SetLearningRate sets the learning rate for the following steps. rate must be greater than 0 and at most 1e30.
	SetLearningRate(rate float64) error
	// Batch returns the first n examples of the current step's batch, or all if there are fewer. Use it in BatchBegin
	// and BatchEnd. The result is nil if the model's first input is not an image.
	Batch(n int) []Example
	// Mistakes returns the first n examples of the validation data that the model classifies wrongly, in the order of
	// the data. It returns an error if there is no validation, the model's first input is not an image, or its first
	// output is not a classification. Mistakes(0) returns the same errors without a prediction.
	Mistakes(n int) ([]Example, error)
	// Printf prints a message for the user, on a separate line of the progress output.
	Printf(format string, a ...any)
}

// Variable is a variable of the model with its current value.
type Variable struct {
	Path  string // such as "conv2d/kernel"
	Value *tensor.Tensor
}

// Example is an image of the data.
type Example struct {
	// Name is the file name, or "row 17" if the dataset has no file names.
	Name string
	// Image has shape (height, width, channels), in the range that the model takes.
	Image *tensor.Tensor
	// Label is the name of the target's class, "" if the target is not a class.
	Label string
	// Predicted is the name of the predicted class, and Probability its probability, if there is a prediction. Score is its score instead, if the model
	// gives no probabilities; see lince.Model.GivesScores.
	Predicted   string
	Probability float64
	Score       *float64
}

// Node is a call of a layer in a network.
type Node struct {
	// Name is the name of the layer. Further calls of a shared layer have a number at the end. Layers of a nested model
	// have the model's name and a slash before theirs.
	Name string
	// Class is the Keras class of the layer.
	Class string
	// Inputs are the names of the nodes whose results the layer is applied to.
	Inputs []string
	// Shape is the shape of the result, in which unknown sizes are tensor.Unknown.
	Shape tensor.Shape
}
