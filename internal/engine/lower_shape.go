package engine

import (
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// view computes nothing: the result is the operand's memory.
func view(l *lowering) error {
	l.bind = func(*binding) {}
	return nil
}

func transpose(l *lowering) error {
	perm, s, z := l.node.Op.(op.Transpose).Perm, l.node.In[0].Shape, l.node.Out[0].Shape
	stride := make([]int, len(s))
	step := 1
	for d := len(s) - 1; d >= 0; d-- {
		stride[d] = step
		step *= s[d]
	}
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		w := newWalker(z, z)
		for i, d := range perm {
			w.stride[i] = stride[d]
		}
		b.step(1, func(int, []float32) { w.repeat(y.f32, x.f32) })
	}
	return l.floats()
}

func broadcast(l *lowering) error {
	s, z := l.node.In[0].Shape, l.node.Out[0].Shape
	n := z.Elements()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		if s.Elements() == 1 {
			b.step(kernel.Blocks(n), func(part int, _ []float32) {
				lo, hi := kernel.BlockRange(n, part)
				fill(y.f32[lo:hi], x.f32[0])
			})
			return
		}
		w := newWalker(s, z)
		b.step(1, func(int, []float32) { w.repeat(y.f32, x.f32) })
	}
	return l.types(tensor.Float32)
}

// sumLike sums the dimensions along which the result was repeated.
func sumLike(l *lowering) error {
	x, z := l.node.In[0].Shape, l.node.Out[0].Shape
	var axes []int
	for d := range x {
		if j := d - (len(x) - len(z)); j < 0 || z[j] == 1 && x[d] != 1 {
			axes = append(axes, d)
		}
	}
	reduction(l, op.ReduceSum, axes)
	return l.types(tensor.Float32)
}

func reduceAxes(l *lowering) error {
	o := l.node.Op.(op.Reduce)
	axes := slices.Clone(o.Axes)
	if o.Axes == nil {
		for d := range l.node.In[0].Shape {
			axes = append(axes, d)
		}
	}
	slices.Sort(axes)
	reduction(l, o.Fn, axes)
	return l.floats()
}

// reduction reduces the operand along axes, in ascending order: by a kernel when they are
// the first ones or the last ones, else by a loop.
func reduction(l *lowering, fn op.ReduceFn, axes []int) {
	s := l.node.In[0].Shape
	n := s.Elements()
	inner := 1 // elements of the dimensions after the axes, when these are the first ones
	for d := len(axes); d < len(s); d++ {
		inner *= s[d]
	}
	first := len(axes) == 0 || axes[len(axes)-1] == len(axes)-1
	last := len(axes) == 0 || axes[0] == len(s)-len(axes)
	switch {
	case fn == op.ReduceSum && len(axes) == len(s) && n > 0:
		k := reduce.NewSumAll(l.isa, n)
		l.work = k.PartialLen()
		l.bind = func(b *binding) {
			x, y, partial := b.in(0), b.out(0), b.work
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, partial) })
			b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, y.f32) })
		}
	case fn == op.ReduceSum && first && n > 0:
		k := reduce.NewSumRows(l.isa, n/inner, inner)
		l.work = k.PartialLen()
		l.bind = func(b *binding) {
			x, y, partial := b.in(0), b.out(0), b.work
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, partial) })
			b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, y.f32) })
		}
	case last && n > 0:
		cols := 1
		for _, d := range axes {
			cols *= s[d]
		}
		kop := reduce.Sum
		if fn == op.ReduceMax {
			kop = reduce.Max
		}
		k := reduce.NewLast(l.isa, kop, n/cols, cols)
		l.bind = func(b *binding) {
			x, y := b.in(0), b.out(0)
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
		}
	default:
		kept := s.Clone()
		for _, d := range axes {
			kept[d] = 1
		}
		start, f := float32(0), func(a, x float32) float32 { return a + x }
		if fn == op.ReduceMax {
			start, f = float32(math.Inf(-1)), func(a, x float32) float32 { return max(a, x) }
		}
		l.bind = func(b *binding) {
			x, y, w := b.in(0), b.out(0), newWalker(kept, s)
			b.step(1, func(int, []float32) {
				fill(y.f32, start)
				w.each(func(i, j int) { y.f32[j] = f(y.f32[j], x.f32[i]) })
			})
		}
	}
}

// size is folded when its type is one that constants have; what is left is others.
func size(l *lowering) error {
	return fmt.Errorf("no kernel for a size of type %v", l.node.Out[0].DType)
}

func oneHot(l *lowering) error {
	o := l.node.Op.(op.OneHot)
	d := l.node.In[0].DType
	if o.DType != tensor.Float32 || d != tensor.Int32 && d != tensor.Int64 && d != tensor.Uint8 {
		return fmt.Errorf("no kernel from %v to %v", d, o.DType)
	}
	n := l.node.In[0].Shape.Elements()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(1, func(int, []float32) {
			clear(y.f32)
			for i := range n {
				c := -1
				switch d {
				case tensor.Int32:
					c = int(x.i32[i])
				case tensor.Int64:
					c = int(x.i64[i])
				case tensor.Uint8:
					c = int(x.u8[i])
				}
				if c >= 0 && c < o.Depth {
					y.f32[i*o.Depth+c] = 1
				}
			}
		})
	}
	return nil
}

func argMax(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	k := reduce.NewArgMax(l.isa, rows, cols)
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.i32) })
	}
	return l.floats()
}

func randomUniform(l *lowering) error {
	key, n := l.node.Op.(op.RandomUniform).Key, l.node.Out[0].Shape.Elements()
	l.bind = func(b *binding) {
		at, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			philox.Uniform(key, at.i64[0], lo, y.f32[lo:hi])
		})
	}
	return l.types(tensor.Int64)
}
