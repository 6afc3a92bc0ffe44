package depthwise

import "github.com/lince-ml/lince/internal/kernel"

// GradInput is the gradient of a depthwise convolution with respect to its images.
type GradInput struct {
	shape  Shape
	gather gather
}

// NewGradInput prepares the gradient of images. It panics for an impossible shape.
func NewGradInput(isa kernel.ISA, s Shape) *GradInput {
	s.must()
	large := s.together() > largeGradInput || s.together() > largeGradStride && s.StrideH*s.StrideW > 1
	b := &GradInput{shape: s, gather: gather{
		isa:     instructionsFor(isa, s.channels()),
		cut:     newCut(s.H, s.W, s.channels(), s.OW*kernel.CeilDiv(s.KH, s.StrideH), large),
		rows:    pixels(s.H, s.OH, s.KH, s.StrideH, s.DilationH, s.PadTop),
		columns: runs(pixels(s.W, s.OW, s.KW, s.StrideW, s.DilationW, s.PadLeft), s.StrideW),
		source:  s.OW, width: s.W,
		channels: s.channels(), kw: s.KW, members: s.members(),
		large: large, stream: s.together() > largeGradInput && s.M == 1 && s.N*s.H*s.W*s.C > largeResult, newRows: 1,
	}}
	if s.M > 1 {
		b.gather.cut.runs = 1
	}
	if s.StrideW == 1 { // a convolution with the filter turned round
		b.gather.pad, b.gather.reversed = (s.KW-1)*s.DilationW-s.PadLeft, true
		b.gather.window = b.gather.windowFor(1, s.DilationW)
	}
	return b
}

// PackedLen is the number of floats of the packed filters; 0 when filters need no packing.
func (b *GradInput) PackedLen() int {
	if b.gather.members == 1 {
		return 0
	}
	return b.shape.KH * b.shape.KW * b.gather.members * b.shape.C
}

// PackParts is the number of parts of packing.
func (b *GradInput) PackParts() int {
	if b.gather.members == 1 {
		return 0
	}
	return b.shape.KH * b.shape.KW
}

// Pack packs a part of the filters w: within a group, channels and results change places.
func (b *GradInput) Pack(part int, w, packed []float32) {
	n, c := b.gather.members, b.shape.C
	w, packed = w[part*n*c:(part+1)*n*c], packed[part*n*c:(part+1)*n*c]
	for i := range n {
		for group := 0; group < c; group += n {
			for j := range n {
				packed[j*c+group+i] = w[i*c+group+j]
			}
		}
	}
}

// Parts is the number of parts of the gradient.
func (b *GradInput) Parts() int { return b.gather.cut.parts(b.shape.N) }

// ScratchLen is the number of floats that each worker needs.
func (b *GradInput) ScratchLen() int {
	if b.shape.M == 1 {
		return 0
	}
	return b.shape.W * b.shape.channels()
}

// Run makes a part of the images' gradient dx [N, H, W, C] from dy [N, OH, OW, C*M] and
// w [KH, KW, C, M]; with groups, from the packed filters.
func (b *GradInput) Run(part int, dy, w, dx, scratch []float32) {
	s := b.shape
	image, from, to, first, last := b.gather.cut.at(part)
	dy = dy[image*s.OH*s.OW*s.channels():][:s.OH*s.OW*s.channels()]
	row := s.W * s.C
	if s.M == 1 {
		b.gather.part(dy, 0, w, nil, dx[(image*s.H+from)*row:(image*s.H+to)*row], from, to, first, last)
		return
	}
	for r := from; r < to; r++ {
		wide := scratch[:s.W*s.channels()]
		b.gather.part(dy, 0, w, nil, wide, r, r+1, first, last)
		out := dx[(image*s.H+r)*row:][:row]
		for i := range out {
			sum := wide[i*s.M]
			for _, v := range wide[i*s.M+1 : (i+1)*s.M] {
				sum += v
			}
			out[i] = sum
		}
	}
}
