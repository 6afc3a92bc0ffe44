package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// Kernels of filters have a method Packing, which says how the filters are packed, for
// comparison: where two kernels have equal ones, one copy of the packed filters serves both.
// It does not depend on how many images there are, nor on how large they are.

// packParts is the number of parts of packing a matrix.
func packParts(rows, columns int) int { return max(1, min(rows/8, rows*columns>>15)) }

// packRows packs a part of the rows of a matrix.
func packRows(isa kernel.ISA, tiling micro.Tiling, part, rows, columns int, w, packed []float32) {
	lo, hi := kernel.Split(rows, packParts(rows, columns), part)
	packTiles(isa, tiling, lo, hi, rows, columns, w, packed)
}

// packTiles packs rows [lo, hi) of a matrix, stride floats apart, into tiles of columns: some rows
// at a time for all tiles, so that memory is read in order.
func packTiles(isa kernel.ISA, tiling micro.Tiling, lo, hi, rows, stride int, w, packed []float32) {
	const some = 8
	for r := lo; r < hi; r += some {
		n := min(some, hi-r)
		for tile := range tiling.Tiles() {
			first, columns, padded := tiling.At(tile)
			micro.Pack(isa, packed[first*rows+r*padded:], w[r*stride+first:], n, stride, columns, padded)
		}
	}
}

type directForwardPacking struct {
	isa    kernel.ISA
	tiling micro.Tiling
	rows   int
}

// Packing identifies how filters are packed.
func (f *directForward) Packing() any {
	return directForwardPacking{f.isa, f.tiling, f.shape.KH * f.shape.KW * f.shape.C}
}

type directGradInputPacking struct {
	isa   kernel.ISA
	shape Shape // of the filters, and what gives their phases
}

// Packing identifies how filters are packed.
func (b *directGradInput) Packing() any {
	s := b.shape
	s.N, s.H, s.W, s.OH, s.OW = 0, 0, 0, 0, 0
	return directGradInputPacking{b.isa, s}
}

// Packing identifies how filters are packed.
func (f *winogradFilters) Packing() any { return *f }

// Packing identifies how filters are packed.
func (f *pointwiseForward) Packing() any { return directForwardPacking{f.isa, f.tiling, f.k} }

type pointwiseGradInputPacking struct {
	isa    kernel.ISA
	tiling micro.Tiling
	rows   int
}

// Packing identifies how filters are packed.
func (b *pointwiseGradInput) Packing() any {
	return pointwiseGradInputPacking{b.isa, b.tiling, b.k}
}
