package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// origin is what a value is computed from.
type origin uint8

const (
	ofRun       origin = iota // from inputs of the run, and possibly other values
	ofVariables               // from variables and constants only; some of the variables are updated by the graph
	ofFixed                   // from constants and variables that the graph does not update
)

// origins returns the origin of each value of a graph.
func origins(g *graph.Graph) map[*graph.Value]origin {
	changed := map[string]bool{}
	for _, n := range g.Nodes {
		for _, v := range n.Updated() {
			changed[v.Node.Op.(op.Variable).Path] = true
		}
	}
	of := map[*graph.Value]origin{}
	for _, n := range g.Nodes {
		from := ofFixed
		switch o := n.Op.(type) {
		case op.Input:
			from = ofRun
		case op.Variable:
			if changed[o.Path] {
				from = ofVariables
			}
		}
		for _, v := range n.In {
			from = min(from, of[v])
		}
		for _, v := range n.Out {
			of[v] = from
		}
	}
	return of
}

// prepared finds the nodes whose results are computed only after a variable that they depend on was
// changed outside the graph, not in each run. Their results are kept outside the arena.
func prepared(g *graph.Graph) map[*graph.Node]bool {
	of, read := origins(g), readers(g)
	found := map[*graph.Node]bool{}
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.Input, op.Variable, op.Const, op.Updater:
			continue
		}
		if len(n.Out) == 1 && n.Out[0].DType == tensor.Float32 && of[n.Out[0]] == ofFixed && fixedOperands(n, found) && !read[n.Out[0]].onlyReduces() {
			found[n] = true
		}
	}
	return found
}

// reading says how a large value is read.
type reading struct{ reduced, otherwise bool }

// onlyReduces reports whether only reductions read the value. Such a value is not prepared: the squares of a weight whose
// sum is a penalty would take as much memory as the weight, for one number.
func (r reading) onlyReduces() bool { return r.reduced && !r.otherwise }

// minReduced is the number of elements from which on a value counts as large.
const minReduced = 1 << 14

// readers returns how large values are read.
func readers(g *graph.Graph) map[*graph.Value]reading {
	found := map[*graph.Value]reading{}
	for _, n := range g.Nodes {
		_, reduces := n.Op.(op.Reduce)
		for _, v := range n.In {
			if v.Shape.Elements() >= minReduced {
				r := found[v]
				found[v] = reading{r.reduced || reduces, r.otherwise || !reduces}
			}
		}
	}
	for _, o := range g.Outputs {
		found[o.Value] = reading{otherwise: true}
	}
	return found
}

// fixedOperands reports whether all operands are inputs, variables, constants or prepared.
func fixedOperands(n *graph.Node, prepared map[*graph.Node]bool) bool {
	for _, v := range n.In {
		if InArena(v) && !prepared[v.Node] {
			return false
		}
	}
	return true
}
