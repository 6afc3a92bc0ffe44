package graph

import (
	"fmt"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// extremum is the gradient rule of ReduceMax and ReduceMin. As in TensorFlow, equal extrema share the gradient.
func extremum(b *Builder, n *Node, g []*Value) []*Value {
	x, axes := n.In[0], n.Op.(op.Reduce).Axes
	top := b.BroadcastLike(b.keepDims(n, n.Out[0]), x)
	hit := b.Cast(b.Binary(op.Equal, x, top), x.DType)
	share := b.Div(b.keepDims(n, g[0]), b.SumKeep(hit, axes...))
	return []*Value{b.Mul(hit, b.BroadcastLike(share, x))}
}

// reduceProdGrad is the gradient rule of ReduceProd: the gradient of an element is the product of the others. If one factor is 0,
// only its gradient is not 0, and if several are, all are 0.
func reduceProdGrad(b *Builder, n *Node, g []*Value) []*Value {
	x, axes := n.In[0], n.Op.(op.Reduce).Axes
	zero, one := b.like(x, 0), b.like(x, 1)
	isZero := b.Binary(op.Equal, x, zero)
	zeros := b.SumKeep(b.Cast(isZero, x.DType), axes...)
	rest := b.Op(op.Reduce{Fn: op.ReduceProd, Axes: axes, KeepDims: true}, b.Select(isZero, one, x)) // the product without zeros
	others := b.Select(isZero, b.BroadcastLike(rest, x), b.Div(rest, b.Select(isZero, one, x)))
	counts := b.Binary(op.Equal, zeros, b.Cast(isZero, x.DType)) // no other factor is 0
	return []*Value{b.Mul(b.keepDims(n, g[0]), b.Select(counts, others, zero))}
}

// topKGrad is the gradient rule of TopK.
func topKGrad(b *Builder, n *Node, g []*Value) []*Value {
	x := n.In[0]
	last := x.Rank() - 1
	if g[1] != nil {
		return []*Value{b.fail(n.Op.Name(), fmt.Errorf("the indices have no gradient"))}
	}
	if x.Shape[last] == tensor.Unknown {
		return []*Value{b.fail(n.Op.Name(), fmt.Errorf("no gradient along the last dimension of %v, whose size is not known", x.Shape))}
	}
	at := b.OneHot(n.Out[1], x.Shape[last], x.DType)
	return []*Value{b.Sum(b.Mul(at, b.ExpandDims(g[0], last+1)), last)}
}

// scatterGrad is the gradient rule of Scatter.
func scatterGrad(b *Builder, n *Node, g []*Value) []*Value {
	o, rows := n.Op.(op.Scatter), b.Gather(g[0], n.In[1])
	switch o.Fn {
	case op.Add:
		return []*Value{g[0], nil, rows}
	case "":
		return []*Value{b.Op(o, g[0], n.In[1], b.BroadcastLike(b.like(rows, 0), rows)), nil, rows}
	}
	return []*Value{b.fail(o.Name(), fmt.Errorf("no gradient with the function %s", o.Fn)), nil, b.Invalid()}
}
