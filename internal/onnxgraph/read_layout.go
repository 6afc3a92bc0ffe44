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
func (l layout) without(axes []int) layout { return without(l, axes) }

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
