package tflitegraph

import (
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// readPad reads PAD and PADV2.
func readPad(n *node) {
	x := n.in(0)
	before, after, ok := n.pads(x)
	if !ok {
		return
	}
	value := 0.
	if n.has(2) {
		c, err := n.constant(n.Inputs[2])
		if err != nil || c.Len() != 1 || c.DType() != tensor.Float32 {
			n.b.Errorf("lince pads with one constant number only")
			return
		}
		value = float64(c.Float32s()[0])
	}
	n.set(n.b.Pad(x, before, after, value))
}

// pads returns input 1 as the padding of x.
func (n *node) pads(x *graph.Value) (before, after []int, ok bool) {
	list := n.numbers(1)
	if list == nil || !x.Valid() {
		return nil, nil, false
	}
	if len(list) != 2*x.Rank() {
		n.b.Errorf("has the padding %v for the shape %v", list, x.Shape)
		return nil, nil, false
	}
	for i := range x.Rank() {
		before, after = append(before, list[2*i]), append(after, list[2*i+1])
		if max(list[2*i], list[2*i+1]) > 1<<16 {
			n.b.Errorf("has the padding %v, which is too large", list)
			return nil, nil, false
		}
	}
	return before, after, true
}

func readMirrorPad(n *node) {
	x := n.in(0)
	before, after, ok := n.pads(x)
	if !ok {
		return
	}
	edge := 1 // of the first element that is mirrored
	if options[tflitefb.MirrorPadOptionsT](n).Mode == tflitefb.MirrorPadModeSYMMETRIC {
		edge = 0
	}
	for axis, size := range x.Shape {
		lo, hi := before[axis], after[axis]
		if lo == 0 && hi == 0 {
			continue
		}
		if size == tensor.Unknown || min(lo, hi) < 0 || max(lo, hi) > size-edge || !n.fits(lo+hi, 0) {
			n.b.Errorf("cannot mirror %d and %d elements at the ends of dimension %d of %v", lo, hi, axis, x.Shape)
			return
		}
		at := func(i int) *graph.Value {
			return n.b.Slice(x, only(x, axis, i, 0), only(x, axis, 1, tensor.Unknown))
		}
		var parts []*graph.Value
		for i := range lo {
			parts = append(parts, at(lo-1-i+edge))
		}
		parts = append(parts, x)
		for i := range hi {
			parts = append(parts, at(size-1-edge-i))
		}
		x = n.b.Concat(axis, parts...)
	}
	n.set(x)
}

func readDepthToSpace(n *node) {
	k := int(options[tflitefb.DepthToSpaceOptionsT](n).BlockSize)
	x := n.in(0)
	if !n.blocks4(x, k) {
		return
	}
	h, w, c := x.Shape[1], x.Shape[2], x.Shape[3]
	if c%(k*k) != 0 {
		n.b.Errorf("cannot turn %d channels into blocks of %d pixels", c, k*k)
		return
	}
	y := n.b.Reshape(x, tensor.Unknown, h, w, k, k, c/(k*k))
	y = n.b.Transpose(y, 0, 1, 3, 2, 4, 5)
	n.set(n.b.Reshape(y, tensor.Unknown, h*k, w*k, c/(k*k)))
}

func readSpaceToDepth(n *node) {
	k := int(options[tflitefb.SpaceToDepthOptionsT](n).BlockSize)
	x := n.in(0)
	if !n.blocks4(x, k) {
		return
	}
	h, w, c := x.Shape[1], x.Shape[2], x.Shape[3]
	if h%k != 0 || w%k != 0 {
		n.b.Errorf("cannot divide images of %dx%d into blocks of %dx%d", h, w, k, k)
		return
	}
	y := n.b.Reshape(x, tensor.Unknown, h/k, k, w/k, k, c)
	y = n.b.Transpose(y, 0, 1, 3, 2, 4, 5)
	n.set(n.b.Reshape(y, tensor.Unknown, h/k, w/k, k*k*c))
}

// blocks4 checks the operand of DEPTH_TO_SPACE and SPACE_TO_DEPTH.
func (n *node) blocks4(x *graph.Value, block int) bool {
	if !x.Valid() {
		return false
	}
	if x.Rank() != 4 || !x.Shape[1:].Known() || block < 1 || block > 1<<12 {
		n.b.Errorf("got images of shape %v and blocks of %d, want 4 dimensions of known size, and blocks of at least 1", x.Shape, block)
		return false
	}
	return true
}
