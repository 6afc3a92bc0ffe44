package engine

import (
	"github.com/lince-ml/lince/internal/kernel/softmax"
	"github.com/lince-ml/lince/tensor"
)

// matrix returns the number of rows along the last dimension of a shape, and their length.
func matrix(s tensor.Shape) (rows, cols int) {
	cols = s[len(s)-1]
	return s.Elements() / max(cols, 1), cols
}

func softmaxRows(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	k := softmax.New(l.isa, rows, cols)
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
	}
	return l.floats()
}

func softmaxGrad(l *lowering) error {
	rows, cols := matrix(l.node.In[1].Shape)
	k := softmax.NewGrad(l.isa, rows, cols)
	l.bind = func(b *binding) {
		dy, y, dx := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, dy.f32, y.f32, dx.f32) })
	}
	return l.floats()
}

func crossEntropy(l *lowering) error {
	if err := l.elements(); err != nil {
		return err
	}
	rows, cols := matrix(l.node.In[0].Shape)
	k := softmax.NewCrossEntropy(l.isa, rows, cols)
	l.bind = func(b *binding) {
		logits, labels, loss := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, logits.f32, labels.f32, loss.f32) })
	}
	return l.floats()
}

func crossEntropyGrad(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	k := softmax.NewCrossEntropyGrad(l.isa, rows, cols)
	l.bind = func(b *binding) {
		logits, labels, scale, dx := b.in(0), b.in(1), b.in(2), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, logits.f32, labels.f32, scale.f32, dx.f32) })
	}
	return l.floats()
}
