package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// This file estimates the cost of each implementation and divides its work into parts. Both depend on
// the shape only.

// cost is the cost of a convolution or a gradient: the floating-point operations, and the bytes that are
// read from or written to caches other than the first. Bytes of products are not counted.
type cost struct{ flops, bytes int }

// cycles is the estimated time on a core with 16 multiply-adds a cycle, on which transforms move 8 bytes
// a cycle.
func (c cost) cycles() int { return c.flops/32 + c.bytes/8 }

// directCost is the cost of multiplying each pixel by each weight.
func directCost[O any](s Shape, _ O) cost { return cost{s.FLOPs(), 4 * s.filterLen()} }

// sparseCost is the cost of a quarter of the products, at half the speed: in vectors of eight lanes.
func sparseCost(s Shape, _ Gradient) cost {
	return cost{s.FLOPs() / 2, 4 * s.filterLen()}
}

// winogradFits reports whether the Winograd algorithm supports a shape.
func winogradFits[O any](s Shape, _ O) bool {
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C >= winograd.MinChannels && s.O >= winograd.MinChannels
}

// winogradCost counts the matrices that are written and read, and the filter, which is transformed once
// and read for each block of tiles.
func winogradCost(s Shape, pooled bool) cost {
	if pooled {
		s = s.pooled()
	}
	tiles := newGrid(s).tiles()
	blocks := blocksOf(s, tiles, 14) // the estimates were compared with measurements of these blocks
	return cost{
		flops: 2 * winograd.Planes * tiles * s.C * s.O,
		bytes: 4 * winograd.Planes * (2*tiles*(s.C+s.O) + (1+blocks)*s.C*s.O),
	}
}

// winogradFilterCost is winogradCost for GradFilter, where the filter is written only once.
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

// narrowCost is winogradCost for images of few channels: matrices stay in the first cache, and only the
// transform of results takes noticeable time.
func narrowCost(s Shape, e Epilogue) cost {
	if e.Pool {
		s = s.pooled()
	}
	tiles := newGrid(s).tiles()
	c := cost{flops: 2 * winograd.Planes * tiles * s.C * s.O, bytes: winograd.Planes * tiles * s.O}
	if results := s.N * s.OH * s.OW * s.O; !e.Pool && results > 1<<21 {
		c.bytes += 16 * results // writing to memory in tiles of 4x4 pixels
	}
	return c
}

// The Winograd kernels' work.

// wantParts is the number of parts to aim for.
const wantParts = 8

// blockTiles is the number of tiles in one product: a multiple of the 14 rows of a micro-tile. The more
// tiles, the less often a large filter has to be read from a distant cache.
func blockTiles(s Shape) int {
	switch {
	case s.C*s.O <= 1<<13:
		return 28
	case s.C*s.O <= 1<<16:
		return 56
	}
	return 112
}

// blocks is the number of blocks into which tiles are divided: an even number if there are few, so that two threads get
// equal work. A block has at least eight tiles, the rows of a micro-tile that runs at peak speed.
func blocks(s Shape, tiles int) int {
	n := blocksOf(s, tiles, 8)
	if 1 < n && n < wantParts {
		return even(n)
	}
	return n
}

// blocksOf is the number of blocks of at most blockTiles tiles. If there would be fewer than wantParts, blocks are smaller,
// but have at least the given number of tiles.
func blocksOf(s Shape, tiles, least int) int {
	return max(kernel.CeilDiv(tiles, blockTiles(s)), min(wantParts, tiles/least))
}

// cutWinogradFilter divides GradFilter into blocks of the filter, and into groups of tiles where there
// are few blocks. The 36 transformed matrices of a block stay in the near caches while a part sums over
// its tiles. Pixels are transformed once for each block, so blocks are only made smaller if there would be
// too few parts.
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

// filterBlockTiles is the number of tiles in one product of GradFilter. The sums, a block of weights for
// each of the 36 matrices, are read and written once for each such product.
func filterBlockTiles(weights int) int {
	if weights <= 1<<12 {
		return 44
	}
	return 112
}

// filterPasses is the number of passes over the rows of the transforms in GradFilter: two if the matrices
// of one pass do not fit into a second cache of 1 MB, but those of half a pass do.
func filterPasses(c, o, tiles int) int {
	if floats := winograd.Planes * (c*o + tiles*(c+o)); floats > 1<<18 && floats/2 < 1<<18 {
		return 2
	}
	return 1
}

