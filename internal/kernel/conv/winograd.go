package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// This file has what the Winograd kernels share. Results are divided into tiles of 4x4. The transforms of
// some tiles are 36 matrices [tiles, channels] in scratch; between the transforms there are 36 matrix
// products on the micro-kernels. A tile that extends beyond the image or the results is copied through a
// patch in scratch.

// grid is the tiles of all images, in row-major order.
type grid struct {
	shape      Shape
	high, wide int // rows and columns of tiles of an image
}

func newGrid(s Shape) grid {
	return grid{s, kernel.CeilDiv(s.OH, winograd.Tile), kernel.CeilDiv(s.OW, winograd.Tile)}
}

func (g grid) tiles() int { return g.shape.N * g.high * g.wide }

// at returns the image, row and column of tile q.
func (g grid) at(q int) (image, i, j int) {
	return q / (g.high * g.wide), q / g.wide % g.high, q % g.wide
}

// row returns the longest run of tiles [q, hi), starting with q, in one row: columns [j, end) of row i.
func (g grid) row(q, hi int) (image, i, j, end int) {
	image, i, j = g.at(q)
	return image, i, j, min(g.wide, j+hi-q)
}

// lines returns the range of floats that the rows of tiles whose first tile is in [lo, hi) read, without
// the floats that rows of tiles above read too. Images have h lines of row floats. Tiles lie size lines
// apart, and each reads patch lines, starting pad lines above it.
func (g grid) lines(lo, hi, size, pad, patch, h, row int) (from, to int) {
	if lo >= hi {
		return 0, 0
	}
	first, last := kernel.CeilDiv(lo, g.wide), (hi-1)/g.wide
	if first > last {
		return 0, 0
	}
	i := first % g.high
	top := max(0, size*i-pad)
	if i > 0 {
		top = min(h, top+patch-size)
	}
	bottom := min(h, size*(last%g.high)-pad+patch)
	return (first/g.high*h + top) * row, (last/g.high*h + bottom) * row
}

// pixels is lines for the images x.
func (g grid) pixels(x []float32, lo, hi int) []float32 {
	s := g.shape
	from, to := g.lines(lo, hi, winograd.Tile, s.PadTop, winograd.Patch, s.H, s.W*s.C)
	return x[from:to]
}

// results is lines for the results y, which may be pooled.
func (g grid) results(y []float32, pooled bool, lo, hi int) []float32 {
	s, size, height, row := g.shape, winograd.Tile, g.shape.OH, g.shape.OW*g.shape.O
	if pooled {
		size, height, row = size/2, height/2, s.OW/2*s.O
	}
	from, to := g.lines(lo, hi, size, 0, size, height, row)
	return y[from:to]
}

// inside returns the tiles [from, to) among tiles [j, end) that read no pixels outside a line of the given
// length. Tiles lie size pixels apart and read patch pixels, starting pad pixels before their place.
func inside(j, end, size, pad, patch, line int) (from, to int) {
	from = min(end, max(j, kernel.CeilDiv(pad, size)))
	if line+pad < patch {
		return from, from
	}
	return from, max(from, min(end, (line+pad-patch)/size+1))
}

// images transforms channels [c0, c1) of the pixels of x that tiles [lo, hi) read. patch is scratch for
// 6x6 of these pixels.
func (g grid) images(isa kernel.ISA, rows winograd.Rows, x []float32, c0, c1, lo, hi int, v []float32, p planes, patch []float32) {
	s := g.shape
	row, c := s.W*s.C, c1-c0
	for q := lo; q < hi; {
		n, i, j, end := g.row(q, hi)
		image, top := x[n*s.H*row:(n+1)*s.H*row], winograd.Tile*i-s.PadTop
		from, to := inside(j, end, winograd.Tile, s.PadLeft, winograd.Patch, s.W)
		if top < 0 || top+winograd.Patch > s.H {
			from, to = end, end
		}
		for j < end {
			left, count := winograd.Tile*j-s.PadLeft, 1
			if j == from && from < to {
				count = to - from
				winograd.Image(isa, rows, v[(q-lo)*p.row:], p.plane, p.row, image[top*row+left*s.C+c0:], row, s.C, c, count)
			} else {
				cut(patch, image, top, left, s.H, s.W, s.C, winograd.Patch, c0, c1)
				winograd.Image(isa, rows, v[(q-lo)*p.row:], p.plane, p.row, patch, winograd.Patch*c, c, c, 1)
			}
			q, j = q+count, j+count
		}
	}
}

