package compile

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// fold computes values that are known before the run (sizes, arithmetic on scalar constants) and
// removes ops that have no effect.
func fold(g *graph.Graph) error {
	r := newRewrite(g)
	for _, n := range g.Nodes {
		for i, v := range n.In {
			n.In[i] = r.now(v)
		}
		if err := loosen(n); err != nil {
			return err
		}
		if v := identity(n); v != nil {
			r.replace(n.Out[0], v)
			r.remove(n)
			continue
		}
		t := constant(n)
		if t == nil {
			continue
		}
		c, err := graph.NewNode(op.Const{Value: t}, n.Layer)
		if err != nil {
			return err
		}
		r.before(n, c)
		r.replace(n.Out[0], c.Out[0])
		r.remove(n)
	}
	r.apply()
	return nil
}

// loosen removes dependencies that n does not need once shapes are known. It removes an operand that
// only gives a shape, and a BroadcastLike before an element-wise op, because the op broadcasts its
// operands itself.
func loosen(n *graph.Node) error {
	with := func(o op.Op) error {
		m, err := graph.NewNode(o, n.Layer, n.In[0])
		if err == nil {
			n.Op, n.In = m.Op, m.In
		}
		return err
	}
	switch o := n.Op.(type) {
	case op.ReshapeLike, op.ExpandDims, op.Squeeze:
		return with(op.Reshape{Shape: n.Out[0].Shape})
	case op.SliceGrad:
		return with(o.Pad(n.In[0].Shape, n.In[1].Shape))
	case op.Binary:
		for i, v := range n.In {
			if !v.Is("BroadcastLike") {
				continue
			}
			in := []op.Type{n.In[0].Type, n.In[1].Type}
			in[i] = v.Node.In[0].Type
			if out, err := o.Infer(in); err == nil && out[0].Equal(n.Out[0].Type) {
				n.In[i] = v.Node.In[0]
			}
		}
	}
	return nil
}

// identity returns the operand that equals n's result, or nil if there is none.
func identity(n *graph.Node) *graph.Value {
	switch n.Op.(type) {
	case op.Concat:
		if len(n.In) == 1 {
			return n.In[0]
		}
	case op.BroadcastLike, op.SumLike, op.Reshape, op.ReshapeLike, op.Cast, op.Pad, op.Slice:
		if n.In[0].Equal(n.Out[0].Type) {
			return n.In[0]
		}
	case op.Binary:
		switch n.Op.Name() {
		case "Mul", "Div":
			if isScalar(n.In[1], 1) && n.In[0].Equal(n.Out[0].Type) {
				return n.In[0]
			}
			if n.Op.Name() == "Mul" && isScalar(n.In[0], 1) && n.In[1].Equal(n.Out[0].Type) {
				return n.In[1]
			}
		case "Add", "Sub":
			if isScalar(n.In[1], 0) && n.In[0].Equal(n.Out[0].Type) {
				return n.In[0]
			}
		}
	}
	return nil
}

func isScalar(v *graph.Value, x float32) bool {
	c, ok := v.Node.Op.(op.Const)
	return ok && c.Value.Len() == 1 && v.DType == tensor.Float32 && c.Value.Float32s()[0] == x
}

// constant returns n's result if it is known before the run, else nil. It evaluates sizes, reshaped
// constants, and arithmetic on float32 scalars.
func constant(n *graph.Node) *tensor.Tensor {
	switch o := n.Op.(type) {
	case op.Size:
		if o.DType != tensor.Bool {
			return tensor.Number(o.DType, float64(o.Count(n.In[0].Shape)))
		}
	case op.Reshape:
		if c, ok := n.In[0].Node.Op.(op.Const); ok {
			return c.Value.Reshape(n.Out[0].Shape...)
		}
	case op.Binary:
		if n.Out[0].DType != tensor.Float32 || n.Out[0].Rank() != 0 {
			return nil
		}
		var x [2]float32
		for i, v := range n.In {
			c, ok := v.Node.Op.(op.Const)
			if !ok {
				return nil
			}
			x[i] = c.Value.Float32s()[0]
		}
		switch o.Fn {
		case op.Add:
			return tensor.Scalar(x[0] + x[1])
		case op.Sub:
			return tensor.Scalar(x[0] - x[1])
		case op.Mul:
			return tensor.Scalar(x[0] * x[1])
		case op.Div:
			return tensor.Scalar(x[0] / x[1])
		}
	}
	return nil
}

// cse (common subexpression elimination) merges nodes with the same op and the same operands.
func cse(g *graph.Graph) error {
	r := newRewrite(g)
	seen := map[string]*graph.Node{}
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.Updater, op.Input:
			continue
		}
		var key strings.Builder
		fmt.Fprintf(&key, "%s|%s|", n.Op.Name(), op.Attributes(n.Op))
		if c, ok := n.Op.(op.Const); ok {
			fmt.Fprintf(&key, "%v|%x", c.Value, c.Value.Raw())
		}
		for _, v := range n.In {
			v = r.now(v)
			fmt.Fprintf(&key, "%p ", v)
		}
		first := seen[key.String()]
		if first == nil {
			seen[key.String()] = n
			continue
		}
		for i, v := range n.Out {
			r.replace(v, first.Out[i])
		}
		r.remove(n)
	}
	r.apply()
	return nil
}

// dce (dead code elimination) removes nodes whose results are not used. Inputs stay, because callers
// pass all inputs.
func dce(g *graph.Graph) error {
	needed := map[*graph.Value]bool{}
	for _, o := range g.Outputs {
		needed[o.Value] = true
	}
	var nodes []*graph.Node
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		keep := false
		switch n.Op.(type) {
		case op.Updater, op.Input:
			keep = true
		}
		for _, v := range n.Out {
			keep = keep || needed[v]
		}
		if !keep {
			continue
		}
		for _, v := range n.In {
			needed[v] = true
		}
		nodes = append(nodes, n)
	}
	for i, j := 0, len(nodes)-1; i < j; i, j = i+1, j-1 {
		nodes[i], nodes[j] = nodes[j], nodes[i]
	}
	g.Nodes = nodes
	return nil
}

// snapshot copies the variables that an update reads after another update has changed them. Kernels
// read variables in place, but an op must read the value from before all updates.
func snapshot(g *graph.Graph) error {
	r := newRewrite(g)
	changed := map[*graph.Value]bool{}
	copies := map[*graph.Value]*graph.Value{}
	first := (*graph.Node)(nil)
	for _, n := range g.Nodes {
		u, ok := n.Op.(op.Updater)
		if !ok {
			continue
		}
		if first == nil {
			first = n
		}
		for i := u.Updates(); i < len(n.In); i++ {
			v := n.In[i]
			if !changed[v] {
				continue
			}
			if copies[v] == nil {
				c, err := graph.NewNode(Copy{}, v.Node.Layer, v)
				if err != nil {
					return err
				}
				r.before(first, c)
				copies[v] = c.Out[0]
			}
			n.In[i] = copies[v]
		}
		for _, v := range n.In[:u.Updates()] {
			changed[v] = true
		}
	}
	r.apply()
	return nil
}
