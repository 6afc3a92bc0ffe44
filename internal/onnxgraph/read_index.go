package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// readConcat builds Concat. The operands are joined in the layout of the first that is not stored as in the file.
func readConcat(n *node) {
	rank := n.in(0).rank()
	axis := n.axis(n.attrInt("axis", 1), rank)
	l := plain(rank)
	for i, x := range n.operands {
		if x == nil || x.rank() != rank {
			n.fail("operand %d is left out or does not have %d dimensions", i, rank)
		}
		n.across(x, axis)
		if x.v != nil && l.isPlain() {
			l = x.layout
		}
	}
	parts := make([]*graph.Value, len(n.operands))
	for i := range parts {
		parts[i] = n.stored(i, l)
	}
	y := n.set(0, n.b.Concat(l.at(axis), parts...), l)
	for _, x := range n.operands {
		for a, d := range x.dims {
			if a != axis && !y.bad && y.dims[a].s != nil && d.s != nil {
				y.dims[a] = d
			}
		}
	}
}

// concatNumbers follows numbers through Concat.
func concatNumbers(n *node) (*value, bool) {
	var all []num
	for _, x := range n.operands {
		if x == nil || x.rank() != 1 || x.nums() == nil || len(all) > maxNumbers {
			return nil, false
		}
		all = append(all, x.numbers...)
	}
	return numeric(n.in(0).dtype, 1, all)
}

// split builds Split. The sizes are an operand from opset 13 on. Without sizes the parts are equal; the last may be smaller.
func split(n *node) {
	x := n.in(0)
	axis := n.axis(n.attrInt("axis", 0), x.rank())
	n.across(x, axis)
	var sizes []int
	if n.opset < 13 {
		sizes = n.attrInts("split")
	} else if n.has(1) {
		sizes = n.ints(1)
	}
	total, parts := n.known(x, axis), len(n.pb.Output)
	if sizes == nil {
		size := (total + parts - 1) / parts
		for range parts {
			sizes = append(sizes, min(size, total-len(sizes)*size))
		}
	}
	if len(sizes) != parts {
		n.fail("%d sizes for %d results", len(sizes), parts)
	}
	v, l := n.data()
	at := 0
	for i, s := range sizes {
		if s < 0 || s > total-at {
			n.fail("sizes %v of %d", sizes, total)
		}
		if n.wants(i) {
			n.set(i, n.cut(v, l.at(axis), at, s), l).like(x)
		}
		at += s
	}
	if at != total {
		n.fail("sizes %v of %d", sizes, total)
	}
}

// cut takes size elements of a stored dimension, from begin.
func (n *node) cut(v *graph.Value, at, begin, size int) *graph.Value {
	take := n.sizes(v).Clone()
	from := make([]int, len(take))
	from[at], take[at] = begin, size
	return n.b.Slice(v, from, take)
}

// slice builds Slice. Everything but the data are attributes before opset 10.
func slice(n *node) {
	x := n.in(0)
	var starts, ends, axes, steps []int
	if n.opset < 10 {
		starts, ends, axes = n.attrInts("starts"), n.attrInts("ends"), n.attrInts("axes")
	} else {
		if len(n.operands) < 3 || !n.has(1) || !n.has(2) {
			n.fail("it has no starts and ends")
		}
		starts, ends = n.ints(1), n.ints(2)
		if n.has(3) {
			axes = n.ints(3)
		}
		if n.has(4) {
			steps = n.ints(4)
		}
	}
	if axes == nil {
		axes = plain(len(starts))
	}
	if steps == nil {
		steps = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		n.fail("starts %v, ends %v, axes %v and steps %v: want equally many", starts, ends, axes, steps)
	}
	v, l := n.data()
	changed := make([]bool, x.rank())
	n.axes(axes, x.rank())
	for i, a := range axes {
		a = n.axis(a, x.rank())
		d := x.dims[a]
		if steps[i] == 0 {
			n.fail("a step is 0")
		}
		switch {
		case starts[i] == 0 && steps[i] == 1 && ends[i] >= n.batch && n.keepsBatch(d, fixed(n.batch)): // all of the batch
		case d.s != nil:
			v = n.sliceUnknown(v, l.at(a), starts[i], ends[i], steps[i], &changed[a])
		default:
			v = n.sliceKnown(v, l.at(a), toInt(d.k), starts[i], ends[i], steps[i])
		}
		if changed[a] {
			n.across(x, a)
		}
	}
	y := n.set(0, v, l)
	for a, d := range x.dims {
		if !changed[a] && !y.bad && y.dims[a].s != nil {
			y.dims[a] = d
		}
	}
}

