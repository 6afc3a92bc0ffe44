package engine

import (
	"github.com/lince-ml/lince/graph/op"
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
