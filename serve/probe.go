package serve

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// probeSizes computes predictions for batches of noise, each in a turn.
func probeSizes(ctx context.Context, turns chan struct{}, v, old *version, sizes []int) (difference float64, err error) {
	difference = math.NaN()
	for _, n := range sizes {
		out, err := v.noise(ctx, turns, n)
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
			if was, err := old.noise(ctx, turns, 1); err == nil {
				difference = largestDifference(out, was)
			}
		}
	}
	return difference, nil
}

// noise computes the outputs for n examples of noise: numbers from 0 to 1, always the same.
func (v *version) noise(ctx context.Context, turns chan struct{}, n int) (out []*tensor.Tensor, err error) {
	if err := turn(ctx, turns); err != nil {
		return nil, err
	}
	defer func() { <-turns }()
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
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
	return v.model.Call(in...)
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
