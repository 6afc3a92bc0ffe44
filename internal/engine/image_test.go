package engine

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// transforms are numbers for op.ProjectiveTransform: none, a flip, a rotation with a shear, and a perspective whose points are outside
// the image on all sides.
var transforms = tensor.Of([]float32{
	1, 0, 0, 0, 1, 0, 0, 0,
	-1, 0, 6, 0, 1, 0, 0, 0,
	.71, -1.3, 3.21, .93, .83, -4.37, 0, 0,
	2.3, .31, -5.17, .27, -1.9, 9.13, .021, -.013,
}, 4, 8)

// points shifts each pixel of x by a different distance, some out of the image.
func points(b *graph.Builder, x *graph.Value) *graph.Value {
	all := tensor.Unknown
	shift := b.Scale(b.Slice(x, []int{0, 0, 0, 0}, []int{all, all, all, 2}), 19.3)
	rows, columns := b.Index(shift, 1), b.Index(shift, 2)
	ones := b.BroadcastLike(b.Constant(tensor.Float32, 1), b.Slice(shift, []int{0, 0, 0, 0}, []int{all, all, all, 1}))
	return b.Add(shift, b.Concat(3, b.Mul(ones, rows), b.Mul(ones, columns)))
}

// warps has each kind of Fill and both kinds of interpolation, forward and backward.
func warps(b *graph.Builder, x *graph.Value) []*graph.Value {
	t := b.Op(op.Const{Value: transforms})
	one := b.Slice(t, []int{2, 0}, []int{1, 8})
	t = b.Gather(t, b.Cast(b.Reshape(b.Index(x, 0), -1), tensor.Int32))
	var out []*graph.Value
	for _, fill := range []op.Fill{op.FillConstant, op.FillNearest, op.FillReflect, op.FillWrap} {
		for _, nearest := range []bool{false, true} {
			s := op.Sampling{Nearest: nearest, Fill: fill, Value: .75}
			for _, y := range []*graph.Value{
				b.ProjectiveTransform(x, t, s, [2]int{}), b.ProjectiveTransform(x, t, s, [2]int{9, 4}), b.ProjectiveTransform(x, one, s, [2]int{}),
				b.MapCoordinates(x, points(b, x), s),
			} {
				out = append(append(out, y), graph.Grad(b, b.Sum(b.Square(y)), x)...)
			}
		}
	}
	return out
}

// recolors has the other ops for images, and the mixing of examples.
func recolors(b *graph.Builder, x *graph.Value) []*graph.Value {
	bright := b.Offset(b.Scale(x, 150), 100) // partly outside 0 to 255
	step, alpha := b.Constant(tensor.Int64, 7), b.Constant(tensor.Float32, .4)
	order := b.RandomPermutation(3, step, x)
	taken := b.Gather(x, order)
	corners := b.Reshape(b.Slice(x, []int{0, 0, 0, 0}, []int{tensor.Unknown, 4, 2, 1}), -1, 4, 2)
	square := b.Op(op.Const{Value: tensor.Of([]float32{0, 0, 6, 0, 0, 5, 6, 5}, 1, 4, 2)})
	before := b.Mul(b.Add(square, b.Scale(corners, 0)), b.Constant(tensor.Float32, 1))
	return append([]*graph.Value{
		b.Op(op.EqualizeHistogram{Bins: 256}, b.Clip(bright, 0, 255)), b.Op(op.EqualizeHistogram{Bins: 7}, b.Clip(bright, 0, 255)),
		b.Op(op.EqualizeHistogram{Bins: 16}, b.Scale(b.Abs(x), 0)),
		b.Op(op.LocalEqualization{Limit: 4, Grid: [2]int{2, 3}}, bright), b.Op(op.LocalEqualization{Grid: [2]int{1, 4}}, bright),
		b.Op(op.LocalEqualization{Grid: [2]int{2, 2}}, b.Scale(x, 0)),
		order, taken, b.Homography(before, b.Add(before, corners)), b.Index(x, 0), b.Index(x, 2), b.Add(b.Index(x, 1), x),
		b.RandomLogGamma(3, step, alpha, x), b.RandomLogGamma(4, step, b.Constant(tensor.Float32, 2.5), x),
	}, graph.Grad(b, b.Sum(b.Square(taken)), x)...)
}

func imageOps(b *graph.Builder, x *graph.Value) []*graph.Value {
	return append(warps(b, x), recolors(b, x)...)
}
