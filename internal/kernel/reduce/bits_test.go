package reduce

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, size := range [][2]int{{1, 1}, {15, 2}, {5, 33}, {33, 100}, {300, 22}} {
			rows, cols := size[0], size[1]
			x := kerneltest.Random(t, 1, rows*cols)
			s, dst := NewSumRows(isa, rows, cols), kerneltest.Junk(t, cols)
			partial := kerneltest.Junk(t, s.PartialLen())
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, partial) })
			kerneltest.Parts(s.ReduceParts(), func(p int) { s.Reduce(p, partial, dst) })
			bits.Check(isa, fmt.Sprintf("sum of rows %dx%d", rows, cols), dst)
			for op := Sum; op <= Min; op++ {
				l, dst := NewLast(isa, op, rows, cols), kerneltest.Junk(t, rows)
				kerneltest.Parts(l.Parts(), func(p int) { l.Run(p, x, dst) })
				bits.Check(isa, fmt.Sprintf("reduction %d %dx%d", op, rows, cols), dst)
			}
		}
	}
}
