package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// maxGroups limits the groups of a transposed convolution, each of which is an op.
const maxGroups = 64

// readConv builds Conv.
func readConv(n *node) {
	x := n.wantRank(0, 3, 4, 5)
	size, groups := n.filter(x, false)
	w := n.window(size)
	if x.rank() == 5 {
		conv3D(n, w, groups)
		return
	}
	n.setImages(0, n.bias(n.conv2D(n.images(), w, groups)))
}

// filter checks the filter, operand 1, and returns its size along the axes of the images x, and the number of groups. Its first
// dimensions are the output channels and the channels of a group, or if transposed is set, the channels and the output channels of a group.
func (n *node) filter(x *value, transposed bool) (size []int, groups int) {
	f := n.in(1)
	if f.rank() != x.rank() || !allFixed(f.dims) {
		n.fail("the filter has shape %v, want %d known dimensions", f.shape(), x.rank())
	}
	for _, d := range f.dims {
		if d.k < 1 {
			n.fail("the filter has shape %v", f.shape())
		}
	}
	groups = n.attrInt("group", 1)
	channels, want := n.known(x, 1), toInt(f.dims[0].k)
	if !transposed {
		want = toInt(f.dims[1].k) * groups
	}
	if groups < 1 || groups > largest || want != channels {
		n.fail("%d groups of a filter of shape %v for images of shape %v", groups, f.shape(), x.shape())
	}
	if toInt(f.dims[0].k)%groups != 0 {
		n.fail("a filter of shape %v in %d groups", f.shape(), groups)
	}
	if k := n.attrInts("kernel_shape"); k != nil && !slices.Equal(tensor.Shape(k), f.shape()[2:]) {
		n.fail("kernel_shape is %v, but the filter has shape %v", k, f.shape())
	}
	return f.shape()[2:], groups
}

// filterForm is the form of the filter, operand 1, for images: height, width, and the other two dimensions exchanged.
// A filter for sequences gets one row.
func (n *node) filterForm() operandForm {
	n.trainable(1)
	f := operandForm{perm: []int{2, 3, 1, 0}}
	if s := n.in(1).shape(); len(s) == 3 {
		f.pre = tensor.Shape{s[0], s[1], 1, s[2]}
	}
	return f
}

// conv2D convolves images with operand 1.
func (n *node) conv2D(x *graph.Value, w *window, groups int) *graph.Value {
	f, channels := n.filterForm(), toInt(n.in(0).dims[1].k)
	subsample := [2]int{1, 1}
	if o := w.op(); o.Stride != [2]int{1, 1} && o.Dilation != [2]int{1, 1} { // op.Window allows only one of them
		w.explicit(n)
		subsample = o.Stride
		w.stride = slices.Repeat([]int{1}, len(w.stride))
	}
	o := w.op()
	var y *graph.Value
	if groups == channels && groups > 1 {
		f.post = tensor.Shape{o.Size[0], o.Size[1], channels, toInt(n.in(1).dims[0].k) / channels}
		y = n.b.DepthwiseConv2D(x, n.form(1, f), o)
	} else {
		c := op.Conv2D{Window: o}
		if groups > 1 {
			c.Groups = groups
		}
		y = n.b.Op(c, x, n.form(1, f))
	}
	return every(n.b, y, subsample)
}

// bias adds operand 2, if there is one, to each channel.
func (n *node) bias(y *graph.Value) *graph.Value {
	if !n.has(2) {
		return y
	}
	n.wantRank(2, 1)
	return n.b.Add(y, n.plain(2))
}

// conv3D convolves volumes: the sum over the slices of the filter along the depth, each of which convolves images.
func conv3D(n *node, w *window, groups int) {
	w.explicit(n)
	x := n.stored(0, channelsLast(5))
	n.trainable(1)
	filter := n.form(1, operandForm{perm: []int{2, 3, 4, 1, 0}})
	depth := n.known(n.in(0), 2) + w.pads[0][0] + w.pads[0][1]
	x = n.padDepth(x, w.pads[0], 0)
	out := (depth-w.span(0))/w.stride[0] + 1
	if depth < w.span(0) {
		n.fail("a window of %d does not fit into a depth of %d", w.span(0), depth)
	}
	if w.size[0] > largestDepth {
		n.fail("the filter is %d deep, lince allows %d", w.size[0], largestDepth)
	}
	flat := &window{size: w.size[1:], stride: w.stride[1:], dilation: w.dilation[1:], pads: w.pads[1:]}
	c, subsample := op.Conv2D{Window: flat.op()}, [2]int{1, 1}
	if c.Stride != [2]int{1, 1} && c.Dilation != [2]int{1, 1} {
		subsample, c.Stride = c.Stride, subsample
	}
	if groups > 1 {
		c.Groups = groups
	}
	var y *graph.Value
	for d := range w.size[0] {
		slice := n.atDepths(x, d*w.dilation[0], w.stride[0], out)
		f := n.b.Squeeze(n.b.Slice(filter, []int{d, 0, 0, 0, 0}, []int{1, w.size[1], w.size[2], tensor.Unknown, tensor.Unknown}), 0)
		z := every(n.b, n.b.Op(c, slice, f), subsample)
		if y != nil {
			z = n.b.Add(y, z)
		}
		y = z
	}
	y = n.bias(y)
	if y.Valid() {
		y = n.b.Reshape(y, tensor.Unknown, out, y.Shape[1], y.Shape[2], y.Shape[3])
	}
	n.setVolumes(y)
}

