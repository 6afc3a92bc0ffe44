package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
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
func indices(l *lowering) error {
	s := l.node.Out[0].Shape
	n, step, size := s.Elements(), strides(s)[l.node.Op.(op.Iota).Axis], s[l.node.Op.(op.Iota).Axis]
	l.bind = func(b *binding) {
		y := b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			for i := lo; i < hi; i++ {
				y.f32[i] = float32(i / step % size)
			}
		})
	}
	return l.types(tensor.Float32)
}

// cumSum lowers op.CumSum.
func cumSum(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	reverse := l.node.Op.(op.CumSum).Reverse
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.RowBlocks(rows, cols), func(part int, _ []float32) {
			lo, hi := kernel.Split(rows, kernel.RowBlocks(rows, cols), part)
			for r := lo; r < hi; r++ {
				sum, from, to := 0., x.f32[r*cols:(r+1)*cols], y.f32[r*cols:(r+1)*cols]
				for j := range from {
					if reverse {
						j = cols - 1 - j
					}
					sum += float64(from[j])
					to[j] = float32(sum)
				}
			}
		})
	}
	return l.floats()
}
