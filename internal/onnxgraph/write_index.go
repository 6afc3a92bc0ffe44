package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// gather takes entries of a table. Unlike lince, ONNX does not allow indices that are out of range.
func gather(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		refs := []*ref{w.get(n.In[0], identity(n.In[0].Rank())), w.get(n.In[1], identity(n.In[1].Rank()))}
		var axis *onnxpb.AttributeProto
		if a := n.Op.(op.Gather).Axis; a != 0 {
			axis = integer("axis", a)
		}
		w.set(n.Out[0], w.node("Gather", refs, axis), identity(n.Out[0].Rank()))
	}}
}

// scatter changes rows of a table. Unlike lince, ONNX does not allow indices that are out of range.
func scatter(w *writer, n *graph.Node) *plan {
	o := n.Op.(op.Scatter)
	how, ok := map[op.BinaryFn]string{"": "none", op.Add: "add", op.Mul: "mul", op.Max: "max", op.Min: "min"}[o.Fn]
	if !ok || w.options.Opset < 18 && (o.Fn == op.Max || o.Fn == op.Min) {
		return nil
	}
	return &plan{n.In, func() {
		var in []*ref
		for _, v := range n.In {
			in = append(in, w.get(v, identity(v.Rank())))
		}
		in[1] = w.node("Cast", []*ref{w.node("Unsqueeze", []*ref{in[1], w.integers(-1)})}, integer("to", int(onnxpb.TensorProto_INT64)))
		var reduction *onnxpb.AttributeProto
		if o.Fn != "" {
			reduction = text("reduction", how)
		}
		w.set(n.Out[0], w.node("ScatterND", in, reduction), identity(n.Out[0].Rank()))
	}}
}

// sortedEntries writes op.TopK, whose indices are Int32.
func sortedEntries(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.TopK), n.In[0]
	return &plan{n.In, func() {
		f := w.any(x)
		var smallest *onnxpb.AttributeProto
		if o.Smallest {
			smallest = integer("largest", 0)
		}
		out := w.nodeN("TopK", 2, []*ref{f.ref, w.integers(o.K)}, integer("axis", slices.Index(f.perm, x.Rank()-1)), smallest)
		w.set(n.Out[0], out[0], f.perm)
		if w.uses[n.Out[1]] > 0 {
			w.set(n.Out[1], w.node("Cast", []*ref{out[1]}, integer("to", int(onnxpb.TensorProto_INT32))), f.perm)
		}
	}}
}
