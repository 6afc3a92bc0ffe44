package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradPossible says whether there is a Winograd algorithm for a shape.
func winogradPossible(s Shape) bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C >= winograd.MinChannels && s.O >= winograd.MinChannels
}

// cost is what a convolution or a gradient takes: floating-point operations, and bytes that
// go to and from caches beyond the first beside them.
type cost struct{ flops, bytes int }

// time is in cycles of a core with one AVX-512 unit: it only has to rank. 8 bytes a cycle is
// what the transforms reach.
func (c cost) time() int { return c.flops/32 + c.bytes/8 }

func directCost(s Shape) cost { return cost{s.FLOPs(), 4 * s.filterLen()} }

// winogradCost counts matrices that are written and read, and filters that are transformed
// and then read for each block of tiles.
func winogradCost(s Shape) cost {
	tiles := newGrid(s).tiles()
	blocks := blocks(s, tiles)
	return cost{
		flops: 2 * winograd.Planes * tiles * s.C * s.O,
		bytes: 4 * winograd.Planes * (2*tiles*(s.C+s.O) + (1+blocks)*s.C*s.O),
	}
}

// winogradPays says whether Winograd is possible and faster.
func winogradPays(s Shape, pooled bool) bool {
	if pooled {
		s = s.pooled()
	}
	return winogradPossible(s) && winogradCost(s).time() < directCost(s).time()
}

// How the work of the Winograd kernels is cut: from the shape alone.

// wantParts is how many parts there should be where that can be.
const wantParts = 8

// blockTiles is how many tiles go through a product at once: whole micro-tiles of 14 rows,
// and the more of them the less often filters have to come from a far cache.
func blockTiles(s Shape) int {
	switch {
	case s.C*s.O <= 1<<13:
		return 28
	case s.C*s.O <= 1<<16:
		return 56
	}
	return 112
}

// blocks is into how many blocks so many tiles are cut: smaller ones where there would be too
// few, as long as they fill a micro-tile.
func blocks(s Shape, tiles int) int {
	return max(kernel.CeilDiv(tiles, blockTiles(s)), min(wantParts, tiles/14))
}

// filterBlockTiles is the same for the gradient of filters, whose sums come and go once for
// each block.
func filterBlockTiles(s Shape) int {
	if s.C*s.O <= 1<<12 {
		return 56
	}
	return 112
}

// columns cuts channels into groups of whole tiles for all instruction sets; the last one has
// what is left.
type columns struct{ n, groups int }

const columnUnit = 32

// newColumns cuts into at most so many groups of at least two units.
func newColumns(n, groups int) columns {
	return columns{n, max(1, min(groups, n/(2*columnUnit)))}
}

// at is the channels [lo, hi) of a group.
func (c columns) at(group int) (lo, hi int) {
	lo, hi = kernel.Split(c.n/columnUnit, c.groups, group)
	if group == c.groups-1 {
		return lo * columnUnit, c.n
	}
	return lo * columnUnit, hi * columnUnit
}

// most is the greatest number of channels in a group.
func (c columns) most() int {
	most := 0
	for g := range c.groups {
		lo, hi := c.at(g)
		most = max(most, hi-lo)
	}
	return most
}
