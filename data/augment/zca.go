package augment

import (
	"fmt"
	"iter"
	"math"
)

// maxZCA limits the number of values of an image that can be whitened: the components of images of n values
// are an n x n matrix.
const maxZCA = 1 << 14

// principal computes the components for ZCA whitening. With the centered images as the rows of
// X = U·S·Vᵀ, they are the columns of V, column v times (√n / (s+eps))^½, where n is the number of images.
//
// X does not have to fit in memory: a QR decomposition reduces it, a block of rows at a time, to a triangle
// with the same V and S. Computing XᵀX instead would lose accuracy.
func (f *fit) principal(images iter.Seq2[[]float32, error], mean []float32) ([]float32, error) {
	d := len(f.buf) / 2
	if d > maxZCA {
		return nil, fmt.Errorf("augment: ZCAWhitening of images of %d values needs a matrix of %dx%d; want at most %d values: use smaller images", d, d, d, maxZCA)
	}
	var rows [][]float64
	n := 0
	err := f.each(images, func(pix []float32) {
		row := make([]float64, d)
		for i, v := range pix {
			row[i] = float64(v - mean[i%len(mean)])
		}
		rows = append(rows, row)
		n++
		if len(rows) == 2*d {
			triangle(rows)
			rows = rows[:d]
		}
	})
	if err != nil {
		return nil, err
	}
	if len(rows) > d {
		triangle(rows)
		rows = rows[:d]
	}
	orthogonalize(rows)
	var out []float32
	for _, row := range rows {
		s := math.Sqrt(dot(row, row))
		if s == 0 {
			continue // the images do not vary in this direction
		}
		k := math.Sqrt(math.Sqrt(float64(n))/(s+f.g.ZCAEpsilon)) / s
		for _, v := range row {
			out = append(out, float32(v*k))
		}
	}
	return out, nil
}

// triangle replaces the first rows by the triangle R of rows = Q·R (Householder). The rows below it are
// undefined afterwards.
func triangle(rows [][]float64) {
	d := len(rows[0])
	w := make([]float64, d)
	for k := range min(d, len(rows)-1) {
		var norm float64
		for _, r := range rows[k:] {
			norm += float64(r[k] * r[k])
		}
		norm = math.Sqrt(norm)
		if norm == 0 {
			continue
		}
		if rows[k][k] > 0 {
			norm = -norm
		}
		// v = x - norm·e, H = 1 - v·vᵀ·2/|v|²; column k holds v.
		rows[k][k] -= norm
		scale := -1 / (norm * rows[k][k])
		tail := w[k+1:]
		clear(tail)
		for _, r := range rows[k:] {
			axpy(tail, r[k], r[k+1:])
		}
		for _, r := range rows[k:] {
			axpy(r[k+1:], -scale*r[k], tail)
			r[k] = 0
		}
		rows[k][k] = norm
	}
}

// orthogonalize rotates pairs of rows until all are orthogonal (one-sided Jacobi, Hestenes 1958). The rows'
// lengths are then the singular values, and their directions are V.
func orthogonalize(rows [][]float64) {
	for range 60 {
		done := true
		for i := range rows {
			for j := range i {
				a, b := rows[j], rows[i]
				aa, bb, ab := dot(a, a), dot(b, b), dot(a, b)
				if math.Abs(ab) <= 1e-15*math.Sqrt(aa*bb) {
					continue
				}
				done = false
				z := (bb - aa) / (2 * ab)
				t := 1 / (math.Abs(z) + math.Sqrt(1+float64(z*z)))
				if z < 0 {
					t = -t
				}
				c := 1 / math.Sqrt(1+float64(t*t))
				s := c * t
				for k, x := range a {
					y := b[k]
					a[k], b[k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
				}
			}
		}
		if done {
			return
		}
	}
}

func dot(a, b []float64) float64 {
	var s float64
	for i, v := range a {
		s += float64(v * b[i])
	}
	return s
}

func axpy(y []float64, a float64, x []float64) {
	for i, v := range x {
		y[i] += float64(a * v)
	}
}

// whiten replaces pix by P·Pᵀ·pix. components holds the columns of P, one after the other.
func whiten(pix, components, out []float32) {
	d := len(pix)
	clear(out)
	for ; len(components) > 0; components = components[d:] {
		row := components[:d]
		var s float64
		for i, v := range row {
			s += float64(float64(v) * float64(pix[i]))
		}
		k := float32(s)
		for i, v := range row {
			out[i] += float32(k * v)
		}
	}
	copy(pix, out)
}
