package layernorm

import (
	"fmt"
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// sizes are numbers of rows and their length: whole vectors and others, one part and several, and more than longRow.
var sizes = [][2]int{{1, 1}, {3, 5}, {7, 16}, {5, 48}, {2, 100}, {300, 64}, {200, 96}, {70, 768}, {400, 3}, {2, longRow + 16}}

type results struct{ y, mean, inverse, dx, dgamma, dbeta []float32 }

func (r results) all() [][]float32 {
	return [][]float32{r.y, r.mean, r.inverse, r.dx, r.dgamma, r.dbeta}
}

const epsilon = .001

// operands returns x, the gradient of y, gamma and beta.
func operands(t testing.TB, n, cols int) (x, dy, gamma, beta []float32) {
	x, dy = kerneltest.Random(t, 1, n*cols), kerneltest.Random(t, 2, n*cols)
	for i := range x {
		x[i] = float32(x[i]*float32(1+i%7)) + 3
	}
	return x, dy, kerneltest.Random(t, 3, cols), kerneltest.Random(t, 4, cols)
}

// run runs all kernels. gamma and beta may be nil.
func run(t testing.TB, isa kernel.ISA, n, cols int, x, dy, gamma, beta []float32) results {
	r := results{
		kerneltest.Junk(t, n*cols), kerneltest.Junk(t, n), kerneltest.Junk(t, n),
		kerneltest.Junk(t, n*cols), kerneltest.Junk(t, cols), kerneltest.Junk(t, cols),
	}
	k, g := NewNormalize(isa, n, cols, epsilon), NewGrad(isa, n, cols, true)
	kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, x, gamma, beta, r.y, r.mean, r.inverse) })
	partial := kerneltest.Junk(t, g.PartialLen())
	kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, dy, x, r.mean, r.inverse, gamma, r.dx, partial) })
	kerneltest.Parts(g.ReduceParts(), func(p int) { g.Reduce(p, partial, r.dgamma, r.dbeta) })
	return r
}

// naive computes the same in float64.
func naive(n, cols int, x, dy, gamma, beta []float32) (want [6][]float64) {
	want[4], want[5] = make([]float64, cols), make([]float64, cols)
	at := func(x []float32, i int, other float64) float64 {
		if x == nil {
			return other
		}
		return float64(x[i])
	}
	for r := range n {
		row, grad := x[r*cols:(r+1)*cols], dy[r*cols:(r+1)*cols]
		var mean, variance, s, p float64
		for _, v := range row {
			mean += float64(v) / float64(cols)
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(cols)
		}
		inverse := 1 / math.Sqrt(variance+epsilon)
		for i, v := range row {
			h, d := (float64(v)-mean)*inverse, float64(grad[i])*at(gamma, i, 1)
			want[0] = append(want[0], h*at(gamma, i, 1)+at(beta, i, 0))
			want[4][i] += float64(grad[i]) * h
			want[5][i] += float64(grad[i])
			s += d / float64(cols)
			p += d * h / float64(cols)
		}
		want[1], want[2] = append(want[1], mean), append(want[2], inverse)
		for i, v := range row {
			want[3] = append(want[3], (float64(grad[i])*at(gamma, i, 1)-s-(float64(v)-mean)*inverse*p)*inverse)
		}
	}
	return want
}

func TestValues(t *testing.T) {
	for _, size := range sizes {
		n, cols := size[0], size[1]
		x, dy, gamma, beta := operands(t, n, cols)
		for _, with := range []bool{true, false} {
			if !with {
				gamma, beta = nil, nil
			}
			want := naive(n, cols, x, dy, gamma, beta)
			kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
				for i, got := range run(t, isa, n, cols, x, dy, gamma, beta).all() {
					what := []string{"y", "mean", "inverse", "dx", "dgamma", "dbeta"}[i]
					kerneltest.Close(t, fmt.Sprintf("%s of %dx%d", what, n, cols), got, want[i], 2e-5)
				}
			})
		}
	}
}

