package conv

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
			layer{N: 2, H: 9, W: 11, C: 3, K: 3, O: 10}.shape(),
			layer{N: 1, H: 12, W: 14, C: 3, K: 3, O: 64}.shape(),
			layer{N: 2, H: 8, W: 7, C: 5, K: 2, O: 17, Stride: 2, Same: true}.shape(),
			layer{N: 1, H: 7, W: 9, C: 20, K: 1, O: 33}.shape(),
			layer{N: 2, H: 8, W: 13, C: 17, K: 3, O: 33}.shape(),
			layer{N: 1, H: 13, W: 8, C: 40, K: 3, O: 20, Same: true}.shape(),
			layer{N: 3, H: 12, W: 12, C: 3, K: 5, O: 7, Stride: 3, Same: true}.shape(),
		} {
			x, w, bias := kerneltest.Random(t, 1, s.imageLen()), kerneltest.Random(t, 2, s.filterLen()), kerneltest.Random(t, 3, s.O)
			dy, residual := kerneltest.Random(t, 4, s.resultLen()), kerneltest.Random(t, 5, s.resultLen())
			g, argmax, _ := pooledGradient(t, s)
			for _, e := range []Epilogue{{Bias: true, Residual: true, ReLU: true, Limit: 2}, {Bias: true, ReLU: true, Pool: true}} {
				each(forwards, s, e, func(i implementation[Forward, Epilogue]) {
					y, argmax := runForward(t, i.make(isa, s, e), s, e, x, w, bias, residual)
					if e.Pool {
						bits.Check(isa, fmt.Sprintf("%d forward %s pooled", n, i.name), y, kerneltest.Floats(argmax))
					} else {
						bits.Check(isa, fmt.Sprintf("%d forward %s", n, i.name), y)
					}
				})
			}
			for pooled, dy := range map[bool][]float32{false: dy, true: g} {
				name := ""
				if pooled {
					name = " pooled"
				}
				each(gradInputs, s, pooled, func(i implementation[GradInput, bool]) {
					bits.Check(isa, fmt.Sprintf("%d input gradient %s%s", n, i.name, name), runGradInput(t, i.make(isa, s, pooled), s, dy, argmax, w))
				})
				each(gradFilters, s, Gradient{Pooled: pooled}, func(i implementation[GradFilter, Gradient]) {
					dw, db := runGradFilter(t, i.make(isa, s, Gradient{Bias: true, Pooled: pooled}), s, true, x, dy, argmax)
					bits.Check(isa, fmt.Sprintf("%d filter gradient %s%s", n, i.name, name), dw, db)
				})
			}
		}
	}
}
