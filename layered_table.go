package lince

import (
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// raisers propose layers for a value of a graph, those of most nodes first.
var raisers = []func(v *graph.Value) []candidate{
	raiseBatchNormalization, raiseActivation, raiseSlope, raisePReLU, raiseRescaling,
	raiseConv, raiseDense, raisePool, raiseGlobalPool, raiseLayerNormalization,
	raiseMerge, raiseConcatenate, raiseShape, raisePad, raiseCrop, raiseResize,
}

// biased returns the value before the addition of a bias, and whether there is one.
func biased(v *graph.Value) (*graph.Value, bool) {
	if v.Is("Add") {
		for i, w := range v.Node.In {
			if w.Is("Variable") || w.Is("Const") && w.Rank() == 1 {
				return v.Node.In[1-i], true
			}
		}
	}
	return v, false
}

// number returns a constant of one element.
func number(v *graph.Value) (float64, bool) {
	c, ok := v.Node.Op.(op.Const)
	if !ok || c.Value.Len() != 1 || c.Value.DType() != tensor.Float32 {
		return 0, false
	}
	return float64(c.Value.Float32s()[0]), true
}

// operandNumber returns the number that is an operand of a node, and the other operand.
func operandNumber(n *graph.Node) (float64, *graph.Value, bool) {
	if len(n.In) != 2 {
		return 0, nil, false
	}
	for i, v := range n.In {
		if f, ok := number(v); ok {
			return f, n.In[1-i], true
		}
	}
	return 0, nil, false
}

// raiseBatchNormalization finds epsilon in (x*gamma/sqrt(variance + epsilon)) + shift.
func raiseBatchNormalization(v *graph.Value) []candidate {
	if !v.Is("Add") {
		return nil
	}
	for _, mul := range v.Node.In {
		if !mul.Is("Mul") {
			continue
		}
		for i, scale := range mul.Node.In {
			if !scale.Is("Div") || !scale.Node.In[1].Is("Sqrt") || !scale.Node.In[1].Node.In[0].Is("Add") {
				continue
			}
			if e, _, ok := operandNumber(scale.Node.In[1].Node.In[0].Node); ok {
				e = shortest(e)
				var list []candidate
				for _, l := range []layer.BatchNormalization{{}, {NoScale: true}, {NoCenter: true}, {NoScale: true, NoCenter: true}} {
					l.Epsilon = &e
					list = append(list, candidate{layer: l, in: []op.Type{mul.Node.In[1-i].Type}})
				}
				return list
			}
		}
	}
	return nil
}

// activationForms are functions as files spell them, where it is not as in Keras.
var activationForms = []struct {
	f    layer.Function
	form func(b *graph.Builder, x *graph.Value) *graph.Value
}{
	{layer.ReLU, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Max(x, b.Constant(x.DType, 0)) }},
	{layer.ReLU6, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Clip(x, 0, 6) }},
	{layer.ReLU6, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Max(b.Min(x, b.Constant(x.DType, 6)), b.Constant(x.DType, 0))
	}},
	{layer.GELU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Scale(b.Mul(x, b.Offset(b.Erf(b.Div(x, b.Constant(x.DType, math.Sqrt2))), 1)), .5)
	}},
	{layer.GELU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Mul(b.Scale(x, .5), b.Offset(b.Erf(b.Div(x, b.Constant(x.DType, math.Sqrt2))), 1))
	}},
	{layer.GELU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Mul(x, b.Scale(b.Offset(b.Erf(b.Div(x, b.Constant(x.DType, math.Sqrt2))), 1), .5))
	}},
	{layer.HardSigmoid, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Scale(b.ReLU6(b.Offset(x, 3)), float64(float32(1./6)))
	}},
	{layer.HardSiLU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Mul(x, b.Scale(b.ReLU6(b.Offset(x, 3)), float64(float32(1./6))))
	}},
	{layer.HardSiLU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Div(b.Mul(x, b.ReLU6(b.Offset(x, 3))), b.Constant(x.DType, 6))
	}},
}

