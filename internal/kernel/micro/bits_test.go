package micro

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for columns := 1; columns <= 16; columns++ {
			for _, rows := range []int{1, 2, 3, 4, 5, 6, 7, 10, 13} {
				for name, run := range map[string]func(rows int, a *Args){"N": N, "T": T} {
					p := newProblem(t, rows, columns, 7+columns%3, 2, name == "T")
					y, add := kerneltest.Junk(t, rows*columns), kerneltest.Random(t, 5, rows*columns)
					a := p.args(isa, y)
					if rows%2 == 0 {
						a.Residual = unsafe.Pointer(&add[0])
						a.Limit = .5
					}
					run(rows, a)
					bits.Check(isa, fmt.Sprintf("%s %dx%d", name, rows, columns), y)
				}
			}
			const pooled = 3
			p := newProblem(t, 4*pooled, columns, 5, 2, false)
			y, argmax := kerneltest.Junk(t, pooled*columns), kerneltest.Guarded[uint8](t, pooled*columns)
			a := p.args(isa, y)
			a.A2 = unsafe.Add(a.A, 2*pooled*int(a.AStride))
			a.Argmax, a.ArgmaxStride = unsafe.Pointer(&argmax[0]), uintptr(columns)
			P(pooled, a)
			bits.Check(isa, fmt.Sprintf("P %dx%d", pooled, columns), y, kerneltest.Floats(argmax))
		}
	}
}
