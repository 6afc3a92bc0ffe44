package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// directGradInput is the direct GradInput. A part is a band of rows of an image's pixels and, where there
// are few bands, a group of input channels.
//
// Along an axis of stride s, the pixels p, p+s, p+2s and so on are read by the same taps of the filter.
// They form a phase. The gradient of each phase of both axes is a convolution of the gradient dy, with
// stride 1 and the taps of that phase, whose results lie s pixels apart.
type directGradInput struct {
	isa        kernel.ISA
	shape      Shape
	tiling     micro.Tiling // of the input channels
	gradient   gradient
	high, wide axis
	phases     []phase // [high phases][wide phases]
	packedAt   []int   // row of the packed filter where each tap's weights start
	band       int     // rows of pixels in a part
	bandsImage int     // bands of an image
	columns    columns
	epilogue   Epilogue // of a transposed convolution
}

// axis has the phases along an axis.
type axis struct {
	stride    int
	phases    []axisPhase
	low, high int // minimum and maximum shift of all taps
}

// axisPhase is the phase of the pixels first, first+stride and so on, count of them. Tap taps[i] of
// result j+shifts[i] reads the phase's pixel j. Shifts ascend.
type axisPhase struct {
	first, count int
	taps, shifts []int
}

// newAxis finds the phases of an axis of n pixels.
func newAxis(n, size, stride, dilation, pad int) axis {
	x := axis{stride: stride}
	for p := range stride {
		ph := axisPhase{first: p, count: max(0, kernel.CeilDiv(max(0, n-p), stride))}
		for k := size - 1; k >= 0; k-- {
			if d := p + pad - k*dilation; d%stride == 0 {
				ph.taps, ph.shifts = append(ph.taps, k), append(ph.shifts, d/stride)
				x.low, x.high = min(x.low, d/stride), max(x.high, d/stride)
			}
		}
		x.phases = append(x.phases, ph)
	}
	return x
}

// adjacent reports whether the shifts of each phase go up by one.
func (x axis) adjacent() bool {
	for _, p := range x.phases {
		for i := 1; i < len(p.shifts); i++ {
			if p.shifts[i] != p.shifts[i-1]+1 {
				return false
			}
		}
	}
	return true
}

// phase describes the taps of a phase of both axes.
type phase struct {
	rows    int   // rows of the packed filter: taps*O
	first   int   // its first row in the packed filter
	k, runs int   // length of a contiguous run of the gradient in floats, and number of runs
	seg     []int // distances from the end of each run to the next, in bytes
}

func newDirectGradInput(isa kernel.ISA, s Shape, pooled bool) GradInput {
	b := &directGradInput{
		isa: isa, shape: s, tiling: micro.NewTiling(isa, s.C),
		high: newAxis(s.H, s.KH, s.StrideH, s.DilationH, s.PadTop),
		wide: newAxis(s.W, s.KW, s.StrideW, s.DilationW, s.PadLeft),
	}
	width := kernel.CeilDiv(s.W, s.StrideW) + b.wide.high - b.wide.low
	b.gradient = gradient{
		isa: isa, oh: s.OH, ow: s.OW, o: s.O, ph: s.OH / 2, pw: s.OW / 2, pooled: pooled,
		left: -b.wide.low, width: max(width, s.OW-b.wide.low),
		needsScratch: true,
	}
	if !pooled && width == s.OW && b.wide.low == 0 && b.high.low == 0 && b.high.high == 0 && kernel.CeilDiv(s.H, s.StrideH) <= s.OH {
		b.gradient.width, b.gradient.needsScratch = width, false
	}
	b.plan()
	b.band = bandRows(s.H, s.FLOPs()/(s.N*s.H))
	b.bandsImage = kernel.CeilDiv(s.H, b.band)
	b.columns = columnsBeside(s.N*b.bandsImage, s.FLOPs(), s.C)
	return b
}

// plan lays out the packed filter and the runs of each phase.
func (b *directGradInput) plan() {
	s, row := b.shape, b.gradient.row()
	b.packedAt = make([]int, s.KH*s.KW)
	adjacent := b.wide.adjacent()
	at := 0
	for _, h := range b.high.phases {
		for _, w := range b.wide.phases {
			p := phase{first: at, rows: len(h.taps) * len(w.taps) * s.O, k: s.O, runs: len(h.taps) * len(w.taps)}
			if adjacent && len(w.taps) > 0 {
				p.k, p.runs = len(w.taps)*s.O, len(h.taps)
			}
			end := 0 // of the previous run
			for i, kh := range h.taps {
				for j, kw := range w.taps {
					b.packedAt[kh*s.KW+kw] = at
					at += s.O
					if adjacent && j > 0 {
						continue
					}
					start := (h.shifts[i]-h.shifts[0])*row + (w.shifts[j]-w.shifts[0])*s.O
					if i+j > 0 {
						p.seg = append(p.seg, 4*(start-end))
					}
					end = start + p.k
				}
			}
			p.seg = append(p.seg, 0)
			b.phases = append(b.phases, p)
		}
	}
}

// PackedLen implements GradInput.
func (b *directGradInput) PackedLen() int {
	return b.shape.KH * b.shape.KW * b.shape.O * b.tiling.Padded()
}

// PackParts implements GradInput.
func (b *directGradInput) PackParts() int {
	return b.shape.KH * b.shape.KW * b.tiling.Tiles()
}

// Pack implements GradInput.
func (b *directGradInput) Pack(part int, w, packed []float32) {
	s := b.shape
	total := s.KH * s.KW * s.O
	tap := part / b.tiling.Tiles()
	first, columns, padded := b.tiling.At(part % b.tiling.Tiles())
	dst := packed[first*total+b.packedAt[tap]*padded:]
	micro.PackTransposed(b.isa, dst, w[(tap*s.C+first)*s.O:], s.O, s.O, columns, padded)
}

