package gemm

import "github.com/lince-ml/lince/internal/kernel"

const (
	blockFloats = 1 << 14 // approximate number of floats in a block, which fits into the second cache
	blockLeast  = 12      // minimum number of rows in a block: each block reads B once
	blockLong   = 84      // the same if k is longer than blockK
)

// Instead of parts, a product can be computed in blocks of whole rows. The caller processes each block while it is in
// the cache:
//
//	lo, hi := g.RunBlock(i, a, b, dst, scratch) // dst [hi-lo, N] gets rows [lo, hi) of C
//
// For example, the gradient of a dense layer's weights, A'B where K is the batch, is passed to the optimizer's step
// and is never in memory as a whole. Blocks ignore the epilogue and Accumulate. They have the same bits as Run,
// except for products that Run computes by dot products or in cuts along k.

// Blocks is the number of blocks of RunBlock.
func (g *Gemm) Blocks() int { return kernel.CeilDiv(g.shape.M, g.blockRows()) }

func (g *Gemm) blockRows() int {
	least := blockLeast
	if g.shape.K > blockK {
		least = blockLong
	}
	return min(g.shape.M, max(least, blockFloats/g.shape.N))
}

// BlockLen is the length of the largest block, in floats.
func (g *Gemm) BlockLen() int { return g.blockRows() * g.shape.N }

// inBlocks returns the product with blocks as parts.
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

// BlockScratchLen is the length of the scratch that each worker needs for RunBlock, in floats.
func (g *Gemm) BlockScratchLen() int { return g.blocks.ScratchLen() }

// RunBlock computes a block: rows [lo, hi) of the product. BlockLen floats are enough for dst.
func (g *Gemm) RunBlock(part int, a, b, dst, scratch []float32) (lo, hi int) {
	r, _ := g.blocks.part(part)
	g.blocks.runTiles(r, a, b, nil, dst, r.m0, nil, scratch, Epilogue{}, false)
	return r.m0, r.m1
}