func raiseActivation(v *graph.Value) (list []candidate) {
	switch v.Node.Op.(type) {
	case op.Unary, op.Binary, op.Select, op.Softmax, op.Sparsemax:
	default:
		return nil
	}
	in := []op.Type{v.Type}
	types := v.String()
	for _, name := range layer.Activations() {
		if f := layer.Function(name); f != layer.Linear && f != layer.GLU && f != layer.Exponential {
			list = append(list, candidate{layer: layer.Activate{Activation: f}, in: in, key: patternKey{name, types}})
		}
	}
	for i, f := range activationForms {
		list = append(list, candidate{layer.Activate{Activation: f.f}, in, f.form, patternKey{fmt.Sprint("form ", i), types}})
	}
	return list
}

// raiseSlope finds LeakyReLU and ELU, whose numbers are among the operands of Select.
func raiseSlope(v *graph.Value) []candidate {
	if !v.Is("Select") {
		return nil
	}
	in := []op.Type{v.Type}
	var list []candidate
	below := func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Select(b.Binary(op.Less, x, b.Constant(x.DType, 0)), y, x)
	}
	expm1 := func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Expm1(b.Min(x, b.Constant(x.DType, 0)))
	}
	for _, w := range v.Node.In[1:] {
		f, _, ok := operandNumber(w.Node)
		if !ok || !w.Is("Mul") {
			continue
		}
		short := shortest(f)
		if f >= 0 {
			leaky := layer.LeakyReLU{NegativeSlope: &short}
			list = append(list, candidate{layer: leaky, in: in}, candidate{layer: leaky, in: in, form: func(b *graph.Builder, x *graph.Value) *graph.Value {
				return below(b, x, b.Scale(x, f))
			}})
		}
		elu := layer.ELULayer{Alpha: &short}
		list = append(list, candidate{layer: elu, in: in}, candidate{layer: elu, in: in, form: func(b *graph.Builder, x *graph.Value) *graph.Value {
			return below(b, x, b.Scale(expm1(b, x), f))
		}})
	}
	return list
}

// raisePReLU proposes a slope for each element, or one for each channel.
func raisePReLU(v *graph.Value) (list []candidate) {
	if !v.Is("Sub") || v.Rank() < 2 {
		return nil
	}
	var shared []int
	types := v.String()
	for a := 1; a <= v.Rank(); a++ {
		list = append(list, candidate{layer: layer.PReLU{SharedAxes: slices.Clone(shared)}, in: []op.Type{v.Type}, key: patternKey{fmt.Sprint("PReLU ", shared), types}})
		shared = append(shared, a)
	}
	return list
}

// raiseRescaling finds the numbers of x*scale + offset.
func raiseRescaling(v *graph.Value) []candidate {
	if !v.Is("Add") {
		return nil
	}
	offset, x, ok := operandNumber(v.Node)
	if !ok || !x.Is("Mul") {
		return nil
	}
	scale, _, ok := operandNumber(x.Node)
	if !ok {
		return nil
	}
	return []candidate{{layer: layer.Rescaling{Scale: layer.Numbers{scale}, Offset: layer.Numbers{offset}}, in: []op.Type{v.Type}}}
}

