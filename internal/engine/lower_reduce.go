package engine

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/tensor"
)

// sumLike lowers op.SumLike: a sum over the dimensions along which broadcasting repeats the result.
func sumLike(l *lowering) error {
	reduction(l, op.ReduceSum, summed(l.node.In[0].Shape, l.node.Out[0].Shape))
	return l.types(tensor.Float32)
}

// summed returns the axes of x along which broadcasting repeats z.
func summed(x, z tensor.Shape) (axes []int) {
	for d := range x {
		if j := d - (len(x) - len(z)); j < 0 || z[j] == 1 && x[d] != 1 {
			axes = append(axes, d)
		}
	}
	return axes
}

func reduceAxes(l *lowering) error {
	o := l.node.Op.(op.Reduce)
	reduction(l, o.Fn, reducedAxes(o, l.node.In[0].Shape))
	return of[float32](l, 0)
}

// reducedAxes returns the axes of a reduction of shape s, in ascending order.
func reducedAxes(o op.Reduce, s tensor.Shape) (axes []int) {
	for d := range s {
		if o.Axes == nil || slices.Contains(o.Axes, d) {
			axes = append(axes, d)
		}
	}
	return axes
}

// reduction reduces the operand along axes, which are in ascending order.
func reduction(l *lowering, fn op.ReduceFn, axes []int) {
	s := l.node.In[0].Shape
	n := s.Elements()
	inner := 1 // number of elements after the axes, if these are the first dimensions
	for d := len(axes); d < len(s); d++ {
		inner *= s[d]
	}
	first := len(axes) == 0 || axes[len(axes)-1] == len(axes)-1
	last := len(axes) == 0 || axes[0] == len(s)-len(axes)
	kop, start := reduce.Sum, 0.
	switch {
	case fn == op.ReduceMax && l.node.In[0].DType == tensor.Bool:
		kop = reduce.Max
	case fn == op.ReduceMax:
		kop, start = reduce.Max, math.Inf(-1)
	}
	switch {
	case n == 0:
		l.bind = func(b *binding) {
			y := b.out(0)
			b.step(1, func(int, []float32) { fill(y.f32, float32(start)) })
		}
	case fn == op.ReduceSum && len(axes) == len(s):
		k := reduce.NewSumAll(l.isa, n)
		l.work = k.PartialLen()
		l.bind = func(b *binding) {
			x, y, partial := b.in(0), b.out(0), b.work
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, partial) })
			b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, y.f32) })
		}
	case fn == op.ReduceSum && first && !reduce.Wide(n/inner, inner):
		k := reduce.NewSumRows(l.isa, n/inner, inner)
		l.work = k.PartialLen()
		l.bind = func(b *binding) {
			x, y, partial := b.in(0), b.out(0), b.work
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, partial) })
			b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, y.f32) })
		}
	case last:
		cols := s[len(s)-len(axes):].Elements()
		k := reduce.NewLast(l.isa, kop, n/cols, cols)
		l.bind = func(b *binding) {
			x, y := b.in(0), b.out(0)
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
		}
	default:
		inTurns(l, kop, s, axes)
	}
}

// inTurns reduces one group of adjacent axes after another, the last group first. If the dimensions
// before and after a group are merged, the group is the middle one of three dimensions, or the last
// of two if no dimension is left after it.
func inTurns(l *lowering, kop reduce.Op, s tensor.Shape, axes []int) {
	turns := turnsOf(s, axes)
	type kernels struct {
		last         *reduce.Last
		middle       *reduce.Middle
		len, partial int // working memory for the result and for the partial results, in floats
	}
	list := make([]kernels, len(turns))
	for i, t := range turns {
		k := &list[i]
		if t.cols == 1 {
			k.last = reduce.NewLast(l.isa, kop, t.outer, t.rows)
		} else {
			k.middle = reduce.NewMiddle(l.isa, kop, t.outer, t.rows, t.cols)
			k.partial = k.middle.PartialLen()
		}
		if i < len(turns)-1 { // the last result is the node's, and not in working memory
			k.len = t.outer * t.cols
		}
		l.work += k.len + k.partial
	}
	l.bind = func(b *binding) {
		x, work := b.in(0), b.work
		for i, k := range list {
			y := b.out(0)
			if i < len(list)-1 {
				y = &memory{f32: work[:k.len]}
			}
			partial := work[k.len : k.len+k.partial]
			work = work[k.len+k.partial:]
			src := x
			if k.last != nil {
				b.step(k.last.Parts(), func(part int, _ []float32) { k.last.Run(part, src.f32, y.f32) })
			} else {
				b.step(k.middle.Parts(), func(part int, _ []float32) { k.middle.Run(part, src.f32, partial, y.f32) })
				b.step(k.middle.ReduceParts(), func(part int, _ []float32) { k.middle.Reduce(part, partial, y.f32) })
			}
			x = y
		}
	}
}

// turn is the reduction of the middle dimension of a shape [outer, rows, cols].
type turn struct{ outer, rows, cols int }

// turnsOf divides a reduction along axes, in ascending order, into turns, each for a group of adjacent axes, the last group first.
func turnsOf(s tensor.Shape, axes []int) []turn {
	var turns []turn
	cols := 1 // number of elements left after dimension d
	for d := len(s) - 1; d >= 0; d-- {
		if !slices.Contains(axes, d) {
			cols *= s[d]
			continue
		}
		rows := s[d]
		for d > 0 && slices.Contains(axes, d-1) {
			d--
			rows *= s[d]
		}
		turns = append(turns, turn{s[:d].Elements(), rows, cols})
	}
	return turns
}
