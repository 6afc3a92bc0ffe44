package depthwise

import "github.com/lince-ml/lince/internal/kernel"

// GradInput is the gradient of a depthwise convolution with respect to its images.
type GradInput struct {
	shape  Shape
	gather gather
}

// NewGradInput prepares the gradient of the images. It panics for an impossible shape.
func NewGradInput(isa kernel.ISA, s Shape) *GradInput {
	s.must()
	large := s.floats() > largeGradInput || s.floats() > largeGradStride && s.StrideH*s.StrideW > 1
	b := &GradInput{shape: s, gather: gather{
		isa:     instructionsFor(isa, s.channels()),
		cut:     newCut(s.H, s.W, s.channels(), s.OW*kernel.CeilDiv(s.KH, s.StrideH), large),
		rows:    pixels(s.H, s.OH, s.KH, s.StrideH, s.DilationH, s.PadTop),
		columns: runs(pixels(s.W, s.OW, s.KW, s.StrideW, s.DilationW, s.PadLeft), s.StrideW),
		source:  s.OW, width: s.W,
		channels: s.channels(), kw: s.KW, members: s.members(),
		large: large, stream: s.floats() > largeGradInput && s.M == 1 && s.N*s.H*s.W*s.C > largeResult, newRows: 1,
	}}
	if s.M > 1 {
		b.gather.cut.runs = 1
	}
	if s.StrideW == 1 { // a convolution with the reversed filter
		b.gather.pad, b.gather.reversed = (s.KW-1)*s.DilationW-s.PadLeft, true
		b.gather.window = b.gather.windowFor(1, s.DilationW)
	}
	return b
}

// PackedLen is the length of the packed filters, in floats. It is 0 if filters need no packing: without groups.
func (b *GradInput) PackedLen() int {
	if b.gather.members == 1 {
		return 0
	}
	return b.shape.KH * b.shape.KW * b.gather.members * b.shape.C
}

// PackParts is the number of parts of Pack.
func (b *GradInput) PackParts() int {
	if b.gather.members == 1 {
		return 0
	}
	return b.shape.KH * b.shape.KW
}

// Pack packs a part of the filters w: it swaps input and output channels within each group.
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

// Parts is the number of parts of Run.
func (b *GradInput) Parts() int { return b.gather.cut.parts(b.shape.N) }

// ScratchLen is the length of the scratch that each worker needs, in floats.
func (b *GradInput) ScratchLen() int {
	if b.shape.M == 1 {
		return 0
	}
	return b.shape.W * b.shape.channels()
}

// Run computes a part of the gradient dx [N, H, W, C] from dy [N, OH, OW, C*M] and the filters w [KH, KW, C, M] or,
// with groups, the packed filters.
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
