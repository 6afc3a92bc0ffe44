package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// MapOptions configures Map. The zero value is for a function that does not change the shapes.
type MapOptions struct {
	// X and Y are the shapes of the new batches, with tensor.Unknown as the batch dimension. nil means the
	// shapes of the dataset.
	X, Y tensor.Shape
	// Inputs and Targets are the shapes of the new batches' named inputs and targets; see Named. nil means the
	// shapes of the dataset.
	Inputs, Targets map[string]tensor.Shape
	// Name identifies the function, with its settings, in the fingerprint. Without it, training that is
	// resumed with another function is not detected.
	Name string
}

// Mapped is a Dataset whose batches are changed by a function. Map makes one.
type Mapped struct {
	ds              Dataset
	f               func(b Batch, epoch, step int) (Batch, error)
	x, y            tensor.Shape
	inputs, targets map[string]tensor.Shape
	name            string
}

// Map makes a dataset of the batches that f returns for those of ds: tf.data's map, applied to batches.
//
// f gets a batch with its epoch and step, which count from 0. It may change the tensors of the batch in place,
// or return others. Its result must depend only on its arguments, so that training can be resumed: for random
// numbers, seed a generator with the epoch and the step. An error of f ends the epoch. If f returns no Index,
// the batch keeps its own; f cannot change Next. Every result must have the shapes in the options.
//
// Models do not get the preprocessing of a mapped dataset, because no list of steps describes f; see
// Preprocessed.
func Map(ds Dataset, f func(b Batch, epoch, step int) (Batch, error), o MapOptions) (*Mapped, error) {
	if ds == nil || f == nil {
		return nil, errors.New("Map needs a dataset and a function, got nil")
	}
	m := &Mapped{ds: ds, f: f, x: o.X, y: o.Y, inputs: o.Inputs, targets: o.Targets, name: o.Name}
	x, y := ds.Spec()
	if m.x == nil {
		m.x = x
	}
	if m.y == nil {
		m.y = y
	}
	if n, ok := ds.(Named); ok {
		inputs, targets := n.NamedSpec()
		if m.inputs == nil {
			m.inputs = inputs
		}
		if m.targets == nil {
			m.targets = targets
		}
	}
	return m, nil
}

// Len returns the number of examples of the dataset.
func (m *Mapped) Len() int { return m.ds.Len() }

// Steps returns the number of batches of the dataset.
func (m *Mapped) Steps() int { return m.ds.Steps() }

// Spec returns the shapes of X and Y; see Dataset.
func (m *Mapped) Spec() (x, y tensor.Shape) { return m.x, m.y }

// NamedSpec returns the shapes of the named inputs and targets; see Named.
func (m *Mapped) NamedSpec() (inputs, targets map[string]tensor.Shape) { return m.inputs, m.targets }

// Classes returns the class names of the dataset, or nil if it has none; see Labeled.
func (m *Mapped) Classes() []string {
	if l, ok := m.ds.(Labeled); ok {
		return l.Classes()
	}
	return nil
}

// Fingerprint returns the SHA-256 hash of the dataset's fingerprint, the function's name and the shapes.
func (m *Mapped) Fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "map %q of %s: %v %v %v %v\n", m.name, m.ds.Fingerprint(), m.x, m.y, m.inputs, m.targets)
	return hex.EncodeToString(h.Sum(nil))
}

// Prepare starts making the batches of the dataset ahead; see Preparer.
func (m *Mapped) Prepare(ctx context.Context, epoch, step int) (discard func()) {
	if p, ok := m.ds.(Preparer); ok {
		return p.Prepare(ctx, epoch, step)
	}
	return func() {}
}

// Batches yields the changed batches of an epoch from a step; see Dataset.
func (m *Mapped) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		next := max(step, 0)
		for b, err := range m.ds.Batches(ctx, epoch, step) {
			if err != nil {
				yield(Batch{}, err)
				return
			}
			at := next
			if next++; b.Next > 0 { // steps were skipped
				at, next = b.Next-1, b.Next
			}
			out, err := m.f(b, epoch, at)
			if err == nil {
				err = m.check(out)
			}
			if err != nil {
				yield(Batch{}, fmt.Errorf("the function of Map, epoch %d, step %d: %w", epoch, at, err))
				return
			}
			out.Next = b.Next
			if out.Index == nil {
				out.Index = b.Index
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// check returns an error if a batch does not have the announced shapes.
func (m *Mapped) check(b Batch) error {
	errs := []error{fits("X", b.X, m.x), fits("Y", b.Y, m.y)}
	errs = append(errs, allFit("input", b.Inputs, m.inputs), allFit("target", b.Targets, m.targets))
	return errors.Join(errs...)
}

func allFit(kind string, named map[string]*tensor.Tensor, specs map[string]tensor.Shape) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(specs)) {
		errs = append(errs, fits(kind+" "+name, named[name], specs[name]))
	}
	return errors.Join(errs...)
}

// fits returns an error if a tensor is missing, unexpected, or of another shape than announced.
func fits(name string, t *tensor.Tensor, spec tensor.Shape) error {
	switch {
	case t == nil && spec == nil:
		return nil
	case t == nil:
		return fmt.Errorf("%s is nil, want the shape %v", name, spec)
	case spec == nil:
		return fmt.Errorf("%s has shape %v, want nil; set its shape in the options", name, t.Shape())
	case !spec.Fits(t.Shape()):
		return fmt.Errorf("%s has shape %v, want %v; set its shape in the options", name, t.Shape(), spec)
	}
	return nil
}
