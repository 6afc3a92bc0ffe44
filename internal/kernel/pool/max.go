package pool

import "github.com/lince-ml/lince/internal/kernel"

// Max is max pooling. Padding counts as -Inf. The maximum is the first of equal elements. A NaN is the
// maximum only if it is the first element of the window.
type Max struct {
	isa   kernel.ISA
	shape Shape
}

// NewMax prepares the pool. It panics for an impossible shape.
func NewMax(isa kernel.ISA, s Shape) *Max {
	must(s.ValidateMax())
	return &Max{isa, s}
}

// Parts is the number of parts of Run.
func (m *Max) Parts() int { return m.shape.forwardParts() }

// Run pools a part of x [N, H, W, C] to y [N, OH, OW, C]. argmax, of the shape of y, gets the positions
// of the maxima (see package kernel); it may be nil.
func (m *Max) Run(part int, x, y []float32, argmax []uint8) {
	s := m.shape
	from, to := s.forwardRows(part)
	for r := from; r < to; r++ {
		image, oh := r/s.OH, r%s.OH
		h0, h1 := window(oh, s.StrideH, s.PadTop, s.KH, s.H)
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			best := y[(r*s.OW+ow)*s.C:][:s.C]
			var bestAt []uint8
			if argmax != nil {
				bestAt = argmax[(r*s.OW+ow)*s.C:][:s.C]
			}
			first := true
			for kh := h0; kh < h1; kh++ {
				for kw := w0; kw < w1; kw++ {
					pixel := x[((image*s.H+oh*s.StrideH-s.PadTop+kh)*s.W+ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
					position := uint8(kh*s.KW + kw)
					if first {
						first = false
						copy(best, pixel)
						for c := range bestAt {
							bestAt[c] = position
						}
						continue
					}
					keepMax(m.isa, best, bestAt, pixel, position)
				}
			}
		}
	}
}

// keepMax sets best to the maximum of best and the pixel at a position of the window, and argmax, unless
// it is nil, to the position of the maximum.
func keepMax(isa kernel.ISA, best []float32, argmax []uint8, pixel []float32, position uint8) {
	for c := maxVector(isa, best, argmax, pixel, position); c < len(best); c++ {
		if pixel[c] > best[c] {
			best[c] = pixel[c]
			if argmax != nil {
				argmax[c] = position
			}
		}
	}
}

// MaxGrad is the gradient of max pooling.
type MaxGrad struct {
	isa   kernel.ISA
	shape Shape
}

// NewMaxGrad prepares the gradient. It panics for an impossible shape.
func NewMaxGrad(isa kernel.ISA, s Shape) *MaxGrad {
	must(s.ValidateMax())
	return &MaxGrad{isa, s}
}

// Parts is the number of parts of Run.
func (m *MaxGrad) Parts() int { return gradientParts(m.shape) }

// Run computes a part of dx [N, H, W, C] from dy and argmax [N, OH, OW, C]. Where argmax is not a
// position in the window, no pixel gets the gradient.
func (m *MaxGrad) Run(part int, dy []float32, argmax []uint8, dx []float32) {
	gatherRows(m.shape, part, dx, func(line []float32, image, oh, kh int) {
		s := m.shape
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			at := ((image*s.OH+oh)*s.OW + ow) * s.C
			g, positions := dy[at:at+s.C], argmax[at:at+s.C]
			for kw := w0; kw < w1; kw++ {
				pixel := line[(ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
				addMaxGrad(m.isa, pixel, g, positions, uint8(kh*s.KW+kw))
			}
		}
	})
}

// addMaxGrad adds the gradient to those channels of a pixel that are the maximum. position is the pixel's
// position in the window.
func addMaxGrad(isa kernel.ISA, pixel, g []float32, argmax []uint8, position uint8) {
	for c := maxGradVector(isa, pixel, g, argmax, position); c < len(pixel); c++ {
		if argmax[c] == position {
			pixel[c] += g[c]
		}
	}
}

// gradientParts is the number of parts of the N*H rows of pixels.
func gradientParts(s Shape) int { return kernel.RowBlocks(s.N*s.H, s.W*s.C) }

// gatherRows computes the rows of pixels of a part. It clears each row and calls add for each row of
// results whose windows contain it, in order, with the row kh of the window.
func gatherRows(s Shape, part int, dx []float32, add func(line []float32, image, oh, kh int)) {
	from, to := kernel.Split(s.N*s.H, gradientParts(s), part)
	for r := from; r < to; r++ {
		image, h := r/s.H, r%s.H
		line := dx[r*s.W*s.C : (r+1)*s.W*s.C]
		clear(line)
		// h = oh*StrideH + kh - PadTop with kh in [0, KH)
		low := max(0, kernel.CeilDiv(max(0, h+s.PadTop-s.KH+1), s.StrideH))
		for oh := low; oh < s.OH && oh*s.StrideH <= h+s.PadTop; oh++ {
			add(line, image, oh, h+s.PadTop-oh*s.StrideH)
		}
	}
}

// Unpool2x2 computes two rows of the gradient of a 2x2 pool's operand, of 2*pixels pixels with c channels
// each, from a row of the pooled gradient and its argmax. Positions 0 and 1 are in the upper row, 2 and
// 3 in the lower; for kernel.NoArgmax2x2 all four pixels are 0.
func Unpool2x2(isa kernel.ISA, upper, lower, g []float32, argmax []uint8, pixels, c int) {
	if pixels == 0 || unpoolVector(isa, upper, lower, g, argmax, pixels, c) {
		return
	}
	for p := range pixels {
		at := p * c
		u, l := upper[2*at:2*at+2*c], lower[2*at:2*at+2*c]
		clear(u)
		clear(l)
		for i, v := range g[at : at+c] {
			switch argmax[at+i] {
			case 0:
				u[i] = v
			case 1:
				u[c+i] = v
			case 2:
				l[i] = v
			case 3:
				l[c+i] = v
			}
		}
	}
}
