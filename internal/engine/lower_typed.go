package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/typed"
	"github.com/lince-ml/lince/tensor"
)

// typedLowerers has, for each element type but float32 and Bool, the functions that lower ops on elements of this type. An op on float32 or
// Bool, which the engine keeps as a float32, has its row in lowerers.
var typedLowerers = map[tensor.DType]map[string]func(l *lowering) error{
	tensor.Float64: lowerersOf[float64](),
	tensor.Int8:    lowerersOf[int8](),
	tensor.Int16:   lowerersOf[int16](),
	tensor.Int32:   lowerersOf[int32](),
	tensor.Int64:   lowerersOf[int64](),
	tensor.Uint8:   lowerersOf[uint8](),
}

// lowerersOf returns the functions that lower ops on elements of type T.
func lowerersOf[T typed.Number]() map[string]func(l *lowering) error {
	rows := map[string]func(l *lowering) error{
		"Transpose": transpose[T], "BroadcastLike": broadcast[T], "Slice": slice[T], "SliceGrad": sliceGrad[T], "Concat": concat[T], "Pad": pad[T],
		"Gather": gatherRows[T], "Scatter": scatter[T], "CumSum": cumSum[T], "Iota": indices[T], "Copy": duplicate[T], "Assign": assign[T],
		"Select": typedSelect[T], "SumLike": typedSumLike[T], "ArgMax": typedArgMax[T], "TopK": topK[T], "MatMul": typedMatMul[T], "BatchMatMul": typedMatMul[T],
	}
	for _, fn := range []op.UnaryFn{
		op.Neg, op.Abs, op.Sign, op.Square, op.Sqrt, op.Exp, op.Log, op.Log1p, op.ReLU, op.ReLU6, op.Sigmoid, op.Tanh, op.Erf, op.Expm1, op.Softplus,
		op.Floor, op.Ceil, op.Round, op.Sin, op.Cos, op.Atan,
	} {
		rows[string(fn)] = typedUnary[T]
	}
	for _, fn := range []op.BinaryFn{
		op.Add, op.Sub, op.Mul, op.Div, op.Max, op.Min, op.Pow, op.Mod, op.FMod, op.BitAnd, op.BitOr, op.BitXor, op.ShiftLeft, op.ShiftRight,
	} {
		rows[string(fn)] = typedBinary[T]
	}
	for _, fn := range []op.BinaryFn{op.Equal, op.Less, op.LessEqual, op.Greater, op.GreaterEqual} {
		rows[string(fn)] = typedCompare[T]
	}
	for _, fn := range []op.ReduceFn{op.ReduceSum, op.ReduceMax, op.ReduceMin, op.ReduceProd} {
		rows[string(fn)] = typedReduce[T]
	}
	return rows
}

// elementType returns the type of the elements that a node computes with. It is Invalid for a node without operands.
func elementType(n *graph.Node) tensor.DType {
	switch {
	case len(n.In) == 0:
		return tensor.Invalid
	case n.Op.Name() == "Select":
		return n.In[1].DType
	}
	return n.In[0].DType
}

// elements returns the elements of m, which are of type T.
func elements[T tensor.Element](m *memory) []T { return tensor.View[T](m.raw) }

// of checks that the node's operands have elements of type T in memory.
func of[T tensor.Element](l *lowering, operands ...int) error {
	want := tensor.TypeOf[T]()
	for _, i := range operands {
		got := l.node.In[i].DType
		if got != want && (got != tensor.Bool || want != tensor.Float32) {
			return fmt.Errorf("operand %d is %v, but the kernel takes %v", i, got, want)
		}
	}
	return nil
}

// noKernel is the error for an op that has no kernel for the type of its first operand.
func (l *lowering) noKernel() error {
	return fmt.Errorf("no kernel for operands of type %v", l.node.In[0].DType)
}

