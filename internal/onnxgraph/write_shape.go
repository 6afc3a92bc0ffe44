package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// transpose writes nothing: the value is the operand in another order of dimensions.
func transpose(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		back := make([]int, len(n.Op.(op.Transpose).Perm)) // the result's dimension of each dimension of the operand
		for i, d := range n.Op.(op.Transpose).Perm {
			back[d] = i
		}
		w.any(n.In[0]) // so that there is one
		for _, f := range w.forms[n.In[0]] {
			w.set(n.Out[0], f.ref, pick(back, f.perm))
		}
	}}
}

// reshape writes op.Reshape.
func reshape(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		x, y := n.In[0], n.Out[0]
		if x.Shape.Equal(y.Shape) {
			w.any(x) // so that there is one
			w.alias(y, w.forms[x])
			return
		}
		if perm, f, ok := w.onesMoved(x, y); ok {
			w.set(y, w.view(f.ref, pick(x.Shape, f.perm), pick(y.Shape, perm)), perm)
			return
		}
		// Dimensions of size 1 may be anywhere.
		f := w.having(x, identity(x.Rank()), func(perm []int) bool { return slices.IsSorted(larger(x.Shape, perm)) })
		w.reshaped(n, f.ref, x.Shape)
	}}
}

// reshaped writes the result of n, an op.Reshape, from a tensor of the given shape.
func (w *writer) reshaped(n *graph.Node, r *ref, from tensor.Shape) {
	w.set(n.Out[0], w.view(r, from, n.Out[0].Shape), identity(n.Out[0].Rank()))
}

// view changes the shape of a tensor, of which at most one dimension is unknown.
func (w *writer) view(r *ref, from, to tensor.Shape) *ref {
	switch {
	case from.Equal(to):
		return r
	case len(to) == 2 && len(from) > 2 && from[1:].Known() && from[1:].Elements() == to[1]:
		return w.node("Flatten", []*ref{r})
	}
	var zero *onnxpb.AttributeProto
	if slices.Contains(to, 0) {
		zero = integer("allowzero", 1) // otherwise 0 stands for the operand's size
	}
	return w.node("Reshape", []*ref{r, w.integers(to...)}, zero)
}

// larger returns the dimensions in perm whose size is not 1.
func larger(s tensor.Shape, perm []int) []int {
	var out []int
	for _, d := range perm {
		if s[d] != 1 {
			out = append(out, d)
		}
	}
	return out
}

// onesMoved reports whether y has the dimensions of x but for those of size 1, and returns a form of x and an order of the dimensions of
// y in which both have the same elements in the same order. Of images, it is the order of ONNX if possible.
func (w *writer) onesMoved(x, y *graph.Value) (perm []int, f form, ok bool) {
	of, to := larger(x.Shape, identity(x.Rank())), larger(y.Shape, identity(y.Rank()))
	if len(of) != len(to) {
		return nil, f, false
	}
	unknown := 0
	for i := range of {
		n := y.Shape[to[i]]
		if n == tensor.Unknown {
			unknown++
		}
		if n != x.Shape[of[i]] && n != tensor.Unknown && x.Shape[of[i]] != tensor.Unknown {
			return nil, f, false
		}
	}
	if unknown > 1 {
		return nil, f, false
	}
	orders := [][]int{identity(y.Rank())}
	if y.Rank() == 4 {
		orders = append([][]int{channelsFirst(4)}, orders...)
	}
	w.any(x)
	for _, perm := range orders {
		for _, f := range w.forms[x] {
			if slices.Equal(places(larger(x.Shape, f.perm), of), places(larger(y.Shape, perm), to)) {
				return perm, f, true
			}
		}
	}
	// The other dimensions stay in the order of the first form.
	f = w.forms[x][0]
	for _, d := range larger(x.Shape, f.perm) {
		perm = append(perm, to[slices.Index(of, d)])
	}
	for d := range y.Rank() {
		if !slices.Contains(to, d) {
			perm = slices.Insert(perm, slices.Index(perm, d-1)+1, d)
		}
	}
	return perm, f, true
}

// places returns the index in of of each dimension.
func places(dims, of []int) []int {
	out := make([]int, len(dims))
	for i, d := range dims {
		out[i] = slices.Index(of, d)
	}
	return out
}

// expandDims writes op.ExpandDims. Of the places for the new dimension in the stored order, it takes one that makes the order that of
// images, if there is one.
func expandDims(w *writer, n *graph.Node) *plan {
	axis, y := n.Op.(op.ExpandDims).Axis, n.Out[0]
	return &plan{n.In, func() {
		if axis == 1 && w.slid[y] { // an image of one row, of which nothing is written as long as only operators for sequences use it
			w.rows[y] = form{channelsFirst(3), w.get(n.In[0], channelsFirst(3))}
			return
		}
		f := w.any(n.In[0])
		perm := make([]int, len(f.perm))
		for i, d := range f.perm {
			perm[i] = d
			if d >= axis {
				perm[i]++
			}
		}
		at := axis
		for i := range len(perm) + 1 {
			if p := slices.Insert(slices.Clone(perm), i, axis); y.Rank() == 4 && slices.Equal(p, channelsFirst(4)) {
				at = i
			}
		}
		w.set(y, w.node("Unsqueeze", []*ref{f.ref, w.integers(at)}), slices.Insert(perm, at, axis))
	}}
}

