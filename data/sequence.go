package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"github.com/lince-ml/lince/tensor"
)

// SequenceOptions configures FromFunc.
type SequenceOptions struct {
	// Examples is the number of examples in an epoch, and BatchSize that in a batch. The last batch of an epoch may be smaller. Examples is at least 1. The
	// default of BatchSize is DefaultBatchSize.
	Examples, BatchSize int
	// X and Y are the shapes of the batches, with tensor.Unknown as the batch dimension. Y is nil if there are no targets.
	X, Y tensor.Shape
	// Name identifies the data in the fingerprint. Without it, training that is resumed with other data is not detected.
	Name string
}

// Sequence is a Dataset whose batches a function makes. FromFunc makes one.
type Sequence struct {
	f func(ctx context.Context, epoch, first, end int) (x, y *tensor.Tensor, err error)
	o SequenceOptions
}

// FromFunc makes a dataset of the batches that f makes (keras.utils.PyDataset, which was Sequence; tf.data.Dataset.from_generator). It is for data that
// this package does not read, such as those of a database.
//
// f makes the examples first to end-1 of an epoch, all of which count from 0: x of shape (end-first, ...), and y, or nil if there are no targets. The result must
// depend only on these numbers, so that training can be resumed: to shuffle, permute the examples with a generator that is seeded with the epoch. An error ends
// the epoch.
func FromFunc(f func(ctx context.Context, epoch, first, end int) (x, y *tensor.Tensor, err error), o SequenceOptions) (*Sequence, error) {
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	var errs []error
	if f == nil {
		errs = append(errs, errors.New("the function is nil"))
	}
	if o.Examples < 1 {
		errs = append(errs, fmt.Errorf("the number of Examples must be at least 1, got %d", o.Examples))
	}
	if o.BatchSize < 1 {
		errs = append(errs, fmt.Errorf("BatchSize must be at least 1, got %d", o.BatchSize))
	}
	for _, b := range []struct {
		name  string
		shape tensor.Shape
		empty bool // is allowed
	}{{"X", o.X, false}, {"Y", o.Y, true}} {
		if len(b.shape) == 0 && !b.empty || len(b.shape) > 0 && b.shape[0] != tensor.Unknown {
			errs = append(errs, fmt.Errorf("%s must be the shape of a batch, such as (None, 32, 32, 3), got %v", b.name, b.shape))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("FromFunc: %w", err)
	}
	return &Sequence{f, o}, nil
}

// Len returns the number of examples.
func (s *Sequence) Len() int { return s.o.Examples }

// Steps returns the number of batches in an epoch.
func (s *Sequence) Steps() int { return steps(s.o.Examples, s.o.BatchSize) }

// BatchSize returns the number of examples in a batch.
func (s *Sequence) BatchSize() int { return s.o.BatchSize }

// Spec returns the shapes of X and Y; see Dataset.
func (s *Sequence) Spec() (x, y tensor.Shape) { return s.o.X, s.o.Y }

// Fingerprint returns a hash of the options. The function is not part of it.
func (s *Sequence) Fingerprint() string {
	h := sha256.Sum256(fmt.Appendf(nil, "sequence %d %d %v %v %q", s.o.Examples, s.o.BatchSize, s.o.X, s.o.Y, s.o.Name))
	return hex.EncodeToString(h[:])
}

// Batches yields the batches of an epoch from a step; see Dataset.
func (s *Sequence) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for step := max(step, 0); step < s.Steps(); step++ {
			if err := context.Cause(ctx); err != nil {
				yield(Batch{}, err)
				return
			}
			b, err := s.batch(ctx, epoch, step)
			if err != nil {
				yield(Batch{}, fmt.Errorf("the function of FromFunc, epoch %d, step %d: %w", epoch, step, err))
				return
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (s *Sequence) batch(ctx context.Context, epoch, step int) (Batch, error) {
	first := step * s.o.BatchSize
	n := min(s.o.BatchSize, s.o.Examples-first)
	x, y, err := s.f(ctx, epoch, first, first+n)
	if err != nil {
		return Batch{}, err
	}
	if err := errors.Join(fits("X", x, sized(s.o.X, n)), fits("Y", y, sized(s.o.Y, n))); err != nil {
		return Batch{}, err
	}
	b := Batch{X: x, Y: y, Index: make([]int, n)}
	for i := range b.Index {
		b.Index[i] = first + i
	}
	return b, nil
}

// sized returns a shape with n as the batch dimension.
func sized(s tensor.Shape, n int) tensor.Shape {
	if s == nil {
		return nil
	}
	s = append(tensor.Shape{}, s...)
	s[0] = n
	return s
}
