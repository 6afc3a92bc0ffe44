package tflitegraph

import (
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

func writeUnary(code tflitefb.BuiltinOperator) func(*writer, *graph.Node) {
	return func(w *writer, n *graph.Node) { w.emit(code, nil, w.result(n.Out[0]), w.tensor(n.In[0])) }
}

func writeBinary(code tflitefb.BuiltinOperator) func(*writer, *graph.Node) {
	return func(w *writer, n *graph.Node) { w.binary(code, nil, n, n.Out[0]) }
}

// writeActivated writes an op of the table activated without an activation.
func writeActivated(w *writer, n *graph.Node) {
	activated[n.Op.Name()](w, n, n.Out[0], tflitefb.ActivationFunctionTypeNONE)
}

// binary writes a function of two values, which the interpreter broadcasts.
func (w *writer) binary(code tflitefb.BuiltinOperator, options any, n *graph.Node, out *graph.Value) {
	w.emit(code, options, w.result(out), w.tensor(n.In[0]), w.tensor(n.In[1]))
}

func writeSelect(w *writer, n *graph.Node) {
	w.emit(tflitefb.BuiltinOperatorSELECT_V2, nil, w.result(n.Out[0]), w.tensor(n.In[0]), w.tensor(n.In[1]), w.tensor(n.In[2]))
}

func writeCast(w *writer, n *graph.Node) {
	o := &tflitefb.CastOptionsT{InDataType: types[n.In[0].DType], OutDataType: types[n.Out[0].DType]}
	w.emit(tflitefb.BuiltinOperatorCAST, o, w.result(n.Out[0]), w.tensor(n.In[0]))
}

// like returns a new tensor of the type of v.
func (w *writer) like(v *graph.Value) int { return w.temp(v.DType, v.Shape...) }

func (w *writer) sum(out, x, y int) int {
	return w.emit(tflitefb.BuiltinOperatorADD, &tflitefb.AddOptionsT{PotScaleInt16: true}, out, x, y)
}

func (w *writer) difference(out, x, y int) int {
	return w.emit(tflitefb.BuiltinOperatorSUB, &tflitefb.SubOptionsT{PotScaleInt16: true}, out, x, y)
}

func (w *writer) product(out, x, y int) int {
	return w.emit(tflitefb.BuiltinOperatorMUL, &tflitefb.MulOptionsT{}, out, x, y)
}

// floats reports whether the node's operand is a float32, which the interpreter needs, and records an error if not.
func (w *writer) floats(n *graph.Node) bool {
	if n.In[0].DType != tensor.Float32 {
		w.fail("got %v, want float32", n.In[0].DType)
		w.result(n.Out[0])
		return false
	}
	return true
}

// writeLog1p writes log(1+x), which is less accurate for small x.
func writeLog1p(w *writer, n *graph.Node) {
	if w.floats(n) {
		one := w.sum(w.like(n.In[0]), w.tensor(n.In[0]), w.number(1))
		w.emit(tflitefb.BuiltinOperatorLOG, nil, w.result(n.Out[0]), one)
	}
}

// writeExpm1 writes exp(x)-1, which is less accurate for small x.
func writeExpm1(w *writer, n *graph.Node) {
	if w.floats(n) {
		e := w.emit(tflitefb.BuiltinOperatorEXP, nil, w.like(n.In[0]), w.tensor(n.In[0]))
		w.difference(w.result(n.Out[0]), e, w.number(1))
	}
}

// writeSoftplus writes max(x, 0) + log(1+exp(-|x|)).
func writeSoftplus(w *writer, n *graph.Node) {
	if !w.floats(n) {
		return
	}
	x := n.In[0]
	t := w.emit(tflitefb.BuiltinOperatorABS, nil, w.like(x), w.tensor(x))
	t = w.emit(tflitefb.BuiltinOperatorNEG, nil, w.like(x), t)
	t = w.emit(tflitefb.BuiltinOperatorEXP, nil, w.like(x), t)
	t = w.sum(w.like(x), t, w.number(1))
	t = w.emit(tflitefb.BuiltinOperatorLOG, nil, w.like(x), t)
	w.sum(w.result(n.Out[0]), w.emit(tflitefb.BuiltinOperatorRELU, nil, w.like(x), w.tensor(x)), t)
}

// writeErf writes the rational approximation 7.1.26 of Abramowitz and Stegun, whose error is at most 1.5e-7:
//
//	erf(x) = sign(x) * (1 - p(t)*exp(-x*x)), t = 1/(1 + 0.3275911*|x|)
func writeErf(w *writer, n *graph.Node) {
	if !w.floats(n) {
		return
	}
	x := n.In[0]
	t := w.emit(tflitefb.BuiltinOperatorABS, nil, w.like(x), w.tensor(x))
	t = w.product(w.like(x), t, w.number(0.3275911))
	t = w.sum(w.like(x), t, w.number(1))
	t = w.emit(tflitefb.BuiltinOperatorDIV, &tflitefb.DivOptionsT{}, w.like(x), w.number(1), t)
	p := w.product(w.like(x), t, w.number(1.061405429))
	for _, c := range []float64{-1.453152027, 1.421413741, -0.284496736, 0.254829592} {
		p = w.sum(w.like(x), p, w.number(c))
		p = w.product(w.like(x), p, t)
	}
	e := w.emit(tflitefb.BuiltinOperatorSQUARE, nil, w.like(x), w.tensor(x))
	e = w.emit(tflitefb.BuiltinOperatorNEG, nil, w.like(x), e)
	e = w.emit(tflitefb.BuiltinOperatorEXP, nil, w.like(x), e)
	y := w.difference(w.like(x), w.number(1), w.product(w.like(x), p, e))
	w.product(w.result(n.Out[0]), w.emit(tflitefb.BuiltinOperatorSIGN, nil, w.like(x), w.tensor(x)), y)
}
