package graph

import (
	"errors"

	"github.com/lince-ml/lince/graph/op"
)

// LayerNorm normalizes each row along the last dimension of x with its mean and variance; see op.LayerNorm. If gamma is nil
// the result is not scaled, and if beta is nil it is not shifted.
func (b *Builder) LayerNorm(x, gamma, beta *Value, epsilon float64) *Value {
	o, in := op.LayerNorm{Epsilon: epsilon, Scale: gamma != nil, Center: beta != nil}, []*Value{x}
	for _, v := range []*Value{gamma, beta} {
		if v != nil {
			in = append(in, v)
		}
	}
	return b.Op(o, in...)
}

// Gather takes the rows of a table that integers name; see op.Gather.
func (b *Builder) Gather(table, indices *Value) *Value { return b.Op(op.Gather{}, table, indices) }

// GatherAxis is Gather along a dimension of the table; see op.Gather.
func (b *Builder) GatherAxis(table, indices *Value, axis int) *Value {
	return b.Op(op.Gather{Axis: axis}, table, indices)
}

// Scatter replaces rows of a table, or combines them with others by fn; see op.Scatter. If fn is empty, they are replaced.
func (b *Builder) Scatter(table, indices, rows *Value, fn op.BinaryFn) *Value {
	return b.Op(op.Scatter{Fn: fn}, table, indices, rows)
}

// layerNormGrad is the gradient rule of LayerNorm.
func layerNormGrad(b *Builder, n *Node, g []*Value) []*Value {
	o, none := n.Op.(op.LayerNorm), make([]*Value, len(n.In))
	if g[1] != nil || g[2] != nil {
		b.fail(n.Op.Name(), errors.New("the means and the inverse deviations of the rows have no gradient"))
		return none
	}
	in := []*Value{g[0], n.In[0], n.Out[1], n.Out[2]}
	if o.Scale {
		in = append(in, n.In[1])
	}
	grad := b.add(op.LayerNormGrad{Scale: o.Scale, Sums: o.Scale || o.Center}, in...)
	if grad == nil {
		return none
	}
	d := grad.Out[:1:1]
	if o.Scale {
		d = append(d, grad.Out[1])
	}
	if o.Center {
		d = append(d, grad.Out[2])
	}
	return d
}
