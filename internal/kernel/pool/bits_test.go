package pool

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for n, l := range []layer{
			{N: 2, H: 7, W: 9, C: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Same: true},
			{N: 1, H: 8, W: 8, C: 35, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
			{N: 1, H: 8, W: 7, C: 24, KH: 3, KW: 2, StrideH: 1, StrideW: 1, Same: true},
		} {
			s := l.shape()
			nx, ny := s.lens()
			x, dy := ties(t, nx), kerneltest.Random(t, 2, ny)
			m, mg, a, ag := NewMax(isa, s), NewMaxGrad(isa, s), NewAverage(isa, s), NewAverageGrad(isa, s)
			y, argmax, dx := kerneltest.Junk(t, ny), kerneltest.Guarded[uint8](t, ny), kerneltest.Junk(t, nx)
			kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, y, argmax) })
			kerneltest.Parts(mg.Parts(), func(p int) { mg.Run(p, dy, argmax, dx) })
			bits.Check(isa, fmt.Sprint("max ", n), y, kerneltest.Floats(argmax), dx)
			kerneltest.Parts(a.Parts(), func(p int) { a.Run(p, x, y) })
			kerneltest.Parts(ag.Parts(), func(p int) { ag.Run(p, dy, dx) })
			bits.Check(isa, fmt.Sprint("average ", n), y, dx)
		}
		for _, c := range []int{8, 20} {
			g, argmax := kerneltest.Random(t, 1, 3*c), kerneltest.Guarded[uint8](t, 3*c)
			for i := range argmax {
				argmax[i] = uint8(i * 7 % 5)
			}
			upper, lower := kerneltest.Junk(t, 6*c), kerneltest.Junk(t, 6*c)
			Unpool2x2(isa, upper, lower, g, argmax, 3, c)
			bits.Check(isa, fmt.Sprint("unpool ", c), upper, lower)
		}
	}
}
