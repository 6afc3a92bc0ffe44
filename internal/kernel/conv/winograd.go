package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// What the three Winograd convolutions share. Results are cut into tiles of 4x4; the
// transforms of some tiles are 36 matrices in scratch, [tiles][channels], and the work
// between transforms is 36 products of matrices on the micro-kernels. A tile that goes
// beyond the image, or beyond the results, passes through a patch in scratch.

// grid is the tiles of all images, row by row.
type grid struct {
	shape      Shape
	high, wide int // tiles of an image
}

func newGrid(s Shape) grid {
	return grid{s, kernel.CeilDiv(s.OH, winograd.Tile), kernel.CeilDiv(s.OW, winograd.Tile)}
}

func (g grid) tiles() int { return g.shape.N * g.high * g.wide }

// at is where tile q is: its image, row and column.
func (g grid) at(q int) (image, i, j int) {
	return q / (g.high * g.wide), q / g.wide % g.high, q % g.wide
}

// next is the tile after that.
func (g grid) next(image, i, j int) (nextImage, nextI, nextJ int) {
	switch {
	case j < g.wide-1:
		return image, i, j + 1
	case i < g.high-1:
		return image, i + 1, 0
	}
	return image + 1, 0, 0
}

// images transforms the pixels of tiles [lo, hi) of x. patch holds 6x6 pixels.
func (g grid) images(isa kernel.ISA, x []float32, lo, hi int, v []float32, p planes, patch []float32) {
	s := g.shape
	n, i, j := g.at(lo)
	for q := lo; q < hi; q++ {
		top, left := winograd.Tile*i-s.PadTop, winograd.Tile*j-s.PadLeft
		image, row := x[n*s.H*s.W*s.C:(n+1)*s.H*s.W*s.C], s.W*s.C
		if top >= 0 && left >= 0 && top+winograd.Patch <= s.H && left+winograd.Patch <= s.W {
			image = image[top*row+left*s.C:]
		} else {
			cut(patch, image, top, left, s.H, s.W, s.C, winograd.Patch)
			image, row = patch, winograd.Patch*s.C
		}
		winograd.Image(isa, v[(q-lo)*p.row:], p.plane, image, row, s.C, s.C)
		n, i, j = g.next(n, i, j)
	}
}

// gradients transforms the gradient dy of tiles [lo, hi), or with argmax the pooled one. patch
// holds 4x4 pixels.
func (g grid) gradients(isa kernel.ISA, dy []float32, argmax []uint8, lo, hi int, d []float32, p planes, patch []float32) {
	s := g.shape
	size, height, width := winograd.Tile, s.OH, s.OW
	if argmax != nil {
		size, height, width = size/2, height/2, width/2
	}
	pixels, row := height*width*s.O, width*s.O
	places := bytesOf(patch[size*size*s.O:])
	n, i, j := g.at(lo)
	for q := lo; q < hi; q++ {
		top, left := size*i, size*j
		inside := top+size <= height && left+size <= width
		to, from := d[(q-lo)*p.row:], dy[n*pixels:(n+1)*pixels]
		var at []uint8
		if argmax != nil {
			at = argmax[n*pixels : (n+1)*pixels]
		}
		stride := row
		switch {
		case inside:
			from = from[top*row+left*s.O:]
			if argmax != nil {
				at = at[top*row+left*s.O:]
			}
		default:
			cut(patch, from, top, left, height, width, s.O, size)
			if argmax != nil {
				cut(places, at, top, left, height, width, s.O, size)
				at = places
			}
			from, stride = patch, size*s.O
		}
		if argmax != nil {
			winograd.GradientPooled(isa, to, p.plane, from, at, stride, s.O, s.O)
		} else {
			winograd.Gradient(isa, to, p.plane, from, stride, s.O, s.O)
		}
		n, i, j = g.next(n, i, j)
	}
}

// gradientPatch is the floats of the patch of gradients: 4x4 pixels, or 2x2 and their places.
func gradientPatch(o int) int { return winograd.Tile * winograd.Tile * o }

// cut copies n by n pixels of an image of h by w pixels of c channels; those that are not in
// it are 0.
func cut[T float32 | uint8](dst, image []T, top, left, h, w, c, n int) {
	from, to := min(n, max(0, -left)), max(0, min(n, w-left))
	for i := range n {
		d := dst[i*n*c : (i+1)*n*c]
		if y := top + i; y >= 0 && y < h && from < to {
			clear(d[:from*c])
			copy(d[from*c:to*c], image[(y*w+left+from)*c:])
			clear(d[to*c:])
		} else {
			clear(d)
		}
	}
}

// paste copies those of n by n pixels of c channels that are in an image of h by w pixels of
// stride channels to it.
func paste[T float32 | uint8](image, patch []T, top, left, h, w, stride, n, c int) {
	for i := range min(n, h-top) {
		for j := range min(n, w-left) {
			copy(image[((top+i)*w+left+j)*stride:][:c], patch[(i*n+j)*c:])
		}
	}
}

// bytesOf is the same memory.
func bytesOf(f []float32) []uint8 {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*uint8)(unsafe.Pointer(&f[0])), 4*len(f))
}