// bounds returns the first index and the number of elements of a slice of k elements, as NumPy does.
func bounds(k, start, end, step int) (first, count int) {
	if start < 0 {
		start = max(start, -k-1) + k
	}
	if end < 0 {
		end = max(end, -k-1) + k
	}
	if step > 0 {
		start, end = min(max(start, 0), k), min(max(end, 0), k)
		if end <= start {
			return start, 0
		}
		return start, (end-start-1)/step + 1
	}
	start, end = min(max(start, -1), k-1), min(max(end, -1), k-1)
	if start <= end {
		return 0, 0
	}
	if step == math.MinInt {
		return start, 1
	}
	return start, (start-end-1)/-step + 1
}

// sliceKnown slices a stored dimension of k elements.
func (n *node) sliceKnown(v *graph.Value, at, k, start, end, step int) *graph.Value {
	first, count := bounds(k, start, end, step)
	if count <= 1 {
		return n.cut(v, at, first, count)
	}
	if step == 1 {
		return n.cut(v, at, first, count)
	}
	if step > 0 {
		return n.strided(n.cut(v, at, first, (count-1)*step+1), at, count, step)
	}
	if step == -1 && count > largestTake {
		n.fail("a step of -1 over %d elements; lince allows %d", count, largestTake)
	}
	index := make([]int, count)
	for i := range index {
		index[i] = first + i*step
	}
	return n.take(v, at, index)
}

// strided takes every step-th of the (count-1)*step+1 elements of a stored dimension.
func (n *node) strided(v *graph.Value, at, count, step int) *graph.Value {
	shape := n.sizes(v)
	// The elements and those after them become two dimensions. The last element has none after it.
	if count <= largestTake {
		index := make([]int, count)
		for i := range index {
			index[i] = i * step
		}
		if v.DType != tensor.Float32 || shape[at] == tensor.Unknown {
			return n.take(v, at, index)
		}
	}
	if v.DType != tensor.Float32 {
		n.fail("a step of %d over %d elements of type %v", step, shape[at], v.DType)
	}
	before, after := make([]int, len(shape)), make([]int, len(shape))
	after[at] = step - 1
	v = n.b.Pad(v, before, after, 0)
	shape = slices.Insert(v.Shape.Clone(), at+1, step)
	shape[at] = count
	y := n.cut(n.b.Reshape(v, shape...), at+1, 0, 1)
	return n.b.Squeeze(y, at+1)
}

// sliceUnknown slices a stored dimension whose size is not known. changed is set unless all of it is taken.
func (n *node) sliceUnknown(v *graph.Value, at, start, end, step int, changed *bool) *graph.Value {
	if step != 1 {
		n.fail("a step of %d along a dimension that is not known; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", step)
	}
	o := op.Slice{Begin: make([]int, v.Rank()), Size: v.Shape.Clone(), End: make([]int, v.Rank())}
	switch {
	case start == 0 && end >= math.MaxInt32:
		return v
	case start >= 0 && end >= math.MaxInt32:
		o.Begin[at] = start
	case start >= 0 && end < 0:
		o.Begin[at], o.End[at] = start, -end
	case start >= 0 && end > start:
		o.Begin[at], o.Size[at] = start, end-start // a dimension that is too small is an error of the run
	default:
		n.fail("elements %d to %d of a dimension that is not known; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", start, end)
	}
	*changed = true
	return n.b.Op(o, v)
}

// sliceNumbers follows numbers through Slice of a vector.
func sliceNumbers(n *node) (*value, bool) {
	x := n.in(0)
	if x.rank() != 1 || x.nums() == nil {
		return nil, false
	}
	var starts, ends []int
	step := 1
	if n.opset < 10 {
		starts, ends = n.attrInts("starts"), n.attrInts("ends")
	} else {
		for i := 1; i < len(n.operands); i++ {
			if n.has(i) && (n.in(i).nums() == nil || !allFixed(n.in(i).numbers)) {
				return nil, false
			}
		}
		if !n.has(1) || !n.has(2) {
			return nil, false
		}
		starts, ends = n.ints(1), n.ints(2)
		if n.has(4) {
			if s := n.ints(4); len(s) == 1 {
				step = s[0]
			}
		}
	}
	if len(starts) != 1 || len(ends) != 1 || step == 0 {
		return nil, false
	}
	first, count := bounds(len(x.numbers), starts[0], ends[0], step)
	y := make([]num, count)
	for i := range y {
		y[i] = x.numbers[first+i*step]
	}
	return numeric(x.dtype, 1, y)
}

// largestTake limits how many elements are taken one by one, each by an op.
const largestTake = 512

