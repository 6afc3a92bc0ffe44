package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradBackwardData is the gradient of a Winograd convolution with respect to its images:
// its exact adjoint. Tiles of results are 4 pixels apart and see 6, so what comes from
// neighbours is added up, in a row of tiles in scratch that goes to memory when it is done;
// its last two rows of pixels are the next one's first. A part is an image, or some rows of
// tiles of it and the row above them, whose last two rows of pixels belong to the part.
type winogradBackwardData struct {
	winogradFilters
	isa      kernel.ISA
	shape    Shape
	pooled   bool
	grid     grid
	products products
	block    int    // tiles
	bands    int    // parts of an image
	sums     planes // rows of a row of tiles: row is from pixel to pixel, plane from line to line
}

func newWinogradBackwardData(isa kernel.ISA, s Shape, pooled bool) BackwardData {
	if pooled {
		s = s.pooled()
	}
	b := &winogradBackwardData{winogradFilters: newWinogradFilters(isa, s, true), isa: isa, shape: s, pooled: pooled, grid: newGrid(s), bands: 1}
	if s.N < 8 {
		b.bands = min(kernel.CeilDiv(8, s.N), max(1, b.grid.high/4))
	}
	b.block = min(blockTiles(s), b.grid.high*b.grid.wide)
	b.products = products{isa, b.winogradFilters, newPlanes(b.block, s.O), newPlanes(b.block, s.C)}
	b.sums.row = kernel.CeilDiv(s.C, 16) * 16
	b.sums.plane = (winograd.Tile*b.grid.wide + 2) * b.sums.row
	return b
}

// Parts implements BackwardData.
func (b *winogradBackwardData) Parts() int { return b.shape.N * b.bands }

// ScratchLen implements BackwardData.
func (b *winogradBackwardData) ScratchLen() int {
	return b.products.from.len() + b.products.to.len() + winograd.Patch*b.sums.plane + gradientPatch(b.shape.O)
}

// Run implements BackwardData.
func (b *winogradBackwardData) Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32) {
	s := b.shape
	if !b.pooled {
		argmax = nil
	}
	image := part / b.bands
	from, to := kernel.Split(b.grid.high, b.bands, part%b.bands)
	first := max(0, from-1)
	d, scratch := scratch[:b.products.from.len()], scratch[b.products.from.len():]
	v, scratch := scratch[:b.products.to.len()], scratch[b.products.to.len():]
	sums, patch := scratch[:winograd.Patch*b.sums.plane], scratch[winograd.Patch*b.sums.plane:]
	dx = dx[image*s.H*s.W*s.C : (image+1)*s.H*s.W*s.C]

	tiles := (to - first) * b.grid.wide
	start := (image*b.grid.high + first) * b.grid.wide
	blocks := kernel.CeilDiv(tiles, b.block)
	clear(sums[:2*b.sums.plane])
	for block := range blocks {
		lo, hi := kernel.Split(tiles, blocks, block)
		b.grid.gradients(b.isa, dy, argmax, start+lo, start+hi, d, b.products.from, patch)
		b.products.run(hi-lo, d, packed, v)
		for q := lo; q < hi; q++ {
			_, i, j := b.grid.at(start + q)
			if j == 0 {
				for line := 2; line < winograd.Patch; line++ {
					clear(sums[line*b.sums.plane:][:2*b.sums.row])
				}
			}
			winograd.AddImage(b.isa, sums[winograd.Tile*j*b.sums.row:], b.sums.plane, b.sums.row, v[(q-lo)*b.products.to.row:], b.products.to.plane, b.sums.row)
			if j == b.grid.wide-1 {
				b.finish(i, i >= from, sums, dx)
			}
		}
	}
}

// finish writes the pixels of a row of tiles that no other adds to, when the part owns them,
// and makes the others the first ones of the next row.
func (b *winogradBackwardData) finish(i int, owned bool, sums, dx []float32) {
	s := b.shape
	top := winograd.Tile*i - s.PadTop
	lines := winograd.Tile
	if i == b.grid.high-1 {
		lines = winograd.Patch
	}
	if owned {
		for line := max(0, -top); line < min(lines, s.H-top); line++ {
			b.line(sums[line*b.sums.plane:][:b.sums.plane], dx[(top+line)*s.W*s.C:][:s.W*s.C])
		}
		if lines == winograd.Patch && top+lines < s.H {
			clear(dx[max(0, top+lines)*s.W*s.C:]) // pixels that no result sees
		}
	}
	if lines == winograd.Tile {
		copy(sums[:2*b.sums.plane], sums[winograd.Tile*b.sums.plane:])
	}
}

// line writes a line of pixels.
func (b *winogradBackwardData) line(sums, dx []float32) {
	s := b.shape
	pixels := min(s.W, len(sums)/b.sums.row-s.PadLeft)
	if pixels <= 0 {
		clear(dx)
		return
	}
	sums = sums[s.PadLeft*b.sums.row:]
	if b.sums.row == s.C {
		copy(dx[:pixels*s.C], sums)
	} else {
		for p := range pixels {
			copy(dx[p*s.C:(p+1)*s.C], sums[p*b.sums.row:])
		}
	}
	clear(dx[pixels*s.C:])
}
