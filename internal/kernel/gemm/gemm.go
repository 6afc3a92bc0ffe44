// Package gemm holds matrix multiplication, with bias, ReLU and addition in the same pass.
//
// Three methods, chosen by shape alone (choose.go):
//
//   - tiles: the micro-kernels of package micro, for all shapes and instruction sets. A and B
//     are brought together in scratch when they are passed over often; the first tile that
//     needs a panel of B fetches it ahead and packs it for the others. Products of few terms, whose
//     result is larger than the operands, are made in short tiles that write it row by row (short.go).
//   - sums of rows: one or two rows of A times a matrix B that is read once, row by row.
//   - dot products: few rows of A times the rows of a transposed B, each read once.
//
// An element is summed over k in ascending order by the first two. A dot product has sixteen
// sums, of every sixteenth product, added up in one order; each run of dotDepth products is
// added to the element. A product with few results and a long k is cut along k, and the
// cuts' sums are added in order.
package gemm

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// Shape is C[M,N] = op(A) op(B), or C += with Accumulate. All matrices are row-major and
// dense: A is [M,K], or [K,M] with TransA; B is [K,N], or [N,K] with TransB.
type Shape struct {
	M, N, K        int
	TransA, TransB bool
	Accumulate     bool
}

// Validate reports a shape that no kernel can have.
func (s Shape) Validate() error {
	if s.M < 1 || s.N < 1 || s.K < 1 {
		return fmt.Errorf("gemm: %+v: sizes must be at least 1", s)
	}
	return nil
}

// FLOPs is the number of multiplications and additions.
func (s Shape) FLOPs() int { return 2 * s.M * s.N * s.K }

// Epilogue is what is done to the product before it goes to memory.
type Epilogue struct {
	Bias bool // one number a column; not together with Accumulate
	ReLU bool
}

// Gemm is a matrix multiplication.
type Gemm struct {
	isa      kernel.ISA
	shape    Shape
	epilogue Epilogue
	plan
	blocks *Gemm // see Blocks
}

// New prepares a multiplication. It panics for an impossible shape.
func New(isa kernel.ISA, s Shape, e Epilogue) *Gemm {
	if err := s.Validate(); err != nil {
		panic(err)
	}
	if e.Bias && s.Accumulate {
		panic("gemm: a bias and Accumulate exclude each other")
	}
	g := &Gemm{isa: isa, shape: s, epilogue: e, plan: choose(isa, s)}
	g.blocks = g.inBlocks()
	return g
}

// Parts is the number of parts.
func (g *Gemm) Parts() int { return g.rows * g.columns * g.cuts }

// PartialLen is the number of floats of what parts share: the sums of a product that is cut
// along k, or the rows of A that Start brings together; 0 when there is neither.
func (g *Gemm) PartialLen() int {
	switch {
	case g.cuts > 1:
		return g.cuts * g.shape.M * g.shape.N
	case g.shared:
		return g.shape.M * apart(g.shape.K)
	}
	return 0
}

// StartParts is the number of parts of Start; 0 when there is nothing to do before Run.
func (g *Gemm) StartParts() int {
	if !g.shared {
		return 0
	}
	return kernel.RowBlocks(g.shape.M, g.shape.K)
}

// Start brings a part of A together, for all parts of Run.
func (g *Gemm) Start(part int, a, partial []float32) {
	s := g.shape
	lo, hi := kernel.Split(s.M, g.StartParts(), part)
	for m := lo; m < hi; m++ {
		copy(partial[m*apart(s.K):], a[m*s.K:(m+1)*s.K])
	}
}

// block is a block of the product: rows [m0, m1), columns [n0, n1), summed over [k0, k1).
type block struct{ m0, m1, n0, n1, k0, k1 int }

// part is a part's block, and the number of its cut along k.
func (g *Gemm) part(part int) (r block, cut int) {
	s := g.shape
	cut = part / (g.rows * g.columns)
	part %= g.rows * g.columns
	r.m0, r.m1 = kernel.Split(s.M, g.rows, part/g.columns)
	n0, n1 := kernel.Split(kernel.CeilDiv(s.N, unit), g.columns, part%g.columns)
	r.n0, r.n1 = n0*unit, min(s.N, n1*unit)
	r.k0, r.k1 = kernel.Split(s.K, g.cuts, cut)
	return r, cut
}

// Run multiplies a part, after Start. It writes c, or partial when ReduceParts is not 0.
// bias [N] is used with Bias.
func (g *Gemm) Run(part int, a, b, bias, c, partial, scratch []float32) {
	s := g.shape
	r, cut := g.part(part)
	e, add := g.epilogue, s.Accumulate
	if g.cuts > 1 {
		c, e, add = partial[cut*s.M*s.N:(cut+1)*s.M*s.N], Epilogue{}, false
	}
	switch {
	case g.method == sums && addsRows(g.isa):
		g.runSums(r, a, b, bias, c, e, add)
	case g.method == dots:
		g.runDots(r, a, b, bias, c, e, add)
	default:
		g.runTiles(r, a, b, bias, c, 0, partial, scratch, e, add)
	}
}

// ReduceParts is the number of parts of adding up the cuts along k; 0 when there are none.
func (g *Gemm) ReduceParts() int {
	if g.cuts == 1 {
		return 0
	}
	return kernel.CeilDiv(g.shape.M, g.reduceRows())
}

func (g *Gemm) reduceRows() int { return max(1, kernel.Block/g.shape.N) }

// Reduce adds up a part of c [M,N] and finishes it. All of Run must be done.
func (g *Gemm) Reduce(part int, partial, bias, c []float32) {
	s := g.shape
	m0 := part * g.reduceRows()
	m1 := min(s.M, m0+g.reduceRows())
	for m := m0; m < m1; m++ {
		row := c[m*s.N : (m+1)*s.N]
		g.begin(row, bias, g.epilogue, s.Accumulate)
		reduce.AddRowsStrided(g.isa, row, partial[m*s.N:], g.cuts, s.M*s.N, true)
		g.finish(row, g.epilogue)
	}
}

// begin sets part of a row of c to what sums start from; bias begins at its first column.
func (g *Gemm) begin(row, bias []float32, e Epilogue, add bool) {
	switch {
	case add:
	case e.Bias:
		copy(row, bias)
	default:
		clear(row)
	}
}

// finish applies ReLU to part of a row of c.
func (g *Gemm) finish(row []float32, e Epilogue) {
	if !e.ReLU {
		return
	}
	for i, v := range row {
		if v < 0 {
			row[i] = 0
		}
	}
}
