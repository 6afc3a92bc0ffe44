package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// directForward is a convolution.
type directForward struct {
	isa        kernel.ISA
	shape      Shape
	epilogue   Epilogue
	source     source
	tiling     micro.Tiling
	k, runs    int   // length of a contiguous run under the filter, and number of runs
	seg        []int // from run to run, in bytes
	band       int   // rows of results in a part
	bandsImage int
}

func newDirectForward(isa kernel.ISA, s Shape, e Epilogue) Forward {
	if e.Pool {
		s = s.pooled()
	}
	f := &directForward{isa: isa, shape: s, epilogue: e, source: newSource(s), tiling: micro.NewTiling(isa, s.O)}
	if s.DilationW == 1 {
		f.k, f.runs = s.KW*s.C, s.KH
		for range s.KH {
			f.seg = append(f.seg, 4*(s.DilationH*f.source.row-f.k))
		}
	} else {
		f.k, f.runs = s.C, s.KH*s.KW
		for range s.KH {
			for range s.KW - 1 {
				f.seg = append(f.seg, 4*(s.DilationW-1)*s.C)
			}
			f.seg = append(f.seg, 4*(s.DilationH*f.source.row-(s.KW-1)*s.DilationW*s.C-s.C))
		}
	}
	f.band = bandRows(s.OH, s.FLOPs()/(s.N*s.OH))
	f.bandsImage = kernel.CeilDiv(s.OH, f.band)
	return f
}

// PackedLen implements Forward.
func (f *directForward) PackedLen() int {
	return f.shape.KH * f.shape.KW * f.shape.C * f.tiling.Padded()
}

// PackParts implements Forward.
func (f *directForward) PackParts() int { return f.tiling.Tiles() }

// Pack implements Forward.
func (f *directForward) Pack(part int, w, packed []float32) {
	s := f.shape
	rows := s.KH * s.KW * s.C
	first, columns, padded := f.tiling.At(part)
	micro.Pack(f.isa, packed[first*rows:], w[first:], rows, s.O, columns, padded)
}

// Parts implements Forward.
func (f *directForward) Parts() int { return f.shape.N * f.bandsImage }

// ScratchLen implements Forward.
func (f *directForward) ScratchLen() int { return f.source.scratchLen(f.band) }

// Run implements Forward.
func (f *directForward) Run(part int, x, packed, bias, y []float32, argmax []uint8, scratch []float32) {
	s := f.shape
	image, band := part/f.bandsImage, part%f.bandsImage
	from, to := band*f.band, min(s.OH, (band+1)*f.band)
	rows := f.source.rows(x, image, from, to, scratch)

	var a micro.Args
	a.K, a.Segs, a.Seg = f.k, f.runs, &f.seg[0]
	a.AStride = uintptr(4 * s.StrideW * s.C)
	a.CStride = uintptr(4 * s.O)
	a.IndexStride = uintptr(s.O)
	if f.epilogue.ReLU {
		a.ReLU = 1
	}
	a.Zero()
	for tile := range f.tiling.Tiles() {
		first, columns, padded := f.tiling.At(tile)
		a.Columns(f.isa, columns)
		a.B = unsafe.Pointer(&packed[first*s.KH*s.KW*s.C])
		a.BStride = uintptr(4 * padded)
		if f.epilogue.Bias {
			a.Init = unsafe.Pointer(&bias[first])
		}
		if f.epilogue.Pool {
			f.pool(&a, rows, y[image*s.OH/2*(s.OW/2)*s.O+first:], argmax[image*s.OH/2*(s.OW/2)*s.O+first:], from, to)
		} else {
			f.plain(&a, rows, y[image*s.OH*s.OW*s.O+first:], from, to)
		}
	}
}

// plain makes rows [from, to) of an image for a tile of channels.
func (f *directForward) plain(a *micro.Args, rows, y []float32, from, to int) {
	s := f.shape
	tiles := kernel.CeilDiv(s.OW, a.MaxRows())
	for oh := from; oh < to; oh++ {
		row := rows[(oh-from)*s.StrideH*f.source.row:]
		for t := range tiles {
			lo, hi := kernel.Split(s.OW, tiles, t)
			a.A = unsafe.Pointer(&row[lo*s.StrideW*s.C])
			a.C = unsafe.Pointer(&y[(oh*s.OW+lo)*s.O])
			micro.N(hi-lo, a)
		}
	}
}

// pool makes the pooled rows of results [from, to) of an image for a tile of channels.
func (f *directForward) pool(a *micro.Args, rows, y []float32, argmax []uint8, from, to int) {
	s := f.shape
	wide := s.OW / 2
	tiles := kernel.CeilDiv(wide, a.MaxPooled())
	for oh := from; oh < to; oh += 2 {
		row := rows[(oh-from)*s.StrideH*f.source.row:]
		for t := range tiles {
			lo, hi := kernel.Split(wide, tiles, t)
			at := 2 * lo * s.StrideW * s.C
			a.A = unsafe.Pointer(&row[at])
			a.A2 = unsafe.Pointer(&row[at+s.StrideH*f.source.row])
			out := (oh/2*wide + lo) * s.O
			a.C = unsafe.Pointer(&y[out])
			a.Index = unsafe.Pointer(&argmax[out])
			micro.P(hi-lo, a)
		}
	}
}
