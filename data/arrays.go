package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

// Options are Tensors'. The zero value is what Keras' fit(x, y) does.
type Options struct {
	BatchSize int       // 0 is 32
	NoShuffle bool      // keep the order, as validation and prediction do
	Seed      uint32    // of the order
	Weights   []float32 // a weight for each example; nil means all 1
}

// Arrays is a data set in memory.
type Arrays struct {
	x, y    *tensor.Tensor
	weights []float32
	n       int
	o       Options
	print   func() string
}

// Tensors makes a data set of arrays with the examples along the first axis, as Keras'
// fit(x, y). The arrays are not copied. y may be nil: then there are no targets.
//
// Epoch e has the order RandomState(seed+e).permutation(n), or 0..n-1 with NoShuffle.
func Tensors(x, y *tensor.Tensor, o Options) (*Arrays, error) {
	if x == nil {
		return nil, errors.New("there is no x")
	}
	if o.BatchSize == 0 {
		o.BatchSize = DefaultBatchSize
	}
	if len(x.Shape()) == 0 || y != nil && len(y.Shape()) == 0 {
		return nil, errors.New("x and y need a first axis, along which the examples lie; got a scalar")
	}
	n := x.Shape()[0]
	switch {
	case o.BatchSize < 0:
		return nil, fmt.Errorf("the batch size is %d; it must be positive", o.BatchSize)
	case n == 0:
		return nil, fmt.Errorf("x has no examples: its shape is %v", x.Shape())
	case y != nil && y.Shape()[0] != n:
		return nil, fmt.Errorf("x and y must have the same number of examples; x has %d, y has %d", n, y.Shape()[0])
	case o.Weights != nil && len(o.Weights) != n:
		return nil, fmt.Errorf("there are %d weights for %d examples", len(o.Weights), n)
	}
	a := &Arrays{x: x, y: y, weights: o.Weights, n: n, o: o}
	a.print = sync.OnceValue(a.fingerprint)
	return a, nil
}

// Len implements Dataset.
func (a *Arrays) Len() int { return a.n }

// Steps implements Dataset.
func (a *Arrays) Steps() int { return steps(a.n, a.o.BatchSize) }

// Spec implements Dataset.
func (a *Arrays) Spec() (x, y tensor.Shape) { return unbatched(a.x), unbatched(a.y) }

func unbatched(t *tensor.Tensor) tensor.Shape {
	if t == nil {
		return nil
	}
	s := t.Shape().Clone()
	s[0] = tensor.Unknown
	return s
}

// Fingerprint implements Dataset: SHA-256 of the arrays and the options.
func (a *Arrays) Fingerprint() string { return a.print() }

func (a *Arrays) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %v %d\n%v\n", a.o.BatchSize, a.o.NoShuffle, a.o.Seed, a.weights)
	for _, t := range []*tensor.Tensor{a.x, a.y} {
		if t != nil {
			fmt.Fprintln(h, t)
			h.Write(t.Raw())
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Batches implements Dataset.
func (a *Arrays) Batches(ctx context.Context, epoch, step int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		order := make([]int, a.n)
		for i := range order {
			order[i] = i
		}
		if !a.o.NoShuffle {
			mt19937.Shuffle(mt19937.New(a.o.Seed+uint32(epoch)), order)
		}
		bs := min(a.o.BatchSize, a.n)
		x, y, w := like(a.x, bs), like(a.y, bs), (*tensor.Tensor)(nil)
		if a.weights != nil {
			w = tensor.New(tensor.Float32, bs)
		}
		for from := max(step, 0) * a.o.BatchSize; from < a.n; from += a.o.BatchSize {
			if err := ctx.Err(); err != nil {
				yield(Batch{}, err)
				return
			}
			index := order[from:min(from+a.o.BatchSize, a.n)]
			b := Batch{X: first(x, len(index)), Y: first(y, len(index)), Weights: first(w, len(index)), Index: index}
			gather(b.X, a.x, index)
			gather(b.Y, a.y, index)
			if w != nil {
				for i, j := range index {
					b.Weights.Float32s()[i] = a.weights[j]
				}
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// like makes room for n examples of t.
func like(t *tensor.Tensor, n int) *tensor.Tensor {
	if t == nil {
		return nil
	}
	s := t.Shape().Clone()
	s[0] = n
	return tensor.New(t.DType(), s...)
}

// first is the first n examples of t.
func first(t *tensor.Tensor, n int) *tensor.Tensor {
	if t == nil || t.Shape()[0] == n {
		return t
	}
	return t.Rows(0, n)
}

// gather copies the examples of these rows.
func gather(dst, src *tensor.Tensor, index []int) {
	if src == nil {
		return
	}
	n := len(src.Raw()) / src.Shape()[0]
	for i, j := range index {
		copy(dst.Raw()[i*n:(i+1)*n], src.Raw()[j*n:(j+1)*n])
	}
}
