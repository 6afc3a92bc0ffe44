package winograd

// The points are 0, a, -a, b, -b and infinity.
const (
	a, a2  = 5. / 8, a * a
	b, b2  = 3. / 2, b * b
	na, nb = 2 * a2 * (a2 - b2), 2 * b2 * (b2 - a2) // divisors of filter
)

// The one-dimensional transforms. The assembly computes the same expressions, with fused multiply-adds where
// possible, so it gives the same results except for rounding.

// image is B' x.
func image(x0, x1, x2, x3, x4, x5 float32) (t0, t1, t2, t3, t4, t5 float32) {
	p, q := x4-b2*x2, x3-b2*x1
	r, s := x4-a2*x2, x3-a2*x1
	return x4 - (a2+b2)*x2 + a2*b2*x0, p + a*q, p - a*q, r + b*s, r - b*s, x5 - (a2+b2)*x3 + a2*b2*x1
}

// addImage is B t.
func addImage(t0, t1, t2, t3, t4, t5 float32) (x0, x1, x2, x3, x4, x5 float32) {
	p, q := a*(t1-t2), b*(t3-t4)
	r, s := t1+t2, t3+t4
	return a2 * b2 * t0, a2*b2*t5 - b2*p - a2*q, -(a2 * s) - ((a2+b2)*t0 + b2*r), p + q - (a2+b2)*t5, r + s + t0, t5
}

// result is A' m.
func result(m0, m1, m2, m3, m4, m5 float32) (y0, y1, y2, y3 float32) {
	p, q := m1+m2, m3+m4
	r, s := a*(m1-m2), b*(m3-m4)
	return p + m0 + q, r + s, a2*p + b2*q, a2*r + b2*s + m5
}

// gradient is A y.
func gradient(y0, y1, y2, y3 float32) (m0, m1, m2, m3, m4, m5 float32) {
	p, q := y0+a2*y2, y1+a2*y3
	r, s := y0+b2*y2, y1+b2*y3
	return y0, p + a*q, p - a*q, r + b*s, r - b*s, y3
}

// filter is G w.
func filter(w0, w1, w2 float32) (u0, u1, u2, u3, u4, u5 float32) {
	p, q := w0*(1/na)+w2*(a2/na), w1*(a/na)
	r, s := w0*(1/nb)+w2*(b2/nb), w1*(b/nb)
	return w0 * (1 / (a2 * b2)), p + q, p - q, r + s, r - s, w2
}

// filterGradient is G' u.
func filterGradient(u0, u1, u2, u3, u4, u5 float32) (w0, w1, w2 float32) {
	p, q := u1+u2, u3+u4
	return u0*(1/(a2*b2)) + p*(1/na) + q*(1/nb), (u1-u2)*(a/na) + (u3-u4)*(b/nb), u5 + p*(a2/na) + q*(b2/nb)
}

// results computes the 4x4 results of a channel.
func results(m []float32, plane, c int, bias float32) [Tile][Tile]float32 {
	var t [Tile][Patch]float32
	for j := range Patch {
		s := m[j*plane+c:]
		t[0][j], t[1][j], t[2][j], t[3][j] = result(s[0], s[6*plane], s[12*plane], s[18*plane], s[24*plane], s[30*plane])
	}
	var y [Tile][Tile]float32
	for i, r := range t {
		y[i][0], y[i][1], y[i][2], y[i][3] = result(r[0], r[1], r[2], r[3], r[4], r[5])
		for j := range y[i] {
			y[i][j] += bias
		}
	}
	return y
}

// gradients transforms the gradient of the 4x4 results of a channel, and sums it.
func gradients(rows Rows, dst []float32, plane int, y *[Tile][Tile]float32) {
	var t [Patch][Tile]float32
	sum := float32(0)
	for j := range Tile {
		for i := range Tile {
			sum += y[i][j]
		}
		t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = gradient(y[0][j], y[1][j], y[2][j], y[3][j])
	}
	from, to := rows.span()
	for i, r := range t[from:to] {
		d := dst[6*i*plane:]
		d[0], d[plane], d[2*plane], d[3*plane], d[4*plane], d[5*plane] = gradient(r[0], r[1], r[2], r[3])
	}
	if rows != LowerRows {
		dst[rows.Planes()*plane] = sum
	}
}
