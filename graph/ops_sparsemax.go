package graph

import "github.com/lince-ml/lince/graph/op"

// Sparsemax is max(x - tau, 0) along the last dimension; see op.Sparsemax for tau.
func (b *Builder) Sparsemax(x *Value) *Value { return b.Op(op.Sparsemax{}, x) }

func sparsemaxGrad(b *Builder, n *Node, g []*Value) []*Value {
	return []*Value{b.Op(op.SparsemaxGrad{}, g[0], n.In[0])}
}
