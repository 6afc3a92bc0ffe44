package engine

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// numericTypes are the types of typedLowerers.
var numericTypes = []tensor.DType{tensor.Float64, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64, tensor.Uint8}

// outward casts values of all types to types that tests compare.
func outward(b *graph.Builder, values ...*graph.Value) []*graph.Value {
	for i, v := range values {
		if v.DType == tensor.Float64 {
			values[i] = b.Cast(v, tensor.Float32)
		}
	}
	return values
}

// typedArithmetic has the functions of one and two numbers, on all types.
func typedArithmetic(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	for _, d := range numericTypes {
		y := b.Cast(b.Scale(x, 11), d)
		if d == tensor.Uint8 {
			y = b.Cast(b.Scale(b.Abs(x), 11), d)
		}
		row := b.Slice(y, []int{0, 0, 0}, []int{1, 1, tensor.Unknown})
		c := b.Constant(d, 3)
		fns := []op.BinaryFn{op.Add, op.Sub, op.Mul, op.Div, op.Max, op.Min, op.Mod, op.FMod, op.Equal, op.Less, op.LessEqual, op.Greater, op.GreaterEqual}
		if !d.IsFloat() {
			fns = append(fns, op.BitAnd, op.BitOr, op.BitXor, op.ShiftLeft, op.ShiftRight)
		}
		for _, fn := range fns {
			out = append(out, b.Binary(fn, y, row), b.Binary(fn, c, y), b.Binary(fn, y, c))
		}
		out = append(out, b.Binary(op.Pow, y, c), b.Binary(op.Pow, b.Constant(d, 2), b.Cast(b.Abs(b.Scale(x, 6)), d)))
		unary := []op.UnaryFn{op.Neg, op.Abs, op.Sign, op.Square, op.ReLU, op.ReLU6, op.Floor, op.Ceil, op.Round}
		if d == tensor.Float64 {
			y = b.Cast(b.Offset(b.Square(x), .1), d)
			unary = append(unary, op.Sqrt, op.Exp, op.Log, op.Log1p, op.Sigmoid, op.Tanh, op.Erf, op.Expm1, op.Softplus, op.Sin, op.Cos, op.Atan)
		}
		for _, fn := range unary {
			out = append(out, b.Op(op.Unary{Fn: fn}, y))
		}
		out = append(out, b.Select(b.Binary(op.Less, y, c), y, row), b.Select(b.Binary(op.Less, row, c), c, y))
	}
	return outward(b, append(out, b.Atan(b.Scale(x, 3)), b.Ceil(b.Scale(x, 5)), b.Binary(op.Mod, x, b.Scale(x, -.3)), b.Binary(op.FMod, b.Scale(x, 7), b.Constant(tensor.Float32, -.3)))...)
}

// typedCasts has the conversions between all types, of numbers that some types do not hold.
func typedCasts(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	none := b.Div(b.Scale(x, 0), b.Constant(tensor.Float32, 0)) // NaN
	for _, from := range append(numericTypes, tensor.Float32, tensor.Bool) {
		for _, to := range append(numericTypes, tensor.Float32, tensor.Bool) {
			for _, f := range []float64{3, 3e3, 3e12, 3e20} {
				if y := b.Cast(b.Scale(x, f), from); from != to && (from.IsFloat() || f < 1e15) {
					out = append(out, b.Cast(y, to))
				}
			}
		}
		if from != tensor.Float64 {
			out = append(out, b.Cast(none, from))
		}
	}
	return outward(b, out...)
}

