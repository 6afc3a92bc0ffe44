package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// directGradFilter is the direct GradFilter. A part computes a block of the filter, some input channels
// by some output channels, and sums over some bands of rows of the images. If these are not all bands,
// Reduce adds up the parts' sums in order.
type directGradFilter struct {
	sums
	cut        filterCut
	isa        kernel.ISA
	shape      Shape
	options    Gradient
	source     source
	copies     bool // gather the pixels of a block's channels in scratch
	gradient   gradient
	panel      bool // pack the gradient's columns in scratch
	band       int  // rows of results in a band
	bandsImage int  // bands of an image
}

func newDirectGradFilter(isa kernel.ISA, s Shape, g Gradient) GradFilter {
	oh, ow := s.OH, s.OW
	if g.Pooled {
		s = s.pooled()
	} else if s.KH == 1 && s.PadTop == 0 && s.H == s.OH*s.StrideH {
		// Treat all images as one: the rows of an image follow those of the image before it.
		s.H, s.OH, s.N = s.N*s.H, s.N*s.OH, 1
		oh = s.OH
	}
	b := &directGradFilter{
		isa: isa, shape: s, options: g, source: newSource(s),
		gradient: gradient{isa: isa, oh: oh, ow: ow, o: s.O, ph: oh / 2, pw: ow / 2, pooled: g.Pooled, width: s.OW, needsScratch: g.Pooled},
	}
	// The columns of a tile, in all rows of a band, fit into the first cache.
	b.band = min(s.OH, max(2, 256/s.OW/2*2))
	b.bandsImage = kernel.CeilDiv(s.OH, b.band)
	// Pixels at a distance of 2048 bytes share one or two sets of the first cache.
	b.copies = b.source.padded || s.StrideW*s.C%512 == 0
	b.cut = cutFilter(s, s.N*b.bandsImage, b.copies)
	b.panel = s.O > 64 && s.KH*s.KW*s.C >= 192
	b.sums = newSums(isa, s, g.Bias, b.cut.groups)
	b.groups = b.cut.groups
	return b
}

// Parts implements GradFilter.
func (b *directGradFilter) Parts() int {
	return b.cut.groups * b.cut.channels.groups * b.cut.columns.groups
}

// PartialLen implements GradFilter.
func (b *directGradFilter) PartialLen() int {
	if b.cut.groups == 1 {
		return 0
	}
	return b.sums.PartialLen()
}

// ReduceParts implements GradFilter.
func (b *directGradFilter) ReduceParts() int {
	if b.cut.groups == 1 {
		return 0
	}
	return b.sums.ReduceParts()
}

func (b *directGradFilter) pixelsLen() int {
	if !b.copies {
		return 0
	}
	return b.source.blockLen(b.band, b.cut.channels.most())
}

func (b *directGradFilter) panelLen() int {
	if !b.panel {
		return 0
	}
	return b.band * b.shape.OW * kernel.CeilDiv(b.cut.columns.most(), columnUnit) * columnUnit
}

// ScratchLen implements GradFilter.
func (b *directGradFilter) ScratchLen() int {
	return b.pixelsLen() + b.panelLen() + b.gradient.scratchLen(b.band)
}

