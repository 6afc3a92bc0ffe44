// Package layernorm holds layer normalization: the normalization of each row of a matrix, and its gradient. It
// uses only + - * / and square roots, each rounded separately, so that the Go loops and the assembly give the same
// bits.
//
// A sum along a row has sixteen partial sums (element i is added to sum i%16), which are added up in a fixed tree.
// Rows are processed one after another, so that a row stays in the first cache for all of its passes, and memory is
// read and written once. The gradients of gamma and beta are summed down the rows of a part, and the parts are added up,
// in order, in float64.
//
// Rows whose length is not a multiple of 16, or is greater than longRow, are processed in Go.
package layernorm

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

const (
	lanes   = 16
	longRow = 1 << 16 // the longest row for one call of assembly
	// partRows is the least number of rows whose gradients of gamma and beta are summed before they are stored. With
	// 64 rows, the stored sums are a thirtieth of the operands. partLen limits it for long rows.
	partRows = 64
	partLen  = 1 << 18
)

// rows divides a matrix [rows, cols] into parts.
type rows struct {
	isa         kernel.ISA
	rows, cols  int
	parts       int
	gamma, beta []float32 // of the layers without them: ones and zeros
}

func newRows(isa kernel.ISA, n, cols, least int) rows {
	if n < 1 || cols < 1 {
		panic(fmt.Sprintf("layernorm: %d rows of %d numbers, want at least 1 each", n, cols))
	}
	r := rows{isa: isa, rows: n, cols: cols, gamma: make([]float32, cols), beta: make([]float32, cols)}
	for i := range r.gamma {
		r.gamma[i] = 1
	}
	r.parts = min(kernel.RowBlocks(n, cols), max(1, n/max(1, least)))
	return r
}

// Parts is the number of parts of Run.
func (r *rows) Parts() int { return r.parts }

// vectorized reports whether rows are processed in assembly.
func (r *rows) vectorized() bool {
	return r.isa != kernel.Generic && r.cols%lanes == 0 && r.cols <= longRow
}

// eachCall calls f for rows [lo, hi) of a part that one call of assembly processes.
func (r *rows) eachCall(part int, f func(lo, hi int)) {
	lo, hi := kernel.Split(r.rows, r.parts, part)
	step := max(1, kernel.Block/r.cols)
	for ; lo < hi; lo += step {
		f(lo, min(lo+step, hi))
	}
}

func (r *rows) row(x []float32, i int) []float32 { return x[i*r.cols : (i+1)*r.cols] }

// or returns x, or other if x is empty.
func or(x, other []float32) []float32 {
	if len(x) == 0 {
		return other
	}
	return x
}

// sums are the partial sums along a row.
type sums [lanes]float32

// total adds up the partial sums in the order of the assembly.
func (s *sums) total() float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

// Normalize is the normalization.
type Normalize struct {
	rows
	epsilon float32
}

// NewNormalize prepares the normalization of n rows with cols numbers.
func NewNormalize(isa kernel.ISA, n, cols int, epsilon float64) *Normalize {
	return &Normalize{newRows(isa, n, cols, 1), float32(epsilon)}
}

// Run computes a part of y = (x-mean)*inverse*gamma + beta, where mean and inverse, 1/sqrt(variance+epsilon), are
// those of the row. gamma and beta may be empty. y may be x.
func (k *Normalize) Run(part int, x, gamma, beta, y, mean, inverse []float32) {
	gamma, beta = or(gamma, k.gamma), or(beta, k.beta)
	k.eachCall(part, func(lo, hi int) {
		if k.vectorized() {
			constants := [3]float32{float32(k.cols), k.epsilon, 1}
			normalizeVectors(k.isa, &y[lo*k.cols], &mean[lo], &inverse[lo], &x[lo*k.cols], &gamma[0], &beta[0], &constants[0], hi-lo, uintptr(4*k.cols))
			return
		}
		for i := lo; i < hi; i++ {
			k.line(k.row(x, i), gamma, beta, k.row(y, i), &mean[i], &inverse[i])
		}
	})
}

func (k *Normalize) line(x, gamma, beta, y []float32, mean, inverse *float32) {
	n := float32(len(x))
	var s sums
	for i, v := range x {
		s[i%lanes] += v
	}
	m := s.total() / n
	s = sums{}
	for i, v := range x {
		d := v - m
		s[i%lanes] += float32(d * d)
	}
	r := 1 / float32(math.Sqrt(float64(s.total()/n+k.epsilon)))
	for i, v := range x {
		y[i] = float32(float32((v-m)*r)*gamma[i]) + beta[i]
	}
	*mean, *inverse = m, r
}

