package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Quantized models are computed with floats. Weights become floats. Values between nodes are rounded and limited as the file
// says, and hold the integers as float32: value.dtype is then the integer type, and the type of value.v is Float32.

const quantizedNote = "The model is quantized. lince computes with float32: quantized weights become floats, and quantized values are rounded as the model says."

// integerType is a type to which numbers are quantized: the least and the greatest number.
type integerType struct {
	dtype       tensor.DType
	least, most float64
}

// integerTypes has the types to which lince quantizes.
var integerTypes = map[onnxpb.TensorProto_DataType]integerType{
	onnxpb.TensorProto_INT8:   {tensor.Int8, -128, 127},
	onnxpb.TensorProto_UINT8:  {tensor.Uint8, 0, 255},
	onnxpb.TensorProto_INT16:  {tensor.Int16, -32768, 32767},
	onnxpb.TensorProto_UINT16: {tensor.Int32, 0, 65535},
}

// integerType returns the type to which the node quantizes: that of the zero point, which may be nil. The default is uint8.
func (n *node) integerType(zero *value) integerType {
	elem := onnxpb.TensorProto_UINT8
	switch {
	case zero != nil && zero.elem != 0:
		elem = onnxpb.TensorProto_DataType(zero.elem)
	case zero != nil: // made by a node
		for e, t := range integerTypes {
			if t.dtype == zero.dtype {
				elem = e
			}
		}
		if zero.dtype == tensor.Int32 {
			elem = onnxpb.TensorProto_INT32
		}
	case n.attrInt("output_dtype", 0) != 0:
		elem = onnxpb.TensorProto_DataType(n.attrInt("output_dtype", 0))
	}
	t, ok := integerTypes[elem]
	if !ok {
		n.fail("lince does not quantize to %v", elem)
	}
	return t
}

// held returns a value as float32, in layout l.
func (n *node) held(x *value, l layout) *graph.Value {
	if x.t == nil && x.v != nil && x.v.DType == tensor.Float32 {
		y := *x
		y.dtype, y.forms = tensor.Float32, nil
		return n.get(n.b, &y, l)
	}
	return n.b.Cast(n.get(n.b, x, l), tensor.Float32)
}

// alongAxis returns a scale or a zero point as a value that broadcasts to v, whose layout is l: a single number, or one for each
// element of an axis.
func (n *node) alongAxis(x *value, axis int, v *graph.Value, l layout) *graph.Value {
	if x.t != nil && !x.dtype.IsFloat() {
		x = constant(x.name, tensorOf(numbersOf(x.t), tensor.Float32, x.t.Shape()...))
	}
	if x.rank() == 0 || x.rank() == 1 && x.dims[0] == fixed(1) {
		return n.b.Cast(n.as(n.b, x, operandForm{post: tensor.Shape{}}), tensor.Float32)
	}
	if block := n.attrInt("block_size", 0); block > 0 && x.rank() == len(l) { // each number counts for a block along the axis
		s, size := n.b.Cast(n.get(n.b, x, l), tensor.Float32), n.known(n.in(0), axis)
		if k := n.known(x, axis); size > largestTake || (size+block-1)/block != k {
			n.fail("%d blocks of %d elements; lince allows %d elements", k, block, largestTake)
		}
		index := make([]int, size)
		for i := range index {
			index[i] = i / block
		}
		return n.take(s, l.at(axis), index)
	}
	if len(l) == 0 || x.rank() != 1 || x.dims[0].s != nil {
		n.fail("the scale or the zero point has shape %v, want one number or a vector", x.shape())
	}
	shape := tensor.Shape{toInt(x.dims[0].k)}
	if size := v.Shape; v.Valid() && size[l.at(axis)] != tensor.Unknown && size[l.at(axis)] != shape[0] {
		n.fail("the scale or the zero point has %d numbers for the %d elements of axis %d", shape[0], size[l.at(axis)], axis)
	}
	for range len(l) - 1 - l.at(axis) {
		shape = append(shape, 1)
	}
	return n.b.Cast(n.as(n.b, x, operandForm{post: shape}), tensor.Float32)
}

// dequantized is (x-zero)*scale. A constant is computed at once. zero may be nil.
func (n *node) dequantized(x, scale, zero *value, axis int) *value {
	n.note(quantizedNote)
	if x.rank() > 0 {
		axis = n.axis(axis, x.rank())
	}
	if x.t != nil && scale.t != nil && (zero == nil || zero.t != nil) && n.spend(x.t.Len()) {
		return n.dequantizedConstant(x, scale, zero, axis)
	}
	l := x.layout
	if x.v == nil || l == nil {
		l = plain(x.rank())
	}
	v := n.held(x, l)
	if zero != nil {
		v = n.b.Sub(v, n.alongAxis(zero, axis, v, l))
	}
	v = n.b.Mul(v, n.alongAxis(scale, axis, v, l))
	n.sizes(v) // ends the building if v is invalid
	y := &value{dtype: tensor.Float32, dims: dimsOf(v, l), v: v, layout: l}
	return y.like(x)
}

