package depthwise

import "github.com/lince-ml/lince/internal/kernel"

// Forward is a depthwise convolution.
type Forward struct {
	shape  Shape
	gather gather
}

// NewForward prepares a convolution. It panics for an impossible shape.
func NewForward(isa kernel.ISA, s Shape, e Epilogue) *Forward {
	s.must()
	large := s.floats() > largeForward
	f := &Forward{shape: s, gather: gather{
		isa:     instructionsFor(isa, s.channels()),
		cut:     newCut(s.OH, s.OW, s.channels(), s.W*s.KH, large),
		rows:    results(s.H, s.OH, s.KH, s.StrideH, s.DilationH, s.PadTop),
		columns: runs(results(s.W, s.OW, s.KW, s.StrideW, s.DilationW, s.PadLeft), 1),
		source:  s.W, width: s.OW,
		channels: s.channels(), kw: s.KW, members: s.members(), epilogue: e,
		large: large, stream: large && s.N*s.OH*s.OW*s.channels() > largeResult, newRows: s.StrideH,
	}}
	if s.M > 1 {
		f.gather.cut.runs = 1 // a part repeats all channels
	}
	f.gather.pad = s.PadLeft
	f.gather.window = f.gather.windowFor(s.StrideW, s.DilationW)
	return f
}

// Parts is the number of parts of Run.
func (f *Forward) Parts() int { return f.gather.cut.parts(f.shape.N) }

// ScratchLen is the length of the scratch that each worker needs, in floats.
func (f *Forward) ScratchLen() int {
	s, most := f.shape, 0
	if s.M == 1 {
		return 0
	}
	for band := range f.gather.cut.bands {
		from, to := kernel.Split(s.OH, f.gather.cut.bands, band)
		low, high := seen(f.gather.rows[from:to])
		most = max(most, high-low)
	}
	return most * s.W * s.channels()
}

// Run computes a part of y [N, OH, OW, C*M] from x [N, H, W, C] and the filters w, which are [KH, KW, C, M], or
// [KH, KW, Group, C] with groups. bias [C*M] is read with Bias.
func (f *Forward) Run(part int, x, w, bias, y, scratch []float32) {
	s := f.shape
	image, from, to, first, last := f.gather.cut.at(part)
	x = x[image*s.H*s.W*s.C:][:s.H*s.W*s.C]
	top := 0
	if s.M > 1 { // repeat each channel M times, in the rows that the part reads
		low, high := seen(f.gather.rows[from:to])
		repeat(f.gather.isa, scratch, x[low*s.W*s.C:high*s.W*s.C], s.M)
		x, top = scratch, low
	}
	row := s.OW * s.channels()
	f.gather.part(x, top, w, bias, y[(image*s.OH+from)*row:(image*s.OH+to)*row], from, to, first, last)
}
