// Package initializer provides the initializers of keras.initializers. An initializer sets the
// initial values of a weight. docs/keras.md lists all initializers with their arguments.
//
// The distributions are the same as in Keras. The random numbers are not, because in Keras they
// depend on the backend. In lince, an element depends only on the model's seed, the weight's path
// and the element's index (Philox4x32-10; Salmon et al., 2011). The arithmetic avoids operations
// that differ between processors, such as fused multiply-add and the standard library's logarithm.
// So the same seed gives the same bits on all machines, and the order in which weights are created
// does not matter.
//
// Initializers fill tensors of any shape, of type float32, float64, int32 or int64. Some of them
// depend on fan_in and fan_out, the number of inputs and outputs of a unit; see Fans.
//
// The zero value of a field means Keras' default. Where zero is a useful value but not the default,
// the field is a pointer: nil means the default, and new(0.1) sets a value. The tag of a field
// gives the argument's name in Keras and its range. Check reports fields that are out of range, and
// so does the Build method of the layer that uses the initializer.
package initializer

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// Initializer sets the initial values of a weight. Its method Initialize receives the key of a
// stream of random numbers. The store derives the key from the model's seed and the weight's path.
type Initializer interface {
	graph.Initializer
}

// fill sets every element of t, which has numbers of any type, to x.
func fill(t *tensor.Tensor, x float64) {
	each(t, func(_ int, dst []float64) {
		for i := range dst {
			dst[i] = x
		}
	})
}

// chunk is the number of elements that a worker computes at a time.
const chunk = 1 << 14

// each sets the elements of t, which has numbers of any type. Several workers call at, each for one
// chunk at a time. at computes the elements from index first.
func each(t *tensor.Tensor, at func(first int, dst []float64)) {
	switch t.DType() {
	case tensor.Float32:
		set(tensor.Values[float32](t), at)
	case tensor.Float64:
		set(tensor.Values[float64](t), at)
	case tensor.Int64:
		set(tensor.Values[int64](t), at)
	case tensor.Int32:
		set(tensor.Values[int32](t), at)
	default:
		panic(fmt.Sprintf("initializer: cannot initialize a tensor of type %v", t.DType()))
	}
}

func set[T float32 | float64 | int32 | int64](dst []T, at func(first int, dst []float64)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), (len(dst)+chunk-1)/chunk) {
		wg.Go(func() {
			buf := make([]float64, min(chunk, len(dst)))
			for {
				first := int(next.Add(chunk)) - chunk
				if first >= len(dst) {
					return
				}
				part := dst[first:min(first+chunk, len(dst))]
				at(first, buf[:len(part)])
				for i := range part {
					part[i] = T(buf[i])
				}
			}
		})
	}
	wg.Wait()
}

// stream returns the key of the random numbers. If seed is nil, it is the key of the weight.
// Otherwise it depends only on seed, not on the model's seed or the weight's path.
func stream(key uint64, seed *int) uint64 {
	if seed == nil {
		return key
	}
	return graph.Key(uint64(*seed), "")
}

// uniform draws from the uniform distribution on [lo, hi).
func uniform(t *tensor.Tensor, key uint64, lo, hi float64) {
	width := hi - lo
	each(t, func(first int, dst []float64) {
		philox.Float64s(key, first, dst)
		for i, u := range dst {
			dst[i] = lo + float64(u*width)
		}
	})
}

// belowMinusTwo is the probability of a standard normal variable below -2.
const belowMinusTwo = 0.022750131948179207

// normal draws from the normal distribution, truncated to two standard deviations if truncated
// is true.
func normal(t *tensor.Tensor, key uint64, mean, stddev float64, truncated bool) {
	lo, width := 0., 1.
	if truncated {
		lo, width = belowMinusTwo, 1-2*belowMinusTwo
	}
	each(t, func(first int, dst []float64) {
		philox.Float64s(key, first, dst)
		for i, u := range dst {
			dst[i] = mean + float64(philox.Quantile(lo+float64(u*width))*stddev)
		}
	})
}