// take takes elements of a stored dimension. Runs of neighbors are taken together.
func (n *node) take(v *graph.Value, at int, index []int) *graph.Value {
	var parts []*graph.Value
	for i := 0; i < len(index); {
		j := i + 1
		for j < len(index) && index[j] == index[j-1]+1 {
			j++
		}
		parts = append(parts, n.cut(v, at, index[i], j-i))
		i = j
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return n.b.Concat(at, parts...)
}

// readGather builds Gather.
func readGather(n *node) {
	x, ix := n.in(0), n.in(1)
	axis := n.axis(n.attrInt("axis", 0), x.rank())
	n.across(x, axis)
	if index := ix.nums(); index != nil && allFixed(index) && x.dims[axis].s == nil && len(index) > 0 && len(index) <= largestTake {
		k := toInt(x.dims[axis].k)
		list := make([]int, len(index))
		for i, v := range index {
			if list[i] = toInt(v.k); list[i] < -k || list[i] >= k {
				n.fail("index %d of a dimension of %d", list[i], k)
			}
			list[i] = (list[i] + k) % k
		}
		v, l := n.data()
		v = n.take(v, l.at(axis), list)
		if ix.rank() == 0 {
			y := n.set(0, n.b.Squeeze(v, l.at(axis)), l.without([]int{axis}))
			copyDims(y, x, func(a int) bool { return a != axis })
			return
		}
		n.set(0, v, l).like(x)
		return
	}
	// The axis goes to the front, where op.Gather takes rows.
	front := append(layout{axis}, plain(x.rank()).dropped(axis)...)
	y := n.b.Gather(n.stored(0, front), n.plain(1))
	if !y.Valid() {
		n.set(0, y, plain(x.rank()-1+ix.rank()))
		return
	}
	// Its result has the dimensions of the indices first.
	l := layout{}
	for i := range ix.rank() {
		l = append(l, axis+i)
	}
	for a := range x.rank() {
		if a < axis {
			l = append(l, a)
		} else if a > axis {
			l = append(l, a-1+ix.rank())
		}
	}
	r := n.set(0, y, l)
	for i, d := range ix.dims {
		r.dims[axis+i] = d
	}
	for a, d := range x.dims {
		if a < axis {
			r.dims[a] = d
		} else if a > axis {
			r.dims[a-1+ix.rank()] = d
		}
	}
}

// dropped returns the layout without an axis, whose other axes keep their numbers.
func (l layout) dropped(axis int) layout {
	return slices.DeleteFunc(slices.Clone(l), func(a int) bool { return a == axis })
}

// gatherNumbers follows numbers through Gather of a vector.
func gatherNumbers(n *node) (*value, bool) {
	x, ix := n.in(0), n.in(1)
	if x.rank() != 1 || x.nums() == nil || ix.nums() == nil || !allFixed(ix.numbers) {
		return nil, false
	}
	y := make([]num, len(ix.numbers))
	for i, k := range ix.numbers {
		at, size := toInt(k.k), len(x.numbers)
		if at < -size || at >= size {
			return nil, false
		}
		y[i] = x.numbers[(at+size)%size]
	}
	return numeric(x.dtype, ix.rank(), y)
}

// tile builds Tile.
func tile(n *node) {
	x, repeats := n.in(0), n.ints(1)
	if len(repeats) != x.rank() {
		n.fail("repeats are %v for shape %v", repeats, x.shape())
	}
	v, l := n.data()
	size := 1.0
	for a, r := range repeats {
		if size *= float64(max(r, 1)) * max(x.dims[a].k, 1); r < 0 || size > maxElements {
			n.fail("repeats are %v for shape %v", repeats, x.shape())
		}
		switch {
		case r == 1:
			continue
		case r == 0:
			v = n.cut(v, l.at(a), 0, 0)
		case r <= largestTake:
			v = n.b.Concat(l.at(a), slices.Repeat([]*graph.Value{v}, r)...)
		default:
			n.fail("repeats are %v; lince allows %d", repeats, largestTake)
		}
	}
	y := n.set(0, v, l)
	for a, d := range x.dims {
		if !y.bad && y.dims[a].s != nil && repeats[a] == 1 {
			y.dims[a] = d
		} else if repeats[a] != 1 {
			n.across(x, a)
		}
	}
}

// readPad builds Pad. The pads and the value are attributes before opset 11. Negative pads cut.
func readPad(n *node) {
	x := n.in(0)
	var pads, axes []int
	value := 0.0
	if n.opset < 11 {
		pads, value = n.attrInts("pads"), n.attrFloat("value", 0)
	} else {
		if !n.has(1) {
			n.fail("it has no pads")
		}
		pads = n.ints(1)
		if n.has(2) {
			value = n.float(2)
		}
		if n.has(3) {
			axes = n.ints(3)
		}
	}
	if axes == nil {
		axes = plain(x.rank())
	}
	if len(pads) != 2*len(axes) {
		n.fail("pads are %v for axes %v", pads, axes)
	}
	before, after := make([]int, x.rank()), make([]int, x.rank())
	n.axes(axes, x.rank())
	v, l := n.data()
	for i, a := range axes {
		a = n.axis(a, x.rank())
		p := [2]int{pads[i], pads[len(axes)+i]}
		if max(p[0], p[1], -p[0], -p[1]) > largest {
			n.fail("pads are %v", pads)
		}
		if p != [2]int{} {
			n.across(x, a)
		}
		if p[0] < 0 || p[1] < 0 {
			size := n.known(x, a)
			v = n.cut(v, l.at(a), max(0, -p[0]), size-max(0, -p[0])-max(0, -p[1]))
		}
		before[l.at(a)], after[l.at(a)] = max(0, p[0]), max(0, p[1])
	}
	switch mode := n.attrString("mode", "constant"); mode {
	case "constant":
		if slices.Max(append(before, 0)) > 0 || slices.Max(append(after, 0)) > 0 {
			v = n.b.Pad(v, before, after, value)
		}
	case "reflect", "edge", "wrap":
		for at := range before {
			v = n.extend(v, at, before[at], after[at], mode)
		}
	default:
		n.fail("mode is %q", mode)
	}
	y := n.set(0, v, l)
	for a, d := range x.dims {
		if at := l.at(a); !y.bad && y.dims[a].s != nil && before[at] == 0 && after[at] == 0 {
			y.dims[a] = d
		}
	}
}

// extend pads a stored dimension with its own elements.
func (n *node) extend(v *graph.Value, at, before, after int, mode string) *graph.Value {
	if before == 0 && after == 0 || !v.Valid() {
		return v
	}
	size := v.Shape[at]
	if size == tensor.Unknown || size == 0 || before+after > largestTake {
		n.fail("pads of mode %s for shape %v; lince allows %d, and the dimension must be known", mode, v.Shape, largestTake)
	}
	source := func(i int) int {
		switch {
		case mode == "edge":
			return min(max(i, 0), size-1)
		case mode == "wrap":
			return ((i % size) + size) % size
		case size == 1:
			return 0
		}
		i = ((i % (2*size - 2)) + 2*size - 2) % (2*size - 2)
		return min(i, 2*size-2-i)
	}
	var parts []*graph.Value
	for i := -before; i < size+after; i++ {
		if i == 0 {
			parts = append(parts, v)
			i = size - 1
			continue
		}
		parts = append(parts, n.cut(v, at, source(i), 1))
	}
	return n.b.Concat(at, parts...)
}

// depthToSpace builds DepthToSpace.
func depthToSpace(n *node) {
	x := n.wantRank(0, 4)
	k, c, h, w := n.attrInt("blocksize", 0), n.known(x, 1), n.known(x, 2), n.known(x, 3)
	if k < 1 || k > largest || c%(k*k) != 0 {
		n.fail("blocks of %d for shape %v", k, x.shape())
	}
	b, c := n.b, c/(k*k)
	v := n.stored(0, channelsLast(4))
	switch mode := n.attrString("mode", "DCR"); mode {
	case "DCR":
		v = b.Transpose(b.Reshape(v, tensor.Unknown, h, w, k, k, c), 0, 1, 3, 2, 4, 5)
	case "CRD":
		v = b.Transpose(b.Reshape(v, tensor.Unknown, h, w, c, k, k), 0, 1, 4, 2, 5, 3)
	default:
		n.fail("mode is %q", mode)
	}
	n.set(0, b.Reshape(v, tensor.Unknown, h*k, w*k, c), channelsLast(4)).like(x, 0)
}

// spaceToDepth builds SpaceToDepth.
func spaceToDepth(n *node) {
	x := n.wantRank(0, 4)
	k, c, h, w := n.attrInt("blocksize", 0), n.known(x, 1), n.known(x, 2), n.known(x, 3)
	if k < 1 || k > largest || h%k != 0 || w%k != 0 {
		n.fail("blocks of %d for shape %v", k, x.shape())
	}
	b := n.b
	v := b.Reshape(n.stored(0, channelsLast(4)), tensor.Unknown, h/k, k, w/k, k, c)
	switch mode := n.attrString("mode", "DCR"); mode { // the inverse of DepthToSpace
	case "DCR":
		v = b.Transpose(v, 0, 1, 3, 2, 4, 5)
	case "CRD":
		v = b.Transpose(v, 0, 1, 3, 5, 2, 4)
	default:
		n.fail("mode is %q", mode)
	}
	n.set(0, b.Reshape(v, tensor.Unknown, h/k, w/k, k*k*c), channelsLast(4)).like(x, 0)
}
