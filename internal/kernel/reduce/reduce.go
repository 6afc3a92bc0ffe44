// Package reduce holds sums, maxima and the like over the last dimension, over all but the
// last, and over everything.
//
// Sums over rows go down the rows in order, block by block, then over the blocks in order.
// Sums along a row keep sixteen sums (element i goes to sum i%16) that are added up in a
// fixed tree; so all instruction sets give the same bits.
package reduce

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// AddRows sets dst[c], or adds to it with add, the sum over rows of src [rows, cols], for
// all c below cols.
func AddRows(isa kernel.ISA, dst, src []float32, rows, cols int, add bool) {
	AddRowsStrided(isa, dst[:cols], src, rows, cols, add)
}

// AddRowsStrided is AddRows for rows that start stride floats apart, of len(dst) columns.
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

// AddColumns sets dst to the sum of rows of src that start stride floats apart.
func AddColumns(isa kernel.ISA, dst, src []float32, rows, stride int) {
	AddRowsStrided(isa, dst, src, rows, stride, false)
}

// SumRows is the sum over all but the last dimension: the gradient of a bias.
type SumRows struct {
	isa                kernel.ISA
	rows, cols, blocks int
}

// NewSumRows prepares the sum of rows of cols numbers.
func NewSumRows(isa kernel.ISA, rows, cols int) *SumRows {
	return &SumRows{isa, rows, cols, min(64, kernel.RowBlocks(rows, cols))}
}

// PartialLen is the number of floats of the parts' sums.
func (s *SumRows) PartialLen() int { return s.blocks * s.cols }

// Parts is the number of parts of the sum.
func (s *SumRows) Parts() int { return s.blocks }

// Run sums a part of x [rows, cols].
func (s *SumRows) Run(part int, x, partial []float32) {
	lo, hi := kernel.Split(s.rows, s.blocks, part)
	AddRows(s.isa, partial[part*s.cols:], x[lo*s.cols:], hi-lo, s.cols, false)
}

// ReduceParts is the number of parts of adding up.
func (s *SumRows) ReduceParts() int { return 1 }

// Reduce adds up: dst [cols]. All of Run must be done.
func (s *SumRows) Reduce(_ int, partial, dst []float32) {
	AddRows(s.isa, dst, partial, s.blocks, s.cols, false)
}

// SumAll is the sum of everything.
type SumAll struct {
	isa kernel.ISA
	n   int
}

// NewSumAll prepares the sum of n numbers.
func NewSumAll(isa kernel.ISA, n int) *SumAll { return &SumAll{isa, n} }

// PartialLen is the number of floats of the parts' sums.
func (s *SumAll) PartialLen() int { return kernel.Blocks(s.n) }

// Parts is the number of parts of the sum.
func (s *SumAll) Parts() int { return kernel.Blocks(s.n) }

// Run sums a part of x.
func (s *SumAll) Run(part int, x, partial []float32) {
	lo, hi := kernel.BlockRange(s.n, part)
	partial[part] = sum(s.isa, x[lo:hi])
}

// ReduceParts is the number of parts of adding up.
func (s *SumAll) ReduceParts() int { return 1 }

// Reduce adds up: dst [1]. All of Run must be done.
func (s *SumAll) Reduce(_ int, partial, dst []float32) {
	dst[0] = sum(s.isa, partial[:kernel.Blocks(s.n)])
}

// Op is a reduction along a row.
type Op uint8

// The reductions. Max and Min are NaN where a number is.
const (
	Sum Op = iota
	Mean
	Max
	Min
)

// Last is a reduction of the last dimension.
type Last struct {
	isa        kernel.ISA
	op         Op
	rows, cols int
}

// NewLast prepares the reduction of rows of cols numbers.
func NewLast(isa kernel.ISA, op Op, rows, cols int) *Last { return &Last{isa, op, rows, cols} }

// Parts is the number of parts.
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

// ArgMax is the index of the greatest number of a row, the first where several are equal.
type ArgMax struct{ rows, cols int }

// NewArgMax prepares it for rows of cols numbers.
func NewArgMax(_ kernel.ISA, rows, cols int) *ArgMax { return &ArgMax{rows, cols} }

// Parts is the number of parts.
func (a *ArgMax) Parts() int { return kernel.RowBlocks(a.rows, a.cols) }

// Run finds the index of a part of the rows of x [rows, cols]; dst is [rows].
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

// sum adds up x: element i to lane i%16 in order, then the lanes pairwise: 8 apart, 4, 2, 1.
func sum(isa kernel.ISA, x []float32) float32 {
	var lanes [16]float32
	whole := len(x) &^ 15
	if whole > 0 {
		done := sumLanes(isa, &lanes, x[:whole])
		for i := done; i < whole; i += 16 {
			for j, v := range x[i : i+16] {
				lanes[j] += v
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
