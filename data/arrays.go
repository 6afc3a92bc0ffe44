package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

// TensorOptions configures Tensors and NamedTensors. The zero value does what Keras'
// fit(x, y) does: batches of 32 in a shuffled order.
type TensorOptions struct {
	BatchSize int    // examples in a batch; 0 means 32
	NoShuffle bool   // keeps the order of the rows, as validation and prediction do
	Seed      uint32 // the seed of the shuffled order
	// Weights are example weights (Keras' sample_weight): float32 of shape (n,). If the loss has a number
	// for each pixel or time step, they may also have the shape of its numbers: (n, height, width) or
	// (n, steps). nil means all 1.
	Weights *tensor.Tensor
	// SampleWeights holds the example weights of individual targets, by target name. All other
	// targets use Weights.
	SampleWeights map[string]*tensor.Tensor
}

// Arrays is a Dataset of tensors in memory. Tensors and NamedTensors make one.
type Arrays struct {
	x, y            *tensor.Tensor
	inputs, targets map[string]*tensor.Tensor // instead of x and y
	n               int
	o               TensorOptions
	fingerprint     func() string
}

// Tensors makes a dataset of arrays whose first axis counts the examples, as Keras' fit(x, y)
// does. x has shape (n, ...). y has the same n, or is nil for a dataset without targets. The
// arrays are not copied.
//
// In epoch e, the order of the rows is numpy.random.RandomState(Seed+e).permutation(n). With
// NoShuffle it is 0..n-1.
//
// Tensors fails if x is nil or has no examples, or if the numbers of examples or weights differ.
func Tensors(x, y *tensor.Tensor, o TensorOptions) (*Arrays, error) {
	if x == nil {
		return nil, errors.New("x is nil")
	}
	return newArrays(&Arrays{x: x, y: y, o: o})
}

// NamedTensors is like Tensors, for models with several inputs or outputs. The keys are the names
// of the model's inputs and outputs. targets may be nil.
func NamedTensors(inputs, targets map[string]*tensor.Tensor, o TensorOptions) (*Arrays, error) {
	if len(inputs) == 0 {
		return nil, errors.New("want at least one input")
	}
	return newArrays(&Arrays{inputs: inputs, targets: targets, o: o})
}

// namedArray is one of a dataset's arrays.
type namedArray struct {
	name string
	t    *tensor.Tensor
}

// arrays lists the dataset's arrays in a fixed order. The first one is an input.
func (a *Arrays) arrays() []namedArray {
	var list []namedArray
	if a.x != nil {
		list = append(list, namedArray{"x", a.x})
	}
	for _, name := range slices.Sorted(maps.Keys(a.inputs)) {
		list = append(list, namedArray{"input " + name, a.inputs[name]})
	}
	if a.y != nil {
		list = append(list, namedArray{"y", a.y})
	}
	for _, name := range slices.Sorted(maps.Keys(a.targets)) {
		list = append(list, namedArray{"target " + name, a.targets[name]})
	}
	return list
}

// weights lists the dataset's example weights in a fixed order.
func (a *Arrays) weights() []namedArray {
	var list []namedArray
	if a.o.Weights != nil {
		list = append(list, namedArray{"weights", a.o.Weights})
	}
	for _, name := range slices.Sorted(maps.Keys(a.o.SampleWeights)) {
		if w := a.o.SampleWeights[name]; w != nil {
			list = append(list, namedArray{"weights of " + name, w})
		}
	}
	return list
}

