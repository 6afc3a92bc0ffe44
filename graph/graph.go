// Package graph is the intermediate representation on which all of lince is built:
// layers, losses, metrics and optimizers add ops to a Graph, the gradient is a
// transformation of the Graph (Grad), and a whole training step is one Graph.
//
// A Graph is portable and immutable: its batch dimension is unknown, layouts and fusion
// are the compiler's, and the values of its variables live in a Store.
package graph

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Value is a result of a node, an operand of others.
type Value struct {
	Node  *Node
	Index int // among the node's results
	op.Type
	list []*Value // what List was made of; such a value is of no node
}

// List is several values as one: what a layer of several operands is applied to, and what
// a layer of several results returns. It is no operand of a node; Values gives its parts.
func List(values ...*Value) *Value { return &Value{list: values} }

// IsList says whether the value was made by List.
func (v *Value) IsList() bool { return v.list != nil }

// Values returns the values that a List was made of, or v alone.
func (v *Value) Values() []*Value {
	if v.IsList() {
		return v.list
	}
	return []*Value{v}
}

// Node is an op with its operands.
type Node struct {
	ID    int // its place in the graph
	Op    op.Op
	In    []*Value
	Out   []*Value
	Layer string // path of the layer that made it, for messages, profiles and traces
}

// Valid says whether the value was built without a mistake. What is built on an invalid
// value is invalid too, and makes no further message.
func (v *Value) Valid() bool { return v.DType != tensor.Invalid }

// Is says whether the value comes from an op of this name.
func (v *Value) Is(name string) bool { return v.Node != nil && v.Node.Op.Name() == name }

// Output is a value that a run returns.
type Output struct {
	Key   string
	Value *Value
}

// Graph is a list of nodes, operands before users and updates last.
type Graph struct {
	Nodes   []*Node
	Inputs  []*Value
	Outputs []Output
}

// Output returns the output named key, nil when there is none.
func (g *Graph) Output(key string) *Value {
	for _, o := range g.Outputs {
		if o.Key == key {
			return o.Value
		}
	}
	return nil
}

// Specialize returns the graph for inputs of known shapes: the types of all values are
// inferred anew. shapes are those of g.Inputs, in order.
func (g *Graph) Specialize(shapes []tensor.Shape) (*Graph, error) {
	if len(shapes) != len(g.Inputs) {
		return nil, fmt.Errorf("graph: %d shapes for %d inputs", len(shapes), len(g.Inputs))
	}
	input := map[*Node]tensor.Shape{}
	for i, v := range g.Inputs {
		if !shapes[i].Known() || !v.Shape.Fits(shapes[i]) {
			return nil, fmt.Errorf("input %q: got shape %v, want %v", v.Node.Op.(op.Input).Key, shapes[i], v.Shape)
		}
		input[v.Node] = shapes[i]
	}
	c := &Graph{Nodes: make([]*Node, 0, len(g.Nodes))}
	copies := make(map[*Value]*Value, len(g.Nodes))
	for _, n := range g.Nodes {
		o := n.Op
		if s, ok := input[n]; ok {
			in := o.(op.Input)
			in.Shape = s
			o = in
		}
		in := make([]*Value, len(n.In))
		for i, v := range n.In {
			in[i] = copies[v]
		}
		m, err := NewNode(o, n.Layer, in...)
		if err != nil {
			return nil, err
		}
		m.ID = n.ID
		for i, v := range m.Out {
			if !v.Shape.Known() {
				return nil, fmt.Errorf("graph: %s of %s has shape %v for inputs of known shapes", o.Name(), n.Layer, v.Shape)
			}
			copies[n.Out[i]] = v
		}
		c.Nodes = append(c.Nodes, m)
	}
	for _, v := range g.Inputs {
		c.Inputs = append(c.Inputs, copies[v])
	}
	for _, o := range g.Outputs {
		c.Outputs = append(c.Outputs, Output{o.Key, copies[o.Value]})
	}
	return c, nil
}

// NewNode makes a node, with the types that the op's rule gives. It is for the compiler's
// passes; layers use a Builder.
func NewNode(o op.Op, layer string, in ...*Value) (*Node, error) {
	types := make([]op.Type, len(in))
	for i, v := range in {
		types[i] = v.Type
	}
	out, err := o.Infer(types)
	if err != nil {
		return nil, &Error{Where: layer, Op: o.Name(), Err: err}
	}
	n := &Node{Op: o, In: in, Layer: layer}
	for i, t := range out {
		n.Out = append(n.Out, &Value{Node: n, Index: i, Type: t})
	}
	return n, nil
}

// Verify checks that the graph is well formed: operands come first, types are those that
// the rules give, updates change variables and come last.
func (g *Graph) Verify() error {
	seen := map[*Value]bool{}
	updating := false
	for i, n := range g.Nodes {
		bad := func(format string, a ...any) error {
			return fmt.Errorf("graph: node %d, %s of %q: %s", i, n.Op.Name(), n.Layer, fmt.Sprintf(format, a...))
		}
		types := make([]op.Type, len(n.In))
		for j, v := range n.In {
			if !seen[v] {
				return bad("operand %d comes later", j)
			}
			types[j] = v.Type
		}
		out, err := n.Op.Infer(types)
		if err != nil {
			return bad("%v", err)
		}
		if len(out) != len(n.Out) {
			return bad("%d results, want %d", len(n.Out), len(out))
		}
		for j, v := range n.Out {
			if v.Node != n || v.Index != j || !v.Equal(out[j]) {
				return bad("result %d is %v, want %v", j, v.Type, out[j])
			}
			seen[v] = true
		}
		u, ok := n.Op.(op.Updater)
		if !ok && updating {
			return bad("comes after an update")
		}
		if ok {
			updating = true
			for j, v := range n.In[:u.Updates()] {
				if !v.Is("Variable") {
					return bad("operand %d is no variable", j)
				}
			}
		}
	}
	for _, o := range g.Outputs {
		if !seen[o.Value] {
			return fmt.Errorf("graph: output %q is not of the graph", o.Key)
		}
	}
	return nil
}

// Error is a mistake in the building of a graph.
type Error struct {
	Where string // the layer: "layer 2 (Dense dense_1)"
	Op    string // the op's name, empty when the layer itself spoke
	Err   error
}

// Error implements error.
func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Where != "" {
		s = e.Where + ": " + s
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
