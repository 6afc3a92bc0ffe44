package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Root returns the value whose memory v uses. For a view this is the value that it views, otherwise v.
func Root(v *graph.Value) *graph.Value {
	for {
		switch v.Node.Op.(type) {
		case op.Reshape, op.ReshapeLike, op.ExpandDims, op.Squeeze:
			v = v.Node.In[0]
		default:
			return v
		}
	}
}

// InArena reports whether a value that is not a view and not prepared has a slot in the arena. Inputs,
// variables and constants have their own memory.
func InArena(v *graph.Value) bool {
	switch v.Node.Op.(type) {
	case op.Input, op.Variable, op.Const:
		return false
	}
	return true
}

// remembered is a target that computes the working memory of each node once.
type remembered struct {
	Target
	work map[*graph.Node]int
}

// Workspace implements Target.
func (r remembered) Workspace(n *graph.Node, kept func(v *graph.Value) bool) (int, error) {
	if size, ok := r.work[n]; ok {
		return size, nil
	}
	size, err := r.Target.Workspace(n, kept)
	r.work[n] = size
	return size, err
}

// block is memory for a chain of values, each of which overwrites the previous one, or working memory of a
// node.
type block struct {
	first, last int // indices of the nodes between which it is needed, inclusive
	size        int // bytes
	values      []*graph.Value
	work        *graph.Node
	offset      int
}

