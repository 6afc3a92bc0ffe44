package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// conv writes op.Conv2D and op.DepthwiseConv2D, whose filters become OIHW.
func conv(w *writer, n *graph.Node) *plan { return w.convolution(n, n, nil) }

// convTranspose writes op.Conv2DTranspose, whose filter becomes IOHW.
func convTranspose(w *writer, n *graph.Node) *plan { return w.convolution(n, n, nil) }

// biased is a convolution, of any kind, whose result nothing but the addition of a bias uses.
func biased(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Add, func(y, bias *graph.Value) bool {
		switch y.Node.Op.(type) {
		case op.Conv2D, op.DepthwiseConv2D, op.Conv2DTranspose:
			if w.once(y) && isVector(bias, y.Shape[3]) {
				p = w.convolution(n, y.Node, bias)
			}
		}
		return p != nil
	})
	return p
}

// convolution plans the convolution c, with an optional bias, which computes the result of n.
func (w *writer) convolution(n, c *graph.Node, bias *graph.Value) *plan {
	x, filter := c.In[0], c.In[1]
	in := []*graph.Value{x, filter}
	if bias != nil {
		in = append(in, bias)
	}
	done := func(operator string, kernel *ref, attributes ...*onnxpb.AttributeProto) {
		refs := []*ref{w.get(x, channelsFirst(4)), kernel}
		if bias != nil {
			refs = append(refs, w.get(bias, identity(1)))
		}
		w.set(n.Out[0], w.node(operator, refs, attributes...), channelsFirst(4))
	}
	switch o := c.Op.(type) {
	case op.Conv2D:
		var window op.Window
		x, window = w.padded(x, o.Window)
		in[0] = x
		return &plan{in, func() {
			a := windowOf(window, x.Shape)
			if o.Groups > 1 {
				a = append(a, integer("group", o.Groups))
			}
			done("Conv", w.get(filter, []int{3, 2, 0, 1}), a...)
		}}
	case op.DepthwiseConv2D:
		var window op.Window
		x, window = w.padded(x, o.Window)
		in[0] = x
		return &plan{in, func() {
			done("Conv", w.depthwise(filter), append(windowOf(window, x.Shape), integer("group", filter.Shape[2]))...)
		}}
	case op.Conv2DTranspose:
		return &plan{in, func() {
			a := windowOf(op.Window{Size: o.Size, Stride: o.Stride, Dilation: o.Dilation}, x.Shape)
			pads, extra := make([]int, 4), make([]int, 2)
			for i := range 2 {
				before, after := o.Pads[i][0], o.Pads[i][1]
				if o.Padding != op.Explicit {
					// The window of the last pixel has one position in Last pixels.
					before = o.Before(i, o.Last[i])
					after = max(0, o.Span(i)-o.Last[i]-before)
				}
				pads[i], pads[i+2], extra[i] = before, after, o.Last[i]-o.Span(i)+before+after
			}
			if slices.Max(pads) > 0 {
				a = append(a, ints("pads", pads...))
			}
			if slices.Max(extra) > 0 {
				a = append(a, ints("output_padding", extra...))
			}
			done("ConvTranspose", w.get(filter, []int{3, 2, 0, 1}), a...)
		}}
	}
	return nil
}

// padded returns the operand of a window before zeros were added around it, and a window that adds them.
func (w *writer) padded(x *graph.Value, window op.Window) (*graph.Value, op.Window) {
	o, ok := x.Node.Op.(op.Pad)
	if !ok || o.Value != 0 || window.Padding == op.Same || window.Padding == op.Causal || o.Before[0]+o.After[0]+o.Before[3]+o.After[3] > 0 {
		return x, window
	}
	window.Padding = op.Explicit
	for a := range 2 {
		window.Pads[a][0] += o.Before[1+a]
		window.Pads[a][1] += o.After[1+a]
	}
	return x.Node.In[0], window
}

// depthwise returns the filter (height, width, channels, multiplier) of a depthwise convolution as one of as many groups as
// channels, (channels*multiplier, 1, height, width).
func (w *writer) depthwise(filter *graph.Value) *ref {
	s := filter.Shape
	shape := []int{s[2] * s[3], 1, s[0], s[1]}
	perm := []int{2, 3, 0, 1}
	static := w.static(filter)
	if static == nil {
		return w.node("Reshape", []*ref{w.get(filter, perm), w.integers(shape...)})
	}
	key := shaped{static, "depthwise"}
	if w.shaped[key] == nil {
		w.shaped[key] = w.initializer(static.name, permuted(static.value, perm).Reshape(shape...))
	}
	return w.shaped[key]
}