// largestDepth limits the depth of a filter for volumes; each slice is an op.
const largestDepth = 64

// padDepth pads volumes with the channels last along their depth.
func (n *node) padDepth(x *graph.Value, pads [2]int, value float64) *graph.Value {
	if pads == [2]int{} {
		return x
	}
	return n.b.Pad(x, []int{0, pads[0], 0, 0, 0}, []int{0, pads[1], 0, 0, 0}, value)
}

// atDepths takes count slices of volumes, from first, at a distance, as images.
func (n *node) atDepths(x *graph.Value, first, stride, count int) *graph.Value {
	if !x.Valid() {
		return x
	}
	h, w, c := n.known(n.in(0), 3), n.known(n.in(0), 4), n.known(n.in(0), 1)
	x = n.b.Slice(x, []int{0, first, 0, 0, 0}, []int{tensor.Unknown, (count-1)*stride + 1, h, w, c})
	if stride > 1 {
		x = every(n.b, n.b.Reshape(x, tensor.Unknown, (count-1)*stride+1, h*w, c), [2]int{stride, 1})
	}
	return n.b.Reshape(x, tensor.Unknown, h, w, c)
}

// readConvTranspose builds ConvTranspose.
func readConvTranspose(n *node) {
	x := n.wantRank(0, 3, 4, 5)
	size, groups := n.filter(x, true)
	w := n.window(size)
	if x.rank() == 5 {
		convTranspose3D(n, w, groups)
		return
	}
	axes := len(w.size)
	extra := n.attrInts("output_padding")
	if extra == nil {
		extra = make([]int, axes)
	}
	shape, same := n.attrInts("output_shape"), w.same || n.attrString("auto_pad", "NOTSET") == "SAME_LOWER"
	if len(extra) != axes || shape != nil && len(shape) != axes && len(shape) != axes+2 {
		n.fail("output_padding is %v and output_shape is %v, want %d numbers each", extra, shape, axes)
	}
	last := make([]int, axes)
	for a := range axes {
		if extra[a] < 0 || extra[a] > largest {
			n.fail("output_padding is %v", extra)
		}
		total := w.pads[a][0] + w.pads[a][1]
		switch {
		case shape != nil:
			total = w.stride[a]*(n.known(x, 2+a)-1) + extra[a] + w.span(a) - shape[len(shape)-axes+a]
		case same:
			total = w.span(a) + extra[a] - w.stride[a]
		}
		last[a] = w.span(a) + extra[a] - total
		if shape != nil || same {
			total = max(total, 0)
			w.pads[a] = [2]int{total - total/2, total / 2}
			if w.same {
				w.pads[a] = [2]int{total / 2, total - total/2}
			}
		}
	}
	w.same = false
	var cut *op.Slice
	if slices.Min(last) < 1 { // op.Conv2DTranspose makes at least one pixel of one; more is made, and cut
		cut = &op.Slice{Begin: make([]int, 4), Size: slices.Repeat([]int{tensor.Unknown}, 4), End: make([]int, 4)}
		for a, p := range w.pads {
			cut.Begin[3-axes+a], cut.End[3-axes+a] = p[0], p[1]
			last[a] += p[0] + p[1]
			w.pads[a] = [2]int{}
		}
	}
	o := op.Conv2DTranspose{Window: w.op(), Last: [2]int{1, 1}}
	copy(o.Last[2-axes:], last)
	done := func(y *graph.Value) {
		if cut != nil && y.Valid() {
			y = n.b.Op(*cut, y)
		}
		n.setImages(0, n.bias(y))
	}
	images, filter := n.images(), n.form(1, n.filterForm())
	if groups == 1 {
		done(n.b.Op(o, images, filter))
		return
	}
	if groups > maxGroups {
		n.fail("a transposed convolution in %d groups; lince allows %d", groups, maxGroups)
	}
	in, parts := toInt(x.dims[1].k)/groups, make([]*graph.Value, groups)
	for g := range groups {
		take := slices.Repeat([]int{tensor.Unknown}, 4)
		take[3] = in
		parts[g] = n.b.Op(o, n.b.Slice(images, []int{0, 0, 0, g * in}, take), n.b.Slice(filter, []int{0, 0, 0, g * in}, take))
	}
	done(n.b.Concat(3, parts...))
}

