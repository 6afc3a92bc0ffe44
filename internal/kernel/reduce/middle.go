package reduce

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
)

// Middle reduces the middle one of three dimensions, [outer, rows, cols]: the pixels of each
// image, a channel at a time. Rows are taken in order, block by block, then the blocks in order. A
// few long rows (see Wide) are one block, and the work is cut along their columns.
type Middle struct {
	isa               kernel.ISA
	op                Op
	outer, rows, cols int
	blocks, cuts      int // of the rows and of the columns; one of them is 1
}

const fewRows = 64

// NewMiddle prepares Sum or Max.
func NewMiddle(isa kernel.ISA, op Op, outer, rows, cols int) *Middle {
	if op != Sum && op != Max {
		panic("reduce: Middle is Sum or Max")
	}
	m := &Middle{isa, op, outer, rows, cols, min(64, kernel.RowBlocks(rows, cols)), 1}
	if Wide(rows, cols) {
		m.blocks, m.cuts = 1, kernel.Blocks(cols)
	}
	return m
}

// Wide says whether Middle cuts columns. Its sums have the same bits as those of SumRows, which
// makes a copy of each row then.
func Wide(rows, cols int) bool { return rows <= fewRows && cols >= kernel.Block }

// PartialLen is the number of floats of the blocks' results.
func (m *Middle) PartialLen() int {
	if m.blocks == 1 {
		return 0
	}
	return m.outer * m.blocks * m.cols
}

// Parts is the number of parts.
func (m *Middle) Parts() int {
	if m.cuts > 1 {
		return m.outer * m.cuts
	}
	return kernel.RowBlocks(m.outer*m.blocks, m.rows*m.cols/m.blocks)
}

// Run reduces a part of x [outer, rows, cols] to partial or, where PartialLen is 0, dst
// [outer, cols].
func (m *Middle) Run(part int, x, partial, dst []float32) {
	if m.cuts > 1 {
		i, cut := part/m.cuts, part%m.cuts
		lo, hi := kernel.Split(m.cols, m.cuts, cut)
		m.reduce(dst[i*m.cols+lo:i*m.cols+hi], x[i*m.rows*m.cols+lo:], m.rows)
		return
	}
	if m.blocks == 1 {
		partial = dst
	}
	from, to := kernel.Split(m.outer*m.blocks, m.Parts(), part)
	for i := from; i < to; i++ {
		lo, hi := kernel.Split(m.rows, m.blocks, i%m.blocks)
		m.reduce(partial[i*m.cols:(i+1)*m.cols], x[(i/m.blocks*m.rows+lo)*m.cols:], hi-lo)
	}
}

// ReduceParts is the number of parts of bringing the blocks together.
func (m *Middle) ReduceParts() int {
	if m.blocks == 1 {
		return 0
	}
	return kernel.RowBlocks(m.outer, m.blocks*m.cols)
}

// Reduce brings a part of the blocks together. All of Run must be done.
func (m *Middle) Reduce(part int, partial, dst []float32) {
	from, to := kernel.Split(m.outer, m.ReduceParts(), part)
	for i := from; i < to; i++ {
		m.reduce(dst[i*m.cols:(i+1)*m.cols], partial[i*m.blocks*m.cols:], m.blocks)
	}
}

// reduce makes dst of rows of x, which start cols floats apart.
func (m *Middle) reduce(dst, x []float32, rows int) {
	if m.op == Sum {
		AddRowsStrided(m.isa, dst, x, rows, m.cols, false)
		return
	}
	copy(dst, x)
	for r := 1; r < rows; r++ {
		eltwise.Accumulate(m.isa, eltwise.Max, dst, x[r*m.cols:r*m.cols+len(dst)])
	}
}
