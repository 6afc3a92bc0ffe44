package tflitegraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// window returns a sliding window. Sizes are (height, width).
func window(size, stride, dilation [2]int, p tflitefb.Padding) op.Window {
	w := op.Window{Size: size, Stride: stride, Dilation: dilation, Padding: op.Same}
	if p == tflitefb.PaddingVALID {
		w.Padding = op.Valid
	}
	return w
}

func pair(h, w int32) [2]int { return [2]int{int(h), int(w)} }

// filter returns the weights at input 1, whose dimensions are permuted as perm says, then reshaped.
func (n *node) filter(rank int, perm []int, shape func(s tensor.Shape) tensor.Shape) *graph.Value {
	t := &n.sub.Tensors[n.Inputs[1]]
	if len(t.Shape) != rank {
		return n.b.Errorf("the weights %q have shape %v, want %d dimensions", t.Name, t.Shape, rank)
	}
	if !n.isConstant(n.Inputs[1]) {
		w := transpose(n.b, n.in(1), perm)
		if !w.Valid() {
			return w
		}
		return n.b.Reshape(w, shape(w.Shape)...)
	}
	key := fmt.Sprint(n.Inputs[1], perm)
	if w := n.filters[key]; w != nil { // operators share it
		return w
	}
	c, err := n.view(n.Inputs[1])
	if err != nil {
		return n.b.Errorf("%v", err)
	}
	if c.DType() != tensor.Float32 {
		return n.b.Errorf("the weights %q are %v, want floating-point numbers", t.Name, c.DType())
	}
	if !slices.Equal(c.Shape(), t.Shape) { // an operator has computed it
		return n.b.Errorf("the weights %q have shape %v, but the file says %v", t.Name, c.Shape(), t.Shape)
	}
	c = numbers.Permute(c, perm)
	w := n.weight(n.b, "kernel", c.Reshape(shape(c.Shape())...))
	n.filters[key] = w
	return w
}

func same(s tensor.Shape) tensor.Shape { return s }

// biased adds the bias at input i, if there is one, and the activation.
func (n *node) biased(x *graph.Value, i int, f tflitefb.ActivationFunctionType) *graph.Value {
	if n.has(i) {
		bias := n.Inputs[i]
		if n.values[bias] == nil && n.isConstant(bias) {
			if c, err := n.constant(bias); err == nil && c.DType() == tensor.Float32 {
				n.values[bias] = n.weight(n.b, "bias", c)
			}
		}
		x = n.b.Add(x, n.in(i))
	}
	return activation(n.b, f, x)
}

func readConv(n *node) {
	o := options[tflitefb.Conv2DOptionsT](n)
	x := n.in(0)
	w := n.filter(4, []int{1, 2, 3, 0}, same)
	if !x.Valid() || !w.Valid() {
		return
	}
	win := window([2]int(w.Shape[:2]), pair(o.StrideH, o.StrideW), pair(o.DilationHFactor, o.DilationWFactor), o.Padding)
	groups := 1
	if c := w.Shape[2]; x.Rank() == 4 && c > 0 && x.Shape[3] != tensor.Unknown {
		groups = max(x.Shape[3]/c, 1)
	}
	if groups == 1 {
		groups = 0
	}
	n.convolved(win, o.FusedActivationFunction, func(win op.Window) *graph.Value {
		return n.b.Op(op.Conv2D{Window: win, Groups: groups}, x, w)
	})
}

func readDepthwiseConv(n *node) {
	o := options[tflitefb.DepthwiseConv2DOptionsT](n)
	x := n.in(0)
	if !x.Valid() {
		return
	}
	if x.Rank() != 4 || x.Shape[3] < 1 {
		n.b.Errorf("got images of shape %v, want 4 dimensions and a known number of channels", x.Shape)
		return
	}
	c := x.Shape[3]
	if s := n.sub.Tensors[n.Inputs[1]].Shape; len(s) != 4 || s[0] != 1 || s[3]%c != 0 {
		n.b.Errorf("the filter has shape %v for %d channels", s, c)
		return
	}
	w := n.filter(4, []int{0, 1, 2, 3}, func(s tensor.Shape) tensor.Shape { return tensor.Shape{s[1], s[2], c, s[3] / c} })
	if !w.Valid() {
		return
	}
	win := window([2]int(w.Shape[:2]), pair(o.StrideH, o.StrideW), pair(o.DilationHFactor, o.DilationWFactor), o.Padding)
	n.convolved(win, o.FusedActivationFunction, func(win op.Window) *graph.Value { return n.b.DepthwiseConv2D(x, w, win) })
}

// convolved sets the output of a convolution. Between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND it is dilated.
func (n *node) convolved(win op.Window, f tflitefb.ActivationFunctionType, conv func(op.Window) *graph.Value) {
	if block, ok := n.blocks[n.Inputs[0]]; ok {
		if win.Padding != op.Valid || win.Stride != [2]int{1, 1} || win.Dilation != [2]int{1, 1} {
			n.b.Errorf("lince reads blocks only of convolutions with stride 1 and without padding and dilation")
			return
		}
		win.Dilation = block
		n.blocks[n.Outputs[0]] = block
	}
	n.set(n.biased(conv(win), 2, f))
}

