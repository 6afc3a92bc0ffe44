package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

const (
	maxLayers   = 10_000  // of a network, those of nested ones too
	maxCalls    = 100_000 // of all layers
	maxName     = 1000    // bytes
	maxRank     = 64
	maxProblems = 20 // that an error tells
)

// ReadNetwork reads the config of a model: config.json of a .keras file of Keras 3 or 2, or
// model.to_json(). It accepts Sequential, Functional and what is made of them. All mistakes
// are told at once, by the layer's name. Every reference of the result is to a layer and a
// call that are there, names are unique within their model, and there is no cycle.
//
// The numbers of calls are those of Network.Layers: where a file counts a nested model's own
// connection as its call 0, as Keras does in places, the references are lowered by one.
func ReadNetwork(text []byte) (*Network, error) {
	v, err := scan(text)
	if err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	r := &networkReader{}
	n := r.model("the model", v, 0)
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	return n, nil
}

// networkReader collects mistakes, and counts what is bounded over all nested models.
type networkReader struct {
	layers, calls int
	problems      []error
	more          int
}

func (r *networkReader) errorf(where, format string, a ...any) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, fmt.Errorf("%s: %w", where, fmt.Errorf(format, a...)))
}

func (r *networkReader) err() error {
	if r.more > 0 {
		r.problems = append(r.problems, fmt.Errorf("and %d more mistakes", r.more))
		r.more = 0
	}
	return errors.Join(r.problems...)
}

// want notes that a member is not what it should be.
func (r *networkReader) want(where, key string, v value, want string) {
	r.errorf(where, "%s is %s, want %s", key, v.show(), want)
}

// text reads a string; "" where there is none.
func (r *networkReader) text(where, key string, f field) string {
	s, ok := f.str()
	if f.ok && !ok {
		r.want(where, key, f.value, "a string")
	}
	return s
}

// model reads {"class_name": "Functional", "config": {...}}; nil where that is not possible.
func (r *networkReader) model(where string, v value, depth int) *Network {
	if v.kind() != '{' {
		r.errorf(where, "found %s, want a Keras object with class_name and config", v.show())
		return nil
	}
	f := v.fields("class_name", "config", "compile_config")
	class := r.text(where, "class_name", f[0])
	switch {
	case depth > maxDepth:
		r.errorf(where, "models are nested more than %d deep", maxDepth)
		return nil
	case !f[0].ok:
		r.errorf(where, "class_name is missing; is it the config of a model?")
		return nil
	case !isModel(class):
		r.errorf(where, "its class is %q, want Sequential or Functional", cut(class))
		return nil
	case f[1].kind() == '[' && class == sequential:
		// Keras before 2.2.3: the list of layers is all.
		n := &Network{Class: sequential}
		r.sequential(where, n, f[1].value, depth)
		return n
	case f[1].kind() != '{':
		r.want(where, "config", f[1].value, "an object")
		return nil
	}
	n := &Network{Class: class}
	if class == "Model" {
		n.Class = functional
	}
	if f[2].ok && string(f[2].raw()) != "{}" {
		n.CompileConfig = f[2].raw()
	}
	c := f[1].fields("name", "trainable", "dtype", "layers", "build_input_shape", "input_layers", "output_layers")
	n.Name = r.text(where, "config.name", c[0])
	n.Frozen = !r.trainable(where, c[1])
	if c[2].ok {
		n.DType = c[2].raw()
	}
	if c[3].kind() != '[' {
		r.want(where, "config.layers", c[3].value, "a list")
		return nil
	}
	if class == sequential {
		if c[4].ok {
			n.BuildInputShape = r.shape(where, "build_input_shape", c[4].value)
		}
		r.sequential(where, n, c[3].value, depth)
		return n
	}
	r.functional(where, n, c[3].value, c[5], c[6], depth)
	return n
}

func isModel(class string) bool {
	return class == sequential || class == functional || class == "Model"
}

func (r *networkReader) trainable(where string, f field) bool {
	is, ok := f.bool()
	if f.ok && !ok {
		r.want(where, "config.trainable", f.value, "true or false")
	}
	return !f.ok || is
}

// shape reads a shape with its batch dimension.
func (r *networkReader) shape(where, key string, v value) tensor.Shape {
	s, ok := readShape(v)
	if !ok {
		r.want(where, key, v, "a list as in [null, 128, 128, 3]")
	}
	return s
}

