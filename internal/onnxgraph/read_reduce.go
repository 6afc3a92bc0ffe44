package onnxgraph

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// readReduction returns the build function of a readReduction. opset is the one from which on the axes are an operand. f computes the
// readReduction along stored axes, at least one, which stay with size 1.
func readReduction(opset int, f func(n *node, x *graph.Value, axes []int) *graph.Value) func(n *node) {
	return func(n *node) {
		x := n.in(0)
		axes := n.attrAxes(opset)
		if len(axes) == 0 {
			if n.attrFlag("noop_with_empty_axes", false) {
				n.withoutAxes(f)
				return
			}
			axes = plain(x.rank())
		}
		axes = n.axes(axes, x.rank())
		n.across(x, axes...)
		v, l := n.data()
		if len(axes) == 0 { // a scalar
			n.withoutAxes(f)
			return
		}
		y := f(n, v, l.ats(axes))
		if n.attrFlag("keepdims", true) {
			n.set(0, y, l).like(x)
			return
		}
		removed := map[int]bool{}
		for _, a := range axes {
			removed[a] = true
		}
		n.removeAxes(y, x, l, axes, removed)
	}
}

// removeAxes sets a result whose reduced axes have size 1 and are removed.
func (n *node) removeAxes(y *graph.Value, x *value, l layout, axes []int, removed map[int]bool) {
	for at := len(l) - 1; at >= 0; at-- {
		if removed[l[at]] {
			y = n.b.Squeeze(y, at)
		}
	}
	copyDims(n.set(0, y, l.without(axes)), x, func(a int) bool { return !removed[a] })
}

// withoutAxes applies a reduction to each element alone.
func (n *node) withoutAxes(f func(n *node, x *graph.Value, axes []int) *graph.Value) {
	v, l := n.data()
	y := f(n, n.b.ExpandDims(v, v.Rank()), []int{v.Rank()})
	n.set(0, n.b.Squeeze(y, v.Rank()), l).like(n.in(0))
}

func reduceSum(n *node, x *graph.Value, axes []int) *graph.Value { return n.b.SumKeep(x, axes...) }

func reduceMean(n *node, x *graph.Value, axes []int) *graph.Value { return meanKeep(n.b, x, axes) }

func reduceMax(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.ReduceMaxKeep(x, axes...)
}

func reduceMin(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.Op(op.Reduce{Fn: op.ReduceMin, Axes: axes, KeepDims: true}, x)
}

func reduceL1(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.SumKeep(n.b.Abs(x), axes...)
}

func reduceL2(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.Sqrt(reduceSumSquare(n, x, axes))
}

func reduceSumSquare(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.SumKeep(n.b.Square(x), axes...)
}

func reduceLogSum(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.Log(n.b.SumKeep(x, axes...))
}

// reduceLogSumExp subtracts the maximum first, so that nothing overflows.
func reduceLogSumExp(n *node, x *graph.Value, axes []int) *graph.Value {
	top := n.b.ReduceMaxKeep(x, axes...)
	return n.b.Add(n.b.Log(n.b.SumKeep(n.b.Exp(n.b.Sub(x, top)), axes...)), top)
}

// reduceProd multiplies the elements along one axis after the other.
func reduceProd(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.Op(op.Reduce{Fn: op.ReduceProd, Axes: axes, KeepDims: true}, x)
}

// reduceNumbers follows numbers through a reduction of a vector to one number.
func reduceNumbers(opset int, f func(x ...num) (num, bool)) func(n *node) (*value, bool) {
	return func(n *node) (*value, bool) {
		x := n.in(0)
		if x.rank() != 1 || x.nums() == nil || n.attrFlag("noop_with_empty_axes", false) {
			return nil, false
		}
		if n.opset >= opset && n.has(1) && (n.in(1).nums() == nil || !allFixed(n.in(1).numbers)) {
			return nil, false
		}
		if axes := n.attrAxes(opset); axes != nil && (len(axes) != 1 || axes[0] != 0 && axes[0] != -1) {
			return nil, false
		}
		p, ok := f(x.numbers...)
		rank := 0
		if n.attrFlag("keepdims", true) {
			rank = 1
		}
		if !ok {
			return nil, false
		}
		return numeric(x.dtype, rank, []num{p})
	}
}

