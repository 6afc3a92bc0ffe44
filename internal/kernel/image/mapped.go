package image

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// Mapped is the kernel of op.MapCoordinates and its gradient.
type Mapped struct {
	Shape
	sampling Sampling
}

// NewMapped returns a kernel for a shape.
func NewMapped(s Shape, how Sampling) *Mapped {
	s.validate()
	return &Mapped{s, how}
}

// Run computes a part of the result y for the images x and the points at.
func (k *Mapped) Run(part int, x, at, y []float32) {
	lo, hi := kernel.Split(k.N*k.OH, k.Parts(), part)
	var p corner
	for i := lo * k.OW; i < hi*k.OW; i++ {
		image, dst := k.image(x, i/(k.OH*k.OW)), y[i*k.C:(i+1)*k.C]
		found := k.at(&p, at[2*i], at[2*i+1])
		for c := range dst {
			if !found {
				dst[c] = k.sampling.Value
				continue
			}
			if p.one {
				dst[c] = k.read(image, p.r[0], p.c[0], c)
				continue
			}
			sum := float32(0)
			for a, r := range p.r {
				for b, q := range p.c {
					w := float32(p.wr[a] * p.wc[b])
					sum += float32(w * k.read(image, r, q, c))
				}
			}
			dst[c] = sum
		}
	}
}

func (k *Mapped) read(x []float32, r, c, channel int) float32 {
	if r < 0 || c < 0 {
		return k.sampling.Value
	}
	return x[(r*k.W+c)*k.C+channel]
}

// at finds the pixels around the point in row y and column x. It returns false if the point is far away.
func (k *Mapped) at(p *corner, y, x float32) bool {
	if isFar(x) || isFar(y) {
		return false
	}
	p.one = k.sampling.Nearest
	if p.one {
		p.r[0], p.c[0] = k.inside(roundEven(y), k.H), k.inside(roundEven(x), k.W)
		return true
	}
	r, c := floor(y), floor(x)
	p.r, p.c = [2]int{k.inside(r, k.H), k.inside(r+1, k.H)}, [2]int{k.inside(c, k.W), k.inside(c+1, k.W)}
	wr, wc := y-float32(r), x-float32(c)
	p.wr, p.wc = [2]float32{1 - wr, wr}, [2]float32{1 - wc, wc}
	return true
}

func roundEven(v float32) int { return int(math.RoundToEven(float64(v))) }

// inside moves a row or column into an image of size n, or returns -1.
func (k *Mapped) inside(i, n int) int {
	if uint(i) < uint(n) {
		return i
	}
	switch k.sampling.Fill {
	case Nearest:
		return min(max(i, 0), n-1)
	case Wrap:
		return (i%n + n) % n
	case Reflect: // as in Keras, the first column is the mirror on the left, and the edge of the image on the right
		if i < 0 {
			i = -i
		}
		if i %= 2 * n; i >= n {
			i = 2*n - i - 1
		}
		return i
	}
	return -1
}

// RunGrad computes a part of the gradient dx of the images from the gradient dy of the result and the points at.
func (k *Mapped) RunGrad(part int, dy, at, dx []float32) {
	to := k.image(dx, part)
	clear(to)
	var p corner
	for i := part * k.OH * k.OW; i < (part+1)*k.OH*k.OW; i++ {
		if k.at(&p, at[2*i], at[2*i+1]) {
			k.spread(&p, dy[i*k.C:(i+1)*k.C], to)
		}
	}
}
