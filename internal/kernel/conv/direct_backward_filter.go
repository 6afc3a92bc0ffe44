package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// directBackwardFilter is the gradient of a convolution with respect to its filters (and bias).
// Every part sums over some bands of rows of some images, then the parts' sums are added in
// order.
type directBackwardFilter struct {
	sums
	isa        kernel.ISA
	shape      Shape
	options    Gradient
	source     source
	gradient   gradient
	tiling     micro.Tiling // of O
	band       int          // rows of results in a band
	bandsImage int
	m, runs    int // contiguous rows of the filters' matrix, and number of such runs a filter row
}

func newDirectBackwardFilter(isa kernel.ISA, s Shape, g Gradient) BackwardFilter {
	oh, ow := s.OH, s.OW
	if g.Pooled {
		s = s.pooled()
	}
	b := &directBackwardFilter{
		isa: isa, shape: s, options: g, source: newSource(s), tiling: micro.NewTiling(isa, s.O),
		gradient: gradient{isa: isa, oh: oh, ow: ow, o: s.O, ph: oh / 2, pw: ow / 2, pooled: g.Pooled, width: s.OW, needsScratch: g.Pooled},
		m:        s.KW * s.C, runs: 1,
	}
	if s.DilationW > 1 {
		b.m, b.runs = s.C, s.KW
	}
	// Bands of few rows: what a band reads stays in the cache while all tiles go over it.
	b.band = min(s.OH, max(2, min(8, (1<<15)/(s.OW*max(s.C*s.StrideH*s.StrideW, s.O))/2*2)))
	b.bandsImage = kernel.CeilDiv(s.OH, b.band)
	b.sums = newSums(isa, s, g.Bias, s.N*b.bandsImage)
	return b
}

// ScratchLen implements BackwardFilter.
func (b *directBackwardFilter) ScratchLen() int {
	return b.source.scratchLen(b.band) + b.gradient.scratchLen(b.band)
}

// Run implements BackwardFilter.
func (b *directBackwardFilter) Run(part int, x, dy []float32, argmax []uint8, partial, scratch []float32) {
	s := b.shape
	sum := b.of(part, partial)
	lo, hi := kernel.Split(s.N*b.bandsImage, b.groups, part)
	for unit := lo; unit < hi; unit++ {
		image, band := unit/b.bandsImage, unit%b.bandsImage
		from, to := band*b.band, min(s.OH, (band+1)*b.band)
		pixels := b.source.rows(x, image, from, to, scratch)
		g := b.gradient.rows(dy, argmax, image, from, to, scratch[b.source.scratchLen(b.band):])
		b.filters(pixels, g, sum, to-from, unit > lo)
		if b.options.Bias {
			reduce.AddRows(b.isa, sum[s.filterLen():], g, (to-from)*s.OW, s.O, unit > lo)
		}
	}
}

// filters adds a band's products to the sums, or starts them.
func (b *directBackwardFilter) filters(pixels, g, sum []float32, rows int, add bool) {
	s := b.shape
	var a micro.Args
	a.K, a.Segs = s.OW, rows
	a.AStride = uintptr(4 * s.StrideW * s.C)
	a.BStride = uintptr(4 * s.O)
	a.CStride = uintptr(4 * s.O)
	a.ASeg = 4 * (s.StrideH*b.source.row - s.OW*s.StrideW*s.C)
	a.Zero()
	for tile := range b.tiling.Tiles() {
		first, columns, _ := b.tiling.At(tile)
		a.Columns(b.isa, columns)
		a.B = unsafe.Pointer(&g[first])
		tiles := kernel.CeilDiv(b.m, a.MaxRows())
		for kh := range s.KH {
			for run := range b.runs {
				at := kh*s.DilationH*b.source.row + run*s.DilationW*s.C
				out := (kh*s.KW+run)*s.C*s.O + first
				for t := range tiles {
					m, end := kernel.Split(b.m, tiles, t)
					a.A = unsafe.Pointer(&pixels[at+m])
					a.C = unsafe.Pointer(&sum[out+m*s.O])
					if add {
						a.Init, a.IStride = a.C, a.CStride
					}
					micro.T(end-m, &a)
				}
			}
		}
	}
}
