package image

import "github.com/lince-ml/lince/internal/kernel"

// Projective is the kernel of op.ProjectiveTransform and its gradient.
type Projective struct {
	Shape
	sampling Sampling
}

// NewProjective returns a kernel for a shape.
func NewProjective(s Shape, how Sampling) *Projective {
	s.validate()
	return &Projective{s, how}
}

// Run computes a part of the result y for the images x and the transforms t.
func (k *Projective) Run(part int, x, t, y []float32) {
	lo, hi := kernel.Split(k.N*k.OH, k.Parts(), part)
	for row := lo; row < hi; row++ {
		n := row / k.OH
		k.row(k.image(x, n), transform(t, n), row%k.OH, y[row*k.OW*k.C:(row+1)*k.OW*k.C])
	}
}

// transform returns the numbers of image n. A single transform is for all images.
func transform(t []float32, n int) *[8]float32 { return (*[8]float32)(t[min(8*n, len(t)-8):]) }

var identity = [8]float32{1, 0, 0, 0, 1, 0, 0, 0}

func (k *Projective) row(x []float32, t *[8]float32, r int, y []float32) {
	if *t == identity && k.H == k.OH && k.W == k.OW {
		copy(y, x[r*k.W*k.C:])
		return
	}
	var p corner
	for q := range k.OW {
		dst := y[q*k.C : (q+1)*k.C]
		if !k.at(&p, t, r, q) {
			for c := range dst {
				dst[c] = k.sampling.Value
			}
			continue
		}
		switch {
		case p.one && p.r[0] >= 0 && p.c[0] >= 0:
			src := x[(p.r[0]*k.W+p.c[0])*k.C:][:len(dst)]
			for c := range dst {
				dst[c] = src[c]
			}
		case p.one:
			for c := range dst {
				dst[c] = k.sampling.Value
			}
		case p.inner():
			at := (p.r[0]*k.W + p.c[0]) * k.C
			below := at + k.W*k.C
			v00, v01 := x[at:at+k.C], x[at+k.C:at+2*k.C]
			v10, v11 := x[below:below+k.C], x[below+k.C:below+2*k.C]
			v00, v01, v10, v11 = v00[:len(dst)], v01[:len(dst)], v10[:len(dst)], v11[:len(dst)]
			wr0, wr1, wc0, wc1 := p.wr[0], p.wr[1], p.wc[0], p.wc[1]
			for c := range dst {
				dst[c] = mix(wr0, wr1, wc0, wc1, v00[c], v01[c], v10[c], v11[c])
			}
		default:
			for c := range dst {
				dst[c] = mix(p.wr[0], p.wr[1], p.wc[0], p.wc[1], k.read(x, p.r[0], p.c[0], c), k.read(x, p.r[0], p.c[1], c), k.read(x, p.r[1], p.c[0], c), k.read(x, p.r[1], p.c[1], c))
			}
		}
	}
}

// mix interpolates along the rows first, as TensorFlow does.
func mix(wr0, wr1, wc0, wc1, v00, v01, v10, v11 float32) float32 {
	top := float32(wc0*v00) + float32(wc1*v01)
	bottom := float32(wc0*v10) + float32(wc1*v11)
	return float32(wr0*top) + float32(wr1*bottom)
}

func (k *Projective) read(x []float32, r, c, channel int) float32 {
	if r < 0 || c < 0 {
		return k.sampling.Value
	}
	return x[(r*k.W+c)*k.C+channel]
}

// at finds the point of the operand for the pixel in row r and column q of the result. It returns false if the point is far away.
func (k *Projective) at(p *corner, t *[8]float32, r, q int) bool {
	px, py := float32(q), float32(r)
	x := float32(t[0]*px) + float32(t[1]*py) + t[2]
	y := float32(t[3]*px) + float32(t[4]*py) + t[5]
	if t[6] != 0 || t[7] != 0 {
		w := float32(t[6]*px) + float32(t[7]*py) + 1
		x, y = x/w, y/w
	}
	if isFar(x) || isFar(y) {
		return false
	}
	x, y = k.inside(x, k.W), k.inside(y, k.H)
	p.one = k.sampling.Nearest
	if p.one {
		p.r[0], p.c[0] = within(roundAway(y), k.H), within(roundAway(x), k.W)
		return true
	}
	r0, c0 := floor(y), floor(x)
	p.r, p.c = [2]int{within(r0, k.H), within(r0+1, k.H)}, [2]int{within(c0, k.W), within(c0+1, k.W)}
	p.wr = [2]float32{float32(r0+1) - y, y - float32(r0)}
	p.wc = [2]float32{float32(c0+1) - x, x - float32(c0)}
	return true
}

// inside moves a coordinate into an image of size n, as TensorFlow does.
func (k *Projective) inside(v float32, n int) float32 {
	last := float32(n - 1)
	if k.sampling.Fill == Constant || v >= 0 && v <= last {
		return v
	}
	switch {
	case k.sampling.Fill == Nearest: // below
	case n == 1:
		return 0
	case k.sampling.Fill == Reflect && v < 0:
		twice := float32(2 * n)
		v = float32(twice*float32(int(-v/twice))) + v
		if v < -float32(n) {
			v += twice
		} else {
			v = -v - 1
		}
	case k.sampling.Fill == Reflect:
		twice := float32(2 * n)
		v -= float32(twice * float32(int(v/twice)))
		if v >= float32(n) {
			v = twice - v - 1
		}
	case v < 0:
		v += float32(n * (int(-v/last) + 1))
	default:
		v -= float32(n * int(v/last))
	}
	return min(max(v, 0), last)
}

// RunGrad computes a part of the gradient dx of the images from the gradient dy of the result and the transforms t.
func (k *Projective) RunGrad(part int, dy, t, dx []float32) {
	to := k.image(dx, part)
	clear(to)
	var p corner
	m := transform(t, part)
	for r := range k.OH {
		for q := range k.OW {
			if !k.at(&p, m, r, q) {
				continue
			}
			at := ((part*k.OH+r)*k.OW + q) * k.C
			k.spread(&p, dy[at:at+k.C], to)
		}
	}
}

// spread adds the gradient g of a point to the pixels around it.
func (s Shape) spread(p *corner, g, dx []float32) {
	if p.one {
		if p.r[0] >= 0 && p.c[0] >= 0 {
			add(dx[(p.r[0]*s.W+p.c[0])*s.C:], g, 1)
		}
		return
	}
	for i, r := range p.r {
		for j, c := range p.c {
			if r >= 0 && c >= 0 {
				add(dx[(r*s.W+c)*s.C:], g, p.wr[i]*p.wc[j])
			}
		}
	}
}

func add(dst, g []float32, weight float32) {
	for c, v := range g {
		dst[c] += float32(weight * v)
	}
}
