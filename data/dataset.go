package data

import (
	"context"
	"iter"

	"github.com/lince-ml/lince/tensor"
)

// Batch is one step's examples. It is borrowed: valid until the next iteration, when its
// memory is used again.
type Batch struct {
	// X and Y are the inputs and targets, the examples along the first axis; Y is nil
	// when there are none.
	X, Y *tensor.Tensor
	// Weights is float32 of shape (n,), a weight for each example; nil means all 1.
	Weights *tensor.Tensor
	// Index has the data set's row of each example.
	Index []int
	// Next is the step after the batch, where Batches would continue; 0 is one more than
	// that of the batch before. A data set sets it that leaves out batches.
	Next int
}

// Dataset is what a model trains on. What comes at any (epoch, step) is a function of
// the data set's seed and that position alone, so a run can go on where it stopped.
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

// DefaultBatchSize is Keras'.
const DefaultBatchSize = 32

func steps(n, batch int) int { return (n + batch - 1) / batch }