// The products of the other kernels.

// wantedParts is the number of parts to aim for: enough for many threads, but not so many that a part
// becomes short.
func wantedParts(flops int) int {
	n := min(2*wantParts, flops/(partFLOPs/16))
	if flops >= partFLOPs/24 { // about 4 us: more than waiting for a second thread takes
		n = max(2, even(n))
	}
	return max(1, flops/partFLOPs, n)
}

// even rounds up to an even number, so that two threads get equal work.
func even(n int) int { return n + n%2 }

// cutProduct divides a product [rows, k] x [k, n] into blocks of rows and groups of columns. It minimizes
// the memory that is read: all rows once for each group, and the filter once for each block.
func cutProduct(rows, k, n int) (blocks int, c columns) {
	want := wantedParts(2 * rows * k * n)
	least := -1
	for groups := 1; groups <= max(1, n/(2*columnUnit)); groups++ {
		b := min(kernel.CeilDiv(want, groups), max(1, rows/12))
		if b > 1 && b*groups%2 == 1 {
			b = min(b+1, rows/12&^1)
		}
		if 4*b*groups < 3*want && groups < n/(2*columnUnit) {
			continue // too few parts
		}
		if read := groups*rows*k + b*k*n; least < 0 || read < least {
			least, blocks, c = read, b, newColumns(n, groups)
		}
	}
	return blocks, c
}

// columnsBeside divides n columns into groups if there are fewer parts than wanted.
func columnsBeside(parts, flops, n int) columns {
	return newColumns(n, kernel.CeilDiv(min(2*wantParts, wantedParts(flops)), parts))
}

// filterCut says how GradFilter is divided into parts: by groups of pixels, whose sums are added up later,
// and by blocks of the filter: ranges of input channels (channels) and output channels (columns).
type filterCut struct {
	groups            int
	channels, columns columns
}

// cutFilter divides GradFilter. There are as many groups of pixels as can be added up at little cost, and
// blocks that stay in the second cache, chosen so that little memory is read. units is the maximum
// number of groups. copies says that pixels are copied for each block.
func cutFilter(s Shape, units int, copies bool) filterCut {
	weights, pixels := s.filterLen(), s.N*s.OH*s.OW
	want := max(1, min(2*wantParts, s.FLOPs()/(partFLOPs/16)))
	groups := min(units, want, max(1, pixels/512, min(4, pixels/128)), max(1, 1<<19/weights))
	blocks := max(want/groups, weights>>17)
	most := max(1, s.C/(2*columnUnit))
	if copies && s.KH*s.KW*s.O < 128 {
		most = 1 // copying would cost too much compared with multiplying
	}
	best, cut, least := filterCut{}, 0, 0
	for c := 1; c <= most; c++ {
		for o := 1; o <= max(1, s.O/(2*columnUnit)) && 2*c*o <= 3*blocks+1; o++ {
			f := filterCut{groups, newColumns(s.C, c), newColumns(s.O, o)}
			// The memory that all blocks read, times the size of the largest block.
			score := (c*s.O + o*s.C) * c * o * f.channels.most() * f.columns.most()
			if n := min(blocks, c*o); n > cut || n == cut && score < least {
				best, cut, least = f, n, score
			}
		}
	}
	return best
}

// columns divides n channels into groups of whole units; the last group also has the rest. A unit is a
// multiple of the widths of all instruction sets' tiles.
type columns struct{ n, groups int }

const columnUnit = 32

// newColumns divides n channels into at most the given number of groups, each of at least two units.
func newColumns(n, groups int) columns {
	return columns{n, max(1, min(groups, n/(2*columnUnit)))}
}

// at returns the channels [lo, hi) of a group.
func (c columns) at(group int) (lo, hi int) {
	lo, hi = kernel.Split(c.n/columnUnit, c.groups, group)
	if group == c.groups-1 {
		return lo * columnUnit, c.n
	}
	return lo * columnUnit, hi * columnUnit
}

// most is the number of channels in the largest group.
func (c columns) most() int {
	most := 0
	for g := range c.groups {
		lo, hi := c.at(g)
		most = max(most, hi-lo)
	}
	return most
}
