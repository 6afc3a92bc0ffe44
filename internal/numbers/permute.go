package numbers

import (
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// Permute returns t with dimension axes[k] as dimension k. It is t itself if the order is the same.
func Permute(t *tensor.Tensor, axes []int) *tensor.Tensor {
	if slices.IsSorted(axes) {
		return t
	}
	in := t.Shape()
	strides := make([]int, len(in)) // of t
	n := 1
	for i := len(in) - 1; i >= 0; i-- {
		strides[i] = n
		n *= in[i]
	}
	shape, step := make(tensor.Shape, len(axes)), make([]int, len(axes))
	for k, axis := range axes {
		shape[k], step[k] = in[axis], strides[axis]
	}
	out := tensor.New(t.DType(), shape...)
	if n == 0 {
		return out
	}
	switch t.DType().Size() {
	case 1:
		permute(tensor.View[uint8](out.Raw()), tensor.View[uint8](t.Raw()), shape, step)
	case 2:
		permute(tensor.View[int16](out.Raw()), tensor.View[int16](t.Raw()), shape, step)
	case 4:
		permute(tensor.View[int32](out.Raw()), tensor.View[int32](t.Raw()), shape, step)
	default:
		permute(tensor.View[int64](out.Raw()), tensor.View[int64](t.Raw()), shape, step)
	}
	return out
}

// permute writes the elements of src, whose axis k has a step, in row-major order. It goes in squares over the last axis and the one that is
// the last in src, so that the elements of a square stay in the cache.
func permute[T any](dst, src []T, shape tensor.Shape, step []int) {
	last := len(shape) - 1
	inner := max(last-1, 0)
	if step[last] != 1 {
		for k, n := range shape {
			if step[k] == 1 && n > shape[inner] || step[inner] != 1 && step[k] == 1 {
				inner = k
			}
		}
	}
	to := make([]int, len(shape)) // the steps of dst
	n := 1
	for k := last; k >= 0; k-- {
		to[k] = n
		n *= shape[k]
	}
	const side = 32
	index := make([]int, len(shape))
	for {
		at, from := 0, 0
		for k, i := range index {
			at, from = at+i*to[k], from+i*step[k]
		}
		rows := min(side, shape[inner]-index[inner])
		columns := min(side, shape[last]-index[last])
		if inner == last {
			rows = 1
		}
		for r := range rows {
			d, s := dst[at+r*to[inner]:], from+r*step[inner]
			d = d[:columns]
			for c := range d {
				d[c] = src[s]
				s += step[last]
			}
		}
		k := last
		for ; k >= 0; k-- {
			by := 1
			if k == last || k == inner {
				by = side
			}
			if index[k] += by; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
		if k < 0 {
			return
		}
	}
}
