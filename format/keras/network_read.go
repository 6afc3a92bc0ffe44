package keras

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

const (
	maxLayers   = 10_000  // in a model and its nested models
	maxCalls    = 100_000 // of all layers; those of nested models count for each call of the model
	maxArgs     = 100_000 // of all calls, including tensors in lists, and the inputs and outputs of models
	maxName     = 5000    // bytes, also for the names of a nested model and the models around it together
	maxRank     = 64
	maxProblems = 20 // in an error
)

// ReadNetwork reads the config of a model: config.json of a .keras file of Keras 2 or 3, or model.to_json(). The model and its nested models
// must be of class Sequential or Functional. The object may stand inside a JSON string, as in some files of Keras 2. The error lists all mistakes (at most 20), each with the name of its layer. In the returned
// network, every reference is valid, names are unique within a model, and there are no cycles.
//
// A TensorRef's Node is an index of NetworkLayer.Calls. In some places, Keras counts a nested model's own connection as its call 0. There,
// Node is one less than in the file.
func ReadNetwork(text []byte) (*Network, error) {
	var err error
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) > 0 && start[0] == '"' {
		if text, err = unquoted(text); err != nil {
			return nil, fmt.Errorf("keras: the model's config: %w", err)
		}
	}
	v, err := scan(text)
	if err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	r := &networkReader{}
	n := r.model(&place{}, v, 0)
	if r.err() == nil {
		if _, all := n.applied(); all > maxCalls {
			r.errorf(&place{}, "nested models are called so often that layers are called more than %d times", maxCalls)
		}
	}
	err = r.err()
	if err == nil && r.channelsFirst {
		err = n.channelsLast()
	}
	if err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	return n, nil
}

// applied returns two numbers of calls of layers: once, for one call of the model, and all, for building the model and each nested
// model separately. Both are at most maxCalls + 1. The limit stops short files that describe huge graphs: a model that calls another twice,
// which calls a third twice, and so on.
func (n *Network) applied() (once, all int) {
	for _, l := range n.Layers {
		each := 1
		if l.Network != nil {
			var inner int
			each, inner = l.Network.applied()
			all = min(all+inner, maxCalls+1)
		}
		once = min(once+each*max(len(l.Calls), 1), maxCalls+1)
	}
	return once, min(all+once, maxCalls+1)
}

// place is a location in a config, for messages. Its text can be long, so it is built only on demand.
type place struct {
	up          *place // nil for the outermost model
	layer       int    // the layer's index in the model at up
	name, class string // of the layer, once they are known
	call        int    // the call's index plus 1 if this is a call of the layer at up
}

func (p *place) String() string {
	var s string
	switch {
	case p.up == nil:
		return "the model"
	case p.call > 0:
		s = fmt.Sprintf("call %d", p.call-1)
	case p.class != "":
		s = fmt.Sprintf("layer %q (%s)", cut(p.name), cut(p.class))
	default:
		s = fmt.Sprintf("layer %d", p.layer)
	}
	if p.up.up != nil {
		s = p.up.String() + ": " + s
	}
	return s
}

// networkReader collects mistakes and counts what is limited over all nested models.
type networkReader struct {
	layers, calls, args int
	channelsFirst       bool // a layer has data_format channels_first
	problems            []error
	more                int
}

func (r *networkReader) errorf(at *place, format string, a ...any) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, fmt.Errorf("%s: %w", at, fmt.Errorf(format, a...)))
}

func (r *networkReader) err() error {
	if r.more > 0 {
		r.problems = append(r.problems, fmt.Errorf("and %d more mistakes", r.more))
		r.more = 0
	}
	return errors.Join(r.problems...)
}

// want reports that a member has the wrong form.
func (r *networkReader) want(at *place, key string, v value, want string) {
	r.errorf(at, "%s is %s, want %s", key, v.show(), want)
}

// ClassError is the error of a model whose class is neither Sequential nor Functional.
type ClassError struct {
	Class string
	// RegisteredName is "Package>Class" for the classes of other packages than Keras, if the file has it, and else Class.
	RegisteredName string
}

func (e *ClassError) Error() string {
	return fmt.Sprintf("its class is %q, want Sequential or Functional", cut(e.Class))
}

// text reads a string. It returns "" if there is none.
func (r *networkReader) text(at *place, key string, f field) string {
	s, ok := f.str()
	if f.ok && !ok {
		r.want(at, key, f.value, "a string")
	}
	return s
}

