package onnxgraph

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// resize writes op.Resize. ONNX's Resize computes the same as Nearest and Bilinear. The other methods differ in the weights at the
// borders or in their rounding. They become products with two matrices that hold op.Resize's own weights.
func resize(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.Resize), n.In[0]
	h, wide := x.Shape[1], x.Shape[2]
	known := h != tensor.Unknown && wide != tensor.Unknown
	native := o.Method == op.Nearest || o.Method == op.Bilinear && (!o.Antialias || known && o.Out(0, h) >= h && o.Out(1, wide) >= wide)
	if !native && !known {
		return nil
	}
	return &plan{n.In, func() {
		in := w.get(x, channelsFirst(4))
		switch {
		case native:
			in = w.resample(o, x, in)
		case o.Method == op.AdaptiveMean && h%o.Size[0] == 0 && wide%o.Size[1] == 0:
			size := []int{h / o.Size[0], wide / o.Size[1]}
			in = w.node("AveragePool", []*ref{in}, ints("kernel_shape", size...), ints("strides", size...))
		default:
			in = w.node("MatMul", []*ref{w.taps("rows", o, 0, h, x.DType), in})
			in = w.node("MatMul", []*ref{in, w.taps("columns", o, 1, wide, x.DType)})
		}
		w.set(n.Out[0], in, channelsFirst(4))
	}}
}

// taps returns the weights of an axis as a matrix: (new, old) for rows, and (old, new) for columns.
func (w *writer) taps(name string, o op.Resize, axis, size int, d tensor.DType) *ref {
	t := o.Taps(axis, size)
	count := len(t.First)
	m := tensor.New(d, count, size)
	if axis == 1 {
		m = tensor.New(d, size, count)
	}
	for i, weights := range t.Weights {
		for j, x := range weights {
			at := i*size + t.First[i] + j
			if axis == 1 {
				at = (t.First[i]+j)*count + i
			}
			copy(m.Raw()[at*d.Size():], scalarOf(d, float64(x)).Raw())
		}
	}
	return w.initializer(w.named(w.layer, name), m)
}

// resample adds ONNX's Resize to images (batch, channels, height, width).
func (w *writer) resample(o op.Resize, x *graph.Value, in *ref) *ref {
	a := []*onnxpb.AttributeProto{text("mode", "linear")}
	if o.Method == op.Nearest {
		a = []*onnxpb.AttributeProto{text("mode", "nearest")}
		if o.Size == [2]int{} {
			a = append(a, text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor"))
		} else {
			a = append(a, text("nearest_mode", "round_prefer_ceil")) // of half_pixel, the default
		}
	}
	if o.Size == [2]int{} {
		return w.node("Resize", []*ref{in, nil, w.scales(float32(o.Scale[0]), float32(o.Scale[1]))}, a...)
	}
	if up, ok := exactScale(x.Shape[1], o.Size[0]); ok {
		if across, ok := exactScale(x.Shape[2], o.Size[1]); ok {
			return w.node("Resize", []*ref{in, nil, w.scales(up, across)}, a...)
		}
	}
	return w.resizeTo(in, o.Size[0], o.Size[1], a...)
}

// resizeTo adds ONNX's Resize of images (batch, channels, height, width) to a size. It computes the whole shape. Since opset 18, axes could
// say that the size is that of the last two dimensions, but ONNX Runtime 1.32 fails if it moves a Transpose over such a Resize.
func (w *writer) resizeTo(in *ref, height, width int, a ...*onnxpb.AttributeProto) *ref {
	shape := w.node("Slice", []*ref{w.node("Shape", []*ref{in}), w.integers(0), w.integers(2)})
	shape = w.node("Concat", []*ref{shape, w.integers(height, width)}, integer("axis", 0))
	return w.node("Resize", []*ref{in, nil, nil, shape}, a...)
}

// exactScale returns the factor by which size becomes to, if it is a power of two or an integer: with other factors, the
// positions would be rounded differently.
func exactScale(size, to int) (float32, bool) {
	if size < 1 {
		return 0, false
	}
	if to%size == 0 {
		return float32(to / size), true
	}
	f := float64(to) / float64(size)
	m, _ := math.Frexp(f)
	return float32(f), m == .5
}

// scales adds the factors of a Resize of height and width.
func (w *writer) scales(height, width float32) *ref {
	t := tensor.Of([]float32{1, 1, height, width}, 4)
	name := fmt.Sprintf("constant/%v", t.Float32s())
	if w.constants[name] == nil {
		w.constants[name] = w.initializer(name, t)
	}
	return w.constants[name]
}
