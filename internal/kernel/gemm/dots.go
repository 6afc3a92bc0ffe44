package gemm

// runDots computes a block of C, whose elements are dot products of rows of A and B.
func (g *Gemm) runDots(r block, a, b, bias, c []float32, e Epilogue, add bool) {
	s := g.shape
	for m := r.m0; m < r.m1; m++ {
		var from []float32
		if e.Bias {
			from = bias[r.n0:r.n1]
		}
		g.begin(c[m*s.N+r.n0:m*s.N+r.n1], from, e, add)
	}
	most := dotRows(g.isa)
	for k := r.k0; k < r.k1; k += dotDepth {
		depth := min(dotDepth, r.k1-k)
		for n := r.n0; n < r.n1; {
			columns := 1
			if r.n1-n >= 4 {
				columns = 4
			}
			for m := r.m0; m < r.m1; {
				rows := min(most, r.m1-m)
				addDots(g.isa, rows, columns, c[m*s.N+n:], s.N, a[m*s.K+k:], b[n*s.K+k:], s.K, depth)
				m += rows
			}
			n += columns
		}
	}
	for m := r.m0; m < r.m1; m++ {
		g.finish(c[m*s.N+r.n0:m*s.N+r.n1], e)
	}
}

// addDotsGo is addDots in portable Go.
func addDotsGo(rows, columns int, c []float32, cStride int, a, b []float32, stride, k int) {
	for r := range rows {
		x := a[r*stride : r*stride+k]
		for n := range columns {
			c[r*cStride+n] += dot(x, b[n*stride:n*stride+k])
		}
	}
}

// dot computes a dot product, in the order of addition that all instruction sets use.
func dot(x, y []float32) float32 {
	var t [16]float32
	for len(x) >= 16 {
		p, q := (*[16]float32)(x), (*[16]float32)(y)
		for i := range t {
			t[i] += p[i] * q[i]
		}
		x, y = x[16:], y[16:]
	}
	for i, v := range x {
		t[i] += v * y[i]
	}
	for half := 8; half > 0; half /= 2 {
		for i := range half {
			t[i] += t[i+half]
		}
	}
	return t[0]
}