// dequantizedConstant computes floats from integers. The scale has one number, one for each element of the axis, or one for
// each block along the axis.
func (n *node) dequantizedConstant(x, scale, zero *value, axis int) *value {
	inner, size := 1, 1
	if s := x.t.Shape(); len(s) > 0 {
		inner, size = s[axis+1:].Elements(), s[axis]
	}
	k := scale.t.Len()
	blocked := scale.rank() == x.rank() && scale.rank() > 1
	block := 1
	switch {
	case blocked:
		want := x.t.Shape().Clone()
		want[axis] = scale.t.Shape()[axis]
		if want[axis] == 0 || !want.Equal(scale.t.Shape()) {
			n.fail("the scale has shape %v for shape %v", scale.shape(), x.shape())
		}
		block = (size + want[axis] - 1) / want[axis]
	case k != 1 && k != size:
		n.fail("the scale has shape %v for axis %d of shape %v", scale.shape(), axis, x.shape())
	}
	if zero != nil && zero.t.Len() != k {
		n.fail("the zero point has shape %v, the scale %v", zero.shape(), scale.shape())
	}
	scales := numbersOf(scale.t)
	zeros := make([]num, k)
	if zero != nil {
		zeros = numbersOf(zero.t)
	}
	t := tensor.New(tensor.Float32, x.t.Shape()...)
	y := t.Float32s()
	of := elements(x.t)
	for i := range y {
		at := 0
		switch {
		case blocked:
			outer, a, in := i/(inner*size), i/inner%size, i%inner
			at = (outer*((size+block-1)/block)+a/block)*inner + in
		case k > 1:
			at = i / inner % size
		}
		y[i] = float32(of(i)-zeros[at].k) * float32(scales[at].k)
	}
	r := constant("", t)
	r.weight, r.path = x.weight, x.path
	return r
}

// elements returns a function that returns an element of a tensor.
func elements(t *tensor.Tensor) func(i int) float64 {
	switch t.DType() {
	case tensor.Int8:
		v := tensor.Values[int8](t)
		return func(i int) float64 { return float64(v[i]) }
	case tensor.Uint8:
		v := tensor.Values[uint8](t)
		return func(i int) float64 { return float64(v[i]) }
	case tensor.Int32:
		v := tensor.Values[int32](t)
		return func(i int) float64 { return float64(v[i]) }
	}
	v := numbersOf(t)
	return func(i int) float64 { return v[i].k }
}

// quantized rounds x to integers of the type of zero: round(x/scale)+zero, limited to the type. zero may be nil.
func (n *node) quantized(x *graph.Value, l layout, scale, zero *value, axis int) *value {
	n.note(quantizedNote)
	t := n.integerType(zero)
	v := n.b.Round(n.b.Div(x, n.alongAxis(scale, axis, x, l)))
	if zero != nil {
		v = n.b.Add(v, n.alongAxis(zero, axis, v, l))
	}
	v = n.b.Clip(v, t.least, t.most)
	n.sizes(v) // ends the building if v is invalid
	return &value{dtype: t.dtype, dims: dimsOf(v, l), v: v, layout: l}
}

func (n *node) optional(i int) *value {
	if n.has(i) {
		return n.in(i)
	}
	return nil
}

// quantizeLinear builds QuantizeLinear.
func quantizeLinear(n *node) {
	x, l := n.data()
	axis := n.attrInt("axis", 1)
	if len(l) == 1 || len(l) == 0 {
		axis = 0
	}
	n.put(0, n.quantized(x, l, n.in(1), n.optional(2), n.axis(axis, max(len(l), 1)))).like(n.in(0))
}

// dequantizeLinear builds DequantizeLinear.
func dequantizeLinear(n *node) {
	axis := n.attrInt("axis", 1)
	if n.in(0).rank() == 1 {
		axis = 0
	}
	n.put(0, n.dequantized(n.in(0), n.in(1), n.optional(2), axis))
}

// quantizedOp builds an op on floats, with quantized operands and a quantized result. floats has the floating-point operands.
func (n *node) quantizedOp(build func(n *node), scale, zero *value, floats ...*value) {
	m := *n
	m.operands, m.results = floats, nil
	build(&m)
	if len(m.results) == 0 || m.results[0].bad {
		n.put(0, &value{bad: true})
		return
	}
	r := m.results[0]
	l := r.layout
	if l == nil {
		l = plain(r.rank())
	}
	n.put(0, n.quantized(n.get(n.b, r, l), l, scale, zero, 0)).like(r)
}

// qLinearConv builds QLinearConv. The bias has the scale of the products.
func qLinearConv(n *node) {
	x := n.dequantized(n.in(0), n.in(1), n.in(2), 1)
	w := n.dequantized(n.in(3), n.in(4), n.in(5), 0)
	floats := []*value{x, w}
	if n.has(8) {
		floats = append(floats, n.productBias(n.in(8), n.in(1), n.in(4)))
	}
	n.quantizedOp(readConv, n.in(6), n.in(7), floats...)
}