// model reads {"class_name": "Functional", "config": {...}}. It returns nil if the value is not a model.
func (r *networkReader) model(at *place, v value, depth int) *Network {
	if v.kind() != '{' {
		r.errorf(at, "want a Keras object with class_name and config, got %s", v.show())
		return nil
	}
	f := v.fields("class_name", "config", "compile_config", "registered_name")
	class := r.text(at, "class_name", f[0])
	switch {
	case depth > maxDepth:
		r.errorf(at, "models are nested more than %d deep", maxDepth)
		return nil
	case !f[0].ok:
		r.errorf(at, "class_name is missing; is it the config of a model?")
		return nil
	case !isModel(class):
		r.errorf(at, "%w", &ClassError{class, cmp.Or(r.text(at, "registered_name", f[3]), class)})
		return nil
	case f[1].kind() == '[' && class == sequential:
		// Before Keras 2.2.3, the config was the list of layers.
		n := &Network{Class: sequential}
		r.sequential(at, n, f[1].value, depth)
		return n
	case f[1].kind() != '{':
		r.want(at, "config", f[1].value, "an object")
		return nil
	}
	n := &Network{Class: class}
	if class == "Model" {
		n.Class = functional
	}
	if f[2].ok && string(f[2].raw()) != "{}" {
		n.CompileConfig = upgradeLegacy(f[2].raw())
	}
	c := f[1].fields("name", "trainable", "dtype", "layers", "build_input_shape", "input_layers", "output_layers")
	n.Name = cleanName(r.text(at, "config.name", c[0]))
	n.Frozen = !r.trainable(at, c[1])
	if c[2].ok {
		n.DType = c[2].raw()
	}
	if c[3].kind() != '[' {
		r.want(at, "config.layers", c[3].value, "a list")
		return nil
	}
	if class == sequential {
		if c[4].ok {
			n.BuildInputShape = r.shape(at, "build_input_shape", c[4].value)
		}
		r.sequential(at, n, c[3].value, depth)
		return n
	}
	r.functional(at, n, c[3].value, c[5], c[6], depth)
	return n
}

// cleanName returns the name of a layer or model without slashes, which Keras 2 allows and Keras 3 does not.
func cleanName(name string) string { return strings.ReplaceAll(name, "/", "_") }

func isModel(class string) bool {
	return class == sequential || class == functional || class == "Model"
}

func (r *networkReader) trainable(at *place, f field) bool {
	is, ok := f.bool()
	if f.ok && !ok {
		r.want(at, "config.trainable", f.value, "true or false")
	}
	return !f.ok || is
}

