package augment

import "math"

// Splines of degree 2 to 5. As in scipy.ndimage, a recursive filter turns each channel into the spline's
// coefficients, in float64. The value between pixels is a weighted sum of (order+1)² coefficients.
//
// Source: Unser, Aldroubi and Eden, "Fast B-spline transforms for continuous image
// representation and interpolation" (1991); scipy.ndimage's ni_splines.c.

// spline holds the memory of the filter, for one channel at a time.
type spline struct {
	order   int
	mode    FillMode
	pad     int // FillNearest filters with this many border pixels on each side
	h, w    int // height and width, including pad
	plane   []float64
	line    []float64
	weights [2][6]float64
	index   [2][6]int
}

// newSpline returns nil for the orders that need no filter.
func newSpline(i Interpolation, mode FillMode, h, w int) *spline {
	order := i.Order()
	if order < 2 {
		return nil
	}
	s := &spline{order: order, mode: mode, h: h, w: w}
	if mode == FillNearest {
		s.pad = 12
		s.h, s.w = h+24, w+24
	}
	s.plane = make([]float64, s.h*s.w)
	s.line = make([]float64, max(s.h, s.w))
	return s
}

// warp is scipy.ndimage.affine_transform with an order of 2 to 5.
func (s *spline) warp(dst target, src *pixels, mp mapping, cval float32) {
	for c := range src.c {
		s.load(src, c)
		s.filter()
		for i := range src.h {
			d, step := dst.at(i, src)
			for j := range src.w {
				v := cval
				if s.locate(&mp, i, j) {
					v = float32(s.value())
				}
				dst.pix[d+c] = v * dst.scale
				d += step
			}
		}
	}
}

func (s *spline) load(src *pixels, c int) {
	for i := range s.h {
		row := clamp(i-s.pad, src.h) * src.w
		for j := range s.w {
			s.plane[i*s.w+j] = float64(src.pix[(row+clamp(j-s.pad, src.w))*src.c+c])
		}
	}
}

func (s *spline) filter() {
	if s.h > 1 {
		line := s.line[:s.h]
		for j := range s.w {
			for i := range line {
				line[i] = s.plane[i*s.w+j]
			}
			filterLine(line, s.order, s.mode)
			for i, v := range line {
				s.plane[i*s.w+j] = v
			}
		}
	}
	if s.w > 1 {
		for i := range s.h {
			filterLine(s.plane[i*s.w:][:s.w], s.order, s.mode)
		}
	}
}

// locate finds the coefficients and weights for a destination pixel. It returns false if the value is Cval.
func (s *spline) locate(mp *mapping, i, j int) bool {
	for a, n := range [2]int{s.h, s.w} {
		x := mp.shift[a] + float64(float64(i)*mp.m[a][0]) + float64(float64(j)*mp.m[a][1]) + float64(s.pad)
		if s.mode != FillNearest { // with FillNearest, SciPy maps the coefficients' indexes instead
			var ok bool
			if x, ok = s.mode.place(x, n); !ok {
				return false
			}
		}
		middle := x
		if s.order&1 == 0 {
			middle += .5
		}
		f := math.Floor(middle)
		start := int(min(max(f, -8), float64(n+8))) - s.order/2
		for k := range s.order + 1 {
			s.index[a][k] = s.mode.coefficient(start+k, n)
		}
		splineWeights(&s.weights[a], s.order, x-f)
	}
	return true
}

// coefficient maps an index outside the axis to that of a coefficient.
func (m FillMode) coefficient(i, n int) int {
	switch {
	case i >= 0 && i < n:
	case n <= 1:
		i = 0
	case m == FillReflect:
		i = mod(i, 2*n)
		if i >= n {
			i = 2*n - 1 - i
		}
	case m != FillNearest:
		i = mod(i, 2*n-2)
		if i >= n {
			i = 2*n - 2 - i
		}
	}
	return clamp(i, n)
}

func mod(i, n int) int { return (i%n + n) % n }

func (s *spline) value() float64 {
	var t float64
	for p := range s.order + 1 {
		row := s.plane[s.index[0][p]*s.w:][:s.w]
		for q := range s.order + 1 {
			v := float64(row[s.index[1][q]] * s.weights[0][p])
			t += float64(v * s.weights[1][q])
		}
	}
	return t
}