func readShape(v value) (tensor.Shape, bool) {
	l, ok := v.list(maxRank)
	s := make(tensor.Shape, 0, len(l))
	for _, x := range l {
		d, is := x.number()
		switch {
		case x.null():
			d = tensor.Unknown
		case !is || d < 0:
			return nil, false
		}
		s = append(s, d)
	}
	return s, ok
}

// entry is what stands in a file of a layer.
type entry struct {
	NetworkLayer
	nodes value // inbound_nodes
	shape tensor.Shape
	where string
}

// layer reads an entry of "layers", without its calls.
func (r *networkReader) layer(where string, i int, v value, depth int) entry {
	within := where + ": "
	if depth == 0 {
		within = ""
	}
	e := entry{where: fmt.Sprintf("%slayer %d", within, i), nodes: value{d: nullDocument}}
	if r.layers++; r.layers > maxLayers {
		return e
	}
	if v.kind() != '{' {
		r.errorf(e.where, "found %s, want a Keras object with class_name and config", v.show())
		return e
	}
	f := v.fields("module", "class_name", "config", "registered_name", "name", "inbound_nodes", "build_config")
	e.Module = r.text(e.where, "module", f[0])
	e.Class = r.text(e.where, "class_name", f[1])
	e.RegisteredName = r.text(e.where, "registered_name", f[3])
	e.Name = r.text(e.where, "name", f[4])
	e.nodes = f[5].value
	if f[6].ok {
		e.BuildConfig = f[6].raw()
	}
	if !f[1].ok {
		r.errorf(e.where, "class_name is missing")
		return e
	}
	if f[2].kind() != '{' && !(e.Class == sequential && f[2].kind() == '[') {
		r.want(e.where, "config", f[2].value, "an object")
		return e
	}
	c := f[2].fields("name", "trainable", "batch_input_shape", "batch_shape")
	if e.Name == "" {
		e.Name = r.text(e.where, "config.name", c[0])
	}
	e.where = fmt.Sprintf("%slayer %q (%s)", within, cut(e.Name), cut(e.Class))
	switch {
	case len(e.Name) > maxName:
		r.errorf(e.where, "its name has %d bytes, at most %d are read", len(e.Name), maxName)
	case isModel(e.Class) && !e.Op():
		e.Network = r.model(e.where, v, depth+1)
		if n := e.Network; n != nil {
			n.Name, e.Frozen = e.Name, n.Frozen
		}
		return e
	}
	e.Frozen = !r.trainable(e.where, c[1])
	e.Config = f[2].raw()
	if c[2].ok {
		if e.shape, _ = readShape(c[2].value); e.Class != inputLayer && e.shape == nil {
			r.want(e.where, "batch_input_shape", c[2].value, "a list as in [null, 128, 128, 3]")
		}
		e.Config = liftShape(f[2].value, e.Class == inputLayer && !c[3].ok)
	}
	return e
}

// liftShape is an object without its batch_input_shape, which becomes batch_shape or goes.
func liftShape(v value, rename bool) json.RawMessage {
	out := []byte{'{'}
	for k, x := range v.members() {
		key := k.raw()
		if k.text() == "batch_input_shape" {
			if !rename {
				continue
			}
			key = []byte(`"batch_shape"`)
		}
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		out = append(append(append(out, key...), ": "...), x.raw()...)
	}
	return append(out, '}')
}

// layerList reads "layers", without calls.
func (r *networkReader) layerList(where string, list value, depth int) []entry {
	var entries []entry
	names := map[string]bool{}
	for v := range list.items() {
		e := r.layer(where, len(entries), v, depth)
		if r.layers > maxLayers {
			if r.layers == maxLayers+1 {
				r.errorf(where, "more than %d layers", maxLayers)
			}
			return entries
		}
		if e.Name != "" && names[e.Name] {
			r.errorf(e.where, "a second layer of that name; names must be unique within a model")
		}
		names[e.Name] = true
		entries = append(entries, e)
	}
	return entries
}

func (r *networkReader) sequential(where string, n *Network, list value, depth int) {
	for i, e := range r.layerList(where, list, depth) {
		if i == 0 && e.Class != inputLayer && e.shape != nil && n.BuildInputShape == nil {
			n.BuildInputShape = e.shape
		}
		if i > 0 && e.Class == inputLayer {
			r.errorf(e.where, "only the first layer of a Sequential can be an InputLayer")
		}
		n.Layers = append(n.Layers, e.NetworkLayer)
	}
}

