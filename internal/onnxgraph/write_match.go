package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// The functions below recognize the small ops of which layers compose what ONNX has as one operator.

// unaryOf returns the operand of a function of one number.
func unaryOf(v *graph.Value, fn op.UnaryFn) (x *graph.Value, ok bool) {
	if o, is := v.Node.Op.(op.Unary); is && o.Fn == fn {
		return v.Node.In[0], true
	}
	return nil, false
}

// binaryOf returns the operands of a function of two numbers.
func binaryOf(v *graph.Value, fn op.BinaryFn) (x, y *graph.Value, ok bool) {
	if o, is := v.Node.Op.(op.Binary); is && o.Fn == fn {
		return v.Node.In[0], v.Node.In[1], true
	}
	return nil, nil, false
}

// eitherOrder calls match with the operands of a commutative function in both orders, until it returns true.
func eitherOrder(v *graph.Value, fn op.BinaryFn, match func(x, y *graph.Value) bool) bool {
	x, y, ok := binaryOf(v, fn)
	return ok && (match(x, y) || match(y, x))
}

// number returns a constant of one floating-point number.
func constantOf(v *graph.Value) (float64, bool) {
	o, ok := v.Node.Op.(op.Const)
	if !ok || o.Value.Len() != 1 || v.Rank() > 0 {
		return 0, false
	}
	switch v.DType {
	case tensor.Float32:
		return float64(o.Value.Float32s()[0]), true
	case tensor.Float64:
		return tensor.Values[float64](o.Value)[0], true
	}
	return 0, false
}

// is reports whether v is the constant x, in the precision of v.
func is(v *graph.Value, x float64) bool {
	c, ok := constantOf(v)
	return ok && (c == x || v.DType == tensor.Float32 && float32(c) == float32(x))
}

// withConstant returns the operands of a function of a value and a constant. The constant is the second operand, or the first if
// the function is commutative.
func withConstant(v *graph.Value, fn op.BinaryFn) (x *graph.Value, c float64, ok bool) {
	x, y, ok := binaryOf(v, fn)
	if !ok {
		return nil, 0, false
	}
	if c, ok = constantOf(y); ok {
		return x, c, true
	}
	switch fn {
	case op.Add, op.Mul, op.Max, op.Min:
		if c, ok = constantOf(x); ok {
			return y, c, true
		}
	}
	return nil, 0, false
}

// scaledBy reports whether v is fn(x, c) for this constant c, and returns x.
func scaledBy(v *graph.Value, fn op.BinaryFn, c float64) (x *graph.Value, ok bool) {
	x, have, ok := withConstant(v, fn)
	if ok && (have == c || v.DType == tensor.Float32 && float32(have) == float32(c)) {
		return x, true
	}
	return nil, false
}

// once reports whether only one node uses v.
func (w *writer) once(v *graph.Value) bool { return w.uses[v] == 1 }

// isVector reports whether v has one number for each of n channels.
func isVector(v *graph.Value, n int) bool { return v.Rank() == 1 && v.Shape[0] == n }

// mean matches the mean of x along axes. It is made of ReduceSum, Size and Div.
func mean(v *graph.Value) (x *graph.Value, r op.Reduce, ok bool) {
	sum, count, ok := binaryOf(v, op.Div)
	if !ok {
		return nil, r, false
	}
	r, ok = sum.Node.Op.(op.Reduce)
	if !ok || r.Fn != op.ReduceSum || !v.DType.IsFloat() {
		return nil, r, false
	}
	x = sum.Node.In[0]
	if size, is := count.Node.Op.(op.Size); is && count.Node.In[0] == x && slices.Equal(size.Axes, r.Axes) && (size.Axes == nil) == (r.Axes == nil) {
		return x, r, true
	}
	return nil, r, false
}
