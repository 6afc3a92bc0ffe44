package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/sparse"
)

// sparseGradFilter is GradFilter for a 3x3 filter with few input channels. It takes the pooled gradient
// and does not unpool it. A part sums over some rows of windows of the images.
type sparseGradFilter struct {
	sums
	isa     kernel.ISA
	shape   Shape
	options Gradient
	source  source
}

// sparseFits reports whether the sparse algorithm supports a gradient.
func sparseFits(s Shape, g Gradient) bool {
	return g.Pooled && s.C <= sparse.MaxChannels && s.KH == 3 && s.KW == 3 &&
		s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1
}

func newSparseGradFilter(isa kernel.ISA, s Shape, g Gradient) GradFilter {
	s = s.pooled()
	b := &sparseGradFilter{isa: isa, shape: s, options: g, source: newSource(s)}
	b.sums = newSums(isa, s, true, s.N*s.OH/2)
	return b
}

// ScratchLen implements GradFilter.
func (b *sparseGradFilter) ScratchLen() int {
	return 3*b.quadsLen() + b.source.scratchLen(2)
}

func (b *sparseGradFilter) quadsLen() int { return sparse.QuadsLen(b.shape.C, b.shape.OW/2) }

// Run implements GradFilter.
func (b *sparseGradFilter) Run(part int, x, dy []float32, argmax []uint8, partial, _, _, scratch []float32) {
	s := b.shape
	sum := b.of(part, partial)
	clear(sum)
	n := b.quadsLen()
	high, wide := s.OH/2, s.OW/2
	lo, hi := kernel.Split(s.N*high, b.groups, part)
	var quads [3][]float32 // one for each row of the filter
	for unit := lo; unit < hi; unit++ {
		image, i := unit/high, unit%high
		row := b.source.row
		rows := b.source.rows(x, image, 2*i, 2*i+2, scratch[3*n:])
		first := 0
		if unit > lo && i > 0 { // the last quads are the first ones of the next row of windows
			quads[0], quads[2] = quads[2], quads[0]
			first = 1
		} else {
			for line := range quads {
				quads[line] = scratch[line*n : (line+1)*n]
			}
		}
		for line := first; line < 3; line++ {
			sparse.Quads(b.isa, quads[line], rows[line*row:], rows[(line+1)*row:], s.C, wide)
		}
		at := unit * wide * s.O
		sparse.Add(b.isa, s.C, sum, quads, dy[at:at+wide*s.O], argmax[at:at+wide*s.O], wide, s.O)
	}
}

// ReduceParts implements GradFilter.
func (b *sparseGradFilter) ReduceParts() int {
	if b.options.Bias {
		return b.sums.ReduceParts()
	}
	return kernel.Blocks(b.filter)
}

// Reduce implements GradFilter.
func (b *sparseGradFilter) Reduce(part int, partial, dw, db []float32) {
	s := b.sums
	if !b.options.Bias {
		s.length = s.filter // skip the last row, the gradient of the bias
	}
	s.reduce(part, partial, b.length, dw, db)
}
