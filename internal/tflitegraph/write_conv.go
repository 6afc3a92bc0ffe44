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

// weights returns a constant filter or matrix with permuted dimensions, scaled along the last one.
func (w *writer) weights(c *tensor.Tensor, name string, a affine, perm []int, shape func(s tensor.Shape) tensor.Shape) int {
	key := fmt.Sprintf("%p %v", c, perm)
	if i, ok := w.small[key]; ok && !a.scaled { // several operators share it
		return i
	}
	if a.scaled {
		t := tensor.New(tensor.Float32, c.Shape()...)
		for i, x := range c.Float32s() {
			t.Float32s()[i] = float32(float64(x) * a.scale[i%len(a.scale)])
		}
		c = t
	}
	if !slices.IsSorted(perm) {
		c = numbers.Permute(c, perm)
	}
	i := w.constant(c.Reshape(shape(c.Shape())...), name)
	if !a.scaled {
		w.small[key] = i
	}
	return i
}

// bias returns the shifts as a constant, or -1 if there are none.
func (w *writer) bias(a affine) int {
	if !a.add {
		return -1
	}
	c := tensor.New(tensor.Float32, len(a.shift))
	for i, x := range a.shift {
		c.Float32s()[i] = float32(x)
	}
	return w.constant(c, w.name("bias"))
}

// padded returns the images that a window slides over, and the padding of the operator. Padding that TensorFlow Lite lacks
// becomes a separate operator, which pads with value.
func (w *writer) padded(x *graph.Value, win op.Window, value float64) (int, tflitefb.Padding) {
	before, after := []int{0, 0, 0, 0}, []int{0, 0, 0, 0}
	switch win.Padding {
	case op.Same:
		return w.tensor(x), tflitefb.PaddingSAME
	case op.Causal:
		for i := range 2 {
			before[1+i] = win.Span(i) - 1
		}
	case op.Explicit:
		for i, p := range win.Pads {
			before[1+i], after[1+i] = p[0], p[1]
		}
	}
	if slices.Max(before) == 0 && slices.Max(after) == 0 {
		return w.tensor(x), tflitefb.PaddingVALID
	}
	s := x.Shape.Clone()
	for i := range s {
		if s[i] != tensor.Unknown {
			s[i] += before[i] + after[i]
		}
	}
	return w.pad(w.temp(x.DType, s...), w.tensor(x), before, after, value), tflitefb.PaddingVALID
}

func writeConv(w *writer, n *graph.Node, out *graph.Value, a affine, f tflitefb.ActivationFunctionType) {
	o := n.Op.(op.Conv2D)
	x, p := w.padded(n.In[0], o.Window, 0)
	filter := w.weights(w.consts[n.In[1]], nameOf(n.In[1]), a, []int{3, 0, 1, 2}, same)
	version := 1
	if o.Groups > 1 {
		version = 6
	}
	a.add = true // the operator needs a bias
	w.emitVersion(version, tflitefb.BuiltinOperatorCONV_2D, &tflitefb.Conv2DOptionsT{
		Padding: p, StrideH: int32(o.Stride[0]), StrideW: int32(o.Stride[1]), DilationHFactor: int32(o.Dilation[0]), DilationWFactor: int32(o.Dilation[1]),
		FusedActivationFunction: f,
	}, w.result(out), x, filter, w.bias(a))
}

func writeDepthwiseConv(w *writer, n *graph.Node, out *graph.Value, a affine, f tflitefb.ActivationFunctionType) {
	o := n.Op.(op.DepthwiseConv2D)
	x, p := w.padded(n.In[0], o.Window, 0)
	filter := w.weights(w.consts[n.In[1]], nameOf(n.In[1]), a, []int{0, 1, 2, 3}, func(s tensor.Shape) tensor.Shape { return tensor.Shape{1, s[0], s[1], s[2] * s[3]} })
	version := 1
	if o.Dilation != [2]int{1, 1} {
		version = 2
	}
	a.add = true
	w.emitVersion(version, tflitefb.BuiltinOperatorDEPTHWISE_CONV_2D, &tflitefb.DepthwiseConv2DOptionsT{
		Padding: p, StrideH: int32(o.Stride[0]), StrideW: int32(o.Stride[1]), DilationHFactor: int32(o.Dilation[0]), DilationWFactor: int32(o.Dilation[1]),
		FusedActivationFunction: f, DepthMultiplier: int32(n.In[1].Shape[3]),
	}, w.result(out), x, filter, w.bias(a))
}

