package gemm

import "github.com/lince-ml/lince/internal/kernel"

const (
	blockFloats = 1 << 14 // about what a block of whole rows holds: the second cache has it, and more
	blockLeast  = 12      // rows of it at least: B is read once for so many
	blockLong   = 84      // the same for a long k
)

// A product whose rows are wanted one after the other, to be used up at once, is made in
// blocks of whole rows instead of parts:
//
//	lo, hi := g.RunBlock(i, a, b, dst, scratch) // dst [hi-lo, N] holds rows lo to hi of C
//
// So the gradient of a dense layer's weights, A'B with the batch as K, goes into the
// optimizer's step without ever being in memory. There is neither epilogue nor Accumulate. The bits
// are those of Run, unless that cuts along k or adds up dot products; blocks never do.

// Blocks is the number of blocks.
func (g *Gemm) Blocks() int { return kernel.CeilDiv(g.shape.M, g.blockRows()) }

func (g *Gemm) blockRows() int {
	least := blockLeast
	if g.shape.K > blockK {
		least = blockLong
	}
	return min(g.shape.M, max(least, blockFloats/g.shape.N))
}

// BlockLen is the number of floats of the largest block.
func (g *Gemm) BlockLen() int { return g.blockRows() * g.shape.N }

// inBlocks is the product cut into blocks.
func (g *Gemm) inBlocks() *Gemm {
	h, s := *g, g.shape
	h.plan = plan{
		rows: g.Blocks(), columns: 1, cuts: 1,
		direct: !s.TransB && (s.K <= blockK || s.N <= unit),
		gather: s.TransA && s.N >= 3*unit,
		few:    s.TransA && s.K <= blockK,
		near:   true,
		depth:  min(blockK, s.K),
	}
	return &h
}

// BlockScratchLen is the number of floats that each worker needs for RunBlock.
func (g *Gemm) BlockScratchLen() int { return g.blocks.ScratchLen() }

// RunBlock makes rows [lo, hi) of the product in dst.
func (g *Gemm) RunBlock(part int, a, b, dst, scratch []float32) (lo, hi int) {
	r, _ := g.blocks.part(part)
	g.blocks.runTiles(r, a, b, nil, dst, r.m0, nil, scratch, Epilogue{}, false)
	return r.m0, r.m1
}
