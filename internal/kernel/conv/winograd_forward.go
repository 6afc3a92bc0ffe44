package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradForward is a convolution by Winograd's F(4x4, 3x3). A part is some tiles and, where there are few
// tiles, a group of output channels.
type winogradForward struct {
	winogradFilters
	isa      kernel.ISA
	shape    Shape
	epilogue Epilogue
	grid     grid
	products products
	blocks   int       // number of blocks of tiles
	parts    int       // number of parts of the blocks
	zeros    []float32 // the bias if there is none
}

func newWinogradForward(isa kernel.ISA, s Shape, e Epilogue) Forward {
	if e.Pool {
		s = s.pooled()
	}
	f := &winogradForward{winogradFilters: newWinogradFilters(isa, s, false), isa: isa, shape: s, epilogue: e, grid: newGrid(s)}
	f.blocks = blocks(s, f.grid.tiles())
	f.products = newProducts(isa, f.winogradFilters, newColumns(s.O, kernel.CeilDiv(wantParts, f.blocks)), kernel.CeilDiv(f.grid.tiles(), f.blocks))
	f.parts = f.blocks
	if f.blocks > 64 {
		f.parts = 24
	}
	if !e.Bias {
		f.zeros = make([]float32, s.O)
	}
	return f
}

// Parts implements Forward.
func (f *winogradForward) Parts() int { return f.parts * f.products.columns.groups }

// patchLen is the length of a patch: 6x6 pixels, or 4x4 results.
func (f *winogradForward) patchLen() int {
	return winograd.Patch * winograd.Patch * max(f.shape.C, f.shape.O)
}

// ScratchLen implements Forward.
func (f *winogradForward) ScratchLen() int {
	return f.products.len() + f.patchLen()
}

// Run implements Forward.
func (f *winogradForward) Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32) {
	first, group := part/f.products.columns.groups, part%f.products.columns.groups
	block, end := kernel.Split(f.blocks, f.parts, first)
	lo, _ := kernel.Split(f.grid.tiles(), f.blocks, block)
	for ; block < end; block++ {
		_, hi := kernel.Split(f.grid.tiles(), f.blocks, block)
		next := hi
		if block+1 < end {
			_, next = kernel.Split(f.grid.tiles(), f.blocks, block+1)
		}
		f.tiles(lo, hi, next, group, x, packed, bias, residual, y, argmax, scratch)
		lo = hi
	}
}

// tiles computes the results of tiles [lo, hi). The part continues with tiles [hi, next), whose pixels are
// prefetched.
func (f *winogradForward) tiles(lo, hi, next, group int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32) {
	planes := f.products.planes
	m, patch := scratch[:f.products.len()], scratch[f.products.len():]
	f.grid.images(f.isa, winograd.AllRows, x, 0, f.shape.C, lo, hi, m[planes.plane:], planes, patch)
	var results []float32
	if f.products.columns.groups == 1 {
		results = f.grid.results(y, f.epilogue.Pool, lo, hi)
	}
	f.products.run(hi-lo, group, packed, m, f.grid.pixels(x, hi, next), results)
	if !f.epilogue.Bias {
		bias = f.zeros
	}
	first, end := f.products.columns.at(group)
	bias = bias[first:end]
	for q := lo; q < hi; {
		n, i, j, stop := f.grid.row(q, hi)
		m := m[(q-lo)*planes.row:]
		if f.epilogue.Pool {
			f.pool(n, i, j, stop, m, bias, y[first:], argmax[first:], patch)
		} else {
			f.plain(n, i, j, stop, m, bias, y[first:], patch)
			if f.epilogue.Residual || f.epilogue.Limit != 0 {
				for t := j; t < stop; t++ {
					f.finish(n, i, t, first, end, residual, y)
				}
			}
		}
		q += stop - j
	}
}

// plain computes the results of tiles [j, end) of row i of image n, for as many channels as bias has. y
// starts at the first of these channels.
func (f *winogradForward) plain(n, i, j, end int, m, bias, y, patch []float32) {
	s, c, relu := f.shape, len(bias), f.epilogue.ReLU && !f.epilogue.Residual
	p, row := f.products.planes, s.OW*s.O
	top := winograd.Tile * i
	y = y[n*s.OH*row:]
	whole := j // tiles [j, whole) are whole
	if top+winograd.Tile <= s.OH {
		_, whole = inside(j, end, winograd.Tile, 0, winograd.Tile, s.OW)
	}
	if j < whole {
		winograd.Result(f.isa, y[top*row+winograd.Tile*j*s.O:], row, s.O, m, p.plane, p.row, bias, relu, c, whole-j)
	}
	for t := whole; t < end; t++ {
		winograd.Result(f.isa, patch, winograd.Tile*c, c, m[(t-j)*p.row:], p.plane, p.row, bias, relu, c, 1)
		paste(y, patch, top, winograd.Tile*t, s.OH, s.OW, s.O, winograd.Tile, c)
	}
}

// finish adds the residual to channels [first, end) of a tile and applies ReLU and its limit, which the
// transform of results does not do.
func (f *winogradForward) finish(n, i, j, first, end int, residual, y []float32) {
	s, e := f.shape, f.epilogue
	top, left := winograd.Tile*i, winograd.Tile*j
	for row := top; row < min(s.OH, top+winograd.Tile); row++ {
		for p := left; p < min(s.OW, left+winograd.Tile); p++ {
			at := ((n*s.OH+row)*s.OW + p) * s.O
			to := y[at+first : at+end]
			if e.Residual {
				for c, v := range residual[at+first : at+end] {
					to[c] += v
				}
			}
			for c, v := range to {
				switch {
				case e.ReLU && v < 0:
					to[c] = 0
				case e.Limit != 0 && v > e.Limit:
					to[c] = e.Limit
				}
			}
		}
	}
}

// pool is plain for pooled results.
func (f *winogradForward) pool(n, i, j, end int, m, bias, y []float32, argmax []uint8, patch []float32) {
	const size = winograd.Tile / 2
	s, c := f.shape, len(bias)
	p, height, width := f.products.planes, s.OH/2, s.OW/2
	top, row := size*i, width*s.O
	y, argmax = y[n*height*row:], argmax[n*height*row:]
	whole := j
	if top+size <= height {
		_, whole = inside(j, end, size, 0, size, width)
	}
	if j < whole {
		at := top*row + size*j*s.O
		winograd.ResultPool(f.isa, y[at:], argmax[at:], row, s.O, m, p.plane, p.row, bias, c, whole-j)
	}
	argmaxPatch := bytesOf(patch[size*size*c:])
	for t := whole; t < end; t++ {
		winograd.ResultPool(f.isa, patch, argmaxPatch, size*c, c, m[(t-j)*p.row:], p.plane, p.row, bias, c, 1)
		paste(y, patch, top, size*t, height, width, s.O, size, c)
		paste(argmax, argmaxPatch, top, size*t, height, width, s.O, size, c)
	}
}