// writeConvTranspose writes a transposed convolution. Its operator gets the shape of the result, which depends on the batch.
func writeConvTranspose(w *writer, n *graph.Node, out *graph.Value, a affine, f tflitefb.ActivationFunctionType) {
	o := n.Op.(op.Conv2DTranspose)
	x, c := n.In[0], w.consts[n.In[1]]
	if a.scaled { // the output channels are not the last dimension of the filter
		t := tensor.New(tensor.Float32, c.Shape()...)
		inner := c.Shape()[3]
		for i, v := range c.Float32s() {
			t.Float32s()[i] = float32(float64(v) * a.scale[i/inner%len(a.scale)])
		}
		c = t
	}
	c = dilated(c, o.Dilation)
	p := tflitefb.PaddingVALID
	cut := o.Padding == op.Explicit || o.Padding == op.Causal
	if o.Padding == op.Same {
		p = tflitefb.PaddingSAME
	}
	// The result is larger by what the window's padding cuts off.
	size := []int{0, o.Last[0], o.Last[1], out.Shape[3]}
	begin := []int{0, 0, 0, 0}
	for i := range 2 {
		if cut {
			begin[1+i] = o.Before(i, o.Last[i])
			size[1+i] += begin[1+i] + o.Pads[i][1]
		}
	}
	full := out.Shape.Clone()
	for i := range 2 {
		if full[1+i] == tensor.Unknown {
			continue
		}
		full[1+i] = (x.Shape[1+i]-1)*o.Stride[i] + size[1+i]
	}
	options := &tflitefb.TransposeConvOptionsT{Padding: p, StrideH: int32(o.Stride[0]), StrideW: int32(o.Stride[1])}
	in := []int{w.transposedShape(x, full, o, size), w.constant(numbers.Permute(c, []int{2, 0, 1, 3}), nameOf(n.In[1])), w.tensor(x)}
	version := 1
	if a.add {
		in = append(in, w.bias(a))
		version = 3
	}
	if f != tflitefb.ActivationFunctionTypeNONE {
		options.FusedActivationFunction = f
		version = 4
	}
	if !cut {
		w.emitVersion(version, tflitefb.BuiltinOperatorTRANSPOSE_CONV, options, w.result(out), in...)
		return
	}
	y := w.emitVersion(version, tflitefb.BuiltinOperatorTRANSPOSE_CONV, options, w.temp(x.DType, full...), in...)
	ends := make([]int, 4)
	mask := int32(1 | 8)
	for i := range 2 {
		if ends[1+i] = -o.Pads[i][1]; ends[1+i] == 0 {
			mask |= 1 << (1 + i)
		}
	}
	w.emit(tflitefb.BuiltinOperatorSTRIDED_SLICE, &tflitefb.StridedSliceOptionsT{EndMask: mask}, w.result(out), y, w.ints(begin...), w.ints(ends...), w.ints(1, 1, 1, 1))
}

// dilated puts zeros between the pixels of a filter.
func dilated(c *tensor.Tensor, dilation [2]int) *tensor.Tensor {
	if dilation == [2]int{1, 1} {
		return c
	}
	s := c.Shape()
	h, width, inner := (s[0]-1)*dilation[0]+1, (s[1]-1)*dilation[1]+1, s[2]*s[3]
	t := tensor.New(tensor.Float32, h, width, s[2], s[3])
	for i := range s[0] {
		for j := range s[1] {
			copy(t.Float32s()[(i*dilation[0]*width+j*dilation[1])*inner:][:inner], c.Float32s()[(i*s[1]+j)*inner:])
		}
	}
	return t
}

// transposedShape returns the shape of the result of a transposed convolution: (n-1)*stride + size along an axis of n pixels.
func (w *writer) transposedShape(x *graph.Value, full tensor.Shape, o op.Conv2DTranspose, size []int) int {
	if full.Known() {
		return w.ints(full...)
	}
	// shape(x) * factor + term
	factor, term := []int{1, 0, 0, 0}, []int{0, full[1], full[2], full[3]}
	for i := range 2 {
		if full[1+i] == tensor.Unknown {
			factor[1+i], term[1+i] = o.Stride[i], size[1+i]-o.Stride[i]
		}
	}
	s := w.product(w.temp(tensor.Int32, 4), w.shape(x), w.ints(factor...))
	return w.sum(w.temp(tensor.Int32, 4), s, w.ints(term...))
}

