package engine

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/internal/kernel/typed"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// view lowers ops that compute nothing: the result has the operand's memory.
func view(l *lowering) error {
	l.bind = func(*binding) {}
	return nil
}

func transpose[T tensor.Element](l *lowering) error {
	s, z := l.node.In[0].Shape, l.node.Out[0].Shape
	stride := make([]int, len(z))
	for i, d := range l.node.Op.(op.Transpose).Perm {
		stride[i] = strides(s)[d]
	}
	gather[T](l, stride, 0)
	return of[T](l, 0)
}

func broadcast[T tensor.Element](l *lowering) error {
	gather[T](l, repeated(l.node.In[0].Shape, l.node.Out[0].Shape), 0)
	return of[T](l, 0)
}

func slice[T tensor.Element](l *lowering) error {
	stride, first := strides(l.node.In[0].Shape), 0
	for d, n := range l.node.Op.(op.Slice).Begin {
		first += n * stride[d]
	}
	gather[T](l, stride, first)
	return of[T](l, 0)
}

// gather copies elements of the operand to the result. first is the index in the operand of the
// result's first element. stride is the distance, in elements of the operand, between adjacent
// elements along each dimension of the result.
func gather[T tensor.Element](l *lowering, stride []int, first int) {
	walk := kernel.NewWalk(l.node.Out[0].Shape, stride)
	step := walk.Step().A
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(walk.Len()), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(walk.Len(), part)
			in, out := elements[T](x), elements[T](y)
			walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
				src, dst := first+from.A, out[at:at+n]
				switch step {
				case 0:
					fill(dst, in[src])
				case 1:
					copy(dst, in[src:])
				default:
					for i := range dst {
						dst[i] = in[src+i*step]
					}
				}
			})
		})
	}
}

// concat lowers op.Concat: it copies the operands to the result, in blocks.
func concat[T tensor.Element](l *lowering) error {
	z, axis := l.node.Out[0].Shape, l.node.Op.(op.Concat).Axis
	type block struct {
		operand, lo, hi, first int
		walk                   *kernel.Walk
	}
	var blocks []block
	first := 0
	for i, v := range l.node.In {
		walk := kernel.NewWalk(v.Shape, strides(z))
		for part := range kernel.Blocks(walk.Len()) {
			lo, hi := kernel.BlockRange(walk.Len(), part)
			blocks = append(blocks, block{i, lo, hi, first, walk})
		}
		first += v.Shape[axis] * strides(z)[axis]
	}
	l.bind = func(b *binding) {
		var x []*memory
		for i := range l.node.In {
			x = append(x, b.in(i))
		}
		y := b.out(0)
		b.step(len(blocks), func(part int, _ []float32) {
			c := blocks[part]
			src, all := elements[T](x[c.operand]), elements[T](y)
			step := c.walk.Step().A
			c.walk.Range(c.lo, c.hi, func(at, n int, to kernel.Offsets) {
				dst := all[c.first+to.A:]
				if step == 1 {
					copy(dst, src[at:at+n])
					return
				}
				for i, v := range src[at : at+n] { // the operand's last dimension is 1
					dst[i*step] = v
				}
			})
		})
	}
	for i := range l.node.In {
		if err := of[T](l, i); err != nil {
			return err
		}
	}
	return nil
}

func pad[T typed.Number](l *lowering) error {
	padding[T](l, l.node.Op.(op.Pad))
	return of[T](l, 0)
}

func sliceGrad[T typed.Number](l *lowering) error {
	padding[T](l, l.node.Op.(op.SliceGrad).Pad(l.node.In[0].Shape, l.node.In[1].Shape))
	return of[T](l, 0)
}