func (r *networkReader) functional(where string, n *Network, list value, inputs, outputs field, depth int) {
	before := len(r.problems) + r.more
	entries := r.layerList(where, list, depth)
	refs := &references{networkReader: r, counts: map[string]int{}}
	for _, e := range entries {
		if e.Name == "" {
			r.errorf(e.where, "name is missing")
		}
		count := 0
		for range e.nodes.items() {
			count++
		}
		if !e.nodes.null() && e.nodes.kind() != '[' {
			r.want(e.where, "inbound_nodes", e.nodes, "a list")
		}
		if e.Class == inputLayer && e.Network == nil {
			if count > 0 {
				r.errorf(e.where, "an InputLayer takes nothing, and inbound_nodes is %s", e.nodes.show())
			}
			count = 1
		}
		if r.calls += count; r.calls > maxCalls {
			r.errorf(e.where, "more than %d calls of layers", maxCalls)
			return
		}
		refs.counts[e.Name] = count
	}
	if len(r.problems)+r.more > before {
		return // what would follow from mistakes
	}
	for _, e := range entries {
		for node := range e.nodes.items() {
			e.Calls = append(e.Calls, refs.call(e.where, len(e.Calls), node))
		}
		n.Layers = append(n.Layers, e.NetworkLayer)
	}
	n.Inputs = refs.structure(where, "input_layers", inputs)
	n.Outputs = refs.structure(where, "output_layers", outputs)
	if len(r.problems)+r.more > before {
		return
	}
	refs.renumber(n)
	for i, l := range n.Layers {
		for j, c := range l.Calls {
			for _, t := range c.Tensors() {
				checkRef(r, fmt.Sprintf("%s: call %d", entries[i].where, j), t, refs.counts)
			}
		}
	}
	for _, t := range n.Inputs.Tensors {
		checkRef(r, where+": input_layers", t, refs.counts)
	}
	for _, t := range n.Outputs.Tensors {
		checkRef(r, where+": output_layers", t, refs.counts)
	}
	if len(r.problems)+r.more > before {
		return
	}
	if _, err := n.Graph().Calls(); err != nil {
		r.errorf(where, "%w", err)
	}
}

// references reads what names other layers of a Functional.
type references struct {
	*networkReader
	counts map[string]int // calls, by layer
	legacy bool           // Keras 2's form was met
}

// call reads an entry of inbound_nodes.
func (r *references) call(where string, i int, v value) NetworkCall {
	where = fmt.Sprintf("%s: call %d", where, i)
	c := NetworkCall{Kwargs: map[string]Arg{}}
	if v.kind() == '{' {
		f := v.fields("args", "kwargs")
		if f[0].ok || f[1].ok {
			if f[0].ok && f[0].kind() != '[' {
				r.want(where, "args", f[0].value, "a list")
			}
			if f[1].ok && f[1].kind() != '{' {
				r.want(where, "kwargs", f[1].value, "an object")
			}
			for x := range f[0].items() {
				c.Args = append(c.Args, r.arg(where, x, false))
			}
			for k, x := range f[1].members() {
				c.Kwargs[k.text()] = r.arg(where, x, false)
			}
			return c
		}
	}
	// Keras 2: one tensor [layer, node, tensor, kwargs], or a list or dict of such.
	r.legacy = true
	if a := r.arg(where, v, true); a != nil {
		if l, ok := a.(ArgList); ok && len(l) == 1 {
			a = l[0]
		}
		c.Args = []Arg{a}
	}
	r.legacyKwargs(where, v, c.Kwargs)
	return c
}

