package tflitegraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// This file makes the batch free where a file fixes its size, if the network only carries the batch through. Read takes the first dimension of the
// inputs for unknown, and so do the operators whose operands in the file have the fixed size. checkBatch then follows the examples through the graph,
// and Read keeps the size of the file if an op computes across them.

// batchOf returns the size of the batch in the file: that of the first input with dimensions. It is 0 if there is none.
func batchOf(m *tflite.Model) int {
	for _, t := range inputs(m) {
		if len(t.Shape) > 0 {
			return t.Shape[0]
		}
	}
	return 0
}

// fixesBatch reports whether the file fixes the size of batches.
func fixesBatch(m *tflite.Model) bool {
	return !slices.ContainsFunc(inputs(m), func(t *tflite.Tensor) bool { return len(t.Signature) > 0 && t.Signature[0] == tensor.Unknown })
}

// examples says where the examples of a batch are in a value: dimension axis has per elements for each of them, one example after the other. The zero
// value is a value that all examples share.
type examples struct{ axis, per int }

// checkBatch returns an error if a graph computes across the examples of a batch, or has outputs without an element for each of them.
func checkBatch(g *graph.Graph) error {
	at := map[*graph.Value]examples{}
	for _, v := range g.Inputs {
		if v.Rank() == 0 || v.Shape[0] != tensor.Unknown {
			return fmt.Errorf("the input %s has another first dimension than the batch", v.Node.Op.(op.Input).Key)
		}
		at[v] = examples{0, 1}
	}
	for _, n := range g.Nodes {
		in := make([]examples, len(n.In))
		shared := true
		for i, v := range n.In {
			in[i] = at[v]
			shared = shared && in[i].per == 0
		}
		if shared {
			continue
		}
		out, ok := carried(n, in)
		if !ok {
			return fmt.Errorf("%s (%s) computes along the batch", n.Layer, n.Op.Name())
		}
		for _, v := range n.Out {
			at[v] = out
		}
	}
	for _, o := range g.Outputs {
		if at[o.Value] != (examples{0, 1}) {
			return fmt.Errorf("the output %s does not have one element for each example", o.Key)
		}
	}
	return nil
}

// carried returns where the examples are in the results of a node. ok is false if it may compute across them. in has at least one operand with examples.
func carried(n *graph.Node, in []examples) (out examples, ok bool) {
	x, first := n.In[0], in[0]
	last := x.Rank() - 1
	switch o := n.Op.(type) {
	case op.Unary, op.Cast:
		return first, true
	case op.Binary, op.Select:
		return elementwise(n, in)
	case op.BroadcastLike: // the second operand has the shape of the result
		out, ok = elementwise(n, in)
		return out, ok && in[1].per > 0
	case op.Size:
		return examples{}, o.Axes != nil && !slices.Contains(o.Axes, first.axis)
	case op.Softmax, op.ArgMax, op.TopK, op.CumSum: // along the last dimension
		return first, first.axis != last
	case op.OneHot:
		return first, true
	case op.Reduce:
		return reduced(o, first)
	case op.Transpose:
		return examples{slices.Index(o.Perm, first.axis), first.per}, true
	case op.ExpandDims:
		if o.Axis <= first.axis {
			first.axis++
		}
		return first, true
	case op.Squeeze:
		ok = o.Axis != first.axis
		if o.Axis < first.axis {
			first.axis--
		}
		return first, ok
	case op.Reshape:
		return reshaped(x.Shape, n.Out[0].Shape, first)
	case op.Slice:
		a := first.axis
		return first, o.Begin[a] == 0 && o.Size[a] == tensor.Unknown && (o.End == nil || o.End[a] == 0)
	case op.Pad:
		return first, o.Before[first.axis] == 0 && o.After[first.axis] == 0
	case op.Concat:
		return first, first.per > 0 && first.axis != o.Axis && !slices.ContainsFunc(in, func(e examples) bool { return e != first })
	case op.Gather:
		return gathered(n, in)
	case op.MatMul:
		return multiplied(o, in)
	case op.BatchMatMul:
		return first, in[0] == in[1] && first.axis < last-1
	case op.Conv2D, op.DepthwiseConv2D, op.Conv2DTranspose, op.MaxPool2D, op.AveragePool2D, op.Resize:
		return first, first.axis == 0 && !slices.ContainsFunc(in[1:], func(e examples) bool { return e.per > 0 })
	}
	return examples{}, false
}

// elementwise aligns operands as NumPy's broadcasting does. Those that the examples share must have one element for all of them.
func elementwise(n *graph.Node, in []examples) (out examples, ok bool) {
	rank := n.Out[0].Rank()
	for i, v := range n.In {
		if in[i].per > 0 {
			e := examples{in[i].axis + rank - v.Rank(), in[i].per}
			if out.per > 0 && e != out {
				return out, false
			}
			out = e
		}
	}
	for i, v := range n.In {
		if a := out.axis - rank + v.Rank(); in[i].per == 0 && a >= 0 && v.Shape[a] != 1 {
			return out, false
		}
	}
	return out, true
}

func reduced(o op.Reduce, x examples) (out examples, ok bool) {
	if o.Axes == nil || slices.Contains(o.Axes, x.axis) {
		return x, false
	}
	if !o.KeepDims {
		for _, a := range o.Axes {
			if a < x.axis {
				out.axis--
			}
		}
	}
	return examples{x.axis + out.axis, x.per}, true
}

// reshaped follows the examples through a change of the shape: as many elements are before them as before, and each has whole elements of the dimension.
func reshaped(from, to tensor.Shape, x examples) (out examples, ok bool) {
	before, after := from[:x.axis], from[x.axis+1:]
	axis := slices.Index(to, tensor.Unknown)
	if axis < 0 || !before.Known() || !after.Known() {
		return x, false
	}
	rest := to[axis+1:]
	if !rest.Known() || before.Elements() != to[:axis].Elements() || rest.Elements() == 0 {
		return x, false
	}
	each := x.per * after.Elements()
	return examples{axis, each / rest.Elements()}, each > 0 && each%rest.Elements() == 0
}

func gathered(n *graph.Node, in []examples) (out examples, ok bool) {
	axis, rows, indices := n.Op.(op.Gather).Axis, in[0], in[1]
	switch {
	case rows.per == 0:
		return examples{axis + indices.axis, indices.per}, true
	case indices.per > 0 || rows.axis == axis:
		return rows, false
	case rows.axis > axis:
		rows.axis += n.In[1].Rank() - 1
	}
	return rows, true
}

// multiplied returns where the examples are in a product of matrices: they are the rows of the first, or the columns of the second.
func multiplied(o op.MatMul, in []examples) (out examples, ok bool) {
	rows, columns := 0, 1
	if o.TransposeA {
		rows = 1
	}
	if o.TransposeB {
		columns = 0
	}
	a, b := in[0], in[1]
	switch {
	case b.per == 0:
		return examples{0, a.per}, a.axis == rows
	case a.per == 0:
		return examples{1, b.per}, b.axis == columns
	}
	return a, false
}