// keepsBlocks has the operators that may use the result of SPACE_TO_BATCH_ND.
var keepsBlocks = map[tflitefb.BuiltinOperator]bool{
	tflitefb.BuiltinOperatorCONV_2D: true, tflitefb.BuiltinOperatorDEPTHWISE_CONV_2D: true, tflitefb.BuiltinOperatorBATCH_TO_SPACE_ND: true,
}

// readSpaceToBatch reads the first of the three operators into which converters divide a dilated convolution. It pads the images
// and moves pixel (i, j) of each block of pixels to another image; a convolution of these images is a dilated convolution of the
// original ones.
func readSpaceToBatch(n *node) {
	x, block, pads := n.in(0), n.numbers(1), n.numbers(2)
	if !x.Valid() || block == nil || pads == nil {
		return
	}
	if x.Rank() != 4 || len(block) != 2 || len(pads) != 4 || min(block[0], block[1]) < 1 || max(pads[0], pads[1], pads[2], pads[3]) > 1<<16 {
		n.b.Errorf("got shape %v, blocks %v and padding %v, want images and two numbers for the height and the width", x.Shape, block, pads)
		return
	}
	n.blocks[n.Outputs[0]] = [2]int(block)
	n.set(n.b.Pad(x, []int{0, pads[0], pads[2], 0}, []int{0, pads[1], pads[3], 0}, 0))
}

// readBatchToSpace reads the last of the three operators: it cuts the borders off.
func readBatchToSpace(n *node) {
	x, block, crops := n.in(0), n.numbers(1), n.numbers(2)
	if !x.Valid() || block == nil || crops == nil {
		return
	}
	if was, ok := n.blocks[n.Inputs[0]]; !ok || len(block) != 2 || len(crops) != 4 || was != [2]int(block) {
		n.b.Errorf("lince reads this operator only after SPACE_TO_BATCH_ND with the same blocks and a convolution")
		return
	}
	n.set(n.b.Op(op.Slice{
		Begin: []int{0, crops[0], crops[2], 0}, Size: []int{tensor.Unknown, tensor.Unknown, tensor.Unknown, tensor.Unknown}, End: []int{0, crops[1], crops[3], 0},
	}, x))
}

func pool(o *tflitefb.Pool2DOptionsT) op.Window {
	return window(pair(o.FilterHeight, o.FilterWidth), pair(o.StrideH, o.StrideW), [2]int{1, 1}, o.Padding)
}

func readMaxPool(n *node) {
	o := options[tflitefb.Pool2DOptionsT](n)
	n.set(activation(n.b, o.FusedActivationFunction, n.b.MaxPool2D(n.in(0), pool(o))))
}

func readAveragePool(n *node) {
	o := options[tflitefb.Pool2DOptionsT](n)
	n.set(activation(n.b, o.FusedActivationFunction, n.b.AveragePool2D(n.in(0), pool(o))))
}

// readFullyConnected multiplies rows, which may have several dimensions, by a matrix (units, features).
func readFullyConnected(n *node) {
	o := options[tflitefb.FullyConnectedOptionsT](n)
	x := n.in(0)
	w := n.filter(2, []int{1, 0}, same)
	if !x.Valid() || !w.Valid() {
		return
	}
	features, units := w.Shape[0], w.Shape[1]
	if o.WeightsFormat != 0 {
		n.b.Errorf("lince lacks the format %d of weights", o.WeightsFormat)
		return
	}
	rows := x
	if x.Rank() != 2 || x.Shape[1] != features && x.Shape[1] != tensor.Unknown {
		rows = n.b.Reshape(x, tensor.Unknown, features)
	}
	y := n.biased(n.b.MatMul(rows, w), 2, o.FusedActivationFunction)
	if o.KeepNumDims && x.Rank() != 2 && y.Valid() {
		y = n.reshape(y, append(x.Shape[:x.Rank()-1].Clone(), units))
	}
	n.set(y)
}

func readBatchMatMul(n *node) {
	o := options[tflitefb.BatchMatMulOptionsT](n)
	x, y := n.in(0), n.in(1)
	if !x.Valid() || !y.Valid() {
		return
	}
	switch {
	case x.Rank() == 2 && y.Rank() == 2:
		n.set(n.b.Op(op.MatMul{TransposeA: o.AdjX, TransposeB: o.AdjY}, x, y))
	case y.Rank() == 2 && !o.AdjX && x.Rank() > 2: // one matrix for all
		features, units := y.Shape[0], y.Shape[1]
		if o.AdjY {
			features, units = units, features
		}
		z := n.b.Op(op.MatMul{TransposeB: o.AdjY}, n.b.Reshape(x, tensor.Unknown, features), y)
		if z.Valid() {
			n.set(n.reshape(z, append(x.Shape[:x.Rank()-1].Clone(), units)))
		}
	default:
		n.set(n.b.Op(op.BatchMatMul{TransposeA: o.AdjX, TransposeB: o.AdjY}, x, y))
	}
}

