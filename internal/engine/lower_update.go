package engine

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/gemm"
	"github.com/lince-ml/lince/internal/kernel/optstep"
	"github.com/lince-ml/lince/tensor"
)

// assign lowers op.Assign.
func assign[T tensor.Element](l *lowering) error {
	d, n := l.node.In[0].DType, l.node.In[0].Shape.Elements()
	if d == tensor.Bool {
		return fmt.Errorf("no kernel for a variable of type %v", d)
	}
	l.bind = func(b *binding) {
		w, x := b.in(0), b.in(1)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			copy(elements[T](w)[lo:hi], elements[T](x)[lo:hi])
		})
	}
	return of[T](l, 0, 1)
}

// updates has a function for each optimizer's op. It returns a function that updates elements [lo, hi)
// of the op's variables with their gradient g. in(i) returns the memory of the op's operand i. It must
// not be called for the gradient.
var updates = map[string]func(l *lowering, o op.Op, in func(i int) *memory) func(lo, hi int, g []float32){
	"SGD": func(l *lowering, o op.Op, in func(i int) *memory) func(lo, hi int, g []float32) {
		a, k, n := o.(op.SGD), optstep.NewSGD(l.isa, 0), o.(op.Updater).Updates()
		w, m, lr := in(0), &memory{}, in(n+1)
		if a.Momentum > 0 {
			m = in(1)
		}
		return func(lo, hi int, g []float32) {
			s := optstep.SGD{LearningRate: lr.f32[0], Momentum: float32(a.Momentum), Nesterov: a.Nesterov, Decay: float32(a.Decay)}
			k.All(s, w.f32[lo:hi], g, m.part(lo, hi))
		}
	},
	"RMSprop": func(l *lowering, o op.Op, in func(i int) *memory) func(lo, hi int, g []float32) {
		a, k, n := o.(op.RMSprop), optstep.NewRMSprop(l.isa, 0), o.(op.Updater).Updates()
		w, v, m, mean, lr := in(0), in(1), &memory{}, &memory{}, in(n+1)
		if a.Momentum > 0 {
			m = in(2)
		}
		if a.Centered {
			mean = in(n - 1)
		}
		return func(lo, hi int, g []float32) {
			s := optstep.RMSprop{
				LearningRate: lr.f32[0], Rho: float32(a.Rho), Momentum: float32(a.Momentum),
				Epsilon: float32(a.Epsilon), Centered: a.Centered, Decay: float32(a.Decay),
			}
			k.All(s, w.f32[lo:hi], g, v.f32[lo:hi], m.part(lo, hi), mean.part(lo, hi))
		}
	},
	"Adam": func(l *lowering, o op.Op, in func(i int) *memory) func(lo, hi int, g []float32) {
		a, k, n := o.(op.Adam), optstep.NewAdam(l.isa, 0), o.(op.Updater).Updates()
		w, m, v, vmax, lr, steps := in(0), in(1), in(2), &memory{}, in(n+1), in(n+2)
		if a.AMSGrad {
			vmax = in(3)
		}
		return func(lo, hi int, g []float32) {
			s := optstep.Adam{
				LearningRate: lr.f32[0], Beta1: a.Beta1, Beta2: a.Beta2,
				Epsilon: float32(a.Epsilon), Step: int(steps.i64[0]) + 1, Decay: float32(a.Decay),
			}
			k.All(s, w.f32[lo:hi], g, m.f32[lo:hi], v.f32[lo:hi], vmax.part(lo, hi))
		}
	},
}

// part returns elements [lo, hi), or nil for empty memory.
func (m *memory) part(lo, hi int) []float32 {
	if m.f32 == nil {
		return nil
	}
	return m.f32[lo:hi]
}

// update lowers op.SGD, op.RMSprop and op.Adam.
func update(l *lowering) error {
	if err := l.updatable(l.node.Op, len(l.node.In)); err != nil {
		return err
	}
	n := l.node.In[0].Shape.Elements()
	l.bind = func(b *binding) {
		g := b.in(l.node.Op.(op.Updater).Updates())
		change := updates[l.node.Op.Name()](l, l.node.Op, b.in)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			change(lo, hi, g.f32[lo:hi])
		})
	}
	return nil
}

// matMulUpdate lowers compile.MatMulUpdate. Each part computes a block of the gradient in scratch and
// updates the variables with it.
func matMulUpdate(l *lowering) error {
	o := l.node.Op.(compile.MatMulUpdate).Update
	if err := l.updatable(o, len(l.node.In)); err != nil {
		return err
	}
	n := o.(op.Updater).Updates()
	a, w := l.node.In[n].Shape, l.node.In[0].Shape
	s := gemm.Shape{M: w[0], N: w[1], K: a[0], TransA: true}
	k := gemm.New(l.isa, s, gemm.Epilogue{})
	l.flops = s.FLOPs()
	l.scratch = k.BlockLen() + k.BlockScratchLen()
	l.bind = func(b *binding) {
		x, y := b.in(n), b.in(n+1)
		change := updates[o.Name()](l, o, func(i int) *memory {
			if i > n {
				i++ // the op has two matrices in place of the gradient
			}
			return b.in(i)
		})
		b.step(k.Blocks(), func(part int, scratch []float32) {
			g := scratch[:k.BlockLen()]
			lo, hi := k.RunBlock(part, x.f32, y.f32, g, scratch[k.BlockLen():])
			change(lo*s.N, hi*s.N, g[:(hi-lo)*s.N])
		})
	}
	return nil
}

// updatable checks the types of an update's operands.
func (l *lowering) updatable(o op.Op, operands int) error {
	want := slices.Repeat([]tensor.DType{tensor.Float32}, operands)
	if _, ok := o.(op.Adam); ok {
		if d := l.node.In[operands-1].DType; d != tensor.Int64 {
			return fmt.Errorf("the number of steps is %v, but the kernel takes int64", d)
		}
		want = want[:operands-1]
	}
	return l.types(want...)
}
