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
	large := s.together() > largeForward
	f := &Forward{shape: s, gather: gather{
		isa:     isa,
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

// Parts is the number of parts of the convolution.
func (f *Forward) Parts() int { return f.gather.cut.parts(f.shape.N) }

// ScratchLen is the number of floats that each worker needs.
func (f *Forward) ScratchLen() int {
	if f.shape.M == 1 {
		return 0
	}
	return f.shape.H * f.shape.W * f.shape.channels()
}

// Run convolves a part: x [N, H, W, C] and w [KH, KW, C, M], or [KH, KW, Group, C], give y [N, OH, OW, C*M]. bias
// [C*M] is used with Bias.
func (f *Forward) Run(part int, x, w, bias, y, scratch []float32) {
	s := f.shape
	image, from, to, first, last := f.gather.cut.at(part)
	x = x[image*s.H*s.W*s.C:][:s.H*s.W*s.C]
	if s.M > 1 {
		x = f.gather.repeated(x, s, from, to, scratch)
	}
	row := s.OW * s.channels()
	f.gather.part(x, w, bias, y[(image*s.OH+from)*row:(image*s.OH+to)*row], from, to, first, last)
}

// repeated gives the rows of an image that results [from, to) see, with each channel M times.
func (g *gather) repeated(x []float32, s Shape, from, to int, scratch []float32) []float32 {
	low, high := s.H, 0
	for _, t := range g.rows[from:to] {
		if t.n > 0 {
			low, high = min(low, t.at), max(high, t.at+(t.n-1)*t.step+1)
		}
	}
	if low < high {
		repeat(scratch[low*s.W*s.channels():], x[low*s.W*s.C:high*s.W*s.C], s.M)
	}
	return scratch[:s.H*s.W*s.channels()]
}
