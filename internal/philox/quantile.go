package philox

import "math"

// Quantile computes the inverse of the standard normal distribution function for 0 < p < 1. It
// is algorithm AS 241 (Wichura, "The percentage points of the normal distribution", Applied
// Statistics 37, 1988), with a relative error of about 1e-16.
func Quantile(p float64) float64 {
	q := p - .5
	if math.Abs(q) <= .425 {
		r := .180625 - float64(q*q)
		return q * ratio(r, &centerTop, &centerBottom)
	}
	r := p
	if q > 0 {
		r = 1 - p
	}
	r = math.Sqrt(-logarithm(r))
	var x float64
	if r <= 5 {
		x = ratio(r-1.6, &middleTop, &middleBottom)
	} else {
		x = ratio(r-5, &tailTop, &tailBottom)
	}
	if q < 0 {
		return -x
	}
	return x
}

type poly [8]float64

var (
	centerTop = poly{
		3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
		4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3,
	}
	centerBottom = poly{
		1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
		2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3,
	}
	middleTop = poly{
		1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
		1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
	}
	middleBottom = poly{
		1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
		1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
	}
	tailTop = poly{
		6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
		2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
	}
	tailBottom = poly{
		1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
	}
)

// ratio evaluates a rational function.
func ratio(x float64, top, bottom *poly) float64 { return top.at(x) / bottom.at(x) }

// at evaluates the polynomial by Horner's rule. The conversions keep the compiler from fusing
// multiplications and additions, which it does on some processors only.
func (p *poly) at(x float64) float64 {
	y := float64(p[7]*x) + p[6]
	y = float64(y*x) + p[5]
	y = float64(y*x) + p[4]
	y = float64(y*x) + p[3]
	y = float64(y*x) + p[2]
	y = float64(y*x) + p[1]
	return float64(y*x) + p[0]
}

// inverses are the coefficients of logarithm.
var inverses = [...]float64{1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3}

// logarithm computes the natural logarithm of a positive normal number by the series of
// 2 artanh((m-1)/(m+1)), within 2 ulp. The results of math.Log differ between processors.
func logarithm(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	s := (m - 1) / (m + 1) // |s| < 0.1716
	z := s * s
	sum := 0.
	for _, c := range inverses {
		sum = float64((sum + c) * z)
	}
	return float64(float64(e)*math.Ln2) + 2*(s+float64(s*sum))
}
