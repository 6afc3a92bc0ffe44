package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// Kernels of filters have a method Packing, which says how the filters are packed, for
// comparison: where two kernels have equal ones, one copy of the packed filters serves both.
// It does not depend on how many images there are, nor on how large they are.

type directForwardPacking struct {
	isa    kernel.ISA
	tiling micro.Tiling
	rows   int
}

// Packing identifies how filters are packed.
func (f *directForward) Packing() any {
	return directForwardPacking{f.isa, f.tiling, f.shape.KH * f.shape.KW * f.shape.C}
}

type directBackwardDataPacking struct {
	isa   kernel.ISA
	shape Shape // of the filters, and what gives their phases
}

// Packing identifies how filters are packed.
func (b *directBackwardData) Packing() any {
	s := b.shape
	s.N, s.H, s.W, s.OH, s.OW = 0, 0, 0, 0, 0
	return directBackwardDataPacking{b.isa, s}
}

// Packing identifies how filters are packed.
func (f *winogradFilters) Packing() any { return *f }

// Packing identifies how filters are packed.
func (f *pointwiseForward) Packing() any { return directForwardPacking{f.isa, f.tiling, f.k} }

type pointwiseBackwardDataPacking struct {
	isa    kernel.ISA
	tiling micro.Tiling
	rows   int
}

// Packing identifies how filters are packed.
func (b *pointwiseBackwardData) Packing() any {
	return pointwiseBackwardDataPacking{b.isa, b.tiling, b.k}
}
