package engine

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/internal/kernel/layernorm"
	"github.com/lince-ml/lince/internal/kernel/typed"
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
	case tensor.Int8:
		read = func(m *memory, i int) int { return int(elements[int8](m)[i]) }
	case tensor.Int16:
		read = func(m *memory, i int) int { return int(elements[int16](m)[i]) }
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

// gatherRows lowers op.Gather: each part copies some entries.
func gatherRows[T typed.Number](l *lowering) error {
	table, axis, n := l.node.In[0].Shape, l.node.Op.(op.Gather).Axis, l.node.In[1].Shape.Elements()
	outer, cols := table[:axis].Elements(), table[axis+1:].Elements()
	index, err := indexOf(l.node.In[1].DType, table[axis])
	if err != nil {
		return err
	}
	var missing T
	if l.node.In[0].DType.IsFloat() {
		missing = T(math.NaN())
	}
	l.bind = func(b *binding) {
		x, indices, y := b.in(0), b.in(1), b.out(0)
		parts := kernel.RowBlocks(outer*n, max(cols, 1))
		b.step(parts, func(part int, _ []float32) {
			from, all := elements[T](x), elements[T](y)
			lo, hi := kernel.Split(outer*n, parts, part)
			for i := lo; i < hi; i++ {
				to := all[i*cols : (i+1)*cols]
				if row := index(indices, i%n); row >= 0 {
					copy(to, from[(i/n*table[axis]+row)*cols:])
				} else {
					fill(to, missing)
				}
			}
		})
	}
	return of[T](l, 0)
}

// gatherRowsGrad lowers op.GatherGrad. Each part writes a block of the table's entries: it goes through all indices, and adds
// the gradients of those in its block in their order.
func gatherRowsGrad(l *lowering) error {
	table, axis, n := l.node.Out[0].Shape, l.node.Op.(op.GatherGrad).Axis, l.node.In[1].Shape.Elements()
	outer, rows, cols := table[:axis].Elements(), table[axis], table[axis+1:].Elements()
	index, err := indexOf(l.node.In[1].DType, rows)
	if err != nil {
		return err
	}
	const blocks = 16 // the indices are read this often
	parts := min(blocks, rows)
	l.bind = func(b *binding) {
		g, indices, dx := b.in(0), b.in(1), b.out(0)
		b.step(outer*parts, func(part int, _ []float32) {
			o := part / parts
			lo, hi := kernel.Split(rows, parts, part%parts)
			block := dx.f32[o*rows*cols:][:rows*cols]
			clear(block[lo*cols : hi*cols])
			for i := range n {
				row := index(indices, i)
				if row < lo || row >= hi {
					continue
				}
				from := g.f32[(o*n+i)*cols:][:cols]
				to := block[row*cols:][:len(from)]
				for c, v := range from {
					to[c] += v
				}
			}
		})
	}
	return l.types(tensor.Float32)
}