// last returns operand 0 with an axis of the file stored last.
func (n *node) last(axis int) (*graph.Value, layout) {
	_, l := n.data()
	l = append(l.dropped(axis), axis)
	return n.stored(0, l), l
}

// readSoftmax returns the build function of a function along the last stored dimension. Before opset 13, it works on a
// matrix: the dimensions from axis on are one.
func readSoftmax(f func(b *graph.Builder, x *graph.Value) *graph.Value) func(n *node) {
	return func(n *node) {
		x, otherwise := n.in(0), -1
		if n.opset < 13 {
			otherwise = 1
		}
		if x.rank() == 0 {
			n.fail("operand 0 is a scalar")
		}
		axis := n.attrInt("axis", otherwise)
		if n.opset < 13 && axis == x.rank() {
			axis = x.rank() - 1
		}
		axis = n.axis(axis, x.rank())
		n.across(x, axis)
		if n.opset < 13 {
			one := true // whether all other dimensions from axis on have size 1
			for _, d := range x.dims[axis+1:] {
				one = one && d == fixed(1)
			}
			if !one {
				v, row := n.plain(0), 1
				for a := axis; a < x.rank(); a++ {
					row *= n.known(x, a)
				}
				shape := v.Shape.Clone()
				y := f(n.b, n.b.Reshape(v, append(shape[:axis:axis], row)...))
				n.out(n.b.Reshape(y, shape...)).like(x)
				return
			}
		}
		v, l := n.last(axis)
		n.set(0, f(n.b, v), l).like(x)
	}
}

func readLogSoftmax(b *graph.Builder, x *graph.Value) *graph.Value {
	if !x.Valid() {
		return x
	}
	last := x.Rank() - 1
	d := b.Sub(x, b.ReduceMaxKeep(x, last))
	return b.Sub(d, b.Log(b.SumKeep(b.Exp(d), last)))
}

// hardmax is 1 at the first maximum, and 0 elsewhere.
func hardmax(b *graph.Builder, x *graph.Value) *graph.Value {
	if !x.Valid() || x.Shape[x.Rank()-1] < 1 {
		return b.Errorf("the number of elements must be known")
	}
	return b.OneHot(b.ArgMax(x), x.Shape[x.Rank()-1], x.DType)
}

// argument returns the build function of ArgMax and, with the sign -1, ArgMin.
func argument(sign float64) func(n *node) {
	return func(n *node) {
		x := n.in(0)
		axis := n.axis(n.attrInt("axis", 0), x.rank())
		n.across(x, axis)
		v, l := n.last(axis)
		at := len(l) - 1
		if sign < 0 {
			if v.Valid() && !v.DType.IsFloat() { // the smallest numbers of narrow types have no negative
				v = n.b.Cast(v, tensor.Int64)
			}
			v = n.b.Neg(v)
		}
		var y *graph.Value
		if n.attrFlag("select_last_index", false) {
			// The last maximum is the first one from the end.
			size := n.known(x, axis)
			v = n.reversed(v, at, size)
			i := n.b.ArgMax(v)
			y = n.b.Sub(constantLike(n.b, i, float64(size-1)), i)
		} else {
			y = n.b.ArgMax(v)
		}
		y = n.b.ExpandDims(n.b.Cast(y, tensor.Int64), at)
		if n.attrFlag("keepdims", true) {
			n.set(0, y, l).like(x)
			return
		}
		n.removeAxes(y, x, l, []int{axis}, map[int]bool{axis: true})
	}
}

// reversed turns a stored dimension around.
func (n *node) reversed(v *graph.Value, at, size int) *graph.Value {
	return n.sliceKnown(v, at, size, -1, math.MinInt, -1)
}