// qLinearMatMul builds QLinearMatMul.
func qLinearMatMul(n *node) {
	b := n.in(3)
	x, y := n.dequantized(n.in(0), n.in(1), n.in(2), -1), n.dequantized(b, n.in(4), n.in(5), -1)
	n.quantizedOp(readMatMul, n.in(6), n.in(7), x, y)
}

// qGemm builds ONNX Runtime's QGemm. The bias has the scale of the products. Without a scale, the result is not quantized.
func qGemm(n *node) {
	axis := 1
	if n.attrFlag("transB", false) {
		axis = 0
	}
	floats := []*value{n.dequantized(n.in(0), n.in(1), n.in(2), -1), n.dequantized(n.in(3), n.in(4), n.in(5), axis)}
	if n.has(6) {
		floats = append(floats, n.productBias(n.in(6), n.in(1), n.in(4)))
	}
	if !n.has(7) {
		m := *n
		m.operands, m.results = floats, nil
		readGemm(&m)
		n.put(0, m.results[0])
		return
	}
	n.quantizedOp(readGemm, n.in(7), n.optional(8), floats...)
}

// productBias returns a bias of integers, whose scale is the product of two scales, as floats.
func (n *node) productBias(b, x, w *value) *value {
	if b.t == nil || x.t == nil || w.t == nil || x.t.Len() != 1 {
		n.fail("the bias and the scales must be constants")
	}
	scales := numbersOf(w.t)
	for i := range scales {
		scales[i].k *= numbersOf(x.t)[0].k
	}
	return n.dequantized(b, constant("", tensorOf(scales, tensor.Float32, w.t.Shape()...)), nil, 0)
}

// qLinearBinary returns the build function of ONNX Runtime's ops on two quantized operands.
func qLinearBinary(build func(n *node)) func(n *node) {
	return func(n *node) {
		x, y := n.dequantized(n.in(0), n.in(1), n.optional(2), -1), n.dequantized(n.in(3), n.in(4), n.optional(5), -1)
		n.quantizedOp(build, n.in(6), n.optional(7), x, y)
	}
}

// qLinearUnary returns the build function of ONNX Runtime's ops on a quantized operand.
func qLinearUnary(build func(n *node)) func(n *node) {
	return func(n *node) {
		if n.attrFlag("channels_last", false) {
			n.fail("lince has no ops with the attribute channels_last")
		}
		n.quantizedOp(build, n.in(3), n.optional(4), n.dequantized(n.in(0), n.in(1), n.optional(2), -1))
	}
}

// qLinearConcat builds ONNX Runtime's QLinearConcat: the scale and the zero point of the result, then three operands for each part.
func qLinearConcat(n *node) {
	var parts []*value
	for i := 2; i+2 < len(n.operands); i += 3 {
		if slices.Contains(n.operands[i:i+3], nil) {
			n.fail("operand %d is left out", i)
		}
		parts = append(parts, n.dequantized(n.in(i), n.in(i+1), n.in(i+2), -1))
	}
	n.quantizedOp(readConcat, n.in(0), n.in(1), parts...)
}

// integers returns operand i minus its zero point, operand z, as float32.
func (n *node) integers(i, z, axis int) *value {
	return n.dequantized(n.in(i), constant("", tensor.Scalar(float32(1))), n.optional(z), axis)
}

// holdIntegers makes the first result of a build function int32, held as float32.
func (n *node) holdIntegers(build func(n *node), floats ...*value) {
	m := *n
	m.operands, m.results = floats, nil
	build(&m)
	r := *m.results[0]
	r.dtype, r.forms = tensor.Int32, nil
	n.put(0, &r)
}

// matMulInteger builds MatMulInteger.
func matMulInteger(n *node) {
	if z := n.optional(2); z != nil && z.rank() > 0 && z.dims[0] != fixed(1) {
		n.fail("lince wants one zero point for the left matrix")
	}
	n.holdIntegers(readMatMul, n.integers(0, 2, -1), n.integers(1, 3, -1))
}

// convInteger builds ConvInteger.
func convInteger(n *node) { n.holdIntegers(readConv, n.integers(0, 2, 1), n.integers(1, 3, 0)) }

// dynamicQuantizeLinear builds DynamicQuantizeLinear: it quantizes to uint8 with the range of the values.
func dynamicQuantizeLinear(n *node) {
	b := n.b
	x, l := n.data()
	top := b.Max(b.ReduceMax(x), constantLike(b, x, 0))
	bottom := b.Min(b.Neg(b.ReduceMax(b.Neg(x))), constantLike(b, x, 0))
	scale := b.Scale(b.Sub(top, bottom), 1/255.)
	scale = b.Select(b.Binary(op.Equal, scale, constantLike(b, x, 0)), constantLike(b, x, 1), scale)
	zero := b.Clip(b.Round(b.Neg(b.Div(bottom, scale))), 0, 255)
	n.note(quantizedNote)
	y := n.set(0, b.Clip(b.Add(b.Round(b.Div(x, scale)), zero), 0, 255), l).like(n.in(0))
	y.dtype = tensor.Uint8
	n.set(1, scale, layout{})
	n.set(2, zero, layout{}).dtype = tensor.Uint8
}
