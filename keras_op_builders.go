package lince

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// opActivations lists the operations that are activation functions.
var opActivations = map[string]layer.Function{
	"Relu": layer.ReLU, "Relu6": layer.ReLU6, "Sigmoid": layer.Sigmoid, "Silu": layer.SiLU, "HardSigmoid": layer.HardSigmoid, "HardSilu": layer.HardSiLU,
	"Tanh": layer.Tanh, "Softplus": layer.Softplus, "Softsign": layer.Softsign, "Selu": layer.SELU,
}

// opBuilders has what the other operations compute. Their names are those of the classes in keras.src.ops.
var opBuilders = map[string]func(*opArgs) *graph.Value{
	"Add":        binaryOp(op.Add),
	"Subtract":   binaryOp(op.Sub),
	"Multiply":   binaryOp(op.Mul),
	"Divide":     binaryOp(op.Div),
	"TrueDivide": binaryOp(op.Div),
	"Maximum":    binaryOp(op.Max),
	"Minimum":    binaryOp(op.Min),
	"Power":      binaryOp(op.Pow),

	"Absolute": unaryOp((*graph.Builder).Abs),
	"Abs":      unaryOp((*graph.Builder).Abs),
	"Exp":      unaryOp((*graph.Builder).Exp),
	"Log":      unaryOp((*graph.Builder).Log),
	"Negative": unaryOp((*graph.Builder).Neg),
	"Sign":     unaryOp((*graph.Builder).Sign),
	"Log1p":    unaryOp((*graph.Builder).Log1p),
	"Expm1":    unaryOp((*graph.Builder).Expm1),
	"Erf":      unaryOp((*graph.Builder).Erf),
	"Floor":    unaryOp((*graph.Builder).Floor),
	"Ceil":     unaryOp((*graph.Builder).Ceil),
	"Round":    unaryOp((*graph.Builder).Round),
	"Sin":      unaryOp((*graph.Builder).Sin),
	"Cos":      unaryOp((*graph.Builder).Cos),
	"Arctan":   unaryOp((*graph.Builder).Atan),
	"Sqrt":     unaryOp((*graph.Builder).Sqrt),
	"Square":   unaryOp((*graph.Builder).Square),
	"Rsqrt": unaryOp(func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Div(b.Constant(x.DType, 1), b.Sqrt(x))
	}),
	"Reciprocal": unaryOp(func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Div(b.Constant(x.DType, 1), x)
	}),
	"Clip": func(a *opArgs) *graph.Value {
		return a.b.Clip(a.value(0, "x"), a.number(1, "x_min", 0), a.number(2, "x_max", 0))
	},
	"Softmax": func(a *opArgs) *graph.Value {
		return layer.SoftmaxLayer{Axis: layer.Axis(a.number(1, "axis", -1))}.Build(a.b, a.value(0, "x"))
	},
	"LeakyRelu": func(a *opArgs) *graph.Value {
		slope := a.number(1, "negative_slope", .2)
		return layer.LeakyReLU{NegativeSlope: &slope}.Build(a.b, a.value(0, "x"))
	},

	"Elu": func(a *opArgs) *graph.Value {
		alpha := a.number(1, "alpha", 1)
		return layer.ELULayer{Alpha: &alpha}.Build(a.b, a.value(0, "x"))
	},

	"Mean": reduceOp((*graph.Builder).Mean),
	"Sum":  reduceOp((*graph.Builder).Sum),
	"Max":  reduceOp((*graph.Builder).ReduceMax),
	"Min":  reduceOp((*graph.Builder).ReduceMin),

	"Cast":        castOp,
	"Gelu":        geluOp,
	"Normalize":   normalizeOp,
	"Matmul":      matmulOp,
	"Pad":         padOp,
	"Split":       splitOp,
	"Resize":      resizeOp,
	"MaxPool":     poolOp,
	"AveragePool": poolOp,

	"Concatenate": func(a *opArgs) *graph.Value {
		xs := a.values(0, "xs")
		axes := a.indexes([]int{int(a.number(1, "axis", -1))}, rankOf(xs))
		if axes == nil {
			return a.b.Invalid()
		}
		return a.b.Concat(axes[0], xs...)
	},
	"Stack": func(a *opArgs) *graph.Value {
		xs := a.values(0, "x")
		axes := a.indexes([]int{int(a.number(1, "axis", 0))}, rankOf(xs)+1)
		if axes == nil {
			return a.b.Invalid()
		}
		for i, x := range xs {
			xs[i] = a.b.ExpandDims(x, axes[0])
		}
		return a.b.Concat(axes[0], xs...)
	},
	"ExpandDims": func(a *opArgs) *graph.Value {
		x := a.value(0, "x")
		axes := a.indexes(a.ints(1, "axis"), x.Rank()+1)
		for _, axis := range axes {
			x = a.b.ExpandDims(x, axis)
		}
		return x
	},
	"Squeeze": func(a *opArgs) *graph.Value {
		x := a.value(0, "x")
		for _, axis := range slices.Backward(a.indexes(a.ints(1, "axis"), x.Rank())) {
			x = a.b.Squeeze(x, axis)
		}
		return x
	},
	"Flip": func(a *opArgs) *graph.Value {
		x := a.value(0, "x")
		for _, axis := range a.axes(1, "axis", x) {
			x = a.reverse(x, axis)
		}
		return x
	},
	"Reshape": func(a *opArgs) *graph.Value {
		shape := a.ints(1, "newshape")
		if x := a.value(0, "x"); len(shape) > 0 && len(a.errs) == 0 {
			return a.b.Reshape(x, shape...)
		}
		a.errorf("newshape is empty")
		return a.b.Invalid()
	},
	"Transpose": func(a *opArgs) *graph.Value {
		x := a.value(0, "x")
		perm := a.ints(1, "axes")
		if perm == nil {
			for i := range x.Rank() {
				perm = append(perm, x.Rank()-1-i)
			}
		}
		if a.indexes(perm, x.Rank()) == nil {
			return a.b.Invalid()
		}
		for i, d := range perm {
			perm[i] = (d + x.Rank()) % x.Rank()
		}
		return a.b.Transpose(x, perm...)
	},
	"GetItem": func(a *opArgs) *graph.Value { return a.item(a.value(0, "x"), a.setting(1, "key")) },
}

