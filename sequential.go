package lince

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
)

// Sequential makes a chain of layers, with default Options. See Options.Sequential.
func Sequential(layers ...layer.Layer) (*Model, error) { return Options{}.Sequential(layers...) }

// Sequential makes a model from a chain of layers (keras.Sequential): each layer is applied to the output of
// the one before it. The first is layer.Input, or a model, whose input becomes the input of the new model.
// New weights get their initial values. Layers and models that already have weights share them with the new
// model.
//
// The error lists all mistakes, each with the layer's position (from 0), class and name.
func (o Options) Sequential(layers ...layer.Layer) (*Model, error) {
	m, err := o.chain(layers)
	if err != nil {
		return nil, err
	}
	return m.initialized()
}

// chain makes a Sequential model. Its new variables have no values and take no memory yet.
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
	list, in, places, mistakes := chainLayers(layers)
	errs = append(errs, mistakes...)
	// Layers after a missing Input are still checked for mistakes.
	if in == nil {
		in = (&layerInstance{name: "input_layer"}).call(nil)
	}
	where := func(l *layerInstance) string {
		if l.Model() == nil || l.name == "" {
			return fmt.Sprintf("layer %d (%s)", places[l], l.Class())
		}
		return fmt.Sprintf("layer %d (%s %s)", places[l], l.Class(), l.name)
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
		errs = append(errs, errors.New("the network has an input but no other layers"))
	}
	label := func(c *call) string {
		return fmt.Sprintf("layer %d (%s %s)", places[c.layer], c.layer.Class(), c.layer.name)
	}
	return m.built(errs, label)
}

// chainLayers returns the layers of a chain, and the symbol of the Input or nil if there is none. If the first
// layer is a model, chainLayers inserts an Input before it. places has the position of each layer in the list,
// for messages.
func chainLayers(layers []layer.Layer) (list []*layerInstance, in *Symbol, places map[*layerInstance]int, errs []error) {
	places = map[*layerInstance]int{}
	for i, l := range layers {
		l = value(l)
		if l == nil {
			errs = append(errs, fmt.Errorf("layer %d is nil", i))
			continue
		}
		next := newLayer(l)
		if first, ok := places[next]; ok {
			errs = append(errs, fmt.Errorf("layer %d (%s): it is the same layer as layer %d; a Sequential model can use a layer only once", i, layer.ClassOf(l), first))
			continue
		}
		places[next] = i
		if inner := next.Model(); inner != nil && (len(inner.inputs) != 1 || len(inner.outputs) != 1) {
			errs = append(errs, fmt.Errorf("layer %d (%s %s): it has %d inputs and %d outputs, a Sequential model needs one of each; use Functional", i, layer.ClassOf(l), inner.name, len(inner.inputs), len(inner.outputs)))
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
				errs = append(errs, fmt.Errorf("layer 0 (%s): the first layer must be layer.Input, which gives the shape of an example", layer.ClassOf(l)))
			}
			list = append(list, next)
		}
	}
	return list, in, places, errs
}

// call applies the layer without inferring the type of its result.
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

// model makes a model without layers.
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

// built finishes a model whose network is complete: it builds the graph for predictions, and assigns the
// variables to the layers that declared them. errs are mistakes found before; built adds its own and returns
// all of them.
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
			errs = append(errs, fmt.Errorf("output %d, the result of %s, is a scalar; want one value for each example, shape (batch, ...)", i, label(m.outputs[i].call)))
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
	if _, known := m.finalActivation(m.outputs[0]); !known {
		m.probabilities = ofProbabilities(g.Outputs[0].Value)
	}
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

// brokenInputs returns the inputs of a network that already has a mistake, so that mistakes in its inputs are
// still found.
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

// initialized gives the model's new variables their initial values.
func (m *Model) initialized() (*Model, error) {
	if err := checkMemory(m.store.Variables()); err != nil {
		return nil, err
	}
	m.store.Initialize(m.seed)
	return m, nil
}

// Layers cannot have these names: they begin the paths of other variables.
const (
	optimizerPath  = "optimizer"
	metricsPath    = "metrics"
	evaluationPath = "evaluation"
	generatorPath  = "seed_generator"
)

var reserved = []string{optimizerPath, metricsPath, evaluationPath, generatorPath, functionPath}
