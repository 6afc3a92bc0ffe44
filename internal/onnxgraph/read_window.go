package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// window is the sliding window of a convolution or a pool over the axes of images, sequences or volumes.
type window struct {
	size, stride, dilation []int
	pads                   [][2]int // before and after each axis
	same                   bool     // pads as op.Same; pads is then zero
}

// span returns the extent of the window along an axis.
func (w *window) span(a int) int { return (w.size[a]-1)*w.dilation[a] + 1 }

// largest limits a window, a stride, a dilation and a pad.
const largest = 1 << 20

// window reads the attributes of a window over the axes after the first two of operand 0.
func (n *node) window(size []int) *window {
	x := n.in(0)
	axes := x.rank() - 2
	list := func(name string, otherwise, least, count int) []int {
		v := n.attrInts(name)
		if v == nil {
			v = slices.Repeat([]int{otherwise}, count)
		}
		if len(v) != count {
			n.fail("attribute %s is %v, want %d numbers for shape %v", name, v, count, x.shape())
		}
		for _, k := range v {
			if k < least || k > largest {
				n.fail("attribute %s is %v, want numbers from %d to %d", name, v, least, largest)
			}
		}
		return v
	}
	w := &window{size: size, stride: list("strides", 1, 1, axes), dilation: list("dilations", 1, 1, axes), pads: make([][2]int, axes)}
	if size == nil {
		if n.attrInts("kernel_shape") == nil {
			n.fail("it has no attribute kernel_shape")
		}
		w.size = list("kernel_shape", 1, 1, axes)
	}
	if len(w.size) != axes {
		n.fail("the window is %v, want %d numbers for shape %v", w.size, axes, x.shape())
	}
	for a, k := range w.size {
		if k < 1 || k > largest {
			n.fail("the window is %v, want numbers from 1 to %d", w.size, largest)
		}
		if k == 1 {
			w.dilation[a] = 1
		}
	}
	switch pad := n.attrString("auto_pad", "NOTSET"); pad {
	case "NOTSET", "":
		p := list("pads", 0, 0, 2*axes)
		for a := range axes {
			w.pads[a] = [2]int{p[a], p[axes+a]}
		}
	case "VALID":
	case "SAME_UPPER":
		w.same = true
	case "SAME_LOWER":
		for a := range axes {
			total := w.span(a) - 1
			if w.stride[a] > 1 {
				total = w.sameTotal(a, n.known(x, 2+a))
			}
			w.pads[a] = [2]int{total - total/2, total / 2}
		}
	default:
		n.fail("auto_pad is %q", pad)
	}
	return w
}

// sameTotal returns how many pixels of padding the paddings "same" add along an axis of k pixels.
func (w *window) sameTotal(a, k int) int {
	return max(0, ((k+w.stride[a]-1)/w.stride[a]-1)*w.stride[a]+w.span(a)-k)
}

// explicit turns same into pads, for an axis whose size is known.
func (w *window) explicit(n *node) {
	if !w.same {
		return
	}
	w.same = false
	for a := range w.size {
		total := w.span(a) - 1
		if w.stride[a] > 1 {
			total = w.sameTotal(a, n.known(n.in(0), 2+a))
		}
		w.pads[a] = [2]int{total / 2, total - total/2}
	}
}

// op returns the window over two axes. A window over one axis becomes one over images of one row.
func (w *window) op() op.Window {
	o := op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	first := 2 - len(w.size)
	for a := range w.size {
		o.Size[first+a], o.Stride[first+a], o.Dilation[first+a], o.Pads[first+a] = w.size[a], w.stride[a], w.dilation[a], w.pads[a]
	}
	switch {
	case w.same:
		o.Padding = op.Same
	case o.Pads != [2][2]int{}:
		o.Padding = op.Explicit
	}
	return o
}

// images returns operand 0 as images with the channels last. Sequences become images of one row.
func (n *node) images() *graph.Value {
	x := n.wantRank(0, 3, 4)
	v := n.stored(0, channelsLast(x.rank()))
	if x.rank() == 3 {
		v = n.b.ExpandDims(v, 1)
	}
	return v
}

// setImages sets a result that is computed from images.
func (n *node) setImages(i int, v *graph.Value) {
	rank := n.in(0).rank()
	if rank == 3 && v.Valid() {
		v = n.b.Squeeze(v, 1)
	}
	n.set(i, v, channelsLast(rank)).like(n.in(0), 0)
}

// every takes each k-th row and each l-th column of images.
func every(b *graph.Builder, x *graph.Value, stride [2]int) *graph.Value {
	if stride == [2]int{1, 1} {
		return x
	}
	return b.AveragePool2D(x, op.Window{Size: [2]int{1, 1}, Stride: stride, Dilation: [2]int{1, 1}})
}