// The Go loops and the assembly give the same bits.
func TestSameBits(t *testing.T) {
	for _, size := range sizes {
		n, cols := size[0], size[1]
		x, dy, gamma, beta := operands(t, n, cols)
		want := run(t, kernel.Generic, n, cols, x, dy, gamma, beta).all()
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			for i, got := range run(t, isa, n, cols, x, dy, gamma, beta).all() {
				kerneltest.Equal(t, fmt.Sprintf("result %d of %dx%d", i, n, cols), got, want[i])
			}
		})
	}
}

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, size := range sizes {
			n, cols := size[0], size[1]
			x, dy, gamma, beta := operands(t, n, cols)
			bits.Check(isa, fmt.Sprintf("%dx%d", n, cols), run(t, isa, n, cols, x, dy, gamma, beta).all()...)
		}
	}
}

// The result may overwrite the operand, and the gradient of x both of its operands.
func TestInPlace(t *testing.T) {
	const n, cols = 70, 96
	x, dy, gamma, beta := operands(t, n, cols)
	want := run(t, kernel.Generic, n, cols, x, dy, gamma, beta)
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		k, g := NewNormalize(isa, n, cols, epsilon), NewGrad(isa, n, cols, true)
		y, mean, inverse, partial := append([]float32(nil), x...), make([]float32, n), make([]float32, n), make([]float32, g.PartialLen())
		kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, y, gamma, beta, y, mean, inverse) })
		kerneltest.Equal(t, "y", y, want.y)
		for which := range 2 {
			d, v := append([]float32(nil), dy...), append([]float32(nil), x...)
			dx := [][]float32{d, v}[which]
			kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, d, v, mean, inverse, gamma, dx, partial) })
			kerneltest.Equal(t, "dx", dx, want.dx)
		}
	})
}

// A NaN or an infinity makes its row NaN, and no other.
func TestSpecials(t *testing.T) {
	for _, cols := range []int{5, 32} {
		for _, special := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x, dy, gamma, beta := operands(t, 3, cols)
			x[cols+1] = float32(special)
			kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
				r := run(t, isa, 3, cols, x, dy, gamma, beta)
				for i, v := range r.y {
					if nan := v != v; nan != (i/cols == 1) {
						t.Errorf("%v in row 1: element %d of row %d is %v", special, i%cols, i/cols, v)
					}
				}
			})
		}
	}
}

func TestNoAllocs(t *testing.T) {
	const n, cols = 70, 96
	x, dy, gamma, beta := operands(t, n, cols)
	y, mean, inverse := make([]float32, n*cols), make([]float32, n), make([]float32, n)
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		k, g := NewNormalize(isa, n, cols, epsilon), NewGrad(isa, n, cols, true)
		partial, sums := make([]float32, g.PartialLen()), make([]float32, cols)
		kerneltest.NoAllocs(t, "layer normalization", func() {
			k.Run(0, x, gamma, beta, y, mean, inverse)
			g.Run(0, dy, x, mean, inverse, gamma, y, partial)
			g.Reduce(0, partial, sums, sums)
		})
	})
}

// Bytes are those of operands and results.
func BenchmarkLayerNorm(b *testing.B) {
	for _, size := range [][2]int{{32 * 56 * 56, 96}, {32 * 64, 64}, {32 * 14 * 14, 384}, {32 * 7 * 7, 768}} {
		n, cols := size[0], size[1]
		x, dy, gamma, beta := operands(b, n, cols)
		y, mean, inverse := make([]float32, n*cols), make([]float32, n), make([]float32, n)
		for _, isa := range kernel.Available() {
			k, g := NewNormalize(isa, n, cols, epsilon), NewGrad(isa, n, cols, true)
			partial := make([]float32, g.PartialLen())
			b.Run(fmt.Sprintf("%v/%dx%d/forward", isa, n, cols), func(b *testing.B) {
				kerneltest.Speed(b, 0, 8*n*cols, func() {
					for p := range k.Parts() {
						k.Run(p, x, gamma, beta, y, mean, inverse)
					}
				})
			})
			b.Run(fmt.Sprintf("%v/%dx%d/gradient", isa, n, cols), func(b *testing.B) {
				kerneltest.Speed(b, 0, 12*n*cols, func() {
					for p := range g.Parts() {
						g.Run(p, dy, x, mean, inverse, gamma, y, partial)
					}
					for p := range g.ReduceParts() {
						g.Reduce(p, partial, gamma, beta)
					}
				})
			})
		}
	}
}
