package graph_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

func window(size, stride, dilation int, p op.Padding) op.Window {
	return op.Window{Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Dilation: [2]int{dilation, dilation}, Padding: p}
}

// explicit is a window with explicit padding.
func explicit(size, stride, top, bottom, left, right int) op.Window {
	w := window(size, stride, 1, op.Explicit)
	w.Pads = [2][2]int{{top, bottom}, {left, right}}
	return w
}

// gradients are functions of two inputs that together use all gradient rules. y is between .2 and 1, and x between
// -1 and 1, away from kinks.
var gradients = []struct {
	name string
	x, y []int
	f    func(b *graph.Builder, x, y *graph.Value) *graph.Value
}{
	{"Neg", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Neg(x) }},
	{"Abs", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Abs(x) }},
	{"Sign", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Sign(x)) }},
	{"Square", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Square(x) }},
	{"Sqrt", nil, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Sqrt(y) }},
	{"Exp", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Exp(x) }},
	{"Log", nil, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Log(y) }},
	{"Log1p", nil, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Log1p(y) }},
	{"ReLU", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.ReLU(x) }},
	{"ReLU6", []int{3, 5}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.ReLU6(b.Scale(x, 9)) }},
	{"Sigmoid", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Sigmoid(x) }},
	{"Tanh", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Tanh(x) }},
	{"Erf", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Erf(x) }},
	{"Expm1", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Expm1(x) }},
	{"Softplus", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Softplus(b.Scale(x, 3)) }},
	{"Floor", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Floor(b.Scale(x, .9))) }},
	{"Round", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Round(b.Scale(x, .4))) }},
	{"Sin", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Sin(b.Scale(x, 3)) }},
	{"Cos", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Cos(b.Scale(x, 3)) }},
	{"Ceil", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Ceil(b.Scale(x, .9))) }},
	{"Atan", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Atan(b.Scale(x, 3)) }},
	{"Mod", []int{5, 4}, []int{5, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Add(b.Mul(b.Binary(op.Mod, b.Scale(x, 3), y), x), b.Binary(op.Mod, b.Scale(x, 3), b.Neg(y)))
	}},
	{"FMod", []int{5, 4}, []int{5, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Add(b.Mul(b.Binary(op.FMod, b.Scale(x, 3), y), x), b.Binary(op.FMod, b.Scale(x, 3), b.Neg(y)))
	}},
	{"functions of bits", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		i := b.Cast(b.Scale(x, 9), tensor.Int32)
		two := b.Constant(tensor.Int32, 2)
		for _, fn := range []op.BinaryFn{op.BitAnd, op.BitOr, op.BitXor, op.ShiftLeft, op.ShiftRight} {
			i = b.Add(i, b.Binary(fn, i, two))
		}
		return b.Mul(x, b.Cast(i, tensor.Float32))
	}},
	{"Add", []int{3, 2}, []int{2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Add(x, y) }},
	{"Sub", []int{3, 2}, []int{3, 1}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Sub(y, x) }},
	{"Mul", []int{3, 2}, []int{1, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, y) }},
	{"Div", []int{3, 2}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Div(x, y) }},
	{"Max", []int{3, 2}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Max(x, b.Offset(y, -.5)) }},
	{"Min", []int{3, 2}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Min(x, b.Offset(y, -.5)) }},
	{"Pow", []int{3, 2}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Binary(op.Pow, y, x) }},
	{"Select", []int{3, 2}, []int{2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		zero := b.Constant(tensor.Float32, 0)
		v := x
		for _, fn := range []op.BinaryFn{op.Equal, op.Less, op.LessEqual, op.Greater, op.GreaterEqual} {
			v = b.Select(b.Binary(fn, x, zero), b.Mul(v, y), y)
		}
		return v
	}},
	{"ReLUGrad", []int{3, 2}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		g := graph.Grad(b, b.Sum(b.Mul(b.Square(y), b.ReLU(x))), x)[0]
		return b.Mul(b.Mul(g, y), x)
	}},
	{"ReLU6Grad", []int{3, 5}, []int{3, 5}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		g := graph.Grad(b, b.Sum(b.Mul(b.Square(y), b.ReLU6(b.Scale(x, 9)))), x)[0]
		return b.Mul(b.Mul(g, y), x)
	}},
	{"Cast", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Cast(b.Square(b.Cast(x, tensor.Float64)), tensor.Float32)
	}},
	{"Reshape", []int{3, 2}, []int{2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.Reshape(x, 2, 3), y) }},
	{"ReshapeLike", []int{3, 2}, []int{2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.Op(op.ReshapeLike{}, x, y), y) }},
	{"Transpose", []int{4, 3, 2}, []int{2, 4, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.Transpose(x, 2, 0, 1), y) }},
	{"BroadcastLike", []int{3, 1}, []int{2, 3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.BroadcastLike(x, y), y) }},
	{"SumLike", []int{3, 1}, []int{2, 3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.Op(op.SumLike{}, y, x), x) }},
	{"Size", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Size(x)) }},
	{"OneHot", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(x, b.OneHot(b.ArgMax(x), 2, tensor.Float32))
	}},
	{"SegmentSum", []int{3, 2}, []int{4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		segments := b.Cast(b.Offset(b.Scale(x, 3), 2), tensor.Int32) // from -1, which is left out, to 4, which is too
		return b.Mul(b.SegmentSum(b.Square(x), segments, 4), y)
	}},
	{"CumSum", []int{3, 4}, []int{3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Add(b.Mul(b.CumSum(b.Square(x), false), y), b.CumSum(x, true))
	}},
	{"Iota", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(x, b.Iota(x, 1)) }},
	{"RandomUniform", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(x, b.RandomUniform(1, b.Constant(tensor.Int64, 1), x))
	}},
	{"ReduceSum", []int{2, 3, 4}, []int{2, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Add(b.Mul(b.Sum(x, 1), y), b.Sum(x)) }},
	{"ReduceMax", []int{2, 3, 4}, []int{2, 1, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{1}, KeepDims: true}, x), y)
	}},
	{"ReduceMin", []int{2, 3, 4}, []int{2, 1, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Op(op.Reduce{Fn: op.ReduceMin, Axes: []int{1}, KeepDims: true}, x), y)
	}},
	{"ReduceProd", []int{3, 4}, []int{4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		zeros := func(rows ...float32) *graph.Value { // x without and with one and two zeros in each column
			return b.ReduceProd(b.Mul(x, b.Op(op.Const{Value: tensor.Of(rows, 3, 1)})), 0)
		}
		return b.Mul(b.Add(zeros(1, 2, 1), b.Add(zeros(1, 0, 1), zeros(0, 0, 1))), y)
	}},
	{"TopK", []int{3, 5}, []int{3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		top, _ := b.TopK(x, 2)
		return b.Mul(b.Add(top, b.Square(b.Op(op.TopK{K: 2, Smallest: true}, x))), y)
	}},
	{"MatMul", []int{3, 4}, []int{4, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.MatMul(x, y) }},
	{"MatMul", []int{4, 3}, []int{4, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Op(op.MatMul{TransposeA: true}, x, y) }},
	{"MatMul", []int{3, 4}, []int{2, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Op(op.MatMul{TransposeB: true}, x, y) }},
	{"MatMul", []int{4, 3}, []int{2, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Op(op.MatMul{TransposeA: true, TransposeB: true}, x, y)
	}},
	{"BatchMatMul", []int{2, 3, 4}, []int{2, 4, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.BatchMatMul(x, y) }},
	{"BatchMatMul", []int{2, 1, 4, 3}, []int{2, 1, 4, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Op(op.BatchMatMul{TransposeA: true}, x, y)
	}},
	{"BatchMatMul", []int{2, 3, 4}, []int{2, 2, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Op(op.BatchMatMul{TransposeB: true}, x, y)
	}},
	{"BatchMatMul", []int{2, 4, 3}, []int{2, 2, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Op(op.BatchMatMul{TransposeA: true, TransposeB: true}, x, y)
	}},
	{"Pad", []int{2, 3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Square(b.Pad(x, []int{0, 1, 0}, []int{0, 2, 3}, 4))
	}},
	{"Concat", []int{2, 3, 2}, []int{2, 1, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Square(b.Concat(1, x, y, b.Neg(x)))
	}},
	{"Concat", []int{2, 3}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Concat(1, x) }},
	{"Slice", []int{3, 4, 2}, []int{2, 2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Slice(x, []int{1, 1, 0}, []int{2, 2, tensor.Unknown}), y)
	}},
	{"Slice", []int{3, 4, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Square(b.Op(op.Slice{Begin: []int{1, 1, 0}, Size: []int{2, tensor.Unknown, tensor.Unknown}, End: []int{7, 1, 0}}, b.Square(x)))
	}},
	{"SliceGrad", []int{3, 4, 2}, []int{2, 2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(x, b.Op(op.SliceGrad{Slice: op.Slice{Begin: []int{1, 1, 0}, Size: []int{2, 2, 2}}}, b.Square(y), x))
	}},
	{"ExpandDims", []int{3, 2}, []int{2, 1, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.ExpandDims(x, 0), y) }},
	{"Squeeze", []int{3, 2}, []int{2, 1, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Sum(x), b.Square(b.Squeeze(y, 1)))
	}},
	{"RandomNormal", []int{3, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(x, b.RandomNormal(1, b.Constant(tensor.Int64, 1), x))
	}},
	{"Conv2DTranspose", []int{2, 3, 4, 2}, []int{3, 3, 3, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		same := b.Op(op.Conv2DTranspose{Window: window(3, 2, 1, op.Same), Last: [2]int{2, 1}}, x, y)
		valid := b.Op(op.Conv2DTranspose{Window: window(3, 1, 2, op.Valid), Last: [2]int{5, 5}}, x, y)
		return b.Add(b.Sum(b.Square(same)), b.Square(valid))
	}},
	{"AdaptiveMaxPool2D", []int{2, 5, 4, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		pool := func(h, w int) *graph.Value { return b.Op(op.AdaptiveMaxPool2D{Size: [2]int{h, w}}, x) }
		return b.Add(b.Sum(b.Square(pool(3, 3))), b.Mul(pool(2, 6), pool(2, 6)))
	}},
	{"Resize", []int{2, 3, 4, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		sum := b.Sum(x)
		for m := op.Nearest; m <= op.AdaptiveMean; m++ {
			for _, o := range []op.Resize{
				{Method: op.Given, Given: &[2]op.Taps{
					{First: []int{0, 1, 0}, Weights: [][]float32{{.5, 2, -1}, {1}, nil}}, {First: []int{3, 1}, Weights: [][]float32{{-2}, {.25, .75}}},
				}},
				{Scale: [2]int{2, 3}, Method: m}, {Size: [2]int{5, 3}, Method: m}, {Size: [2]int{2, 7}, Method: m, Antialias: true},
			} {
				up := b.Op(o, b.Square(x))
				sum = b.Add(sum, b.Sum(b.Square(b.Op(op.ResizeGrad{Resize: o}, b.Square(up), x))))
			}
		}
		return sum
	}},
	{"Conv2D", []int{2, 5, 6, 2}, []int{3, 3, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Conv2D(x, y, window(3, 1, 1, op.Valid))
	}},
	{"Conv2D", []int{2, 5, 6, 2}, []int{3, 3, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Conv2D(x, y, window(3, 2, 1, op.Same))
	}},
	{"Conv2D", []int{1, 6, 5, 2}, []int{2, 2, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Conv2D(x, y, window(2, 1, 2, op.Same))
	}},
	{"Conv2D", []int{1, 4, 5, 2}, []int{3, 3, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Conv2D(x, y, explicit(3, 2, 0, 1, 4, 2))
	}},
	{"AveragePool2D", []int{1, 4, 5, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Square(b.AveragePool2D(x, explicit(3, 2, 0, 1, 2, 2)))
	}},
	{"Conv2DGradInput", []int{2, 4, 4, 2}, []int{3, 3, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.Conv2D(x, y, window(3, 1, 1, op.Same)))), x)[0]
	}},
	{"Conv2DGradFilter", []int{2, 4, 4, 2}, []int{3, 3, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.Conv2D(x, y, window(3, 1, 1, op.Valid)))), y)[0]
	}},
	{"Conv2D", []int{2, 5, 4, 6}, []int{3, 2, 2, 9}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		w := op.Window{Size: [2]int{3, 2}, Stride: [2]int{2, 1}, Dilation: [2]int{1, 1}, Padding: op.Same}
		return b.Op(op.Conv2D{Window: w, Groups: 3}, x, y)
	}},
	{"Conv2DGradInput", []int{2, 4, 4, 4}, []int{3, 3, 2, 6}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.Op(op.Conv2D{Window: window(3, 1, 1, op.Same), Groups: 2}, x, y))), x)[0]
	}},
	{"Conv2DGradFilter", []int{2, 4, 4, 4}, []int{3, 3, 2, 6}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.Op(op.Conv2D{Window: window(3, 1, 1, op.Valid), Groups: 2}, x, y))), y)[0]
	}},
	{"DepthwiseConv2D", []int{2, 5, 6, 3}, []int{3, 3, 3, 1}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.DepthwiseConv2D(x, y, window(3, 1, 1, op.Valid))
	}},
	{"DepthwiseConv2D", []int{2, 5, 6, 2}, []int{3, 3, 2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.DepthwiseConv2D(x, y, window(3, 2, 1, op.Same))
	}},
	{"DepthwiseConv2D", []int{1, 6, 5, 2}, []int{2, 2, 2, 3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.DepthwiseConv2D(x, y, window(2, 1, 2, op.Same))
	}},
	{"DepthwiseConv2DGradInput", []int{2, 4, 4, 2}, []int{3, 3, 2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.DepthwiseConv2D(x, y, window(3, 1, 1, op.Same)))), x)[0]
	}},
	{"DepthwiseConv2DGradFilter", []int{2, 4, 4, 2}, []int{3, 3, 2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.DepthwiseConv2D(x, y, window(3, 1, 1, op.Valid)))), y)[0]
	}},
	{"MaxPool2D", []int{2, 5, 6, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.MaxPool2D(x, window(3, 2, 1, op.Same))
	}},
	{"AveragePool2D", []int{2, 5, 6, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.AveragePool2D(x, window(3, 2, 1, op.Same))
	}},
	{"AveragePool2DGrad", []int{2, 5, 6, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(b.AveragePool2D(x, window(2, 2, 1, op.Valid)))), x)[0]
	}},
	{"BatchNorm", []int{2, 3, 2, 3}, []int{3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		v, _, _ := b.BatchNorm(x, y, b.Square(y), .1)
		return v
	}},
	{"BatchNorm", []int{5, 3}, []int{3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		scaled, _, _ := b.BatchNorm(x, y, nil, .2)
		shifted, _, _ := b.BatchNorm(x, nil, y, .3)
		plain, _, _ := b.BatchNorm(b.Mul(x, y), nil, nil, .4)
		return b.Add(b.Mul(scaled, shifted), plain)
	}},
	{"ProjectiveTransform", []int{2, 4, 5, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return warped(b, x) }},
	{"ProjectiveTransformGrad", []int{2, 4, 5, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(warped(b, x))), x)[0]
	}},
	{"MapCoordinates", []int{2, 4, 5, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return mapped(b, x) }},
	{"MapCoordinatesGrad", []int{2, 4, 5, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return graph.Grad(b, b.Sum(b.Square(mapped(b, x))), x)[0]
	}},
	{"image ops without gradients", []int{2, 4, 4, 2}, nil, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return unmoved(b, x) }},
	{"Softmax", []int{3, 4}, []int{3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Mul(b.Softmax(x), y) }},
	{"SoftmaxCrossEntropy", []int{3, 4}, []int{3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.SoftmaxCrossEntropy(x, b.Div(y, b.SumKeep(y, 1))) // labels that sum to 1
	}},
	{"Sparsemax", []int{3, 4}, []int{3, 4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Add(b.Sparsemax(x), b.Sparsemax(b.Scale(x, .1))), y) // some results are 0, and none
	}},
	{"LayerNorm", []int{2, 3, 4}, []int{4}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.LayerNorm(x, y, b.Square(y), .1)
	}},
	{"LayerNorm", []int{5, 3}, []int{3}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		scaled, shifted := b.LayerNorm(x, y, nil, .2), b.LayerNorm(x, nil, y, .3)
		return b.Add(b.Mul(scaled, shifted), b.LayerNorm(b.Mul(x, y), nil, nil, .4))
	}},
	{"Gather", []int{3, 2}, []int{5, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Square(b.Gather(x, b.Cast(b.ArgMax(b.Concat(1, y, y, y)), tensor.Int64))), y)
	}},
	{"Gather", []int{3, 4, 2}, []int{3, 2, 5, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		at := b.Op(op.Const{Value: tensor.Of([]int32{0, 3, -1, 2, 0, 0, 1, 3, -4, 2}, 2, 5)})
		return b.Mul(b.Square(b.GatherAxis(b.Square(x), at, 1)), y)
	}},
	{"Scatter", []int{3, 2}, []int{2, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		at := b.Op(op.Const{Value: tensor.Of([]int32{2, -3}, 2)})
		twice := b.Op(op.Const{Value: tensor.Of([]int32{1, 1}, 2)})
		return b.Mul(b.Square(b.Scatter(x, at, b.Square(y), "")), b.Scatter(x, twice, y, op.Add))
	}},
	{"StraightThrough", []int{3, 2}, []int{2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		return b.Mul(b.Square(b.Op(op.StraightThrough{}, x, b.Offset(x, 3))), y) // as x+3, whose derivative is that of x
	}},
	{"GatherGrad", []int{3, 2}, []int{5, 2}, func(b *graph.Builder, x, y *graph.Value) *graph.Value {
		rows := b.Gather(x, b.ArgMax(y))
		return graph.Grad(b, b.Sum(b.Mul(b.Square(rows), y)), x)[0]
	}},
}

