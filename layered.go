package lince

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Layered returns a Functional model of Keras layers and operations that computes what the model computes. It is for a model that was
// read from an ONNX or TFLite file, or made by FromGraph: such a model is one layer, which Keras does not have, while Keras
// opens what Save writes of the new model. A model without such a layer is returned unchanged.
//
// The new model has copies of the weights, and the same classes, preprocessing and temperature. It is not compiled. Its layers are named after the
// nodes of the file, with _ for a slash. Its results are in the same order, named after layers. They differ from those of the model by rounding at most. A variable that no layer holds, such as a factor for
// each channel, becomes a constant, which is not trained. A variable that several layers use becomes one weight for each of them.
//
// The error lists the ops that no layer and no operation of Keras computes, how often each occurs, and the first place. It is
// also an error if the model has other layers beside its graph.
func (m *Model) Layered() (*Model, error) {
	var whole *layerInstance
	for _, l := range m.layers {
		if _, ok := l.config.(graphLayer); ok {
			whole = l
		}
	}
	if whole == nil {
		return m, nil
	}
	if len(m.calls) != len(m.inputs)+1 {
		return nil, fmt.Errorf("the graph in layer %s cannot become layers: the model has other layers too", whole.name)
	}
	r := &raiser{whole: whole, values: map[string]*tensor.Tensor{}, symbols: map[*graph.Value]*Symbol{}, taken: map[string]bool{}, patterns: map[patternKey]*pattern{}}
	for _, v := range whole.variables {
		r.values[v.Path[len(whole.name)+1:]] = v.Value()
	}
	g, err := canonical(whole.config.(graphLayer).g)
	if err != nil {
		return nil, err
	}
	matches, err := r.cover(g)
	if err != nil {
		return nil, fmt.Errorf("the graph in layer %s cannot become layers: %w", whole.name, err)
	}
	// The layer is applied to the model's inputs in some order, which is that of the graph's inputs.
	c := m.calls[len(m.calls)-1]
	inputs := map[*Symbol]*Symbol{}
	var in []*Symbol
	for _, s := range m.inputs {
		l := s.call.layer
		r.taken[l.name] = true
		inputs[s] = Input(l.config.(layer.Input))
		inputs[s].call.layer.name = l.name
		in = append(in, inputs[s])
	}
	for i, v := range g.Inputs {
		r.symbols[v] = inputs[c.in[i]]
	}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			if x := matches[v]; x != nil {
				if err := r.apply(v, x); err != nil {
					return nil, fmt.Errorf("the graph in layer %s cannot become layers: %w", whole.name, err)
				}
			}
		}
	}
	var out []*Symbol
	for _, s := range m.outputs {
		out = append(out, r.symbols[g.Outputs[slices.Index(c.out, s)].Value])
	}
	o := Options{Seed: m.seed, backend: m.backend}
	if !m.autoNamed {
		o.Name = m.name
	}
	y, err := o.Functional(listOf(in, m.inputList), listOf(out, m.outputList))
	if err != nil {
		return nil, fmt.Errorf("the graph in layer %s cannot become layers: %w", whole.name, err)
	}
	if err := r.setWeights(y); err != nil {
		return nil, err
	}
	y.Classes, y.Preprocessing, y.Temperature, y.MultiLabel, y.Regression, y.notes = m.Classes, m.Preprocessing, m.Temperature, m.MultiLabel, m.Regression, m.notes
	return y, nil
}

// raiser turns a graph into layers.
type raiser struct {
	whole    *layerInstance
	values   map[string]*tensor.Tensor // of the graph's variables
	symbols  map[*graph.Value]*Symbol
	taken    map[string]bool // names of layers
	weights  []raisedWeights
	patterns map[patternKey]*pattern // of candidates with a key
}

// raisedWeights says where the weights of a layer come from.
type raisedWeights struct {
	layer *layerInstance
	from  map[string]*graph.Value
}