// padding writes the result row by row. A row spans the last padded dimension and all dimensions after
// it.
func padding[T typed.Number](l *lowering, o op.Pad) {
	type axis struct{ before, n, after int }
	var axes []axis // a dimension without padding is merged into the one before it
	for d, n := range l.node.In[0].Shape {
		axes = append(axes, axis{o.Before[d], n, o.After[d]})
	}
	for d := len(axes) - 2; d >= 0; d-- {
		if in := axes[d+1]; in.before == 0 && in.after == 0 {
			axes[d] = axis{axes[d].before * in.n, axes[d].n * in.n, axes[d].after * in.n}
			axes = slices.Delete(axes, d+1, d+2)
		}
	}
	if len(axes) == 0 {
		axes = []axis{{n: 1}}
	}
	outer, last := axes[:len(axes)-1], axes[len(axes)-1]
	row := last.before + last.n + last.after
	// source returns the index of the operand's first element in row r of the result, or false if the
	// row is all padding.
	source := func(r int) (int, bool) {
		at, stride := 0, last.n
		for d := len(outer) - 1; d >= 0; d-- {
			a := outer[d]
			i := r%(a.before+a.n+a.after) - a.before
			if i < 0 || i >= a.n {
				return 0, false
			}
			at, stride, r = at+i*stride, stride*a.n, r/(a.before+a.n+a.after)
		}
		return at, true
	}
	n, value := l.node.Out[0].Shape.Elements(), T(o.Value)
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			in, out := elements[T](x), elements[T](y)
			for lo < hi {
				begin := lo % row
				dst := out[lo:min(hi, lo-begin+row)]
				end := begin + len(dst)
				src, ok := source(lo / row)
				lo += len(dst)
				if !ok {
					fill(dst, value)
					continue
				}
				from := min(max(last.before, begin), end)
				to := max(from, min(last.before+last.n, end))
				fill(dst[:from-begin], value)
				if from < to {
					copy(dst[from-begin:to-begin], in[src+from-last.before:])
				}
				fill(dst[to-begin:], value)
			}
		})
	}
}

// size returns an error. The compiler replaces op.Size with a constant, so size is called only for
// types for which the compiler cannot make constants.
func size(l *lowering) error {
	return fmt.Errorf("no kernel for a size of type %v", l.node.Out[0].DType)
}

func oneHot(l *lowering) error {
	o := l.node.Op.(op.OneHot)
	d := l.node.In[0].DType
	if o.DType != tensor.Float32 || d != tensor.Int32 && d != tensor.Int64 && d != tensor.Uint8 {
		return fmt.Errorf("no kernel from %v to %v", d, o.DType)
	}
	n := l.node.In[0].Shape.Elements()
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(1, func(int, []float32) {
			clear(y.f32)
			for i := range n {
				c := -1
				switch d {
				case tensor.Int32:
					c = int(x.i32[i])
				case tensor.Int64:
					c = int(x.i64[i])
				case tensor.Uint8:
					c = int(x.u8[i])
				}
				if c >= 0 && c < o.Depth {
					y.f32[i*o.Depth+c] = 1
				}
			}
		})
	}
	return nil
}

func argMax(l *lowering) error {
	rows, cols := matrix(l.node.In[0].Shape)
	k := reduce.NewArgMax(l.isa, rows, cols)
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, x.f32, y.i32) })
	}
	return of[float32](l, 0)
}

func randomUniform(l *lowering) error {
	return draw(l, l.node.Op.(op.RandomUniform).Key, philox.Uniform)
}

func randomNormal(l *lowering) error {
	return draw(l, l.node.Op.(op.RandomNormal).Key, philox.Normal)
}

// draw fills the result with random numbers of a stream.
func draw(l *lowering, key uint64, fill func(key uint64, step int64, first int, dst []float32)) error {
	n := l.node.Out[0].Shape.Elements()
	l.bind = func(b *binding) {
		at, y := b.in(0), b.out(0)
		b.step(kernel.Blocks(n), func(part int, _ []float32) {
			lo, hi := kernel.BlockRange(n, part)
			fill(key, at.i64[0], lo, y.f32[lo:hi])
		})
	}
	return l.types(tensor.Int64)
}
