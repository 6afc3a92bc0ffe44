package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// pick sets the output to elements of the list of integers at input 0.
func (n *node) pick(list []int, indices []int) {
	out, from := n.Outputs[0], n.origins[n.Inputs[0]]
	n.ints[out] = []int{}
	for _, i := range indices {
		n.ints[out] = append(n.ints[out], list[i])
		if len(from) == len(list) {
			n.origins[out] = append(n.origins[out], from[i])
		}
	}
}

func readConcatenation(n *node) {
	o := options[tflitefb.ConcatenationOptionsT](n)
	if n.anyKnown() {
		var list []int
		for i := range n.Inputs {
			part := n.numbers(i)
			if part == nil {
				return
			}
			list = append(list, part...)
		}
		n.ints[n.Outputs[0]] = list
		return
	}
	parts := n.all()
	if parts == nil {
		return
	}
	if axis, ok := n.axis(int(o.Axis), parts[0].Rank()); ok {
		n.set(activation(n.b, o.FusedActivationFunction, n.b.Concat(axis, parts...)))
	}
}

// anyKnown reports whether an input was computed from sizes.
func (n *node) anyKnown() bool {
	return slices.ContainsFunc(n.Inputs, func(i int) bool { _, ok := n.ints[i]; return ok })
}

// all returns all inputs, or nil if one is invalid.
func (n *node) all() []*graph.Value {
	var list []*graph.Value
	for i := range n.Inputs {
		v := n.in(i)
		if !v.Valid() {
			return nil
		}
		list = append(list, v)
	}
	return list
}

func readPack(n *node) {
	if n.anyKnown() {
		var list []int
		for i := range n.Inputs {
			part := n.numbers(i)
			if len(part) != 1 {
				n.b.Errorf("packs lists of integers, want single ones")
				return
			}
			list = append(list, part...)
		}
		n.ints[n.Outputs[0]] = list
		return
	}
	parts := n.all()
	if parts == nil {
		return
	}
	axis, ok := n.axis(int(options[tflitefb.PackOptionsT](n).Axis), parts[0].Rank()+1)
	if !ok {
		return
	}
	for i, v := range parts {
		parts[i] = n.b.ExpandDims(v, axis)
	}
	n.set(n.b.Concat(axis, parts...))
}

func readUnpack(n *node) {
	x := n.in(0)
	if !x.Valid() {
		return
	}
	axis, ok := n.axis(int(options[tflitefb.UnpackOptionsT](n).Axis), x.Rank())
	if !ok || !n.fits(len(n.Outputs), 0) {
		return
	}
	for i, t := range n.Outputs {
		n.values[t] = n.b.Squeeze(n.b.Slice(x, only(x, axis, i, 0), only(x, axis, 1, tensor.Unknown)), axis)
	}
}

// only returns a list with value at axis and rest elsewhere, with an element for each dimension of x.
func only(x *graph.Value, axis, value, rest int) []int {
	list := slices.Repeat([]int{rest}, x.Rank())
	list[axis] = value
	return list
}

// fits reports whether the graph may grow by so many nodes and by a constant of so many elements. Small operators can ask for
// large ones; without a limit, a small file could claim any amount of memory.
func (n *node) fits(nodes, elements int) bool {
	const most, perNode = 32 << 20, 512 // bytes
	if nodes > most/perNode || elements > most/4 {
		n.b.Errorf("makes %d values and %d numbers, which is too much", nodes, elements)
		return false
	}
	if n.grown += nodes*perNode + 4*elements; n.grown > most {
		n.b.Errorf("the operators of the file make too many values")
		return false
	}
	return true
}

func readSplit(n *node) {
	x := n.in(1)
	if !x.Valid() {
		return
	}
	axes, ok := n.axes(0, x.Rank())
	if !ok || len(axes) != 1 {
		return
	}
	size := x.Shape[axes[0]]
	if size == tensor.Unknown || size%len(n.Outputs) != 0 {
		n.b.Errorf("cannot split dimension %d of %v into %d parts", axes[0], x.Shape, len(n.Outputs))
		return
	}
	n.split(x, axes[0], slices.Repeat([]int{size / len(n.Outputs)}, len(n.Outputs)))
}

