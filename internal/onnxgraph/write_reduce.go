package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// reduction writes op.Reduce. Over the height and the width of images, a maximum is a GlobalMaxPool.
func reduction(w *writer, n *graph.Node) *plan {
	r := n.Op.(op.Reduce)
	global := ""
	if r.Fn == op.ReduceMax && n.Out[0].DType.IsFloat() {
		global = "GlobalMaxPool"
	}
	return w.reduced(n, n.In[0], r, string(r.Fn), global)
}

// average is a mean: of the height and the width of images, GlobalAveragePool.
func average(w *writer, n *graph.Node) *plan {
	if x, r, ok := mean(n.Out[0]); ok {
		return w.reduced(n, x, r, "ReduceMean", "GlobalAveragePool")
	}
	return nil
}

// kept is a reduction over the height and the width of images, of which a reshape restores the two dimensions.
func kept(w *writer, n *graph.Node) *plan {
	y, shape := n.In[0], n.Out[0].Shape
	if y.Rank() != 2 || len(shape) != 4 || shape[1] != 1 || shape[2] != 1 || shape[3] != y.Shape[1] || !w.once(y) {
		return nil
	}
	x, r, ok := mean(y)
	operator, global := "ReduceMean", "GlobalAveragePool"
	if !ok {
		if r, ok = y.Node.Op.(op.Reduce); !ok || r.Fn != op.ReduceMax || !y.DType.IsFloat() {
			return nil
		}
		x, operator, global = y.Node.In[0], "ReduceMax", "GlobalMaxPool"
	}
	if r.KeepDims || !slices.Equal(slices.Sorted(slices.Values(r.Axes)), []int{1, 2}) {
		return nil
	}
	r.KeepDims = true
	return w.reduced(n, x, r, operator, global)
}

// reduced plans an operator along axes of x. global is the operator for the height and the width of images, if there is one.
func (w *writer) reduced(n *graph.Node, x *graph.Value, r op.Reduce, operator, global string) *plan {
	rank := x.Rank()
	axes := slices.Sorted(slices.Values(r.Axes))
	if r.Axes == nil {
		axes = identity(rank)
	}
	return &plan{[]*graph.Value{x}, func() {
		f := w.any(x)
		if images := rank == 4 && slices.Equal(axes, []int{1, 2}); images && global != "" && slices.Equal(f.perm, channelsFirst(4)) {
			y := w.node(global, []*ref{f.ref})
			if r.KeepDims {
				w.set(n.Out[0], y, f.perm)
				return
			}
			w.set(n.Out[0], w.node("Flatten", []*ref{y}), identity(2))
			return
		}
		stored := make([]int, len(axes))
		for i, a := range axes {
			stored[i] = slices.Index(f.perm, a)
		}
		slices.Sort(stored)
		perm := f.perm
		if !r.KeepDims {
			perm = without(perm, axes)
		}
		if x.DType == tensor.Bool { // ONNX reduces these only since opset 20
			in := w.node("Cast", []*ref{f.ref}, integer("to", int(onnxpb.TensorProto_UINT8)))
			in = w.reduce(operator, in, r.KeepDims, stored...)
			w.set(n.Out[0], w.node("Cast", []*ref{in}, integer("to", int(onnxpb.TensorProto_BOOL))), perm)
			return
		}
		w.set(n.Out[0], w.reduce(operator, f.ref, r.KeepDims, stored...), perm)
	}}
}

// without returns an order of dimensions from which some are removed.
func without(perm, axes []int) []int {
	out := []int{}
	for _, d := range perm {
		if slices.Contains(axes, d) {
			continue
		}
		below := 0
		for _, a := range axes {
			if a < d {
				below++
			}
		}
		out = append(out, d-below)
	}
	return out
}

// reduce adds a reduction. Since opset 18, the axes are an operand; those of ReduceSum since 13.
func (w *writer) reduce(operator string, x *ref, keep bool, axes ...int) *ref {
	var kept *onnxpb.AttributeProto
	if !keep {
		kept = integer("keepdims", 0)
	}
	if operator != "ReduceSum" && w.options.Opset < 18 {
		return w.node(operator, []*ref{x}, ints("axes", axes...), kept)
	}
	return w.node(operator, []*ref{x, w.integers(axes...)}, kept)
}

// argMax writes op.ArgMax, whose result is an Int32.
func argMax(w *writer, n *graph.Node) *plan {
	x := n.In[0]
	return &plan{n.In, func() {
		f := w.any(x)
		y := w.node("ArgMax", []*ref{f.ref}, integer("axis", slices.Index(f.perm, x.Rank()-1)), integer("keepdims", 0))
		y = w.node("Cast", []*ref{y}, integer("to", int(onnxpb.TensorProto_INT32)))
		w.set(n.Out[0], y, without(f.perm, []int{x.Rank() - 1}))
	}}
}

func cumSum(w *writer, n *graph.Node) *plan {
	x := n.In[0]
	return &plan{n.In, func() {
		f := w.any(x)
		axis := int64(slices.Index(f.perm, x.Rank()-1))
		var reverse *onnxpb.AttributeProto
		if n.Op.(op.CumSum).Reverse {
			reverse = integer("reverse", 1)
		}
		t := tensor.Scalar(axis)
		w.set(n.Out[0], w.node("CumSum", []*ref{f.ref, w.constant("constant/"+op.Attributes(op.Const{Value: t}), t)}, reverse), f.perm)
	}}
}
