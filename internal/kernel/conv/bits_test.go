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
			each(forwards, s, func(i implementation[Forward, Epilogue]) {
				name := fmt.Sprintf("%d forward %s", n, i.name)
				e := Epilogue{Bias: true, Add: true, ReLU: true, Limit: 2}
				y, _ := runForward(t, i.make(isa, s, e), s, e, x, w, bias, add)
				bits.Check(isa, name, y)
				e = Epilogue{Bias: true, ReLU: true, Pool: true}
				y, at := runForward(t, i.make(isa, s, e), s, e, x, w, bias, nil)
				bits.Check(isa, name+" pooled", y, kerneltest.Floats(at))
			})
			each(backwardsData, s, func(i implementation[BackwardData, bool]) {
				name := fmt.Sprintf("%d backward data %s", n, i.name)
				bits.Check(isa, name, runBackwardData(t, i.make(isa, s, false), s, dy, nil, w))
				bits.Check(isa, name+" pooled", runBackwardData(t, i.make(isa, s, true), s, g, argmax, w))
			})
			each(backwardsFilter, s, func(i implementation[BackwardFilter, Gradient]) {
				name := fmt.Sprintf("%d backward filter %s", n, i.name)
				if i.name != "sparse" {
					dw, db := runBackwardFilter(t, i.make(isa, s, Gradient{Bias: true}), s, true, x, dy, nil)
					bits.Check(isa, name, dw, db)
				}
				pooled := Gradient{Bias: true, Pooled: true}
				if i.name != "sparse" || sparsePossible(s, pooled) {
					dw, db := runBackwardFilter(t, i.make(isa, s, pooled), s, true, x, g, argmax)
					bits.Check(isa, name+" pooled", dw, db)
				}
			})
		}
	}
}