func rankOf(xs []*graph.Value) int {
	if len(xs) == 0 {
		return 0
	}
	return xs[0].Rank()
}

func binaryOp(fn op.BinaryFn) func(*opArgs) *graph.Value {
	return func(a *opArgs) *graph.Value {
		x, y := a.value(0, "x1"), a.value(1, "x2")
		if !x.Valid() || !y.Valid() {
			return a.b.Invalid()
		}
		if x.DType != y.DType {
			return a.b.Errorf("the operands are %v and %v, want equal types", x.DType, y.DType)
		}
		return a.b.Binary(fn, x, y)
	}
}

func unaryOp(f func(*graph.Builder, *graph.Value) *graph.Value) func(*opArgs) *graph.Value {
	return func(a *opArgs) *graph.Value { return f(a.b, a.value(0, "x")) }
}

func reduceOp(f func(*graph.Builder, *graph.Value, ...int) *graph.Value) func(*opArgs) *graph.Value {
	return func(a *opArgs) *graph.Value {
		x := a.value(0, "x")
		axes := a.axes(1, "axis", x)
		if len(axes) == 0 {
			return a.b.Invalid()
		}
		if axes[0] == 0 {
			return a.b.Errorf("it reduces the batch, which is not supported")
		}
		y := f(a.b, x, axes...)
		if a.flag(2, "keepdims") {
			for _, axis := range axes {
				y = a.b.ExpandDims(y, axis)
			}
		}
		return y
	}
}

// maxReversed limits the length of a dimension that is reversed, because each element is a separate op.
const maxReversed = 64

// reverse reverses a dimension.
func (a *opArgs) reverse(x *graph.Value, axis int) *graph.Value {
	n := x.Shape[axis]
	if n == tensor.Unknown || n > maxReversed {
		a.errorf("it reverses dimension %d of %v, want a known size of at most %d", axis, x.Shape, maxReversed)
		return a.b.Invalid()
	}
	parts := make([]*graph.Value, n)
	for i := range parts {
		parts[i] = a.slice(x, axis, n-1-i, 1)
	}
	return a.b.Concat(axis, parts...)
}

// slice takes n elements of a dimension, from begin on.
func (a *opArgs) slice(x *graph.Value, axis, begin, n int) *graph.Value {
	first, size := make([]int, x.Rank()), make([]int, x.Rank())
	for i := range size {
		size[i] = tensor.Unknown
	}
	first[axis], size[axis] = begin, n
	return a.b.Slice(x, first, size)
}