// splineWeights computes the B-spline's values at the order+1 pixels around a position at distance x from the
// middle one. The last value is 1 minus the sum of the others.
func splineWeights(w *[6]float64, order int, x float64) {
	switch order {
	case 2:
		w[1] = .75 - float64(x*x)
		y := .5 - x
		w[0] = float64(.5*y) * y
	case 3:
		z := 1 - x
		inner := func(y float64) float64 { return (float64(float64(float64(y*y)*(y-2))*3) + 4) / 6 }
		w[1], w[2] = inner(x), inner(z)
		w[0] = float64(float64(z*z)*z) / 6
	case 4:
		t := float64(x * x)
		w[2] = float64(t*(float64(t*.25)-.625)) + 115./192
		inner := func(y float64) float64 {
			v := float64(y*(5-y))/6 - 1.25
			return float64(y*(float64(y*v)+5./24)) + 55./96
		}
		w[1], w[3] = inner(1+x), inner(1-x)
		y := .5 - x
		t = float64(y * y)
		w[0] = float64(t*t) / 24
	case 5:
		z := 1 - x
		inner := func(y float64) float64 {
			t := float64(y * y)
			return float64(t*(float64(t*(.25-y/12))-.5)) + .55
		}
		outer := func(y float64) float64 {
			v := float64(y*(y/24-.375)) + 1.25
			v = float64(y*v) - 1.75
			v = float64(y*v) + .625
			return float64(y*v) + .425
		}
		w[2], w[3] = inner(x), inner(z)
		w[1], w[4] = outer(x+1), outer(z+1)
		t := float64(z * z)
		w[0] = float64(float64(z*t)*t) / 120
	}
	w[order] = 1
	for _, v := range w[:order] {
		w[order] -= v
	}
}

// splinePoles are the poles of the recursive filter by order.
var splinePoles = [...][]float64{
	2: {-0.171572875253809902396622551580603843},
	3: {-0.267949192431122706472553658494127633},
	4: {-0.361341225900220177092212841325675255, -0.013725429297339121360331226939128204},
	5: {-0.430575347099973791851434783493520110, -0.043096288203264653822712376822550182},
}

// filterLine turns the values of a line into spline coefficients, in place.
func filterLine(c []float64, order int, mode FillMode) {
	gain := 1.
	for _, z := range splinePoles[order] {
		gain *= (1 - z) * (1 - 1/z)
	}
	for i := range c {
		c[i] *= gain
	}
	reflect := mode == FillReflect || mode == FillNearest
	for _, z := range splinePoles[order] {
		if reflect {
			causalReflect(c, z)
		} else {
			causalMirror(c, z)
		}
		n := len(c)
		for i := 1; i < n; i++ {
			c[i] += float64(z * c[i-1])
		}
		if reflect {
			c[n-1] *= z / (z - 1)
		} else {
			c[n-1] = float64((float64(z*c[n-2])+c[n-1])*z) / (float64(z*z) - 1)
		}
		for i := n - 2; i >= 0; i-- {
			c[i] = z * (c[i+1] - c[i])
		}
	}
}

// causalMirror computes the filter's first value for the line abcd extended to dcb|abcd|cba.
func causalMirror(c []float64, z float64) {
	n := len(c)
	power, zi := math.Pow(z, float64(n-1)), z
	c[0] += float64(power * c[n-1])
	for i := 1; i < n-1; i++ {
		c[0] += float64(zi * (c[i] + float64(power*c[n-1-i])))
		zi *= z
	}
	c[0] /= 1 - float64(power*power)
}

// causalReflect computes the filter's first value for the line abcd extended to dcba|abcd|dcba.
func causalReflect(c []float64, z float64) {
	n := len(c)
	power, zi, first := math.Pow(z, float64(n)), z, c[0]
	c[0] += float64(power * c[n-1])
	for i := 1; i < n; i++ {
		c[0] += float64(zi * (c[i] + float64(power*c[n-1-i])))
		zi *= z
	}
	c[0] = float64(c[0]*(z/(1-float64(power*power)))) + first
}
