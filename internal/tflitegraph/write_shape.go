package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

func writeReshape(w *writer, n *graph.Node) {
	w.reshape(w.result(n.Out[0]), w.tensor(n.In[0]), n.Op.(op.Reshape).Shape)
}

// reshape writes a new shape, in which one size may be unknown: it follows from the others.
func (w *writer) reshape(out, x int, shape tensor.Shape) {
	o := &tflitefb.ReshapeOptionsT{}
	for _, d := range shape {
		o.NewShape = append(o.NewShape, int32(d))
	}
	w.emit(tflitefb.BuiltinOperatorRESHAPE, o, out, x, w.ints(shape...))
}

func writeReshapeLike(w *writer, n *graph.Node) {
	if s := n.Out[0].Shape; unknowns(s) <= 1 {
		w.reshape(w.result(n.Out[0]), w.tensor(n.In[0]), s)
		return
	}
	w.emit(tflitefb.BuiltinOperatorRESHAPE, nil, w.result(n.Out[0]), w.tensor(n.In[0]), w.shape(n.In[1]))
}

func writeBroadcastLike(w *writer, n *graph.Node) {
	if n.In[0].Shape.Equal(n.Out[0].Shape) {
		w.index[n.Out[0]] = w.tensor(n.In[0])
		return
	}
	w.emit(tflitefb.BuiltinOperatorBROADCAST_TO, nil, w.result(n.Out[0]), w.tensor(n.In[0]), w.shape(n.In[1]))
}

func writeExpandDims(w *writer, n *graph.Node) {
	w.emit(tflitefb.BuiltinOperatorEXPAND_DIMS, nil, w.result(n.Out[0]), w.tensor(n.In[0]), w.integer(n.Op.(op.ExpandDims).Axis))
}

func writeSqueeze(w *writer, n *graph.Node) {
	o := &tflitefb.SqueezeOptionsT{SqueezeDims: []int32{int32(n.Op.(op.Squeeze).Axis)}}
	w.emit(tflitefb.BuiltinOperatorSQUEEZE, o, w.result(n.Out[0]), w.tensor(n.In[0]))
}

func writeTranspose(w *writer, n *graph.Node) {
	w.transpose(w.result(n.Out[0]), w.tensor(n.In[0]), n.Op.(op.Transpose).Perm)
}

func (w *writer) transpose(out, x int, perm []int) int {
	return w.emit(tflitefb.BuiltinOperatorTRANSPOSE, nil, out, x, w.ints(perm...))
}

func writeConcat(w *writer, n *graph.Node) {
	in := make([]int, len(n.In))
	for i, v := range n.In {
		in[i] = w.tensor(v)
	}
	w.emit(tflitefb.BuiltinOperatorCONCATENATION, &tflitefb.ConcatenationOptionsT{Axis: int32(n.Op.(op.Concat).Axis)}, w.result(n.Out[0]), in...)
}

func writeGather(w *writer, n *graph.Node) {
	w.emit(tflitefb.BuiltinOperatorGATHER, &tflitefb.GatherOptionsT{Axis: int32(n.Op.(op.Gather).Axis)}, w.result(n.Out[0]), w.tensor(n.In[0]), w.tensor(n.In[1]))
}

func writeOneHot(w *writer, n *graph.Node) {
	o := n.Op.(op.OneHot)
	if o.DType != tensor.Float32 {
		w.fail("makes %v, want float32", o.DType)
	}
	w.emit(tflitefb.BuiltinOperatorONE_HOT, &tflitefb.OneHotOptionsT{Axis: -1}, w.result(n.Out[0]), w.tensor(n.In[0]), w.integer(o.Depth), w.number(1), w.number(0))
}

func writePad(w *writer, n *graph.Node) {
	o := n.Op.(op.Pad)
	w.pad(w.result(n.Out[0]), w.tensor(n.In[0]), o.Before, o.After, o.Value)
}

// pad surrounds x with elements equal to value.
func (w *writer) pad(out, x int, before, after []int, value float64) int {
	c := tensor.New(tensor.Int32, len(before), 2)
	for i := range before {
		tensor.Values[int32](c)[2*i], tensor.Values[int32](c)[2*i+1] = int32(before[i]), int32(after[i])
	}
	if value == 0 {
		return w.emit(tflitefb.BuiltinOperatorPAD, nil, out, x, w.constant(c, "padding"))
	}
	return w.emit(tflitefb.BuiltinOperatorPADV2, nil, out, x, w.constant(c, "padding"), w.number(value))
}

func writeSlice(w *writer, n *graph.Node) {
	o, x := n.Op.(op.Slice), n.In[0]
	if o.End == nil || slices.Max(append(slices.Clone(o.End), 0)) == 0 {
		w.slice(w.result(n.Out[0]), w.tensor(x), o.Begin, o.Size)
		return
	}
	// The size of a dimension is not known, so its end is counted from the end.
	begin, end := slices.Clone(o.Begin), make([]int, x.Rank())
	mask := int32(0)
	for i := range end {
		switch {
		case o.Size[i] != tensor.Unknown:
			end[i] = o.Begin[i] + o.Size[i]
		case o.End[i] > 0:
			end[i] = -o.End[i]
		default:
			mask |= 1 << i
		}
	}
	w.emit(tflitefb.BuiltinOperatorSTRIDED_SLICE, &tflitefb.StridedSliceOptionsT{EndMask: mask}, w.result(n.Out[0]), w.tensor(x), w.ints(begin...), w.ints(end...), w.ints(slices.Repeat([]int{1}, x.Rank())...))
}

// slice takes size[i] elements from begin[i] on; -1 means all.
func (w *writer) slice(out, x int, begin, size []int) int {
	return w.emit(tflitefb.BuiltinOperatorSLICE, nil, out, x, w.ints(begin...), w.ints(size...))
}
