package lince

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// The modules of Keras' operations.
const (
	numpyOps = "keras.src.ops.numpy"
	mathOps  = "keras.src.ops.math"
	nnOps    = "keras.src.ops.nn"
)

// unaryOps are the operations of Keras for functions of one number.
var unaryOps = map[op.UnaryFn]struct{ module, class string }{
	op.Neg: {numpyOps, "Negative"}, op.Abs: {numpyOps, "Absolute"}, op.Sign: {numpyOps, "Sign"}, op.Square: {numpyOps, "Square"},
	op.Sqrt: {numpyOps, "Sqrt"}, op.Exp: {numpyOps, "Exp"}, op.Log: {numpyOps, "Log"}, op.Log1p: {numpyOps, "Log1p"},
	op.Erf: {mathOps, "Erf"}, op.Expm1: {numpyOps, "Expm1"}, op.Floor: {numpyOps, "Floor"}, op.Round: {numpyOps, "Round"},
	op.Sin: {numpyOps, "Sin"}, op.Cos: {numpyOps, "Cos"}, op.Ceil: {numpyOps, "Ceil"}, op.Atan: {numpyOps, "Arctan"},
}

// binaryOps are the operations of Keras for functions of two numbers.
var binaryOps = map[op.BinaryFn]string{
	op.Add: "Add", op.Sub: "Subtract", op.Mul: "Multiply", op.Div: "TrueDivide", op.Max: "Maximum", op.Min: "Minimum", op.Pow: "Power",
}

// maxConstant limits the elements of a variable that becomes a constant in the model's JSON.
const maxConstant = 1 << 16

// matchOp returns an operation of Keras that computes v, for what no layer computes. It is nil if there is none.
func (r *raiser) matchOp(v *graph.Value, data map[*graph.Value]bool) *match {
	n := v.Node
	if v.Index != 0 || !v.DType.IsFloat() {
		return nil
	}
	one := func(module, class string, settings map[string]any, x *graph.Value) *match {
		if !data[x] {
			return nil
		}
		call := keras.NetworkCall{Args: []keras.Arg{keras.TensorRef{}}}
		return &match{layer: kerasOp{module: module, class: class, config: settings, call: call, operands: 1}, in: []*graph.Value{x}}
	}
	none := map[string]any{}
	switch o := n.Op.(type) {
	case op.Unary:
		if k, ok := unaryOps[o.Fn]; ok {
			return one(k.module, k.class, none, n.In[0])
		}
	case op.Binary:
		if o.Fn == op.Div {
			if x := meanOf(n); x != nil {
				return one(numpyOps, "Mean", reduction(x.Node.Op.(op.Reduce), x.Node.In[0]), x.Node.In[0])
			}
		}
		if class, ok := binaryOps[o.Fn]; ok {
			return r.binary(class, n, data)
		}
	case op.Reduce:
		switch o.Fn {
		case op.ReduceSum:
			return one(numpyOps, "Sum", reduction(o, n.In[0]), n.In[0])
		case op.ReduceMax:
			c := reduction(o, n.In[0])
			c["initial"] = nil
			return one(numpyOps, "Max", c, n.In[0])
		}
	case op.Reshape:
		if shape := []int(v.Shape); !slices.Contains(shape[slices.Index(shape, tensor.Unknown)+1:], tensor.Unknown) {
			return one(numpyOps, "Reshape", map[string]any{"newshape": slices.Clone(shape)}, n.In[0])
		}
	case op.ExpandDims:
		return one(numpyOps, "ExpandDims", map[string]any{"axis": o.Axis}, n.In[0])
	case op.Squeeze:
		return one(numpyOps, "Squeeze", map[string]any{"axis": o.Axis}, n.In[0])
	case op.Transpose:
		return one(numpyOps, "Transpose", map[string]any{"axes": slices.Clone(o.Perm)}, n.In[0])
	case op.Slice:
		if m := one(numpyOps, "GetItem", none, n.In[0]); m != nil && o.Begin[0] == 0 && n.In[0].Shape[0] == v.Shape[0] {
			k := m.layer.(kerasOp)
			k.call.Args = append(k.call.Args, sliceKey(o, n.In[0].Shape, v.Shape))
			m.layer = k
			return m
		}
	}
	return nil
}

