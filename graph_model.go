package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphjson"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// FromGraph makes a model from a graph with default Options. See Options.FromGraph.
func FromGraph(g *graph.Graph, variables *graph.Store) (*Model, error) {
	return Options{}.FromGraph(g, variables)
}

// FromGraph makes a model from a graph of ops, for example one that was read from a file in another format. The
// model's inputs and outputs are the graph's, named by their keys, with _ for a slash; inputs have shape (batch, ...). variables
// holds the graph's variables; the model copies their values. The graph must be for predictions: FromGraph
// returns an error if it updates variables. Variables whose role is not graph.Weight are not trained.
//
// The model can be compiled, trained, evaluated and nested in other models. Summary shows it as one layer. Save writes a
// .keras file that lince opens. Keras cannot open it, because its layer is not one of Keras; Layered turns the layer into
// those of Keras.
func (o Options) FromGraph(g *graph.Graph, variables *graph.Store) (*Model, error) {
	return o.fromGraph(g, variables, (*graph.Store).Set)
}

// fromGraph is FromGraph. set gives a variable of the model its value: Store.Set, or Store.Take if nothing else uses variables.
func (o Options) fromGraph(g *graph.Graph, variables *graph.Store, set func(*graph.Store, *graph.Variable, *tensor.Tensor) error) (*Model, error) {
	if g == nil || variables == nil {
		return nil, errors.New("making a model of a graph: the graph or its variables are nil")
	}
	l := graphLayer{g, map[string]bool{}}
	for _, v := range variables.Variables() {
		if v.Role != graph.Weight {
			l.state[v.Path] = true
		}
	}
	err := l.check()
	if err == nil {
		err = l.checkVariables(variables)
	}
	if err != nil {
		return nil, fmt.Errorf("making a model of a graph: %w", err)
	}
	var in []*Symbol
	for _, v := range g.Inputs {
		name := strings.ReplaceAll(v.Node.Op.(op.Input).Key, "/", "_") // a layer's name has no slash
		input := layer.Input{Shape: v.Shape[1:], DType: v.DType, Name: name}
		if v.Shape[0] != tensor.Unknown {
			input.Batch = v.Shape[0]
		}
		in = append(in, Input(input))
	}
	whole := newLayer(l)
	m, err := o.between(listOf(in, false), apply(whole, in))
	if err != nil {
		return nil, fmt.Errorf("making a model of a graph: %w", err)
	}
	for _, v := range whole.variables {
		from := variables.Lookup(v.Path[len(whole.name)+1:])
		if err := set(m.store, v, from.Value()); err != nil {
			return nil, fmt.Errorf("making a model of a graph: %w", err)
		}
	}
	for _, out := range g.Outputs {
		m.outputKeys = append(m.outputKeys, out.Key)
	}
	return m.initialized()
}

// graphLayer is a graph as a layer.
type graphLayer struct {
	g     *graph.Graph
	state map[string]bool // the paths of variables that are not trained
}

// graphClass is the registered name of graphLayer in files.
const graphClass = "lince>Graph"

