package keras

import (
	"encoding/json"
	"errors"
	"fmt"
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
	if legacy := e.Class == sequential && f[2].kind() == '['; f[2].kind() != '{' && !legacy {
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
			refs.layer, refs.number = e.where, len(e.Calls)
			e.Calls = append(e.Calls, refs.call(node))
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
				if err := checkRef(t, refs.counts); err != nil {
					r.errorf(fmt.Sprintf("%s: call %d", entries[i].where, j), "%w", err)
				}
			}
		}
	}
	for i, ends := range []Structure{n.Inputs, n.Outputs} {
		for _, t := range ends.Tensors {
			if err := checkRef(t, refs.counts); err != nil {
				r.errorf(where+": "+[]string{"input_layers", "output_layers"}[i], "%w", err)
			}
		}
	}
	if len(r.problems)+r.more > before {
		return
	}
	if _, err := n.Graph().Calls(); err != nil {
		r.errorf(where, "%w", err)
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
