package engine

import "github.com/lince-ml/lince/internal/kernel/softmax"

func sparsemax(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	k := softmax.NewSparsemax(rows, cols)
	l.scratch = k.ScratchLen()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, scratch []float32) { k.Run(part, x.f32, y.f32, scratch) })
	}
	return l.floats()
}

func sparsemaxGrad(l *lowering) error {
	rows, cols := matrix(l.node.In[1].Shape)
	k := softmax.NewSparsemax(rows, cols)
	l.scratch = k.ScratchLen()
	l.bind = func(b *binding) {
		dy, x, dx := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, scratch []float32) { k.Grad(part, dy.f32, x.f32, dx.f32, scratch) })
	}
	return l.floats()
}
