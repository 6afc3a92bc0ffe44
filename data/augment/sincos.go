package augment

import "math"

// SciPy and NumPy use the C library's sine and cosine. Those round correctly except for about one
// argument in five hundred. Go's differ in the last bit far more often. An image needs only two angles, so
// these functions round correctly, which takes range reduction and Taylor's series in double-double
// arithmetic.

// dd is the unevaluated sum hi+lo. Every product is wrapped in float64() or math.FMA, so that the compiler
// does not fuse it with a sum.
type dd struct{ hi, lo float64 }

func twoSum(a, b float64) dd {
	s := a + b
	t := s - a
	return dd{s, (a - (s - t)) + (b - t)}
}

func twoProd(a, b float64) dd {
	p := float64(a * b)
	return dd{p, math.FMA(a, b, -p)}
}

func (a dd) add(b dd) dd {
	s := twoSum(a.hi, b.hi)
	return twoSum(s.hi, s.lo+(a.lo+b.lo))
}

func (a dd) mul(b dd) dd {
	p := twoProd(a.hi, b.hi)
	return twoSum(p.hi, p.lo+(float64(a.hi*b.lo)+float64(a.lo*b.hi)))
}

func (a dd) div(n float64) dd {
	q := a.hi / n
	rest := twoProd(-q, n).add(a)
	return twoSum(q, rest.hi/n)
}

// Pi/2 in three parts of 53 bits.
const (
	halfPi1 = 0x1.921fb54442d18p+00
	halfPi2 = 0x1.1a62633145c07p-54
	halfPi3 = -0x1.f1976b7ed8fbcp-110
)

// sincos returns the sine and cosine of x radians, correctly rounded for |x| below about 2^30.
func sincos(x float64) (sin, cos float64) {
	k := math.Round(x / halfPi1)
	r := dd{x, 0}
	for _, part := range []float64{halfPi1, halfPi2, halfPi3} {
		r = r.add(twoProd(-k, part))
	}
	s, c := r.mul(series(r, 3)), series(r, 2)
	switch int64(k) & 3 {
	case 0:
		return s.hi, c.hi
	case 1:
		return c.hi, -s.hi
	case 2:
		return -s.hi, -c.hi
	default:
		return -c.hi, s.hi
	}
}

// series sums 1 - r²/(n(n-1)) + r⁴/((n+2)(n+1)n(n-1)) - ..., starting with the smallest term.
func series(r dd, n float64) dd {
	rr := r.mul(r)
	p := dd{1, 0}
	for m := n + 26; m >= n; m -= 2 {
		t := rr.mul(p).div(float64(m * (m - 1)))
		p = dd{1, 0}.add(dd{-t.hi, -t.lo})
	}
	return p
}
