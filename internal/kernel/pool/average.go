package pool

import "github.com/lince-ml/lince/internal/kernel"

// Average is average pooling. Padding does not count.
type Average struct {
	isa   kernel.ISA
	shape Shape
}

// NewAverage prepares the pool. It panics for an impossible shape.
func NewAverage(isa kernel.ISA, s Shape) *Average {
	must(s.Validate())
	return &Average{isa, s}
}

// Parts is the number of parts of Run.
func (a *Average) Parts() int { return a.shape.forwardParts() }

// Run pools a part of x [N, H, W, C] to y [N, OH, OW, C].
func (a *Average) Run(part int, x, y []float32) {
	s := a.shape
	from, to := s.forwardRows(part)
	for r := from; r < to; r++ {
		image, oh := r/s.OH, r%s.OH
		h0, h1 := window(oh, s.StrideH, s.PadTop, s.KH, s.H)
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			out := y[(r*s.OW+ow)*s.C:][:s.C]
			clear(out)
			for kh := h0; kh < h1; kh++ {
				for kw := w0; kw < w1; kw++ {
					pixel := x[((image*s.H+oh*s.StrideH-s.PadTop+kh)*s.W+ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
					addDivided(a.isa, out, pixel, 1)
				}
			}
			n := float32((h1 - h0) * (w1 - w0))
			for c := range out {
				out[c] /= n
			}
		}
	}
}

// AverageGrad is the gradient of average pooling.
type AverageGrad struct {
	isa   kernel.ISA
	shape Shape
}

// NewAverageGrad prepares the gradient. It panics for an impossible shape.
func NewAverageGrad(isa kernel.ISA, s Shape) *AverageGrad {
	must(s.Validate())
	return &AverageGrad{isa, s}
}

// Parts is the number of parts of Run.
func (a *AverageGrad) Parts() int { return gradientParts(a.shape) }

// Run computes a part of dx [N, H, W, C] from dy [N, OH, OW, C].
func (a *AverageGrad) Run(part int, dy, dx []float32) {
	gatherRows(a.shape, part, dx, func(line []float32, image, oh, _ int) {
		s := a.shape
		h0, h1 := window(oh, s.StrideH, s.PadTop, s.KH, s.H)
		for ow := range s.OW {
			w0, w1 := window(ow, s.StrideW, s.PadLeft, s.KW, s.W)
			g := dy[((image*s.OH+oh)*s.OW+ow)*s.C:][:s.C]
			n := float32((h1 - h0) * (w1 - w0))
			for kw := w0; kw < w1; kw++ {
				pixel := line[(ow*s.StrideW-s.PadLeft+kw)*s.C:][:s.C]
				addDivided(a.isa, pixel, g, n)
			}
		}
	})
}

// addDivided adds x/by to dst.
func addDivided(isa kernel.ISA, dst, x []float32, by float32) {
	for c := addDividedVector(isa, dst, x, by); c < len(dst); c++ {
		dst[c] += x[c] / by
	}
}
