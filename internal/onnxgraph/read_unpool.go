package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Ops that put the elements of windows back into images, or cut images out of others.

// zeros returns a value of zeros (batch of x, size).
func (n *node) zeros(x *graph.Value, size int) *graph.Value {
	one := n.b.Reshape(x, -1, n.sizes(x)[1:].Elements())
	one = n.cut(one, 1, 0, 1)
	return n.b.BroadcastLike(constantLike(n.b, x, 0), n.b.Pad(one, []int{0, 0}, []int{0, size - 1}, 0))
}

// maxUnpool builds MaxUnpool.
func maxUnpool(n *node) {
	x, b := n.in(0), n.b
	if x.rank() < 3 || n.in(1).rank() != x.rank() {
		n.fail("operands have shapes %v and %v, want (batch, channels, ...)", x.shape(), n.in(1).shape())
	}
	w := n.window(nil)
	inferred := tensor.Shape{n.known(x, 0), n.known(x, 1)}
	for a := range w.size {
		inferred = append(inferred, (n.known(x, 2+a)-1)*w.stride[a]-w.pads[a][0]-w.pads[a][1]+w.size[a])
	}
	count, err := inferred.CheckedElements()
	if err != nil || count < 1 || float64(count) > maxElements {
		n.fail("the result would have shape %v", inferred)
	}
	v := n.plain(0)
	empty := b.Reshape(n.zeros(b.Reshape(v, 1, -1), count), -1)
	y := b.Scatter(empty, b.Cast(b.Reshape(n.plain(1), -1), tensor.Int64), b.Reshape(v, -1), "")
	y = b.Reshape(y, inferred...)
	if n.has(2) {
		size := n.ints(2)
		after := make([]int, len(inferred))
		for a := range inferred {
			if len(size) != len(inferred) || size[a] < inferred[a] || size[a] > largest {
				n.fail("output_shape is %v, want at least %v", size, inferred)
			}
			after[a] = size[a] - inferred[a]
		}
		y = b.Pad(y, make([]int, len(after)), after, 0)
	}
	n.out(y)
}

// columnsToImage builds Col2Im: it adds the elements of windows to the pixels that the windows see.
func columnsToImage(n *node) {
	x, b := n.wantRank(0, 3), n.b
	image, block := n.ints(1), n.ints(2)
	axes := len(image)
	size, window := 1, 1
	if len(block) != axes || axes == 0 || axes > maxRank {
		n.fail("image_shape is %v and block_shape %v, want as many numbers, 1 to %d", image, block, maxRank)
	}
	list := func(name string, otherwise, count int) []int {
		v := n.attrInts(name)
		if v == nil {
			v = slices.Repeat([]int{otherwise}, count)
		}
		if len(v) != count || slices.Min(v) < otherwise || slices.Max(v) > largest {
			n.fail("attribute %s is %v, want %d numbers from %d to %d", name, v, count, otherwise, largest)
		}
		return v
	}
	dilations, strides, pads := list("dilations", 1, axes), list("strides", 1, axes), list("pads", 0, 2*axes)
	counts, columns := make([]int, axes), 1
	for a := range axes {
		if image[a] < 1 || block[a] < 1 || image[a] > largest || block[a] > largest {
			n.fail("image_shape is %v and block_shape %v, want at least 1 each", image, block)
		}
		size, window = size*image[a], window*block[a]
		counts[a] = (image[a]+pads[a]+pads[axes+a]-dilations[a]*(block[a]-1)-1)/strides[a] + 1
		columns *= max(counts[a], 0)
		if max(size, window, columns) > maxElements {
			n.fail("image_shape is %v and block_shape %v, which is too large", image, block)
		}
	}
	channels := n.known(x, 1)
	if columns != n.known(x, 2) || channels%window != 0 {
		n.fail("operand has shape %v, want multiples of %d in dimension 1 and %d in dimension 2", x.shape(), window, columns)
	}
	n.afford(window * columns)
	// The pixel that each element of a window sees; one more row is for those outside.
	at := tensor.New(tensor.Int64, window*columns)
	for i := range at.Len() {
		pixel, w, c, stride := 0, i/columns, i%columns, 1
		for a := axes - 1; a >= 0; a-- {
			p := c%counts[a]*strides[a] - pads[a] + w%block[a]*dilations[a]
			w, c = w/block[a], c/counts[a]
			if p < 0 || p >= image[a] || pixel < 0 {
				pixel = -1
				continue
			}
			pixel, stride = pixel+p*stride, stride*image[a]
		}
		if pixel < 0 {
			pixel = size
		}
		tensor.Values[int64](at)[i] = int64(pixel)
	}
	// A row for each element of a window, whose columns are the examples and channels.
	v := b.Transpose(b.Reshape(n.plain(0), -1, window*columns), 1, 0)
	table := b.Pad(n.cut(v, 0, 0, 1), []int{0, 0}, []int{size, 0}, 0)
	table = b.Scatter(b.BroadcastLike(constantLike(b, v, 0), table), b.Op(op.Const{Value: at}), v, op.Add)
	y := b.Transpose(n.cut(table, 0, 0, size), 1, 0)
	n.out(b.Reshape(y, append([]int{-1, channels / window}, image...)...)).like(x, 0)
}