// shape reads a shape with its batch dimension.
func (r *networkReader) shape(at *place, key string, v value) tensor.Shape {
	s, ok := readShape(v)
	if !ok {
		r.want(at, key, v, "a list such as [null, 128, 128, 3]")
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

// entry is an entry of "layers" while it is read.
type entry struct {
	NetworkLayer
	nodes value // inbound_nodes
	shape tensor.Shape
	at    *place
}

// layer reads an entry of "layers", without its calls.
func (r *networkReader) layer(at *place, i int, v value, depth int) entry {
	e := entry{at: &place{up: at, layer: i}, nodes: value{d: nullDocument}}
	if r.layers++; r.layers > maxLayers {
		return e
	}
	if v.kind() != '{' {
		r.errorf(e.at, "want a Keras object with class_name and config, got %s", v.show())
		return e
	}
	f := v.fields("module", "class_name", "config", "registered_name", "name", "inbound_nodes", "build_config", "shared_object_id", "lince_shared")
	e.Module = r.text(e.at, "module", f[0])
	e.Class = r.text(e.at, "class_name", f[1])
	e.RegisteredName = r.text(e.at, "registered_name", f[3])
	if class := registered(e.Class); class != e.Class && class != "" { // in .h5 files, as in "Custom>Gain"
		e.Class, e.RegisteredName = class, e.Class
	}
	e.Name = r.text(e.at, "name", f[4])
	e.nodes = f[5].value
	if f[6].ok {
		e.BuildConfig = f[6].raw()
	}
	for _, id := range f[7:] {
		if n, err := strconv.ParseInt(string(id.raw()), 10, 64); id.ok && err == nil {
			e.Shared = n
		}
	}
	if !f[1].ok {
		r.errorf(e.at, "class_name is missing")
		return e
	}
	if legacy := e.Class == sequential && f[2].kind() == '['; f[2].kind() != '{' && !legacy {
		r.want(e.at, "config", f[2].value, "an object")
		return e
	}
	c := f[2].fields("name", "trainable", "batch_input_shape", "batch_shape")
	if e.Name == "" {
		e.Name = r.text(e.at, "config.name", c[0])
	}
	e.Name = cleanName(e.Name)
	e.at.name, e.at.class = e.Name, e.Class
	switch {
	case len(e.Name) > maxName:
		r.errorf(e.at, "its name has %d bytes, want at most %d", len(e.Name), maxName)
	case isModel(e.Class) && !e.Op():
		names := 0
		for p := e.at; p != nil; p = p.up {
			names += len(p.name)
		}
		if names > maxName {
			r.errorf(e.at, "its name and those of the models around it have %d bytes, want at most %d", names, maxName)
			return e
		}
		e.Network = r.model(e.at, v, depth+1)
		if n := e.Network; n != nil {
			n.Name, e.Frozen = e.Name, n.Frozen
		}
		return e
	}
	e.Frozen = !r.trainable(e.at, c[1])
	e.Config = f[2].raw()
	if c[2].ok {
		if e.shape, _ = readShape(c[2].value); e.Class != inputLayer && e.shape == nil {
			r.want(e.at, "batch_input_shape", c[2].value, "a list such as [null, 128, 128, 3]")
		}
		e.Config = liftShape(f[2].value, e.Class == inputLayer && !c[3].ok)
	}
	if !e.Op() {
		var err error
		if e.Class, e.Config, err = upgradeLayer(e.Class, e.Config); err != nil {
			r.errorf(e.at, "%w", err)
		}
	}
	r.channelsFirst = r.channelsFirst || bytes.Contains(e.Config, []byte(channelsFirst))
	return e
}

// liftShape returns an object without its batch_input_shape, which is renamed to batch_shape or removed.
func liftShape(v value, rename bool) json.RawMessage {
	out := []byte{'{'}
	for k, x := range v.members() {
		key := k.raw()
		if k.is("batch_input_shape") {
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

// layerList reads "layers", without their calls.
func (r *networkReader) layerList(at *place, list value, depth int) []entry {
	var entries []entry
	names := map[string]bool{}
	for v := range list.items() {
		e := r.layer(at, len(entries), v, depth)
		if r.layers > maxLayers {
			if r.layers == maxLayers+1 {
				r.errorf(at, "more than %d layers", maxLayers)
			}
			return entries
		}
		if e.Name != "" && names[e.Name] {
			r.errorf(e.at, "another layer has the same name; names must be unique within a model")
		}
		names[e.Name] = true
		entries = append(entries, e)
	}
	return entries
}

func (r *networkReader) sequential(at *place, n *Network, list value, depth int) {
	for i, e := range r.layerList(at, list, depth) {
		if i == 0 && e.Class != inputLayer && e.shape != nil && n.BuildInputShape == nil {
			n.BuildInputShape = e.shape
		}
		if i > 0 && e.Class == inputLayer {
			r.errorf(e.at, "only the first layer of a Sequential can be an InputLayer")
		}
		n.Layers = append(n.Layers, e.NetworkLayer)
	}
}

func (r *networkReader) functional(at *place, n *Network, list value, inputs, outputs field, depth int) {
	before := len(r.problems) + r.more
	entries := r.layerList(at, list, depth)
	refs := &references{networkReader: r, counts: map[string]int{}}
	for _, e := range entries {
		if e.Name == "" {
			r.errorf(e.at, "name is missing")
		}
		count := 0
		for range e.nodes.items() {
			count++
		}
		if !e.nodes.null() && e.nodes.kind() != '[' {
			r.want(e.at, "inbound_nodes", e.nodes, "a list")
		}
		if e.Class == inputLayer && e.Network == nil {
			if count > 0 {
				r.errorf(e.at, "inbound_nodes of an InputLayer must be empty, got %s", e.nodes.show())
			}
			count = 1
		}
		if r.calls += count; r.calls > maxCalls {
			r.errorf(e.at, "more than %d calls of layers", maxCalls)
			return
		}
		refs.counts[e.Name] = count
	}
	if len(r.problems)+r.more > before {
		return // the rest would report consequences of the same mistakes
	}
	for _, e := range entries {
		for node := range e.nodes.items() {
			refs.at = place{up: e.at, call: len(e.Calls) + 1}
			e.Calls = append(e.Calls, refs.call(node))
		}
		e.upgradeOp(refs.legacy)
		n.Layers = append(n.Layers, e.NetworkLayer)
	}
	n.Inputs = refs.structure(at, "input_layers", inputs)
	n.Outputs = refs.structure(at, "output_layers", outputs)
	if len(r.problems)+r.more > before {
		return
	}
	refs.renumber(n)
	for i, l := range n.Layers {
		for j, c := range l.Calls {
			c.each(func(t TensorRef) {
				if err := checkRef(t, refs.counts); err != nil {
					r.errorf(&place{up: entries[i].at, call: j + 1}, "%w", err)
				}
			})
		}
	}
	for i, ends := range []Structure{n.Inputs, n.Outputs} {
		for _, t := range ends.Tensors {
			if err := checkRef(t, refs.counts); err != nil {
				r.errorf(at, "%s: %w", []string{"input_layers", "output_layers"}[i], err)
			}
		}
	}
	if len(r.problems)+r.more > before {
		return
	}
	if _, err := n.Graph().Calls(); err != nil {
		r.errorf(at, "%w", err)
	}
}

// cut shortens text for a message.
func cut(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most-3], "") + "..."
	}
	return s
}
