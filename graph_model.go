package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// FromGraph makes a model from a graph with default Options. See Options.FromGraph.
func FromGraph(g *graph.Graph, variables *graph.Store) (*Model, error) {
	return Options{}.FromGraph(g, variables)
}

// FromGraph makes a model from a graph of ops, for example one that was read from a file in another format. The
// model's inputs and outputs are the graph's, named by their keys; inputs have shape (batch, ...). variables
// holds the graph's variables; the model copies their values. The graph must be for predictions: FromGraph
// returns an error if it updates variables.
//
// The model can be compiled, trained, evaluated and nested in other models. Summary shows it as one layer. It
// cannot be saved to a .keras file.
func (o Options) FromGraph(g *graph.Graph, variables *graph.Store) (*Model, error) {
	if g == nil || variables == nil {
		return nil, errors.New("making a model of a graph: the graph or its variables are nil")
	}
	l := graphLayer{g}
	if err := l.check(variables); err != nil {
		return nil, fmt.Errorf("making a model of a graph: %w", err)
	}
	var in []*Symbol
	for _, v := range g.Inputs {
		input := layer.Input{Shape: v.Shape[1:], DType: v.DType, Name: v.Node.Op.(op.Input).Key}
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
		if err := m.store.Set(v, from.Value()); err != nil {
			return nil, fmt.Errorf("making a model of a graph: %w", err)
		}
	}
	return m.initialized()
}

// graphLayer is a graph as a layer.
type graphLayer struct{ g *graph.Graph }

// check returns all reasons why the graph cannot be a model.
func (l graphLayer) check(variables *graph.Store) error {
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

// Class implements layer.Layer. Keras has no such class.
func (graphLayer) Class() string { return "Graph" }

// Named implements layer.Layer.
func (graphLayer) Named() string { return "" }

// Config implements layer.Layer. A graph has no config.
func (graphLayer) Config() map[string]any { return nil }

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
			values[n.Out[0]] = b.Variable(graph.Variable{Path: o.Path, Type: o.Type, Role: graph.Weight})
			continue
		}
		operands := make([]*graph.Value, len(n.In))
		for i, v := range n.In {
			operands[i] = values[v]
		}
		y := b.Op(n.Op, operands...)
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