// raiseConv proposes the convolutions with the window of the graph's op.
func raiseConv(v *graph.Value) (list []candidate) {
	y, bias := biased(v)
	if len(y.Node.In) != 2 {
		return nil
	}
	in, f := []op.Type{y.Node.In[0].Type}, y.Node.In[1].Shape
	padding := func(w op.Window) layer.Padding {
		if w.Padding == op.Same {
			return layer.Same
		}
		return layer.Valid
	}
	switch o := y.Node.Op.(type) {
	case op.Conv2D:
		list = append(list, candidate{layer: layer.Conv2D{
			Filters: f[3], Kernel: o.Size, Strides: o.Stride, Dilation: o.Dilation, Padding: padding(o.Window), Groups: max(o.Groups, 1), NoBias: !bias,
		}, in: in})
	case op.DepthwiseConv2D:
		list = append(list, candidate{layer: layer.DepthwiseConv2D{
			Kernel: o.Size, Strides: o.Stride, Dilation: o.Dilation, Padding: padding(o.Window), DepthMultiplier: f[3], NoBias: !bias,
		}, in: in})
	case op.Conv2DTranspose:
		l := layer.Conv2DTranspose{Filters: f[2], Kernel: o.Size, Strides: o.Stride, Dilation: o.Dilation, Padding: padding(o.Window), NoBias: !bias}
		list = append(list, candidate{layer: l, in: in})
		if l.Padding == layer.Valid {
			extra := layer.Size{o.Last[0] - o.Span(0), o.Last[1] - o.Span(1)}
			l.OutputPadding = &extra
		} else {
			extra := layer.Size{o.Last[0] - o.Span(0)%2, o.Last[1] - o.Span(1)%2}
			l.OutputPadding = &extra
		}
		if l.OutputPadding[0] >= 0 && l.OutputPadding[1] >= 0 {
			list = append(list, candidate{layer: l, in: in})
		}
	}
	return list
}

// raiseDense proposes a Dense for a product with a matrix. In files, the bias may be added after the result has its final shape.
func raiseDense(v *graph.Value) (list []candidate) {
	y, bias := biased(v)
	if y.Is("Reshape") {
		y = y.Node.In[0]
		if z, inner := biased(y); inner && !bias {
			y, bias = z, true
		}
	}
	if !y.Is("MatMul") {
		return nil
	}
	o := y.Node.Op.(op.MatMul)
	x, w := y.Node.In[0], y.Node.In[1]
	if o.TransposeA || o.TransposeB || v.Rank() < 2 {
		return nil
	}
	in := x.Type
	if v.Rank() > 2 {
		in.Shape = v.Shape.Clone()
		in.Shape[v.Rank()-1] = w.Shape[0]
	}
	l := layer.Dense{Units: w.Shape[1], NoBias: !bias}
	list = append(list, candidate{layer: l, in: []op.Type{in}})
	if v.Rank() > 2 && bias {
		list = append(list, candidate{layer: l, in: []op.Type{in}, form: func(b *graph.Builder, x *graph.Value) *graph.Value {
			matrix := layer.Dense{Units: w.Shape[1], NoBias: true}
			y := matrix.Build(b, x)
			return b.Add(y, b.Variable(graph.Variable{Path: "bias", Type: op.Type{DType: x.DType, Shape: tensor.Shape{w.Shape[1]}}}))
		}})
	}
	return list
}

func raisePool(v *graph.Value) []candidate {
	pool := func(w op.Window, f func(padding layer.Padding) layer.Layer) []candidate {
		padding := layer.Valid
		if w.Padding == op.Same {
			padding = layer.Same
		}
		return []candidate{{layer: f(padding), in: []op.Type{v.Node.In[0].Type}}}
	}
	switch o := v.Node.Op.(type) {
	case op.MaxPool2D:
		return pool(o.Window, func(p layer.Padding) layer.Layer {
			return layer.MaxPool2D{Pool: o.Size, Strides: o.Stride, Padding: p}
		})
	case op.AveragePool2D:
		return pool(o.Window, func(p layer.Padding) layer.Layer {
			return layer.AveragePool2D{Pool: o.Size, Strides: o.Stride, Padding: p}
		})
	}
	return nil
}

func raiseGlobalPool(v *graph.Value) []candidate {
	x := v
	if v.Is("Div") {
		x = v.Node.In[0]
	}
	o, ok := x.Node.Op.(op.Reduce)
	if !ok || len(o.Axes) != 2 || x.Node.In[0].Rank() != 4 {
		return nil
	}
	in := []op.Type{x.Node.In[0].Type}
	if x == v {
		return []candidate{{layer: layer.GlobalMaxPool2D{KeepDims: o.KeepDims}, in: in}}
	}
	return []candidate{{layer: layer.GlobalAveragePool2D{KeepDims: o.KeepDims}, in: in}}
}

