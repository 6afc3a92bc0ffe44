package demo

import "math"

// All coordinates are integers. The coordinates of a shape are thousandths of its size: a head has the radius
// 1000. A matrix maps them to 1/256 of a pixel.
type point struct{ x, y int }

// matrix maps (x, y) to (a*x+b*y, c*x+d*y)/65536 + (x0, y0).
type matrix struct{ a, b, c, d, x0, y0 int }

func (m matrix) apply(p point) point {
	return point{(m.a*p.x+m.b*p.y)>>16 + m.x0, (m.c*p.x+m.d*p.y)>>16 + m.y0}
}

// mul returns the matrix that applies n and then m.
func (m matrix) mul(n matrix) matrix {
	o := m.apply(point{n.x0, n.y0})
	return matrix{
		(m.a*n.a + m.b*n.c) >> 16, (m.a*n.b + m.b*n.d) >> 16,
		(m.c*n.a + m.d*n.c) >> 16, (m.c*n.b + m.d*n.d) >> 16,
		o.x, o.y,
	}
}

// turn scales a shape by sx and sy thousandths and rotates it by deg hundredths of a degree about (0, 0).
func turn(sx, sy, deg int) matrix {
	s, c := sincos(deg)
	return matrix{c * sx / 1000, -s * sy / 1000, s * sx / 1000, c * sy / 1000, 0, 0}
}

// onto maps thousandths to pixels: a radius of 1000 becomes px pixels.
func onto(x, y, px int) matrix {
	s := px * 256 * 65536 / 1000
	return matrix{s, 0, 0, s, x * 256, y * 256}
}

// sines holds 65536 times the sine of 0, 5, ..., 90 degrees.
var sines = [19]int{0, 5712, 11380, 16962, 22415, 27697, 32768, 37590, 42126, 46341, 50203, 53684, 56756, 59396, 61584, 63303, 64540, 65287, 65536}

// sincos interpolates the table. deg is in hundredths of a degree, and the results are multiplied by 65536.
// This is accurate enough for drawings.
func sincos(deg int) (sin, cos int) {
	quarter := func(d int) int { // 0..9000
		i, f := d/500, d%500
		if f == 0 {
			return sines[i]
		}
		return sines[i] + (sines[i+1]-sines[i])*f/500
	}
	full := func(d int) int {
		d = ((d % 36000) + 36000) % 36000
		switch {
		case d <= 9000:
			return quarter(d)
		case d <= 18000:
			return quarter(18000 - d)
		case d <= 27000:
			return -quarter(d - 18000)
		}
		return -quarter(36000 - d)
	}
	return full(deg), full(deg + 9000)
}

// isqrt returns the integer part of the square root. IEEE 754 square roots are the same on all machines.
func isqrt(n int) int { return int(math.Sqrt(float64(n))) }

// path is a set of closed outlines, or of lines for a stroke. Curves are stored as straight pieces.
type path struct{ lines [][]point }

func (p *path) last() *[]point { return &p.lines[len(p.lines)-1] }

// m starts a line at (x, y).
func (p *path) m(x, y int) *path {
	p.lines = append(p.lines, []point{{x, y}})
	return p
}

// l adds a straight line to (x, y).
func (p *path) l(x, y int) *path {
	q := p.last()
	*q = append(*q, point{x, y})
	return p
}

// flat is the number of straight pieces of a curve.
const flat = 10

// c adds a cubic Bézier curve.
func (p *path) c(x1, y1, x2, y2, x3, y3 int) *path {
	q := p.last()
	a := (*q)[len(*q)-1]
	for i := 1; i <= flat; i++ {
		t, u := i, flat-i
		k0, k1, k2, k3 := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		const n = flat * flat * flat
		*q = append(*q, point{(k0*a.x + k1*x1 + k2*x2 + k3*x3) / n, (k0*a.y + k1*y1 + k2*y2 + k3*y3) / n})
	}
	return p
}

// q adds a quadratic Bézier curve.
func (p *path) q(x1, y1, x2, y2 int) *path {
	a := (*p.last())[len(*p.last())-1]
	return p.c((a.x+2*x1)/3, (a.y+2*y1)/3, (x2+2*x1)/3, (y2+2*y1)/3, x2, y2)
}

// ellipse adds an ellipse with center (x, y).
func (p *path) ellipse(x, y, rx, ry int) *path {
	kx, ky := rx*5523/10000, ry*5523/10000
	return p.m(x+rx, y).c(x+rx, y+ky, x+kx, y+ry, x, y+ry).c(x-kx, y+ry, x-rx, y+ky, x-rx, y).
		c(x-rx, y-ky, x-kx, y-ry, x, y-ry).c(x+kx, y-ry, x+rx, y-ky, x+rx, y)
}

// mirrored returns p, with x negated if side is negative.
func (p *path) mirrored(side int) *path {
	if side > 0 {
		return p
	}
	var n path
	for _, l := range p.lines {
		m := make([]point, len(l))
		for i, a := range l {
			m[i] = point{-a.x, a.y}
		}
		n.lines = append(n.lines, m)
	}
	return &n
}

func ellipse(x, y, rx, ry int) *path { return new(path).ellipse(x, y, rx, ry) }
func from(x, y int) *path            { return new(path).m(x, y) }

// outline returns the path's lines drawn with a pen of the given width in thousandths. All pieces have the
// same orientation, so that their coverage adds up.
func (p *path) outline(width int, closed bool) *path {
	var out path
	h := width / 2
	for _, l := range p.lines {
		n := len(l)
		for i, a := range l {
			out.dot(a, h)
			j := i + 1
			if j == n {
				if !closed {
					break
				}
				j = 0
			}
			b := l[j]
			dx, dy := b.x-a.x, b.y-a.y
			d := isqrt(dx*dx + dy*dy)
			if d == 0 {
				continue
			}
			nx, ny := -dy*h/d, dx*h/d
			out.m(a.x-nx, a.y-ny).l(b.x-nx, b.y-ny).l(b.x+nx, b.y+ny).l(a.x+nx, a.y+ny)
		}
	}
	return &out
}

// dot adds a small disc.
func (p *path) dot(a point, r int) {
	const c7 = 7071 // sin 45 degrees
	k := r * c7 / 10000
	p.m(a.x+r, a.y).l(a.x+k, a.y+k).l(a.x, a.y+r).l(a.x-k, a.y+k).l(a.x-r, a.y).l(a.x-k, a.y-k).l(a.x, a.y-r).l(a.x+k, a.y-k)
}