func newArrays(a *Arrays) (*Arrays, error) {
	if a.o.BatchSize == 0 {
		a.o.BatchSize = DefaultBatchSize
	}
	if a.o.BatchSize < 0 {
		return nil, fmt.Errorf("the batch size is %d; it must be positive", a.o.BatchSize)
	}
	list := a.arrays()
	for i, x := range list {
		switch {
		case x.t == nil:
			return nil, fmt.Errorf("%s is nil", x.name)
		case len(x.t.Shape()) == 0:
			return nil, fmt.Errorf("%s is a scalar; its first axis must count the examples", x.name)
		case i == 0 && x.t.Shape()[0] == 0:
			return nil, fmt.Errorf("%s has no examples: its shape is %v", x.name, x.t.Shape())
		case i == 0:
			a.n = x.t.Shape()[0]
		case x.t.Shape()[0] != a.n:
			return nil, fmt.Errorf("%s and %s must have the same number of examples; %[1]s has %[3]d, %[2]s has %[4]d", list[0].name, x.name, a.n, x.t.Shape()[0])
		}
	}
	if err := a.checkWeights(a.o.Weights); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.o.SampleWeights)) {
		if a.targets[name] == nil {
			return nil, fmt.Errorf("there are sample weights for the target %q, but the dataset has no such target", name)
		}
		if err := a.checkWeights(a.o.SampleWeights[name]); err != nil {
			return nil, fmt.Errorf("target %s: %w", name, err)
		}
	}
	a.fingerprint = sync.OnceValue(a.computeFingerprint)
	return a, nil
}

// checkWeights returns an error if there are weights, but not for each example.
func (a *Arrays) checkWeights(w *tensor.Tensor) error {
	switch {
	case w == nil:
	case w.DType() != tensor.Float32:
		return fmt.Errorf("the weights are %v, want float32", w.DType())
	case len(w.Shape()) == 0 || w.Shape()[0] != a.n:
		return fmt.Errorf("the weights have shape %v, want (%d,), or (%[2]d, ...) with weights for each pixel or time step", w.Shape(), a.n)
	}
	return nil
}

// Len returns the number of examples.
func (a *Arrays) Len() int { return a.n }

// Steps returns the number of batches in an epoch. The last batch may be smaller.
func (a *Arrays) Steps() int { return steps(a.n, a.o.BatchSize) }

// BatchSize returns the number of examples in a batch; see Batched.
func (a *Arrays) BatchSize() int { return a.o.BatchSize }

// Spec returns the shapes of x and y with an unknown first axis; see Dataset.
func (a *Arrays) Spec() (x, y tensor.Shape) { return unbatched(a.x), unbatched(a.y) }

func unbatched(t *tensor.Tensor) tensor.Shape {
	if t == nil {
		return nil
	}
	s := t.Shape().Clone()
	s[0] = tensor.Unknown
	return s
}

// Fingerprint returns the SHA-256 hash of the arrays and the options.
func (a *Arrays) Fingerprint() string { return a.fingerprint() }

// NamedSpec returns the shapes of the named inputs and targets with an unknown first axis; see Named.
func (a *Arrays) NamedSpec() (inputs, targets map[string]tensor.Shape) {
	return specs(a.inputs), specs(a.targets)
}

func specs(named map[string]*tensor.Tensor) map[string]tensor.Shape {
	if named == nil {
		return nil
	}
	m := map[string]tensor.Shape{}
	for name, t := range named {
		m[name] = unbatched(t)
	}
	return m
}

func (a *Arrays) computeFingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %v %d\n", a.o.BatchSize, a.o.NoShuffle, a.o.Seed)
	for _, x := range append(a.arrays(), a.weights()...) {
		fmt.Fprintln(h, x.name, x.t)
		h.Write(x.t.Raw())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Batches yields the batches of an epoch from a step to the epoch's end; see Dataset.
func (a *Arrays) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return a.batches(ctx, epoch, step, true)
}

// Targets yields the batches of an epoch without their inputs; see Indexed.
func (a *Arrays) Targets(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return a.batches(ctx, epoch, step, false)
}

// Varies returns false: the inputs are the same in each epoch.
func (a *Arrays) Varies() bool { return false }