func typedUnary[T typed.Number](l *lowering) error {
	k, ok := typed.NewUnary[T](l.node.Op.Name(), l.node.In[0].Shape.Elements())
	if !ok {
		return l.noKernel()
	}
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y)) })
	}
	return of[T](l, 0)
}

// walkOf prepares a walk over the node's result, with the operands broadcast to it.
func (l *lowering) walkOf() *kernel.Walk {
	z := l.node.Out[0].Shape
	var stride [][]int
	for _, v := range l.node.In {
		stride = append(stride, repeated(v.Shape, z))
	}
	return kernel.NewWalk(z, stride...)
}

func typedBinary[T typed.Number](l *lowering) error {
	k, ok := typed.NewBinary[T](l.node.Op.Name(), l.walkOf())
	if !ok {
		return l.noKernel()
	}
	l.bind = func(b *binding) {
		x, y, z := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y), elements[T](z)) })
	}
	return of[T](l, 0, 1)
}

func typedCompare[T typed.Number](l *lowering) error {
	k, ok := typed.NewCompare[T](l.node.Op.Name(), l.walkOf())
	if !ok {
		return l.noKernel()
	}
	l.bind = func(b *binding) {
		x, y, z := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y), z.f32) })
	}
	return of[T](l, 0, 1)
}

func typedSelect[T typed.Number](l *lowering) error {
	k := typed.NewSelect[T](l.walkOf())
	l.bind = func(b *binding) {
		c, x, y, z := b.in(0), b.in(1), b.in(2), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, c.f32, elements[T](x), elements[T](y), elements[T](z)) })
	}
	return of[T](l, 1, 2)
}

// cast lowers op.Cast.
func cast(l *lowering) error {
	switch d := l.node.In[0].DType; d {
	case tensor.Float32, tensor.Bool:
		return castFrom[float32](l)
	case tensor.Float64:
		return castFrom[float64](l)
	case tensor.Int8:
		return castFrom[int8](l)
	case tensor.Int16:
		return castFrom[int16](l)
	case tensor.Int32:
		return castFrom[int32](l)
	case tensor.Int64:
		return castFrom[int64](l)
	case tensor.Uint8:
		return castFrom[uint8](l)
	default:
		return l.noKernel()
	}
}

func castFrom[A typed.Number](l *lowering) error {
	switch d := l.node.Out[0].DType; d {
	case tensor.Float32:
		return castTo[A, float32](l)
	case tensor.Float64:
		return castTo[A, float64](l)
	case tensor.Int8:
		return castTo[A, int8](l)
	case tensor.Int16:
		return castTo[A, int16](l)
	case tensor.Int32:
		return castTo[A, int32](l)
	case tensor.Int64:
		return castTo[A, int64](l)
	case tensor.Uint8:
		return castTo[A, uint8](l)
	case tensor.Bool:
		n := l.node.In[0].Shape.Elements()
		l.bind = func(b *binding) {
			x, y := b.in(0), b.out(0)
			b.step(kernel.Blocks(n), func(part int, _ []float32) {
				lo, hi := kernel.BlockRange(n, part)
				for i, v := range elements[A](x)[lo:hi] {
					y.f32[lo+i] = truth(v != 0)
				}
			})
		}
		return nil
	default:
		return fmt.Errorf("no kernel from %v to %v", l.node.In[0].DType, d)
	}
}

func castTo[A, B typed.Number](l *lowering) error {
	k := typed.NewCast[A, B](l.node.In[0].Shape.Elements())
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[A](x), elements[B](y)) })
	}
	return nil
}

// typedReduce lowers op.Reduce.
func typedReduce[T typed.Number](l *lowering) error {
	o := l.node.Op.(op.Reduce)
	return typedReduction[T](l, o.Fn, reducedAxes(o, l.node.In[0].Shape))
}

func typedSumLike[T typed.Number](l *lowering) error {
	return typedReduction[T](l, op.ReduceSum, summed(l.node.In[0].Shape, l.node.Out[0].Shape))
}

