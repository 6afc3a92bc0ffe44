package optstep

import (
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, s := range steps() {
			const n = 55
			var x [5][]float32
			for i := range x {
				x[i] = kerneltest.Random(t, uint64(i), n)
				for j, v := range x[i] {
					if i >= 2 { // slots are not negative
						x[i][j] = float32(v*v) + 1
					}
				}
			}
			parts, run := s.run(isa, n)
			kerneltest.Parts(parts, func(p int) { run(p, x[0], x[1], x[2], x[3], x[4]) })
			bits.Check(isa, s.name, x[:]...)
		}
	}
}
