package engine

import (
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/batchnorm"
	"github.com/lince-ml/lince/internal/kernel/conv"
)

// activation returns the activation of package batchnorm for two flags of a fused op.
func activation(relu, relu6 bool) batchnorm.Activation {
	switch {
	case relu:
		return batchnorm.ReLU
	case relu6:
		return batchnorm.ReLU6
	}
	return batchnorm.Linear
}

// scaleShift lowers compile.ScaleShift.
func scaleShift(l *lowering) error {
	o := l.node.Op.(compile.ScaleShift)
	rows, channels := matrix(l.node.In[0].Shape)
	a := batchnorm.NewApply(l.isa, rows, channels, batchnorm.Epilogue{Residual: o.Residual, Activation: activation(o.ReLU, o.ReLU6)})
	l.work = a.CoefficientsLen()
	l.bind = func(b *binding) {
		x, scale, shift, residual, y, c := b.in(0), b.in(1), b.in(2), &memory{}, b.out(0), b.work
		if o.Residual {
			residual = b.in(3)
		}
		b.step(1, func(int, []float32) { a.Affine(scale.f32, shift.f32, c) })
		b.step(a.Parts(), func(part int, _ []float32) { a.Run(part, x.f32, residual.f32, c, y.f32) })
	}
	return l.floats()
}

// batchNorm lowers op.BatchNorm and compile.BatchNorm: first the statistics, then the result.
func batchNorm(l *lowering) error {
	o, ok := l.node.Op.(compile.BatchNorm)
	if !ok {
		o.BatchNorm = l.node.Op.(op.BatchNorm)
	}
	if err := l.elements(); err != nil {
		return err
	}
	rows, channels := matrix(l.node.In[0].Shape)
	m := batchnorm.NewMoments(l.isa, rows, channels)
	a := apply(l, o, rows, channels)
	l.work = m.PartialLen() + a.CoefficientsLen()
	l.bind = func(b *binding) {
		x, mean, variance, partial := b.in(0), b.out(1), b.out(2), b.work[:m.PartialLen()]
		b.step(m.Parts(), func(part int, _ []float32) { m.Run(part, x.f32, partial) })
		b.step(m.ReduceParts(), func(part int, _ []float32) { m.Reduce(part, x.f32, partial, mean.f32, variance.f32) })
		bindApply(l, b, a, o, 1, x, b.work[m.PartialLen():])
	}
	return l.floats()
}

// batchNormApply lowers compile.BatchNormApply.
func batchNormApply(l *lowering) error {
	o := l.node.Op.(compile.BatchNormApply).BatchNorm
	rows, channels := matrix(l.node.In[0].Shape)
	a := apply(l, o, rows, channels)
	l.work = a.CoefficientsLen()
	l.bind = func(b *binding) {
		gamma, beta, residual := l.optional(b, 3, o.Scale, o.Center, o.Residual)
		bindNormalize(b, a, o, b.in(0), b.in(1), b.in(2), gamma, beta, residual, b.work)
	}
	return l.floats()
}

// convBatchNorm lowers compile.ConvBatchNorm. If each part of the convolution computes a region of the
// result, it also computes the sums of its region for the statistics, while the region is in the cache.
func convBatchNorm(l *lowering) error {
	o := l.node.Op.(compile.ConvBatchNorm)
	s := convShape(o.Window, l.node.In[0].Shape, l.node.In[1].Shape)
	if err := s.Validate(); err != nil {
		return err
	}
	e := conv.Epilogue{Bias: o.Bias}
	k := conv.NewForward(l.isa, s, e)
	l.scratch, l.flops = k.ScratchLen(), s.FLOPs()
	l.choices = func() []conv.Choice { return conv.ForwardChoices(s, e) }
	rows, channels := matrix(l.node.Out[3].Shape)
	m, r := batchnorm.NewMoments(l.isa, rows, channels), regionMoments(l, k, rows, channels)
	length := m.PartialLen()
	if r != nil {
		length = r.PartialLen()
	}
	a := apply(l, o.BatchNorm, rows, channels)
	l.work = length + a.CoefficientsLen()
	l.pack(1, k.PackedLen())
	l.bind = func(b *binding) {
		packed := b.pack(1, k)
		images, x, bias, mean, variance, partial := b.in(0), b.out(3), &memory{}, b.out(1), b.out(2), b.work[:length]
		if o.Bias {
			bias = b.in(2)
		}
		b.step(k.Parts(), func(part int, scratch []float32) {
			k.Run(part, images.f32, packed, bias.f32, nil, x.f32, nil, scratch)
			if r != nil {
				r.Run(part, x.f32, partial)
			}
		})
		if r != nil {
			b.step(r.ReduceParts(), func(part int, _ []float32) { r.Reduce(part, partial, mean.f32, variance.f32) })
		} else {
			b.step(m.Parts(), func(part int, _ []float32) { m.Run(part, x.f32, partial) })
			b.step(m.ReduceParts(), func(part int, _ []float32) { m.Reduce(part, x.f32, partial, mean.f32, variance.f32) })
		}
		bindApply(l, b, a, o.BatchNorm, o.Operands(), x, b.work[length:])
	}
	return l.floats()
}

