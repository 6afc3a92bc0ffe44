package gemm

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, s := range []Shape{{M: 1, N: 33, K: 5000}, {M: 15, N: 2, K: 64}, {M: 43, N: 31, K: 100}, {M: 16, N: 64, K: 1500}} {
			for i := range 8 {
				s.TransA, s.TransB, s.Accumulate = i&1 > 0, i&2 > 0, i&4 > 0
				e := Epilogue{Bias: !s.Accumulate, ReLU: !s.Accumulate && i%2 > 0}
				a, b := kerneltest.Random(t, 1, s.M*s.K), kerneltest.Random(t, 2, s.N*s.K)
				bias, c := kerneltest.Random(t, 3, s.N), kerneltest.Random(t, 4, s.M*s.N)
				bits.Check(isa, fmt.Sprintf("%+v %+v", s, e), run(t, isa, s, e, a, b, bias, c))
			}
		}
	}
}
