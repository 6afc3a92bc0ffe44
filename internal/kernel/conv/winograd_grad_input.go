package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradGradInput is the exact adjoint of a Winograd convolution with respect to its images. Tiles lie 4
// pixels apart and read 6, so neighboring tiles contribute to the same pixels, and their contributions are
// added up. A row of tiles leaves its last two lines of pixels in scratch for the row of tiles below. The
// other four lines are written to the images, or also to scratch if padding, an incomplete vector of
// channels or another part's lines require it.
//
// A part is some images, or a band of rows of tiles of one image. For a band, the part also computes the
// row of tiles above, whose last two lines belong to the band. Where there are few such parts, a part
// computes a group of input channels only.
type winogradGradInput struct {
	winogradFilters
	isa      kernel.ISA
	shape    Shape
	pooled   bool
	grid     grid
	products products
	block    int   // tiles in a product
	starts   []int // first row of tiles of each part, over all images; the last element is the number of rows
	pixel    int   // size of a pixel of lines in scratch, in floats
	line     int   // size of a line in scratch for a row of tiles, in floats
}

func newWinogradGradInput(isa kernel.ISA, s Shape, pooled bool) GradInput {
	if pooled {
		s = s.pooled()
	}
	b := &winogradGradInput{winogradFilters: newWinogradFilters(isa, s, true), isa: isa, shape: s, pooled: pooled, grid: newGrid(s)}
	image := b.grid.high * b.grid.wide
	groups := min(s.N, blocks(s, s.N*image))
	columns := newColumns(s.C, kernel.CeilDiv(wantParts, groups))
	// A band computes the row of tiles above it again, so it should have several rows itself. The number
	// of parts should be a multiple of the likely number of threads, a power of two.
	bands := 1
	for groups == s.N && 2*bands*groups*columns.groups <= wantParts && 7*bands <= b.grid.high {
		bands *= 2
	}
	for group := range groups {
		from, to := kernel.Split(s.N, groups, group)
		if bands == 1 && group == groups-1 && groups == s.N && s.N%2 == 1 && b.grid.high >= 7 {
			bands = 2 // halve the last image of an odd number, so that two threads get equal work
		}
		for band := range bands {
			lo, _ := kernel.Split((to-from)*b.grid.high, bands, band)
			b.starts = append(b.starts, from*b.grid.high+lo)
		}
	}
	b.starts = append(b.starts, s.N*b.grid.high)
	b.block = min(blockTiles(s), kernel.CeilDiv(s.N, groups)*image)
	b.products = newProducts(isa, b.winogradFilters, columns, b.block)
	b.pixel = kernel.CeilDiv(s.C, 16) * 16
	b.line = (winograd.Tile*b.grid.wide + 2) * b.pixel
	return b
}

// Parts implements GradInput.
func (b *winogradGradInput) Parts() int { return (len(b.starts) - 1) * b.products.columns.groups }

// ScratchLen implements GradInput.
func (b *winogradGradInput) ScratchLen() int {
	return b.products.len() + winograd.Patch*b.line + gradientPatch(b.shape.O)
}

// Run implements GradInput.
func (b *winogradGradInput) Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32) {
	if !b.pooled {
		argmax = nil
	}
	columns := b.products.columns
	group, part := part%columns.groups, part/columns.groups
	// Rows of tiles, over all images: the part owns [from, to).
	from, to := b.starts[part], b.starts[part+1]
	first := from
	if from%b.grid.high > 0 {
		first--
	}
	planes := b.products.planes
	m, scratch := scratch[:b.products.len()], scratch[b.products.len():]
	sums, patch := scratch[:winograd.Patch*b.line], scratch[winograd.Patch*b.line:]

	tiles, start := (to-first)*b.grid.wide, first*b.grid.wide
	blocks := kernel.CeilDiv(tiles, b.block)
	for block := range blocks {
		lo, hi := kernel.Split(tiles, blocks, block)
		b.grid.gradients(b.isa, winograd.AllRows, dy, argmax, 0, b.shape.O, start+lo, start+hi, m[planes.plane:], planes, patch)
		_, next := kernel.Split(tiles, blocks, min(block+1, blocks-1))
		var pixels []float32
		if columns.groups == 1 {
			pixels = b.grid.pixels(dx, max(from*b.grid.wide, start+lo), start+hi)
		}
		b.products.run(hi-lo, group, packed, m, pixels, b.grid.results(dy, b.pooled, start+hi, start+next))
		for q := lo; q < hi; {
			_, i, j, end := b.grid.row(start+q, start+hi)
			row := first + q/b.grid.wide
			b.add(row, j, end, row >= from, i == 0 || q < b.grid.wide, group, m[(q-lo)*planes.row:], sums, dx)
			q += end - j
		}
	}
}

