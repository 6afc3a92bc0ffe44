package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradNarrow is a Winograd convolution of images of few channels. A part is some rows of tiles of an
// image.
type winogradNarrow struct {
	winogradForward
	tiles int // tiles in a row, padded to whole vectors
	bands int // parts of an image
}

func newWinogradNarrow(isa kernel.ISA, s Shape, e Epilogue) Forward {
	f := &winogradNarrow{winogradForward: *newWinogradForward(isa, s, e).(*winogradForward)}
	f.products.planes = planes{winograd.NarrowColumns, winograd.NarrowTiles * winograd.NarrowColumns}
	f.tiles = kernel.CeilDiv(f.grid.wide, 16) * 16
	f.bands = max(1, f.grid.high/4)
	return f
}

// narrowFits reports whether the narrow Winograd algorithm supports a convolution and is faster. It is
// faster if enough output channels share the transform of an image.
func narrowFits(s Shape, e Epilogue) bool {
	if e.Pool {
		s = s.pooled()
	}
	return s.KH == 3 && s.KW == 3 && s.StrideH == 1 && s.StrideW == 1 && s.DilationH == 1 && s.DilationW == 1 &&
		s.C >= winograd.MinNarrow && s.C <= winograd.MaxNarrow && s.O >= 32 && s.O%winograd.MinChannels == 0 && s.OH >= winograd.Tile && s.OW >= 4*winograd.Tile
}

// Parts implements Forward.
func (f *winogradNarrow) Parts() int { return f.shape.N * f.bands }

// line is the length of a line of pixels as spread makes it.
func (f *winogradNarrow) line() int { return winograd.Patch * f.shape.C * f.tiles }

// ScratchLen implements Forward.
func (f *winogradNarrow) ScratchLen() int {
	return winograd.Patch*f.line() + winograd.Planes*f.shape.C*f.tiles + winograd.Planes*f.products.planes.plane + f.patchLen() + (f.grid.wide+1)*winograd.Tile*f.shape.C
}

// Run implements Forward.
func (f *winogradNarrow) Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32) {
	s := f.shape
	take := func(n int) []float32 {
		t := scratch[:n:n]
		scratch = scratch[n:]
		return t
	}
	pixels, v := take(winograd.Patch*f.line()), take(winograd.Planes*s.C*f.tiles)
	m, patch := take(winograd.Planes*f.products.planes.plane), take(f.patchLen())
	if !f.epilogue.Bias {
		bias = f.zeros
	}
	image := part / f.bands
	from, to := kernel.Split(f.grid.high, f.bands, part%f.bands)
	x = x[image*s.H*s.W*s.C : (image+1)*s.H*s.W*s.C]
	for i := from; i < to; i++ {
		first := 0
		if i > from { // the last two lines of a row of tiles are the first two of the next
			copy(pixels, pixels[winograd.Tile*f.line():])
			first = winograd.Patch - winograd.Tile
		}
		for r := first; r < winograd.Patch; r++ {
			f.spread(pixels[r*f.line():(r+1)*f.line()], f.pixels(x, winograd.Tile*i-s.PadTop+r, scratch))
		}
		winograd.Image(f.isa, winograd.AllRows, v, s.C*f.tiles, 0, pixels, f.line(), s.C*f.tiles, s.C*f.tiles, 1)
		for tile := range f.tiling.Tiles() {
			start, columns, padded := f.tiling.At(tile)
			for j := 0; j < f.grid.wide; j += winograd.NarrowTiles {
				if tile == 0 {
					f.ask(image, i, j+winograd.NarrowTiles, to, y, argmax)
				}
				winograd.Narrow(f.isa, m, v[j:], f.tiles, s.C, packed[winograd.Planes*s.C*start:], padded)
				f.results(image, i, j, min(j+winograd.NarrowTiles, f.grid.wide), start, m, bias[start:start+columns], residual, y, argmax, patch)
			}
		}
	}
}

// ask prefetches the memory to which the results of the tiles from column j on will be written.
func (f *winogradNarrow) ask(n, i, j, end int, y []float32, argmax []uint8) {
	if j >= f.grid.wide {
		i, j = i+1, 0
	}
	if i >= end {
		return
	}
	s, size := f.shape, winograd.Tile
	height, width := s.OH, s.OW
	if f.epilogue.Pool {
		size, height, width = size/2, height/2, width/2
	}
	for row := size * i; row < min(height, size*(i+1)); row++ {
		line := (n*height + row) * width
		lo, hi := (line+size*j)*s.O, (line+min(width, size*(j+winograd.NarrowTiles)))*s.O
		winograd.ToWrite(f.isa, y[lo:hi])
		if f.epilogue.Pool {
			results := argmax[lo:hi]
			winograd.ToWrite(f.isa, unsafe.Slice((*float32)(unsafe.Pointer(&results[0])), len(results)/4))
		}
	}
}

// spread copies a line of pixels to dst [Patch, channels, tiles]: the pixels that each tile of a row reads.
// The line starts with the first tile's first pixel; pixels beyond its end are 0.
func (f *winogradNarrow) spread(dst, line []float32) {
	tiles, group := f.tiles, winograd.Tile*f.shape.C
	whole := min(tiles, len(line)/group)
	if whole == 0 {
		clear(dst)
	} else {
		// Transpose eight rows at a time, for which there is assembly. The last eight may overlap those
		// before them.
		for i := 0; ; i = min(i+8, group-8) {
			micro.PackTransposed(f.isa, dst[i*tiles:], line[i:], 8, group, whole, tiles)
			if i+8 == group {
				break
			}
		}
	}
	for i := range group {
		if at := whole*group + i; whole < tiles && at < len(line) {
			dst[i*tiles+whole] = line[at]
		}
	}
	// The first two pixels of a tile are the last two of the tile before it.
	for i := range winograd.Patch*f.shape.C - group {
		to := dst[(group+i)*tiles:][:tiles]
		copy(to, dst[i*tiles+1:(i+1)*tiles])
		to[tiles-1] = 0
		if at := tiles*group + i; at < len(line) {
			to[tiles-1] = line[at]
		}
	}
}

// results computes the results of tiles [j, end) of a row, for as many channels, starting at first, as bias
// has.
func (f *winogradNarrow) results(n, i, j, end, first int, m, bias, residual, y []float32, argmax []uint8, patch []float32) {
	if f.epilogue.Pool {
		f.pool(n, i, j, end, m, bias, y[first:], argmax[first:], patch)
		return
	}
	f.plain(n, i, j, end, m, bias, y[first:], patch)
	if f.epilogue.Residual || f.epilogue.Limit != 0 {
		for ; j < end; j++ {
			f.finish(n, i, j, first, first+len(bias), residual, y)
		}
	}
}

// pixels returns line h of the image, starting with the first pixel that a result reads: in the image
// itself, or, with padding before it, in scratch.
func (f *winogradNarrow) pixels(x []float32, h int, scratch []float32) []float32 {
	s := f.shape
	if h < 0 || h >= s.H {
		return nil
	}
	line := x[h*s.W*s.C : (h+1)*s.W*s.C]
	if s.PadLeft == 0 {
		return line
	}
	left := min(s.PadLeft*s.C, len(scratch))
	clear(scratch[:left])
	n := copy(scratch[left:], line)
	return scratch[:left+n]
}
