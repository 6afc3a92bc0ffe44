package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/resample"
	"github.com/lince-ml/lince/tensor"
)

// resampled returns the maps of the rows and columns of images of shape x.
func resampled(o op.Resize, x tensor.Shape) (rows, columns resample.Axis) {
	axis := func(a int) resample.Axis {
		t := o.Taps(a, x[1+a])
		return resample.Axis{N: x[1+a], First: t.First, Weights: t.Weights}
	}
	return axis(0), axis(1)
}

func resize(l *lowering) error {
	x := l.node.In[0].Shape
	rows, columns := resampled(l.node.Op.(op.Resize), x)
	resampling(l, rows, columns)
	return l.floats()
}

func resizeGrad(l *lowering) error {
	rows, columns := resampled(l.node.Op.(op.ResizeGrad).Resize, l.node.In[1].Shape)
	resampling(l, rows.Transposed(), columns.Transposed())
	return l.types(tensor.Float32)
}

// resampling maps images to the result.
func resampling(l *lowering, rows, columns resample.Axis) {
	x := l.node.In[0].Shape
	if x.Elements() == 0 {
		l.bind = func(*binding) {}
		return
	}
	k := resample.New(l.isa, x[0], x[3], rows, columns)
	l.scratch = k.ScratchLen()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, y.f32, scratch) })
	}
}

// adaptiveMaxPool lowers op.AdaptiveMaxPool2D. A part has whole rows of results.
func adaptiveMaxPool(l *lowering) error {
	x, y := l.node.In[0].Shape, l.node.Out[0].Shape
	rows, c := y[0]*y[1], y[3]
	parts := kernel.RowBlocks(rows, kernel.CeilDiv(x[1], y[1])*x[2]*c)
	l.bind = func(b *binding) {
		in, out, argmax := b.in(0), b.out(0), b.out(1)
		b.step(parts, func(part int, _ []float32) {
			lo, hi := kernel.Split(rows, parts, part)
			for row := lo; row < hi; row++ {
				top, bottom := op.Adaptive(row%y[1], x[1], y[1])
				for j := range y[2] {
					left, right := op.Adaptive(j, x[2], y[2])
					best, at := out.f32[(row*y[2]+j)*c:][:c], argmax.i32[(row*y[2]+j)*c:][:c]
					first := true
					for w := left; w < right; w++ {
						for h := top; h < bottom; h++ {
							pixel := in.f32[((row/y[1]*x[1]+h)*x[2]+w)*c:][:c]
							for i, v := range pixel {
								if first || v > best[i] {
									best[i], at[i] = v, int32(h*x[2]+w)
								}
							}
							first = false
						}
					}
				}
			}
		})
	}
	return l.floats()
}

// adaptiveMaxPoolGrad lowers op.AdaptiveMaxPool2DGrad. A part is an image, because windows may overlap.
func adaptiveMaxPoolGrad(l *lowering) error {
	x, y := l.node.In[2].Shape, l.node.In[0].Shape
	pixels, results, c := x[1]*x[2]*x[3], y[1]*y[2]*y[3], x[3]
	l.bind = func(b *binding) {
		dy, argmax, dx := b.in(0), b.in(1), b.out(0)
		b.step(x[0], func(image int, _ []float32) {
			out := dx.f32[image*pixels:][:pixels]
			clear(out)
			at := argmax.i32[image*results:][:results]
			for i, g := range dy.f32[image*results:][:results] {
				out[int(at[i])*c+i%c] += g
			}
		})
	}
	return l.types(tensor.Float32, tensor.Int32)
}
