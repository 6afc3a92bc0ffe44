package winograd

// The one-dimensional transforms: what the assembly must equal but for rounding. Each line is
// what the assembly computes with as many fused multiplications and additions as there can be.

// image is B' x.
func image(x0, x1, x2, x3, x4, x5 float32) (t0, t1, t2, t3, t4, t5 float32) {
	a, b := x4-4*x2, x3-4*x1
	c, d := x4-x2, x3-x1
	return x4 - 5*x2 + 4*x0, a + b, a - b, c + 2*d, c - 2*d, x5 - 5*x3 + 4*x1
}

// addImage is B t.
func addImage(t0, t1, t2, t3, t4, t5 float32) (x0, x1, x2, x3, x4, x5 float32) {
	p, q := t2-t1, t4-t3
	r, s := t1+t2, t3+t4
	return 4 * t0, q + q + 4*(p+t5), -(5 * t0) - (s + 4*r), -(5 * t5) - (p + 2*q), r + s + t0, t5
}

// result is A' m.
func result(m0, m1, m2, m3, m4, m5 float32) (y0, y1, y2, y3 float32) {
	a, b := m1+m2, m1-m2
	c, d := m3+m4, m3-m4
	return a + m0 + c, b + 2*d, a + 4*c, b + 8*d + m5
}

// gradient is A y.
func gradient(y0, y1, y2, y3 float32) (m0, m1, m2, m3, m4, m5 float32) {
	a, b := y0+y2, y1+y3
	c, d := y0+4*y2, y1+4*y3
	return y0, a + b, a - b, c + 2*d, c - 2*d, y3
}

// filter is G w.
func filter(w0, w1, w2 float32) (u0, u1, u2, u3, u4, u5 float32) {
	a, b := (w0+w2)*(-1./6), w1*(1./6)
	c, d := w0*(1./24)+w2*(1./6), w1*(1./12)
	return w0 * (1. / 4), a - b, a + b, c + d, c - d, w2
}

// filterGradient is G' u.
func filterGradient(u0, u1, u2, u3, u4, u5 float32) (w0, w1, w2 float32) {
	a, b := u1+u2, u3+u4
	return u0*(1./4) - a*(1./6) + b*(1./24), (u2-u1)*(1./6) + (u3-u4)*(1./12), u5 + (b-a)*(1./6)
}

// results makes the 4x4 results of a channel.
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

// gradients transforms the gradient of the 4x4 results of a channel.
func gradients(dst []float32, plane int, y *[Tile][Tile]float32) {
	var t [Patch][Tile]float32
	for j := range Tile {
		t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = gradient(y[0][j], y[1][j], y[2][j], y[3][j])
	}
	for i, r := range t {
		d := dst[6*i*plane:]
		d[0], d[plane], d[2*plane], d[3*plane], d[4*plane], d[5*plane] = gradient(r[0], r[1], r[2], r[3])
	}
}