func squeeze(w *writer, n *graph.Node) *plan {
	axis := n.Op.(op.Squeeze).Axis
	return &plan{n.In, func() {
		if row, ok := w.rows[n.In[0]]; ok && axis == 1 {
			w.set(n.Out[0], row.ref, row.perm)
			return
		}
		f := w.any(n.In[0])
		y := w.node("Squeeze", []*ref{f.ref, w.integers(slices.Index(f.perm, axis))})
		w.set(n.Out[0], y, without(f.perm, []int{axis}))
	}}
}

func concat(w *writer, n *graph.Node) *plan {
	axis := n.Op.(op.Concat).Axis
	return &plan{n.In, func() {
		in, perm := w.align(n.Out[0].Rank(), n.In...)
		w.set(n.Out[0], w.node("Concat", in, integer("axis", slices.Index(perm, axis))), perm)
	}}
}

// sliceOf writes op.Slice along the dimensions that become smaller.
func sliceOf(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.Slice), n.In[0]
	return &plan{n.In, func() {
		f := w.any(x)
		var begin, end, axes []int
		for i, d := range f.perm {
			b, e := o.Begin[d], math.MaxInt64
			switch size := o.Size[d]; {
			case size != tensor.Unknown && b+size != x.Shape[d]:
				e = b + size
			case size == tensor.Unknown && o.End != nil && o.End[d] > 0:
				e = -o.End[d]
			case b == 0:
				continue
			}
			begin, end, axes = append(begin, b), append(end, e), append(axes, i)
		}
		if axes == nil {
			w.set(n.Out[0], f.ref, f.perm)
			return
		}
		w.set(n.Out[0], w.node("Slice", []*ref{f.ref, w.integers(begin...), w.integers(end...), w.integers(axes...)}), f.perm)
	}}
}

func pad(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.Pad), n.In[0]
	return &plan{n.In, func() {
		f := w.any(x)
		pads := append(pick(o.Before, f.perm), pick(o.After, f.perm)...)
		w.set(n.Out[0], w.node("Pad", []*ref{f.ref, w.integers(pads...), w.scalar(x.DType, o.Value)}), f.perm)
	}}
}

// broadcastLike expands to the shape of the second operand.
func broadcastLike(w *writer, n *graph.Node) *plan {
	x, like := n.In[0], n.In[1]
	return &plan{n.In, func() {
		f := w.any(like)
		w.set(n.Out[0], w.node("Expand", []*ref{w.spread(x, f.perm), w.node("Shape", []*ref{f.ref})}), f.perm)
	}}
}

func reshapeLike(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		x, like := w.get(n.In[0], identity(n.In[0].Rank())), w.get(n.In[1], identity(n.In[1].Rank()))
		w.set(n.Out[0], w.node("Reshape", []*ref{x, w.node("Shape", []*ref{like})}), identity(n.Out[0].Rank()))
	}}
}

// size counts elements along dimensions whose size is not known.
func size(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.Size), n.In[0]
	axes := o.Axes
	if axes == nil {
		axes = identity(x.Rank())
	}
	return &plan{n.In, func() {
		f := w.any(x)
		var stored []int
		for _, a := range axes {
			stored = append(stored, slices.Index(f.perm, a))
		}
		sizes := w.node("Gather", []*ref{w.node("Shape", []*ref{f.ref}), w.integers(stored...)})
		y := w.reduce("ReduceProd", sizes, false, 0)
		w.set(n.Out[0], w.node("Cast", []*ref{y}, integer("to", int(elementType(o.DType)))), []int{})
	}}
}

// counting returns the numbers 0, 1, 2, ... along a dimension of x, in a shape in which the other dimensions are 1.
func (w *writer) counting(x *graph.Value, axis int) *ref {
	shape := slices.Repeat([]int{1}, x.Rank())
	if count := x.Shape[axis]; count != tensor.Unknown {
		shape[axis] = count
		t := tensor.New(x.DType, shape...)
		for i := range count {
			copy(t.Raw()[i*x.DType.Size():], scalarOf(x.DType, float64(i)).Raw())
		}
		return w.initializer(w.named(w.layer, "indices"), t)
	}
	f := w.any(x)
	axes := w.constant("constant/axis", tensor.Scalar(int64(slices.Index(f.perm, axis))))
	count := w.node("Gather", []*ref{w.node("Shape", []*ref{f.ref}), axes})
	zero, one := w.constant("constant/0", tensor.Scalar(int64(0))), w.constant("constant/1", tensor.Scalar(int64(1)))
	y := w.node("Cast", []*ref{w.node("Range", []*ref{zero, count, one})}, integer("to", int(elementType(x.DType))))
	shape[axis] = -1
	return w.node("Reshape", []*ref{y, w.integers(shape...)})
}

func index(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		w.set(n.Out[0], w.counting(n.In[0], n.Op.(op.Index).Axis), identity(n.In[0].Rank()))
	}}
}

func iota(w *writer, n *graph.Node) *plan {
	x := n.In[0]
	return &plan{n.In, func() {
		like := w.node("Shape", []*ref{w.get(x, identity(x.Rank()))})
		w.set(n.Out[0], w.node("Expand", []*ref{w.counting(x, n.Op.(op.Iota).Axis), like}), identity(x.Rank()))
	}}
}