// cover returns, for each value that is the result of a layer, the layer. It goes from the outputs to the inputs.
func (r *raiser) cover(g *graph.Graph) (map[*graph.Value]*match, error) {
	data := map[*graph.Value]bool{} // values that depend on an input
	need := map[*graph.Value]bool{}
	for _, n := range g.Nodes {
		_, depends := n.Op.(op.Input)
		for _, v := range n.In {
			depends = depends || data[v]
		}
		for _, v := range n.Out {
			data[v] = depends
		}
	}
	for _, o := range g.Outputs {
		need[o.Value] = true
	}
	matches := map[*graph.Value]*match{}
	var missing unraised
	for _, n := range slices.Backward(g.Nodes) {
		if _, ok := n.Op.(op.Input); ok {
			continue
		}
		for _, v := range slices.Backward(n.Out) {
			if !need[v] {
				continue
			}
			x := r.match(v, data)
			if x == nil {
				missing.add(n)
				for _, in := range n.In { // find what else is missing
					need[in] = need[in] || data[in]
				}
				continue
			}
			matches[v] = x
			for _, in := range x.in {
				need[in] = true
			}
		}
	}
	return matches, missing.err()
}

// apply makes the symbol of a value.
func (r *raiser) apply(v *graph.Value, x *match) error {
	l := newLayer(x.layer)
	l.name = r.name(v.Node.Layer)
	l.frozen = r.whole.frozen
	in := make([]*Symbol, len(x.in))
	for i, u := range x.in {
		in[i] = r.symbols[u]
	}
	s := apply(l, in)
	if s.typ.DType != v.DType || !s.typ.Shape.Equal(v.Shape) {
		return fmt.Errorf("a %s for the %s of %q gives %v, want %v", l.Class(), v.Node.Op.Name(), v.Node.Layer, s.typ, v.Type)
	}
	r.symbols[v] = s
	if len(x.weights) > 0 {
		r.weights = append(r.weights, raisedWeights{l, x.weights})
	}
	return nil
}

// name makes the name of a layer from that of a node. It is "" if the node has none.
func (r *raiser) name(node string) string {
	stem := strings.Map(func(c rune) rune {
		switch {
		case c == '/':
			return '_'
		case c < ' ' || c == 0x7f:
			return -1
		}
		return c
	}, strings.Trim(node, "/"))
	if stem == "" || checkName(stem) != nil {
		return ""
	}
	name := stem
	for i := 1; r.taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", stem, i)
	}
	r.taken[name] = true
	return name
}

// setWeights copies the weights to the layers of the new model.
func (r *raiser) setWeights(m *Model) error {
	for _, w := range r.weights {
		for _, v := range w.layer.variables {
			from := w.from[v.Path[len(w.layer.name)+1:]]
			if from == nil {
				return fmt.Errorf("layer %s: weight %s has no value", w.layer.name, v.Path)
			}
			t := r.value(from)
			if !t.Shape().Equal(v.Shape) {
				t = t.Reshape(v.Shape...)
			}
			if err := m.store.Set(v, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// value returns the tensor that a constant or a variable is, nil for any other value.
func (r *raiser) value(v *graph.Value) *tensor.Tensor {
	if v.Node == nil {
		return nil
	}
	switch o := v.Node.Op.(type) {
	case op.Const:
		return o.Value
	case op.Variable:
		return r.values[o.Path]
	}
	return nil
}

// unraised counts nodes for which there is no layer.
type unraised struct {
	names []string
	count map[string]int
	first map[string]string
}

func (u *unraised) add(n *graph.Node) {
	name := n.Op.Name()
	if u.count == nil {
		u.count, u.first = map[string]int{}, map[string]string{}
	}
	if u.count[name] == 0 {
		u.names = append(u.names, name)
	}
	u.count[name]++
	u.first[name] = n.Layer // nodes come in reverse order
}

func (u *unraised) err() error {
	if u.names == nil {
		return nil
	}
	slices.Sort(u.names)
	var list []string
	for _, name := range u.names {
		often := "once, in"
		if n := u.count[name]; n > 1 {
			often = fmt.Sprintf("%d times, first in", n)
		}
		list = append(list, fmt.Sprintf("%s (%s %s)", name, often, u.first[name]))
	}
	return fmt.Errorf("no layer of Keras computes %s", strings.Join(list, ", "))
}