// regionMoments prepares the sums over the regions that a convolution's parts compute. It returns nil
// if the parts do not compute regions.
func regionMoments(l *lowering, k conv.Forward, rows, channels int) *batchnorm.RegionMoments {
	of, ok := k.(conv.Regional)
	if !ok {
		return nil
	}
	regions := make([]batchnorm.Region, k.Parts())
	for part := range regions {
		regions[part] = batchnorm.Region(of.Region(part))
	}
	return batchnorm.NewRegionMoments(l.isa, rows, channels, regions)
}

// apply prepares the normalization with known statistics.
func apply(l *lowering, o compile.BatchNorm, rows, channels int) *batchnorm.Apply {
	return batchnorm.NewApply(l.isa, rows, channels, batchnorm.Epilogue{Residual: o.Residual, Activation: activation(o.ReLU, o.ReLU6)})
}

// bindApply adds the steps that follow the statistics. The operands starting at index from are gamma,
// beta and the residual, as far as the node has them. With Statistics it adds a step that computes the scale.
func bindApply(l *lowering, b *binding, a *batchnorm.Apply, o compile.BatchNorm, from int, x *memory, coefficients []float32) {
	y, mean, variance := b.out(0), b.out(1), b.out(2)
	gamma, beta, residual := l.optional(b, from, o.Scale, o.Center, o.Residual)
	if o.Statistics {
		b.step(1, func(int, []float32) { batchnorm.Scale(variance.f32, gamma.f32, o.Epsilon, y.f32) })
		return
	}
	bindNormalize(b, a, o, x, mean, variance, gamma, beta, residual, coefficients)
}

// bindNormalize adds the steps that normalize x to the node's first result.
func bindNormalize(b *binding, a *batchnorm.Apply, o compile.BatchNorm, x, mean, variance, gamma, beta, residual *memory, coefficients []float32) {
	y := b.out(0)
	b.step(1, func(int, []float32) { a.Moments(mean.f32, variance.f32, gamma.f32, beta.f32, o.Epsilon, coefficients) })
	b.step(a.Parts(), func(part int, _ []float32) { a.Run(part, x.f32, residual.f32, coefficients, y.f32) })
}

// optional returns the memory of up to three optional operands. has has a flag for each: whether the
// node has the operand. The operands that the node has are consecutive, starting at operand from. The
// others get empty memory.
func (l *lowering) optional(b *binding, from int, has ...bool) (x, y, z *memory) {
	var m [3]*memory
	for i := range m {
		m[i] = &memory{}
		if i < len(has) && has[i] {
			m[i] = b.in(from)
			from++
		}
	}
	return m[0], m[1], m[2]
}

// batchNormGrad lowers op.BatchNormGrad and compile.BatchNormGrad.
func batchNormGrad(l *lowering) error {
	o, fused := l.node.Op.(compile.BatchNormGrad)
	mask := batchnorm.Mask{Activation: activation(fused && !o.ReLU6, o.ReLU6), Result: o.Result}
	if !fused {
		o.BatchNormGrad = l.node.Op.(op.BatchNormGrad)
	}
	rows, channels := matrix(l.node.In[1].Shape)
	k := batchnorm.NewGrad(l.isa, rows, channels, mask)
	l.work = k.PartialLen() + k.CoefficientsLen()
	l.bind = func(b *binding) {
		g, x, mean, variance := b.in(0), b.in(1), b.in(2), b.in(3)
		gamma, beta, y := l.optional(b, 4, o.Scale, o.Center, o.Result)
		dx, dgamma, dbeta, masked := b.out(0), b.out(1), b.out(2), g
		if o.Result {
			masked = b.out(3)
		}
		partial, c := b.work[:k.PartialLen()], b.work[k.PartialLen():]
		b.step(1, func(int, []float32) { k.Start(mean.f32, variance.f32, gamma.f32, beta.f32, o.Epsilon, c) })
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, g.f32, x.f32, y.f32, c, partial, masked.f32) })
		b.step(k.ReduceParts(), func(part int, _ []float32) {
			k.Reduce(part, g.f32, x.f32, y.f32, variance.f32, o.Epsilon, c, partial, dgamma.f32, dbeta.f32)
		})
		b.step(k.InputParts(), func(part int, _ []float32) { k.Input(part, masked.f32, x.f32, c, dx.f32) })
	}
	return l.floats()
}

// movingAverage lowers op.MovingAverage. The conversions round the products before they are added, so
// that no compiler fuses the two.
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
