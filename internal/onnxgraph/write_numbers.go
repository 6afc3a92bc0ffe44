package onnxgraph

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// floorMod is the remainder with the sign of the divisor. ONNX has it for integers only.
func floorMod(w *writer, n *graph.Node) *plan {
	if !n.Out[0].DType.IsFloat() {
		return broadcast("Mod")(w, n)
	}
	return &plan{n.In, func() {
		in, perm := w.align(n.Out[0].Rank(), n.In...)
		// fmod(x, y) is exact. Where it has the other sign than y, y is added.
		r := w.node("Mod", in, integer("fmod", 1))
		zero := w.scalar(n.Out[0].DType, 0)
		other := w.node("Less", []*ref{w.node("Mul", []*ref{w.node("Sign", []*ref{r}), w.node("Sign", []*ref{in[1]})}), zero})
		w.set(n.Out[0], w.node("Where", []*ref{other, w.node("Add", []*ref{r, in[1]}), r}), perm)
	}}
}

// truncatedMod is the remainder with the sign of the dividend.
func truncatedMod(w *writer, n *graph.Node) *plan {
	return &plan{n.In, func() {
		in, perm := w.align(n.Out[0].Rank(), n.In...)
		w.set(n.Out[0], w.node("Mod", in, integer("fmod", 1)), perm)
	}}
}

// bitwise returns a rule for an operator that ONNX has since opset 18.
func bitwise(operator string) rule {
	return func(w *writer, n *graph.Node) *plan {
		if w.options.Opset < 18 {
			return nil
		}
		return broadcast(operator)(w, n)
	}
}

// shift returns a rule for BitShift, which ONNX has for unsigned numbers.
func shift(direction string) rule {
	return func(w *writer, n *graph.Node) *plan {
		if n.Out[0].DType != tensor.Uint8 {
			return nil
		}
		return &plan{n.In, func() {
			in, perm := w.align(n.Out[0].Rank(), n.In...)
			w.set(n.Out[0], w.node("BitShift", in, text("direction", direction)), perm)
		}}
	}
}

// logical returns a rule for a maximum or minimum of Bools.
func logical(operator string) rule {
	return func(w *writer, n *graph.Node) *plan {
		if n.Out[0].DType != tensor.Bool {
			return nil
		}
		return broadcast(operator)(w, n)
	}
}
