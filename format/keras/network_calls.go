package keras

import (
	"fmt"
	"maps"
	"slices"
)

// references reads references to other layers of a Functional model.
type references struct {
	*networkReader
	counts map[string]int // number of calls, by layer
	legacy bool           // a call had Keras 2's form
	at     place          // of the current call
}

// call reads an entry of inbound_nodes.
func (r *references) call(v value) NetworkCall {
	c := NetworkCall{Kwargs: map[string]Arg{}}
	if v.kind() == '{' {
		f := v.fields("args", "kwargs")
		if f[0].ok || f[1].ok {
			if f[0].ok && f[0].kind() != '[' {
				r.want(&r.at, "args", f[0].value, "a list")
			}
			if f[1].ok && f[1].kind() != '{' {
				r.want(&r.at, "kwargs", f[1].value, "an object")
			}
			for x := range f[0].items() {
				c.Args = append(c.Args, r.argument(x, false))
			}
			for k, x := range f[1].members() {
				c.Kwargs[k.text()] = r.argument(x, false)
			}
			return c
		}
	}
	// Keras 2: one tensor [layer, node, tensor, kwargs], or a list or dict of these.
	r.legacy = true
	a := r.argument(v, true)
	if l, ok := a.(ArgList); ok && len(l) == 1 {
		a = l[0]
	}
	c.Args = []Arg{a}
	r.legacyKwargs(v, c.Kwargs)
	return c
}

// legacyKwargs reads the keyword arguments of a call of Keras 2: the fourth element of its first tensor. All tensors of a call have the
// same.
func (r *references) legacyKwargs(v value, kwargs map[string]Arg) {
	for {
		l, ok := v.list(4)
		if ok && len(l) == 4 && l[0].kind() == '"' {
			if l[3].kind() != '{' {
				r.want(&r.at, "the keyword arguments", l[3], "an object")
				return
			}
			for k, x := range l[3].members() {
				kwargs[k.text()] = r.argument(x, true)
			}
			return
		}
		var first *value
		for x := range v.items() {
			first = &x
			break
		}
		for _, x := range v.members() {
			first = &x
			break
		}
		if first == nil {
			return
		}
		v = *first
	}
}

// tensorClass is the class of a tensor in Keras 3's arguments.
const tensorClass = "__keras_tensor__"

// legacyConstant is what Keras 2 writes instead of a layer's name if an argument is not a tensor.
const legacyConstant = "_CONSTANT_VALUE"

// argument reads an argument. legacy means that tensors have Keras 2's form.
func (r *references) argument(v value, legacy bool) Arg {
	if !mayHaveTensors(v, legacy) {
		r.count()
		return Constant(v.raw())
	}
	return r.arg(v, legacy)
}

// mayHaveTensors reports whether a part of a value looks like a tensor. It does not parse constants, which can be long.
func mayHaveTensors(v value, legacy bool) bool {
	for i := v.i; i < v.d.tokens[v.i].next; i++ {
		x := value{v.d, i}
		switch {
		case !legacy && x.is(tensorClass):
			return true
		case legacy && x.kind() == '[' && i+1 < v.d.tokens[v.i].next && (value{v.d, i + 1}).kind() == '"':
			return true
		}
	}
	return false
}

// count counts an argument: a tensor, or a value that contains some. It reports whether there are too many.
func (r *references) count() bool {
	if r.args++; r.args == maxArgs+1 {
		r.errorf(&r.at, "more than %d tensors and other arguments of calls", maxArgs)
	}
	return r.args > maxArgs
}

func (r *references) arg(v value, legacy bool) Arg {
	if r.count() {
		return Constant(v.raw())
	}
	switch v.kind() {
	case '[':
		if l, ok := v.list(4); legacy && ok && len(l) >= 3 && l[0].kind() == '"' {
			node, isNode := l[1].number()
			if isNode && node == -1 && l[0].is(legacyConstant) {
				return Constant(l[2].raw())
			}
			index, isIndex := l[2].number()
			if isNode && isIndex {
				return TensorRef{Layer: cleanName(l[0].text()), Node: node, Tensor: index}
			}
		}
		var list ArgList
		constant := true
		for x := range v.items() {
			a := r.arg(x, legacy)
			if _, is := a.(Constant); !is {
				constant = false
			}
			list = append(list, a)
		}
		if !constant {
			return list
		}
	case '{':
		class := v.fields("class_name")[0]
		if class.is(tensorClass) {
			return r.tensor(v)
		}
		dict := ArgDict{}
		constant := true
		for k, x := range v.members() {
			a := r.arg(x, legacy)
			if _, is := a.(Constant); !is {
				constant = false
			}
			dict[k.text()] = a
		}
		switch {
		case !constant && class.ok:
			r.errorf(&r.at, "a tensor in an argument of class %q is not supported", cut(class.text()))
		case !constant:
			return dict
		}
	}
	return Constant(v.raw())
}

