package onnxgraph

import (
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// gather takes entries of a table. Unlike lince, ONNX does not allow indices that are out of range.
func gather(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		refs := []*ref{w.get(n.In[0], identity(n.In[0].Rank())), w.get(n.In[1], identity(n.In[1].Rank()))}
		var axis *onnxpb.AttributeProto
		if a := n.Op.(op.Gather).Axis; a > 0 {
			axis = integer("axis", a)
		}
		w.set(n.Out[0], w.node("Gather", refs, axis), identity(n.Out[0].Rank()))
	}}
}

// scatter changes rows of a table. Unlike lince, ONNX does not allow indices that are out of range.
func scatter(w *writer, n *graph.Node) *plan {
	fn := map[op.BinaryFn]string{"": "", op.Add: "add", op.Mul: "mul", op.Max: "max", op.Min: "min"}[n.Op.(op.Scatter).Fn]
	if fn == "max" || fn == "min" {
		if w.options.Opset < 18 {
			return nil
		}
	}
	return &plan{n.In, func() {
		table, at, rows := n.In[0], n.In[1], n.In[2]
		in := w.node("Unsqueeze", []*ref{w.get(at, identity(at.Rank())), w.integers(-1)})
		in = w.node("Cast", []*ref{in}, integer("to", int(onnxpb.TensorProto_INT64)))
		var reduction *onnxpb.AttributeProto
		if fn != "" {
			reduction = text("reduction", fn)
		}
		y := w.node("ScatterND", []*ref{w.get(table, identity(table.Rank())), in, w.get(rows, identity(rows.Rank()))}, reduction)
		w.set(n.Out[0], y, identity(table.Rank()))
	}}
}

// topK takes the largest or smallest elements along the last dimension.
func topK(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.TopK), n.In[0]
	return &plan{n.In, func() {
		perm := identity(x.Rank())
		var largest *onnxpb.AttributeProto
		if o.Smallest {
			largest = integer("largest", 0)
		}
		out := w.nodeN("TopK", 2, []*ref{w.get(x, perm), w.integers(o.K)}, largest)
		w.set(n.Out[0], out[0], perm)
		w.set(n.Out[1], w.node("Cast", []*ref{out[1]}, integer("to", int(onnxpb.TensorProto_INT32))), perm)
	}}
}

// remainder is Mod. ONNX has the remainder with the sign of the dividend for all numbers, that with the sign of the divisor for integers.
func remainder(w *writer, n *graph.Node) *plan {
	fmod := n.Op.(op.Binary).Fn == op.FMod
	if !fmod && n.In[0].DType.IsFloat() {
		return nil
	}
	return &plan{n.In, func() {
		in, perm := w.align(n.Out[0].Rank(), n.In...)
		var a *onnxpb.AttributeProto
		if fmod {
			a = integer("fmod", 1)
		}
		w.set(n.Out[0], w.node("Mod", in, a), perm)
	}}
}

// bits writes a function of the bits of integers, which ONNX has from opset 18 on.
func bits(operator string) rule {
	return func(w *writer, n *graph.Node) *plan {
		if w.options.Opset < 18 {
			return nil
		}
		return broadcast(operator)(w, n)
	}
}

// shift shifts bits; ONNX has it for integers without a sign.
func shift(direction string) rule {
	return func(w *writer, n *graph.Node) *plan {
		if n.In[0].DType != tensor.Uint8 {
			return nil
		}
		return &plan{n.In, func() {
			in, perm := w.align(n.Out[0].Rank(), n.In...)
			w.set(n.Out[0], w.node("BitShift", in, text("direction", direction)), perm)
		}}
	}
}
