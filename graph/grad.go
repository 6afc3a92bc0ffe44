package graph

import (
	"fmt"
	"slices"
)

// Grad adds ops that compute the gradients of loss with respect to the values wrt, by reverse-mode
// differentiation of the graph built so far. loss must be a floating-point scalar. If loss does not
// depend on a value, its gradient is nil.
func Grad(b *Builder, loss *Value, wrt ...*Value) []*Value {
	grads := make([]*Value, len(wrt))
	if !loss.Valid() {
		for i := range grads {
			grads[i] = b.Invalid()
		}
		return grads
	}
	if loss.Rank() != 0 || !loss.DType.IsFloat() {
		b.fail("Grad", fmt.Errorf("the value to differentiate is %v, want a floating-point scalar; take its Sum or Mean first", loss.Type))
		return grads
	}
	nodes, wanted := b.nodes, dependents(b.nodes, wrt)
	adjoint := map[*Value]*Value{loss: b.like(loss, 1)}
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		g := make([]*Value, len(n.Out))
		any := false
		for j, o := range n.Out {
			g[j] = adjoint[o]
			any = any || g[j] != nil && wanted[o]
		}
		if !any || len(n.In) == 0 {
			continue
		}
		at := &Builder{core: b.core, path: n.Layer, label: n.Layer}
		rule, ok := vjps[n.Op.Name()]
		if !ok {
			at.fail(n.Op.Name(), fmt.Errorf("has no gradient"))
			continue
		}
		for j, d := range rule(at, n, g) {
			v := n.In[j]
			if d == nil || !wanted[v] {
				continue
			}
			if have := adjoint[v]; have != nil {
				d = at.Add(have, d)
			}
			adjoint[v] = d
		}
	}
	for i, v := range wrt {
		grads[i] = adjoint[v]
	}
	return grads
}

// dependents returns wrt and the values that depend on one of them: only these need a gradient.
func dependents(nodes []*Node, wrt []*Value) map[*Value]bool {
	found := map[*Value]bool{}
	for _, v := range wrt {
		found[v] = true
	}
	for _, n := range nodes {
		if slices.ContainsFunc(n.In, func(v *Value) bool { return found[v] }) {
			for _, o := range n.Out {
				found[o] = true
			}
		}
	}
	return found
}
