package gemm

import "github.com/lince-ml/lince/internal/kernel"

// method is a way to multiply.
type method uint8

const (
	tiles method = iota
	sums         // of rows of B
	dots         // products of rows of A and B
)

// How work is cut. Nothing here may depend on the instruction set: the method and the cut
// along k decide how sums are rounded.
const (
	partFLOPs  = 4 << 20   // least work of a part
	longFLOPs  = 128 << 20 // most of it, but for products that are larger in all directions
	blockRows  = 168       // rows of a part at most: whole tiles of 6, 8, 12 and 14 rows
	blockK     = 512       // depth of a panel of B in scratch
	unit       = 32        // columns of a part are a multiple of this
	shortest   = 256       // least k of a part of a product that is cut along k
	partFloats = 1 << 18   // floats of all matrices in a part, where that is more than its work
	dotDepth   = 1024      // products of a dot product that are added to c at a time
	shortK     = 64        // up to here, the result is larger than the operands
)

// plan is how a product is made.
type plan struct {
	method  method
	rows    int // parts along M, N and K
	columns int
	cuts    int
	direct  bool // B is read where it is by all tiles
	gather  bool // A is brought together,
	shared  bool // once for all parts
	turn    bool // A is brought together transposed
	few     bool // products of few terms: short tiles, if there is nothing to add
	near    bool // the result stays in the caches
	depth   int  // of a block along k
}

// choose plans a product. What depends on the instruction set is only where matrices are
// read, not how sums are rounded.
func choose(isa kernel.ISA, s Shape) plan {
	p := plan{rows: 1, columns: 1, cuts: 1}
	floats := s.M*s.K + s.K*s.N + s.M*s.N
	work := max(s.FLOPs()/partFLOPs, floats/partFloats)
	switch {
	case !s.TransB && s.M <= 2 && s.N >= 2*unit:
		p.method = sums
		p.readOnce(s)
	case s.TransB && !s.TransA && s.M <= 24 && s.K >= 4*unit:
		p.method = dots
		p.columns = min(kernel.CeilDiv(s.N, unit), max(1, work), 64)
	case s.M*s.N <= 1<<16 && s.K >= 2*shortest && work > 2*kernel.CeilDiv(s.N, unit)*kernel.CeilDiv(s.M, blockRows):
		p.cuts = min(work, 32, s.K/shortest)
	default:
		p.cut(s, max(1, min(64, work), s.FLOPs()/longFLOPs))
	}
	rows, columns := kernel.CeilDiv(s.M, p.rows), kernel.CeilDiv(s.N, p.columns)
	p.few = columns >= unit && s.K <= shortK && (s.TransA || s.M*s.N >= 1<<18)
	wide := isa == kernel.AVX512 && columns >= unit && s.TransA && !s.TransB && !s.Accumulate && s.K > shortK && s.K <= blockK && p.cuts == 1
	p.turn = p.few && !s.TransA
	p.direct = !s.TransB && (s.K*s.N <= 1<<12 || s.N <= unit || wide)
	p.few = p.few || wide // lines of two vectors: a short tile reads B fast enough where it is
	switch {
	case p.method != tiles:
	case s.TransA:
		p.gather = rows > 14 && (columns >= 3*unit || far(s.M) && columns >= unit)
	case p.turn:
		p.gather = true
	default:
		p.gather = far(s.K) && rows > 7 && s.N >= 4*unit
		p.shared = p.gather && p.columns >= 4
	}
	p.depth = min(blockK, s.K)
	return p
}

// far says whether rows of n floats, read side by side, fight over a few sets of the first cache.
func far(n int) bool { return n%512 == 0 }

// readOnce cuts a product that is as fast as B comes from memory: along k, so that a part is
// contiguous, when that is long; else along the columns.
func (p *plan) readOnce(s Shape) {
	want := min(32, s.K*s.N/partFloats)
	p.cuts = max(1, min(want, s.K/128))
	p.columns = max(1, min(want/p.cuts, kernel.CeilDiv(s.N, 4*unit)))
}

// cut finds the parts along rows and columns, want in all, that bring the least together:
// A once for each part along the columns, B once for each along the rows.
func (p *plan) cut(s Shape, want int) {
	best := -1
	units := kernel.CeilDiv(s.N, unit)
	for rows := kernel.CeilDiv(s.M, blockRows); rows <= kernel.CeilDiv(s.M, 12); rows++ {
		columns := min(kernel.CeilDiv(units, 2), kernel.CeilDiv(want, rows))
		if cost := columns*s.M + rows*s.N; best < 0 || cost < best {
			best, p.rows, p.columns = cost, rows, columns
		}
		if columns == 1 {
			break
		}
	}
}

// panels is the number of floats of all of B that a part needs at a time, in whole units.
func (p *plan) panels(s Shape) int {
	return p.depth * (kernel.CeilDiv(kernel.CeilDiv(s.N, unit), p.columns) * unit)
}