func writePool(code tflitefb.BuiltinOperator, w *writer, x int, out int, win op.Window, p tflitefb.Padding, f tflitefb.ActivationFunctionType) {
	w.emit(code, &tflitefb.Pool2DOptionsT{
		Padding: p, StrideH: int32(win.Stride[0]), StrideW: int32(win.Stride[1]), FilterHeight: int32(win.Size[0]), FilterWidth: int32(win.Size[1]),
		FusedActivationFunction: f,
	}, out, x)
}

func writeMaxPool(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
	o := n.Op.(op.MaxPool2D)
	if w.users[n.Out[1]] > 0 {
		w.fail("the positions of the maxima are used, which TensorFlow Lite does not give")
	}
	const least = -3.4028234663852886e38 // TensorFlow Lite's padding does not count
	x, p := w.padded(n.In[0], o.Window, least)
	writePool(tflitefb.BuiltinOperatorMAX_POOL_2D, w, x, w.result(out), o.Window, p, f)
}

func writeAveragePool(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
	o := n.Op.(op.AveragePool2D)
	x, p := w.padded(n.In[0], o.Window, 0)
	if o.Padding != op.Explicit || o.Pads == [2][2]int{} {
		writePool(tflitefb.BuiltinOperatorAVERAGE_POOL_2D, w, x, w.result(out), o.Window, p, f)
		return
	}
	// The zeros around the images count here; each mean is scaled by the share of the pixels.
	s := n.Out[0].Shape
	if !s[1:].Known() {
		w.fail("the size of the images must be known")
		return
	}
	share := tensor.New(tensor.Float32, 1, s[1], s[2], 1)
	for i := range s[1] {
		for j := range s[2] {
			pixels := pixelsIn(o.Window, 0, i, n.In[0].Shape[1]) * pixelsIn(o.Window, 1, j, n.In[0].Shape[2])
			share.Float32s()[i*s[2]+j] = float32(o.Size[0]*o.Size[1]) / float32(pixels)
		}
	}
	y := w.like(n.Out[0])
	writePool(tflitefb.BuiltinOperatorAVERAGE_POOL_2D, w, x, y, o.Window, p, tflitefb.ActivationFunctionTypeNONE)
	w.emit(tflitefb.BuiltinOperatorMUL, &tflitefb.MulOptionsT{FusedActivationFunction: f}, w.result(out), y, w.constant(share, w.name("share")))
}

// pixelsIn returns how many of size pixels position i of a window has along an axis.
func pixelsIn(win op.Window, axis, i, size int) int {
	from := i*win.Stride[axis] - win.Before(axis, size)
	return min(from+win.Size[axis], size) - max(from, 0)
}

// writeProduct writes a product with a constant matrix. The operator's matrix is (units, features).
func writeProduct(w *writer, n *graph.Node, out *graph.Value, a affine, f tflitefb.ActivationFunctionType) {
	c, perm := w.consts[n.In[1]], []int{1, 0}
	if n.Op.(op.MatMul).TransposeB { // the units are the rows
		c = numbers.Permute(c, perm)
	}
	in := []int{w.tensor(n.In[0]), w.weights(c, nameOf(n.In[1]), a, perm, same)}
	if a.add {
		in = append(in, w.bias(a))
	}
	w.emit(tflitefb.BuiltinOperatorFULLY_CONNECTED, &tflitefb.FullyConnectedOptionsT{FusedActivationFunction: f}, w.result(out), in...)
}

func writeMatMul(w *writer, n *graph.Node) {
	o := n.Op.(op.MatMul)
	w.batchMatMul(n, o.TransposeA, o.TransposeB)
}

func writeBatchMatMul(w *writer, n *graph.Node) {
	o := n.Op.(op.BatchMatMul)
	w.batchMatMul(n, o.TransposeA, o.TransposeB)
}

func (w *writer) batchMatMul(n *graph.Node, x, y bool) {
	w.emit(tflitefb.BuiltinOperatorBATCH_MATMUL, &tflitefb.BatchMatMulOptionsT{AdjX: x, AdjY: y}, w.result(n.Out[0]), w.tensor(n.In[0]), w.tensor(n.In[1]))
}

