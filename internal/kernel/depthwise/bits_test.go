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
			same(Shape{N: 2, H: 9, W: 20, C: 21, KH: 3, KW: 3}),
			same(Shape{H: 12, W: 11, C: 32, KH: 3, KW: 3, StrideH: 2, StrideW: 2}),
			same(Shape{H: 13, W: 19, C: 18, KH: 5, KW: 5}),
			valid(Shape{H: 11, W: 14, C: 7, KH: 5, KW: 5, StrideH: 2, StrideW: 2}),
			valid(Shape{H: 10, W: 9, C: 3, M: 2, KH: 2, KW: 4, DilationH: 2, DilationW: 2}),
			same(Shape{N: 2, H: 6, W: 7, C: 9, KH: 3, KW: 1, StrideH: 3}),
			same(Shape{H: 7, W: 9, C: 21, M: 2, KH: 3, KW: 3}),
			valid(Shape{H: 8, W: 7, C: 6, M: 4, KH: 3, KW: 3, StrideH: 2, StrideW: 2}),
			same(Shape{H: 6, W: 7, C: 19, M: 8, KH: 3, KW: 3}),
			same(Shape{H: 9, W: 10, C: 22, KH: 3, KW: 3, Group: 2}),
			same(Shape{N: 2, H: 8, W: 9, C: 20, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Group: 4}),
			valid(Shape{H: 9, W: 15, C: 40, KH: 5, KW: 3, DilationW: 2, Group: 8}),
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
			bits.Check(isa, fmt.Sprintf("%d input gradient", n), dx)
			b := NewGradFilter(isa, s, true)
			partial, dw, db := kerneltest.Junk(t, b.PartialLen()), kerneltest.Junk(t, nw), kerneltest.Junk(t, s.channels())
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, x, dy, partial, kerneltest.Junk(t, b.ScratchLen())) })
			kerneltest.Parts(b.ReduceParts(), func(p int) { b.Reduce(p, partial, dw, db) })
			bits.Check(isa, fmt.Sprintf("%d filter gradient", n), dw, db)
		}
	}
}
