package data

import (
	"context"
	"iter"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// Batch is one step's examples. It is borrowed: valid until the next iteration, when its
// memory is used again.
type Batch struct {
	// X and Y are the inputs and targets, the examples along the first axis; Y is nil
	// when there are none.
	X, Y *tensor.Tensor
	// Weights is float32 of shape (n,), a weight for each example; nil means all 1. It counts
	// for every target that SampleWeights does not name.
	Weights *tensor.Tensor
	// Inputs, Targets and SampleWeights are what X, Y and Weights are, by the names of the
	// model's inputs and outputs, where there are several. Where Inputs is nil X is the only
	// input, and where Targets is nil Y is the only target.
	Inputs, Targets, SampleWeights map[string]*tensor.Tensor
	// Index has the dataset's row of each example.
	Index []int
	// Next is the step after the batch, where Batches would continue; 0 is one more than
	// that of the batch before. A dataset sets it that leaves out batches.
	Next int
}

// Dataset is what a model trains on. What comes at any (epoch, step) is a function of
// the dataset's seed and that position alone, so a run can go on where it stopped.
type Dataset interface {
	// Len is the number of examples in an epoch.
	Len() int
	// Steps is the number of batches in an epoch; the last may be smaller.
	Steps() int
	// Spec has the shapes of X and Y with tensor.Unknown as the batch dimension; y is
	// nil when there are no targets.
	Spec() (x, y tensor.Shape)
	// Fingerprint identifies the content and the order.
	Fingerprint() string
	// Batches yields the batches of an epoch from a step to the epoch's end. An error
	// comes with a zero Batch and ends the sequence.
	Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error]
}

// Named is a Dataset whose batches have Inputs or Targets by name.
type Named interface {
	Dataset
	// NamedSpec has their shapes, with tensor.Unknown as the batch dimension; nil where the
	// batches have X, or Y, instead.
	NamedSpec() (inputs, targets map[string]tensor.Shape)
}

// Preparer is a Dataset that can begin to make batches before they are asked for. A training
// has the validation's first ones made during the last step of an epoch, and the next epoch's
// during the validation.
type Preparer interface {
	Dataset
	// Prepare begins with the batches of an epoch from a step on; the next call of Batches
	// for them has them. discard lets go of them, if nobody has; it must be called at last.
	// ctx must not end before.
	Prepare(ctx context.Context, epoch, step int) (discard func())
}

// Labelled is a Dataset whose targets are classes with names. A training takes them for a
// model that has none.
type Labelled interface {
	Dataset
	// Classes are the names in the order of the targets' numbers; nil where there are none.
	Classes() []string
}

// Preprocessed is a Dataset of images that says how they become examples, but for what is
// drawn at random. A training notes it for a model that does not know.
type Preprocessed interface {
	Dataset
	// Preprocessing is nil where steps cannot say it.
	Preprocessing() preprocess.Steps
}

// DefaultBatchSize is Keras'.
const DefaultBatchSize = 32

func steps(n, batch int) int { return (n + batch - 1) / batch }
