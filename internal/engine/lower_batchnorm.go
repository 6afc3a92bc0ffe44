package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/batchnorm"
)

// batchNorm is op.BatchNorm: the statistics, then the result.
func batchNorm(l *lowering) error {
	o := l.node.Op.(op.BatchNorm)
	rows, channels := matrix(l.node.In[0].Shape)
	m := batchnorm.NewMoments(l.isa, rows, channels)
	a := batchnorm.NewApply(l.isa, rows, channels, batchnorm.Epilogue{})
	l.work = m.PartialLen() + a.CoefficientsLen()
	l.bind = func(b *binding) {
		x, y, mean, variance, gamma, beta := b.in(0), b.out(0), b.out(1), b.out(2), &memory{}, &memory{}
		if o.Scale {
			gamma = b.in(1)
		}
		if o.Center {
			beta = b.in(len(l.node.In) - 1)
		}
		partial, c := b.work[:m.PartialLen()], b.work[m.PartialLen():]
		b.step(m.Parts(), func(part int, _ []float32) { m.Run(part, x.f32, partial) })
		b.step(m.ReduceParts(), func(part int, _ []float32) { m.Reduce(part, x.f32, partial, mean.f32, variance.f32) })
		b.step(1, func(int, []float32) { a.Moments(mean.f32, variance.f32, gamma.f32, beta.f32, o.Epsilon, c) })
		b.step(a.Parts(), func(part int, _ []float32) { a.Run(part, x.f32, nil, c, y.f32) })
	}
	return l.floats()
}

// batchNormGrad is op.BatchNormGrad.
func batchNormGrad(l *lowering) error {
	o := l.node.Op.(op.BatchNormGrad)
	rows, channels := matrix(l.node.In[1].Shape)
	k := batchnorm.NewBackward(l.isa, rows, channels, batchnorm.Mask{})
	l.work = k.PartialLen() + k.CoefficientsLen()
	l.bind = func(b *binding) {
		g, x, mean, variance, gamma := b.in(0), b.in(1), b.in(2), b.in(3), &memory{}
		if o.Scale {
			gamma = b.in(4)
		}
		dx, dgamma, dbeta := b.out(0), b.out(1), b.out(2)
		partial, c := b.work[:k.PartialLen()], b.work[k.PartialLen():]
		b.step(1, func(int, []float32) { k.Start(mean.f32, variance.f32, gamma.f32, nil, o.Epsilon, c) })
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, g.f32, x.f32, nil, c, partial, nil) })
		b.step(k.ReduceParts(), func(part int, _ []float32) {
			k.Reduce(part, g.f32, x.f32, nil, variance.f32, o.Epsilon, c, partial, dgamma.f32, dbeta.f32)
		})
		b.step(k.DataParts(), func(part int, _ []float32) { k.Data(part, g.f32, x.f32, c, dx.f32) })
	}
	return l.floats()
}

// movingAverage is op.MovingAverage; products are rounded before they are added.
func movingAverage(l *lowering) error {
	n := l.node.In[0].Shape.Elements()
	momentum := l.node.Op.(op.MovingAverage).Momentum
	keep, rest := float32(momentum), float32(1-momentum)
	l.bind = func(b *binding) {
		v, x := b.in(0), b.in(1)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			for i := lo; i < hi; i++ {
				v.f32[i] = float32(v.f32[i]*keep) + float32(x.f32[i]*rest)
			}
		})
	}
	return l.floats()
}
