package data

import (
	"context"
	"iter"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/tensor"
)

// Batch holds the examples of one step. It is valid until the next iteration, which reuses its
// memory.
type Batch struct {
	// X is the input and Y the target. The first axis counts the examples. Y is nil if the
	// dataset has no targets.
	X, Y *tensor.Tensor
	// Weights holds an example weight for each example: float32 of shape (n,). If the loss has a number
	// for each pixel or time step, there may be a weight for each of them: (n, height, width) or (n, steps).
	// nil means all 1. It applies to each target that SampleWeights does not name.
	Weights *tensor.Tensor
	// Inputs, Targets and SampleWeights hold several inputs, targets and weights by the names of
	// the model's inputs and outputs. If Inputs is nil, X is the only input. If Targets is nil,
	// Y is the only target.
	Inputs, Targets, SampleWeights map[string]*tensor.Tensor
	// Index holds the row of each example in the dataset.
	Index []int
	// Next is the step that follows this batch. 0 means that no step was skipped: it is one more
	// than the step of this batch. A dataset that skips batches must set it.
	Next int
}

// Dataset yields batches for training, evaluation and prediction. The batch of an (epoch, step)
// depends only on the dataset, the epoch and the step, so training can be resumed at any step.
type Dataset interface {
	// Len returns the number of examples in an epoch.
	Len() int
	// Steps returns the number of batches in an epoch. The last batch may be smaller.
	Steps() int
	// Spec returns the shapes of X and Y. The first axis, the batch dimension, is
	// tensor.Unknown. y is nil if there are no targets.
	Spec() (x, y tensor.Shape)
	// Fingerprint returns a hash that identifies the dataset's content and order.
	Fingerprint() string
	// Batches yields the batches of an epoch, from the given step to the end of the epoch. epoch
	// and step count from 0. An error comes with a zero Batch and ends the sequence.
	Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error]
}

// Named is a Dataset whose batches have Inputs or Targets.
type Named interface {
	Dataset
	// NamedSpec returns the shapes of Inputs and Targets by name, with tensor.Unknown as the
	// batch dimension. A result is nil if the batches have X, or Y, instead.
	NamedSpec() (inputs, targets map[string]tensor.Shape)
}

// Batched is a Dataset whose batches have one size, except that the last one may be smaller. A model checks whether the process can
// have the memory for a batch before the dataset makes it.
type Batched interface {
	Dataset
	// BatchSize returns the number of examples in a batch. It may be greater than Len.
	BatchSize() int
}

// Preparer is a Dataset that can prepare batches in advance. Fit prepares the first batches of the
// validation during the last step of an epoch, and those of the next epoch during the validation.
type Preparer interface {
	Dataset
	// Prepare starts making the batches of an epoch, from the given step on. The next call of
	// Batches with the same epoch and step yields them. The caller must call discard at the end. It
	// frees the batches if no call of Batches has used them. ctx must stay valid until Batches ends
	// or discard is called.
	Prepare(ctx context.Context, epoch, step int) (discard func())
}

// Labeled is a Dataset whose targets are classes with names. Fit stores the names in a model that
// has none.
type Labeled interface {
	Dataset
	// Classes returns the class names in the order of their class indexes, or nil if the targets
	// are not classes.
	Classes() []string
}

// Preprocessed is a Dataset of images that knows its preprocessing: the fixed steps from an image
// file to the input, without augmentation. Fit stores them in a model that has none.
type Preprocessed interface {
	Dataset
	// Preprocessing returns the steps, or nil if no list of steps describes them.
	Preprocessing() preprocess.Steps
}

// Indexed is a Dataset that can yield its batches without their inputs, quickly. Fit needs one to keep what it has
// computed from the inputs; see lince.FitOptions.CacheFeatures.
type Indexed interface {
	Dataset
	// Targets yields the batches that Batches yields for the same epoch and step, without X and Inputs. Index identifies
	// the examples: it has numbers from 0 to Len-1, and each example has the same number in all epochs.
	Targets(ctx context.Context, epoch, step int) iter.Seq2[Batch, error]
	// Varies reports whether the inputs of an example differ from epoch to epoch, because of augmentation.
	Varies() bool
}

// Splitter is a Dataset that can be divided into training and validation data.
type Splitter interface {
	Dataset
	// ValidationSplit returns a dataset without the validation data, and one of the validation data. fraction, between
	// 0 and 1, is the fraction of the examples in the latter.
	ValidationSplit(fraction float64) (train, validation Dataset, err error)
}

// DefaultBatchSize is Keras' default batch size.
const DefaultBatchSize = 32

func steps(n, batch int) int { return (n + batch - 1) / batch }
