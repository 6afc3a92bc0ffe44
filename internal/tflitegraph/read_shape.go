package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// sizes returns input i if it is known while the graph is built: sizes, or numbers that were computed from them.
func (n *node) sizes(i int) ([]int, bool) {
	list, ok := n.ints[n.Inputs[i]]
	return list, ok
}

// origin says where an integer comes from: it is factor times the size of a dimension of v. v is nil if that is not known.
type origin struct {
	v            *graph.Value
	axis, factor int
}

func readShape(n *node) {
	x := n.in(0)
	if !x.Valid() {
		return
	}
	n.ints[n.Outputs[0]] = slices.Clone(x.Shape)
	for i := range x.Rank() {
		n.origins[n.Outputs[0]] = append(n.origins[n.Outputs[0]], origin{x, i, 1})
	}
}

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

func readReshape(n *node) {
	if list, ok := n.sizes(0); ok { // a scalar of a list of one, or the reverse
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	var dims []int
	if n.has(1) {
		dims = n.numbers(1)
	} else {
		for _, d := range options[tflitefb.ReshapeOptionsT](n).NewShape {
			dims = append(dims, int(d))
		}
		if len(dims) == 1 && dims[0] == 0 { // old files have this for a scalar
			dims = []int{}
		}
	}
	if x.Valid() && (dims != nil || !n.has(1)) {
		n.set(n.reshape(x, dims))
	}
}

// reshape changes the shape of x to dims, which the file may have written for a batch of 1. -1 is a size that follows from the
// others or that is not known.
func (n *node) reshape(x *graph.Value, dims []int) *graph.Value {
	dims = slices.Clone(dims)
	// The file's own shape has sizes that lince may not know.
	if sig := n.sub.Tensors[n.Outputs[0]]; count(dims, tensor.Unknown) > 1 && len(sig.Shape) == len(dims) {
		for i, d := range dims {
			if d == tensor.Unknown && sig.Signature != nil {
				dims[i] = sig.Signature[i]
			}
		}
	}
	if x.Rank() > 0 && x.Shape[0] == tensor.Unknown && tensor.Shape(x.Shape[1:]).Known() && len(dims) > 0 && dims[0] == 1 {
		rest, others := tensor.Shape(x.Shape[1:]).Elements(), 1
		for _, d := range dims[1:] {
			if d != tensor.Unknown {
				others *= d
			}
		}
		switch free := count(dims, tensor.Unknown); {
		case free == 0 && others == rest:
			dims[0] = tensor.Unknown
		case free == 1 && others > 0 && rest%others == 0:
			dims[slices.Index(dims, tensor.Unknown)] = rest / others
			dims[0] = tensor.Unknown
		}
	}
	if slices.Equal(dims, x.Shape) && count(dims, tensor.Unknown) <= 1 {
		return x
	}
	if count(dims, tensor.Unknown) > 1 {
		return n.b.Errorf("cannot reshape %v to %v: more than one size is not known", x.Shape, dims)
	}
	return n.b.Reshape(x, dims...)
}

func count(list []int, x int) int {
	c := 0
	for _, y := range list {
		if x == y {
			c++
		}
	}
	return c
}

// transpose permutes the dimensions of x.
func transpose(b *graph.Builder, x *graph.Value, perm []int) *graph.Value {
	if slices.IsSorted(perm) {
		return x
	}
	return b.Transpose(x, perm...)
}

func readTranspose(n *node) {
	if x, perm := n.in(0), n.numbers(1); x.Valid() && perm != nil {
		if len(perm) != x.Rank() || !isPermutation(perm) {
			n.b.Errorf("%v is not a permutation of the dimensions of %v", perm, x.Shape)
			return
		}
		n.set(transpose(n.b, x, perm))
	}
}

func isPermutation(perm []int) bool {
	sorted := slices.Sorted(slices.Values(perm))
	for i, d := range sorted {
		if i != d {
			return false
		}
	}
	return true
}

func readSqueeze(n *node) {
	if list, ok := n.sizes(0); ok {
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	if !x.Valid() {
		return
	}
	var axes []int
	for _, d := range options[tflitefb.SqueezeOptionsT](n).SqueezeDims {
		a, ok := n.axis(int(d), x.Rank())
		if !ok {
			return
		}
		axes = append(axes, a)
	}
	if axes == nil {
		for i, d := range x.Shape {
			if d == 1 {
				axes = append(axes, i)
			}
		}
	}
	slices.Sort(axes)
	axes = slices.Compact(axes)
	for i := len(axes) - 1; i >= 0; i-- { // the last first, so that the others keep their numbers
		x = n.b.Squeeze(x, axes[i])
	}
	n.set(x)
}

func readExpandDims(n *node) {
	if list, ok := n.sizes(0); ok {
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	if !x.Valid() {
		return
	}
	if axes, ok := n.axes(1, x.Rank()+1); ok && len(axes) == 1 {
		n.set(n.b.ExpandDims(x, axes[0]))
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
	for i, t := range n.Inputs {
		if t < 0 {
			n.b.Errorf("lacks input %d", i)
			return nil
		}
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
	if list, ok := n.sizes(0); ok {
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
		if n.isBatch(x, 0) && len(begin) == x.Rank() && len(size) == x.Rank() && begin[0] == 0 && size[0] == 1 {
			size = slices.Clone(size)
			size[0] = tensor.Unknown // all of the batch
		}
		n.set(n.b.Slice(x, begin, size))
	}
}

// isBatch reports whether dimension axis of x is a batch of unknown size where the file may have a batch of 1.
func (n *node) isBatch(x *graph.Value, axis int) bool {
	t := &n.sub.Tensors[n.Inputs[0]]
	return axis == 0 && x.Rank() > 0 && x.Shape[0] == tensor.Unknown && len(t.Shape) > 0 && t.Shape[0] == 1
}

func readGather(n *node) {
	o := options[tflitefb.GatherOptionsT](n)
	if list, ok := n.sizes(0); ok {
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
	// Gather takes rows of the first dimension, so axis goes there and the dimensions of the indices back to its place.
	front := append([]int{axis}, moved(x.Rank(), axis)[:x.Rank()-1]...)
	y := n.b.Gather(transpose(n.b, x, front), indices)
	if !y.Valid() {
		return
	}
	var back []int
	for i := range axis {
		back = append(back, indices.Rank()+i)
	}
	for i := range indices.Rank() {
		back = append(back, i)
	}
	for i := axis; i < x.Rank()-1; i++ {
		back = append(back, indices.Rank()+i)
	}
	n.set(transpose(n.b, y, back))
}

func readDequantize(n *node) {
	c, err := n.constant(n.Inputs[0])
	if err != nil {
		n.b.Errorf("%v", err)
		return
	}
	if c.DType() != tensor.Float32 {
		n.b.Errorf("%q is not quantized", n.sub.Tensors[n.Inputs[0]].Name)
		return
	}
	n.consts[n.Outputs[0]] = c
}

func readFill(n *node) {
	dims := n.numbers(0)
	if dims == nil {
		return
	}
	x := n.in(1)
	if c, err := n.constant(n.Inputs[1]); err != nil || c.Len() != 1 || slices.Contains(dims, tensor.Unknown) || !x.Valid() {
		n.b.Errorf("lince fills constant shapes with constant numbers only")
		return
	}
	for range dims {
		x = n.b.ExpandDims(x, 0)
	}
	n.set(n.broadcast(x, dims))
}

// broadcast broadcasts x to dims, where the first may be a batch.
func (n *node) broadcast(x *graph.Value, dims []int) *graph.Value {
	to, err := tensor.Shape(dims).CheckedElements()
	if slices.Contains(dims, tensor.Unknown) || err != nil || !n.fits(1, to) {
		return n.b.Errorf("lince cannot broadcast %v to %v", x.Shape, dims)
	}
	ref := tensor.New(x.DType, dims...)
	return n.b.BroadcastLike(x, n.b.Op(op.Const{Value: ref}))
}

func readBroadcastTo(n *node) {
	x, dims := n.in(0), n.numbers(1)
	if !x.Valid() || dims == nil {
		return
	}
	if len(dims) == x.Rank() {
		same := true
		for i, d := range dims {
			same = same && (d == x.Shape[i] || n.isBatch(x, i) && d == 1)
		}
		if same {
			n.set(x)
			return
		}
	}
	n.set(n.broadcast(x, dims))
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
	if x.Rank() != 4 || !tensor.Shape(x.Shape[1:]).Known() || block < 1 || block > 1<<12 {
		n.b.Errorf("got images of shape %v and blocks of %d, want 4 dimensions of known size, and blocks of at least 1", x.Shape, block)
		return false
	}
	return true
}

// readOneHot reads rows that are 1 at an index and 0 elsewhere.
func readOneHot(n *node) {
	x, depth := n.in(0), n.numbers(1)
	on, err1 := n.constant(n.Inputs[2])
	off, err2 := n.constant(n.Inputs[3])
	if !x.Valid() || depth == nil {
		return
	}
	ok := err1 == nil && err2 == nil && on.DType() == tensor.Float32 && off.DType() == tensor.Float32 && on.Len() == 1 && off.Len() == 1 && len(depth) == 1
	if axis := int(options[tflitefb.OneHotOptionsT](n).Axis); !ok || axis != -1 && axis != x.Rank() {
		n.b.Errorf("lince makes rows of floating-point numbers along the last dimension only")
		return
	}
	lo, hi := float64(off.Float32s()[0]), float64(on.Float32s()[0])
	y := n.b.OneHot(x, depth[0], tensor.Float32)
	if lo != 0 || hi != 1 {
		y = n.b.Offset(n.b.Scale(y, hi-lo), lo)
	}
	n.set(y)
}
