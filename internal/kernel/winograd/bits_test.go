package winograd

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestBits(t *testing.T) {
	bits := kerneltest.NewBits(t)
	for _, isa := range kernel.Available() {
		for _, c := range []int{16, 21, 32} {
			check := func(name string, results ...[]float32) {
				t.Helper()
				bits.Check(isa, fmt.Sprintf("%s %d", name, c), results...)
			}
			x, bias := kerneltest.Random(t, 1, 36*c), kerneltest.Random(t, 2, c)
			planes := make([]float32, GradientPlanes*c)
			Image(isa, AllRows, planes, c, c, x, 6*c, c, c, 1)
			check("image", planes)
			y, argmax := make([]float32, 16*c), make([]uint8, 4*c)
			for _, relu := range []bool{false, true} {
				Result(isa, y, 4*c, c, x, c, c, bias, relu, c, 1)
				check(fmt.Sprint("result ", relu), y)
			}
			ResultPool(isa, y[:4*c], argmax, 2*c, c, x, c, c, bias, c, 1)
			check("result, pooled", y[:4*c], kerneltest.Floats(argmax))
			Gradient(isa, AllRows, planes, c, c, x, 4*c, c, c, 1)
			check("gradient", planes)
			GradientPooled(isa, AllRows, planes, c, c, x, argmax, 2*c, c, c, 1)
			check("gradient, pooled", planes)
			dw := make([]float32, 9*c)
			FilterGradient(isa, dw, c, x, c, c)
			check("filter gradient", dw)
			if c%16 == 0 {
				dx := kerneltest.Random(t, 3, 36*c)
				carry := append([]float32(nil), dx[:12*c]...) // rows 0 and 1 without those of rows 4 and 5
				for row := range 2 {
					copy(carry[row*6*c:][:2*c], dx[(Tile+row)*6*c:])
				}
				AddImage(isa, dx[:24*c], 6*c, carry, 6*c, c, x, c, c, c, 1)
				check("add image", dx[:24*c], carry)
				Filter(isa, x, c, c)
				check("filter", x)
			}
		}
	}
}
