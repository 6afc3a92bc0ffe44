// Package initializer makes the first values of weights, as keras.initializers does.
//
// The distributions are Keras', the random numbers are not: Keras' depend on its backend.
// Here the value of an element is a pure function of the model's seed, the weight's path
// and the element's index (Philox4x32-10), whatever the order in which weights are made,
// and the arithmetic avoids what differs between processors (fused multiply-add, the
// standard library's logarithm), so that the same seed gives the same bits everywhere.
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

// Initializer fills a new weight. key names the stream of random numbers; the store
// derives it from the model's seed and the weight's path.
type Initializer interface {
	graph.Initializer
	// Class is the name of the Keras class: "GlorotUniform".
	Class() string
	// Config is what Keras' get_config returns, ready for JSON. Floating-point numbers are
	// float64 and integers int.
	Config() map[string]any
}

// fill sets every element of t, whose type is a number, to x.
func fill(t *tensor.Tensor, x float64) {
	each(t, func(_ int, dst []float64) {
		for i := range dst {
			dst[i] = x
		}
	})
}

// chunk is how many elements a worker makes at a time.
const chunk = 1 << 14

// each sets the elements of t, whose type is a number, a chunk at a time: at fills the
// elements from first on. Chunks are made by several workers.
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
		panic(fmt.Sprintf("initializer: no initial values of type %v", t.DType()))
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

// stream is the key of a draw: that of the weight, or of the initializer's own seed when it
// has one, which gives the same values whatever the model's seed and the weight's path.
func stream(key uint64, seed *int) uint64 {
	if seed == nil {
		return key
	}
	return graph.Key(uint64(*seed), "")
}

// uniform draws from [lo, hi).
func uniform(t *tensor.Tensor, key uint64, lo, hi float64) {
	width := hi - lo
	each(t, func(first int, dst []float64) {
		philox.Float64s(key, first, dst)
		for i, u := range dst {
			dst[i] = lo + float64(u*width)
		}
	})
}

// normal draws from the normal distribution, cut off at two standard deviations if truncated.
func normal(t *tensor.Tensor, key uint64, mean, stddev float64, truncated bool) {
	lo, width := 0., 1.
	if truncated {
		lo, width = belowMinusTwo, 1-2*belowMinusTwo
	}
	each(t, func(first int, dst []float64) {
		philox.Float64s(key, first, dst)
		for i, u := range dst {
			dst[i] = mean + float64(quantile(lo+float64(u*width))*stddev)
		}
	})
}
