package onnxgraph

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// symbol stands for a dimension whose size is not known before a run, such as the batch.
type symbol struct {
	name string       // in the file, for messages
	of   *graph.Value // a value that has the dimension, and which dimension it is
	axis int
}

// num is a number that is known when the graph is built: k, or k times a symbol.
type num struct {
	k float64
	s *symbol
}

// fixed returns the number k.
func fixed[T int | int64 | float64](k T) num { return num{k: float64(k)} }

// dim returns the size of a dimension for package graph: tensor.Unknown if it is not known.
func (x num) dim() int {
	if x.s != nil {
		return tensor.Unknown
	}
	return toInt(x.k)
}

// toInt converts to an int. Numbers that are too large, such as the end of a Slice that has no end, become the largest.
func toInt(k float64) int {
	switch {
	case k != k:
		return 0
	case k >= math.MaxInt64:
		return math.MaxInt64
	case k <= math.MinInt64:
		return math.MinInt64
	}
	return int(k)
}

// allFixed reports whether no number depends on a symbol.
func allFixed(x []num) bool {
	for _, v := range x {
		if v.s != nil {
			return false
		}
	}
	return true
}

// product multiplies numbers. ok is false if more than one depends on a symbol.
func product(x ...num) (p num, ok bool) {
	p = fixed(1)
	for _, v := range x {
		if v.s != nil && p.s != nil {
			return num{}, false
		}
		if v.s != nil {
			p.s = v.s
		}
		p.k *= v.k
	}
	return p, true
}

// dimsOf returns a value's dimensions, in the order of the file, as they are known from a value of the graph that is
// stored in layout l. Unknown dimensions get new symbols.
func dimsOf(v *graph.Value, l layout) []num {
	dims := make([]num, v.Rank())
	for i, d := range v.Shape {
		if d == tensor.Unknown {
			dims[l[i]] = num{1, &symbol{of: v, axis: i}}
		} else {
			dims[l[i]] = fixed(d)
		}
	}
	return dims
}

// shapeOf returns dimensions as a shape.
func shapeOf(dims []num) tensor.Shape {
	s := make(tensor.Shape, len(dims))
	for i, d := range dims {
		s[i] = d.dim()
	}
	return s
}

// maxNumbers limits how many elements of a value are followed as numbers.
const maxNumbers = 1024

// numbersOf returns the elements of a tensor of integers, bools or floats.
func numbersOf(t *tensor.Tensor) []num {
	x := make([]num, t.Len())
	at := numbers.At(t)
	for i := range x {
		x[i] = fixed(at(i))
	}
	return x
}

// tensorOf returns numbers, none of which depends on a symbol, as a tensor.
func tensorOf(x []num, dtype tensor.DType, shape ...int) *tensor.Tensor {
	k := make([]float64, len(x))
	for i, v := range x {
		k[i] = v.k
	}
	return fromFloats(k, dtype, shape)
}
