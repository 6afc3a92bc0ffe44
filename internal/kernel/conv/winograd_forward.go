package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradForward is a convolution by Winograd's F(4x4,3x3). A part is some tiles, and, where
// there are few, some of the results' channels.
type winogradForward struct {
	winogradFilters
	isa      kernel.ISA
	shape    Shape
	epilogue Epilogue
	grid     grid
	products products
	blocks   int       // of tiles
	zeros    []float32 // in place of a bias
}

func newWinogradForward(isa kernel.ISA, s Shape, e Epilogue) Forward {
	if e.Pool {
		s = s.pooled()
	}
	f := &winogradForward{winogradFilters: newWinogradFilters(isa, s, false), isa: isa, shape: s, epilogue: e, grid: newGrid(s)}
	f.blocks = blocks(s, f.grid.tiles())
	f.products = newProducts(isa, f.winogradFilters, newColumns(s.O, kernel.CeilDiv(wantParts, f.blocks)), kernel.CeilDiv(f.grid.tiles(), f.blocks))
	if !e.Bias {
		f.zeros = make([]float32, s.O)
	}
	return f
}

// Parts implements Forward.
func (f *winogradForward) Parts() int { return f.blocks * f.products.columns.groups }

// patchLen is the floats of a patch: 6x6 pixels, or 4x4 results.
func (f *winogradForward) patchLen() int {
	return winograd.Patch * winograd.Patch * max(f.shape.C, f.shape.O)
}

// ScratchLen implements Forward.
func (f *winogradForward) ScratchLen() int {
	return f.products.from.len() + f.products.to.len() + f.patchLen()
}

// Run implements Forward.
func (f *winogradForward) Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32) {
	block, group := part/f.products.columns.groups, part%f.products.columns.groups
	lo, hi := kernel.Split(f.grid.tiles(), f.blocks, block)
	from, to := f.products.from, f.products.to
	v, rest := scratch[:from.len()], scratch[from.len():]
	m, patch := rest[:to.len()], rest[to.len():]
	f.grid.images(f.isa, x, lo, hi, v, from, patch)
	f.products.run(hi-lo, group, v, packed, m)
	if !f.epilogue.Bias {
		bias = f.zeros
	}
	first, end := f.products.columns.at(group)
	bias = bias[first:end]
	n, i, j := f.grid.at(lo)
	for q := lo; q < hi; q++ {
		if f.epilogue.Pool {
			f.pool(n, i, j, m[(q-lo)*to.row:], bias, y[first:], argmax[first:], patch)
		} else {
			f.plain(n, i, j, m[(q-lo)*to.row:], bias, y[first:], patch)
			if f.epilogue.Add || f.epilogue.Limit != 0 {
				f.finish(n, i, j, first, end, residual, y)
			}
		}
		n, i, j = f.grid.next(n, i, j)
	}
}

// plain makes the results of tile i, j of image n for the channels that bias has; y starts at their first.
func (f *winogradForward) plain(n, i, j int, m, bias, y, patch []float32) {
	s, c := f.shape, len(bias)
	top, left := winograd.Tile*i, winograd.Tile*j
	y = y[n*s.OH*s.OW*s.O:]
	plane := f.products.to.plane
	if top+winograd.Tile <= s.OH && left+winograd.Tile <= s.OW {
		winograd.Result(f.isa, y[(top*s.OW+left)*s.O:], s.OW*s.O, s.O, m, plane, bias, f.epilogue.ReLU && !f.epilogue.Add, c)
		return
	}
	winograd.Result(f.isa, patch, winograd.Tile*c, c, m, plane, bias, f.epilogue.ReLU && !f.epilogue.Add, c)
	paste(y, patch, top, left, s.OH, s.OW, s.O, winograd.Tile, c)
}

// finish does what the transform of results does not: it adds the residual to channels
// [first, end) of a tile, and applies ReLU and its limit.
func (f *winogradForward) finish(n, i, j, first, end int, residual, y []float32) {
	s, e := f.shape, f.epilogue
	top, left := winograd.Tile*i, winograd.Tile*j
	for row := top; row < min(s.OH, top+winograd.Tile); row++ {
		for p := left; p < min(s.OW, left+winograd.Tile); p++ {
			at := ((n*s.OH+row)*s.OW + p) * s.O
			to := y[at+first : at+end]
			if e.Add {
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

// pool makes the pooled results of a tile, as plain does.
func (f *winogradForward) pool(n, i, j int, m, bias, y []float32, argmax []uint8, patch []float32) {
	const size = winograd.Tile / 2
	s, c := f.shape, len(bias)
	top, left, height, width := size*i, size*j, s.OH/2, s.OW/2
	y, argmax = y[n*height*width*s.O:], argmax[n*height*width*s.O:]
	plane := f.products.to.plane
	if top+size <= height && left+size <= width {
		at := (top*width + left) * s.O
		winograd.ResultPool(f.isa, y[at:], argmax[at:], width*s.O, s.O, m, plane, bias, c)
		return
	}
	places := bytesOf(patch[size*size*c:])
	winograd.ResultPool(f.isa, patch, places, size*c, c, m, plane, bias, c)
	paste(y, patch, top, left, height, width, s.O, size, c)
	paste(argmax, places, top, left, height, width, s.O, size, c)
}
