package pool

import "github.com/lince-ml/lince/internal/kernel"

// Max is maximum pooling; padding counts as -Inf. Of equal numbers the first in the window
// is the greatest; a NaN is where it is the first.
type Max struct {
	isa   kernel.ISA
	shape Shape
}

// NewMax prepares the pool. It panics for an impossible shape.
func NewMax(isa kernel.ISA, s Shape) *Max {
	must(s.ValidateMax())
	return &Max{isa, s}
}

// Parts is the number of parts.
func (m *Max) Parts() int { return m.shape.forwardParts() }

// Run pools a part of x [N, H, W, C] to y [N, OH, OW, C]; argmax, of y's shape, is the place
// of the maximum in the window, row*KW + column, and may be nil.
func (m *Max) Run(part int, x, y []float32, argmax []uint8) {
	s := m.shape
	from, to := s.forwardRows(part)
	for r := from; r < to; r++ {
		image, oh := r/s.OH, r%s.OH
		h0, h1 := window(oh, s.StrideH, s.PadTop, s.KH, s.H)
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			out := y[(r*s.OW+ow)*s.C:][:s.C]
			var at []uint8
			if argmax != nil {
				at = argmax[(r*s.OW+ow)*s.C:][:s.C]
			}
			first := true
			for kh := h0; kh < h1; kh++ {
				for kw := w0; kw < w1; kw++ {
					pixel := x[((image*s.H+oh*s.StrideH-s.PadTop+kh)*s.W+ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
					place := uint8(kh*s.KW + kw)
					if first {
						first = false
						copy(out, pixel)
						for c := range at {
							at[c] = place
						}
						continue
					}
					take(m.isa, out, at, pixel, place)
				}
			}
		}
	}
}

// take keeps the greater of out and pixel, and its place where at is not nil.
func take(isa kernel.ISA, out []float32, at []uint8, pixel []float32, place uint8) {
	done := takeVector(isa, out, at, pixel, place)
	if at == nil {
		for c := done; c < len(out); c++ {
			if pixel[c] > out[c] {
				out[c] = pixel[c]
			}
		}
		return
	}
	for c := done; c < len(out); c++ {
		if pixel[c] > out[c] {
			out[c], at[c] = pixel[c], place
		}
	}
}

// MaxGrad is the gradient of maximum pooling.
type MaxGrad struct {
	isa   kernel.ISA
	shape Shape
}

// NewMaxGrad prepares the gradient. It panics for an impossible shape.
func NewMaxGrad(isa kernel.ISA, s Shape) *MaxGrad {
	must(s.ValidateMax())
	return &MaxGrad{isa, s}
}

// Parts is the number of parts.
func (m *MaxGrad) Parts() int { return gradientParts(m.shape) }

// Run makes a part of dx [N, H, W, C] from dy and argmax [N, OH, OW, C]; a place outside the
// window gives its gradient to no pixel.
func (m *MaxGrad) Run(part int, dy []float32, argmax []uint8, dx []float32) {
	gatherRows(m.shape, part, dx, func(line []float32, image, oh, kh int) {
		s := m.shape
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			at := ((image*s.OH+oh)*s.OW + ow) * s.C
			g, places := dy[at:at+s.C], argmax[at:at+s.C]
			for kw := w0; kw < w1; kw++ {
				pixel := line[(ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
				giveMax(m.isa, pixel, g, places, uint8(kh*s.KW+kw))
			}
		}
	})
}

// giveMax adds the gradient where the maximum was at place.
func giveMax(isa kernel.ISA, pixel, g []float32, places []uint8, place uint8) {
	for c := giveVector(isa, pixel, g, places, place); c < len(pixel); c++ {
		if places[c] == place {
			pixel[c] += g[c]
		}
	}
}

// gradientParts cuts the N*H rows of pixels: each is gathered from the results that see it.
func gradientParts(s Shape) int { return kernel.RowBlocks(s.N*s.H, s.W*s.C) }

// gatherRows clears each of a part's rows of pixels and calls add for the rows of results
// that see it, in order, with the row of the window that it is seen through.
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

// Unpool2x2 makes two rows of the gradient before a 2x2 pool, of 2*pixels pixels of c
// channels each, from a row of the pooled gradient and the places of the maxima: 0, 1 in the
// upper row, 2, 3 in the lower, anything else in none.
func Unpool2x2(isa kernel.ISA, upper, lower, g []float32, argmax []uint8, pixels, c int) {
	if pixels == 0 || unpoolVector(isa, upper, lower, g, argmax, pixels, c) {
		return
	}
	for p := range pixels {
		at := p * c
		from, places := g[at:at+c], argmax[at:at+c]
		u, l := upper[2*at:2*at+2*c], lower[2*at:2*at+2*c]
		clear(u)
		clear(l)
		for i, place := range places {
			switch place {
			case 0:
				u[i] = from[i]
			case 1:
				u[c+i] = from[i]
			case 2:
				l[i] = from[i]
			case 3:
				l[c+i] = from[i]
			}
		}
	}
}
