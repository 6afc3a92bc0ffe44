// Package reduce holds reductions (sums, maxima and so on) over the last dimension, over all dimensions but
// the last, over a middle dimension, and over all elements.
//
// Sums over rows add the rows of a block in order, then the blocks in order. Sums along a row have sixteen
// partial sums (element i is added to sum i%16), which are added up in a fixed tree. So all instruction sets
// give the same bits.
package reduce

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// AddRows sets dst[c] to the sum over the rows of column c of src [rows, cols], or, if add is set, adds the
// sum to it.
func AddRows(isa kernel.ISA, dst, src []float32, rows, cols int, add bool) {
	AddRowsStrided(isa, dst[:cols], src, rows, cols, add)
}

// AddRowsStrided is AddRows for len(dst) columns of rows that lie stride floats apart.
func AddRowsStrided(isa kernel.ISA, dst, src []float32, rows, stride int, add bool) {
	if !add {
		clear(dst)
	}
	if rows == 0 || len(dst) == 0 {
		return
	}
	done := addRows(isa, dst, src[:(rows-1)*stride+len(dst)], rows, stride)
	if done == len(dst) {
		return
	}
	d := dst[done:]
	for r := range rows {
		for c, v := range src[r*stride+done:][:len(d)] {
			d[c] += v
		}
	}
}

// AddColumns sets dst to the sum of rows of src that lie stride floats apart.
func AddColumns(isa kernel.ISA, dst, src []float32, rows, stride int) {
	AddRowsStrided(isa, dst, src, rows, stride, false)
}

// SumRows is the sum over all dimensions but the last, like the gradient of a bias.
type SumRows struct {
	isa                kernel.ISA
	rows, cols, blocks int
}

// NewSumRows prepares the sum over the rows of a matrix [rows, cols].
func NewSumRows(isa kernel.ISA, rows, cols int) *SumRows {
	return &SumRows{isa, rows, cols, min(64, kernel.RowBlocks(rows, cols))}
}

// PartialLen is the length of the parts' sums, in floats.
func (s *SumRows) PartialLen() int { return s.blocks * s.cols }

// Parts is the number of parts of Run.
func (s *SumRows) Parts() int { return s.blocks }

// Run sums a part of x [rows, cols].
func (s *SumRows) Run(part int, x, partial []float32) {
	lo, hi := kernel.Split(s.rows, s.blocks, part)
	AddRows(s.isa, partial[part*s.cols:], x[lo*s.cols:], hi-lo, s.cols, false)
}

// ReduceParts is the number of parts of Reduce.
func (s *SumRows) ReduceParts() int { return 1 }

// Reduce adds up the parts' sums to dst [cols]. It must be called after all parts of Run are done.
func (s *SumRows) Reduce(_ int, partial, dst []float32) {
	AddRows(s.isa, dst, partial, s.blocks, s.cols, false)
}

// SumAll is the sum of all elements.
type SumAll struct {
	isa kernel.ISA
	n   int
}

// NewSumAll prepares the sum of n numbers.
func NewSumAll(isa kernel.ISA, n int) *SumAll { return &SumAll{isa, n} }

// PartialLen is the length of the parts' sums, in floats.
func (s *SumAll) PartialLen() int { return kernel.Blocks(s.n) }

// Parts is the number of parts of Run.
func (s *SumAll) Parts() int { return kernel.Blocks(s.n) }

// Run sums a part of x.
func (s *SumAll) Run(part int, x, partial []float32) {
	lo, hi := kernel.BlockRange(s.n, part)
	partial[part] = sum(s.isa, x[lo:hi])
}

// ReduceParts is the number of parts of Reduce.
func (s *SumAll) ReduceParts() int { return 1 }

// Reduce adds up the parts' sums to dst [1]. It must be called after all parts of Run are done.
func (s *SumAll) Reduce(_ int, partial, dst []float32) {
	dst[0] = sum(s.isa, partial[:kernel.Blocks(s.n)])
}

// Op is a reduction.
type Op uint8

// The reductions. Max and Min are NaN if one of the numbers is NaN.
const (
	Sum Op = iota
	Mean
	Max
	Min
)

// Last is a reduction over the last dimension.
type Last struct {
	isa        kernel.ISA
	op         Op
	rows, cols int
}

// NewLast prepares the reduction of the rows of a matrix [rows, cols].
func NewLast(isa kernel.ISA, op Op, rows, cols int) *Last { return &Last{isa, op, rows, cols} }

// Parts is the number of parts of Run.
func (l *Last) Parts() int { return kernel.RowBlocks(l.rows, l.cols) }

// Run reduces a part of x [rows, cols] to dst [rows].
func (l *Last) Run(part int, x, dst []float32) {
	lo, hi := kernel.Split(l.rows, l.Parts(), part)
	for r := lo; r < hi; r++ {
		row := x[r*l.cols : (r+1)*l.cols]
		switch l.op {
		case Sum:
			dst[r] = sum(l.isa, row)
		case Mean:
			dst[r] = sum(l.isa, row) / float32(l.cols)
		case Max:
			m := float32(math.Inf(-1))
			for _, v := range row {
				m = max(m, v)
			}
			dst[r] = m
		case Min:
			m := float32(math.Inf(1))
			for _, v := range row {
				m = min(m, v)
			}
			dst[r] = m
		}
	}
}

// ArgMax is the index of the maximum of each row, the first one where several numbers are equal.
type ArgMax struct{ rows, cols int }

// NewArgMax prepares the indices of the rows of a matrix [rows, cols].
func NewArgMax(_ kernel.ISA, rows, cols int) *ArgMax { return &ArgMax{rows, cols} }

// Parts is the number of parts of Run.
func (a *ArgMax) Parts() int { return kernel.RowBlocks(a.rows, a.cols) }

// Run computes a part of dst [rows] from x [rows, cols].
func (a *ArgMax) Run(part int, x []float32, dst []int32) {
	lo, hi := kernel.Split(a.rows, a.Parts(), part)
	for r := lo; r < hi; r++ {
		row := x[r*a.cols : (r+1)*a.cols]
		best := 0
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		dst[r] = int32(best)
	}
}

// sum returns the sum of x. It adds element i to lane i%16, in order, and then adds up pairs of lanes that are
// 8, 4, 2 and 1 apart.
func sum(isa kernel.ISA, x []float32) float32 {
	var lanes [16]float32
	whole := len(x) &^ 15
	if whole > 0 {
		if !sumLanes(isa, &lanes, x[:whole]) {
			for i, v := range x[:whole] {
				lanes[i%16] += v
			}
		}
	}
	for j, v := range x[whole:] {
		lanes[j] += v
	}
	for n := 8; n > 0; n /= 2 {
		for j := range n {
			lanes[j] += lanes[j+n]
		}
	}
	return lanes[0]
}
