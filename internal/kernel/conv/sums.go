package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// sums are the gradients of filters, and of the bias behind them, that parts of the work make
// and that are added up in order.
type sums struct {
	isa    kernel.ISA
	groups int // parts
	filter int // weights
	length int // of a part's sums
}

// newSums makes at most so many sums, and fewer when they are long.
func newSums(isa kernel.ISA, s Shape, bias bool, most int) sums {
	b := sums{isa: isa, filter: s.filterLen(), length: s.filterLen()}
	if bias {
		b.length += s.O
	}
	groups := 16
	for n := b.length; n > 1<<17 && groups > 2; n /= 2 {
		groups /= 2
	}
	b.groups = min(groups, most)
	return b
}

// of is a part's sums.
func (b *sums) of(part int, partial []float32) []float32 {
	return partial[part*b.length : (part+1)*b.length]
}

// PartialLen implements GradFilter.
func (b *sums) PartialLen() int { return b.groups * b.length }

// Parts implements GradFilter.
func (b *sums) Parts() int { return b.groups }

// ReduceParts implements GradFilter.
func (b *sums) ReduceParts() int { return kernel.Blocks(b.length) }

// Reduce implements GradFilter.
func (b *sums) Reduce(part int, partial, dw, db []float32) {
	b.reduce(part, partial, b.length, dw, db)
}

// reduce is Reduce for sums that are stride apart.
func (b *sums) reduce(part int, partial []float32, stride int, dw, db []float32) {
	lo, hi := kernel.BlockRange(b.length, part)
	n := b.filter
	if lo < n {
		end := min(hi, n)
		reduce.AddColumns(b.isa, dw[lo:end], partial[lo:], b.groups, stride)
	}
	if hi > n {
		from := max(lo, n)
		reduce.AddColumns(b.isa, db[from-n:hi-n], partial[from:], b.groups, stride)
	}
}
