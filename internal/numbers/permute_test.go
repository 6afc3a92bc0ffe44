package numbers

import (
	"testing"

	"github.com/lince-ml/lince/tensor"
)

func TestPermute(t *testing.T) {
	for _, shape := range []tensor.Shape{{70, 45}, {33, 5, 2, 3}, {40, 70, 1, 1}, {1, 1, 1, 1}, {3, 1, 64, 1}, {0, 3, 2, 2}} {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(i)
		}
		orders := [][]int{{0, 1}, {1, 0}}
		if len(shape) == 4 {
			orders = [][]int{{0, 1, 2, 3}, {2, 3, 1, 0}, {2, 3, 0, 1}, {3, 2, 1, 0}, {1, 0, 3, 2}}
		}
		for _, axes := range orders {
			y := Permute(x, axes)
			index := make([]int, len(axes))
			for i, got := range y.Float32s() {
				rest := i
				for k := len(axes) - 1; k >= 0; k-- {
					n := y.Shape()[k]
					if n != shape[axes[k]] {
						t.Fatalf("%v by %v has shape %v", shape, axes, y.Shape())
					}
					index[axes[k]] = rest % n
					rest /= n
				}
				at := 0
				for k, n := range shape {
					at = at*n + index[k]
				}
				if got != float32(at) {
					t.Fatalf("%v by %v: element %d is %v, want %v", shape, axes, i, got, at)
				}
			}
			if y.Len() != x.Len() {
				t.Errorf("%v by %v has %d elements", shape, axes, y.Len())
			}
		}
	}
	// Other sizes of elements.
	for _, y := range []*tensor.Tensor{
		Permute(tensor.Of([]uint8{1, 2, 3, 4, 5, 6}, 2, 3), []int{1, 0}), Permute(tensor.Of([]int16{1, 2, 3, 4, 5, 6}, 2, 3), []int{1, 0}),
		Permute(tensor.Of([]float64{1, 2, 3, 4, 5, 6}, 2, 3), []int{1, 0}),
	} {
		at := At(y)
		for i, w := range []float64{1, 4, 2, 5, 3, 6} {
			if got := at(i); got != w {
				t.Errorf("%v: element %d is %v, want %v", y, i, got, w)
			}
		}
	}
}
