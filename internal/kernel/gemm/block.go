package gemm

import "github.com/lince-ml/lince/internal/kernel"

// A product that is not cut along k can be made a block of whole rows after the other, for a
// caller who uses each at once, while it is in the cache.

// blockFloats is about the size of a block.
const blockFloats = 1 << 13

// blockRowsOf is the number of rows of a block, but for the last.
func (g *Gemm) blockRowsOf() int {
	rows := max(1, blockFloats/g.shape.N)
	return min(rows, kernel.CeilDiv(g.shape.M, g.rows))
}

// Blocks is the number of blocks.
func (g *Gemm) Blocks() int { return kernel.CeilDiv(g.shape.M, g.blockRowsOf()) }

// BlockLen is the number of floats of the greatest block.
func (g *Gemm) BlockLen() int { return g.blockRowsOf() * g.shape.N }

// RunBlock makes a block, rows [lo, hi) of the product, in dst. scratch is as for Run. The
// product must not be cut along k, nor have an epilogue.
func (g *Gemm) RunBlock(part int, a, b, dst, scratch []float32) (lo, hi int) {
	lo = part * g.blockRowsOf()
	hi = min(g.shape.M, lo+g.blockRowsOf())
	g.runTiles(block{lo, hi, 0, g.shape.N, 0, g.shape.K}, a, b, nil, dst, lo, scratch, Epilogue{}, false)
	return lo, hi
}