func writeResize(w *writer, n *graph.Node) {
	o, x := n.Op.(op.Resize), n.In[0]
	s := n.Out[0].Shape
	known := s[1] != tensor.Unknown && s[2] != tensor.Unknown
	whole := o.Size == [2]int{}
	if h, width := x.Shape[1], x.Shape[2]; known && h > 0 && width > 0 {
		whole = whole || s[1]%h == 0 && s[2]%width == 0
	}
	var to int
	switch {
	case known:
		to = w.ints(s[1], s[2])
	case o.Size == [2]int{} && (o.Method == op.Nearest || o.Method == op.Bilinear && !o.Antialias):
		size := w.slice(w.temp(tensor.Int32, 2), w.shape(x), []int{1}, []int{2})
		to = w.product(w.temp(tensor.Int32, 2), size, w.ints(o.Scale[0], o.Scale[1]))
	default:
		w.fail("the size of the images must be known")
		w.result(n.Out[0])
		return
	}
	switch {
	case o.Method == op.Nearest && whole:
		w.emitVersion(3, tflitefb.BuiltinOperatorRESIZE_NEAREST_NEIGHBOR, &tflitefb.ResizeNearestNeighborOptionsT{HalfPixelCenters: true}, w.result(n.Out[0]), w.tensor(x), to)
	case o.Method == op.Bilinear && !o.Antialias:
		w.emitVersion(3, tflitefb.BuiltinOperatorRESIZE_BILINEAR, &tflitefb.ResizeBilinearOptionsT{HalfPixelCenters: true}, w.result(n.Out[0]), w.tensor(x), to)
	case x.Shape[1] == tensor.Unknown || x.Shape[2] == tensor.Unknown:
		w.fail("the size of the images must be known")
		w.result(n.Out[0])
	default:
		w.resample(n, o)
	}
}

// resample writes a resize as products with the matrices of its weights, along the height and then along the width.
func (w *writer) resample(n *graph.Node, o op.Resize) {
	x, s := w.tensor(n.In[0]), n.In[0].Shape.Clone()
	for a := range 2 {
		taps := o.Taps(a, s[1+a])
		m := tensor.New(tensor.Float32, len(taps.First), s[1+a])
		for i, list := range taps.Weights {
			copy(m.Float32s()[i*s[1+a]+taps.First[i]:], list)
		}
		perm := moved(4, 1+a)
		p := tensor.Shape{s[perm[0]], s[perm[1]], s[perm[2]], s[perm[3]]}
		y := w.transpose(w.temp(tensor.Float32, p...), x, perm)
		p[3] = len(taps.First)
		y = w.emitVersion(5, tflitefb.BuiltinOperatorFULLY_CONNECTED, &tflitefb.FullyConnectedOptionsT{KeepNumDims: true}, w.temp(tensor.Float32, p...), y, w.constant(m, w.name("weights")))
		s[1+a] = len(taps.First)
		x = w.transpose(w.last(a == 1, n.Out[0], s), y, inverse(perm))
	}
}

// last returns the tensor of v if this is its last step, else one of shape s.
func (w *writer) last(is bool, v *graph.Value, s tensor.Shape) int {
	if is {
		return w.result(v)
	}
	return w.temp(v.DType, s...)
}

// writeAdaptiveMaxPool takes the maxima of ranges of rows, and then of ranges of columns.
func writeAdaptiveMaxPool(w *writer, n *graph.Node) {
	o, s := n.Op.(op.AdaptiveMaxPool2D), n.In[0].Shape.Clone()
	if !s[1:].Known() || w.users[n.Out[1]] > 0 {
		w.fail("the size of the images must be known, and the positions of the maxima must not be used")
		w.result(n.Out[0])
		return
	}
	x := w.tensor(n.In[0])
	for a := range 2 {
		var parts []int
		from := s[1+a]
		for i := range o.Size[a] {
			lo, hi := op.Adaptive(i, from, o.Size[a])
			begin, size := []int{0, 0, 0, 0}, []int{-1, -1, -1, -1}
			begin[1+a], size[1+a] = lo, hi-lo
			s[1+a] = hi - lo
			part := w.slice(w.temp(tensor.Float32, s...), x, begin, size)
			s[1+a] = 1
			parts = append(parts, w.emit(tflitefb.BuiltinOperatorREDUCE_MAX, &tflitefb.ReducerOptionsT{KeepDims: true}, w.temp(tensor.Float32, s...), part, w.ints(1+a)))
		}
		s[1+a] = o.Size[a]
		x = w.emit(tflitefb.BuiltinOperatorCONCATENATION, &tflitefb.ConcatenationOptionsT{Axis: int32(1 + a)}, w.last(a == 1, n.Out[0], s), parts...)
	}
}
