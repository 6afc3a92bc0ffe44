package lince

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// canonical returns a copy of a graph whose windows have the paddings of Keras' layers, where possible: explicit pads become Keras'
// "same" where they are equal, and otherwise a Pad before the window, or a Slice after a transposed convolution.
func canonical(g *graph.Graph) (*graph.Graph, error) {
	c := &canonizer{of: map[*graph.Value]*graph.Value{}}
	for _, n := range g.Nodes {
		in := make([]*graph.Value, len(n.In))
		for i, v := range n.In {
			in[i] = c.of[v]
		}
		out := c.node(n, in)
		if c.err != nil {
			return nil, c.err
		}
		for i, v := range n.Out {
			if i < len(out) {
				c.of[v] = out[i]
			}
		}
	}
	r := &graph.Graph{Nodes: c.nodes}
	for _, v := range g.Inputs {
		r.Inputs = append(r.Inputs, c.of[v])
	}
	for _, o := range g.Outputs {
		r.Outputs = append(r.Outputs, graph.Output{Key: o.Key, Value: c.of[o.Value]})
	}
	return r, nil
}

type canonizer struct {
	nodes []*graph.Node
	of    map[*graph.Value]*graph.Value // the new values
	err   error
}

// add adds a node and returns its results.
func (c *canonizer) add(o op.Op, layer string, in ...*graph.Value) []*graph.Value {
	n, err := graph.NewNode(o, layer, in...)
	if err != nil {
		c.err = err
		return nil
	}
	n.ID = len(c.nodes)
	c.nodes = append(c.nodes, n)
	return n.Out
}

// node adds what a node becomes.
func (c *canonizer) node(n *graph.Node, in []*graph.Value) []*graph.Value {
	switch o := n.Op.(type) {
	case op.Conv2D:
		w, x := c.padded(n, o.Window, in[0], true)
		return c.add(op.Conv2D{Window: w, Groups: o.Groups}, n.Layer, x, in[1])
	case op.DepthwiseConv2D:
		w, x := c.padded(n, o.Window, in[0], true)
		return c.add(op.DepthwiseConv2D{Window: w}, n.Layer, x, in[1])
	case op.MaxPool2D:
		// Zeros at the borders do not change a maximum of numbers that are at least 0.
		w, x := c.padded(n, o.Window, in[0], atLeastZero(in[0]))
		return c.add(op.MaxPool2D{Window: w}, n.Layer, x)
	case op.AveragePool2D:
		w, x := c.padded(n, o.Window, in[0], false)
		return c.add(op.AveragePool2D{Window: w}, n.Layer, x)
	case op.Conv2DTranspose:
		return c.transpose(n, o, in)
	}
	return c.add(n.Op, n.Layer, in...)
}

// padded replaces explicit pads of a window over x. If zeros is set, zeros may be added to x.
func (c *canonizer) padded(n *graph.Node, w op.Window, x *graph.Value, zeros bool) (op.Window, *graph.Value) {
	if w.Padding != op.Explicit {
		return w, x
	}
	plain := w
	plain.Padding, plain.Pads = op.Valid, [2][2]int{}
	if w.Pads == plain.Pads {
		return plain, x
	}
	same := plain
	same.Padding = op.Same
	if equalWindows(w, same, x.Shape) {
		return same, x
	}
	if !zeros || c.err != nil {
		return w, x
	}
	p := w.Pads
	y := c.add(op.Pad{Before: []int{0, p[0][0], p[1][0], 0}, After: []int{0, p[0][1], p[1][1], 0}}, n.Layer+"_pad", x)
	if c.err != nil {
		return w, x
	}
	return plain, y[0]
}

// equalWindows reports whether two windows over images of a shape are at the same places.
func equalWindows(a, b op.Window, x tensor.Shape) bool {
	for i := range 2 {
		d := x[1+i]
		if d == tensor.Unknown {
			if a.Stride[i] > 1 {
				return false
			}
			d = a.Span(i) // with stride 1, the pads do not depend on the size
		}
		if a.Out(i, d) != b.Out(i, d) || a.Before(i, d) != b.Before(i, d) {
			return false
		}
	}
	return true
}

// atLeastZero reports whether no element of a value is negative.
func atLeastZero(v *graph.Value) bool {
	switch o := v.Node.Op.(type) {
	case op.Unary:
		return slices.Contains([]op.UnaryFn{op.ReLU, op.ReLU6, op.Sigmoid, op.Abs, op.Square, op.Sqrt, op.Exp, op.Softplus}, o.Fn)
	case op.Softmax:
		return true
	case op.MaxPool2D, op.AveragePool2D, op.Concat:
		return !slices.ContainsFunc(v.Node.In, func(x *graph.Value) bool { return !atLeastZero(x) })
	}
	return false
}

// transpose replaces explicit pads of a transposed convolution.
func (c *canonizer) transpose(n *graph.Node, o op.Conv2DTranspose, in []*graph.Value) []*graph.Value {
	if o.Padding != op.Explicit {
		return c.add(o, n.Layer, in...)
	}
	plain := o
	plain.Padding, plain.Pads = op.Valid, [2][2]int{}
	same := plain
	same.Padding = op.Same
	equal := func(b op.Conv2DTranspose) bool {
		for i := range 2 {
			// The pads of a result do not depend on its size: each pixel adds a stride.
			if size := o.Stride[i] + o.Last[i]; o.Out(i, 2) != size || b.Before(i, size) != o.Pads[i][0] || b.Window.Out(i, size) != 2 {
				return false
			}
		}
		return true
	}
	if equal(same) {
		return c.add(same, n.Layer, in...)
	}
	crop := op.Slice{Begin: make([]int, 4), Size: []int{-1, -1, -1, -1}, End: make([]int, 4)}
	for i := range 2 {
		plain.Last[i] = max(o.Span(i), o.Stride[i])
		crop.Begin[1+i] = o.Pads[i][0]
		crop.End[1+i] = plain.Last[i] - o.Last[i] - o.Pads[i][0]
		if crop.End[1+i] < 0 {
			return c.add(o, n.Layer, in...)
		}
	}
	y := c.add(plain, n.Layer, in...)
	if c.err != nil {
		return nil
	}
	return c.add(crop, n.Layer+"_crop", y[0])
}
