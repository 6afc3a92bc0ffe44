// Package gemm holds matrix multiplication, with a bias, ReLU and accumulation in the same pass.
//
// There are three methods. The choice depends on the shape only (choose.go):
//
//   - tiles: the micro-kernels of package micro, for all shapes and instruction sets. If A or B is read often, it
//     is gathered in scratch. The first tile that needs a panel of B prefetches it and packs it for the others. If k
//     is short, so that the result is larger than the operands, tiles are low, and write the result a few rows at a
//     time (short.go).
//   - sums of rows: multiples of the rows of B are added to one or two rows of C. B is read once, row by row.
//   - dot products of few rows of A and the rows of a transposed B, which is read once.
//
// The first two methods sum an element over k in ascending order. A dot product has sixteen partial sums, each of
// every sixteenth product, which are added up in a fixed order. It is computed for dotDepth products at a time, and
// each of these sums is added to the element. If there are few results and k is long, k is divided into cuts, whose
// sums are added up in order.
package gemm

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// Shape is the shape of C = A B, or C += A B with Accumulate. All matrices are row-major and dense. C is [M, N], A is
// [M, K], or [K, M] with TransA, and B is [K, N], or [N, K] with TransB.
type Shape struct {
	M, N, K        int
	TransA, TransB bool
	Accumulate     bool
}

// Validate returns an error for an impossible shape.
func (s Shape) Validate() error {
	if s.M < 1 || s.N < 1 || s.K < 1 {
		return fmt.Errorf("gemm: %+v: sizes must be at least 1", s)
	}
	return nil
}

// FLOPs is the number of multiplications and additions.
func (s Shape) FLOPs() int { return 2 * s.M * s.N * s.K }

// Epilogue says what is done to the product, in this order, before it is written to memory.
type Epilogue struct {
	Bias bool // add a bias [N]; not with Accumulate
	ReLU bool // set negative numbers to 0; NaN stays NaN
}

// Gemm is a matrix multiplication. Its steps are Start, all parts of Run, all parts of Reduce.
type Gemm struct {
	isa      kernel.ISA
	shape    Shape
	epilogue Epilogue
	plan
	blocks *Gemm // the same product for RunBlock
}

// New prepares a multiplication. It panics for an impossible shape.
func New(isa kernel.ISA, s Shape, e Epilogue) *Gemm {
	if err := s.Validate(); err != nil {
		panic(err)
	}
	if e.Bias && s.Accumulate {
		panic("gemm: Bias and Accumulate cannot be used together")
	}
	g := &Gemm{isa: isa, shape: s, epilogue: e, plan: choose(isa, s)}
	g.blocks = g.inBlocks()
	return g
}

// Parts is the number of parts of Run.
func (g *Gemm) Parts() int { return g.rows * g.columns * g.cuts }

// PartialLen is the length of the memory that all parts share, in floats: the sums of the cuts along k, or the rows
// of A that Start gathers. It is 0 if there are neither.
func (g *Gemm) PartialLen() int {
	switch {
	case g.cuts > 1:
		return g.cuts * g.shape.M * g.shape.N
	case g.shared:
		return g.shape.M * apart(g.shape.K)
	}
	return 0
}

// StartParts is the number of parts of Start. It is 0 if Run needs no Start.
func (g *Gemm) StartParts() int {
	if !g.shared {
		return 0
	}
	return kernel.RowBlocks(g.shape.M, g.shape.K)
}

// Start gathers a part of A in partial, for all parts of Run.
func (g *Gemm) Start(part int, a, partial []float32) {
	s := g.shape
	lo, hi := kernel.Split(s.M, g.StartParts(), part)
	for m := lo; m < hi; m++ {
		copy(partial[m*apart(s.K):], a[m*s.K:(m+1)*s.K])
	}
}

// block is a block of the product: rows [m0, m1), columns [n0, n1), summed over [k0, k1).
type block struct{ m0, m1, n0, n1, k0, k1 int }

// part returns the block of a part, and the index of its cut along k.
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

// Run computes a part of c or, if ReduceParts is not 0, of partial. It must be called after all parts of Start are
// done. bias [N] is read with Bias.
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

// ReduceParts is the number of parts of Reduce. It is 0 if k is not divided into cuts.
func (g *Gemm) ReduceParts() int {
	if g.cuts == 1 {
		return 0
	}
	return kernel.CeilDiv(g.shape.M, g.reduceRows())
}

func (g *Gemm) reduceRows() int { return max(1, kernel.Block/g.shape.N) }

// Reduce adds up the cuts of a part of c [M, N], and applies the epilogue. It must be called after all parts of Run
// are done.
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

// begin sets some columns of a row of c to the initial values of the sums. bias starts at the first of these columns.
func (g *Gemm) begin(row, bias []float32, e Epilogue, add bool) {
	switch {
	case add:
	case e.Bias:
		copy(row, bias)
	default:
		clear(row)
	}
}

// finish applies ReLU to some columns of a row of c.
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
