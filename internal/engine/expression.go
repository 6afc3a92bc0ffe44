package engine

import (
	"crypto/sha256"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
)

// expression is a value that depends on variables and constants alone.
type expression struct {
	// key is the same for equal expressions of the same variables, whatever graph they are of.
	key  string
	vars []*graph.Variable
}

// expression finds out how a value is computed of variables and constants.
func (b *binding) expression(v *graph.Value) expression {
	if e, ok := b.expressions[v]; ok {
		return e
	}
	var e expression
	n := v.Node
	switch o := n.Op.(type) {
	case op.Variable:
		// Its memory names the variable: another of the same path may come in its place.
		x := b.instance.plan.program.store.Lookup(o.Path)
		e = expression{fmt.Sprintf("%s %p", o.Path, x.Value().Raw()), []*graph.Variable{x}}
	case op.Const:
		e.key = fmt.Sprintf("%v %x", o.Value, o.Value.Raw())
	default:
		e.key = fmt.Sprintf("%s %s %d %v", o.Name(), op.Attributes(o), v.Index, v.Type)
		for _, operand := range n.In {
			of := b.expression(operand)
			e.key += "|" + of.key
			e.vars = append(e.vars, of.vars...)
		}
	}
	e.key = fmt.Sprintf("%x", sha256.Sum256([]byte(e.key)))
	if b.expressions == nil {
		b.expressions = map[*graph.Value]expression{}
	}
	b.expressions[v] = e
	return e
}

// prepared says whether v is there before the steps of a run: a variable, a constant, or a value
// that is computed of them when they have changed.
func (b *binding) prepared(v *graph.Value) bool {
	switch v.Node.Op.(type) {
	case op.Variable, op.Const:
		return true
	}
	return b.instance.plan.Prepared[v.Node]
}

// prepare makes memory for the result of a prepared node; its steps are added to what is returned,
// nil when there are none. All plans that compute the same share the memory.
func (b *binding) prepare() *preparation {
	v := b.node.Out[0]
	if compile.Root(v) != v {
		return nil
	}
	e, program := b.expression(v), b.instance.plan.program
	p := program.engine.packs.find(program.store, e.key, nil, v.Shape.Elements())
	b.memory[v] = &memory{f32: p.data}
	b.instance.packed = append(b.instance.packed, p)
	return &preparation{kind: "prepare", of: p, vars: e.vars}
}
