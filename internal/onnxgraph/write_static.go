package onnxgraph

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// static is a value that is known when the graph is written: a variable, a constant, or one of them in another shape.
type static struct {
	name     string
	value    *tensor.Tensor
	constant bool // not a variable
}

// shaped names a static value in another shape than its own.
type shaped struct {
	of  *static
	how string
}

// static returns the value, or nil if it is computed.
func (w *writer) static(v *graph.Value) *static {
	if s, ok := w.statics[v]; ok {
		return s
	}
	s := w.staticOf(v)
	w.statics[v] = s
	return s
}

func (w *writer) staticOf(v *graph.Value) *static {
	n := v.Node
	switch o := n.Op.(type) {
	case op.Variable:
		if have := w.store.Lookup(o.Path); have != nil && have.Value() != nil {
			return &static{w.trimmed(o.Path), have.Value(), false}
		}
	case op.Const:
		if o.Value.Len() == 1 {
			return &static{fmt.Sprintf("constant/%s", op.Attributes(o)), o.Value, true}
		}
		return &static{w.named(n.Layer, "constant"), o.Value, true}
	case op.Size:
		if count, ok := countOf(o, n.In[0].Shape); ok {
			return &static{fmt.Sprintf("constant/%d", count), scalarOf(v.DType, float64(count)), true}
		}
	case op.Reshape, op.ExpandDims, op.Squeeze:
		if s := w.static(n.In[0]); s != nil && v.Shape.Known() {
			return &static{s.name, s.value.Reshape(v.Shape...), s.constant}
		}
	case op.Transpose:
		if s := w.static(n.In[0]); s != nil {
			return &static{s.name, permuted(s.value, o.Perm), s.constant}
		}
	}
	return nil
}

// countOf returns the number of elements that an op.Size computes, if it is known.
func countOf(o op.Size, s tensor.Shape) (int, bool) {
	for i, d := range s {
		if d == tensor.Unknown && (o.Axes == nil || slices.Contains(o.Axes, i)) {
			return 0, false
		}
	}
	return o.Count(s), true
}

// scalarOf returns a number of type d, a float32 if there are no numbers of this type.
func scalarOf(d tensor.DType, x float64) *tensor.Tensor {
	return cmp.Or(tensor.Number(d, x), tensor.Scalar(float32(x)))
}

// permuted returns a tensor with its dimensions in another order. It is t itself if the order is the same, and shares t's memory if
// the elements stay in place.
func permuted(t *tensor.Tensor, perm []int) *tensor.Tensor {
	shape := pick(t.Shape(), perm)
	moved := make([]int, 0, len(perm)) // the dimensions that matter
	for _, d := range perm {
		if t.Shape()[d] != 1 {
			moved = append(moved, d)
		}
	}
	switch {
	case slices.IsSorted(perm):
		return t
	case slices.IsSorted(moved):
		return t.Reshape(shape...)
	}
	return numbers.Permute(t, perm)
}

// constant adds a constant. Equal constants of one element are one tensor.
func (w *writer) constant(name string, t *tensor.Tensor) *ref {
	if t.Len() != 1 {
		return w.initializer(name, t)
	}
	key := fmt.Sprintf("%v %x", t, t.Raw())
	if w.constants[key] == nil {
		w.constants[key] = w.initializer(name, t)
	}
	return w.constants[key]
}

// initializer adds a tensor to the file. Its memory is not copied.
func (w *writer) initializer(name string, t *tensor.Tensor) *ref {
	r := &ref{name: w.unique(name)}
	p, err := onnx.NewTensor(r.name, t)
	if err != nil {
		w.errorf("%w", err)
		return r
	}
	w.initializers, w.weights = append(w.initializers, p), append(w.weights, r)
	return r
}

// integers adds a vector of integers, such as axes or a shape.
func (w *writer) integers(v ...int) *ref {
	name := fmt.Sprintf("constant/%v", v)
	if r := w.constants[name]; r != nil {
		return r
	}
	list := make([]int64, len(v))
	for i, x := range v {
		list[i] = int64(x)
	}
	w.constants[name] = w.initializer(name, tensor.Of(list, len(list)))
	return w.constants[name]
}

// scalar adds a number of type d.
func (w *writer) scalar(d tensor.DType, x float64) *ref {
	t := scalarOf(d, x)
	return w.constant("constant/"+op.Attributes(op.Const{Value: t}), t)
}

// vector adds equal numbers for each of n channels.
func (w *writer) vector(name string, d tensor.DType, n int, x float64) *ref {
	key := fmt.Sprintf("%d times %v %v", n, d, x)
	if w.constants[key] == nil {
		t := tensor.New(d, n)
		for i := range n {
			copy(t.Raw()[i*d.Size():], scalarOf(d, x).Raw())
		}
		w.constants[key] = w.initializer(name, t)
	}
	return w.constants[key]
}