// Parts implements GradInput.
func (b *directGradInput) Parts() int { return b.shape.N * b.bandsImage * b.columns.groups }

// rowsFor returns the rows [from, to) of dy on which rows [lo, hi) of pixels depend.
func (b *directGradInput) rowsFor(lo, hi int) (from, to int) {
	return lo/b.high.stride + b.high.low, (hi-1)/b.high.stride + b.high.high + 1
}

// ScratchLen implements GradInput.
func (b *directGradInput) ScratchLen() int {
	most := 0
	for band := range b.bandsImage {
		from, to := b.rowsFor(band*b.band, min(b.shape.H, (band+1)*b.band))
		most = max(most, to-from)
	}
	return b.gradient.scratchLen(most)
}

// Run implements GradInput.
func (b *directGradInput) Run(part int, dy []float32, argmax []uint8, packed, dx, scratch []float32) {
	b.run(part, dy, argmax, packed, nil, dx, scratch)
}

func (b *directGradInput) run(part int, dy []float32, argmax []uint8, packed, bias, dx, scratch []float32) {
	s := b.shape
	c0, c1 := b.columns.at(part % b.columns.groups)
	part /= b.columns.groups
	image, band := part/b.bandsImage, part%b.bandsImage
	lo, hi := band*b.band, min(s.H, (band+1)*b.band)
	from, to := b.rowsFor(lo, hi)
	rows := b.gradient.rows(dy, argmax, image, from, to, scratch)
	row := b.gradient.row()
	dx = dx[image*s.H*s.W*s.C : (image+1)*s.H*s.W*s.C]

	var a micro.Args
	a.AStride = uintptr(4 * s.O)
	a.CStride = uintptr(4 * s.StrideW * s.C)
	a.Zero()
	if b.epilogue.ReLU {
		a.ReLU, a.Limit = 1, b.epilogue.Limit
	}
	b.blank(dx, bias, lo, hi, c0, c1)
	width := 2 * micro.Lanes(b.isa)
	for tile := c0 / width; tile*width < c1; tile++ {
		first, columns, padded := b.tiling.At(tile)
		a.Columns(b.isa, columns)
		a.BStride = uintptr(4 * padded)
		filters := packed[first*s.KH*s.KW*s.O:]
		if bias != nil {
			a.Init = unsafe.Pointer(&bias[first])
		}
		for h := lo; h < hi; h++ {
			high := &b.high.phases[h%s.StrideH]
			line := dx[h*s.W*s.C+first:]
			for pw := range b.wide.phases {
				wide, p := &b.wide.phases[pw], &b.phases[h%s.StrideH*s.StrideW+pw]
				if p.rows == 0 || wide.count == 0 { // count is 0 if the stride is longer than a row
					continue
				}
				a.K, a.Segs, a.Seg = p.k, p.runs, &p.seg[0]
				a.B = unsafe.Pointer(&filters[p.first*padded])
				start := (h/s.StrideH+high.shifts[0]-from)*row + (wide.shifts[0]-b.wide.low)*s.O
				a.A = unsafe.Pointer(&rows[start])
				a.C = unsafe.Pointer(&line[wide.first*s.C])
				micro.N(wide.count, &a)
			}
		}
	}
}

// blank sets channels [c0, c1) of those pixels of rows [lo, hi) that no result reads.
func (b *directGradInput) blank(dx, bias []float32, lo, hi, c0, c1 int) {
	s := b.shape
	for h := lo; h < hi; h++ {
		line := dx[h*s.W*s.C : (h+1)*s.W*s.C]
		if bias == nil && c0 == 0 && c1 == s.C && len(b.high.phases[h%s.StrideH].taps) == 0 {
			clear(line)
			continue
		}
		for pw := range b.wide.phases {
			if b.phases[h%s.StrideH*s.StrideW+pw].rows > 0 {
				continue
			}
			wide := &b.wide.phases[pw]
			for j := range wide.count {
				at := (wide.first + j*s.StrideW) * s.C
				b.empty(line[at+c0:at+c1], bias, c0)
			}
		}
	}
}

// empty sets channels of a pixel that no result reads. The first of them is c0.
func (b *directGradInput) empty(dst, bias []float32, c0 int) {
	if bias == nil {
		clear(dst)
		return
	}
	for i := range dst {
		v := bias[c0+i]
		if b.epilogue.ReLU && v < 0 {
			v = 0
		}
		if b.epilogue.Limit > 0 && v > b.epilogue.Limit {
			v = b.epilogue.Limit
		}
		dst[i] = v
	}
}

// Transposed is a transposed convolution with an epilogue: the gradient with respect to its images of a convolution,
// to which a bias is added. It is direct, because it is for strides of more than 1.
type Transposed struct{ *directGradInput }

// NewTransposed prepares a transposed convolution. s is the shape of the convolution whose gradient it is: its results
// are the images of s. NewTransposed panics for an impossible shape or epilogue.
func NewTransposed(isa kernel.ISA, s Shape, e Epilogue) Transposed {
	s.must()
	if e.Residual || e.Pool || e.Validate() != nil {
		panic("conv: a transposed convolution has a bias and a ReLU only")
	}
	b := newDirectGradInput(isa, s, false).(*directGradInput)
	b.epilogue = e
	return Transposed{b}
}

// Run computes a part of y [N, H, W, C] from x [N, OH, OW, O], the packed filter and, with Bias, bias [C].
func (t Transposed) Run(part int, x, packed, bias, y, scratch []float32) {
	t.run(part, x, nil, packed, bias, y, scratch)
}
