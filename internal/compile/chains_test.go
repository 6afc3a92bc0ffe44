package compile

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// TestChains checks which element-wise ops become one pass over memory. A convolution comes before and after
// the ops, so that what they read and write is kept in memory.
func TestChains(t *testing.T) {
	layers := func(f func(b *graph.Builder, x *graph.Value) *graph.Value) func(b *graph.Builder, x *graph.Value) []*graph.Value {
		return func(b *graph.Builder, x *graph.Value) []*graph.Value {
			k, l := weight(b, "k", 1, 1, 3, 8), weight(b, "l", 1, 1, 8, 5)
			z := b.Conv2D(f(b, b.Conv2D(x, k, window(1, 1))), l, window(1, 1))
			return append(graph.Grad(b, b.Sum(z), k, l), z)
		}
	}
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder, x *graph.Value) []*graph.Value
		want  string
	}{
		{"silu", layers(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Sigmoid(x)) }), "Conv2D 1x1 valid, FusedChain Sigmoid(0) Mul(0 1) = 2, Conv2D 1x1 valid, BroadcastLike, " +
			"Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Sigmoid(0) Mul(1 2) Mul(1 0) Square(2) Sub(2 5) Mul(4 6) Add(3 7) = 8, Conv2DGradFilter 1x1 valid"},
		{"gelu", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Mul(b.Scale(x, .5), b.Offset(b.Erf(b.Scale(x, .7071)), 1))
		}), "Conv2D 1x1 valid, FusedChain Mul(0 1) Mul(0 2) Erf(5) Add(6 3) Mul(4 7) = 8, Conv2D 1x1 valid, BroadcastLike, " +
			"Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Mul(0 1) Mul(0 2) Erf(7) Add(8 3) Mul(4 9) Mul(4 6) Square(7) Neg(12) Exp(13) Mul(14 5) Mul(11 15) Mul(16 2) Mul(10 1) Add(17 18) = 19, " +
			"Conv2DGradFilter 1x1 valid"},
		{"h-swish", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Mul(x, b.Scale(b.ReLU6(b.Offset(x, 3)), 1./6))
		}), "Conv2D 1x1 valid, FusedChain Add(0 1) ReLU6(3) Mul(4 2) Mul(0 5) = 6, Conv2D 1x1 valid, BroadcastLike, " +
			"Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Add(0 1) ReLU6(4) Mul(5 2) Mul(3 6) Mul(3 0) Mul(8 2) ReLU6Grad(9 5) Add(7 10) = 11, " +
			"Conv2DGradFilter 1x1 valid"},
		{"mish", layers(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Tanh(b.Softplus(x))) }), "Conv2D 1x1 valid, FusedChain Softplus(0) Tanh(1) Mul(0 2) = 2 3, Conv2D 1x1 valid, BroadcastLike, " +
			"Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Mul(0 1) Mul(0 2) Square(1) Mul(4 5) Sub(4 6) Sigmoid(2) Mul(7 8) Add(3 9) = 10, " +
			"Conv2DGradFilter 1x1 valid"},
		{"dropout and a residual", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			mask := b.Binary(op.GreaterEqual, b.RandomUniform(1, b.Constant(tensor.Int64, 1), x), b.Constant(tensor.Float32, .3))
			return b.Add(b.Mul(b.Mul(x, b.Cast(mask, tensor.Float32)), b.Constant(tensor.Float32, 1/.7)), x)
		}), "Conv2D 1x1 valid, " +
			"FusedChain RandomUniform[Key:16848853895932712992](0) GreaterEqual(4 1) Mul(2 5) Mul(6 3) Add(7 2) = 4 8, " +
			"Conv2D 1x1 valid, BroadcastLike, Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain GreaterEqual(0 1) Mul(2 3) Mul(5 4) Add(2 6) = 7, Conv2DGradFilter 1x1 valid"},
		{"elu", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			zero := b.Constant(tensor.Float32, 0)
			return b.Select(b.Binary(op.Greater, x, zero), x, b.Expm1(x))
		}), "Conv2D 1x1 valid, FusedChain Greater(0 1) Expm1(0) Select(2 0 3) = 4, Conv2D 1x1 valid, BroadcastLike, " +
			"Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Greater(0 1) Expm1(0) Select(4 2 1) Select(4 1 2) Add(5 3) Mul(7 8) Add(6 9) = 10, " +
			"Conv2DGradFilter 1x1 valid"},
		{"batch normalization and h-swish", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			x, _, _ = b.BatchNorm(x, weight(b, "gamma", 8), weight(b, "beta", 8), .5)
			return b.Mul(x, b.Scale(b.ReLU6(b.Offset(x, 3)), 1./6))
		}), "FusedConvBatchNorm 1x1 valid epsilon 0.5 scale statistics only, " +
			"FusedChain Sub(0 1) Mul(6 2) Add(7 3) Add(8 4) ReLU6(9) Mul(10 5) Mul(8 11) = 12, Conv2D 1x1 valid, " +
			"BroadcastLike, Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, " +
			"FusedChain Sub(0 1) Mul(7 2) Add(8 3) Add(9 4) ReLU6(10) Mul(11 5) Mul(6 12) Mul(6 9) Mul(14 5) ReLU6Grad(15 11) Add(13 16) = 17, " +
			"BatchNormGrad epsilon 0.5 scale, Conv2DGradFilter 1x1 valid"},
		{"squeeze and excite", layers(func(b *graph.Builder, x *graph.Value) *graph.Value {
			gate := b.Reshape(b.MatMul(b.Mean(x, 1, 2), weight(b, "gate", 8, 8)), -1, 1, 1, 8)
			return b.Mul(x, b.Scale(b.ReLU6(b.Offset(gate, 3)), 1./6))
		}), "Conv2D 1x1 valid, ReduceSum axes [1 2], Div, MatMul, Reshape to (None, 1, 1, 8), Add, ReLU6, Mul, Mul, " +
			"Conv2D 1x1 valid, BroadcastLike, Conv2DGradInput 1x1 valid, Conv2DGradFilter 1x1 valid, Mul, SumLike, Mul, " +
			"ReLU6Grad, Reshape to (4, 8), MatMul transpose right, Div, Reshape to (4, 1, 1, 8), " +
			"FusedChain Mul(0 1) Add(3 2) = 4, Conv2DGradFilter 1x1 valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := graph.NewBuilder(graph.NewStore(), true)
			p := compiled(t, b, c.build(b, b.Input("x", tensor.Float32, tensor.Unknown, 8, 8, 3))...)
			if got := strings.Join(ops(p), ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
