package lince

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
)

// Sequential makes a model of layers, each of which takes what the one before it gives;
// the first is layer.Input. See Options.Sequential.
func Sequential(layers ...layer.Layer) (*Model, error) { return Options{}.Sequential(layers...) }

// Sequential makes a model of layers, each of which takes what the one before it gives
// (keras.Sequential). The first is layer.Input, or a model, whose input is then the new model's
// too. The weights have their initial values; those of layers and models that have weights
// already are shared.
//
// An error names every mistake by the layer's place in the list (from 0), class and name.
func (o Options) Sequential(layers ...layer.Layer) (*Model, error) {
	m, err := o.chain(layers)
	if err != nil {
		return nil, err
	}
	return m.initialized()
}

// chain makes a Sequential model whose new variables have no values yet, and take no memory.
func (o Options) chain(layers []layer.Layer) (*Model, error) {
	m, err := o.model("Sequential", "sequential")
	if err != nil {
		return nil, err
	}
	var errs []error
	if err := checkName(m.name); err != nil {
		errs = append(errs, fmt.Errorf("the model: %w", err))
	}
	if len(layers) == 0 {
		return nil, errors.Join(append(errs, errors.New("the network has no layers; the first is layer.Input{Shape: ...}"))...)
	}
	places := map[*layerInstance]int{}
	where := func(l *layerInstance) string {
		if l.Model() == nil || l.name == "" {
			return fmt.Sprintf("layer %d (%s)", places[l], l.Class())
		}
		return fmt.Sprintf("layer %d (%s %s)", places[l], l.Class(), l.name)
	}
	var list []*layerInstance
	var in *Symbol
	for i, l := range layers {
		l = value(l)
		if l == nil {
			errs = append(errs, fmt.Errorf("layer %d is nil", i))
			continue
		}
		next := newLayer(l)
		if first, ok := places[next]; ok {
			errs = append(errs, fmt.Errorf("layer %d (%s): it is layer %d again; a Sequential model has a layer once", i, l.Class(), first))
			continue
		}
		places[next] = i
		if inner := next.Model(); inner != nil && (len(inner.inputs) != 1 || len(inner.outputs) != 1) {
			errs = append(errs, fmt.Errorf("layer %d (%s %s): it has %d inputs and %d outputs, a Sequential model takes one of each; use Functional", i, l.Class(), inner.name, len(inner.inputs), len(inner.outputs)))
			continue
		}
		switch {
		case next.isInput() && i > 0:
			errs = append(errs, fmt.Errorf("layer %d (InputLayer): only the first layer can be an Input", i))
		case next.isInput():
			list = append(list, next)
			in = next.call(nil)
		case i == 0 && next.Model() != nil && len(next.Model().inputs) == 1:
			input := next.Model().inputs[0].call.layer.config.(layer.Input)
			input.Name = ""
			first := newLayer(input)
			list = append(list, first, next)
			places[first] = i
			in = first.call(nil)
		default:
			if i == 0 {
				errs = append(errs, fmt.Errorf("layer 0 (%s): the first layer must be layer.Input, which says the shape of an example; found no Input", l.Class()))
			}
			list = append(list, next)
		}
	}
	// A layer that has no place in the network is still looked at, for its own mistakes.
	if in == nil {
		in = (&layerInstance{name: "input_layer"}).call(nil)
	}
	if err := nameLayers(list, where); err != nil {
		errs = append(errs, err)
	}
	m.inputs = []*Symbol{in}
	m.calls = []*call{in.call}
	last := in
	for _, l := range list {
		if l.isInput() {
			continue
		}
		m.layers = append(m.layers, l)
		last = l.call([]*Symbol{last})
		m.calls = append(m.calls, last.call)
	}
	m.outputs, m.chain = []*Symbol{last}, true
	if len(m.layers) == 0 {
		errs = append(errs, errors.New("the network has an input, but no layers that do something with it"))
	}
	label := func(c *call) string {
		return fmt.Sprintf("layer %d (%s %s)", places[c.layer], c.layer.Class(), c.layer.name)
	}
	return m.built(errs, label)
}

// call applies the layer without a look at what that gives.
func (l *layerInstance) call(in []*Symbol) *Symbol {
	c := newCall(l, in)
	n := 1
	if m := l.Model(); m != nil {
		n = len(m.outputs)
	}
	for i := range n {
		c.out = append(c.out, &Symbol{call: c, index: i})
	}
	return c.out[0]
}

// model makes a model of nothing.
func (o Options) model(class, name string) (*Model, error) {
	b, err := o.engineFor()
	if err != nil {
		return nil, err
	}
	m := &Model{name: o.Name, seed: o.Seed, store: graph.NewStore(), backend: b, mu: &lock{}}
	m.class = class
	if m.name == "" {
		m.name, m.autoNamed = name, true
	}
	m.base = m.store
	return m, nil
}

// built makes the graph of predictions of a model whose network is complete, unless there are
// mistakes already; and notes which variables are whose.
func (m *Model) built(errs []error, label func(*call) string) (*Model, error) {
	m.label = label
	b := graph.NewBuilder(m.store, false)
	broken := errs != nil
	var in []*graph.Value
	if broken {
		in = m.brokenInputs(b)
	}
	out := m.forward(b, in, label, true)
	if err := b.Err(); err != nil {
		errs = append(errs, err)
	}
	for i, v := range out {
		if v.Valid() && v.Rank() == 0 {
			errs = append(errs, fmt.Errorf("output %d, the result of %s, is one number; want one for each example, shape (batch, ...)", i, label(m.outputs[i].call)))
		}
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	var outputs []graph.Output
	for i, v := range out {
		outputs = append(outputs, graph.Output{Key: "output" + suffix(i), Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		return nil, err
	}
	m.predict.graph = g
	byLayer := map[string][]*graph.Variable{}
	for _, v := range m.store.Variables() {
		name, _, _ := strings.Cut(v.Path, "/")
		byLayer[name] = append(byLayer[name], v)
	}
	for _, l := range m.layers {
		switch {
		case l.Model() != nil:
			m.mu.join(l.Model().mu)
		case l.owner != nil:
			m.mu.join(l.owner.mu)
		default:
			l.own(m, byLayer[l.name])
		}
	}
	return m, nil
}

// brokenInputs are the inputs of a network that has a mistake already: what is wrong with an
// input that is there is still told.
func (m *Model) brokenInputs(b *graph.Builder) []*graph.Value {
	in := make([]*graph.Value, len(m.inputs))
	for i, s := range m.inputs {
		in[i] = b.Invalid()
		if input, ok := s.call.layer.config.(layer.Input); ok && input.Shape != nil {
			in[i] = s.call.build(b.In(s.call.layer.name, m.label(s.call)), nil)
		}
	}
	return in
}

func suffix(i int) string {
	if i == 0 {
		return ""
	}
	return fmt.Sprintf("_%d", i)
}

// initialized gives the model's new variables their first values.
func (m *Model) initialized() (*Model, error) {
	if err := checkMemory(m.store.Variables()); err != nil {
		return nil, err
	}
	m.store.Initialize(m.seed)
	return m, nil
}

// The names that a layer cannot have: the first parts of the paths of other variables.
const (
	optimizerPath  = "optimizer"
	metricsPath    = "metrics"
	evaluationPath = "evaluation"
	generatorPath  = "seed_generator"
)

var reserved = []string{optimizerPath, metricsPath, evaluationPath, generatorPath}
