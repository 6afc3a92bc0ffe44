package compile

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MatMulUpdate is an optimizer's update whose gradient is the product of a transposed matrix and
// another matrix, as for the weights of a dense layer. The gradient is never in memory as a whole.
// Operands: the variables that the update changes, the two matrices, and the update's other
// operands.
type MatMulUpdate struct{ Update op.Op }

// updateProduct is the product that gives the gradient.
var updateProduct = op.MatMul{TransposeA: true}

const (
	// minUpdate is the minimum number of weights for which the fusion is faster.
	minUpdate = 1 << 16
	// minRows is the minimum number of rows of such a matrix.
	minRows = 64
	// maxUpdateBatch is the maximum batch size: a kernel splits the sums over a larger batch.
	maxUpdateBatch = 256
)

// Name implements op.Op.
func (MatMulUpdate) Name() string { return "FusedMatMulUpdate" }

// Attributes prints the op's attributes.
func (o MatMulUpdate) Attributes() string {
	return o.Update.Name() + " " + op.Attributes(o.Update)
}

// Updates implements op.Updater.
func (o MatMulUpdate) Updates() int {
	return o.Update.(op.Updater).Updates()
}

// Infer implements op.Op.
func (o MatMulUpdate) Infer(in []op.Type) ([]op.Type, error) {
	n := o.Updates()
	if len(in) < n+2 {
		return nil, fmt.Errorf("%d operands, want at least %d", len(in), n+2)
	}
	g, err := updateProduct.Infer(in[n : n+2])
	if err != nil {
		return nil, err
	}
	return o.Update.Infer(slices.Concat(in[:n], g, in[n+2:]))
}

// matmulUpdate fuses the gradient of a large weight matrix with the update that takes it, which then
// runs while the gradient is in the cache.
func (f *fuser) matmulUpdate(update *graph.Node) {
	switch update.Op.(type) {
	case op.SGD, op.RMSprop, op.Adam:
	default:
		return
	}
	n := update.Op.(op.Updater).Updates()
	g := update.In[n]
	product := g.Node
	if product == nil || product.Op != op.Op(updateProduct) || f.only(g) != update ||
		g.Shape.Elements() < minUpdate || g.Shape[0] < minRows || product.In[0].Shape[0] > maxUpdateBatch {
		return
	}
	fused := f.node(MatMulUpdate{update.Op}, update.Layer, slices.Concat(update.In[:n], product.In, update.In[n+1:])...)
	f.before(update, fused)
	f.remove(product, update)
}

// earlyUpdates moves each update to the first place at which its operands are known and nothing reads the old values of its variables any more.
// The memory of its gradient, or of the operands of a MatMulUpdate, is then free for the gradients of earlier layers. Graph.Verify does not know this
// order, in which other nodes come after updates.
func earlyUpdates(g *graph.Graph) {
	numbersFirst(g)
	at := map[*graph.Node]int{}                 // where each node runs now
	readers := map[*graph.Value][]*graph.Node{} // of variables
	for i, n := range g.Nodes {
		at[n] = i
		for _, v := range n.In {
			if v = Root(v); v.Is("Variable") {
				readers[v] = append(readers[v], n)
			}
		}
	}
	after := map[int][]*graph.Node{} // the updates after each of the other nodes
	for _, n := range g.Nodes {
		u, ok := n.Op.(op.Updater)
		if !ok {
			continue
		}
		first := 0
		for i, v := range n.In {
			first = max(first, at[v.Node])
			if i >= u.Updates() {
				continue
			}
			for _, r := range readers[v] {
				if r != n {
					first = max(first, at[r])
				}
			}
		}
		at[n] = first
		after[first] = append(after[first], n)
	}
	nodes := make([]*graph.Node, 0, len(g.Nodes))
	for i, n := range g.Nodes {
		if _, ok := n.Op.(op.Updater); !ok {
			nodes = append(nodes, n)
		}
		nodes = append(nodes, after[i]...)
	}
	setNodes(g, nodes)
}

// numbersFirst moves to the front of the graph what updates need besides gradients: the variables, and the numbers that are computed from them alone,
// such as the learning rate.
func numbersFirst(g *graph.Graph) {
	first := map[*graph.Node]bool{}
	var front, rest []*graph.Node
	for _, n := range g.Nodes {
		number := len(n.Out) > 0
		switch n.Op.(type) {
		case op.Input, op.Variable, op.Const:
		default:
			for _, v := range n.In {
				number = number && first[v.Node]
			}
			for _, v := range n.Out {
				number = number && v.Rank() == 0
			}
		}
		if first[n] = number; number {
			front = append(front, n)
		} else {
			rest = append(rest, n)
		}
	}
	setNodes(g, append(front, rest...))
}

func setNodes(g *graph.Graph, nodes []*graph.Node) {
	g.Nodes = nodes
	for i, n := range nodes {
		n.ID = i
	}
}
