package compile

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// chains replaces groups of element-wise ops of one shape with Chains. It decides for each value of such
// an op whether it is kept in memory. A value that is not kept is computed in each group that reads it:
//
//   - A value with readers in one group only costs nothing more.
//   - A value with readers in several groups (the sigmoid of x*sigmoid(x) is read by the forward pass and by the
//     gradient) is computed again if that costs less than to write and read it; see again.
//
// Then groups are merged if one reads a result of the other, or if both read the same value.
func chains(g *graph.Graph) error {
	c := newChainer(g)
	c.split()
	c.merge()
	return c.write()
}

type chainer struct {
	*rewrite
	from    map[*graph.Value]origin
	index   map[*graph.Node]float64  // the node's place in the graph
	fits    map[*graph.Node]bool     // nodes that a Chain can compute
	inlined map[*graph.Node]bool     // nodes whose results are not kept
	groups  map[*graph.Node][]*group // that compute the node
	all     []*group
}

func newChainer(g *graph.Graph) *chainer {
	c := &chainer{
		rewrite: newRewrite(g), from: origins(g), index: map[*graph.Node]float64{},
		fits: map[*graph.Node]bool{}, inlined: map[*graph.Node]bool{}, groups: map[*graph.Node][]*group{},
	}
	for i, n := range g.Nodes {
		c.index[n] = float64(i)
		c.fits[n] = c.fitting(n)
	}
	return c
}

// group is a set of nodes that become one Chain.
type group struct {
	shape tensor.Shape
	nodes map[*graph.Node]bool
	roots map[*graph.Node]bool // the nodes whose results are kept
	at    float64              // its place in the graph
}

// fitting reports whether a Chain can compute the node.
func (c *chainer) fitting(n *graph.Node) bool {
	if len(n.Out) != 1 {
		return false
	}
	v := n.Out[0]
	if !floatOrBool(v) || v.Shape.Elements() < minChainElements || c.from[v] == ofFixed {
		return false
	}
	switch o := n.Op.(type) {
	case op.RandomUniform:
		return n.In[0].DType == tensor.Int64
	case op.BroadcastLike:
		return floatOrBool(n.In[0])
	case op.Cast:
		return n.In[0].DType == tensor.Bool && o.To == tensor.Float32
	case op.Unary, op.Binary, op.Select, op.ReLUGrad, op.ReLU6Grad:
		return !slices.ContainsFunc(n.In, func(v *graph.Value) bool { return !floatOrBool(v) })
	}
	return false
}

func floatOrBool(v *graph.Value) bool { return v.DType == tensor.Float32 || v.DType == tensor.Bool }

// reads lists the operands whose elements a fitting node reads.
func reads(n *graph.Node) []*graph.Value {
	switch n.Op.(type) {
	case op.RandomUniform, op.BroadcastLike:
		return n.In[:1]
	}
	return n.In
}

// readers lists the nodes that read the elements of v; whole is false if one of them cannot be in a Chain
// of v's shape, or if v is an output.
func (c *chainer) readers(v *graph.Value) (readers []*graph.Node, whole bool) {
	whole = !c.output(v)
	for _, u := range c.users[v] {
		switch {
		case !c.fits[u]:
			whole = false
		case !slices.Contains(reads(u), v):
		case !u.Out[0].Shape.Equal(v.Shape):
			whole = false
		default:
			readers = append(readers, u)
		}
	}
	return readers, whole
}

// costs has the time that a kernel takes for one element from the first cache. The unit is the time of an addition.
// Functions that are not listed are computed in Go, and take longer than memory access.
var costs = map[string]int{
	"Neg": 1, "Abs": 1, "Square": 1, "ReLU": 1, "ReLU6": 1, "Add": 1, "Sub": 1, "Mul": 1, "Max": 1, "Min": 1, "Select": 1,
	"Equal": 1, "Less": 1, "LessEqual": 1, "Greater": 1, "GreaterEqual": 1, "ReLUGrad": 1, "ReLU6Grad": 1,
	"Cast": 0, "BroadcastLike": 0, "Div": 3, "Sqrt": 3,
	"Exp": 5, "Expm1": 5, "Sigmoid": 7, "Tanh": 9, "Erf": 9, "Softplus": 9,
}

// maxAgain is the highest cost of a value that is computed again: writing it to memory and reading it would take
// longer.
const maxAgain = 14

// again returns the values that may be computed in several groups. Their ops have one operand of their shape:
// with more, the values that must be kept for a later group would become more, not fewer.
func (c *chainer) again() map[*graph.Node]bool {
	cost, may := map[*graph.Node]int{}, map[*graph.Node]bool{}
	for _, n := range c.g.Nodes {
		own, known := costs[n.Op.Name()]
		if !c.fits[n] || !known {
			continue
		}
		operands := map[*graph.Value]bool{}
		for _, v := range reads(n) {
			if v.Shape.Equal(n.Out[0].Shape) {
				operands[v] = true
			}
		}
		if len(operands) > 1 {
			continue
		}
		for v := range operands {
			if _, whole := c.readers(v); whole && may[v.Node] {
				own += cost[v.Node]
			}
		}
		cost[n], may[n] = own, own <= maxAgain
	}
	return may
}

