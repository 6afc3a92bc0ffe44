package engine

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/optstep"
	"github.com/lince-ml/lince/tensor"
)

// whenLowering lowers op.When: the steps of the update run only if the condition holds.
func whenLowering(lower func(l *lowering) error) func(l *lowering) error {
	return func(l *lowering) error {
		last := len(l.node.In) - 1
		update := *l
		update.node = &graph.Node{Op: l.node.Op.(op.When).Update, In: l.node.In[:last], Layer: l.node.Layer}
		if err := lower(&update); err != nil {
			return err
		}
		l.work, l.scratch, l.flops = update.work, update.scratch, update.flops
		l.bind = func(b *binding) {
			whole, from, cond := b.node, len(b.instance.steps), b.in(last)
			b.node = update.node
			update.bind(b)
			b.node = whole
			for i := range b.instance.steps[from:] {
				s := &b.instance.steps[from+i]
				run := s.run
				s.node, s.run = whole, func(part int, scratch []float32) {
					if cond.f32[0] != 0 {
						run(part, scratch)
					}
				}
			}
		}
		return nil
	}
}

// averageWeights lowers op.AverageWeights.
func averageWeights(l *lowering) error {
	if err := l.types(tensor.Float32, tensor.Float32, tensor.Int64); err != nil {
		return err
	}
	o, n := l.node.Op.(op.AverageWeights), l.node.In[0].Shape.Elements()
	l.bind = func(b *binding) {
		a, w, updates := b.in(0), b.in(1), b.in(2)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			m := float32(o.Momentum)
			if updates.i64[0] == 0 {
				m = 0
			}
			optstep.Average(m, a.f32[lo:hi], w.f32[lo:hi])
			if o.Overwrite > 0 && (updates.i64[0]+1)%int64(o.Overwrite) == 0 {
				copy(w.f32[lo:hi], a.f32[lo:hi])
			}
		})
	}
	return nil
}

// every lowers op.Every.
func every(l *lowering) error {
	n := int64(l.node.Op.(op.Every).N)
	l.bind = func(b *binding) {
		steps, groups, completes := b.in(0), b.out(0), b.out(1)
		b.step(1, func(int, []float32) {
			s := steps.i64[0]
			groups.i64[0], completes.f32[0] = s/n, truth((s+1)%n == 0)
		})
	}
	return nil
}

// scheduled lowers op.Schedule.
func scheduled(l *lowering) error {
	s := l.node.Op.(op.Schedule).Of
	l.bind = func(b *binding) {
		steps, rate := b.in(0), b.out(0)
		b.step(1, func(int, []float32) { rate.f32[0] = float32(s.At(steps.i64[0])) })
	}
	return nil
}
