package engine

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/tensor"
)

// unary returns the function that lowers a function of one number.
func unary(f eltwise.UnaryOp) func(l *lowering) error {
	return func(l *lowering) error {
		k := eltwise.NewUnary(l.isa, f, l.node.In[0].Shape.Elements())
		l.bind = func(b *binding) {
			x, y := b.in(0), b.out(0)
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32) })
		}
		return l.floats()
	}
}

// duplicate lowers compile.Copy.
func duplicate[T tensor.Element](l *lowering) error {
	n := l.node.In[0].Shape.Elements()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			copy(elements[T](y)[lo:hi], elements[T](x)[lo:hi])
		})
	}
	return of[T](l, 0)
}

// binary returns the function that lowers a function of two numbers.
func binary(f eltwise.BinaryOp) func(l *lowering) error {
	return func(l *lowering) error {
		x, y, z := l.node.In[0].Shape, l.node.In[1].Shape, l.node.Out[0].Shape
		if how, rows, cols, ok := rowBroadcast(x, y, z); ok {
			k := eltwise.NewBinary(l.isa, f, how, rows, cols)
			l.bind = func(b *binding) {
				x, y, z := b.in(0), b.in(1), b.out(0)
				b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32, z.f32) })
			}
			return of[float32](l, 0, 1)
		}
		k := eltwise.NewBinaryWalk(l.isa, f, l.walkOf())
		l.bind = func(b *binding) {
			x, y, z := b.in(0), b.in(1), b.out(0)
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32, z.f32) })
		}
		return of[float32](l, 0, 1)
	}
}

// rowBroadcast returns how the kernel for rows broadcasts shapes x and y to z; ok is false if it cannot.
func rowBroadcast(x, y, z tensor.Shape) (how eltwise.Broadcast, rows, cols int, ok bool) {
	n := z.Elements()
	switch {
	case x.Elements() == n && y.Elements() == n:
		return eltwise.Same, 1, n, true
	case x.Elements() == n && y.Elements() == 1:
		return eltwise.ScalarY, 1, n, true
	case y.Elements() == n && x.Elements() == 1:
		return eltwise.ScalarX, 1, n, true
	case x.Elements() == n && isSuffix(y, z):
		return eltwise.RowY, n / y.Elements(), y.Elements(), true
	case y.Elements() == n && isSuffix(x, z):
		return eltwise.RowX, n / x.Elements(), x.Elements(), true
	case x.Elements() == n && isPrefix(y, z):
		return eltwise.ColY, y.Elements(), n / y.Elements(), true
	case y.Elements() == n && isPrefix(x, z):
		return eltwise.ColX, x.Elements(), n / x.Elements(), true
	}
	return 0, 0, 0, false
}

// isSuffix reports whether z ends with s without its leading ones.
func isSuffix(s, z tensor.Shape) bool {
	for len(s) > 0 && s[0] == 1 {
		s = s[1:]
	}
	return s.Equal(z[len(z)-len(s):])
}

// isPrefix reports whether s has as many dimensions as z, and z begins with s without its trailing ones.
func isPrefix(s, z tensor.Shape) bool {
	if len(s) != len(z) {
		return false
	}
	for len(s) > 0 && s[len(s)-1] == 1 {
		s = s[:len(s)-1]
	}
	return s.Equal(z[:len(s)])
}

// strides returns the distance between adjacent elements along each dimension, in elements.
func strides(s tensor.Shape) []int {
	stride := make([]int, len(s))
	step := 1
	for d := len(s) - 1; d >= 0; d-- {
		stride[d] = step
		step *= s[d]
	}
	return stride
}

// repeated returns the strides of an operand of shape s that is broadcast to shape z, for a loop over z.
func repeated(s, z tensor.Shape) []int {
	stride := make([]int, len(z))
	for d, step := range strides(s) {
		if s[d] != 1 {
			stride[len(z)-len(s)+d] = step
		}
	}
	return stride
}

// choose lowers op.Select.
func choose(l *lowering) error {
	k := eltwise.NewSelect(l.isa, l.walkOf())
	l.bind = func(b *binding) {
		c, x, y, z := b.in(0), b.in(1), b.in(2), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, c.f32, x.f32, y.f32, z.f32) })
	}
	return of[float32](l, 0, 1, 2)
}

func fill[T any](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}
