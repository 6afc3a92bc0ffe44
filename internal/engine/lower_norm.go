package engine

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/internal/kernel/layernorm"
	"github.com/lince-ml/lince/tensor"
)

// layerNorm lowers op.LayerNorm.
func layerNorm(l *lowering) error {
	o := l.node.Op.(op.LayerNorm)
	if err := l.elements(); err != nil {
		return err
	}
	rows, cols := matrix(l.node.In[0].Shape)
	k := layernorm.NewNormalize(l.isa, rows, cols, o.Epsilon)
	l.bind = func(b *binding) {
		x, y, mean, inverse := b.in(0), b.out(0), b.out(1), b.out(2)
		gamma, beta, _ := l.optional(b, 1, o.Scale, o.Center)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, gamma.f32, beta.f32, y.f32, mean.f32, inverse.f32) })
	}
	return l.floats()
}

// layerNormGrad lowers op.LayerNormGrad.
func layerNormGrad(l *lowering) error {
	o := l.node.Op.(op.LayerNormGrad)
	rows, cols := matrix(l.node.In[1].Shape)
	k := layernorm.NewGrad(l.isa, rows, cols, o.Sums)
	l.work = k.PartialLen()
	l.bind = func(b *binding) {
		g, x, mean, inverse, dx, partial := b.in(0), b.in(1), b.in(2), b.in(3), b.out(0), b.work
		gamma, _, _ := l.optional(b, 4, o.Scale)
		b.step(k.Parts(), func(part int, _ []float32) {
			k.Run(part, g.f32, x.f32, mean.f32, inverse.f32, gamma.f32, dx.f32, partial)
		})
		if o.Sums {
			dgamma, dbeta := b.out(1), b.out(2)
			b.step(k.ReduceParts(), func(part int, _ []float32) { k.Reduce(part, partial, dgamma.f32, dbeta.f32) })
		}
	}
	return l.floats()
}

// straightThrough lowers op.StraightThrough: it copies the second operand.
func straightThrough(l *lowering) error {
	k := eltwise.NewUnary(l.isa, eltwise.Copy, l.node.Out[0].Shape.Elements())
	l.bind = func(b *binding) {
		x, y := b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
	}
	return l.floats()
}

// indexOf returns a function that returns index i of an operand, modulo the length n of the table if it is negative. It
// returns -1 if the table has no such row.
func indexOf(d tensor.DType, n int) (func(m *memory, i int) int, error) {
	var read func(m *memory, i int) int
	switch d {
	case tensor.Int32:
		read = func(m *memory, i int) int { return int(m.i32[i]) }
	case tensor.Int64:
		read = func(m *memory, i int) int { return int(m.i64[i]) }
	case tensor.Uint8:
		read = func(m *memory, i int) int { return int(m.u8[i]) }
	default:
		return nil, fmt.Errorf("no kernel for indices of type %v", d)
	}
	return func(m *memory, i int) int {
		row := read(m, i)
		if row < 0 {
			row += n
		}
		if row < 0 || row >= n {
			return -1
		}
		return row
	}, nil
}

// gatherRows lowers op.Gather: each part copies some rows.
func gatherRows(l *lowering) error {
	table, n := l.node.In[0].Shape, l.node.In[1].Shape.Elements()
	cols := table[1:].Elements()
	index, err := indexOf(l.node.In[1].DType, table[0])
	if err != nil {
		return err
	}
	l.bind = func(b *binding) {
		x, indices, y := b.in(0), b.in(1), b.out(0)
		parts := kernel.RowBlocks(n, cols)
		b.step(parts, func(part int, _ []float32) {
			lo, hi := kernel.Split(n, parts, part)
			for i := lo; i < hi; i++ {
				to := y.f32[i*cols : (i+1)*cols]
				if row := index(indices, i); row >= 0 {
					copy(to, x.f32[row*cols:])
				} else {
					fill(to, float32(math.NaN()))
				}
			}
		})
	}
	return l.types(tensor.Float32)
}

// gatherRowsGrad lowers op.GatherGrad. Each part writes a block of rows of the table: it goes through all indices, and adds
// the gradients of those in its block in their order.
func gatherRowsGrad(l *lowering) error {
	table, n := l.node.Out[0].Shape, l.node.In[1].Shape.Elements()
	cols := table[1:].Elements()
	index, err := indexOf(l.node.In[1].DType, table[0])
	if err != nil {
		return err
	}
	const blocks = 16 // the indices are read this often
	parts := min(blocks, table[0])
	l.bind = func(b *binding) {
		g, indices, dx := b.in(0), b.in(1), b.out(0)
		b.step(parts, func(part int, _ []float32) {
			lo, hi := kernel.Split(table[0], parts, part)
			clear(dx.f32[lo*cols : hi*cols])
			for i := range n {
				row := index(indices, i)
				if row < lo || row >= hi {
					continue
				}
				from := g.f32[i*cols : (i+1)*cols]
				to := dx.f32[row*cols:][:len(from)]
				for c, v := range from {
					to[c] += v
				}
			}
		})
	}
	return l.types(tensor.Float32)
}
