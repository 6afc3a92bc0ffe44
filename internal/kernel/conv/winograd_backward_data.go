package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradBackwardData is the gradient of a Winograd convolution with respect to its images:
// its exact adjoint. Tiles of results are 4 pixels apart and see 6, so what comes from
// neighbours is added up, in a row of tiles in scratch that goes to memory when it is done;
// its last two lines of pixels are the next one's first. A part is some images, or a band of
// rows of tiles of one and the row above, whose last two lines belong to the part; and, where
// there are few, some of the images' channels.
type winogradBackwardData struct {
	winogradFilters
	isa      kernel.ISA
	shape    Shape
	pooled   bool
	grid     grid
	products products
	block    int // tiles
	groups   int // of images
	bands    int // of an image, when a group is one
	pixel    int // floats of a pixel of the row of tiles in scratch
	line     int // floats of a line of it
}

func newWinogradBackwardData(isa kernel.ISA, s Shape, pooled bool) BackwardData {
	if pooled {
		s = s.pooled()
	}
	b := &winogradBackwardData{winogradFilters: newWinogradFilters(isa, s, true), isa: isa, shape: s, pooled: pooled, grid: newGrid(s), bands: 1}
	image := b.grid.high * b.grid.wide
	b.groups = min(s.N, blocks(s, s.N*image))
	if b.groups == s.N && s.N < wantParts {
		b.bands = min(kernel.CeilDiv(wantParts, s.N), max(1, b.grid.high/4))
	}
	b.block = min(blockTiles(s), kernel.CeilDiv(s.N, b.groups)*image)
	b.products = newProducts(isa, b.winogradFilters, newColumns(s.C, kernel.CeilDiv(wantParts, b.groups*b.bands)), b.block)
	b.pixel = kernel.CeilDiv(b.products.columns.most(), 16) * 16
	b.line = (winograd.Tile*b.grid.wide + 2) * b.pixel
	return b
}

// Parts implements BackwardData.
func (b *winogradBackwardData) Parts() int { return b.groups * b.bands * b.products.columns.groups }

// ScratchLen implements BackwardData.
func (b *winogradBackwardData) ScratchLen() int {
	return b.products.from.len() + b.products.to.len() + winograd.Patch*b.line + gradientPatch(b.shape.O)
}

// Run implements BackwardData.
func (b *winogradBackwardData) Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32) {
	if !b.pooled {
		argmax = nil
	}
	columns := b.products.columns
	group, part := part%columns.groups, part/columns.groups
	// Rows of tiles, over all images: the part owns [from, to).
	from, to := kernel.Split(b.shape.N, b.groups, part/b.bands)
	from, to = from*b.grid.high, to*b.grid.high
	first := from
	if b.bands > 1 {
		lo, hi := kernel.Split(b.grid.high, b.bands, part%b.bands)
		from, to = from+lo, from+hi
		first = max(first, from-1)
	}
	d, scratch := scratch[:b.products.from.len()], scratch[b.products.from.len():]
	v, scratch := scratch[:b.products.to.len()], scratch[b.products.to.len():]
	sums, patch := scratch[:winograd.Patch*b.line], scratch[winograd.Patch*b.line:]

	tiles, start := (to-first)*b.grid.wide, first*b.grid.wide
	blocks := kernel.CeilDiv(tiles, b.block)
	for block := range blocks {
		lo, hi := kernel.Split(tiles, blocks, block)
		b.grid.gradients(b.isa, dy, argmax, start+lo, start+hi, d, b.products.from, patch)
		b.products.run(hi-lo, group, d, packed, v)
		n, i, j := b.grid.at(start + lo)
		for q := lo; q < hi; q++ {
			if j == 0 {
				b.begin(i == 0 || q == 0, sums)
			}
			winograd.AddImage(b.isa, sums[winograd.Tile*j*b.pixel:], b.line, b.pixel, v[(q-lo)*b.products.to.row:], b.products.to.plane, b.pixel)
			if j == b.grid.wide-1 {
				row := first + q/b.grid.wide
				b.finish(row, row >= from, group, sums, dx)
			}
			n, i, j = b.grid.next(n, i, j)
		}
	}
}

// begin clears what the tiles of a row add to: the first two pixels of its lines, and with
// first the first two lines.
func (b *winogradBackwardData) begin(first bool, sums []float32) {
	if first {
		clear(sums[:2*b.line])
	}
	for line := 2; line < winograd.Patch; line++ {
		clear(sums[line*b.line:][:2*b.pixel])
	}
}

// finish writes the pixels that no later row of tiles adds to, when the part owns them, and
// makes the others the first ones of the next row.
func (b *winogradBackwardData) finish(row int, owned bool, group int, sums, dx []float32) {
	s := b.shape
	image, i := row/b.grid.high, row%b.grid.high
	top := winograd.Tile*i - s.PadTop
	lines := winograd.Tile
	if i == b.grid.high-1 {
		lines = s.H - top // and those that no result sees
	}
	for line := max(0, -top); owned && line < min(lines, s.H-top); line++ {
		to := dx[(image*s.H+top+line)*s.W*s.C:][:s.W*s.C]
		if line < winograd.Patch {
			b.write(to, sums[line*b.line:][:b.line], group)
		} else {
			b.write(to, nil, group)
		}
	}
	copy(sums[:2*b.line], sums[winograd.Tile*b.line:])
}

// write writes a group's channels of a line of pixels: what the sums have, then 0.
func (b *winogradBackwardData) write(dx, sums []float32, group int) {
	s := b.shape
	lo, hi := b.products.columns.at(group)
	pixels := max(0, min(s.W, len(sums)/b.pixel-s.PadLeft))
	sums = sums[min(len(sums), s.PadLeft*b.pixel):]
	if b.pixel == s.C && hi-lo == s.C {
		copy(dx[:pixels*s.C], sums)
		clear(dx[pixels*s.C:])
		return
	}
	for p := range s.W {
		to := dx[p*s.C+lo : p*s.C+hi]
		if p < pixels {
			copy(to, sums[p*b.pixel:])
		} else {
			clear(to)
		}
	}
}
