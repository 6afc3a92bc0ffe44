package compile

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// The backward pass needs results of the forward pass, which are in memory until then. recompute drops some of them, and computes them again just before the
// backward pass reads them, until a plan needs no more memory than its budget. The idea is that of Chen et al., Training Deep Nets with Sublinear Memory Cost,
// 2016, arXiv:1604.06174. Which results are dropped is decided step by step: at the node where the most memory is in use, the result that saves the most bytes
// for each unit of work. The same ops compute the same numbers from the same operands, so the results keep their bits.

// BatchNormApply is the last part of BatchNorm, or of ConvBatchNorm, for known statistics. Operands: what is normalized, the mean, the variance, and the other
// operands of BatchNorm. Its result is the first one of BatchNorm.
type BatchNormApply struct{ BatchNorm }

// Name implements op.Op.
func (BatchNormApply) Name() string { return "FusedBatchNormApply" }

// Infer implements op.Op.
func (o BatchNormApply) Infer(in []op.Type) ([]op.Type, error) {
	if len(in) < 3 {
		return nil, fmt.Errorf("%d operands, want at least 3", len(in))
	}
	out, err := o.BatchNorm.Infer(slices.Concat(in[:1], in[3:]))
	if err != nil {
		return nil, err
	}
	for i := 1; i < 3; i++ {
		if !in[i].Equal(out[i]) {
			return nil, fmt.Errorf("operand %d is %v, want %v", i, in[i], out[i])
		}
	}
	return out[:1], nil
}

// again returns a node that computes v again, and the index of its result that equals v. It is nil if there is none.
func again(v *graph.Value) (*graph.Node, int, error) {
	n := v.Node
	make := func(o op.Op, result int, in ...*graph.Value) (*graph.Node, int, error) {
		c, err := graph.NewNode(o, n.Layer, slices.Clone(in)...) // the node keeps the slice
		return c, result, err
	}
	switch o := n.Op.(type) {
	case op.Input, op.Variable, op.Const, op.Updater:
		return nil, 0, nil
	case op.BatchNorm:
		if v.Index == 0 {
			return make(BatchNormApply{BatchNorm{BatchNorm: o}}, 0, slices.Concat(n.In[:1], n.Out[1:3], n.In[1:])...)
		}
	case BatchNorm:
		if v.Index == 0 && !o.Statistics {
			return make(BatchNormApply{o}, 0, slices.Concat(n.In[:1], n.Out[1:3], n.In[1:])...)
		}
	case ConvBatchNorm:
		switch operands := o.Operands(); {
		case v.Index == 3:
			return make(o.Conv2D, 0, n.In[:operands]...)
		case v.Index == 0 && !o.Statistics:
			return make(BatchNormApply{o.BatchNorm}, 0, slices.Concat(n.Out[3:4], n.Out[1:3], n.In[operands:])...)
		}
	}
	return make(n.Op, v.Index, n.In...)
}

// work estimates the time of a node, in units of one element of a pass over memory.
func work(n *graph.Node) int {
	elements := 0
	for _, v := range n.In {
		elements += v.Shape.Elements()
	}
	for _, v := range n.Out {
		elements += v.Shape.Elements()
	}
	depth := 0 // products for each element of the result
	switch n.Op.(type) {
	case op.MatMul, MatMul, op.BatchMatMul:
		depth = n.In[0].Shape[n.In[0].Rank()-1]
	case op.Conv2D, Conv2D, ConvBatchNorm, op.Conv2DTranspose, Conv2DTranspose, op.DepthwiseConv2D, DepthwiseConv2D, GroupedConv2D:
		w := n.In[1].Shape
		depth = w[:len(w)-1].Elements()
	}
	const productsPerElement = 16 // that a core computes while it reads or writes an element
	return elements + depth*n.Out[0].Shape.Elements()/productsPerElement
}

// recompute changes the graph, whose nodes are in the order in which they run, until its blocks take at most budget bytes at every node, or nothing can be
// dropped any more. It returns the number of nodes that it added, and whether the budget is kept.
func recompute(g *graph.Graph, target Target, prepared map[*graph.Node]bool, budget int) (added int, kept bool, err error) {
	tried := map[*graph.Value]bool{}
	for {
		blocks, err := blocksOf(g, target, prepared)
		if err != nil {
			return added, false, err
		}
		most, at := highest(g, blocks)
		if most <= budget {
			return added, true, nil
		}
		d, err := drop(g, target, prepared, at, tried)
		if err != nil || d == nil {
			return added, false, err
		}
		tried[d.v] = true
		for _, u := range g.Nodes[d.next:] {
			for j, x := range u.In {
				if x == d.v {
					u.In[j] = d.node.Out[d.result]
				}
			}
		}
		setNodes(g, slices.Insert(g.Nodes, d.next, d.node))
		added++
	}
}

// dropped is a value that is computed again.
type dropped struct {
	v      *graph.Value
	node   *graph.Node // computes it again
	result int
	next   int // index of the first node that reads it again
}

// drop chooses the value to drop at node at.
func drop(g *graph.Graph, target Target, prepared map[*graph.Node]bool, at int, tried map[*graph.Value]bool) (best *dropped, err error) {
	uses := usesOf(g)
	updated := map[*graph.Value]int{} // the node that updates a variable
	viewed := map[*graph.Value]bool{}
	for i, n := range g.Nodes {
		for _, v := range n.Updated() {
			updated[v] = i
		}
		for _, v := range n.Out {
			if root := Root(v); root != v {
				viewed[root] = true
			}
		}
	}
	var most float64
	for _, n := range g.Nodes[:at] {
		for _, v := range n.Out {
			if tried[v] || Root(v) != v || !InArena(v) || prepared[n] {
				continue
			}
			// The value must be unused at the node, and be read later.
			k, used := slices.BinarySearch(uses[v], at)
			if used || k == len(uses[v]) || uses[v][k] == len(g.Nodes) || viewed[v] {
				continue
			}
			next := uses[v][k]
			c, result, err := again(v)
			if err != nil {
				return nil, err
			}
			if c == nil {
				continue
			}
			saved, possible := target.Size(v), true
			for _, x := range c.In {
				x = Root(x)
				switch {
				case prepared[x.Node]:
				case !InArena(x):
					u, ok := updated[x]
					possible = possible && (!ok || u >= next)
				case len(uses[x]) == 0 || uses[x][len(uses[x])-1] < next:
					// It must be kept until then.
					saved -= target.Size(x)
				}
			}
			if !possible || saved <= 0 {
				continue
			}
			if gain := float64(saved) / float64(work(c)); gain > most {
				most, best = gain, &dropped{v, c, result, next}
			}
		}
	}
	return best, nil
}