// windowOf returns the attributes of a window over images of shape (batch, height, width, channels). Attributes with default values
// are left out.
func windowOf(o op.Window, s tensor.Shape) []*onnxpb.AttributeProto {
	a := []*onnxpb.AttributeProto{ints("kernel_shape", o.Size[:]...)}
	if o.Stride != [2]int{1, 1} {
		a = append(a, ints("strides", o.Stride[:]...))
	}
	if o.Dilation != [2]int{1, 1} {
		a = append(a, ints("dilations", o.Dilation[:]...))
	}
	pads := make([]int, 4)
	for i := range 2 {
		size := s[1+i]
		switch {
		case o.Padding == op.Same && size == tensor.Unknown && o.Stride[i] > 1:
			return append(a, text("auto_pad", "SAME_UPPER"))
		case o.Padding == op.Same && size == tensor.Unknown:
			size = o.Span(i) // with a stride of 1, the padding is the same for each size
		}
		pads[i], pads[2+i] = o.Before(i, size), o.Pads[i][1]
		if o.Padding == op.Same {
			pads[2+i] = max(0, (o.Out(i, size)-1)*o.Stride[i]+o.Span(i)-size) - pads[i]
		}
	}
	if slices.Max(pads) > 0 {
		a = append(a, ints("pads", pads...))
	}
	return a
}

// pool returns a rule for a pool whose padding does not count.
func pool(operator string) rule {
	return func(w *writer, n *graph.Node) *plan {
		var window op.Window
		switch o := n.Op.(type) {
		case op.MaxPool2D:
			window = o.Window
		case op.AveragePool2D:
			window = o.Window
		}
		x := n.In[0]
		if operator == "MaxPool" {
			// Padding of a maximum is -Inf. Zeros around numbers of at least 0 give the same maximum, if each window has a pixel.
			if y, larger := w.padded(x, window); y != x && nonnegative(y) && inside(larger) {
				x, window = y, larger
			}
		}
		return &plan{[]*graph.Value{x}, func() {
			w.set(n.Out[0], w.node(operator, []*ref{w.get(x, channelsFirst(4))}, windowOf(window, x.Shape)...), channelsFirst(4))
		}}
	}
}

// nonnegative reports whether an activation function makes all numbers at least 0.
func nonnegative(v *graph.Value) bool {
	switch o := v.Node.Op.(type) {
	case op.Unary:
		return o.Fn == op.ReLU || o.Fn == op.ReLU6 || o.Fn == op.Sigmoid
	case op.MaxPool2D, op.AveragePool2D:
		return nonnegative(v.Node.In[0])
	}
	return false
}

// inside reports whether each position of a window contains a pixel.
func inside(o op.Window) bool {
	for a, p := range o.Pads {
		if max(p[0], p[1]) >= o.Size[a] {
			return false
		}
	}
	return true
}

// adaptiveMaxPool is a pool if all windows are equal. Otherwise it takes the maximum of each window of rows, then of columns.
func adaptiveMaxPool(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.AdaptiveMaxPool2D), n.In[0]
	h, wide := x.Shape[1], x.Shape[2]
	if h == tensor.Unknown || wide == tensor.Unknown {
		return nil
	}
	return &plan{n.In, func() {
		y := w.get(x, channelsFirst(4))
		if h%o.Size[0] == 0 && wide%o.Size[1] == 0 {
			size := []int{h / o.Size[0], wide / o.Size[1]}
			w.set(n.Out[0], w.node("MaxPool", []*ref{y}, ints("kernel_shape", size...), ints("strides", size...)), channelsFirst(4))
			return
		}
		for a, size := range []int{h, wide} {
			var rows []*ref
			for i := range o.Size[a] {
				lo, hi := op.Adaptive(i, size, o.Size[a])
				rows = append(rows, w.reduce("ReduceMax", w.node("Slice", []*ref{y, w.integers(lo), w.integers(hi), w.integers(2 + a)}), true, 2+a))
			}
			y = w.node("Concat", rows, integer("axis", 2+a))
		}
		w.set(n.Out[0], y, channelsFirst(4))
	}}
}