// item indexes a value as Python does: x[..., 0], x[:, 1:3], x[..., ::-1].
func (a *opArgs) item(x *graph.Value, key any) *graph.Value {
	list, ok := config.List(key)
	if !ok {
		list = []any{key}
	}
	isEllipsis := func(v any) bool {
		class, _ := config.Object(v)
		return class == "__ellipsis__"
	}
	if at := slices.IndexFunc(list, isEllipsis); at < 0 {
		list = append(slices.Clone(list), map[string]any{"class_name": "__ellipsis__"})
	}
	axis := 0
	for k, v := range list {
		switch v := v.(type) {
		case map[string]any:
			if isEllipsis(v) {
				axis = x.Rank() - countDims(list[k+1:])
				if axis < 0 {
					a.errorf("too many indexes: %s", config.Show(key))
					return a.b.Invalid()
				}
				continue
			}
			x = a.itemSlice(x, axis, v)
			axis++
		case nil:
			x = a.b.ExpandDims(x, axis)
			axis++
		default:
			i, ok := config.Int(v)
			if axis >= x.Rank() || !ok {
				a.errorf("index %s of a value of shape %v", config.Show(v), x.Shape)
				return a.b.Invalid()
			}
			n := x.Shape[axis]
			if i < 0 {
				i += n
			}
			if axis == 0 || n == tensor.Unknown || i < 0 || i >= n {
				a.errorf("index %s of dimension %d of %v", config.Show(v), axis, x.Shape)
				return a.b.Invalid()
			}
			x = a.b.Squeeze(a.slice(x, axis, i, 1), axis)
		}
		if !x.Valid() {
			return x
		}
	}
	return x
}

// countDims returns the number of dimensions of the operand that indexes stand for.
func countDims(list []any) (n int) {
	for _, v := range list {
		if v != nil {
			n++
		}
	}
	return n
}

// itemSlice takes the range start:stop:step of a dimension. Keras 3 has a Keras object of class __slice__, Keras 2 a dict.
func (a *opArgs) itemSlice(x *graph.Value, axis int, v map[string]any) (y *graph.Value) {
	if conf, ok := v["config"].(map[string]any); ok {
		v = conf
	}
	if axis >= x.Rank() {
		a.errorf("too many indexes for shape %v", x.Shape)
		return a.b.Invalid()
	}
	bounds := [3]*int{}
	for i, key := range []string{"start", "stop", "step"} {
		if v[key] == nil {
			continue
		}
		n, ok := config.Int(v[key])
		if !ok {
			a.errorf("%s is %s, want an integer", key, config.Show(v[key]))
			return a.b.Invalid()
		}
		bounds[i] = &n
	}
	start, stop, step := bounds[0], bounds[1], bounds[2]
	if step != nil && *step == -1 && start == nil && stop == nil && axis > 0 {
		return a.reverse(x, axis)
	}
	every := 1
	if step != nil {
		every = *step
	}
	if every < 1 {
		a.errorf("step is %d, want at least 1, or -1 for a whole dimension", every)
		return a.b.Invalid()
	}
	if every > 1 {
		if axis == 0 {
			a.errorf("step is %d for the batch, want 1", every)
			return a.b.Invalid()
		}
		defer func() { y = a.every(y, axis, every) }()
	}
	if (start == nil || *start == 0) && stop == nil {
		return x
	}
	n := x.Shape[axis]
	if n == tensor.Unknown {
		a.errorf("it takes a part of dimension %d, whose size is not known", axis)
		return a.b.Invalid()
	}
	clip := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	from, to := clip(start, 0), clip(stop, n)
	if from >= to {
		a.errorf("it takes nothing of dimension %d: %d:%d", axis, from, to)
		return a.b.Invalid()
	}
	return a.slice(x, axis, from, to-from)
}

// constantOf decodes a tensor in a file: a number, nested lists, or {"class_name": "__tensor__", "config": {"value", "dtype"}}.
func constantOf(c keras.Constant, dtype tensor.DType) (*tensor.Tensor, error) {
	v, err := parseConstant(c)
	if err != nil {
		return nil, err
	}
	if class, conf := config.Object(v); conf != nil && (class == "__tensor__" || class == "__numpy__") {
		v = conf["value"]
	}
	var shape []int
	var values []float64
	var walk func(v any, depth int) error
	walk = func(v any, depth int) error {
		list, ok := config.List(v)
		if !ok {
			f, is := config.Float(v)
			if !is || depth != len(shape) {
				return fmt.Errorf("%s is no tensor", config.Show(v))
			}
			values = append(values, f)
			return nil
		}
		if depth == len(shape) {
			if len(values) > 0 {
				return fmt.Errorf("%s is no tensor", config.Show(v))
			}
			shape = append(shape, len(list))
		}
		if shape[depth] != len(list) {
			return fmt.Errorf("%s has %d elements, want %d", config.Show(v), len(list), shape[depth])
		}
		for _, x := range list {
			if err := walk(x, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(v, 0); err != nil {
		return nil, err
	}
	t := tensor.New(tensor.Float64, shape...)
	copy(tensor.Values[float64](t), values)
	return convert(t, dtype, new(*tensor.Tensor))
}