// typedShapes has the ops that move and combine elements, on all types.
func typedShapes(b *graph.Builder, x *graph.Value) []*graph.Value {
	all := tensor.Unknown
	var out []*graph.Value
	for _, d := range append(numericTypes, tensor.Float32, tensor.Bool) {
		f := b.Scale(x, 5)
		if d == tensor.Uint8 {
			f = b.Abs(f)
		}
		y := b.Cast(f, d)
		if d == tensor.Bool {
			y = b.Binary(op.Greater, x, b.Constant(tensor.Float32, .2))
		}
		one := b.Slice(y, []int{0, 0, 2}, []int{all, all, 1})
		at := b.Op(op.Const{Value: tensor.Of([]int64{4, -1, 0, -5, 7, 1}, 3, 2)})
		out = append(out, b.Transpose(y, 2, 0, 1), b.BroadcastLike(one, y), b.Slice(y, []int{0, 1, 0}, []int{all, 2, 3}), b.Concat(2, y, one, y),
			b.Pad(y, []int{0, 1, 2}, []int{0, 0, 1}, 1), b.Reshape(y, -1, 5), b.GatherAxis(y, at, 2), b.GatherAxis(y, b.Cast(at, tensor.Int8), 1))
		rows := b.Transpose(y, 1, 0, 2)
		for _, fn := range []op.BinaryFn{"", op.Add, op.Mul, op.Max, op.Min} {
			if d == tensor.Bool && (fn == op.Add) {
				continue
			}
			out = append(out, b.Scatter(rows, b.Op(op.Const{Value: tensor.Of([]int32{2, 1, -3, 1, 9}, 5)}), b.Concat(0, rows, b.Slice(rows, []int{0, 0, 0}, []int{1, all, all})), fn))
		}
		if d == tensor.Bool {
			out = append(out, b.ReduceMax(y, 1), b.ReduceMin(y, 0, 2), b.Min(y, one), b.Max(y, one), b.Binary(op.Equal, y, one))
			continue
		}
		for _, fn := range []op.ReduceFn{op.ReduceSum, op.ReduceMax, op.ReduceMin, op.ReduceProd} {
			for _, axes := range [][]int{nil, {0}, {1}, {2}, {0, 2}, {0, 1}, {}} {
				out = append(out, b.Op(op.Reduce{Fn: fn, Axes: axes, KeepDims: len(axes) == 2}, y))
			}
		}
		none := b.Slice(y, []int{0, 0, 0}, []int{all, 0, all})
		out = append(out, b.Sum(none, 1), b.ReduceProd(none, 1), b.Cast(b.ReduceMax(none, 1), tensor.Float32), b.Cast(b.ReduceMin(none, 1), tensor.Float32))
		out = append(out, b.ArgMax(y), b.Op(op.SumLike{}, y, one), b.CumSum(y, false), b.CumSum(y, true), b.Iota(y, 1))
		for _, k := range []int{0, 1, 3, 5} {
			for _, smallest := range []bool{false, true} {
				top := b.Op(op.TopK{K: k, Smallest: smallest}, y)
				out = append(out, top, top.Node.Out[1])
			}
		}
		m := b.Reshape(y, -1, 5)
		out = append(out, b.Op(op.MatMul{TransposeA: true}, m, m), b.Op(op.MatMul{TransposeB: true}, m, m), b.MatMul(m, b.Slice(b.Transpose(m, 1, 0), []int{0, 0}, []int{all, 1})),
			b.Op(op.BatchMatMul{TransposeB: true}, y, y), b.Op(op.BatchMatMul{TransposeA: true}, y, y), b.BatchMatMul(y, b.Transpose(y, 0, 2, 1)), b.Size(y, 1, 2))
	}
	return outward(b, out...)
}

// typedParts has kernels whose work has several parts.
func typedParts(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	for _, d := range []tensor.DType{tensor.Float64, tensor.Int32, tensor.Uint8} {
		y := b.Cast(b.Scale(b.Abs(x), 200), d)
		top := b.Op(op.TopK{K: 20}, y)
		at := b.Cast(b.ArgMax(y), tensor.Int64)
		rows := b.Reshape(y, -1, 500)
		out = append(out, b.Mul(y, y), b.Select(b.Binary(op.Less, y, b.Constant(d, 50)), y, b.Slice(y, []int{0, 0, 0}, []int{1, 1, tensor.Unknown})), b.Transpose(y, 2, 1, 0),
			b.Sum(y, 0, 2), b.ReduceMin(y, 1), b.CumSum(y, true), top, top.Node.Out[1], b.GatherAxis(y, at, 1), b.Scatter(rows, b.Reshape(at, -1), rows, op.Add),
			b.Op(op.MatMul{TransposeB: true}, rows, rows), b.Pad(y, []int{0, 1, 2}, []int{0, 0, 1}, 7), b.Concat(1, y, y))
	}
	return outward(b, out...)
}

// nans has the ops that order numbers, on rows with NaN.
func nans(b *graph.Builder, x *graph.Value) []*graph.Value {
	y := b.Sqrt(x)
	var out []*graph.Value
	for _, smallest := range []bool{false, true} {
		top := b.Op(op.TopK{K: 4, Smallest: smallest}, y)
		out = append(out, top, top.Node.Out[1])
	}
	return out
}

// typedInputs has outputs and operations that read Bool and integer values that no kernel of float32 made.
func typedInputs(b *graph.Builder, x *graph.Value) []*graph.Value {
	some := b.Op(op.Const{Value: tensor.Of([]bool{true, false, true, true}, 4)})
	counts := b.Variable(graph.Variable{Path: "counts", Type: op.Type{DType: tensor.Int8, Shape: tensor.Shape{4}}, Role: graph.State})
	n := b.Add(counts, b.Cast(some, tensor.Int8))
	b.Assign(counts, n)
	return []*graph.Value{b.Select(some, x, b.Neg(x)), b.Concat(0, some, some), n}
}