// meanOf returns the sum of which a division makes a mean, nil if n is another division.
func meanOf(n *graph.Node) *graph.Value {
	sum, size := n.In[0], n.In[1]
	if !sum.Is("ReduceSum") || !size.Is("Size") || sum.Node.In[0] != size.Node.In[0] {
		return nil
	}
	a, b := sum.Node.Op.(op.Reduce).Axes, size.Node.Op.(op.Size).Axes
	if !slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))) {
		return nil
	}
	return sum
}

// reduction returns the config of an operation that reduces x.
func reduction(o op.Reduce, x *graph.Value) map[string]any {
	axes := slices.Clone(o.Axes)
	if axes == nil {
		for a := range x.Rank() {
			axes = append(axes, a)
		}
	}
	return map[string]any{"axis": axes, "keepdims": o.KeepDims}
}

// binary returns the operation for a function of two values, one of which may be constant.
func (r *raiser) binary(class string, n *graph.Node, data map[*graph.Value]bool) *match {
	k := kerasOp{module: numpyOps, class: class, config: map[string]any{}}
	m := &match{}
	for _, v := range n.In {
		if data[v] {
			k.call.Args = append(k.call.Args, keras.TensorRef{Tensor: k.operands})
			k.operands++
			m.in = append(m.in, v)
			continue
		}
		c := r.constant(v)
		if c == nil {
			return nil
		}
		k.call.Args = append(k.call.Args, c)
	}
	m.layer = k
	return m
}

// constant returns a constant or a variable as an argument of an operation, nil if it is not a small one of float32.
func (r *raiser) constant(v *graph.Value) keras.Arg {
	t := r.value(v)
	if t == nil || t.DType() != tensor.Float32 || t.Len() > maxConstant || t.Len() == 0 {
		return nil
	}
	at := 0
	var nest func(s tensor.Shape) any
	nest = func(s tensor.Shape) any {
		if len(s) == 0 {
			at++
			return json.Number(strconv.FormatFloat(float64(t.Float32s()[at-1]), 'g', -1, 32))
		}
		list := make([]any, s[0])
		for i := range list {
			list[i] = nest(s[1:])
		}
		return list
	}
	for _, f := range t.Float32s() {
		if d := float64(f); math.IsNaN(d) || math.IsInf(d, 0) {
			return nil
		}
	}
	x := nest(t.Shape())
	if len(t.Shape()) > 0 {
		x = map[string]any{"class_name": "__numpy__", "config": map[string]any{"value": x, "dtype": "float32"}}
	}
	text, err := json.Marshal(x)
	if err != nil {
		return nil
	}
	return keras.Constant(text)
}

// sliceKey returns the key of a GetItem that takes a range of each dimension.
func sliceKey(o op.Slice, x, y tensor.Shape) keras.Arg {
	var key []any
	for a := range x {
		var start, stop any
		if o.Begin[a] != 0 {
			start = o.Begin[a]
		}
		if o.Size[a] != tensor.Unknown {
			stop = o.Begin[a] + o.Size[a]
		} else if e := ends(o)[a]; e > 0 {
			stop = -e
		}
		if x[a] == y[a] && x[a] != tensor.Unknown || a == 0 {
			start, stop = nil, nil
		}
		key = append(key, map[string]any{"class_name": "__slice__", "config": map[string]any{"start": start, "stop": stop, "step": nil}})
	}
	text, err := json.Marshal(key)
	if err != nil {
		return nil
	}
	return keras.Constant(text)
}

// shortest returns the number with the fewest digits that is the same as f in float32.
func shortest(f float64) float64 {
	s, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	if err != nil {
		return f
	}
	return s
}