// readTransposeConv reads a transposed convolution; input 0 is the shape of the result.
func readTransposeConv(n *node) {
	o := options[tflitefb.TransposeConvOptionsT](n)
	shape := n.numbers(0)
	w := n.filter(4, []int{1, 2, 0, 3}, same)
	x := n.in(2)
	if shape == nil || !x.Valid() || !w.Valid() {
		return
	}
	if x.Rank() != 4 || len(shape) != 4 {
		n.b.Errorf("got images of shape %v for a result of shape %v, want 4 dimensions", x.Shape, shape)
		return
	}
	t := op.Conv2DTranspose{Window: window([2]int(w.Shape[:2]), pair(o.StrideH, o.StrideW), [2]int{1, 1}, o.Padding)}
	for a := range 2 {
		from, to := x.Shape[1+a], shape[1+a]
		switch {
		case from != tensor.Unknown && to != tensor.Unknown:
			t.Last[a] = to - (from-1)*t.Stride[a]
		case t.Padding == op.Same:
			t.Last[a] = t.Stride[a]
		default:
			t.Last[a] = max(t.Size[a], t.Stride[a])
		}
	}
	n.set(n.biased(n.b.Op(t, x, w), 3, o.FusedActivationFunction))
}

func readResizeBilinear(n *node) {
	o := options[tflitefb.ResizeBilinearOptionsT](n)
	n.resize(op.Bilinear, o.AlignCorners, o.HalfPixelCenters)
}

func readResizeNearest(n *node) {
	o := options[tflitefb.ResizeNearestNeighborOptionsT](n)
	n.resize(op.Nearest, o.AlignCorners, o.HalfPixelCenters)
}

// resize resamples images. Old converters place pixels differently; lince has that only where it makes no difference.
func (n *node) resize(method op.Resampling, corners, centers bool) {
	x, to := n.in(0), n.numbers(1)
	if !x.Valid() || to == nil {
		return
	}
	if scale, ok := n.scaleOf(x); ok && (centers || method == op.Nearest && !corners) {
		n.set(n.b.Op(op.Resize{Scale: scale, Method: method}, x))
		return
	}
	if x.Rank() != 4 || len(to) != 2 || min(to[0], to[1]) < 1 || max(to[0], to[1]) > 1<<14 {
		n.b.Errorf("got images of shape %v and size %v, want 4 dimensions and a known height and width", x.Shape, to)
		return
	}
	h, w := x.Shape[1], x.Shape[2]
	whole := h > 0 && w > 0 && to[0]%h == 0 && to[1]%w == 0
	switch {
	case method == op.Nearest && whole && !corners: // both ways of placing pixels agree
		n.set(n.b.Op(op.Resize{Scale: [2]int{to[0] / h, to[1] / w}, Method: method}, x))
	case h == to[0] && w == to[1]:
		n.set(x)
	case corners || !centers:
		n.linear(x, [2]int(to), method, corners)
	default:
		n.set(n.b.Op(op.Resize{Size: [2]int(to), Method: method}, x))
	}
}

// scaleOf returns the factors by which images of an unknown size grow. ok is false if the sizes at input 1 are others.
func (n *node) scaleOf(x *graph.Value) (scale [2]int, ok bool) {
	from := n.origins[n.Inputs[1]]
	if x.Rank() != 4 || len(from) != 2 || x.Shape[1] != tensor.Unknown && x.Shape[2] != tensor.Unknown {
		return scale, false
	}
	for a, o := range from {
		if o.v != x || o.axis != 1+a {
			return scale, false
		}
		scale[a] = o.factor
	}
	return scale, true
}

// linear resizes as TensorFlow 1 does: pixel i of the result is at i*scale.
func (n *node) linear(x *graph.Value, to [2]int, method op.Resampling, corners bool) {
	if !x.Shape[1:].Known() {
		n.b.Errorf("got images of shape %v, want a known height and width", x.Shape)
		return
	}
	if !n.fits(to[0]+to[1], 0) {
		return
	}
	n.set(n.b.Op(op.Resize{Method: op.Given, Given: &[2]op.Taps{
		tapsOf(x.Shape[1], to[0], method, corners), tapsOf(x.Shape[2], to[1], method, corners),
	}}, x))
}

// tapsOf returns the weights of pixels along an axis. Positions are computed in float32, as in the interpreter.
func tapsOf(from, to int, method op.Resampling, corners bool) op.Taps {
	scale := float32(from) / float32(to)
	if corners && to > 1 {
		scale = float32(from-1) / float32(to-1)
	}
	var t op.Taps
	for j := range to {
		at := float32(j) * scale
		i := min(int(at), from-1)
		switch f := at - float32(i); {
		case method == op.Nearest && corners:
			i = min(int(at+.5), from-1)
			fallthrough
		case method == op.Nearest, i == from-1:
			t.First, t.Weights = append(t.First, i), append(t.Weights, []float32{1})
		default:
			t.First, t.Weights = append(t.First, i), append(t.Weights, []float32{1 - f, f})
		}
	}
	return t
}
