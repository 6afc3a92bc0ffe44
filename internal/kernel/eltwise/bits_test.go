package eltwise

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		const n = 2003
		x, y, dst := numbers(t, 1, n), numbers(t, 2, n), make([]float32, n)
		for i := range x {
			x[i] *= float32(i%40 + 1)
		}
		for op := range UnaryOp(len(unaries)) {
			if op == Log || op == Log1p || op == Sin || op == Cos || op == Atan { // computed in Go, whose results differ between architectures
				continue
			}
			u := NewUnary(isa, op, n)
			kerneltest.Parts(u.Parts(), func(p int) { u.Run(p, x, dst) })
			bits.Check(isa, fmt.Sprint("unary ", op), dst)
		}
		for op := range BinaryOp(len(binaries)) {
			if op == Pow { // likewise
				continue
			}
			for b := Same; b <= ScalarX; b++ {
				rows, cols := 1, n
				if b == RowX || b == RowY || b == ColX || b == ColY {
					rows, cols = 43, 46
				}
				k := NewBinary(isa, op, b, rows, cols)
				kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, x, y, dst[:rows*cols]) })
				bits.Check(isa, fmt.Sprintf("binary %v, broadcast %v", op, b), dst[:rows*cols])
			}
		}
	}
}
