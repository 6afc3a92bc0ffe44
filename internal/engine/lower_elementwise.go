package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
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
func duplicate(l *lowering) error {
	if l.node.In[0].DType != tensor.Int64 {
		return unary(eltwise.Copy)(l)
	}
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(1, func(int, []float32) { copy(y.i64, x.i64) })
	}
	return nil
}

// binary returns the function that lowers a function of two numbers.
func binary(f eltwise.BinaryOp) func(l *lowering) error {
	return func(l *lowering) error {
		x, y, z := l.node.In[0].Shape, l.node.In[1].Shape, l.node.Out[0].Shape
		switch l.node.In[0].DType {
		case tensor.Int64:
			return integers(l, func(m *memory) []int64 { return m.i64 })
		case tensor.Int32:
			return integers(l, func(m *memory) []int32 { return m.i32 })
		}
		if how, rows, cols, ok := rowBroadcast(x, y, z); ok {
			k := eltwise.NewBinary(l.isa, f, how, rows, cols)
			l.bind = func(b *binding) {
				x, y, z := b.in(0), b.in(1), b.out(0)
				b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32, z.f32) })
			}
			return l.floatsOrBools()
		}
		k := eltwise.NewBinaryWalk(l.isa, f, kernel.NewWalk(z, repeated(x, z), repeated(y, z)))
		l.bind = func(b *binding) {
			x, y, z := b.in(0), b.in(1), b.out(0)
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.f32, z.f32) })
		}
		return l.floatsOrBools()
	}
}

func (l *lowering) floatsOrBools() error {
	for i, v := range l.node.In {
		if v.DType != tensor.Float32 && v.DType != tensor.Bool {
			return fmt.Errorf("operand %d is %v, but the kernel takes float32", i, v.DType)
		}
	}
	return nil
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

// integers lowers arithmetic and comparisons of integers, which counters and labels need.
func integers[T int32 | int64](l *lowering, of func(*memory) []T) error {
	var f func(x, y T) T
	var test func(x, y T) bool
	switch op.BinaryFn(l.node.Op.Name()) {
	case op.Add:
		f = func(x, y T) T { return x + y }
	case op.Sub:
		f = func(x, y T) T { return x - y }
	case op.Mul:
		f = func(x, y T) T { return x * y }
	case op.Max:
		f = func(x, y T) T { return max(x, y) }
	case op.Min:
		f = func(x, y T) T { return min(x, y) }
	case op.Equal:
		test = func(x, y T) bool { return x == y }
	case op.Less:
		test = func(x, y T) bool { return x < y }
	case op.LessEqual:
		test = func(x, y T) bool { return x <= y }
	case op.Greater:
		test = func(x, y T) bool { return x > y }
	case op.GreaterEqual:
		test = func(x, y T) bool { return x >= y }
	default:
		return fmt.Errorf("no kernel for operands of type %v", l.node.In[0].DType)
	}
	sx, sy, sz := l.node.In[0].Shape, l.node.In[1].Shape, l.node.Out[0].Shape
	walk := kernel.NewWalk(sz, repeated(sx, sz), repeated(sy, sz))
	l.bind = func(b *binding) {
		x, y, z := b.in(0), b.in(1), b.out(0)
		b.step(kernel.Blocks(walk.Len()), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(walk.Len(), part)
			step := walk.Step()
			walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
				for i := range n {
					if a, b := of(x)[from.A+i*step.A], of(y)[from.B+i*step.B]; test != nil {
						z.f32[at+i] = truth(test(a, b))
					} else {
						of(z)[at+i] = f(a, b)
					}
				}
			})
		})
	}
	return nil
}

// choose lowers op.Select.
func choose(l *lowering) error {
	z := l.node.Out[0].Shape
	var stride [3][]int
	for i, v := range l.node.In {
		stride[i] = repeated(v.Shape, z)
	}
	k := eltwise.NewSelect(l.isa, kernel.NewWalk(z, stride[:]...))
	l.bind = func(b *binding) {
		c, x, y, z := b.in(0), b.in(1), b.in(2), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, c.f32, x.f32, y.f32, z.f32) })
	}
	return l.floatsOrBools()
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// cast lowers op.Cast. The engine keeps a Bool as a float32.
func cast(l *lowering) error {
	from, to := l.node.In[0].DType, l.node.Out[0].DType
	n := l.node.In[0].Shape.Elements()
	var convert func(x, y *memory, lo, hi int)
	switch [2]tensor.DType{from, to} {
	case [2]tensor.DType{tensor.Bool, tensor.Float32}:
		convert = func(x, y *memory, lo, hi int) { copy(y.f32[lo:hi], x.f32[lo:hi]) }
	case [2]tensor.DType{tensor.Float32, tensor.Bool}:
		convert = func(x, y *memory, lo, hi int) {
			for i := lo; i < hi; i++ {
				y.f32[i] = truth(x.f32[i] != 0)
			}
		}
	case [2]tensor.DType{tensor.Float32, tensor.Int32}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.f32[lo:hi], y.i32[lo:hi]) }
	case [2]tensor.DType{tensor.Float32, tensor.Int64}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.f32[lo:hi], y.i64[lo:hi]) }
	case [2]tensor.DType{tensor.Int32, tensor.Float32}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.i32[lo:hi], y.f32[lo:hi]) }
	case [2]tensor.DType{tensor.Int64, tensor.Float32}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.i64[lo:hi], y.f32[lo:hi]) }
	case [2]tensor.DType{tensor.Uint8, tensor.Float32}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.u8[lo:hi], y.f32[lo:hi]) }
	case [2]tensor.DType{tensor.Int32, tensor.Int64}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.i32[lo:hi], y.i64[lo:hi]) }
	case [2]tensor.DType{tensor.Int64, tensor.Int32}:
		convert = func(x, y *memory, lo, hi int) { numbers(x.i64[lo:hi], y.i32[lo:hi]) }
	default:
		return fmt.Errorf("no kernel from %v to %v", from, to)
	}
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			convert(x, y, lo, hi)
		})
	}
	return nil
}

// numbers converts the elements of x to the type of y.
func numbers[A, B float32 | int32 | int64 | uint8](x []A, y []B) {
	for i, v := range x {
		y[i] = B(v)
	}
}
