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
				return w.vector(w.named(w.layer, name), mean.DType, channels, x)
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
			refs = append(refs, w.vector(w.named(w.layer, "gamma"), x.DType, x.Shape[last], 1))
		}
		if o.Center {
			refs = append(refs, w.get(rest[0], identity(1)))
		}
		results := 1
		for i, v := range n.Out {
			if w.uses[v] > 0 {
				results = max(results, 1+i)
			}
		}
		out := w.nodeN("LayerNormalization", results, refs, integer("axis", -1), number("epsilon", o.Epsilon))
		w.set(n.Out[0], out[0], f.perm)
		for i := 1; i < results; i++ { // the mean and the inverse deviation, with a dimension of size 1
			w.set(n.Out[i], w.node("Squeeze", []*ref{out[i], w.integers(-1)}), f.perm[:last])
		}
	}}
}

// groupsNormalized normalizes the groups of channels of each image. Layers compute it as a LayerNorm of rows, to which they reshape and
// transpose the groups. ONNX has it as InstanceNormalization, in which a group is a channel.
func groupsNormalized(w *writer, n *graph.Node) *plan {
	y := n.Out[0]
	rank := y.Rank()
	// The dimensions are (batch, pixels, groups, channels of a group, 1), and with more than one pixel, the groups go to the front.
	back := reshapeOf(n.In[0])
	if t, ok := n.In[0].Node.Op.(op.Transpose); ok && slices.Equal(t.Perm, []int{0, 2, 1, 3, 4}) {
		back = reshapeOf(n.In[0].Node.In[0])
	}
	if back == nil {
		back = n.In[0]
	}
	o, ok := back.Node.Op.(op.LayerNorm)
	if !ok || back.Index > 0 || o.Scale || o.Center {
		return nil
	}
	rows := reshapeOf(back.Node.In[0])
	if rows == nil {
		return nil
	}
	if t, ok := rows.Node.Op.(op.Transpose); ok && slices.Equal(t.Perm, []int{0, 2, 1, 3, 4}) {
		rows = rows.Node.In[0]
	}
	x := reshapeOf(rows)
	if x == nil || rows.Rank() != 5 || !x.Shape[1:].Equal(y.Shape[1:]) || !y.Shape[1:].Known() || back.Rank() != 3 {
		return nil
	}
	s := rows.Shape
	if pixels := y.Shape[1 : rank-1].Elements(); s[4] != 1 || s[1] != pixels || s[2]*s[3] != y.Shape[rank-1] || back.Shape[1] != s[2] {
		return nil
	}
	return &plan{[]*graph.Value{x}, func() {
		perm := channelsFirst(rank)
		r := w.node("Reshape", []*ref{w.get(x, perm), w.integers(0, s[2], -1)})
		ones, zeros := w.vector(w.named(w.layer, "ones"), x.DType, s[2], 1), w.vector(w.named(w.layer, "zeros"), x.DType, s[2], 0)
		r = w.node("InstanceNormalization", []*ref{r, ones, zeros}, number("epsilon", o.Epsilon))
		w.set(y, w.node("Reshape", []*ref{r, w.integers(pick(y.Shape, perm)...)}), perm)
	}}
}

// reshapeOf returns the operand of a Reshape, or nil.
func reshapeOf(v *graph.Value) *graph.Value {
	if _, ok := v.Node.Op.(op.Reshape); ok {
		return v.Node.In[0]
	}
	return nil
}
