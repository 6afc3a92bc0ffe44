package gemm

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// TestDenormals checks that neither operands nor results are flushed to zero, as package kernel promises.
func TestDenormals(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, c := range []struct{ a, b float32 }{
			{1e-20, 1e-22}, // a denormal result
			{1e-42, 1e20},  // a denormal operand
			{1e-42, 1},
		} {
			for _, s := range []Shape{{M: 1, N: 40, K: 1}, {M: 20, N: 40, K: 1}, {M: 3, N: 40, K: 1, TransB: true}, {M: 40, N: 33, K: 1, TransA: true}} {
				a, b, z := make([]float32, s.M), make([]float32, s.N), make([]float32, s.M*s.N)
				for i := range a {
					a[i] = c.a
				}
				for i := range b {
					b[i] = c.b
				}
				g := New(isa, s, Epilogue{})
				partial, scratch := make([]float32, g.PartialLen()), make([]float32, g.ScratchLen())
				kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, a, b, nil, z, partial, scratch) })
				kerneltest.Parts(g.ReduceParts(), func(p int) { g.Reduce(p, partial, nil, z) })
				want := float32(float64(c.a) * float64(c.b))
				for i, v := range z {
					if v != want || v == 0 {
						t.Fatalf("%+v: %v times %v is %v at %d, want %v", s, c.a, c.b, v, i, want)
					}
				}
			}
		}
	})
}
