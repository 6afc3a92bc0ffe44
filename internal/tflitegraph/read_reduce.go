package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// reduced returns the operand of a reduction and its axes. ok is false if they are invalid.
func (n *node) reduced() (x *graph.Value, axes []int, keep, ok bool) {
	x = n.in(0)
	if !x.Valid() {
		return
	}
	axes, ok = n.axes(1, x.Rank())
	slices.Sort(axes)
	return x, slices.Compact(axes), options[tflitefb.ReducerOptionsT](n).KeepDims, ok
}

func readMean(n *node) {
	if x, axes, keep, ok := n.reduced(); ok {
		n.set(n.b.Div(n.b.Op(op.Reduce{Fn: op.ReduceSum, Axes: axes, KeepDims: keep}, x), n.b.Op(op.Size{Axes: axes, DType: x.DType}, x)))
	}
}

// readReduce reads a reduction.
func readReduce(fn op.ReduceFn) func(*node) {
	return func(n *node) {
		if x, axes, keep, ok := n.reduced(); ok {
			n.set(n.b.Op(op.Reduce{Fn: fn, Axes: axes, KeepDims: keep}, x))
		}
	}
}

// readReduceProd also multiplies known sizes.
func readReduceProd(n *node) {
	list, ok := n.sizes()
	if !ok {
		readReduce(op.ReduceProd)(n)
		return
	}
	product := 1
	for _, d := range list {
		if d == tensor.Unknown {
			product = tensor.Unknown
			break
		}
		product *= d
	}
	n.ints[n.Outputs[0]] = []int{product}
}

// readTopK reads the largest elements of each row, and their indices.
func readTopK(n *node) {
	x, k := n.in(0), n.numbers(1)
	if !x.Valid() || k == nil {
		return
	}
	if len(k) != 1 || k[0] == tensor.Unknown {
		n.b.Errorf("takes %v elements, want one known number", k)
		return
	}
	y := n.b.Op(op.TopK{K: k[0]}, x)
	if y.Valid() {
		n.values[n.Outputs[0]] = y
		if len(n.Outputs) > 1 {
			n.values[n.Outputs[1]] = y.Node.Out[1]
		}
	}
}

func readSoftmax(n *node) {
	x := n.in(0)
	if beta := float64(options[tflitefb.SoftmaxOptionsT](n).Beta); beta != 1 {
		x = n.b.Scale(x, beta)
	}
	n.set(n.b.Softmax(x))
}

func readLogSoftmax(n *node) {
	x := n.in(0)
	if !x.Valid() || x.Rank() == 0 {
		return
	}
	last := x.Rank() - 1
	below := n.b.Sub(x, n.b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{last}, KeepDims: true}, x))
	n.set(n.b.Sub(below, n.b.Log(n.b.SumKeep(n.b.Exp(below), last))))
}

// readL2Normalization divides by the norm along the last dimension, which is at least 1e-6.
func readL2Normalization(n *node) {
	x := n.in(0)
	if !x.Valid() || x.Rank() == 0 {
		return
	}
	norm := n.b.Sqrt(n.b.SumKeep(n.b.Square(x), x.Rank()-1))
	y := n.b.Div(x, n.b.Max(norm, n.b.Constant(tensor.Float32, 1e-6)))
	n.set(activation(n.b, options[tflitefb.L2NormOptionsT](n).FusedActivationFunction, y))
}

func readArgMax(n *node) { n.argMax(n.in(0)) }
func readArgMin(n *node) { n.argMax(n.b.Neg(n.in(0))) }

func (n *node) argMax(x *graph.Value) {
	if !x.Valid() {
		return
	}
	axes, ok := n.axes(1, x.Rank())
	if !ok || len(axes) != 1 {
		return
	}
	x = transpose(n.b, x, moved(x.Rank(), axes[0]))
	n.set(n.b.Cast(n.b.ArgMax(x), dtypeOf(&n.sub.Tensors[n.Outputs[0]])))
}

// moved returns the permutation that moves an axis to the end.
func moved(rank, axis int) []int {
	perm := make([]int, 0, rank)
	for i := range rank {
		if i != axis {
			perm = append(perm, i)
		}
	}
	return append(perm, axis)
}

// inverse returns the permutation that undoes perm.
func inverse(perm []int) []int {
	back := make([]int, len(perm))
	for i, d := range perm {
		back[d] = i
	}
	return back
}

func readCumSum(n *node) {
	x := n.in(0)
	if !x.Valid() {
		return
	}
	axes, ok := n.axes(1, x.Rank())
	if !ok || len(axes) != 1 {
		return
	}
	o := options[tflitefb.CumsumOptionsT](n)
	perm := moved(x.Rank(), axes[0])
	y := n.b.Op(op.CumSum{Reverse: o.Reverse}, transpose(n.b, x, perm))
	y = transpose(n.b, y, inverse(perm))
	if o.Exclusive {
		y = n.b.Sub(y, x)
	}
	n.set(y)
}
