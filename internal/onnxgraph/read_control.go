package onnxgraph

import (
	"fmt"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
)

// control is the family of ops that contain graphs, and of functions of the model.

// isFunction reports whether the node calls a function of the model.
func (n *node) isFunction() bool { return n.functions[n.key] != nil }

// enter counts a graph or a function with so many nodes and initializers, which are looked through for those that are needed. It ends the
// building of the node if a limit is exceeded.
func (n *node) enter(size int) {
	n.charge(n.label, 1+size/16, 0)
	n.stopIfOver()
}

// stopIfOver ends the building of the node if a limit is exceeded, which is recorded already.
func (n *node) stopIfOver() {
	if n.over {
		panic(failure{})
	}
}

// callFunction reads the nodes of a function in the place of the node that calls it.
func (n *node) callFunction() error {
	f := n.functions[n.key]
	n.enter(len(f.Node))
	s, nodes := n.newScope(nil, f.Node, f.Output)
	s.depth, s.path = n.depth+1, n.path+nameOf(n.pb)+"/"
	if s.depth > maxDepth {
		return fmt.Errorf("%s: functions call each other more than %d deep", n.label, maxDepth)
	}
	var err error
	if s.opsets, err = opsets(f.OpsetImport); err != nil {
		return fmt.Errorf("%s: %w", n.label, err)
	}
	if _, ok := s.opsets[""]; !ok {
		s.opsets[""] = n.opsets[""]
	}
	s.call = map[string]*onnxpb.AttributeProto{}
	for _, a := range f.AttributeProto {
		s.call[a.GetName()] = a
	}
	for _, a := range n.pb.Attribute {
		name := a.GetName()
		if ref := a.GetRefAttrName(); ref != "" {
			a = n.call[ref]
		}
		if a != nil {
			s.call[name] = a
		}
	}
	if len(n.operands) > len(f.Input) {
		return fmt.Errorf("%s: got %d operands, the function has %d", n.label, len(n.operands), len(f.Input))
	}
	for i, name := range f.Input {
		s.values[name] = &value{name: name, absent: true}
		if n.has(i) {
			s.values[name] = n.in(i)
			s.uses[name]++ // the caller releases it
		}
	}
	return n.readBody(s, nodes, f.Output)
}

// readBody reads the nodes of a scope and makes its outputs the results of n.
func (n *node) readBody(s *scope, nodes []*onnxpb.NodeProto, outputs []string) error {
	if err := s.missing(nodes); err != nil {
		return fmt.Errorf("%s: %w", n.label, err)
	}
	for _, p := range nodes {
		s.run(p)
	}
	n.stopIfOver()
	for i, name := range outputs {
		x := s.lookup(name)
		if x == nil {
			return fmt.Errorf("%s: nothing computes the output %q", n.label, name)
		}
		if n.wants(i) {
			n.alias(i, x)
		}
	}
	return nil
}

// branch builds If. The condition must be known when the graph is built; only the branch that is taken is read.
func branch(n *node) {
	c := n.numbers(0)
	if len(c) != 1 || c[0].s != nil {
		n.unknown(0)
	}
	name := "else_branch"
	if c[0].k != 0 {
		name = "then_branch"
	}
	g := n.attrGraph(name)
	n.enter(len(g.Node) + len(g.Initializer))
	if n.depth >= maxDepth {
		n.fail("graphs are nested more than %d deep", maxDepth)
	}
	var outputs []string
	for _, o := range g.Output {
		outputs = append(outputs, o.GetName())
	}
	s, nodes := n.newScope(n.scope, g.Node, outputs)
	s.path = n.path + nameOf(n.pb) + "/"
	s.initializers(g)
	if err := n.readBody(s, nodes, outputs); err != nil {
		panic(failure{err: err})
	}
}