// centerCropPad builds CenterCropPad.
func centerCropPad(n *node) {
	x, b := n.in(0), n.b
	axes, size := n.attrInts("axes"), n.ints(1)
	if axes == nil {
		axes = plain(x.rank())
	}
	if len(axes) != len(size) {
		n.fail("shape is %v for axes %v", size, axes)
	}
	n.axes(axes, x.rank()) // they differ
	v, l := n.data()
	before, after := make([]int, x.rank()), make([]int, x.rank())
	for i, a := range axes {
		a = n.axis(a, x.rank())
		n.across(x, a)
		d, at := n.known(x, a), l.at(a)
		switch {
		case size[i] < 0 || size[i] > largest:
			n.fail("shape is %v", size)
		case size[i] < d:
			v = n.cut(v, at, (d-size[i])/2, size[i])
		default:
			before[at] = (size[i] - d) / 2
			after[at] = size[i] - d - before[at]
		}
	}
	n.set(0, b.Pad(v, before, after, 0), l).like(x)
}

// deformableConvolution builds DeformConv: a convolution whose windows see pixels that other values move. It takes the values of the pixels for each element of the window,
// and multiplies them by its weights.
func deformableConvolution(n *node) {
	p, b := n.pointsIn(), n.b
	x, w := n.wantRank(0, 4), n.wantRank(1, 4)
	kernel := []int{n.known(w, 2), n.known(w, 3)}
	win := n.window(kernel)
	groups, offsets := n.attrInt("group", 1), n.attrInt("offset_group", 1)
	in, out := n.known(x, 1), n.known(w, 0)
	if groups < 1 || offsets < 1 || in%groups != 0 || out%groups != 0 || in%offsets != 0 || n.known(w, 1) != in/groups {
		n.fail("images of shape %v and weights of shape %v with %d groups and %d offset groups", x.shape(), w.shape(), groups, offsets)
	}
	count := kernel[0] * kernel[1]
	if count > maxShifts || groups > maxGroups || offsets > maxGroups {
		n.fail("a window of %v with %d groups and %d offset groups; lince allows %d elements and %d groups", kernel, groups, offsets, maxShifts, maxGroups)
	}
	offset := n.wantRank(2, 4)
	oh, ow := n.known(offset, 2), n.known(offset, 3)
	if n.known(offset, 1) != 2*count*offsets {
		n.fail("the offsets have shape %v, want %d channels", offset.shape(), 2*count*offsets)
	}
	moved, mask := n.plain(2), (*graph.Value)(nil)
	if n.has(4) {
		if m := n.wantRank(4, 4); n.known(m, 1) != count*offsets {
			n.fail("the mask has shape %v, want %d channels", m.shape(), count*offsets)
		}
		mask = n.plain(4)
	}
	channel := func(v *graph.Value, i int) *graph.Value { return b.Squeeze(n.cut(v, 1, i, 1), 1) }
	grid := func(axis, element int) *graph.Value {
		shape := []int{1, 1, 1}
		size := []int{oh, ow}[axis]
		n.afford(size)
		shape[1+axis] = size
		t := tensor.New(tensor.Float32, shape...)
		for i := range size {
			t.Float32s()[i] = float32(i*win.stride[axis] - win.pads[axis][0] + element*win.dilation[axis])
		}
		return b.Op(op.Const{Value: t})
	}
	var taken []*graph.Value // (batch, oh, ow, channels) for each element of the window
	images := n.stored(0, channelsLast(4))
	for i := range count {
		var parts []*graph.Value
		for g := range offsets {
			q := *p
			q.table = b.Reshape(n.cut(images, 3, g*in/offsets, in/offsets), -1, in/offsets)
			for a, e := range []int{i / kernel[1], i % kernel[1]} {
				q.at = append(q.at, b.Add(channel(moved, (g*count+i)*2+a), grid(a, e)))
			}
			v := q.interpolate(n, "linear")
			if mask != nil {
				v = b.Mul(v, b.ExpandDims(channel(mask, g*count+i), 3))
			}
			parts = append(parts, v)
		}
		taken = append(taken, b.Concat(3, parts...))
	}
	weights := b.Transpose(n.plain(1), 2, 3, 1, 0) // (h, w, channels of a group, out)
	weights = b.Reshape(weights, count, in/groups, out)
	var results []*graph.Value
	for g := range groups {
		var columns []*graph.Value
		for _, v := range taken {
			columns = append(columns, n.cut(v, 3, g*in/groups, in/groups))
		}
		k := b.Reshape(n.cut(weights, 2, g*out/groups, out/groups), count*in/groups, out/groups)
		rows := b.Reshape(b.Concat(3, columns...), -1, count*in/groups)
		results = append(results, b.Reshape(b.MatMul(rows, k), -1, oh, ow, out/groups))
	}
	y := b.Concat(3, results...)
	if n.has(3) {
		y = b.Add(y, n.plain(3))
	}
	n.set(0, y, channelsLast(4)).like(x, 0)
}