func readSplitV(n *node) {
	x, sizes := n.in(0), n.numbers(1)
	if !x.Valid() || sizes == nil {
		return
	}
	axes, ok := n.axes(2, x.Rank())
	if !ok || len(axes) != 1 {
		return
	}
	sizes = slices.Clone(sizes)
	if free := slices.Index(sizes, -1); free >= 0 && x.Shape[axes[0]] != tensor.Unknown {
		sizes[free] = x.Shape[axes[0]]
		for i, s := range sizes {
			if i != free {
				sizes[free] -= s
			}
		}
	}
	if len(sizes) != len(n.Outputs) {
		n.b.Errorf("has %d sizes for %d outputs", len(sizes), len(n.Outputs))
		return
	}
	n.split(x, axes[0], sizes)
}

func (n *node) split(x *graph.Value, axis int, sizes []int) {
	if !n.fits(len(sizes), 0) {
		return
	}
	begin := 0
	for i, size := range sizes {
		if size < 0 {
			n.b.Errorf("the sizes %v of the parts of dimension %d of %v are invalid", sizes, axis, x.Shape)
			return
		}
		n.values[n.Outputs[i]] = n.b.Slice(x, only(x, axis, begin, 0), only(x, axis, size, tensor.Unknown))
		begin += size
	}
}

func readSlice(n *node) {
	begin, size := n.numbers(1), n.numbers(2)
	if begin == nil || size == nil {
		return
	}
	if list, ok := n.sizes(); ok {
		if len(begin) == 1 && len(size) == 1 && begin[0] >= 0 && begin[0] <= len(list) && size[0] <= len(list)-begin[0] {
			if size[0] < 0 {
				size = []int{len(list) - begin[0]}
			}
			var indices []int
			for i := range size[0] {
				indices = append(indices, begin[0]+i)
			}
			n.pick(list, indices)
			return
		}
		n.b.Errorf("cannot take %v elements from %v of %d integers", size, begin, len(list))
		return
	}
	if x := n.in(0); x.Valid() {
		if n.isBatch(x, 0) && len(begin) == x.Rank() && len(size) == x.Rank() && begin[0] == 0 && size[0] == n.batch {
			size = slices.Clone(size)
			size[0] = tensor.Unknown // all of the batch
		}
		n.set(n.b.Slice(x, begin, size))
	}
}

// isBatch reports whether dimension axis of x is a batch of unknown size where the file has its own.
func (n *node) isBatch(x *graph.Value, axis int) bool {
	t := &n.sub.Tensors[n.Inputs[0]]
	return axis == 0 && x.Rank() > 0 && x.Shape[0] == tensor.Unknown && len(t.Shape) > 0 && n.batch > 0 && t.Shape[0] == n.batch
}

func readGather(n *node) {
	o := options[tflitefb.GatherOptionsT](n)
	if list, ok := n.sizes(); ok {
		indices := n.numbers(1)
		for _, i := range indices {
			if i < 0 || i >= len(list) {
				n.b.Errorf("there is no integer %d in a list of %d", i, len(list))
				return
			}
		}
		if indices != nil {
			n.pick(list, indices)
		}
		return
	}
	x, indices := n.in(0), n.in(1)
	if !x.Valid() || !indices.Valid() {
		return
	}
	axis, ok := n.axis(int(o.Axis), x.Rank())
	if !ok {
		return
	}
	if o.BatchDims != 0 {
		n.b.Errorf("lince lacks batch_dims = %d", o.BatchDims)
		return
	}
	n.set(n.b.Op(op.Gather{Axis: axis}, x, indices))
}

func readTile(n *node) {
	x, times := n.in(0), n.numbers(1)
	if !x.Valid() || times == nil {
		return
	}
	if len(times) != x.Rank() {
		n.b.Errorf("repeats %v for the shape %v", times, x.Shape)
		return
	}
	for i, k := range times {
		if k < 1 || !n.fits(k, 0) {
			n.b.Errorf("repeats dimension %d %d times, want at least 1", i, k)
			return
		}
		if k > 1 {
			x = n.b.Concat(i, slices.Repeat([]*graph.Value{x}, k)...)
		}
	}
	n.set(x)
}