// fusedConv builds ONNX Runtime's FusedConv: a convolution, a residual that is added, and an activation.
func fusedConv(n *node) {
	m := *n
	m.operands, m.results = n.operands[:min(3, len(n.operands))], nil
	readConv(&m)
	if r := m.results[0]; n.has(3) && !r.bad {
		m.operands, m.results = []*value{r, n.in(3)}, nil
		binary(op.Add)(&m)
	}
	n.put(0, n.activated(m.results[0]))
}

// fusedGemm builds ONNX Runtime's FusedGemm: a Gemm and an activation.
func fusedGemm(n *node) {
	m := *n
	m.results = nil
	readGemm(&m)
	n.put(0, n.activated(m.results[0]))
}

// activated applies the activation that an attribute of ONNX Runtime's fused ops names.
func (n *node) activated(x *value) *value {
	if x.bad {
		return x
	}
	m := *n
	m.operands, m.results = []*value{x}, nil
	parameters := n.attrFloats("activation_params")
	switch name := n.attrString("activation", ""); {
	case name == "":
		return x
	case name == "Relu":
		unary(op.ReLU)(&m)
	case name == "Sigmoid":
		unary(op.Sigmoid)(&m)
	case name == "Tanh":
		unary(op.Tanh)(&m)
	case name == "LeakyRelu" && len(parameters) == 1:
		elementwise(func(b *graph.Builder, x *graph.Value) *graph.Value {
			return negative(b, x, b.Scale(x, parameters[0]))
		})(&m)
	case name == "Clip" && len(parameters) == 2 && parameters[0] == 0 && parameters[1] == 6:
		unary(op.ReLU6)(&m)
	case name == "Clip" && len(parameters) == 2:
		elementwise(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Clip(x, parameters[0], parameters[1]) })(&m)
	default:
		n.fail("lince has no activation %s with the parameters %v", name, parameters)
	}
	return m.results[0]
}

// convTranspose3D is the transposed convolution of volumes: each slice of the filter along the depth makes images of all slices of the volumes, which are added
// at the depths where they belong.
func convTranspose3D(n *node, w *window, groups int) {
	extra := n.attrInts("output_padding")
	if extra == nil {
		extra = make([]int, 3)
	}
	if groups > 1 || w.same || n.attrInts("output_shape") != nil || len(extra) != 3 || slices.Min(extra) < 0 || slices.Max(extra) > largest {
		n.fail("lince has no transposed convolution of volumes with groups, auto_pad or output_shape, and output_padding must be 3 numbers, got %v", extra)
	}
	if w.size[0] > largestDepth {
		n.fail("the filter is %d deep, lince allows %d", w.size[0], largestDepth)
	}
	b, x := n.b, n.stored(0, channelsLast(5))
	n.trainable(1)
	filter := n.form(1, operandForm{perm: []int{2, 3, 4, 1, 0}})
	flat := &window{size: w.size[1:], stride: w.stride[1:], dilation: w.dilation[1:], pads: w.pads[1:]}
	o := op.Conv2DTranspose{Window: flat.op()}
	for a := range 2 {
		o.Last[a] = flat.span(a) + extra[1+a] - flat.pads[a][0] - flat.pads[a][1]
	}
	depth, stride := n.known(n.in(0), 2), w.stride[0]
	if depth < 1 {
		n.fail("operand 0 has shape %v, want at least one pixel", n.in(0).shape())
	}
	spread := (depth-1)*stride + 1
	full := spread - 1 + w.span(0) + extra[0]
	out := full - w.pads[0][0] - w.pads[0][1]
	if min(o.Last[0], o.Last[1], out) < 1 || full > largest {
		n.fail("pads %v for a window of %v and output_padding %v", w.pads, w.size, extra)
	}
	images := b.Reshape(x, tensor.Unknown, n.known(n.in(0), 3), n.known(n.in(0), 4), n.known(n.in(0), 1))
	var sum, y *graph.Value
	for d := range w.size[0] {
		y = b.Op(o, images, b.Squeeze(b.Slice(filter, []int{d, 0, 0, 0, 0}, []int{1, w.size[1], w.size[2], tensor.Unknown, tensor.Unknown}), 0))
		if !y.Valid() {
			break
		}
		row := y.Shape[1:].Elements()
		z := b.Pad(b.Reshape(y, tensor.Unknown, depth, 1, row), make([]int, 4), []int{0, 0, stride - 1, 0}, 0) // zeros between the slices
		z = n.cut(b.Reshape(z, tensor.Unknown, depth*stride, row), 1, 0, spread)
		begin := d * w.dilation[0]
		z = b.Pad(z, []int{0, begin, 0}, []int{0, full - begin - spread, 0}, 0)
		if sum != nil {
			z = b.Add(sum, z)
		}
		sum = z
	}
	if y.Valid() {
		y = b.Reshape(n.cut(sum, 1, w.pads[0][0], out), tensor.Unknown, out, y.Shape[1], y.Shape[2], y.Shape[3])
	}
	n.setVolumes(n.bias(y))
}