// planes says where the 36 matrices of a transform are: floats from row to row and from
// matrix to matrix.
type planes struct{ row, plane int }

// newPlanes lays out matrices of rows of c channels. Rows are whole cache lines. Matrices lie
// an odd number of lines apart, and long rows do, so that what is used together does not
// share the same sets of the cache.
func newPlanes(rows, c int) planes {
	row := kernel.CeilDiv(c, 16) * 16
	if row >= 256 {
		row = oddLines(row)
	}
	return planes{row, oddLines(rows * row)}
}

func (p planes) len() int { return winograd.GradientPlanes * p.plane }

// oddLines is n rounded up to an odd number of cache lines.
func oddLines(n int) int { return (kernel.CeilDiv(n, 16) | 1) * 16 }

// products are the 36 products of transforms [tiles][k] with filters.
type products struct {
	isa      kernel.ISA
	filter   winogradFilters
	columns  columns
	from, to planes // to holds a group of columns
}

func newProducts(isa kernel.ISA, f winogradFilters, c columns, tiles int) products {
	return products{isa, f, c, newPlanes(tiles, f.rows), newPlanes(tiles, c.most())}
}

// run multiplies the transforms of some tiles with the filters of a group.
func (p *products) run(tiles, group int, from, packed, to []float32) {
	start, end := p.columns.at(group)
	var a micro.Args
	a.K, a.Segs, a.Seg = p.filter.rows, 1, &noSegment
	a.AStride, a.CStride = uintptr(4*p.from.row), uintptr(4*p.to.row)
	a.Zero()
	var rows split
	for plane := range winograd.Planes {
		for tile := start / p.filter.width; tile*p.filter.width < end; tile++ {
			first, columns, padded := p.filter.tiling.At(tile)
			rows.set(&a, p.isa, columns, tiles)
			a.B = unsafe.Pointer(&packed[(winograd.Planes*first+plane*padded)*p.filter.rows])
			a.BStride = uintptr(4 * padded)
			for lo, t := 0, 0; t < rows.parts; t++ {
				n := rows.at(t)
				a.A = unsafe.Pointer(&from[plane*p.from.plane+lo*p.from.row])
				a.C = unsafe.Pointer(&to[plane*p.to.plane+lo*p.to.row+first-start])
				micro.N(n, &a)
				lo += n
			}
		}
	}
}

// split cuts rows evenly into micro-tiles; it is kept while columns stay the same, as micro-tiles
// with a short k take no longer than dividing a few times.
type split struct{ columns, parts, each, more int }

// set sets a tile's columns.
func (s *split) set(a *micro.Args, isa kernel.ISA, columns, rows int) {
	if columns == s.columns {
		return
	}
	a.Columns(isa, columns)
	s.columns, s.parts = columns, kernel.CeilDiv(rows, a.MaxRows())
	s.each, s.more = rows/s.parts, rows%s.parts
}

// at is the number of rows of a part.
func (s *split) at(part int) int {
	if part < s.more {
		return s.each + 1
	}
	return s.each
}

// noSegment is the distance after the only segment of a row.
var noSegment int

// winogradFilters packs transformed filters for products: for each tile of columns the 36
// matrices [rows][columns].
type winogradFilters struct {
	isa           kernel.ISA
	rows, columns int
	transposed    bool // rows are O, columns are C
	tiling        micro.Tiling
	width         int // columns of a tile
	chunks        int // parts of the rows
}

func newWinogradFilters(isa kernel.ISA, s Shape, transposed bool) winogradFilters {
	f := winogradFilters{isa: isa, rows: s.C, columns: s.O, transposed: transposed}
	if transposed {
		f.rows, f.columns = s.O, s.C
	}
	f.tiling = micro.NewTiling(isa, f.columns)
	f.width = 2 * micro.Lanes(isa)
	f.chunks = kernel.CeilDiv(f.rows, 64)
	return f
}

// PackedLen is the number of floats of the packed filters.
func (f *winogradFilters) PackedLen() int { return winograd.Planes * f.rows * f.tiling.Padded() }

// PackParts is the number of parts of packing.
func (f *winogradFilters) PackParts() int { return f.tiling.Tiles() * f.chunks }

// Pack transforms a part of the filters w, HWIO. The taps go to the matrices that the
// transform takes them from, in place.
func (f *winogradFilters) Pack(part int, w, packed []float32) {
	first, columns, padded := f.tiling.At(part / f.chunks)
	lo, hi := kernel.Split(f.rows, f.chunks, part%f.chunks)
	plane := f.rows * padded
	packed = packed[winograd.Planes*f.rows*first+lo*padded:]
	for tap := range 9 {
		dst, w := packed[(winograd.FilterInput+tap)*plane:], w[tap*f.rows*f.columns:]
		if f.transposed {
			micro.PackTransposed(f.isa, dst, w[first*f.rows+lo:], hi-lo, f.rows, columns, padded)
		} else {
			micro.Pack(f.isa, dst, w[lo*f.columns+first:], hi-lo, f.columns, columns, padded)
		}
	}
	winograd.Filter(f.isa, packed, plane, (hi-lo)*padded)
}
