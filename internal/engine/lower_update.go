package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/optstep"
	"github.com/lince-ml/lince/tensor"
)

// assign copies a value into a variable of any type.
func assign(l *lowering) error {
	d, n := l.node.In[0].DType, l.node.In[0].Shape.Elements()
	if d == tensor.Bool {
		return fmt.Errorf("a variable of type %v", d)
	}
	l.bind = func(b *binding) {
		w, x := b.in(0), b.in(1)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			switch d {
			case tensor.Float32:
				copy(w.f32[lo:hi], x.f32[lo:hi])
			case tensor.Int32:
				copy(w.i32[lo:hi], x.i32[lo:hi])
			case tensor.Int64:
				copy(w.i64[lo:hi], x.i64[lo:hi])
			case tensor.Uint8:
				copy(w.u8[lo:hi], x.u8[lo:hi])
			}
		})
	}
	return nil
}

func sgd(l *lowering) error {
	o := l.node.Op.(op.SGD)
	k := optstep.NewSGD(l.isa, l.node.In[0].Shape.Elements())
	l.bind = func(b *binding) {
		w, m, g, lr := b.in(0), &memory{}, b.in(o.Updates()), b.in(o.Updates()+1)
		if o.Momentum > 0 {
			m = b.in(1)
		}
		b.step(k.Parts(), func(part int, _ []float32) {
			k.Run(part, optstep.SGD{LearningRate: lr.f32[0], Momentum: float32(o.Momentum), Nesterov: o.Nesterov}, w.f32, g.f32, m.f32)
		})
	}
	return l.floats()
}

func rmsprop(l *lowering) error {
	o := l.node.Op.(op.RMSprop)
	k := optstep.NewRMSprop(l.isa, l.node.In[0].Shape.Elements())
	n := o.Updates()
	l.bind = func(b *binding) {
		w, v, m, a, g, lr := b.in(0), b.in(1), &memory{}, &memory{}, b.in(n), b.in(n+1)
		if o.Momentum > 0 {
			m = b.in(2)
		}
		if o.Centered {
			a = b.in(n - 1)
		}
		b.step(k.Parts(), func(part int, _ []float32) {
			k.Run(part, optstep.RMSprop{
				LearningRate: lr.f32[0], Rho: float32(o.Rho), Momentum: float32(o.Momentum),
				Epsilon: float32(o.Epsilon), Centered: o.Centered,
			}, w.f32, g.f32, v.f32, m.f32, a.f32)
		})
	}
	return l.floats()
}

func adam(l *lowering) error {
	o := l.node.Op.(op.Adam)
	k := optstep.NewAdam(l.isa, l.node.In[0].Shape.Elements())
	n := o.Updates()
	if d := l.node.In[n+2].DType; d != tensor.Int64 {
		return fmt.Errorf("the number of steps is %v, the kernel takes int64", d)
	}
	l.bind = func(b *binding) {
		w, m, v, top, g, lr, steps := b.in(0), b.in(1), b.in(2), &memory{}, b.in(n), b.in(n+1), b.in(n+2)
		if o.AMSGrad {
			top = b.in(3)
		}
		b.step(k.Parts(), func(part int, _ []float32) {
			k.Run(part, optstep.Adam{
				LearningRate: lr.f32[0], Beta1: float32(o.Beta1), Beta2: float32(o.Beta2),
				Epsilon: float32(o.Epsilon), Step: int(steps.i64[0]) + 1,
			}, w.f32, g.f32, m.f32, v.f32, top.f32)
		})
	}
	return l.types(tensor.Float32, tensor.Float32, tensor.Float32)
}
