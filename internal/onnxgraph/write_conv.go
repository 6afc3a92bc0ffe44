package onnxgraph

import (
	"fmt"
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
	// done writes the operator, with the filter in the order perm. shape is that of the filter in ONNX, if it is not the filter's own.
	done := func(operator string, window op.Window, perm, shape []int, attributes ...*onnxpb.AttributeProto) {
		kernel := func(row bool) *ref { return w.filter(filter, perm, shape, row) }
		w.windowed(n.Out[0], x, operator, window, kernel, bias, attributes)
	}
	switch o := c.Op.(type) {
	case op.Conv2D:
		var window op.Window
		x, window = w.padded(x, o.Window)
		in[0] = x
		return &plan{in, func() {
			var group *onnxpb.AttributeProto
			if o.Groups > 1 {
				group = integer("group", o.Groups)
			}
			done("Conv", window, []int{3, 2, 0, 1}, nil, group)
		}}
	case op.DepthwiseConv2D:
		var window op.Window
		x, window = w.padded(x, o.Window)
		in[0] = x
		return &plan{in, func() {
			// A filter (height, width, channels, multiplier) is one of as many groups as channels.
			f := filter.Shape
			done("Conv", window, []int{2, 3, 0, 1}, []int{f[2] * f[3], 1, f[0], f[1]}, integer("group", f[2]))
		}}
	case op.Conv2DTranspose:
		return &plan{in, func() {
			window := op.Window{Size: o.Size, Stride: o.Stride, Dilation: o.Dilation, Padding: op.Explicit}
			extra := make([]int, 2)
			for i := range 2 {
				before, after := o.Pads[i][0], o.Pads[i][1]
				if o.Padding != op.Explicit {
					// The window of the last pixel has one position in Last pixels.
					before = o.Before(i, o.Last[i])
					after = max(0, o.Span(i)-o.Last[i]-before)
				}
				window.Pads[i], extra[i] = [2]int{before, after}, o.Last[i]-o.Span(i)+before+after
			}
			var more *onnxpb.AttributeProto
			if slices.Max(extra) > 0 {
				more = ints("output_padding", extra...)
			}
			done("ConvTranspose", window, []int{3, 2, 0, 1}, nil, more)
		}}
	}
	return nil
}

// windowed writes an operator whose window slides over x: over images, or over images of one row, for which it becomes an operator for
// sequences. filter returns the filter, if the operator has one, for images or for a row.
func (w *writer) windowed(y, x *graph.Value, operator string, window op.Window, filter func(row bool) *ref, bias *graph.Value, attributes []*onnxpb.AttributeProto) {
	row, ok := w.rows[x]
	attributes = slices.DeleteFunc(append(windowOf(window, x.Shape), attributes...), func(a *onnxpb.AttributeProto) bool { return a == nil })
	ok = ok && len(w.forms[x]) == 0 && window.Size[0] == 1 && !slices.ContainsFunc(attributes, changesHeight)
	var in []*ref
	if ok {
		in = []*ref{row.ref}
		for _, a := range attributes {
			switch len(a.Ints) {
			case 4:
				a.Ints = []int64{a.Ints[1], a.Ints[3]}
			case 2:
				a.Ints = a.Ints[1:]
			}
		}
	} else {
		in = []*ref{w.get(x, channelsFirst(4))}
	}
	if filter != nil {
		in = append(in, filter(ok))
	}
	if bias != nil {
		in = append(in, w.get(bias, identity(1)))
	}
	r := w.node(operator, in, attributes...)
	if ok {
		w.rows[y] = form{channelsFirst(3), r}
		return
	}
	w.set(y, r, channelsFirst(4))
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

// changesHeight reports whether an attribute of an operator makes images of one row higher.
func changesHeight(a *onnxpb.AttributeProto) bool {
	switch a.GetName() {
	case "pads":
		return a.Ints[0]+a.Ints[2] > 0
	case "output_padding":
		return a.Ints[0] > 0
	}
	return false
}

// filter returns a filter with its dimensions in the order perm, in the given shape or its own, without the height for a row.
func (w *writer) filter(v *graph.Value, perm, shape []int, row bool) *ref {
	if shape == nil && !row {
		return w.get(v, perm)
	}
	if shape == nil {
		shape = pick(v.Shape, perm)
	}
	if row {
		shape = slices.Delete(slices.Clone(shape), 2, 3)
	}
	static := w.static(v)
	if static == nil {
		return w.node("Reshape", []*ref{w.get(v, perm), w.integers(shape...)})
	}
	key := shaped{static, fmt.Sprint(perm, shape)}
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
			w.windowed(n.Out[0], x, operator, window, nil, nil, nil)
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