// decodeGraph returns the layer with this config.
func decodeGraph(text json.RawMessage) (layer.Layer, error) {
	var c struct {
		Graph json.RawMessage `json:"graph"`
		State []string        `json:"state"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	g, err := graphjson.Unmarshal(c.Graph)
	if err != nil {
		return nil, fmt.Errorf("its graph: %w", err)
	}
	l := graphLayer{g, map[string]bool{}}
	for _, path := range c.State {
		l.state[path] = true
	}
	return l, l.check()
}

// check returns all reasons why the graph cannot be a layer.
func (l graphLayer) check() error {
	var errs []error
	if len(l.g.Inputs) == 0 || len(l.g.Outputs) == 0 {
		errs = append(errs, fmt.Errorf("want at least one input and one output, got %d and %d", len(l.g.Inputs), len(l.g.Outputs)))
	}
	for _, v := range l.g.Inputs {
		if v.Rank() < 2 {
			errs = append(errs, fmt.Errorf("input %s must have shape (batch, ...), got %v", v.Node.Op.(op.Input).Key, v.Shape))
		}
	}
	for _, n := range l.g.Nodes {
		if _, ok := n.Op.(op.Updater); ok {
			errs = append(errs, fmt.Errorf("it updates variables (%s of %q); want a graph for predictions", n.Op.Name(), n.Layer))
		}
	}
	return errors.Join(errs...)
}

// checkVariables compares the graph's variables with those of a store.
func (l graphLayer) checkVariables(variables *graph.Store) error {
	var errs []error
	for _, n := range l.g.Nodes {
		if o, ok := n.Op.(op.Variable); ok {
			switch v := variables.Lookup(o.Path); {
			case v == nil || v.Value() == nil:
				errs = append(errs, fmt.Errorf("variable %s has no value", o.Path))
			case !v.Equal(o.Type):
				errs = append(errs, fmt.Errorf("variable %s is %v, the graph declares %v", o.Path, v.Type, o.Type))
			}
		}
	}
	return errors.Join(errs...)
}

// endsInSoftmax reports whether an output of a model is the result of a softmax in a graphLayer.
func endsInSoftmax(s *Symbol) bool {
	if s.call == nil {
		return false
	}
	l, ok := s.call.layer.config.(graphLayer)
	if !ok {
		return false
	}
	v := l.g.Outputs[s.index].Value
	for v.Node != nil {
		switch v.Node.Op.(type) {
		case op.Softmax:
			return true
		case op.Reshape:
			v = v.Node.In[0]
		default:
			return false
		}
	}
	return false
}

// Class implements layer.Layer. Keras has no such class.
func (graphLayer) Class() string { return "Graph" }

// Named implements layer.Layer.
func (graphLayer) Named() string { return "" }

// Config implements layer.Layer. The values of the variables are not in the config.
func (l graphLayer) Config() map[string]any {
	c := map[string]any{"trainable": true}
	text, err := graphjson.Marshal(l.g)
	if err != nil {
		return c // Save reports the error
	}
	c["graph"] = json.RawMessage(text)
	if len(l.state) > 0 {
		c["state"] = slices.Sorted(maps.Keys(l.state))
	}
	return c
}

// Operands implements layer.MultiOperand.
func (l graphLayer) Operands() (least, most int) { return len(l.g.Inputs), len(l.g.Inputs) }

// Build implements layer.Layer: it adds the graph's nodes, on the layer's own variables.
func (l graphLayer) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	values := map[*graph.Value]*graph.Value{}
	in := x.Values()
	for i, v := range l.g.Inputs {
		if in[i].Valid() && (in[i].DType != v.DType || !v.Shape.Fits(in[i].Shape)) {
			return b.Errorf("operand %d is %v, want %v", i, in[i].Type, v.Type)
		}
		values[v] = in[i]
	}
	for _, n := range l.g.Nodes {
		switch o := n.Op.(type) {
		case op.Input:
			continue
		case op.Variable:
			v := graph.Variable{Path: o.Path, Type: o.Type, Role: graph.Weight}
			if l.state[o.Path] {
				v.Role = graph.State
			}
			values[n.Out[0]] = b.Variable(v)
			continue
		}
		operands := make([]*graph.Value, len(n.In))
		for i, v := range n.In {
			operands[i] = values[v]
		}
		y := b.In(n.Layer, "").Op(n.Op, operands...)
		if !y.Valid() {
			return b.Invalid()
		}
		for i, v := range n.Out {
			values[v] = y.Node.Out[i]
		}
	}
	out := make([]*graph.Value, len(l.g.Outputs))
	for i, o := range l.g.Outputs {
		out[i] = values[o.Value]
	}
	if len(out) == 1 {
		return out[0]
	}
	return graph.List(out...)
}