// typedReduction reduces the operand along axes, which are in ascending order.
func typedReduction[T typed.Number](l *lowering, fn op.ReduceFn, axes []int) error {
	turns := turnsOf(l.node.In[0].Shape, axes)
	if len(turns) == 0 {
		return typedCopy[T](l)
	}
	size := tensor.TypeOf[T]().Size()
	var kernels []*typed.Reduce[T]
	for i, t := range turns {
		k, ok := typed.NewReduce[T](string(fn), t.outer, t.rows, t.cols)
		if !ok {
			return l.noKernel()
		}
		kernels = append(kernels, k)
		if i < len(turns)-1 {
			l.work += kernel.CeilDiv(t.outer*t.cols*size, 8) * 2 // floats; aligned to 8 bytes
		}
	}
	l.bind = func(b *binding) {
		x, rest := b.in(0), b.rawWork
		for i, t := range turns {
			y, k := b.out(0), kernels[i]
			if i < len(turns)-1 {
				n := t.outer * t.cols * size
				y = &memory{raw: rest[:n]}
				rest = rest[kernel.CeilDiv(n, 8)*8:]
			}
			src := x
			b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](src), elements[T](y)) })
			x = y
		}
	}
	return of[T](l, 0)
}

// typedCopy copies the operand to the result.
func typedCopy[T typed.Number](l *lowering) error {
	k, _ := typed.NewUnary[T]("Copy", l.node.In[0].Shape.Elements())
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y)) })
	}
	return of[T](l, 0)
}

func typedArgMax[T typed.Number](l *lowering) error {
	k := typed.NewArgMax[T](matrix(l.node.In[0].Shape))
	l.bind = func(b *binding) {
		x, y := b.in(0), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), y.i32) })
	}
	return of[T](l, 0)
}

// topK lowers op.TopK.
func topK[T typed.Number](l *lowering) error {
	o := l.node.Op.(op.TopK)
	rows, cols := matrix(l.node.In[0].Shape)
	k := typed.NewTopK[T](rows, cols, o.K, o.Smallest)
	l.bind = func(b *binding) {
		x, y, at := b.in(0), b.out(0), b.out(1)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y), at.i32) })
	}
	return of[T](l, 0)
}

// typedMatMul lowers op.MatMul and op.BatchMatMul.
func typedMatMul[T typed.Number](l *lowering) error {
	o, ok := l.node.Op.(op.MatMul)
	if !ok {
		o = op.MatMul(l.node.Op.(op.BatchMatMul))
	}
	x, z := l.node.In[0].Shape, l.node.Out[0].Shape
	last := len(z) - 1
	inner := x[last]
	if o.TransposeA {
		inner = x[last-1]
	}
	k := typed.NewMatMul[T](z[:last-1].Elements(), z[last-1], z[last], inner, o.TransposeA, o.TransposeB)
	l.bind = func(b *binding) {
		x, y, z := b.in(0), b.in(1), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) { k.Run(part, elements[T](x), elements[T](y), elements[T](z)) })
	}
	return of[T](l, 0, 1)
}

// scatter lowers op.Scatter.
func scatter[T typed.Number](l *lowering) error {
	table, n := l.node.In[0].Shape, l.node.In[1].Shape.Elements()
	index, err := indexOf(l.node.In[1].DType, table[0])
	if err != nil {
		return err
	}
	k, ok := typed.NewScatter[T](string(l.node.Op.(op.Scatter).Fn), table[0], table[1:].Elements(), n)
	if !ok {
		return l.noKernel()
	}
	l.bind = func(b *binding) {
		x, at, rows, y := b.in(0), b.in(1), b.in(2), b.out(0)
		b.step(k.Parts(), func(part int, _ []float32) {
			k.Run(part, elements[T](x), elements[T](rows), elements[T](y), func(i int) int { return index(at, i) })
		})
	}
	return of[T](l, 0, 2)
}
