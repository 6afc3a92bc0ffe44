package lince

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// match is a layer that computes a value of a graph.
type match struct {
	layer   layer.Layer
	in      []*graph.Value          // what the layer is applied to
	weights map[string]*graph.Value // a variable or a constant for each weight
}

// candidate is a layer that may compute a value, with the types of its operands. The layer is the pattern: it is built on operands of
// these types, and the resulting nodes are compared with those of the graph. So a match computes the same bits.
type candidate struct {
	layer layer.Layer
	in    []op.Type
	// form builds what the graph may have in place of what the layer builds, if readers of files write it otherwise. nil
	// is the layer's Build.
	form func(b *graph.Builder, x *graph.Value) *graph.Value
	// key is that of the pattern. Its name is "" for layers whose settings come from the graph's nodes.
	key patternKey
}

// patternKey identifies a pattern, so that it is built once: the name of the layer and the form, and the types of the operands as text.
type patternKey struct{ name, types string }

// pattern is what a candidate builds: the inputs and the result.
type pattern struct {
	in []*graph.Value
	y  *graph.Value
}

// match returns the first layer of the table that computes v, nil if there is none. data has the values that depend on an input of the graph.
func (r *raiser) match(v *graph.Value, data map[*graph.Value]bool) *match {
	if v.Index == 0 {
		for _, propose := range raisers {
			for _, c := range propose(v) {
				if x := r.pattern(c).match(c.layer, v, data); x != nil {
					return x
				}
			}
		}
	}
	if x := r.matchOp(v, data); x != nil {
		return x
	}
	return nil
}

// pattern returns the pattern of a candidate, nil if the layer cannot be applied to values of these types.
func (r *raiser) pattern(c candidate) *pattern {
	if c.key.name == "" {
		return c.build()
	}
	p, ok := r.patterns[c.key]
	if !ok {
		p = c.build()
		r.patterns[c.key] = p
	}
	return p
}

func (c candidate) build() *pattern {
	b := graph.NewBuilder(graph.NewStore(), false)
	in := make([]*graph.Value, len(c.in))
	for i, t := range c.in {
		in[i] = b.Input(fmt.Sprint(i), t.DType, t.Shape...)
	}
	x := graph.List(in...)
	if len(in) == 1 {
		x = in[0]
	}
	build := c.form
	if build == nil {
		build = c.layer.Build
	}
	y := build(b.In(patternPath, patternPath), x)
	if b.Err() != nil || y == nil || y.IsList() || !y.Valid() || y == x {
		return nil
	}
	return &pattern{in, y}
}

// match compares the layer's nodes with those that compute v.
func (p *pattern) match(l layer.Layer, v *graph.Value, data map[*graph.Value]bool) *match {
	if p == nil {
		return nil
	}
	u := &unifier{data: data}
	if !u.same(p.y, v) { // most candidates end here
		return nil
	}
	u.pairs = map[*graph.Value]*graph.Value{}
	if !u.unify(p.y, v) {
		return nil
	}
	m := &match{layer: l, weights: map[string]*graph.Value{}}
	for _, in := range p.in {
		if u.pairs[in] == nil {
			return nil
		}
		m.in = append(m.in, u.pairs[in])
	}
	for p, w := range u.pairs {
		if o, ok := p.Node.Op.(op.Variable); ok {
			m.weights[o.Path[len(patternPath)+1:]] = w
		}
	}
	return m
}

// patternPath is the path of the layer in a pattern.
const patternPath = "layer"

// unifier compares a pattern with a graph.
type unifier struct {
	data  map[*graph.Value]bool
	pairs map[*graph.Value]*graph.Value // the value of the graph for each value of the pattern
}

// unify reports whether v is computed as p.
func (u *unifier) unify(p, v *graph.Value) bool {
	if have := u.pairs[p]; have != nil {
		return have == v
	}
	if !u.same(p, v) {
		return false
	}
	u.pairs[p] = v
	switch p.Node.Op.(type) {
	case op.Input, op.Variable, op.Const:
		return true
	}
	if len(p.Node.In) == 2 && commutes(p.Node.Op) {
		before := maps.Clone(u.pairs)
		if u.unify(p.Node.In[0], v.Node.In[0]) && u.unify(p.Node.In[1], v.Node.In[1]) {
			return true
		}
		u.pairs = before
		return u.unify(p.Node.In[0], v.Node.In[1]) && u.unify(p.Node.In[1], v.Node.In[0])
	}
	for i, x := range p.Node.In {
		if !u.unify(x, v.Node.In[i]) {
			return false
		}
	}
	return true
}

// same compares two nodes, without their operands.
func (u *unifier) same(p, v *graph.Value) bool {
	switch o := p.Node.Op.(type) {
	case op.Input:
		return u.data[v] && p.Equal(v.Type)
	case op.Variable:
		switch v.Node.Op.(type) {
		case op.Variable, op.Const:
			return p.DType == v.DType && significant(p.Shape).Equal(significant(v.Shape))
		}
		return false
	case op.Const:
		c, ok := v.Node.Op.(op.Const)
		return ok && p.DType == v.DType && significant(p.Shape).Equal(significant(v.Shape)) && bytes.Equal(o.Value.Raw(), c.Value.Raw())
	case op.Reshape:
		return v.Is("Reshape") && p.Equal(v.Type)
	}
	return p.Index == v.Index && p.DType == v.DType && len(p.Node.In) == len(v.Node.In) && p.Shape.Equal(v.Shape) && sameOp(p.Node.Op, v.Node.Op)
}

// sameOp compares the attributes of two ops.
func sameOp(a, b op.Op) bool {
	switch x := a.(type) {
	case op.Conv2D: // 0 and 1 are one group
		y, ok := b.(op.Conv2D)
		return ok && x.Window == y.Window && max(x.Groups, 1) == max(y.Groups, 1)
	case op.Slice:
		y, ok := b.(op.Slice)
		if !ok {
			return false
		}
		return fmt.Sprint(x.Begin, x.Size, ends(x)) == fmt.Sprint(y.Begin, y.Size, ends(y))
	}
	return reflect.DeepEqual(a, b)
}

func ends(o op.Slice) []int {
	if o.End == nil {
		return make([]int, len(o.Size))
	}
	return o.End
}

// significant returns a shape without ones at its start, which do not matter for broadcasting.
func significant(s tensor.Shape) tensor.Shape {
	for len(s) > 0 && s[0] == 1 {
		s = s[1:]
	}
	return s
}

func commutes(o op.Op) bool {
	x, ok := o.(op.Binary)
	return ok && (x.Fn == op.Add || x.Fn == op.Mul || x.Fn == op.Max || x.Fn == op.Min)
}
