package interp

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// slide calls f for each result (n, oh, ow) of a window and for each pixel (ih, iw) of x in that
// window, with the pixel's position (kh, kw) in the window.
func slide(w op.Window, x, y tensor.Shape, f func(n, oh, ow, ih, iw, kh, kw int)) {
	top, left := w.Before(0, x[1]), w.Before(1, x[2])
	for n := range y[0] {
		for oh := range y[1] {
			for ow := range y[2] {
				for kh := range w.Size[0] {
					for kw := range w.Size[1] {
						ih := oh*w.Stride[0] + kh*w.Dilation[0] - top
						iw := ow*w.Stride[1] + kw*w.Dilation[1] - left
						if ih >= 0 && ih < x[1] && iw >= 0 && iw < x[2] {
							f(n, oh, ow, ih, iw, kh, kw)
						}
					}
				}
			}
		}
	}
}

// conv calls f for each product of a convolution with the indices of its elements of the images x,
// the filter w and the result y.
func conv(o op.Conv2D, x, w, y *Array, f func(x, w, y int)) {
	xs, ys, c, outputs := x.Shape, y.Shape, w.Shape[2], w.Shape[3]
	group := outputs / max(o.Groups, 1)
	slide(o.Window, xs, ys, func(n, oh, ow, ih, iw, kh, kw int) {
		xi, yi, wi := ((n*xs[1]+ih)*xs[2]+iw)*xs[3], ((n*ys[1]+oh)*ys[2]+ow)*outputs, (kh*o.Size[1]+kw)*c*outputs
		for ci := range c {
			for oi := range outputs {
				f(xi+oi/group*c+ci, wi+ci*outputs+oi, yi+oi)
			}
		}
	})
}

// depthwise is conv for a depthwise convolution.
func depthwise(o op.Window, x, w, y *Array, f func(x, w, y int)) {
	xs, ys, c, m := x.Shape, y.Shape, w.Shape[2], w.Shape[3]
	slide(o, xs, ys, func(n, oh, ow, ih, iw, kh, kw int) {
		xi, yi, wi := ((n*xs[1]+ih)*xs[2]+iw)*c, ((n*ys[1]+oh)*ys[2]+ow)*c*m, (kh*o.Size[1]+kw)*c*m
		for i := range c * m {
			f(xi+i/m, wi+i, yi+i)
		}
	})
}

// pool calls f for each element of each window with the indices of the element in x and of the result
// in y, and the element's position in the window, row*width + column.
func pool(w op.Window, x, y *Array, f func(x, y, position int)) {
	xs, ys, c := x.Shape, y.Shape, x.Shape[3]
	slide(w, xs, ys, func(n, oh, ow, ih, iw, kh, kw int) {
		xi, yi := ((n*xs[1]+ih)*xs[2]+iw)*c, ((n*ys[1]+oh)*ys[2]+ow)*c
		for ci := range c {
			f(xi+ci, yi+ci, kh*w.Size[1]+kw)
		}
	})
}

// counts returns the number of pixels in the window of each result.
func counts(w op.Window, x, y *Array) []float64 {
	count := make([]float64, len(y.V))
	pool(w, x, y, func(_, y, _ int) { count[y]++ })
	return count
}
