package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/typed"
	"github.com/lince-ml/lince/tensor"
)

// segmentSum lowers op.SegmentSum. Each block of the data has partial sums, which are then added in
// the order of the blocks. If the partial sums would be larger than the data, there is one block.
func segmentSum(l *lowering) error {
	n, segments := l.node.In[0].Shape.Elements(), l.node.Op.(op.SegmentSum).Segments
	blocks := kernel.Blocks(n)
	if blocks*segments > n {
		blocks = 1
	}
	l.work = blocks * segments
	l.bind = func(b *binding) {
		x, ids, y, partial := b.in(0), b.in(1), b.out(0), b.work
		b.step(blocks, func(part int, _ []float32) {
			sums := partial[part*segments : (part+1)*segments]
			clear(sums)
			lo, hi := kernel.Split(n, blocks, part)
			for i, s := range ids.i32[lo:hi] {
				if s >= 0 && int(s) < segments {
					sums[s] += x.f32[lo+i]
				}
			}
		})
		b.step(1, func(int, []float32) {
			for s := range y.f32[:segments] {
				sum := 0.
				for part := range blocks {
					sum += float64(partial[part*segments+s])
				}
				y.f32[s] = float32(sum)
			}
		})
	}
	return l.types(tensor.Float32, tensor.Int32)
}

// indices lowers op.Iota.
func indices[T typed.Number](l *lowering) error {
	s := l.node.Out[0].Shape
	n, step, size := s.Elements(), strides(s)[l.node.Op.(op.Iota).Axis], s[l.node.Op.(op.Iota).Axis]
	l.bind = func(b *binding) {
		y := b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			to := elements[T](y)
			for i := lo; i < hi; i++ {
				to[i] = T(i / step % size)
			}
		})
	}
	return of[T](l, 0)
}

// cumSum lowers op.CumSum.
func cumSum[T typed.Number](l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	reverse := l.node.Op.(op.CumSum).Reverse
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.RowBlocks(rows, cols), func(part int, _ []float32) {
			lo, hi := kernel.Split(rows, kernel.RowBlocks(rows, cols), part)
			for r := lo; r < hi; r++ {
				from, to := elements[T](x)[r*cols:(r+1)*cols], elements[T](y)[r*cols:(r+1)*cols]
				if !l.node.In[0].DType.IsFloat() {
					sumUp(from, to, T(0), reverse)
				} else {
					sumUp(from, to, 0., reverse)
				}
			}
		})
	}
	return of[T](l, 0)
}

// sumUp sets to to the cumulative sums of from, computed in the type of sum, which is 0.
func sumUp[T, S typed.Number](from, to []T, sum S, reverse bool) {
	for j := range from {
		if reverse {
			j = len(from) - 1 - j
		}
		sum += S(from[j])
		to[j] = T(sum)
	}
}