// split decides which values are kept, and makes a group for each of them. It goes backwards, so the groups
// that read a value are known.
func (c *chainer) split() {
	again := c.again()
	for i := len(c.g.Nodes) - 1; i >= 0; i-- {
		n := c.g.Nodes[i]
		if !c.fits[n] {
			continue
		}
		readers, whole := c.readers(n.Out[0])
		var in []*group
		for _, u := range readers {
			for _, g := range c.groups[u] {
				if !slices.Contains(in, g) {
					in = append(in, g)
				}
			}
		}
		inline := whole && len(in) > 0 && (len(in) == 1 || again[n])
		for _, g := range in {
			inline = inline && g.with(n).small()
		}
		if inline {
			for _, g := range in {
				g.nodes[n] = true
			}
			c.inlined[n], c.groups[n] = true, in
			continue
		}
		g := &group{n.Out[0].Shape, map[*graph.Node]bool{n: true}, map[*graph.Node]bool{n: true}, c.index[n]}
		c.all, c.groups[n] = append(c.all, g), []*group{g}
	}
	slices.Reverse(c.all)
}

// with returns a copy of g with more nodes.
func (g *group) with(nodes ...*graph.Node) *group {
	w := &group{g.shape, maps.Clone(g.nodes), maps.Clone(g.roots), g.at}
	for _, n := range nodes {
		w.nodes[n] = true
	}
	return w
}

// operands lists the values that the group reads and does not compute.
func (g *group) operands() []*graph.Value {
	var in []*graph.Value
	for _, n := range g.ordered() {
		for _, v := range reads(n) {
			if !g.nodes[v.Node] && !slices.Contains(in, v) {
				in = append(in, v)
			}
		}
	}
	return in
}

// ordered lists the nodes in the order of the graph.
func (g *group) ordered() []*graph.Node {
	return slices.SortedFunc(maps.Keys(g.nodes), func(a, b *graph.Node) int { return cmp.Compare(a.ID, b.ID) })
}

// small reports whether the group is within the limits of a Chain.
func (g *group) small() bool {
	return len(g.nodes) <= maxChainSteps && len(g.roots) <= maxChainResults && len(g.operands()) <= maxChainOperands
}

// merge merges groups that then read memory less often.
func (c *chainer) merge() {
	for changed := true; changed; {
		changed = false
		reader := map[*graph.Value]*group{} // the last group that reads a value
		for _, g := range slices.Clone(c.all) {
			if len(g.nodes) == 0 { // merged
				continue
			}
			for _, v := range g.operands() {
				if !v.Shape.Equal(g.shape) {
					continue
				}
				for _, other := range []*group{c.kept(v), reader[v]} {
					if other != nil && other != g && len(other.nodes) > 0 && c.join(other, g) {
						changed = true
					}
				}
				reader[v] = g
			}
		}
		c.all = slices.DeleteFunc(c.all, func(g *group) bool { return len(g.nodes) == 0 })
	}
}

// kept returns the group that has v as a result.
func (c *chainer) kept(v *graph.Value) *group {
	if !c.fits[v.Node] || c.inlined[v.Node] {
		return nil
	}
	return c.groups[v.Node][0]
}

// place returns where the result is in the graph: the place of its group or its node.
func (c *chainer) place(v *graph.Value) float64 {
	if g := c.kept(v); g != nil {
		return g.at
	}
	return c.index[v.Node]
}

// join merges group a into b, unless another node would have to run between them.
func (c *chainer) join(a, b *group) bool {
	both := b.with(slices.Collect(maps.Keys(a.nodes))...)
	maps.Copy(both.roots, a.roots)
	if !a.shape.Equal(b.shape) || !both.small() {
		return false
	}
	first, last := -1.0, b.at
	for _, v := range both.operands() {
		first = max(first, c.place(v))
	}
	for n := range both.roots {
		for _, u := range c.users[n.Out[0]] {
			at := c.index[u]
			if !c.fits[u] {
				last = min(last, at-.5)
				continue
			}
			for _, g := range c.groups[u] {
				if g != a && g != b {
					last = min(last, g.at-.5)
				}
			}
		}
	}
	if first >= last {
		return false
	}
	both.at = last
	*b = *both
	for n := range a.nodes {
		c.groups[n] = slices.DeleteFunc(c.groups[n], func(g *group) bool { return g == a })
		if !slices.Contains(c.groups[n], b) {
			c.groups[n] = append(c.groups[n], b)
		}
	}
	*a = group{}
	return true
}

// write replaces the nodes of each group by its Chain.
func (c *chainer) write() error {
	type item struct {
		node *graph.Node
		at   float64
	}
	var items []item
	for _, n := range c.g.Nodes {
		if !c.fits[n] {
			items = append(items, item{n, c.index[n]})
		}
	}
	for _, g := range c.all {
		nodes := g.ordered()
		if n := nodes[0]; len(nodes) == 1 && !slices.ContainsFunc(n.In, func(v *graph.Value) bool { return c.inlined[v.Node] }) {
			items = append(items, item{n, g.at})
			continue
		}
		last := slices.MaxFunc(nodes, func(a, b *graph.Node) int { return cmp.Compare(a.ID, b.ID) })
		p := newProgram(g.shape, nodes, g.roots)
		n, err := graph.NewNode(p.Chain, last.Layer, p.in...)
		if err != nil {
			return err
		}
		k := 0
		for _, m := range nodes {
			if g.roots[m] {
				c.replace(m.Out[0], n.Out[k])
				k++
			}
		}
		items = append(items, item{n, g.at})
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.at, b.at) })
	var nodes []*graph.Node
	done := map[*graph.Node]bool{}
	var put func(n *graph.Node)
	put = func(n *graph.Node) {
		if done[n] {
			return
		}
		done[n] = true
		for _, v := range n.In {
			put(c.now(v).Node)
		}
		nodes = append(nodes, n)
	}
	for _, i := range items {
		put(i.node)
	}
	c.g.Nodes = nodes
	c.apply()
	return nil
}
