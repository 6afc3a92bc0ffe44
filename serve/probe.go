package serve

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lince-ml/lince/tensor"
)

// probe computes predictions for batches of noise, one after another on one of the server's threads.
func (v *version) probe(ctx context.Context, old *version, sizes []int) (difference float64, err error) {
	difference = math.NaN()
	for _, n := range sizes {
		out, err := v.try(ctx, 1, v.noise(n))
		if n > 1 && err != nil {
			return difference, nil // the network of the model allows one example only
		}
		if err != nil {
			return difference, err
		}
		if n > 1 {
			continue
		}
		for _, t := range out {
			if t.DType() == tensor.Float32 && slices.ContainsFunc(t.Float32s(), func(x float32) bool { return x-x != 0 }) {
				return difference, errNotFinite
			}
		}
		if old != nil && samePorts(v.inputs, old.inputs) && samePorts(v.outputs, old.outputs) {
			if was, err := old.try(ctx, 1, v.noise(1)); err == nil {
				difference = largestDifference(out, was)
			}
		}
	}
	return difference, nil
}

// widen sets the number of threads on which a batch of the version is computed, if the options do not: all of them, unless an example takes so little time on one thread that waking
// the others takes about as long as they save. A version has the number of the version that it replaces: while that one answers requests, times mean little.
func (s *Server) widen(v, old *version) {
	const little = time.Millisecond
	b := v.batcher
	switch {
	case s.o.ThreadsPerRequest > 0 || s.threads.all == 1:
	case old != nil && samePorts(v.inputs, old.inputs):
		b.threads = old.batcher.threads
	default:
		in, least := v.noise(1), time.Duration(math.MaxInt64)
		for range 3 { // the first of them makes a plan, others may be disturbed
			start := time.Now()
			if _, err := v.try(s.ctx, 1, in); err != nil {
				return
			}
			least = min(least, time.Since(start))
		}
		if least >= little {
			b.threads = s.threads.all
		}
	}
}

// try computes outputs on one of the server's threads, or on more.
func (v *version) try(ctx context.Context, threads int, in []*tensor.Tensor) (out []*tensor.Tensor, err error) {
	b := v.batcher
	if err := b.pool.begin(ctx, b); err != nil {
		return nil, err
	}
	defer func(start time.Time) { b.pool.end(b, nil, time.Since(start)) }(time.Now()) // no batch: it has no example
	defer caught(&err)
	return b.run(threads, in)
}

// noise returns the inputs of n examples of noise: numbers from 0 to 1, always the same.
func (v *version) noise(n int) []*tensor.Tensor {
	random := rand.New(rand.NewPCG(1, 2))
	in := make([]*tensor.Tensor, len(v.inputs))
	for i, p := range v.inputs {
		shape := p.shape.Clone()
		shape[0] = n
		for j := 1; j < len(shape); j++ {
			if shape[j] == tensor.Unknown {
				shape[j] = v.side(j)
			}
		}
		numbers := tensor.New(tensor.Float32, shape...)
		for j := range numbers.Float32s() {
			numbers.Float32s()[j] = random.Float32()
		}
		if in[i] = numbers; p.dtype == tensor.Bool {
			in[i] = tensor.New(p.dtype, shape...)
		}
	}
	return in
}

// side returns the size of a dimension of noise that the model leaves open.
func (v *version) side(dimension int) int {
	const usual = 64
	if v.pipeline == nil || dimension > 3 {
		return usual
	}
	h, w := v.pipeline.Size()
	if h == 0 {
		h, w = usual, usual
	}
	return []int{1, h, w, v.pipeline.Channels()}[dimension]
}

func samePorts(x, y []port) bool {
	return slices.EqualFunc(x, y, func(a, b port) bool { return a.name == b.name && a.dtype == b.dtype && a.shape.Equal(b.shape) })
}

// largestDifference returns the largest absolute difference between elements of float32 outputs.
func largestDifference(x, y []*tensor.Tensor) float64 {
	most := 0.
	for i, t := range x {
		if t.DType() != tensor.Float32 || !t.Shape().Equal(y[i].Shape()) {
			continue
		}
		for j, v := range t.Float32s() {
			most = max(most, math.Abs(float64(v)-float64(y[i].Float32s()[j])))
		}
	}
	return most
}