// TestGradients compares Grad with central differences, computed by the interpreter without rounding.
func TestGradients(t *testing.T) {
	for i, c := range gradients {
		t.Run(fmt.Sprint(c.name, i), func(t *testing.T) {
			b := graph.NewBuilder(graph.NewStore(), true)
			random := rand.New(rand.NewPCG(uint64(i), 2))
			var in []*graph.Value
			var at []*interp.Array
			var args [2]*graph.Value
			for k, shape := range [][]int{c.x, c.y} {
				if shape == nil {
					continue
				}
				args[k] = b.Input("xy"[k:k+1], tensor.Float32, shape...)
				in = append(in, args[k])
				a := &interp.Array{Shape: shape, V: make([]float64, tensor.Shape(shape).Elements())}
				for j := range a.V {
					a.V[j] = .2 + .8*random.Float64()
					if k == 0 && random.IntN(2) == 0 {
						a.V[j] = -a.V[j]
					}
				}
				at = append(at, a)
			}
			v := c.f(b, args[0], args[1])
			// Each element has a different weight in the loss.
			loss := b.Sum(b.Mul(v, b.Offset(b.RandomUniform(5, b.Constant(tensor.Int64, 0), v), .5)))
			out := []graph.Output{{Key: "loss", Value: loss}}
			for k, g := range graph.Grad(b, loss, in...) {
				if g == nil {
					if _, err := b.Finish(out...); err != nil {
						t.Fatal(err) // an op without a gradient rule
					}
					t.Fatalf("the loss does not depend on input %d", k)
				}
				out = append(out, graph.Output{Key: fmt.Sprint("d", k), Value: g})
			}
			g, err := b.Finish(out...)
			if err != nil {
				t.Fatal(err)
			}
			run := func() []*interp.Array {
				res, err := interp.Interpreter{Exact: true}.Evaluate(g, at, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				return res
			}
			grads := run()[1:]
			const h = 1e-5
			for k, a := range at {
				if !grads[k].Shape.Equal(a.Shape) {
					t.Fatalf("gradient %d has shape %v, want %v", k, grads[k].Shape, a.Shape)
				}
				for j, x := range a.V {
					a.V[j] = x + h
					up := run()[0].V[0]
					a.V[j] = x - h
					down := run()[0].V[0]
					a.V[j] = x
					if want := (up - down) / (2 * h); math.Abs(grads[k].V[j]-want) > 1e-6*max(1, math.Abs(want)) {
						t.Errorf("gradient %d, element %d: %v, differences give %v", k, j, grads[k].V[j], want)
					}
				}
			}
		})
	}
}

// TestGradientsCover checks that TestGradients covers all gradient rules.
func TestGradientsCover(t *testing.T) {
	used := map[string]bool{}
	for _, c := range gradients {
		b := graph.NewBuilder(graph.NewStore(), true)
		var args [2]*graph.Value
		for k, shape := range [][]int{c.x, c.y} {
			if shape != nil {
				args[k] = b.Input("xy"[k:k+1], tensor.Float32, shape...)
			}
		}
		g, err := b.Finish(graph.Output{Key: "v", Value: c.f(b, args[0], args[1])})
		if err != nil {
			t.Fatal(c.name, err)
		}
		for _, n := range g.Nodes {
			used[n.Op.Name()] = true
		}
	}
	for _, name := range graph.Differentiable() {
		if !used[name] {
			t.Errorf("no test of the gradient of %s", name)
		}
	}
}

// TestOpsHaveGradients checks that each op of package op has a gradient rule, or is listed here as an op that needs none.
func TestOpsHaveGradients(t *testing.T) {
	known := append(graph.Differentiable(),
		"Input", "Variable", "Const", // no operands
		"Assign", "MovingAverage", "SGD", "RMSprop", "Adam", "When", "AverageWeights", // updates
		"Every", "Schedule", // of the number of steps
		// Gradients of ops whose second derivatives nothing needs.
		"MaxPool2DGrad", "AdaptiveMaxPool2DGrad", "SoftmaxGrad", "SoftmaxCrossEntropyGrad", "BatchNormGrad", "SparsemaxGrad", "LayerNormGrad")
	ops := opNames(t)
	for _, name := range ops {
		if !slices.Contains(known, name) {
			t.Errorf("%s has no gradient rule in vjp.go; if none is needed, add the op to this test", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(ops, name) {
			t.Errorf("package op has no %s", name)
		}
	}
}

// opNames returns the names of all ops of package op: the results of methods Name, and the constants of UnaryFn,
// BinaryFn and ReduceFn, which are such results.
func opNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("op/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files of package op:", err)
	}
	var names []string
	add := func(e ast.Expr) bool {
		text, ok := e.(*ast.BasicLit)
		if !ok {
			return false
		}
		name, err := strconv.Unquote(text.Value)
		names = append(names, name)
		return err == nil
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil || n.Name.Name != "Name" {
					break
				}
				result := n.Body.List[0].(*ast.ReturnStmt).Results[0]
				if _, conversion := result.(*ast.CallExpr); !conversion && !add(result) { // string(o.Fn)
					t.Errorf("%s: a method Name returns neither a string literal nor string(o.Fn)", file)
				}
			case *ast.ValueSpec:
				if kind, ok := n.Type.(*ast.Ident); ok && strings.HasSuffix(kind.Name, "Fn") && !add(n.Values[0]) {
					t.Errorf("%s: the value of %s is not a string literal", file, n.Names[0])
				}
			}
			return true
		})
	}
	return names
}
