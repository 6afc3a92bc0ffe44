package tflitegraph

import (
	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// reduce writes a reduction with the axes of n.
func (w *writer) reduce(code tflitefb.BuiltinOperator, n *graph.Node, out int) {
	o := n.Op.(op.Reduce)
	w.emit(code, &tflitefb.ReducerOptionsT{KeepDims: o.KeepDims}, out, w.tensor(n.In[0]), w.ints(allAxes(o.Axes, n.In[0])...))
}

func writeReduce(code tflitefb.BuiltinOperator) func(*writer, *graph.Node) {
	return func(w *writer, n *graph.Node) { w.reduce(code, n, w.result(n.Out[0])) }
}

// allAxes returns axes, or all axes of x if it is nil.
func allAxes(axes []int, x *graph.Value) []int {
	if axes != nil {
		return axes
	}
	for i := range x.Rank() {
		axes = append(axes, i)
	}
	return axes
}

func writeArgMax(w *writer, n *graph.Node) {
	o := &tflitefb.ArgMaxOptionsT{OutputType: tflitefb.TensorTypeINT32}
	w.emit(tflitefb.BuiltinOperatorARG_MAX, o, w.result(n.Out[0]), w.tensor(n.In[0]), w.integer(n.In[0].Rank()-1))
}

// topK writes the k largest elements of each row of x, and returns the elements and their indices.
func (w *writer) topK(values, indices, x, k int) {
	w.sub.Operators = append(w.sub.Operators, tflite.Operator{
		Code: tflitefb.BuiltinOperatorTOPK_V2, Version: 1, Inputs: []int{x, w.integer(k)}, Outputs: []int{values, indices},
	})
}

func writeTopK(w *writer, n *graph.Node) {
	o, x := n.Op.(op.TopK), n.In[0]
	if !o.Smallest {
		w.topK(w.result(n.Out[0]), w.result(n.Out[1]), w.tensor(x), o.K)
		return
	}
	least := w.like(n.Out[0])
	w.topK(least, w.result(n.Out[1]), w.emit(tflitefb.BuiltinOperatorNEG, nil, w.like(x), w.tensor(x)), o.K)
	w.emit(tflitefb.BuiltinOperatorNEG, nil, w.result(n.Out[0]), least)
}

// writeSparsemax writes the formula of op.Sparsemax: max(x-tau, 0), where tau comes from the sums of the largest elements.
func writeSparsemax(w *writer, n *graph.Node) {
	x := n.In[0]
	last := x.Rank() - 1
	columns := x.Shape[last]
	if columns == tensor.Unknown || !w.floats(n) {
		w.fail("the number of columns must be known")
		return
	}
	count := tensor.New(tensor.Float32, columns)
	for i := range columns {
		count.Float32s()[i] = float32(i + 1)
	}
	row := x.Shape.Clone()
	row[last] = 1
	sorted, indices := w.like(x), w.temp(tensor.Int32, x.Shape...)
	w.topK(sorted, indices, w.tensor(x), columns)
	sums := w.emit(tflitefb.BuiltinOperatorCUMSUM, &tflitefb.CumsumOptionsT{}, w.like(x), sorted, w.integer(last))
	// The elements from the first one with x(i) <= (s(i)-1)/i on become 0.
	bound := w.emit(tflitefb.BuiltinOperatorDIV, &tflitefb.DivOptionsT{}, w.like(x), w.difference(w.like(x), sums, w.number(1)), w.constant(count, w.name("count")))
	above := w.emit(tflitefb.BuiltinOperatorGREATER, nil, w.temp(tensor.Bool, x.Shape...), sorted, bound)
	mask := w.emit(tflitefb.BuiltinOperatorCAST, &tflitefb.CastOptionsT{InDataType: tflitefb.TensorTypeBOOL, OutDataType: tflitefb.TensorTypeFLOAT32}, w.like(x), above)
	total := func(v int) int {
		return w.emit(tflitefb.BuiltinOperatorSUM, &tflitefb.ReducerOptionsT{KeepDims: true}, w.temp(tensor.Float32, row...), v, w.ints(last))
	}
	tau := w.difference(w.temp(tensor.Float32, row...), total(w.product(w.like(x), mask, sums)), w.number(1))
	tau = w.emit(tflitefb.BuiltinOperatorDIV, &tflitefb.DivOptionsT{}, w.temp(tensor.Float32, row...), tau, total(mask))
	w.emit(tflitefb.BuiltinOperatorRELU, nil, w.result(n.Out[0]), w.difference(w.like(x), w.tensor(x), tau))
}

func writeCumSum(w *writer, n *graph.Node) {
	o := &tflitefb.CumsumOptionsT{Reverse: n.Op.(op.CumSum).Reverse}
	w.emit(tflitefb.BuiltinOperatorCUMSUM, o, w.result(n.Out[0]), w.tensor(n.In[0]), w.integer(n.In[0].Rank()-1))
}

// writeSize writes the number of elements of a value whose shape is not known.
func writeSize(w *writer, n *graph.Node) {
	o, x := n.Op.(op.Size), n.In[0]
	axes := allAxes(o.Axes, x)
	sizes := w.emit(tflitefb.BuiltinOperatorGATHER, &tflitefb.GatherOptionsT{}, w.temp(tensor.Int32, len(axes)), w.shape(x), w.ints(axes...))
	size := w.emit(tflitefb.BuiltinOperatorREDUCE_PROD, &tflitefb.ReducerOptionsT{}, w.temp(tensor.Int32), sizes, w.ints(0))
	w.emit(tflitefb.BuiltinOperatorCAST, &tflitefb.CastOptionsT{InDataType: tflitefb.TensorTypeINT32, OutDataType: types[o.DType]}, w.result(n.Out[0]), size)
}

// shape returns the shape of a value as a list of integers, which the interpreter computes if it is not known.
func (w *writer) shape(v *graph.Value) int {
	if v.Shape.Known() {
		return w.ints(v.Shape...)
	}
	return w.emit(tflitefb.BuiltinOperatorSHAPE, &tflitefb.ShapeOptionsT{OutType: tflitefb.TensorTypeINT32}, w.temp(tensor.Int32, v.Rank()), w.tensor(v))
}

// writeLayerNorm writes y = (x-mean)/sqrt(variance+epsilon)*gamma + beta along the last dimension.
func writeLayerNorm(w *writer, n *graph.Node) {
	o, x := n.Op.(op.LayerNorm), n.In[0]
	if w.users[n.Out[1]] > 0 || w.users[n.Out[2]] > 0 {
		w.fail("the means and deviations are used, which TensorFlow Lite does not give")
	}
	last := x.Rank() - 1
	row := x.Shape.Clone()
	row[last] = 1
	keep, axes := &tflitefb.ReducerOptionsT{KeepDims: true}, w.ints(last)
	mean := w.emit(tflitefb.BuiltinOperatorMEAN, keep, w.temp(x.DType, row...), w.tensor(x), axes)
	centered := w.difference(w.like(x), w.tensor(x), mean)
	square := w.emit(tflitefb.BuiltinOperatorSQUARE, nil, w.like(x), centered)
	variance := w.emit(tflitefb.BuiltinOperatorMEAN, keep, w.temp(x.DType, row...), square, axes)
	variance = w.sum(w.temp(x.DType, row...), variance, w.number(o.Epsilon))
	inverse := w.emit(tflitefb.BuiltinOperatorRSQRT, nil, w.temp(x.DType, row...), variance)
	next := func(done bool) int {
		if done {
			return w.result(n.Out[0])
		}
		return w.like(x)
	}
	y := w.product(next(len(n.In) == 1), centered, inverse)
	for i, v := range n.In[1:] {
		out := next(i == len(n.In)-2)
		if i == 0 && o.Scale {
			y = w.product(out, y, w.tensor(v))
		} else {
			y = w.sum(out, y, w.tensor(v))
		}
	}
}
