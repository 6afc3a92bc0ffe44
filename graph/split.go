package graph

import (
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Division says what the early graph of Split may depend on.
type Division struct {
	// Inputs is the number of the graph's first inputs that the early graph takes.
	Inputs int
	// Passed are paths of variables that become inputs of the early graph, so that it can run for another step.
	Passed []string
	// Read selects, by path, variables that the early graph reads. Nothing in either graph may update them. nil selects none.
	Read func(path string) bool
}

// Split divides a graph into two, of which the first can run before the second: for the next batch while the second runs for the current
// one, or once for many runs of the second. early has the nodes that depend on the inputs and variables of d and on constants only. Its
// inputs are the first inputs of g, then those of d.Passed that g has, under their paths. Its outputs are what the rest of g needs of them; each has a
// batch dimension. The inputs of late are these values, then the other inputs of g. Its outputs and updates are those of g.
//
// ok is false if nothing that late needs depends on both an input and one of the variables, or if late needs an input of early.
func (g *Graph) Split(d Division) (early, late *Graph, ok bool) {
	s := &splitter{g: g, kind: map[*Node]nodeKind{}, d: d}
	s.classify(g.Inputs[:d.Inputs])
	cut, ok := s.cut()
	if !ok {
		return nil, nil, false
	}
	early, late = s.early(g.Inputs[:d.Inputs], cut), s.late(g.Inputs[d.Inputs:], cut)
	return early, late, true
}

// nodeKind says on what a node depends.
type nodeKind int

const (
	freeNode    nodeKind = iota // on constants and on the given variables
	earlyNode                   // also on the first inputs
	variousNode                 // earlyNode that also depends on a given variable
	lateNode                    // on anything else
)

type splitter struct {
	g      *Graph
	d      Division
	kind   map[*Node]nodeKind
	varies map[*Node]bool // depends on a given variable
}

// given reports whether the early graph may depend on a variable.
func (s *splitter) given(path string) bool {
	return s.passed(path) || s.d.Read != nil && s.d.Read(path)
}

func (s *splitter) passed(path string) bool { return slices.Contains(s.d.Passed, path) }

func (s *splitter) classify(first []*Value) {
	s.varies = map[*Node]bool{}
	for _, n := range s.g.Nodes {
		k := freeNode
		switch o := n.Op.(type) {
		case op.Variable:
			s.varies[n] = s.given(o.Path)
			if !s.varies[n] {
				k = lateNode
			}
		case op.Input:
			if k = lateNode; slices.Contains(first, n.Out[0]) {
				k = earlyNode
			}
		case op.Updater:
			k = lateNode
		}
		for _, v := range n.In {
			s.varies[n] = s.varies[n] || s.varies[v.Node]
			k = max(k, s.kind[v.Node])
		}
		if k == earlyNode && s.varies[n] {
			k = variousNode
		}
		s.kind[n] = k
	}
}

// isEarly reports whether a node belongs to the early graph only.
func (s *splitter) isEarly(n *Node) bool {
	return s.kind[n] == earlyNode || s.kind[n] == variousNode
}

// cut returns the values of early nodes that late nodes or the outputs need.
func (s *splitter) cut() (cut []*Value, ok bool) {
	needed := map[*Value]bool{}
	for _, o := range s.g.Outputs {
		needed[o.Value] = true
	}
	// Nodes come after those that they need, so each is decided when it is met from the end.
	for i := len(s.g.Nodes) - 1; i >= 0; i-- {
		n := s.g.Nodes[i]
		if s.isEarly(n) && !n.Is("Input") && slices.ContainsFunc(n.Out, func(v *Value) bool { return needed[v] && !batched(v) }) {
			s.kind[n] = lateNode // such as a transposed batch
		}
		if s.kind[n] == lateNode {
			for _, v := range n.In {
				needed[v] = true
			}
		}
	}
	for _, n := range s.g.Nodes {
		for _, v := range n.Out {
			if !needed[v] || !s.isEarly(n) {
				continue
			}
			if n.Is("Input") {
				return nil, false
			}
			ok = ok || s.kind[n] == variousNode
			cut = append(cut, v)
		}
	}
	return cut, ok
}

// batched reports whether the first dimension is the batch.
func batched(v *Value) bool { return v.Rank() > 0 && v.Shape[0] == tensor.Unknown }

// Is reports whether the node's op has this name.
func (n *Node) Is(name string) bool { return n.Op.Name() == name }

func (s *splitter) early(inputs, cut []*Value) *Graph {
	c := copier{out: &Graph{}, copies: map[*Value]*Value{}}
	for _, v := range inputs {
		c.input(v, v.Node.Op.(op.Input).Key)
	}
	for _, n := range s.g.Nodes {
		switch o := n.Op.(type) {
		case op.Variable:
			switch {
			case s.passed(o.Path):
				c.input(n.Out[0], o.Path)
			case s.kind[n] == freeNode:
				c.node(n)
			}
		case op.Input:
		default:
			if s.kind[n] != lateNode {
				c.node(n)
			}
		}
	}
	for _, v := range cut {
		c.out.Outputs = append(c.out.Outputs, Output{Key: v.Node.Layer, Value: c.copies[v]})
	}
	return c.finish()
}

func (s *splitter) late(inputs, cut []*Value) *Graph {
	c := copier{out: &Graph{}, copies: map[*Value]*Value{}}
	for _, v := range cut {
		c.input(v, v.Node.Layer)
	}
	for _, v := range inputs {
		c.input(v, v.Node.Op.(op.Input).Key)
	}
	for _, n := range s.g.Nodes {
		if !s.isEarly(n) && !n.Is("Input") {
			c.node(n)
		}
	}
	for _, o := range s.g.Outputs {
		c.out.Outputs = append(c.out.Outputs, Output{Key: o.Key, Value: c.copies[o.Value]})
	}
	return c.finish()
}

// copier copies nodes to another graph.
type copier struct {
	out    *Graph
	copies map[*Value]*Value
}

// input adds an input in the place of v.
func (c *copier) input(v *Value, key string) {
	n := &Node{Op: op.Input{Key: key, Type: v.Type}, Layer: v.Node.Layer}
	n.Out = []*Value{{Node: n, Type: v.Type}}
	c.out.Nodes = append(c.out.Nodes, n)
	c.out.Inputs = append(c.out.Inputs, n.Out[0])
	c.copies[v] = n.Out[0]
}

func (c *copier) node(n *Node) {
	m := &Node{Op: n.Op, Layer: n.Layer}
	for _, v := range n.In {
		m.In = append(m.In, c.copies[v])
	}
	for i, v := range n.Out {
		m.Out = append(m.Out, &Value{Node: m, Index: i, Type: v.Type})
		c.copies[v] = m.Out[i]
	}
	c.out.Nodes = append(c.out.Nodes, m)
}

// finish removes nodes whose results nothing needs, and numbers the others.
func (c *copier) finish() *Graph {
	needed := map[*Node]bool{}
	for _, o := range c.out.Outputs {
		needed[o.Value.Node] = true
	}
	for i := len(c.out.Nodes) - 1; i >= 0; i-- {
		n := c.out.Nodes[i]
		if _, update := n.Op.(op.Updater); update || needed[n] {
			needed[n] = true
			for _, v := range n.In {
				needed[v.Node] = true
			}
		}
	}
	c.out.Nodes = slices.DeleteFunc(c.out.Nodes, func(n *Node) bool { return !needed[n] && !n.Is("Input") })
	for i, n := range c.out.Nodes {
		n.ID = i
	}
	return c.out
}
