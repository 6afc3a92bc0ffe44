package graph

import "github.com/lince-ml/lince/graph/op"

// SegmentSum is the sum of data in each of n segments; see op.SegmentSum.
func (b *Builder) SegmentSum(data, segments *Value, n int) *Value {
	return b.Op(op.SegmentSum{Segments: n}, data, segments)
}

// Iota is the index of each element of ref along an axis, in the shape and type of ref.
func (b *Builder) Iota(ref *Value, axis int) *Value { return b.Op(op.Iota{Axis: axis}, ref) }

// CumSum is the cumulative sum along the last dimension, from its end if reverse is set; see op.CumSum.
func (b *Builder) CumSum(x *Value, reverse bool) *Value { return b.Op(op.CumSum{Reverse: reverse}, x) }

// ReduceMax is the maximum along axes (default: all), which are removed.
func (b *Builder) ReduceMax(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceMax, Axes: axes}, x)
}

// ReduceMaxKeep is like ReduceMax, but keeps the reduced dimensions with size 1.
func (b *Builder) ReduceMaxKeep(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceMax, Axes: axes, KeepDims: true}, x)
}

// ReduceMin is the minimum along axes (default: all), which are removed.
func (b *Builder) ReduceMin(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceMin, Axes: axes}, x)
}

// ReduceProd is the product along axes (default: all), which are removed.
func (b *Builder) ReduceProd(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceProd, Axes: axes}, x)
}

// TopK is the k largest elements along the last dimension, the largest first, and their indices; see op.TopK.
func (b *Builder) TopK(x *Value, k int) (values, indices *Value) {
	n := b.add(op.TopK{K: k}, x)
	if n == nil {
		return b.Invalid(), b.Invalid()
	}
	return n.Out[0], n.Out[1]
}
