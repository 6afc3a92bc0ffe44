// Package graph is the intermediate representation of lince. Layers, losses, metrics and
// optimizers add ops to a Graph, Grad adds the ops that compute gradients, and a whole training
// step is one Graph.
//
// A Graph is portable and immutable. Its batch dimension is unknown. The compiler decides about
// memory layouts and fusion, and a Store holds the values of the graph's variables.
//
// docs/keras.md translates the names of keras.ops and keras.backend to the methods of Builder.
package graph

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Value is a result of a node and an operand of other nodes.
type Value struct {
	Node  *Node
	Index int // among the node's results
	op.Type
	list []*Value // the arguments of List; such a value has no node
}

// List combines several values into one, for layers that take or return several values. A list
// cannot be an operand of a node. Values returns its elements.
func List(values ...*Value) *Value { return &Value{list: values} }

// IsList reports whether the value was made by List.
func (v *Value) IsList() bool { return v.list != nil }

// Values returns the elements of a List, or v alone if it is not a list.
func (v *Value) Values() []*Value {
	if v.IsList() {
		return v.list
	}
	return []*Value{v}
}

// Node is an op with its operands.
type Node struct {
	ID    int // its index in Graph.Nodes
	Op    op.Op
	In    []*Value
	Out   []*Value
	Layer string // path of the layer that added it, for errors, profiles and traces
}

// Valid reports whether the value was built without an error. The result of an op on an invalid
// value is invalid, without a further error.
func (v *Value) Valid() bool { return v.DType != tensor.Invalid }

// Is reports whether the value is a result of an op of this name.
func (v *Value) Is(name string) bool { return v.Node != nil && v.Node.Op.Name() == name }

// Output is a value that a run returns.
type Output struct {
	Key   string
	Value *Value
}

// Graph is a list of nodes. A node comes after the nodes whose results it uses, and updates come
// last.
type Graph struct {
	Nodes   []*Node
	Inputs  []*Value
	Outputs []Output
}

// Output returns the output with the given key, or nil if there is none.
func (g *Graph) Output(key string) *Value {
	for _, o := range g.Outputs {
		if o.Key == key {
			return o.Value
		}
	}
	return nil
}

// Specialize returns a copy of the graph for inputs of known shapes, with the types of all values
// inferred again. shapes are those of g.Inputs, in order.
func (g *Graph) Specialize(shapes []tensor.Shape) (*Graph, error) {
	if len(shapes) != len(g.Inputs) {
		return nil, fmt.Errorf("graph: %d shapes for %d inputs", len(shapes), len(g.Inputs))
	}
	input := map[*Node]tensor.Shape{}
	for i, v := range g.Inputs {
		if !shapes[i].Known() || !v.Shape.Fits(shapes[i]) {
			hint := ""
			if got := shapes[i]; v.Rank() > 1 && v.Shape[0] != tensor.Unknown && len(got) == v.Rank() && v.Shape[1:].Fits(got[1:]) {
				hint = fmt.Sprintf("; the network fixes the batch size: it must be %d", v.Shape[0])
			}
			return nil, fmt.Errorf("input %q: got shape %v, want %v%s", v.Node.Op.(op.Input).Key, shapes[i], v.Shape, hint)
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

// NewNode makes a node whose results have the types that o infers. It is for the compiler's passes;
// layers use a Builder.
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

// Updated returns the variables that the node changes, if it is an update.
func (n *Node) Updated() []*Value {
	if u, ok := n.Op.(op.Updater); ok {
		return n.In[:u.Updates()]
	}
	return nil
}

// Verify checks that the graph is well formed: operands come before their users, types are those
// that the ops infer, and updates change variables and come last.
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
					return bad("operand %d is not a variable", j)
				}
			}
		}
	}
	for _, o := range g.Outputs {
		if !seen[o.Value] {
			return fmt.Errorf("graph: output %q is not a value of the graph", o.Key)
		}
	}
	return nil
}

// Error is an error in building a graph.
type Error struct {
	Where string // the layer: "layer 2 (Dense dense_1)"
	Op    string // the op's name, empty if the layer itself reported the error
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