// add computes the pixels of tiles [j, end) of a row of tiles. The pixels are written to dx only if the part
// owns the row. first says that it is the first row of an image or of the part. The first two lines of
// sums are those that the row of tiles above left; the other four are lines of pixels.
func (b *winogradGradInput) add(row, j, end int, owned, first bool, group int, m, sums, dx []float32) {
	s, planes := b.shape, b.products.planes
	lo, hi := b.products.columns.at(group)
	carry, lines, line := sums[lo:2*b.line], sums[2*b.line+lo:], b.line
	image, i := row/b.grid.high, row%b.grid.high
	top := winograd.Tile*i - s.PadTop
	inside := owned && top >= 0 && s.PadLeft == 0 && top+winograd.Tile <= s.H && winograd.Tile*b.grid.wide+2 <= s.W && b.pixel == s.C && (hi-lo)%16 == 0
	if inside {
		lines, line = dx[(image*s.H+top)*s.W*s.C+lo:], s.W*s.C
	}
	channels := kernel.CeilDiv(hi-lo, 16) * 16
	if j == 0 {
		b.begin(first, channels, lines, line, carry)
	}
	at := winograd.Tile * j * b.pixel
	winograd.AddImage(b.isa, lines[at:], line, carry[at:], b.line, b.pixel, m, planes.plane, planes.row, channels, end-j)
	if end < b.grid.wide || !owned {
		return
	}
	dx = dx[image*s.H*s.W*s.C:]
	bottom := s.H // the row of tiles completes lines [top, bottom)
	if i < b.grid.high-1 {
		bottom = top + winograd.Tile
	}
	for y := max(0, top); y < min(bottom, s.H); y++ {
		to := dx[y*s.W*s.C:][:s.W*s.C]
		switch n := y - top; {
		case n >= winograd.Patch:
			b.write(to, nil, lo, hi)
		case n >= winograd.Tile:
			b.write(to, carry[(n-winograd.Tile)*b.line:], lo, hi)
		case inside:
			b.clear(to, winograd.Tile*b.grid.wide+2, lo, hi)
		default:
			b.write(to, lines[n*line:], lo, hi)
		}
	}
}

// begin initializes the sums of a row of tiles. The first two pixels of its lines are set to those that the
// row of tiles above left, or to 0; the first row has none above it.
func (b *winogradGradInput) begin(first bool, channels int, lines []float32, line int, carry []float32) {
	for pixel := range winograd.Tile*b.grid.wide + 2 {
		at := pixel * b.pixel
		for l := range 2 {
			above := carry[l*b.line+at:][:channels]
			if first {
				clear(above)
			}
			if pixel < 2 {
				copy(lines[l*line+at:], above)
				clear(above)
				clear(lines[(2+l)*line+at:][:channels])
			}
		}
		if !first && pixel == 1 {
			return
		}
	}
}

// write writes channels [lo, hi) of a line of pixels from sums, which start at channel lo. Pixels that
// are not in sums are set to 0.
func (b *winogradGradInput) write(dx, sums []float32, lo, hi int) {
	s := b.shape
	pixels := 0
	if sums != nil {
		pixels = max(0, min(s.W, winograd.Tile*b.grid.wide+2-s.PadLeft))
	}
	from := s.PadLeft * b.pixel
	if b.pixel == s.C && hi-lo == s.C {
		if pixels > 0 {
			copy(dx[:pixels*s.C], sums[from:])
		}
	} else {
		for p := range pixels {
			copy(dx[p*s.C+lo:p*s.C+hi], sums[from+p*b.pixel:])
		}
	}
	b.clear(dx, pixels, lo, hi)
}

// clear clears channels [lo, hi) of a line, starting at a pixel.
func (b *winogradGradInput) clear(dx []float32, pixel, lo, hi int) {
	for ; pixel < b.shape.W; pixel++ {
		clear(dx[pixel*b.shape.C+lo : pixel*b.shape.C+hi])
	}
}
