package reduce

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
)

// Middle reduces the middle one of three dimensions, [outer, rows, cols], for example the pixels of images.
// It reduces the rows of a block in order, then the blocks in order. A few long rows (see Wide) are one block,
// and the work is divided by columns.
type Middle struct {
	isa               kernel.ISA
	op                Op
	outer, rows, cols int
	blocks, cuts      int // number of blocks of rows, and of columns; one of them is 1
}

const fewRows = 64

// NewMiddle prepares the reduction; op is Sum or Max.
func NewMiddle(isa kernel.ISA, op Op, outer, rows, cols int) *Middle {
	if op != Sum && op != Max {
		panic("reduce: Middle wants Sum or Max")
	}
	m := &Middle{isa, op, outer, rows, cols, min(64, kernel.RowBlocks(rows, cols)), 1}
	if Wide(rows, cols) {
		m.blocks, m.cuts = 1, kernel.Blocks(cols)
	}
	return m
}

// Wide reports whether Middle divides the work by columns. SumRows would give the same bits, but would have
// one partial sum for each row.
func Wide(rows, cols int) bool { return rows <= fewRows && cols >= kernel.Block }

// PartialLen is the length of the blocks' results, in floats.
func (m *Middle) PartialLen() int {
	if m.blocks == 1 {
		return 0
	}
	return m.outer * m.blocks * m.cols
}

// Parts is the number of parts of Run.
func (m *Middle) Parts() int {
	if m.cuts > 1 {
		return m.outer * m.cuts
	}
	return kernel.RowBlocks(m.outer*m.blocks, m.rows*m.cols/m.blocks)
}

// Run reduces a part of x [outer, rows, cols] to partial or, if PartialLen is 0, to dst [outer, cols].
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

// ReduceParts is the number of parts of Reduce.
func (m *Middle) ReduceParts() int {
	if m.blocks == 1 {
		return 0
	}
	return kernel.RowBlocks(m.outer, m.blocks*m.cols)
}

// Reduce reduces the blocks' results to a part of dst. It must be called after all parts of Run are done.
func (m *Middle) Reduce(part int, partial, dst []float32) {
	from, to := kernel.Split(m.outer, m.ReduceParts(), part)
	for i := from; i < to; i++ {
		m.reduce(dst[i*m.cols:(i+1)*m.cols], partial[i*m.blocks*m.cols:], m.blocks)
	}
}

// reduce reduces rows of x, which lie cols floats apart, to dst.
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