func raiseLayerNormalization(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.LayerNorm)
	if !ok {
		return nil
	}
	e := shortest(o.Epsilon)
	return []candidate{{
		layer: layer.LayerNormalization{Epsilon: &e, NoScale: !o.Scale, NoCenter: !o.Center}, in: []op.Type{v.Type},
		form: func(b *graph.Builder, x *graph.Value) *graph.Value {
			return layer.LayerNormalization{Epsilon: &o.Epsilon, NoScale: !o.Scale, NoCenter: !o.Center}.Build(b, x)
		},
	}}
}

// raiseMerge proposes merging layers for two values that depend on the model's input.
func raiseMerge(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.Binary)
	if !ok || v.Node.In[0] == v.Node.In[1] {
		return nil
	}
	l := map[op.BinaryFn]layer.Layer{
		op.Add: layer.Add{}, op.Sub: layer.Subtract{}, op.Mul: layer.Multiply{}, op.Max: layer.Maximum{}, op.Min: layer.Minimum{},
	}[o.Fn]
	if l == nil {
		return nil
	}
	in := []op.Type{v.Node.In[0].Type, v.Node.In[1].Type}
	return []candidate{{layer: l, in: in, key: patternKey{fmt.Sprintf("%T", l), fmt.Sprint(in)}}}
}

func raiseConcatenate(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.Concat)
	if !ok || len(v.Node.In) < 2 {
		return nil
	}
	var in []op.Type
	for _, x := range v.Node.In {
		in = append(in, x.Type)
	}
	axis := layer.Axis(o.Axis)
	if o.Axis == v.Rank()-1 {
		axis = -1
	}
	return []candidate{{layer: layer.Concatenate{Axis: axis}, in: in}}
}

func raiseShape(v *graph.Value) (list []candidate) {
	switch o := v.Node.Op.(type) {
	case op.Reshape:
		in := []op.Type{v.Node.In[0].Type}
		if v.Rank() == 2 {
			list = append(list, candidate{layer: layer.Flatten{}, in: in})
		}
		if v.Rank() >= 2 {
			list = append(list, candidate{layer: layer.Reshape{Shape: v.Shape[1:].Clone()}, in: in})
		}
	case op.Transpose:
		if o.Perm[0] == 0 && len(o.Perm) > 1 {
			list = append(list, candidate{layer: layer.Permute{Dims: slices.Clone(o.Perm[1:])}, in: []op.Type{v.Node.In[0].Type}})
		}
	}
	return list
}

func raisePad(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.Pad)
	if !ok || v.Rank() != 4 {
		return nil
	}
	p := layer.Pads{{o.Before[1], o.After[1]}, {o.Before[2], o.After[2]}}
	return []candidate{{layer: layer.ZeroPadding2D{Padding: &p}, in: []op.Type{v.Node.In[0].Type}}}
}

func raiseCrop(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.Slice)
	if !ok || v.Rank() != 4 {
		return nil
	}
	end := ends(o)
	p := layer.Pads{{o.Begin[1], end[1]}, {o.Begin[2], end[2]}}
	return []candidate{{layer: layer.Cropping2D{Cropping: p}, in: []op.Type{v.Node.In[0].Type}}}
}

func raiseResize(v *graph.Value) []candidate {
	o, ok := v.Node.Op.(op.Resize)
	if !ok || o.Given != nil {
		return nil
	}
	in := []op.Type{v.Node.In[0].Type}
	return []candidate{
		{layer: layer.UpSampling2D{Size: o.Scale, Interpolation: o.Method.String()}, in: in},
		{layer: layer.Resizing{Height: o.Size[0], Width: o.Size[1], Interpolation: o.Method.String(), Antialias: o.Antialias}, in: in},
	}
}
