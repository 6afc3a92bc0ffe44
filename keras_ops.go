package lince

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/layer"
)

// kerasOp is an operation of a Functional model that is not a layer, such as x / 255 or keras.ops.mean(x, axis=1). Its name and its place in the graph
// are those of a layer, but Keras does not list it among the layers, and files of weights do not number it.
type kerasOp struct {
	module, class string
	config        map[string]any
	// call has the arguments. The Tensor of each TensorRef is the index of an operand.
	call     keras.NetworkCall
	operands int
}

// newOp returns the operation of an entry of a file. All its calls must have the same constants.
func newOp(nl keras.NetworkLayer) (kerasOp, error) {
	o := kerasOp{module: nl.Module, class: nl.Class}
	var err error
	if o.config, err = config.Unmarshal(nl.Config); err != nil {
		return o, err
	}
	if len(nl.Calls) == 0 {
		return o, errors.New("it is never called")
	}
	for i, c := range nl.Calls {
		n := 0
		call := mapTensors(c, func(keras.TensorRef) keras.Arg {
			n++
			return keras.TensorRef{Tensor: n - 1}
		})
		if i == 0 {
			o.call, o.operands = call, n
		} else if fmt.Sprintf("%#v", call) != fmt.Sprintf("%#v", o.call) {
			return o, errors.New("its calls have different arguments")
		}
	}
	if o.operands == 0 {
		return o, errors.New("it has no operands")
	}
	return o, nil
}

// Sum returns x + y: Keras' x + y. It is an operation, which Model.Layers does not list; layer.Add is a layer.
func Sum(x, y *Symbol) *Symbol {
	call := keras.NetworkCall{Args: []keras.Arg{keras.TensorRef{}, keras.TensorRef{Tensor: 1}}}
	return Apply(kerasOp{module: numpyOps, class: "Add", config: map[string]any{}, call: call, operands: 2}, x, y)
}

// mapTensors returns a copy of a call in which f has replaced the tensors, in Keras' order.
func mapTensors(c keras.NetworkCall, f func(keras.TensorRef) keras.Arg) keras.NetworkCall {
	var replace func(a keras.Arg) keras.Arg
	replace = func(a keras.Arg) keras.Arg {
		switch a := a.(type) {
		case keras.TensorRef:
			return f(a)
		case keras.ArgList:
			list := make(keras.ArgList, len(a))
			for i, x := range a {
				list[i] = replace(x)
			}
			return list
		case keras.ArgDict:
			dict := keras.ArgDict{}
			for _, key := range slices.Sorted(maps.Keys(a)) {
				dict[key] = replace(a[key])
			}
			return dict
		}
		return a
	}
	out := keras.NetworkCall{Kwargs: map[string]keras.Arg{}}
	for _, a := range c.Args {
		out.Args = append(out.Args, replace(a))
	}
	maps.Copy(out.Kwargs, replace(keras.ArgDict(c.Kwargs)).(keras.ArgDict))
	return out
}

// Class implements layer.Layer.
func (o kerasOp) Class() string { return o.class }

// Config implements layer.Layer.
func (o kerasOp) Config() map[string]any { return maps.Clone(o.config) }

// Named implements layer.Layer.
func (o kerasOp) Named() string {
	name, _ := o.config["name"].(string)
	return name
}

// Operands implements layer.MultiOperand.
func (o kerasOp) Operands() (least, most int) { return o.operands, o.operands }

// FinalActivation implements layer.Activated.
func (o kerasOp) FinalActivation() layer.Function {
	if o.class == "Softmax" {
		return layer.Softmax
	}
	return opActivations[o.class]
}

// Build implements layer.Layer.
func (o kerasOp) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	in := x.Values()
	if len(in) != o.operands {
		return b.Errorf("got %d operands, want %d", len(in), o.operands)
	}
	build := opBuilders[o.class]
	if f, ok := opActivations[o.class]; ok {
		build = func(a *opArgs) *graph.Value { return layer.Activate{Activation: f}.Build(a.b, a.value(0, "x")) }
	}
	if build == nil {
		return b.Errorf("lince does not have this operation")
	}
	for _, v := range in {
		if !v.Valid() {
			return b.Invalid()
		}
	}
	a := &opArgs{kerasOp: o, b: b, in: in}
	y := build(a)
	if err := errors.Join(a.errs...); err != nil {
		return b.Errorf("%w", err)
	}
	return y
}

// hasOp reports whether lince has an operation.
func hasOp(class string) bool {
	_, activation := opActivations[class]
	return activation || opBuilders[class] != nil
}

// isOp reports whether the layer is an operation that is not a layer in Keras.
func (l *layerInstance) isOp() bool {
	_, ok := l.config.(kerasOp)
	return ok
}