func (a *Arrays) batches(ctx context.Context, epoch, step int, inputs bool) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		order := make([]int, a.n)
		for i := range order {
			order[i] = i
		}
		if !a.o.NoShuffle {
			mt19937.Shuffle(mt19937.New(a.o.Seed+uint32(epoch)), order)
		}
		bs := min(a.o.BatchSize, a.n)
		buffers := map[*tensor.Tensor]*tensor.Tensor{}
		for _, x := range append(a.arrays(), a.weights()...) {
			buffers[x.t] = like(x.t, bs)
		}
		for from := max(step, 0) * a.o.BatchSize; from < a.n; from += a.o.BatchSize {
			if err := ctx.Err(); err != nil {
				yield(Batch{}, err)
				return
			}
			index := order[from:min(from+a.o.BatchSize, a.n)]
			rows := func(t *tensor.Tensor) *tensor.Tensor {
				if t == nil {
					return nil
				}
				b := first(buffers[t], len(index))
				gather(b, t, index)
				return b
			}
			b := Batch{Y: rows(a.y), Weights: rows(a.o.Weights), Index: index}
			b.Targets, b.SampleWeights = each(a.targets, rows), each(a.o.SampleWeights, rows)
			if inputs {
				b.X, b.Inputs = rows(a.x), each(a.inputs, rows)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// each applies f to each value of m. It returns nil if m is nil.
func each(m map[string]*tensor.Tensor, f func(*tensor.Tensor) *tensor.Tensor) map[string]*tensor.Tensor {
	if m == nil {
		return nil
	}
	out := map[string]*tensor.Tensor{}
	for name, v := range m {
		out[name] = f(v)
	}
	return out
}

// like allocates a tensor for n examples of t.
func like(t *tensor.Tensor, n int) *tensor.Tensor {
	if t == nil {
		return nil
	}
	s := t.Shape().Clone()
	s[0] = n
	return tensor.New(t.DType(), s...)
}

// first returns the first n examples of t.
func first(t *tensor.Tensor, n int) *tensor.Tensor {
	if t == nil || t.Shape()[0] == n {
		return t
	}
	return t.Rows(0, n)
}

// gather copies the given rows of src to dst.
func gather(dst, src *tensor.Tensor, index []int) {
	if src == nil {
		return
	}
	n := len(src.Raw()) / src.Shape()[0]
	for i, j := range index {
		copy(dst.Raw()[i*n:(i+1)*n], src.Raw()[j*n:(j+1)*n])
	}
}

// ValidationSplit divides the dataset into training and validation data, as Keras' fit(x, y, validation_split=fraction)
// does. The validation data are the last rows, before any shuffling: with n rows, those from int(n * (1-fraction)) on.
// They are not shuffled, and keep their weights. fraction must be between 0 and 1, and both parts must have rows.
func (a *Arrays) ValidationSplit(fraction float64) (train, validation Dataset, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("the fraction of the validation data must be between 0 and 1, got %v", fraction)
	}
	at := int(math.Floor(float64(a.n) * (1 - fraction)))
	if at == 0 || at == a.n {
		return nil, nil, fmt.Errorf("%d examples are too few for validation data that are a fraction of %v of them", a.n, fraction)
	}
	o := a.o
	o.NoShuffle = true
	if train, err = a.rows(0, at, a.o); err == nil {
		validation, err = a.rows(at, a.n, o)
	}
	return train, validation, err
}

// rows returns a dataset of the rows from..to-1.
func (a *Arrays) rows(from, to int, o TensorOptions) (*Arrays, error) {
	cut := func(t *tensor.Tensor) *tensor.Tensor {
		if t == nil {
			return nil
		}
		return t.Rows(from, to)
	}
	o.Weights, o.SampleWeights = cut(o.Weights), each(o.SampleWeights, cut)
	return newArrays(&Arrays{x: cut(a.x), y: cut(a.y), inputs: each(a.inputs, cut), targets: each(a.targets, cut), o: o})
}
