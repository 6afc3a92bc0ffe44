package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/image"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

func sampling(s op.Sampling) image.Sampling {
	fill := map[op.Fill]image.Fill{op.FillConstant: image.Constant, op.FillNearest: image.Nearest, op.FillReflect: image.Reflect, op.FillWrap: image.Wrap}
	return image.Sampling{Nearest: s.Nearest, Fill: fill[s.Fill], Value: float32(s.Value)}
}

// warpShape is the shape of a warp of images x to images y.
func warpShape(x, y tensor.Shape) image.Shape {
	return image.Shape{N: x[0], H: x[1], W: x[2], C: x[3], OH: y[1], OW: y[2]}
}

// warp is a kernel that resamples images at points.
type warp interface {
	Parts() int
	Run(part int, x, at, y []float32)
	GradParts() int
	RunGrad(part int, dy, at, dx []float32)
}

func projectiveTransform(l *lowering) error {
	return warpForward(l, image.NewProjective(warpShape(l.node.In[0].Shape, l.node.Out[0].Shape), sampling(l.node.Op.(op.ProjectiveTransform).Sampling)))
}

func projectiveTransformGrad(l *lowering) error {
	return warpGrad(l, image.NewProjective(warpShape(l.node.Out[0].Shape, l.node.In[0].Shape), sampling(l.node.Op.(op.ProjectiveTransformGrad).Sampling)))
}

func mapCoordinates(l *lowering) error {
	return warpForward(l, image.NewMapped(warpShape(l.node.In[0].Shape, l.node.Out[0].Shape), sampling(l.node.Op.(op.MapCoordinates).Sampling)))
}

func mapCoordinatesGrad(l *lowering) error {
	return warpGrad(l, image.NewMapped(warpShape(l.node.Out[0].Shape, l.node.In[0].Shape), sampling(l.node.Op.(op.MapCoordinatesGrad).Sampling)))
}

func warpForward(l *lowering, k warp) error {
	l.bind = func(b *binding) {
		x, at, y := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, at.f32, y.f32) })
	}
	return l.floats()
}

func warpGrad(l *lowering, k warp) error {
	l.bind = func(b *binding) {
		dy, at, dx := b.in(0), b.in(1), b.out(0)
		b.step(k.GradParts(), func(part int, _ []float32) { k.RunGrad(part, dy.f32, at.f32, dx.f32) })
	}
	return l.floats()
}

func index(l *lowering) error {
	l.bind = func(b *binding) {
		y := b.out(0)
		b.step(1, func(int, []float32) {
			for i := range y.f32 {
				y.f32[i] = float32(i)
			}
		})
	}
	return l.floats()
}

func homography(l *lowering) error {
	n := l.node.Out[0].Shape[0]
	l.bind = func(b *binding) {
		before, after, y := b.in(0), b.in(1), b.out(0)
		b.step(1, func(int, []float32) { image.Homography(0, n, before.f32, after.f32, y.f32) })
	}
	return l.floats()
}

func equalizeHistogram(l *lowering) error {
	s := l.node.In[0].Shape
	k := image.NewEqualize(s[:3].Elements(), s[3], l.node.Op.(op.EqualizeHistogram).Bins)
	l.work = k.TableLen()
	l.bind = func(b *binding) {
		x, y, tables, counts := b.in(0), b.out(0), b.work, make([]int, k.CountLen())
		b.step(s[3], func(part int, _ []float32) { k.Count(part, x.f32, tables, counts) })
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, tables, y.f32) })
	}
	return l.floats()
}

func localEqualization(l *lowering) error {
	s, o := l.node.In[0].Shape, l.node.Op.(op.LocalEqualization)
	k := image.NewLocal(s[0], s[1], s[2], s[3], o.Limit, o.Grid)
	l.work = k.TableLen()
	l.bind = func(b *binding) {
		x, y, tables := b.in(0), b.out(0), b.work
		b.step(k.Parts(), func(part int, _ []float32) { k.Count(part, x.f32, tables) })
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, tables, y.f32) })
	}
	return l.floats()
}

func randomPermutation(l *lowering) error {
	key := l.node.Op.(op.RandomPermutation).Key
	l.bind = func(b *binding) {
		at, y := b.in(0), b.out(0)
		b.step(1, func(int, []float32) { philox.Permutation(key, at.i64[0], y.i32) })
	}
	return l.types(tensor.Int64)
}

func randomLogGamma(l *lowering) error {
	key, n := l.node.Op.(op.RandomLogGamma).Key, l.node.Out[0].Shape.Elements()
	l.bind = func(b *binding) {
		at, alpha, y := b.in(0), b.in(1), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			philox.LogGamma(key, at.i64[0], float64(alpha.f32[0]), lo, y.f32[lo:hi])
		})
	}
	return l.types(tensor.Int64, tensor.Float32)
}