// tensor reads Keras 3's form of a tensor.
func (r *references) tensor(v value) Arg {
	conf := v.fields("config")[0]
	f := conf.fields("shape", "dtype", "keras_history")
	t, ok := r.ref(f[2].value)
	if !ok {
		r.want(&r.at, "keras_history", f[2].value, `a list such as ["dense", 0, 0]`)
	}
	if f[0].ok {
		if t.Shape, ok = readShape(f[0].value); !ok {
			t.Shape = nil // the shape is optional; a ragged or nested tensor has several
		}
	}
	t.DType = f[1].text()
	return t
}

// ref reads a reference such as ["dense", 0, 0].
func (r *references) ref(v value) (TensorRef, bool) {
	l, ok := v.list(3)
	if !ok || len(l) != 3 {
		return TensorRef{}, false
	}
	layer, isName := l[0].str()
	node, isNode := l[1].number()
	index, isIndex := l[2].number()
	return TensorRef{Layer: cleanName(layer), Node: node, Tensor: index}, isName && isNode && isIndex
}

// structure reads input_layers and output_layers.
func (r *references) structure(at *place, key string, f field) Structure {
	var s Structure
	r.at = *at
	one := func(v value) {
		if r.count() {
			return
		}
		t, ok := r.ref(v)
		if l, is := v.list(1); !ok && is && len(l) == 1 {
			t, ok = r.ref(l[0]) // Keras 2 wraps some references in a list
		}
		if !ok {
			r.want(at, key, v, `a tensor such as ["dense", 0, 0], or a list or dict of these`)
		}
		s.Tensors = append(s.Tensors, t)
	}
	switch {
	case f.kind() == '{':
		byKey := map[string]value{}
		for k, x := range f.members() {
			byKey[k.text()] = x
		}
		s.Keys = slices.Sorted(maps.Keys(byKey))
		for _, k := range s.Keys {
			one(byKey[k])
		}
	case f.kind() != '[':
		r.want(at, key, f.value, "a list")
		return s
	default:
		if _, ok := r.ref(f.value); ok {
			s.Single = true
			one(f.value)
			return s
		}
		for x := range f.items() {
			one(x)
		}
	}
	if len(s.Tensors) == 0 {
		r.errorf(at, "%s is empty", key)
	}
	// Keras 2 writes a single tensor as a list with one tensor, and reads such a list as a single tensor.
	s.Single = r.legacy && s.Keys == nil && len(s.Tensors) == 1
	return s
}

// renumber corrects references to nested models where the file counts the model's own connection as its call 0. Keras 2 does that
// everywhere; for a Sequential model only if it has an InputLayer. Keras 3 does it in input_layers and output_layers, but not for a
// Sequential model. Keras writes no call to which nothing refers, so the lowest number in a file of Keras 2 shows where counting started.
func (r *references) renumber(n *Network) {
	models := map[string]*Network{}
	for _, l := range n.Layers {
		if l.Network != nil {
			models[l.Name] = l.Network
		}
	}
	if len(models) == 0 {
		return
	}
	lowest := func(met map[string]int, t TensorRef) {
		if at, ok := met[t.Layer]; !ok || t.Node < at {
			met[t.Layer] = t.Node
		}
	}
	args, ends := map[string]int{}, map[string]int{}
	for _, l := range n.Layers {
		for _, c := range l.Calls {
			c.each(func(t TensorRef) { lowest(args, t) })
		}
	}
	for _, t := range slices.Concat(n.Inputs.Tensors, n.Outputs.Tensors) {
		if r.legacy {
			lowest(args, t)
		} else if m := models[t.Layer]; m != nil && m.Class != sequential {
			lowest(ends, t)
		}
	}
	if r.legacy {
		ends = args
	} else {
		args = nil
	}
	lower := func(from map[string]int) func(TensorRef) TensorRef {
		return func(t TensorRef) TensorRef {
			if models[t.Layer] != nil && from[t.Layer] > 0 {
				t.Node--
			}
			return t
		}
	}
	if args != nil {
		for _, l := range n.Layers {
			for _, c := range l.Calls {
				replaceTensors(ArgList(c.Args), lower(args))
				replaceTensors(ArgDict(c.Kwargs), lower(args))
			}
		}
	}
	for _, s := range [][]TensorRef{n.Inputs.Tensors, n.Outputs.Tensors} {
		for i, t := range s {
			s[i] = lower(ends)(t)
		}
	}
}

// checkRef returns an error if a reference is invalid. calls holds the numbers of calls by layer.
func checkRef(t TensorRef, calls map[string]int) error {
	count, ok := calls[t.Layer]
	switch {
	case !ok:
		return fmt.Errorf("it refers to layer %q, which is not in the model", cut(t.Layer))
	case t.Node < 0 || t.Node >= count:
		return fmt.Errorf("it refers to call %d of layer %q, which has %d, counted from 0", t.Node, cut(t.Layer), count)
	case t.Tensor < 0:
		return fmt.Errorf("it refers to result %d of layer %q", t.Tensor, cut(t.Layer))
	}
	return nil
}
