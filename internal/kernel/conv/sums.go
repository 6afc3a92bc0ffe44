package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// sums are partial gradients of the filter, each followed by that of the bias. Each part of the work
// computes one, and Reduce adds them up in order.
type sums struct {
	isa    kernel.ISA
	groups int // number of partial gradients
	filter int // number of weights
	length int // of a partial gradient
}

// newSums prepares at most the given number of partial gradients, fewer if they are long.
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

// of returns a part's partial gradient.
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

// reduce is Reduce for partial gradients that lie stride floats apart.
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
