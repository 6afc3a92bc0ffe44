package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// What each implementation costs, and how its work is cut: both from the shape alone.

// cost is what a convolution or a gradient takes: floating-point operations, and bytes that
// go to and from caches beyond the first beside them.
type cost struct{ flops, bytes int }

// cycles is the time on a core that multiplies and adds 16 numbers a cycle; 8 bytes a cycle is
// what transforms reach.
func (c cost) cycles() int { return c.flops/32 + c.bytes/8 }

// directCost is that of the algorithm that multiplies each pixel by each weight.
func directCost[O any](s Shape, _ O) cost { return cost{s.FLOPs(), 4 * s.filterLen()} }

// sparseCost is that of a quarter of the products, eight lanes at a time.
func sparseCost(s Shape, _ Gradient) cost {
	return cost{s.FLOPs() / 2, 4 * s.filterLen()}
}

// winogradFits says whether there is a Winograd algorithm for a shape.
func winogradFits[O any](s Shape, _ O) bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C >= winograd.MinChannels && s.O >= winograd.MinChannels
}

// winogradCost counts matrices that are written and read, and filters that are transformed
// and then read for each block of tiles.
func winogradCost(s Shape, pooled bool) cost {
	if pooled {
		s = s.pooled()
	}
	tiles := newGrid(s).tiles()
	blocks := blocks(s, tiles)
	return cost{
		flops: 2 * winograd.Planes * tiles * s.C * s.O,
		bytes: 4 * winograd.Planes * (2*tiles*(s.C+s.O) + (1+blocks)*s.C*s.O),
	}
}

// winogradFilterCost is winogradCost of the gradient of filters: these are made once, in cache.
func winogradFilterCost(s Shape, g Gradient) cost {
	if g.Pooled {
		s = s.pooled()
	}
	tiles := newGrid(s).tiles()
	return cost{
		flops: 2 * winograd.Planes * tiles * s.C * s.O,
		bytes: 4 * winograd.Planes * (2*tiles*(s.C+s.O) + s.C*s.O),
	}
}

// narrowCost is winogradCost where images have few channels: matrices are in the first cache, and
// only results have transforms to speak of.
func narrowCost(s Shape, e Epilogue) cost {
	if e.Pool {
		s = s.pooled()
	}
	tiles := newGrid(s).tiles()
	c := cost{flops: 2 * winograd.Planes * tiles * s.C * s.O, bytes: winograd.Planes * tiles * s.O}
	if results := s.N * s.OH * s.OW * s.O; !e.Pool && results > 1<<21 {
		c.bytes += 16 * results // to memory, in pieces of 4x4 pixels
	}
	return c
}

// How the work of the Winograd kernels is cut.

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

// cutWinogradFilter cuts the gradient of filters into blocks, whose transforms, 36 matrices, stay
// in near caches while tiles are summed over, and by tiles where blocks are few. Smaller blocks
// have pixels transformed more often, so they are for where there would be few parts.
func cutWinogradFilter(s Shape, tiles int) filterCut {
	var c filterCut
	for _, side := range []int{128, 64} {
		c.channels, c.columns = newColumns(s.C, kernel.CeilDiv(s.C, side)), newColumns(s.O, kernel.CeilDiv(s.O, side))
		blocks := c.channels.groups * c.columns.groups
		block := filterBlockTiles(c.channels.most() * c.columns.most())
		c.groups = max(1, (tiles+block/2)/block)
		if c.groups > 1 {
			c.groups = min(c.groups+c.groups%2, kernel.CeilDiv(2*wantParts, blocks))
		}
		if c.groups*blocks >= wantParts {
			break
		}
	}
	return c
}

// filterBlockTiles is how many tiles go through the products of a block of so many filters: they
// come and go once for each.
func filterBlockTiles(filters int) int {
	if filters <= 1<<12 {
		return 44
	}
	return 112
}

// filterPasses is in how many passes the transforms' rows are made there: two where the matrices
// of one are about what a second cache holds, 1 MB.
func filterPasses(c, o, tiles int) int {
	if floats := winograd.Planes * (c*o + tiles*(c+o)); floats > 1<<18 && floats/2 < 1<<18 {
		return 2
	}
	return 1
}

// How products are cut.

// wantedParts is into how many parts so much work is cut where that can be: enough for many
// threads, but none of it short.
func wantedParts(flops int) int {
	return max(1, flops/partFLOPs, min(2*wantParts, flops/(partFLOPs/16)))
}

// cutProduct cuts a product of rows by k by n into blocks of rows and groups of columns so that
// little is read: rows for each group, filters for each block.
func cutProduct(rows, k, n int) (blocks int, c columns) {
	want := wantedParts(2 * rows * k * n)
	least := -1
	for groups := 1; groups <= max(1, n/(2*columnUnit)); groups++ {
		b := min(kernel.CeilDiv(want, groups), max(1, rows/14))
		if 4*b*groups < 3*want && groups < n/(2*columnUnit) {
			continue // too few
		}
		if read := groups*rows*k + b*k*n; least < 0 || read < least {
			least, blocks, c = read, b, newColumns(n, groups)
		}
	}
	return blocks, c
}

// columnsBeside cuts n columns where parts are fewer than there should be.
func columnsBeside(parts, flops, n int) columns {
	return newColumns(n, kernel.CeilDiv(min(2*wantParts, wantedParts(flops)), parts))
}

// filterCut cuts the gradient of filters: into groups of pixels, whose sums are added up, and
// the filters into blocks of channels of images and columns, the channels of results.
type filterCut struct {
	groups            int
	channels, columns columns
}

// cutFilter cuts by pixels as long as adding up costs little beside summing, and into blocks that
// stay in the second cache; of those, into the ones that read least. units is how many groups
// there can be; copies, that pixels are copied for each block.
func cutFilter(s Shape, units int, copies bool) filterCut {
	weights, pixels := s.filterLen(), s.N*s.OH*s.OW
	want := min(2*wantParts, wantedParts(s.FLOPs()))
	groups := min(units, want, max(1, pixels/512, min(4, pixels/128)), max(1, 1<<19/weights))
	blocks := max(want/groups, weights>>17)
	most := max(1, s.C/(2*columnUnit))
	if copies && s.KH*s.KW*s.O < 128 {
		most = 1 // it would cost too much beside multiplying
	}
	best, cut, least := filterCut{}, 0, 0
	for c := 1; c <= most; c++ {
		for o := 1; o <= max(1, s.O/(2*columnUnit)) && 2*c*o <= 3*blocks+1; o++ {
			f := filterCut{groups, newColumns(s.C, c), newColumns(s.O, o)}
			// What is read for all blocks, and how much greater than others the greatest is.
			score := (c*s.O + o*s.C) * c * o * f.channels.most() * f.columns.most()
			if n := min(blocks, c*o); n > cut || n == cut && score < least {
				best, cut, least = f, n, score
			}
		}
	}
	return best
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