// describeCalls returns the calls of an operation in the form in which files store them.
func (o kerasOp) describeCalls(calls []*call, ref func(*Symbol) keras.TensorRef) (list []keras.NetworkCall) {
	for _, c := range calls {
		list = append(list, mapTensors(o.call, func(t keras.TensorRef) keras.Arg { return ref(c.in[t.Tensor]) }))
	}
	return list
}

// describe returns the operation in the form in which files store it, without its calls.
func (o kerasOp) describe(name string) (keras.NetworkLayer, error) {
	conf := o.Config()
	conf["name"] = name
	text, err := keras.Marshal(python(conf))
	return keras.NetworkLayer{Module: o.module, Class: o.class, RegisteredName: o.class, Name: name, Config: text}, err
}

// opArgs are the arguments of an operation while it is built.
type opArgs struct {
	kerasOp
	b    *graph.Builder
	in   []*graph.Value
	errs []error
}

func (a *opArgs) errorf(format string, v ...any) { a.errs = append(a.errs, fmt.Errorf(format, v...)) }

// arg returns an argument of the call by its position or its name, nil if the call does not have it.
func (a *opArgs) arg(i int, name string) keras.Arg {
	if i >= 0 && i < len(a.call.Args) {
		return a.call.Args[i]
	}
	return a.call.Kwargs[name]
}

// value returns a tensor argument. Numbers become constants of the type of the first operand.
func (a *opArgs) value(i int, name string) *graph.Value {
	switch x := a.arg(i, name).(type) {
	case keras.TensorRef:
		return a.in[x.Tensor]
	case keras.Constant:
		t, err := constantOf(x, a.in[0].DType)
		if err == nil {
			return a.b.Op(op.Const{Value: t})
		}
		a.errorf("%s: %w", name, err)
	default:
		a.errorf("%s is missing, or a list of tensors", name)
	}
	return a.b.Invalid()
}

// values returns an argument that is a list of tensors.
func (a *opArgs) values(i int, name string) []*graph.Value {
	list, ok := a.arg(i, name).(keras.ArgList)
	var vs []*graph.Value
	for _, x := range list {
		t, is := x.(keras.TensorRef)
		if ok = ok && is; ok {
			vs = append(vs, a.in[t.Tensor])
		}
	}
	if !ok {
		a.errorf("%s is %v, want a list of tensors", name, a.arg(i, name))
	}
	return vs
}

// setting returns an argument that is not a tensor: of the config, or of the call. It is nil for None.
func (a *opArgs) setting(i int, name string) any {
	if v := a.config[name]; v != nil {
		return v
	}
	c, ok := a.arg(i, name).(keras.Constant)
	if !ok {
		return nil
	}
	v, err := parseConstant(c)
	if err != nil {
		a.errorf("%s: %w", name, err)
	}
	return v
}

// ints returns an argument that is an integer or a list of integers, nil for None.
func (a *opArgs) ints(i int, name string) []int {
	v := a.setting(i, name)
	list, ok := config.List(v)
	if !ok && v != nil {
		list = []any{v}
	}
	var out []int
	for _, x := range list {
		n, ok := config.Int(x)
		if x == nil {
			n, ok = -1, true // an unknown size in a shape
		}
		if !ok {
			a.errorf("%s is %s, want integers", name, config.Show(v))
			return nil
		}
		out = append(out, n)
	}
	return out
}

// number returns an argument that is a number, or its default.
func (a *opArgs) number(i int, name string, otherwise float64) float64 {
	v := a.setting(i, name)
	if v == nil {
		return otherwise
	}
	n, ok := config.Float(v)
	if !ok {
		a.errorf("%s is %s, want a number", name, config.Show(v))
	}
	return n
}

func (a *opArgs) flag(i int, name string) bool {
	is, _ := a.setting(i, name).(bool)
	return is
}

// axes returns axes as indexes of dimensions of x; all dimensions for None.
func (a *opArgs) axes(i int, name string, x *graph.Value) []int {
	axes := a.ints(i, name)
	if axes == nil {
		for k := range x.Rank() {
			axes = append(axes, k)
		}
	}
	return a.indexes(axes, x.Rank())
}

func (a *opArgs) indexes(axes []int, rank int) []int {
	out := make([]int, len(axes))
	for k, d := range axes {
		if d < 0 {
			d += rank
		}
		if d < 0 || d >= rank || slices.Contains(out[:k], d) {
			a.errorf("axis %d of a value with %d dimensions", axes[k], rank)
			return nil
		}
		out[k] = d
	}
	slices.Sort(out)
	return out
}

// parseConstant decodes JSON.
func parseConstant(c keras.Constant) (any, error) {
	m, err := config.Unmarshal(slices.Concat([]byte(`{"v": `), c, []byte("}")))
	if err != nil {
		return nil, err
	}
	return m["v"], nil
}
