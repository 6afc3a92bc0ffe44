package gemm

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// The tutorial's dense layer at its batch of 15: forward and both gradients; then squares.
var benchmarks = []struct {
	name  string
	shape Shape
}{
	{"forward", Shape{M: 15, N: 64, K: 57600}},
	{"backwardData", Shape{M: 15, N: 57600, K: 64, TransB: true}},
	{"backwardFilter", Shape{M: 57600, N: 64, K: 15, TransA: true}},
	{"vector", Shape{M: 1, N: 1024, K: 1024}},
	{"square", Shape{M: 1024, N: 1024, K: 1024}},
	{"squareTransA", Shape{M: 1024, N: 1024, K: 1024, TransA: true}},
	{"squareTransB", Shape{M: 1024, N: 1024, K: 1024, TransB: true}},
}

func BenchmarkGemm(b *testing.B) {
	for _, isa := range kernel.Available() {
		for _, c := range benchmarks {
			b.Run(fmt.Sprintf("%v/%s", isa, c.name), func(b *testing.B) {
				s := c.shape
				g := New(isa, s, Epilogue{})
				x := append([]float32(nil), kerneltest.Random(b, 1, s.M*s.K)...)
				y := append([]float32(nil), kerneltest.Random(b, 2, s.K*s.N)...)
				out := make([]float32, s.M*s.N)
				partial, scratch := make([]float32, g.PartialLen()), make([]float32, g.ScratchLen())
				kerneltest.Speed(b, s.FLOPs(), 0, func() {
					for p := range g.Parts() {
						g.Run(p, x, y, nil, out, partial, scratch)
					}
					for p := range g.ReduceParts() {
						g.Reduce(p, partial, nil, out)
					}
				})
			})
		}
	}
}