// legacyKwargs reads the fourth element of the first tensor of a call of Keras 2; all of a
// call's tensors have the same.
func (r *references) legacyKwargs(where string, v value, kwargs map[string]Arg) {
	for {
		l, ok := v.list(4)
		if ok && len(l) == 4 && l[0].kind() == '"' {
			if l[3].kind() != '{' {
				r.want(where, "the keyword arguments", l[3], "an object")
				return
			}
			for k, x := range l[3].members() {
				kwargs[k.text()] = r.arg(where, x, true)
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

// tensorClass is the class of a tensor in an argument in Keras 3.
const tensorClass = "__keras_tensor__"

// legacyConstant is what Keras 2 writes for a layer's name where an argument is no tensor.
const legacyConstant = "_CONSTANT_VALUE"

// arg reads an argument. legacy is Keras 2's form of tensors.
func (r *references) arg(where string, v value, legacy bool) Arg {
	switch v.kind() {
	case '[':
		if l, ok := v.list(4); legacy && ok && len(l) >= 3 && l[0].kind() == '"' {
			node, isNode := l[1].number()
			if isNode && node == -1 && l[0].text() == legacyConstant {
				return Constant(l[2].raw())
			}
			index, isIndex := l[2].number()
			if isNode && isIndex {
				return TensorRef{Layer: l[0].text(), Node: node, Tensor: index}
			}
		}
		var list ArgList
		constant := true
		for x := range v.items() {
			a := r.arg(where, x, legacy)
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
		if class.text() == tensorClass {
			return r.tensor(where, v)
		}
		dict := ArgDict{}
		constant := true
		for k, x := range v.members() {
			a := r.arg(where, x, legacy)
			if _, is := a.(Constant); !is {
				constant = false
			}
			dict[k.text()] = a
		}
		switch {
		case !constant && class.ok:
			r.errorf(where, "a tensor within an argument of class %q is not supported", cut(class.text()))
		case !constant:
			return dict
		}
	}
	return Constant(v.raw())
}

// tensor reads Keras 3's form of a tensor.
func (r *references) tensor(where string, v value) Arg {
	conf := v.fields("config")[0]
	f := conf.fields("shape", "dtype", "keras_history")
	t, ok := r.ref(f[2].value)
	if !ok {
		r.want(where, "keras_history", f[2].value, `a list as in ["dense", 0, 0]`)
	}
	if f[0].ok {
		if t.Shape, ok = readShape(f[0].value); !ok {
			t.Shape = nil // several tensors of a ragged or nested one; only a note
		}
	}
	t.DType = f[1].text()
	return t
}

// ref reads ["dense", 0, 0].
func (r *references) ref(v value) (TensorRef, bool) {
	l, ok := v.list(3)
	if !ok || len(l) != 3 {
		return TensorRef{}, false
	}
	layer, isName := l[0].str()
	node, isNode := l[1].number()
	index, isIndex := l[2].number()
	return TensorRef{Layer: layer, Node: node, Tensor: index}, isName && isNode && isIndex
}

// structure reads input_layers and output_layers.
func (r *references) structure(where, key string, f field) Structure {
	var s Structure
	one := func(v value) {
		t, ok := r.ref(v)
		if l, is := v.list(1); !ok && is && len(l) == 1 {
			t, ok = r.ref(l[0]) // Keras 2 puts some into lists of one
		}
		if !ok {
			r.want(where, key, v, `a tensor as in ["dense", 0, 0], a list or a dict of such`)
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
		r.want(where, key, f.value, "a list")
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
		r.errorf(where, "%s is empty", key)
	}
	// Keras 2 makes a list of one of a single tensor, too, and takes it for one.
	s.Single = r.legacy && s.Keys == nil && len(s.Tensors) == 1
	return s
}

// renumber lowers references to nested models where the file counts a model's own connection
// as its call 0: Keras 2 everywhere, and for a Sequential only where it has an InputLayer;
// Keras 3 in input_layers and output_layers, and not for a Sequential. Keras writes no call
// that nothing refers to, so that Keras 2's lowest number tells what it started from.
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
			for _, t := range c.Tensors() {
				lowest(args, t)
			}
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

// checkRef looks whether a tensor can be; calls are the numbers of calls by layer.
func checkRef(to interface{ errorf(string, string, ...any) }, where string, t TensorRef, calls map[string]int) {
	count, ok := calls[t.Layer]
	switch {
	case !ok:
		to.errorf(where, "it refers to layer %q, which is not in the model", cut(t.Layer))
	case t.Node < 0 || t.Node >= count:
		to.errorf(where, "it refers to call %d of layer %q; there the calls of that layer have the numbers 0 to %d", t.Node, cut(t.Layer), count-1)
	case t.Tensor < 0:
		to.errorf(where, "it refers to result %d of layer %q", t.Tensor, cut(t.Layer))
	}
}

// cut shortens a text for a message.
func cut(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most-3], "") + "..."
	}
	return s
}
