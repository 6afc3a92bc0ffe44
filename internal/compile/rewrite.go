package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
)

// rewrite collects changes to a graph. apply makes all of them at once.
type rewrite struct {
	g     *graph.Graph
	users map[*graph.Value][]*graph.Node
	subst map[*graph.Value]*graph.Value // values and their replacements
	drop  map[*graph.Node]bool          // nodes to remove
	put   map[*graph.Node][]*graph.Node // nodes to insert before a node
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

// output reports whether v is an output of the graph.
func (r *rewrite) output(v *graph.Value) bool {
	return slices.ContainsFunc(r.g.Outputs, func(o graph.Output) bool { return o.Value == v })
}

// only returns the only user of v. It returns nil if v has no users, has several users, or is an
// output.
func (r *rewrite) only(v *graph.Value) *graph.Node {
	if len(r.users[v]) != 1 || r.output(v) {
		return nil
	}
	return r.users[v][0]
}

// replace makes the users of old use v.
func (r *rewrite) replace(old, v *graph.Value) { r.subst[old] = v }

// remove removes nodes. Their results must not have other users.
func (r *rewrite) remove(nodes ...*graph.Node) {
	for _, n := range nodes {
		r.drop[n] = true
	}
}

// before inserts n before at.
func (r *rewrite) before(at, n *graph.Node) { r.put[at] = append(r.put[at], n) }

// now returns the value that replaces v, or v.
func (r *rewrite) now(v *graph.Value) *graph.Value {
	for {
		w, ok := r.subst[v]
		if !ok {
			return v
		}
		v = w
	}
}

// apply makes the changes.
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
	for i, n := range nodes {
		n.ID = i // the next changes may ask which of two nodes is first
	}
	r.g.Nodes = nodes
	for i, o := range r.g.Outputs {
		r.g.Outputs[i].Value = r.now(o.Value)
	}
}
