package depthwise

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for n, s := range []Shape{
			shape(2, 9, 20, 21, 1, 3, 3, 1, 1, 1, 1, true),
			shape(1, 12, 11, 32, 1, 3, 3, 2, 2, 1, 1, true),
			shape(1, 13, 19, 18, 1, 5, 5, 1, 1, 1, 1, true),
			shape(1, 11, 14, 7, 1, 5, 5, 2, 2, 1, 1, false),
			shape(1, 10, 9, 3, 2, 2, 4, 1, 1, 2, 2, false),
			shape(2, 6, 7, 9, 1, 3, 1, 3, 1, 1, 1, true),
			shape(1, 7, 9, 21, 2, 3, 3, 1, 1, 1, 1, true),
			shape(1, 8, 7, 6, 4, 3, 3, 2, 2, 1, 1, false),
			shape(1, 6, 7, 19, 8, 3, 3, 1, 1, 1, 1, true),
			grouped(shape(1, 9, 10, 22, 1, 3, 3, 1, 1, 1, 1, true), 2),
			grouped(shape(2, 8, 9, 20, 1, 3, 3, 2, 2, 1, 1, true), 4),
			grouped(shape(1, 9, 15, 40, 1, 5, 3, 1, 1, 1, 2, false), 8),
		} {
			nx, nw, ny := s.lens()
			x, w, bias, dy := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 2, nw), kerneltest.Random(t, 3, s.channels()), kerneltest.Random(t, 4, ny)
			for _, e := range epilogues {
				f, y := NewForward(isa, s, e), kerneltest.Junk(t, ny)
				kerneltest.Parts(f.Parts(), func(p int) { f.Run(p, x, w, bias, y, kerneltest.Junk(t, f.ScratchLen())) })
				bits.Check(isa, fmt.Sprintf("%d forward %+v", n, e), y)
			}
			d, dx := NewGradInput(isa, s), kerneltest.Junk(t, nx)
			kerneltest.Parts(d.Parts(), func(p int) { d.Run(p, dy, w, dx, kerneltest.Junk(t, d.ScratchLen())) })
			bits.Check(isa, fmt.Sprintf("%d backward data", n), dx)
			b := NewGradFilter(isa, s, true)
			partial, dw, db := kerneltest.Junk(t, b.PartialLen()), kerneltest.Junk(t, nw), kerneltest.Junk(t, s.channels())
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, x, dy, partial, kerneltest.Junk(t, b.ScratchLen())) })
			kerneltest.Parts(b.ReduceParts(), func(p int) { b.Reduce(p, partial, dw, db) })
			bits.Check(isa, fmt.Sprintf("%d backward filter", n), dw, db)
		}
	}
}

func grouped(s Shape, members int) Shape {
	s.Group = members
	return s
}
