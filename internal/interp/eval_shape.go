package interp

import (
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
