package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
)

// rewrite collects changes to a graph, to be applied at once.
type rewrite struct {
	g     *graph.Graph
	users map[*graph.Value][]*graph.Node
	subst map[*graph.Value]*graph.Value
	drop  map[*graph.Node]bool
	put   map[*graph.Node][]*graph.Node
}

func newRewrite(g *graph.Graph) *rewrite {
	r := &rewrite{
		g:     g,
		users: map[*graph.Value][]*graph.Node{},
		subst: map[*graph.Value]*graph.Value{},
		drop:  map[*graph.Node]bool{},
		put:   map[*graph.Node][]*graph.Node{},
	}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			r.users[v] = append(r.users[v], n)
		}
	}
	return r
}

// output says whether v is an output of the graph.
func (r *rewrite) output(v *graph.Value) bool {
	return slices.ContainsFunc(r.g.Outputs, func(o graph.Output) bool { return o.Value == v })
}

// only returns the one user of v, nil when it has more, or none, or is an output.
func (r *rewrite) only(v *graph.Value) *graph.Node {
	if len(r.users[v]) != 1 || r.output(v) {
		return nil
	}
	return r.users[v][0]
}

// replace makes users of old use v.
func (r *rewrite) replace(old, v *graph.Value) { r.subst[old] = v }

// remove takes nodes out; nothing may use their results any more.
func (r *rewrite) remove(nodes ...*graph.Node) {
	for _, n := range nodes {
		r.drop[n] = true
	}
}

// before puts n in front of at.
func (r *rewrite) before(at, n *graph.Node) { r.put[at] = append(r.put[at], n) }

func (r *rewrite) now(v *graph.Value) *graph.Value {
	for {
		w, ok := r.subst[v]
		if !ok {
			return v
		}
		v = w
	}
}

func (r *rewrite) apply() {
	var nodes []*graph.Node
	keep := func(n *graph.Node) {
		for i, v := range n.In {
			n.In[i] = r.now(v)
		}
		nodes = append(nodes, n)
	}
	for _, n := range r.g.Nodes {
		for _, m := range r.put[n] {
			keep(m)
		}
		if !r.drop[n] {
			keep(n)
		}
	}
	r.g.Nodes = nodes
	for i, o := range r.g.Outputs {
		r.g.Outputs[i].Value = r.now(o.Value)
	}
}
