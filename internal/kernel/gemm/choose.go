package gemm

import "github.com/lince-ml/lince/internal/kernel"

// method is one of the methods in the package comment.
type method uint8

const (
	tiles method = iota
	sums         // sums of rows
	dots         // dot products
)

// How the work is divided. The method and the cuts along k determine how sums are rounded, so they must not depend on
// the instruction set.
const (
	partFLOPs  = 4 << 20   // minimum work in a part, in floating-point operations
	longFLOPs  = 128 << 20 // maximum work in a part, if there are enough rows and columns to divide
	blockRows  = 168       // maximum number of rows in a part: whole tiles of 6, 8, 12 and 14 rows
	blockK     = 512       // depth of a panel of B in scratch
	unit       = 32        // the number of columns in a part is a multiple of this
	shortest   = 256       // minimum length of a cut along k
	partFloats = 1 << 18   // floats of all matrices in a part, if reading them takes longer than multiplying
	dotDepth   = 1024      // number of products that are summed before they are added to c
	shortK     = 64        // maximum k for which short tiles are used: the result is larger than the operands
)

// plan says how a product is computed.
type plan struct {
	method  method
	rows    int  // number of parts along M
	columns int  // number of parts along N
	cuts    int  // number of parts along K
	direct  bool // all tiles read B in place
	gather  bool // A is gathered in scratch
	shared  bool // A is gathered once for all parts, by Start
	turn    bool // A is gathered transposed
	few     bool // short tiles are used (see short.go)
	near    bool // the result stays in the caches
	depth   int  // maximum number of k in a panel of B
}

// choose plans a product. The instruction set affects only where matrices are read, not how sums are rounded.
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
	p.few = p.few || wide // a row of a short tile is two cache lines of B, which are read fast enough in place
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

// far reports whether rows of n floats that are read side by side compete for a few sets of the first cache.
func far(n int) bool { return n%512 == 0 }

// readOnce divides a product that takes as long as reading B. It divides k, so that a part of B is contiguous, and the
// columns only if k is short.
func (p *plan) readOnce(s Shape) {
	want := min(32, s.K*s.N/partFloats)
	p.cuts = max(1, min(want, s.K/128))
	p.columns = max(1, min(want/p.cuts, kernel.CeilDiv(s.N, 4*unit)))
	if p.cuts*p.columns%2 == 1 && s.K*s.N >= partFloats/2 && s.N >= 8*unit {
		p.columns++ // two threads get equal work
	}
}

// cut divides the rows and columns into about want parts, such that the parts read as little as possible: each part
// along the columns reads A, and each part along the rows reads B.
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

// panels is the length of the panels of B for all columns of a part, in floats. Columns are whole units.
func (p *plan) panels(s Shape) int {
	return p.depth * (kernel.CeilDiv(kernel.CeilDiv(s.N, unit), p.columns) * unit)
}