// Run implements GradFilter.
func (b *directGradFilter) Run(part int, x, dy []float32, argmax []uint8, partial, dw, db, scratch []float32) {
	s := b.shape
	column, part := part%b.cut.columns.groups, part/b.cut.columns.groups
	channel, group := part%b.cut.channels.groups, part/b.cut.channels.groups
	if b.cut.groups > 1 {
		dw = b.of(group, partial)
		dw, db = dw[:s.filterLen()], dw[s.filterLen():]
	}
	c0, c1 := b.cut.channels.at(channel)
	o0, o1 := b.cut.columns.at(column)
	pixels, scratch := scratch[:b.pixelsLen()], scratch[b.pixelsLen():]
	panel, scratch := scratch[:b.panelLen()], scratch[b.panelLen():]
	lo, hi := kernel.Split(s.N*b.bandsImage, b.cut.groups, group)
	for unit := lo; unit < hi; unit++ {
		image, band := unit/b.bandsImage, unit%b.bandsImage
		from, to := band*b.band, min(s.OH, (band+1)*b.band)
		var w window
		if b.copies {
			w = b.source.block(x, image, from, to, c0, c1, pixels)
		} else {
			w = b.source.window(x, image, from, to, c0, c1)
		}
		g := b.gradient.rows(dy, argmax, image, from, to, scratch)
		b.filters(w, g, panel, dw, b.ahead(x, dy, unit+1, hi), to-from, c0, o0, o1, unit > lo)
		if b.options.Bias && channel == 0 {
			reduce.AddRowsStrided(b.isa, db[o0:o1], g[o0:], (to-from)*s.OW, s.O, unit > lo)
		}
	}
}

// ahead returns the ranges of x and dy that the next unit reads, to be prefetched. A range is empty if
// the unit does not read contiguous memory.
func (b *directGradFilter) ahead(x, dy []float32, unit, end int) (next [2][]float32) {
	if unit == end {
		return next
	}
	s := b.shape
	image, from := unit/b.bandsImage, unit%b.bandsImage*b.band
	rows := min(b.band, s.OH-from)
	if b.cut.channels.groups == 1 && s.StrideW == 1 {
		h := min(s.H, max(0, from*s.StrideH-s.PadTop))
		at := (image*s.H + h) * s.W * s.C
		next[0] = x[at:min(len(x), at+rows*s.StrideH*s.W*s.C)]
	}
	if b.cut.columns.groups == 1 && !b.gradient.needsScratch {
		at := (image*s.OH + from) * s.OW * s.O
		next[1] = dy[at : at+rows*s.OW*s.O]
	}
	return next
}

// filters adds a band's products to the sums of a block of the filter, or, unless add is set, starts them.
func (b *directGradFilter) filters(w window, g, panel, dw []float32, ahead [2][]float32, rows, c0, o0, o1 int, add bool) {
	s := b.shape
	var a micro.Args
	a.K, a.Segs = s.OW, rows
	a.ASeg = 4 * (w.line - s.OW*w.pixel)
	if a.ASeg == 0 {
		a.K, a.Segs = rows*s.OW, 1
	}
	a.AStride = uintptr(4 * w.pixel)
	a.CStride = uintptr(4 * s.O)
	// m is the number of contiguous rows of the filter's matrix, and runs the number of such runs in a
	// row of the filter.
	m, runs := w.channels, s.KW
	if s.DilationW == 1 && w.channels == s.C {
		m, runs = s.KW*s.C, 1
	}
	for i, next := range ahead {
		a.Ahead[i].Over(next)
	}
	tiling := micro.NewTiling(b.isa, o1-o0)
	if b.panel {
		packTiles(b.isa, tiling, 0, rows*s.OW, rows*s.OW, s.O, g[o0:], panel)
	}
	for tile := range tiling.Tiles() {
		first, columns, padded := tiling.At(tile)
		first += o0
		a.Columns(b.isa, columns)
		if b.panel {
			a.B, a.BStride = unsafe.Pointer(&panel[(first-o0)*rows*s.OW]), uintptr(4*padded)
		} else {
			a.B, a.BStride = unsafe.Pointer(&g[first]), uintptr(4*s.O)
		}
		for kh := range s.KH {
			for run := range runs {
				a.A = unsafe.Pointer(&w.pixels[kh*w.tapH+run*w.tapW])
				a.C = unsafe.Pointer(&dw[((kh*s.KW+run)*s.C+c0)*s.O+first])
				if add {
					a.Init, a.IStride = a.C, a.CStride
				} else {
					a.Zero()
				}
				micro.T(m, &a)
			}
		}
	}
}
