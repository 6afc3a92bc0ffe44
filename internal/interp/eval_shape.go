package interp

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// resample calls f for each product of Resize with the indices of its elements of the images, of shape x, and of the
// result, of shape y, and its weight.
func resample(o op.Resize, x, y tensor.Shape, f func(x, y int, w float64)) {
	rows, columns := o.Taps(0, x[1]), o.Taps(1, x[2])
	each(y, func(i int, at []int) {
		for j, v := range rows.Weights[at[1]] {
			for k, w := range columns.Weights[at[2]] {
				h, c := rows.First[at[1]]+j, columns.First[at[2]]+k
				f(((at[0]*x[1]+h)*x[2]+c)*x[3]+at[3], i, float64(v)*float64(w))
			}
		}
	})
}

// adaptiveMax computes op.AdaptiveMaxPool2D. It visits the columns of a window in order, and in each column the rows.
func adaptiveMax(_ *graph.Node, in, out []*Array) {
	x, y := in[0].Shape, out[0].Shape
	each(y, func(i int, at []int) {
		top, bottom := op.Adaptive(at[1], x[1], y[1])
		left, right := op.Adaptive(at[2], x[2], y[2])
		best := -1
		for c := left; c < right; c++ {
			for r := top; r < bottom; r++ {
				v := in[0].at([]int{at[0], r, c, at[3]})
				if best < 0 || v > out[0].V[i] {
					best, out[0].V[i] = r*x[2]+c, v
				}
			}
		}
		out[1].V[i] = float64(best)
	})
}

func adaptiveMaxGrad(_ *graph.Node, in, out []*Array) {
	x := out[0].Shape
	each(in[0].Shape, func(i int, at []int) {
		pixel := int(in[1].V[i])
		*out[0].ptr([]int{at[0], pixel / x[2], pixel % x[2], at[3]}) += in[0].V[i]
	})
}
