package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// directForward is a direct convolution. A part is a band of rows of an image's results and, where there
// are few bands, a group of output channels.
type directForward struct {
	isa        kernel.ISA
	shape      Shape
	epilogue   Epilogue
	source     source
	tiling     micro.Tiling
	k, runs    int   // length of a contiguous run of floats under the filter, and number of runs
	seg        []int // distances from the end of each run to the next, in bytes
	band       int   // rows of results in a part
	bandsImage int   // bands of an image
	columns    columns
}

// minBand is the least number of rows in a part: a part copies up to KH-1 more rows if they must be padded.
const minBand = 8

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
	if bands := min(wantedParts(s.FLOPs())/s.N, s.OH/minBand) &^ 1; bands > 1 {
		f.band = min(f.band, even(kernel.CeilDiv(s.OH, bands)))
	}
	f.bandsImage = kernel.CeilDiv(s.OH, f.band)
	f.columns = columnsBeside(s.N*f.bandsImage, s.FLOPs(), s.O)
	return f
}

// PackedLen implements Forward.
func (f *directForward) PackedLen() int {
	return f.shape.KH * f.shape.KW * f.shape.C * f.tiling.Padded()
}

// PackParts implements Forward.
func (f *directForward) PackParts() int {
	return packParts(f.shape.KH*f.shape.KW*f.shape.C, f.shape.O)
}

// Pack implements Forward.
func (f *directForward) Pack(part int, w, packed []float32) {
	packRows(f.isa, f.tiling, part, f.shape.KH*f.shape.KW*f.shape.C, f.shape.O, w, packed)
}

// Parts implements Forward.
func (f *directForward) Parts() int { return f.shape.N * f.bandsImage * f.columns.groups }

// ScratchLen implements Forward.
func (f *directForward) ScratchLen() int { return f.source.scratchLen(f.band) }

// part returns the image, the rows [from, to) and the output channels [first, end) of a part.
func (f *directForward) part(part int) (image, from, to, first, end int) {
	first, end = f.columns.at(part % f.columns.groups)
	part /= f.columns.groups
	image, band := part/f.bandsImage, part%f.bandsImage
	return image, band * f.band, min(f.shape.OH, (band+1)*f.band), first, end
}

// Run implements Forward.
func (f *directForward) Run(part int, x, packed, bias, residual, y []float32, argmax []uint8, scratch []float32) {
	s := f.shape
	image, from, to, start, end := f.part(part)
	rows := f.source.rows(x, image, from, to, scratch)

	var a micro.Args
	a.K, a.Segs, a.Seg = f.k, f.runs, &f.seg[0]
	a.AStride = uintptr(4 * s.StrideW * s.C)
	a.CStride = uintptr(4 * s.O)
	a.ArgmaxStride = uintptr(s.O)
	if f.epilogue.ReLU {
		a.ReLU, a.Limit = 1, f.epilogue.Limit
	}
	a.Zero()
	width := 2 * micro.Lanes(f.isa)
	for tile := start / width; tile*width < end; tile++ {
		first, columns, padded := f.tiling.At(tile)
		a.Columns(f.isa, columns)
		a.B = unsafe.Pointer(&packed[first*s.KH*s.KW*s.C])
		a.BStride = uintptr(4 * padded)
		if f.epilogue.Bias {
			a.Init = unsafe.Pointer(&bias[first])
		}
		if f.epilogue.Pool {
			at := (image*s.OH+from)/2*(s.OW/2)*s.O + first
			a.C, a.Argmax = unsafe.Pointer(&y[at]), unsafe.Pointer(&argmax[at])
			a.A, a.A2 = unsafe.Pointer(&rows[0]), unsafe.Pointer(&rows[s.StrideH*f.source.row])
			micro.PLines(s.OW/2, (to-from)/2, uintptr(8*s.StrideH*f.source.row), uintptr(4*(s.OW/2)*s.O), uintptr(s.OW/2*s.O), &a)
		} else {
			at := (image*s.OH+from)*s.OW*s.O + first
			if f.epilogue.Residual {
				a.Residual = unsafe.Pointer(&residual[at])
			}
			a.C = unsafe.Pointer(&y[at])
			a.A = unsafe.Pointer(&rows[0])
			micro.NLines(s.OW, to-from, uintptr(4*s.StrideH*f.source.row), uintptr(4*s.OW*s.O), &a)
		}
	}
}
