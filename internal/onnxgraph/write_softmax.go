package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// softmax works along the last dimension, wherever that is stored.
func softmax(operator string) rule {
	return func(w *writer, n *graph.Node) *plan { return w.along(n, n.In[0], operator) }
}

// along plans an operator that works along the last dimension of x.
func (w *writer) along(n *graph.Node, x *graph.Value, operator string) *plan {
	return &plan{[]*graph.Value{x}, func() {
		in := w.any(x)
		axis := slices.Index(in.perm, x.Rank()-1)
		if axis == x.Rank()-1 {
			axis = -1
		}
		w.set(n.Out[0], w.node(operator, []*ref{in.ref}, integer("axis", axis)), in.perm)
	}}
}

// logSoftmax is below - log(sum(exp(below))), where below is x without its maximum.
func logSoftmax(w *writer, n *graph.Node) *plan {
	below, log, ok := binaryOf(n.Out[0], op.Sub)
	if !ok {
		return nil
	}
	x, top, ok := binaryOf(below, op.Sub)
	if !ok {
		return nil
	}
	last := x.Rank() - 1
	sum, ok := unaryOf(log, op.Log)
	if !ok || !isReduction(sum, op.ReduceSum, last) || !isReduction(top, op.ReduceMax, last) || top.Node.In[0] != x {
		return nil
	}
	if exp, ok := unaryOf(sum.Node.In[0], op.Exp); !ok || exp != below {
		return nil
	}
	return w.along(n, x, "LogSoftmax")
}

// isReduction reports whether v is a reduction along one dimension, which is kept.
func isReduction(v *graph.Value, fn op.ReduceFn, axis int) bool {
	r, ok := v.Node.Op.(op.Reduce)
	return ok && r.Fn == fn && r.KeepDims && slices.Equal(r.Axes, []int{axis})
}

// sparsemax is max(x-tau, 0). The sums of the largest numbers, sorted, give tau; see op.Sparsemax.
func sparsemax(w *writer, n *graph.Node) *plan {
	x := n.In[0]
	last := x.Rank() - 1
	classes := x.Shape[last]
	if classes == tensor.Unknown {
		return nil
	}
	return &plan{n.In, func() {
		in, axis := w.get(x, identity(x.Rank())), w.integers(-1)
		node := func(operator string, in ...*ref) *ref { return w.node(operator, in) }
		sorted := w.nodeN("TopK", 2, []*ref{in, w.integers(classes)}, integer("axis", -1))[0]
		sums := node("CumSum", sorted, w.constant("constant/-1", tensor.Scalar(int64(-1))))
		ranks := tensor.New(x.DType, classes)
		for i := range classes {
			copy(ranks.Raw()[i*x.DType.Size():], scalarOf(x.DType, float64(i+1)).Raw())
		}
		scaled := node("Mul", sorted, w.initializer(w.named(w.layer, "ranks"), ranks))
		zero, one := w.scalar(x.DType, 0), w.scalar(x.DType, 1)
		inside := node("Greater", node("Add", scaled, one), sums)
		count := node("ReduceSum", w.node("Cast", []*ref{inside}, integer("to", int(elementType(x.DType)))), axis)
		total := node("ReduceSum", node("Where", inside, sums, zero), axis)
		tau := node("Div", node("Sub", total, one), count)
		w.set(n.Out[0], node("Max", node("Sub", in, tau), zero), identity(x.Rank()))
	}}
}

// oneHot compares with each class: ONNX's OneHot would count negative numbers from the end.
func oneHot(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.OneHot), n.In[0]
	return &plan{n.In, func() {
		classes := tensor.New(tensor.Int64, o.Depth)
		for i := range o.Depth {
			tensor.Values[int64](classes)[i] = int64(i)
		}
		in := w.node("Unsqueeze", []*ref{w.get(x, identity(x.Rank())), w.integers(-1)})
		in = w.node("Cast", []*ref{in}, integer("to", int(onnxpb.TensorProto_INT64)))
		y := w.node("Equal", []*ref{in, w.initializer(w.named(w.layer, "classes"), classes)})
		y = w.node("Cast", []*ref{y}, integer("to", int(elementType(o.DType))))
		w.set(n.Out[0], y, identity(n.Out[0].Rank()))
	}}
}
