package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// batchNormalization is x*scale + shift, where scale and shift are computed from the statistics of each channel:
//
//	scale = gamma/sqrt(variance+epsilon);  shift = beta - mean*scale
func batchNormalization(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Add, func(product, shift *graph.Value) bool {
		return eitherOrder(product, op.Mul, func(x, scale *graph.Value) bool {
			p = w.normalized(n, x, scale, shift)
			return p != nil
		})
	})
	return p
}

func (w *writer) normalized(n *graph.Node, x, scale, shift *graph.Value) *plan {
	rank := x.Rank()
	if rank < 2 {
		return nil
	}
	channels := x.Shape[rank-1]
	gamma, root, ok := binaryOf(scale, op.Div)
	if !ok {
		return nil
	}
	deviation, ok := unaryOf(root, op.Sqrt)
	if !ok {
		return nil
	}
	variance, epsilon, ok := withConstant(deviation, op.Add)
	if !ok {
		return nil
	}
	beta, product, ok := binaryOf(shift, op.Sub)
	if !ok {
		product, ok = unaryOf(shift, op.Neg)
	}
	if !ok {
		return nil
	}
	var mean *graph.Value
	if !eitherOrder(product, op.Mul, func(a, b *graph.Value) bool { mean = a; return b == scale }) {
		return nil
	}
	in := []*graph.Value{x, mean, variance}
	switch {
	case is(gamma, 1):
		gamma = nil
	default:
		in = append(in, gamma)
	}
	if beta != nil {
		in = append(in, beta)
	}
	if slices.ContainsFunc(in[1:], func(v *graph.Value) bool { return !isVector(v, channels) }) {
		return nil
	}
	return &plan{in, func() {
		vector := func(v *graph.Value, name string, x float64) *ref {
			if v == nil {
				return w.vector(join(w.layer, name), mean.DType, channels, x)
			}
			return w.get(v, identity(1))
		}
		// The channels must come second; the order of the others is free.
		f := w.having(x, channelsFirst(rank), func(perm []int) bool { return perm[1] == rank-1 })
		refs := []*ref{f.ref, vector(gamma, "gamma", 1), vector(beta, "beta", 0), vector(mean, "", 0), vector(variance, "", 0)}
		w.set(n.Out[0], w.node("BatchNormalization", refs, number("epsilon", epsilon)), f.perm)
	}}
}

// layerNormalization writes op.LayerNorm.
func layerNormalization(w *writer, n *graph.Node) *plan {
	o, x := n.Op.(op.LayerNorm), n.In[0]
	last := x.Rank() - 1
	if !o.Scale && x.Shape[last] < 0 {
		return nil
	}
	return &plan{n.In, func() {
		f := w.having(x, identity(x.Rank()), func(perm []int) bool { return perm[last] == last })
		refs, rest := []*ref{f.ref}, n.In[1:]
		if o.Scale {
			refs, rest = append(refs, w.get(rest[0], identity(1))), rest[1:]
		} else {
			refs = append(refs, w.vector(join(w.layer, "gamma"), x.DType, x.Shape[last], 1))
		}
		if o.Center {
			refs = append(refs, w.get(rest[0], identity(1)))
		}
		y := w.node("LayerNormalization", refs, integer("axis", -1), number("epsilon", o.Epsilon))
		w.set(n.Out[0], y, f.perm)
	}}
}