// allocate assigns values and working memory to slots of the arena, so that those that are alive at the same
// time do not overlap. If they take more than budget bytes, and the budget is not 0, some of them are computed twice.
func allocate(g *graph.Graph, target Target, budget int) (*Plan, error) {
	p := &Plan{Graph: g, Slots: map[*graph.Value]Slot{}, Work: map[*graph.Node]Slot{}, Prepared: prepared(g)}
	target = remembered{target, map[*graph.Node]int{}}
	var blocks []*block
	for aim := budget; ; aim -= budget / 32 {
		var err error
		if blocks, err = blocksOf(g, target, p.Prepared); err != nil {
			return nil, err
		}
		p.ArenaSize = place(blocks)
		if p.ArenaSize <= budget || aim <= 0 {
			break
		}
		// Gaps between the blocks may need more than the budget; then what is in use must become less.
		added, kept, err := recompute(g, target, p.Prepared, aim)
		if err != nil {
			return nil, err
		}
		p.Recomputed += added
		if added == 0 && !kept {
			break
		}
	}
	for _, b := range blocks {
		if b.work != nil {
			p.Work[b.work] = Slot{b.offset, b.size}
		}
		for _, v := range b.values {
			p.Slots[v] = Slot{b.offset, b.size}
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.Out {
			if s, ok := p.Slots[Root(v)]; ok {
				p.Slots[v] = s
			}
		}
	}
	p.Peak = peak(g, blocks)
	return p, nil
}

// blocksOf finds the blocks that a graph needs and their lifetimes, the largest block first.
func blocksOf(g *graph.Graph, target Target, prepared map[*graph.Node]bool) ([]*block, error) {
	var blocks []*block
	of, last, origins := map[*graph.Value]*block{}, lastUses(g), origins(g)
	kept := func(v *graph.Value) bool {
		v = Root(v)
		return prepared[v.Node] || !InArena(v) && origins[v] == ofFixed
	}
	for i, n := range g.Nodes {
		size, err := target.Workspace(n, kept)
		if err != nil {
			return nil, err
		}
		if size > 0 {
			blocks = append(blocks, &block{first: i, last: i, size: align(size), work: n})
		}
		for j, v := range n.Out {
			if Root(v) != v || !InArena(v) || prepared[n] {
				continue
			}
			b := &block{first: i, size: align(target.Size(v))}
			for _, operand := range target.InPlace(n, j) {
				// Another result of the node may have taken this memory already.
				if x := of[Root(n.In[operand])]; x != nil && x.last == i && x.size == b.size && !slices.Contains(n.Out, x.values[len(x.values)-1]) {
					b = x
					break
				}
			}
			if len(b.values) == 0 {
				blocks = append(blocks, b)
			}
			b.values = append(b.values, v)
			b.last = max(i, last[v])
			of[v] = b
		}
	}
	slices.SortStableFunc(blocks, func(a, b *block) int { return b.size - a.size })
	return blocks, nil
}

// place assigns offsets to the blocks in order. Each block gets the lowest offset at which it does not overlap
// any earlier block with an overlapping lifetime. place returns the size of the arena.
func place(blocks []*block) (size int) {
	var placed []*block // by offset
	for _, b := range blocks {
		b.offset = 0
		for _, q := range placed {
			if q.first > b.last || q.last < b.first {
				continue
			}
			if b.offset+b.size <= q.offset {
				break
			}
			b.offset = max(b.offset, q.offset+q.size)
		}
		at, _ := slices.BinarySearchFunc(placed, b.offset, func(q *block, o int) int { return q.offset - o })
		placed = slices.Insert(placed, at, b)
		size = max(size, b.offset+b.size)
	}
	return size
}

// lastUses returns, for each value, the index of the last node that reads its memory. Outputs are read
// after the last node.
func lastUses(g *graph.Graph) map[*graph.Value]int {
	last := map[*graph.Value]int{}
	for v, uses := range usesOf(g) {
		last[v] = uses[len(uses)-1]
	}
	return last
}

// usesOf returns the indices of the nodes that read each value's memory, in order; for outputs also the number of nodes.
func usesOf(g *graph.Graph) map[*graph.Value][]int {
	uses := map[*graph.Value][]int{}
	for i, n := range g.Nodes {
		for j, v := range n.In {
			if s, ok := n.Op.(op.ShapeOnly); !ok || !s.ShapeOnly(j) {
				uses[Root(v)] = append(uses[Root(v)], i)
			}
		}
	}
	for _, o := range g.Outputs {
		uses[Root(o.Value)] = append(uses[Root(o.Value)], len(g.Nodes))
	}
	return uses
}

// highest returns the most bytes that are in use at a node, and the first such node.
func highest(g *graph.Graph, blocks []*block) (most, at int) {
	change := make([]int, len(g.Nodes)+2) // of the bytes in use, at each node
	for _, b := range blocks {
		change[b.first] += b.size
		change[b.last+1] -= b.size
	}
	alive := 0
	for i, c := range change {
		if alive += c; alive > most {
			most, at = alive, i
		}
	}
	return most, at
}

// peak returns how the arena is used at the node where its use is highest.
func peak(g *graph.Graph, blocks []*block) Peak {
	_, at := highest(g, blocks)
	var p Peak
	gradients := gradientsOf(g)
	for _, b := range blocks {
		switch {
		case b.first > at || b.last < at:
		case b.work != nil:
			p.Work += b.size
		case gradients[b.values[0]]:
			p.Gradients += b.size
		default:
			p.Values += b.size
		}
	}
	return p
}

// gradientsOf finds the gradients that are operands of optimizer updates.
func gradientsOf(g *graph.Graph) map[*graph.Value]bool {
	found := map[*graph.Value]bool{}
	for _, n := range g.Nodes {
		u, ok := n.Op.(op.Updater)
		if !ok {
			continue
		}
		o := n.Op
		if w, ok := o.(op.When); ok {
			o = w.Update
		}
		switch o.(type) {
		case op.Assign, op.MovingAverage:
			continue
		}
		for _, v := range n.In[u.Updates():] {
			if v.Equal(n.In[0].Type) && v.Rank() > 0 {
				found[Root(v)] = true
			}
		}
	}
	return found
}

func align(n int) int { return (n + tensor.Align - 1) &^ (tensor.Align - 1) }

// String formats the plan, one line for each node, with the arena offsets of its results.
func (p *Plan) String() string {
	var s strings.Builder
	lines := strings.SplitAfter(p.Graph.String(), "\n")
	for i, n := range p.Nodes {
		s.WriteString(strings.TrimSuffix(lines[i], "\n"))
		for _, v := range n.Out {
			if slot, ok := p.Slots[v]; ok && slot.Size > 0 {
				fmt.Fprintf(&s, " @%d", slot.Offset)
			}
		}
		if p.Prepared[n] {
			s.WriteString(" prepared")
		}
		if w, ok := p.Work[n]; ok {
			fmt.Fprintf(&s, " work @%d+%d", w.Offset, w.Size)
		}
		s.WriteByte('\n')
	}
	for _, l := range lines[len(p.Nodes):] {
		s.WriteString(l)
	}
	fmt.Fprintf(&s, "arena %d bytes\n", p.ArenaSize)
	return s.String()
}
