package graph_test

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// warped is x after a rotation of the first image and a perspective of the second.
func warped(b *graph.Builder, x *graph.Value) *graph.Value {
	t := b.Op(op.Const{Value: tensor.Of([]float32{.8, -.6, 1.7, .6, .8, -1.1, 0, 0, 1.2, .1, -1.3, .2, .9, .4, .03, -.02}, 2, 8)})
	constant := op.Sampling{Fill: op.FillConstant, Value: .5}
	return b.Add(b.ProjectiveTransform(x, t, op.Sampling{Fill: op.FillReflect}, [2]int{}), b.ProjectiveTransform(x, t, constant, [2]int{4, 5}))
}

func mapped(b *graph.Builder, x *graph.Value) *graph.Value {
	at := b.Op(op.Const{Value: tensor.Of([]float32{.3, 1.2, 2.9, 4.4, -.7, 2, 1.5, 5.2}, 2, 2, 1, 2)})
	return b.Add(b.MapCoordinates(x, at, op.Sampling{Fill: op.FillReflect}), b.MapCoordinates(x, at, op.Sampling{Fill: op.FillConstant, Nearest: true}))
}

// unmoved multiplies x by the results of the ops whose derivative is 0 or that take random numbers only.
func unmoved(b *graph.Builder, x *graph.Value) *graph.Value {
	step := b.Constant(tensor.Int64, 2)
	// The ops have steps. Far from a step, they are constant.
	levels := b.Scale(b.Op(op.Unary{Fn: op.Floor}, b.Offset(b.Scale(x, 3), .01)), 10)
	square := b.Op(op.Const{Value: tensor.Of([]float32{0, 0, 3, 0, 0, 3, 3, 3}, 1, 4, 2)})
	moved := b.Op(op.Const{Value: tensor.Of([]float32{0, 1, 3, 0, 0, 2, 3, 3}, 1, 4, 2)})
	y := b.Add(b.Op(op.EqualizeHistogram{Bins: 8}, levels), b.Op(op.LocalEqualization{Limit: 2, Grid: [2]int{2, 2}}, levels))
	y = b.Add(y, b.Add(b.Index(x, 1), b.RandomLogGamma(1, step, b.Constant(tensor.Float32, 2), x)))
	order := b.Cast(b.Reshape(b.RandomPermutation(1, step, x), -1, 1, 1, 1), tensor.Float32)
	y = b.Add(b.Add(y, order), b.Sum(b.Homography(square, moved)))
	return b.Mul(x, b.Scale(y, .01))
}
