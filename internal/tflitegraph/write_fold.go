package tflitegraph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

// fold finds the values that do not depend on the inputs, and computes those that the file needs. It counts the uses of values.
func (w *writer) fold(g *graph.Graph) error {
	live := map[*graph.Node]bool{}
	for _, o := range g.Outputs {
		w.users[o.Value]++
		live[o.Value.Node] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; live[n] {
			for _, v := range n.In {
				live[v.Node] = true
				w.users[v]++
			}
		}
	}
	fixed := map[*graph.Value]bool{}
	var nodes []*graph.Node // that compute constants
	for _, n := range g.Nodes {
		if !live[n] {
			continue
		}
		switch o := n.Op.(type) {
		case op.Input:
			continue
		case op.Variable:
			v := w.store.Lookup(o.Path)
			if v == nil || v.Value() == nil {
				return fmt.Errorf("variable %s has no value", o.Path)
			}
			w.consts[n.Out[0]] = v.Value()
			fixed[n.Out[0]] = true
			continue
		case op.Const:
			w.consts[n.Out[0]] = o.Value
			fixed[n.Out[0]] = true
			continue
		case op.Size:
			if t := sizeOf(o, n.In[0]); t != nil {
				w.consts[n.Out[0]] = t
				fixed[n.Out[0]] = true
				continue
			}
		case op.Index:
			if t := indexOf(n); t != nil {
				w.consts[n.Out[0]] = t
				fixed[n.Out[0]] = true
				continue
			}
		}
		if strings.HasPrefix(n.Op.Name(), "Random") || slices.ContainsFunc(n.In, func(v *graph.Value) bool { return !fixed[v] }) {
			continue
		}
		for _, v := range n.Out {
			fixed[v] = true
		}
		nodes = append(nodes, n)
	}
	return w.evaluate(g, live, fixed, nodes)
}

// evaluate computes the constants that nodes which are not constant use.
func (w *writer) evaluate(g *graph.Graph, live map[*graph.Node]bool, fixed map[*graph.Value]bool, nodes []*graph.Node) error {
	var needed []*graph.Value
	need := func(v *graph.Value) {
		if fixed[v] && w.consts[v] == nil && !slices.Contains(needed, v) {
			needed = append(needed, v)
		}
	}
	for _, n := range g.Nodes {
		if !live[n] || len(n.Out) > 0 && fixed[n.Out[0]] {
			continue
		}
		for _, v := range n.In {
			need(v)
		}
	}
	for _, o := range g.Outputs {
		need(o.Value)
	}
	for _, v := range needed {
		// One at a time, because the interpreter holds numbers of 8 bytes.
		t, err := evaluate(v, nodes, w.consts, w.store)
		if err != nil {
			return err
		}
		w.consts[v] = t
	}
	return nil
}

// evaluate computes a constant.
func evaluate(v *graph.Value, nodes []*graph.Node, consts map[*graph.Value]*tensor.Tensor, store *graph.Store) (*tensor.Tensor, error) {
	live := map[*graph.Node]bool{v.Node: true}
	var used []*graph.Node
	leaves := map[*graph.Value]bool{}
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if !live[n] {
			continue
		}
		used = append(used, n)
		for _, in := range n.In {
			if consts[in] != nil {
				leaves[in] = true
			} else {
				live[in.Node] = true
			}
		}
	}
	slices.Reverse(used)
	c := &graph.Graph{}
	copies := map[*graph.Value]*graph.Value{}
	add := func(o op.Op, layer string, in []*graph.Value, out []*graph.Value) error {
		n, err := graph.NewNode(o, layer, in...)
		if err != nil {
			return err
		}
		for i, v := range out {
			copies[v] = n.Out[i]
		}
		c.Nodes = append(c.Nodes, n)
		return nil
	}
	for leaf := range leaves {
		if err := add(op.Const{Value: consts[leaf]}, leaf.Node.Layer, nil, []*graph.Value{leaf}); err != nil {
			return nil, err
		}
	}
	for _, n := range used {
		in := make([]*graph.Value, len(n.In))
		for i, x := range n.In {
			in[i] = copies[x]
		}
		if err := add(n.Op, n.Layer, in, n.Out); err != nil {
			return nil, err
		}
	}
	c.Outputs = []graph.Output{{Value: copies[v]}}
	p, err := interp.New().Compile(c, store)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	t := tensor.New(v.DType, v.Shape...)
	return t, p.Run(nil, []*tensor.Tensor{t})
}

// sizeOf returns the result of op.Size, or nil if it is not known.
func sizeOf(o op.Size, x *graph.Value) *tensor.Tensor {
	axes := o.Axes
	if axes == nil {
		for i := range x.Rank() {
			axes = append(axes, i)
		}
	}
	n := 1
	for _, a := range axes {
		if x.Shape[a] == tensor.Unknown {
			return nil
		}
		n *= x.Shape[a]
	}
	switch o.DType {
	case tensor.Float32:
		return tensor.Scalar(float32(n))
	case tensor.Int32:
		return tensor.Scalar(int32(n))
	case tensor.Int64:
		return tensor.Scalar(int64(n))
	}
	return nil
}

// indexOf returns the result of op.Index, or nil if it is not known.
func indexOf(n *graph.Node) *tensor.Tensor {
	if v := n.Out[0]; v.Shape.Known() && v.DType == tensor.Float32 {
		t := tensor.New(tensor.Float32, v.Shape...)
		for i := range t.Float32s() {
			t.Float32s()[i] = float32(i)
		}
		return t
	}
	return nil
}
