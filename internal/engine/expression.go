package engine

import (
	"crypto/sha256"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
)

// expression is a value that depends only on variables and constants.
type expression struct {
	// key is equal for equal expressions of the same variables, even in different graphs.
	key  string
	vars []*graph.Variable
}

// expression describes how a prepared value is computed from variables and constants.
func (b *binding) expression(v *graph.Value) expression {
	if e, ok := b.expressions[v]; ok {
		return e
	}
	var e expression
	n := v.Node
	switch o := n.Op.(type) {
	case op.Variable:
		// The variable is identified by its memory too, because another variable may replace it
		// under the same path.
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

// prepare makes memory for the result of a prepared node and returns the preparation to which the
// node's steps are added, or nil if the node is a view. Plans that compute the same value share the
// memory.
func (b *binding) prepare() *preparation {
	v := b.node.Out[0]
	if compile.Root(v) != v {
		return nil
	}
	e, program := b.expression(v), b.instance.plan.program
	p := program.engine.packs.find(program.store, e.key, nil, v.Shape.Elements())
	b.memory[v] = &memory{raw: p.block.Bytes, f32: p.data}
	b.instance.packed = append(b.instance.packed, p)
	return &preparation{kind: "prepare", of: p, vars: e.vars}
}
