package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// layout is the order in which the dimensions of a value are stored: stored dimension i is dimension layout[i] of the
// value in the file. ONNX' images are (batch, channels, height, width). They are stored with the channels last, because that is
// the layout of package op. So a Transpose of the file costs nothing: it changes the layout only.
type layout []int

// plain is the layout in which values are stored as in the file.
func plain(rank int) layout {
	l := make(layout, rank)
	for i := range l {
		l[i] = i
	}
	return l
}

// channelsLast is the layout in which dimension 1 is stored last.
func channelsLast(rank int) layout {
	if rank < 3 {
		return plain(rank)
	}
	l := append(layout{0}, plain(rank)[2:]...)
	return append(l, 1)
}

// isPlain reports whether the layout is that of the file.
func (l layout) isPlain() bool {
	for i, a := range l {
		if i != a {
			return false
		}
	}
	return true
}

// at returns where a dimension of the file is stored.
func (l layout) at(axis int) int { return slices.Index(l, axis) }

// ats returns where dimensions of the file are stored.
func (l layout) ats(axes []int) []int {
	stored := make([]int, len(axes))
	for i, a := range axes {
		stored[i] = l.at(a)
	}
	return stored
}

// without returns the layout of a value of which dimensions of the file are removed.
func (l layout) without(axes []int) layout {
	rest := layout{}
	for _, a := range l {
		if slices.Contains(axes, a) {
			continue
		}
		below := 0
		for _, b := range axes {
			if b < a {
				below++
			}
		}
		rest = append(rest, a-below)
	}
	return rest
}

// to returns the permutation that turns a value stored in layout l into one stored in layout m.
func (l layout) to(m layout) []int { return l.ats(m) }

// store returns a list with one element for each dimension of the file in stored order.
func store[T any](l layout, x []T) []T {
	y := make([]T, len(x))
	for i, a := range l {
		y[i] = x[a]
	}
	return y
}

// move permutes the dimensions of a value. If only dimensions of size 1 move, the result is a Reshape, which copies nothing.
func move(b *graph.Builder, x *graph.Value, perm []int) *graph.Value {
	if !x.Valid() || layout(perm).isPlain() {
		return x
	}
	last, copies, unknown := -1, false, 0
	for _, d := range perm {
		if x.Shape[d] == 1 {
			continue
		}
		copies = copies || d < last
		last = d
		if x.Shape[d] == tensor.Unknown {
			unknown++
		}
	}
	if copies || unknown > 1 {
		return b.Transpose(x, perm...)
	}
	shape := make([]int, len(perm))
	for i, d := range perm {
		shape[i] = x.Shape[d]
	}
	return b.Reshape(x, shape...)
}

// permuteTensor returns a tensor with its dimensions permuted.
func permuteTensor(t *tensor.Tensor, perm []int) *tensor.Tensor {
	if layout(perm).isPlain() {
		return t
	}
	from := t.Shape()
	step := make([]int, len(from)) // of the dimensions of t, in elements
	n := 1
	for d := len(from) - 1; d >= 0; d-- {
		step[d] = n
		n *= from[d]
	}
	shape, stride := make([]int, len(perm)), make([]int, len(perm))
	for i, d := range perm {
		shape[i], stride[i] = from[d], step[d]
	}
	y := tensor.New(t.DType(), shape...)
	switch t.DType().Size() {
	case 1:
		permuteInto(tensor.View[uint8](y.Raw()), tensor.View[uint8](t.Raw()), shape, stride)
	case 2:
		permuteInto(tensor.View[tensor.BF16](y.Raw()), tensor.View[tensor.BF16](t.Raw()), shape, stride)
	case 4:
		permuteInto(tensor.View[int32](y.Raw()), tensor.View[int32](t.Raw()), shape, stride)
	case 8:
		permuteInto(tensor.View[int64](y.Raw()), tensor.View[int64](t.Raw()), shape, stride)
	}
	return y
}

func permuteInto[T tensor.Element](y, x []T, shape, stride []int) {
	last := len(shape) - 1
	at, from := make([]int, len(shape)), 0
	for i := 0; i < len(y); i += shape[last] {
		for j := range shape[last] {
			y[i+j] = x[from+j*stride[last]]
		}
		for d := last - 1; d >= 0; d-- {
			at[d]++
			from += stride[d]
			if at[d] < shape[d] {
				break
			}
			from -= at[d] * stride[d]
			at[d] = 0
		}
	}
}
