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
			shape(2, 9, 11, 3, 3, 10, 1, 1, false),
			shape(1, 12, 14, 3, 3, 64, 1, 1, false),
			shape(2, 8, 7, 5, 2, 17, 2, 1, true),
			shape(1, 7, 9, 20, 1, 33, 1, 1, false),
			shape(2, 8, 13, 17, 3, 33, 1, 1, false),
			shape(1, 13, 8, 40, 3, 20, 1, 1, true),
			shape(3, 12, 12, 3, 5, 7, 3, 1, true),
		} {
			x, w, bias := kerneltest.Random(t, 1, s.imageLen()), kerneltest.Random(t, 2, s.filterLen()), kerneltest.Random(t, 3, s.O)
			dy, add := kerneltest.Random(t, 4, s.resultLen()), kerneltest.Random(t, 5, s.resultLen())
			g, argmax, _ := pooledGradient(t, s)
			for _, e := range []Epilogue{{Bias: true, Add: true, ReLU: true, Limit: 2}, {Bias: true, ReLU: true, Pool: true}} {
				each(forwards, s, e, func(i implementation[Forward, Epilogue]) {
					y, at := runForward(t, i.make(isa, s, e), s, e, x, w, bias, add)
					if e.Pool {
						bits.Check(isa, fmt.Sprintf("%d forward %s pooled", n, i.name), y, kerneltest.Floats(at))
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
					bits.Check(isa, fmt.Sprintf("%d backward data %s%s", n, i.name, name), runGradInput(t, i.make(isa, s, pooled), s, dy, argmax, w))
				})
				each(gradFilters, s, Gradient{Pooled: pooled}, func(i implementation[GradFilter, Gradient]) {
					dw, db := runGradFilter(t, i.make(isa, s, Gradient{Bias: true, Pooled: pooled}), s, true, x, dy, argmax)
					bits.Check(isa, fmt.Sprintf("%d backward filter %s%s", n, i.name, name), dw, db)
				})
			}
		}
	}
}
