package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// packParts is the number of parts of packing a matrix.
func packParts(rows, columns int) int { return max(1, min(rows/8, rows*columns>>15)) }

// packRows packs a part of the rows of a matrix.
func packRows(isa kernel.ISA, tiling micro.Tiling, part, rows, columns int, w, packed []float32) {
	lo, hi := kernel.Split(rows, packParts(rows, columns), part)
	packTiles(isa, tiling, lo, hi, rows, columns, w, packed)
}

// packTiles packs rows [lo, hi) of a matrix, which lie stride floats apart, into tiles of columns. It
// packs a few rows at a time for all tiles, so that memory is read in order.
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

// Packing implements SharedPacker.
func (f *directForward) Packing() any {
	return directForwardPacking{f.isa, f.tiling, f.shape.KH * f.shape.KW * f.shape.C}
}

type directGradInputPacking struct {
	isa   kernel.ISA
	shape Shape // the fields on which the filter's size and its phases depend; others are 0
}

// Packing implements SharedPacker.
func (b *directGradInput) Packing() any {
	s := b.shape
	s.N, s.H, s.W, s.OH, s.OW = 0, 0, 0, 0, 0
	return directGradInputPacking{b.isa, s}
}

// Packing implements SharedPacker.
func (f *winogradFilters) Packing() any { return *f }

// Packing implements SharedPacker.
func (f *pointwiseForward) Packing() any { return directForwardPacking{f.isa, f.tiling, f.k} }

type pointwiseGradInputPacking struct {
	isa    kernel.ISA
	tiling micro.Tiling
	rows   int
}

// Packing implements SharedPacker.
func (b *pointwiseGradInput) Packing() any {
	return pointwiseGradInputPacking{b.isa, b.tiling, b.k}
}