// Grad is the gradient of the normalization with respect to x, gamma and beta. Its steps are all parts of Run and, if
// the gradients of gamma and beta are wanted, all parts of Reduce.
type Grad struct {
	rows
	sums bool
}

// NewGrad prepares the gradient for n rows with cols numbers. sums says whether the gradients of gamma and beta are
// wanted.
func NewGrad(isa kernel.ISA, n, cols int, sums bool) *Grad {
	least := 1
	if sums {
		least = max(1, min(partRows, partLen/cols))
	}
	return &Grad{newRows(isa, n, cols, least), sums}
}

// PartialLen is the length of the sums of the parts, in floats.
func (g *Grad) PartialLen() int {
	if !g.sums {
		return 0
	}
	return 2 * g.parts * g.cols
}

// Run computes a part of dx, which may be x or dy:
//
//	n = (x-mean)*inverse;  d = dy*gamma;  dx = (d - mean(d) - n*mean(d*n)) * inverse
func (g *Grad) Run(part int, dy, x, mean, inverse, gamma, dx, partial []float32) {
	gamma = or(gamma, g.gamma)
	if g.sums {
		lo, hi := kernel.Split(g.rows.rows, g.parts, part)
		beta, product := g.partial(partial, part)
		g.columns(lo, hi, dy, x, mean, inverse, beta, product)
	}
	g.eachCall(part, func(lo, hi int) {
		if g.vectorized() {
			count := float32(g.cols)
			gradientVectors(g.isa, &dx[lo*g.cols], &dy[lo*g.cols], &x[lo*g.cols], &mean[lo], &inverse[lo], &gamma[0], &count, hi-lo, uintptr(4*g.cols))
			return
		}
		for i := lo; i < hi; i++ {
			gradientLine(g.row(dy, i), g.row(x, i), mean[i], inverse[i], gamma, g.row(dx, i))
		}
	})
}

func gradientLine(dy, x []float32, mean, inverse float32, gamma, dx []float32) {
	count := float32(len(x))
	var s, p sums
	for i, v := range dy {
		d := float32(v * gamma[i])
		s[i%lanes] += d
		p[i%lanes] += float32(d * float32((x[i]-mean)*inverse))
	}
	sum, product := s.total()/count, p.total()/count
	for i, v := range dy {
		n := float32((x[i] - mean) * inverse)
		dx[i] = float32(float32(v*gamma[i])-sum-float32(n*product)) * inverse
	}
}

// partial returns the sums of a part: those of the gradient of beta and of gamma.
func (g *Grad) partial(partial []float32, part int) (beta, gamma []float32) {
	s := partial[2*part*g.cols:][:2*g.cols]
	return s[:g.cols], s[g.cols:]
}

// columns sums dy, and dy*(x-mean)*inverse, over rows [lo, hi).
func (g *Grad) columns(lo, hi int, dy, x, mean, inverse, beta, gamma []float32) {
	if g.vectorized() {
		columnsVectors(g.isa, &beta[0], &gamma[0], &dy[lo*g.cols], &x[lo*g.cols], &mean[lo], &inverse[lo], g.isa.Vectors(g.cols), hi-lo, uintptr(4*g.cols))
		return
	}
	clear(beta)
	clear(gamma)
	for r := lo; r < hi; r++ {
		row := g.row(x, r)
		for i, v := range g.row(dy, r) {
			beta[i] += v
			gamma[i] += float32(v * float32((row[i]-mean[r])*inverse[r]))
		}
	}
}

// ReduceParts is the number of parts of Reduce.
func (g *Grad) ReduceParts() int { return kernel.RowBlocks(g.cols, 8*g.parts) }

// Reduce adds up the sums of the parts to some of the gradients of gamma and beta. It must be called after all parts of
// Run are done.
func (g *Grad) Reduce(part int, partial, dgamma, dbeta []float32) {
	lo, hi := kernel.Split(g.cols, g.ReduceParts(), part)
	const group = 32
	for ; lo < hi; lo += group {
		n := min(group, hi-lo)
		var b, c [group]float64
		for p := range g.parts {
			beta, gamma := g.partial(partial, p)
			for i, v := range beta[lo : lo+n] {
				b[i] += float64(v)
				c[i] += float64(gamma[lo+i])
			}
		}
		for i := range n {
			dbeta[lo+i], dgamma[lo+i] = float32(b[i]), float32(c[i])
		}
	}
}