// gradients transforms channels [o0, o1) of the gradient dy of tiles [lo, hi). If argmax is not nil, dy is
// the gradient of the pooled result. patch is scratch of gradientPatch(o1-o0) floats.
func (g grid) gradients(isa kernel.ISA, rows winograd.Rows, dy []float32, argmax []uint8, o0, o1, lo, hi int, d []float32, p planes, patch []float32) {
	s := g.shape
	size, height, width := winograd.Tile, s.OH, s.OW
	if argmax != nil {
		size, height, width = size/2, height/2, width/2
	}
	row := width * s.O
	o := o1 - o0
	argmaxPatch := bytesOf(patch[size*size*o:])
	for q := lo; q < hi; {
		n, i, j, end := g.row(q, hi)
		image, imageArgmax, top := dy[n*height*row:(n+1)*height*row], argmax, size*i
		if argmax != nil {
			imageArgmax = argmax[n*height*row : (n+1)*height*row]
		}
		from, to := inside(j, end, size, 0, size, width)
		if top+size > height {
			from, to = end, end
		}
		for j < end {
			dst, left, count := d[(q-lo)*p.row:], size*j, 1
			first, firstArgmax, stride, pixel := patch, argmaxPatch, size*o, o // of the tiles
			if j == from && from < to {
				count, stride, pixel = to-from, row, s.O
				first = image[top*row+left*s.O+o0:]
				if argmax != nil {
					firstArgmax = imageArgmax[top*row+left*s.O+o0:]
				}
			} else {
				cut(patch, image, top, left, height, width, s.O, size, o0, o1)
				if argmax != nil {
					cut(argmaxPatch, imageArgmax, top, left, height, width, s.O, size, o0, o1)
				}
			}
			if argmax != nil {
				winograd.GradientPooled(isa, rows, dst, p.plane, p.row, first, firstArgmax, stride, pixel, o, count)
			} else {
				winograd.Gradient(isa, rows, dst, p.plane, p.row, first, stride, pixel, o, count)
			}
			q, j = q+count, j+count
		}
	}
}

// gradientPatch is the length of the patch for gradients of o channels: 4x4 pixels, or 2x2 pooled pixels
// and their argmax.
func gradientPatch(o int) int { return winograd.Tile * winograd.Tile * o }

// cut copies channels [c0, c1) of the n x n pixels at (top, left) from an image of h x w pixels with c
// channels. Pixels outside the image are 0.
func cut[T float32 | uint8](dst, image []T, top, left, h, w, c, n, c0, c1 int) {
	from, to := min(n, max(0, -left)), max(0, min(n, w-left))
	channels := c1 - c0
	for i := range n {
		d := dst[i*n*channels : (i+1)*n*channels]
		y := top + i
		if y < 0 || y >= h || from >= to {
			clear(d)
			continue
		}
		clear(d[:from*channels])
		line := image[(y*w+left+from)*c:]
		if channels == c {
			copy(d[from*c:to*c], line)
		} else {
			for j := range to - from {
				copy(d[(from+j)*channels:][:channels], line[j*c+c0:])
			}
		}
		clear(d[to*channels:])
	}
}

// paste copies a patch of n x n pixels with c channels to (top, left) in an image of h x w pixels with
// stride channels. Pixels outside the image are left out.
func paste[T float32 | uint8](image, patch []T, top, left, h, w, stride, n, c int) {
	for i := range min(n, h-top) {
		for j := range min(n, w-left) {
			copy(image[((top+i)*w+left+j)*stride:][:c], patch[(i*n+j)*c:])
		}
	}
}

// bytesOf returns the memory of f as bytes.
func bytesOf(f []float32) []uint8 {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*uint8)(unsafe.Pointer(&f[0])), 4*len(f))
}

// planes is the layout of the 36 matrices of a transform: the distance between rows and between matrices,
// in floats.
type planes struct{ row, plane int }

// newPlanes lays out matrices of the given number of rows with c channels. Rows are whole cache lines.
// Matrices, and long rows, lie an odd number of lines apart, so that data that is used together does not
// compete for the same sets of the cache.
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

// products are the 36 products of transforms [tiles, k] and a filter. To keep them in the second cache,
// they overwrite the transforms: the product with matrix i is written to the place of matrix i-1.
type products struct {
	isa     kernel.ISA
	filter  winogradFilters
	columns columns
	planes  planes // for rows of k floats, and of a group of columns
}

func newProducts(isa kernel.ISA, f winogradFilters, c columns, tiles int) products {
	return products{isa, f, c, newPlanes(tiles, max(f.rows, c.most()))}
}

// len is the length of the matrices.
func (p *products) len() int { return p.planes.plane + p.planes.len() }

// run multiplies the transforms of some tiles by the columns of a group, and prefetches the memory in
// ahead. The transforms start at the second matrix of m, their products at the first.
func (p *products) run(tiles, group int, packed, m []float32, ahead ...[]float32) {
	from := m[p.planes.plane:]
	start, end := p.columns.at(group)
	k, width := p.filter.rows, p.filter.width
	plane, row := uintptr(4*p.planes.plane), uintptr(4*p.planes.row)
	// winograd.Products multiplies whole panels of columns, in all planes at once if there are no other
	// columns. Tiles of package micro multiply the other columns.
	var w winograd.Products
	w.Panels, w.Planes = 0, winograd.Planes
	if winograd.ProductColumns(p.isa) == width {
		w.Panels = (end - start) / width
	}
	if w.Panels > 0 {
		w.AStride, w.CStride, w.K = row, row, k
		w.APlane, w.BPlane, w.CPlane, w.BPanel = plane, uintptr(4*k*width), plane, uintptr(4*winograd.Planes*k*width)
		w.Ahead(ahead...)
	}
	done := start + w.Panels*width
	if done < end {
		w.Planes = 1
	}
	var a micro.Args
	a.Contiguous(k)
	a.AStride, a.CStride = row, row
	a.Zero()
	for i := 0; i < winograd.Planes; i += w.Planes {
		at := i * p.planes.plane
		if w.Panels > 0 {
			w.A, w.C = unsafe.Pointer(&from[at]), unsafe.Pointer(&m[at])
			w.B = unsafe.Pointer(&packed[(winograd.Planes*start+i*width)*k])
			w.N(p.isa, tiles)
		}
		a.A = unsafe.Pointer(&from[at])
		for tile := done / width; tile*width < end; tile++ {
			first, columns, padded := p.filter.tiling.At(tile)
			a.Columns(p.isa, columns)
			a.B = unsafe.Pointer(&packed[(winograd.Planes*first+i*padded)*k])
			a.BStride = uintptr(4 * padded)
			a.C = unsafe.Pointer(&m[at+first-start])
			micro.N(tiles, &a)
		}
	}
}

// winogradFilters packs a transformed filter for products: for each tile of columns the 36 matrices [rows,
// columns].
type winogradFilters struct {
	isa           kernel.ISA
	rows, columns int  // C and O, or O and C if transposed
	transposed    bool // for GradInput
	tiling        micro.Tiling
	width         int // columns of a tile
	chunks        int // parts of packing the rows
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

// PackedLen is the length of the packed filter.
func (f *winogradFilters) PackedLen() int { return winograd.Planes * f.rows * f.tiling.Padded() }

// PackParts is the number of parts of packing.
func (f *winogradFilters) PackParts() int { return f.tiling.Tiles() * f.chunks }

// Pack transforms a part of the filter w, HWIO. It copies the taps to the matrices from which
// winograd.Filter, which works in place, reads them.
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
