package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// foldScale: a convolution or product whose results are scaled and shifted by a number for each
// channel, as batch normalization does in prediction, is one with other weights:
//
//	(conv(x, w) + bias)*scale + shift = conv(x, w*scale) + (bias*scale + shift)
//
// The weights are computed from variables alone; see prepared.
func (f *fuser) foldScale(n *graph.Node) {
	switch o := n.Op.(type) {
	case op.Conv2D, op.DepthwiseConv2D:
	case op.MatMul:
		if o.TransposeB {
			return
		}
	default:
		return
	}
	kernel, y := n.In[1], n.Out[0]
	chain := []*graph.Node{n}
	last := func() *graph.Value { return chain[len(chain)-1].Out[0] }
	// next takes the op of this name that alone follows, with a number for each channel.
	next := func(name string) *graph.Value {
		add, row := f.row(last(), name)
		if add == nil || f.origins()[row] == ofRun {
			return nil
		}
		chain = append(chain, add)
		return row
	}
	bias := next("Add")
	scale := next("Mul")
	if scale == nil || f.origins()[kernel] == ofRun {
		return
	}
	shift := next("Add")
	if f.origins()[kernel] != ofFixed || f.origins()[scale] != ofFixed {
		// The weights change in each run: is it less work than the pass over the results?
		if 2*kernel.Shape.Elements() > y.Shape.Elements() {
			return
		}
	}
	at := chain[len(chain)-1]
	put := func(o op.Op, in ...*graph.Value) *graph.Value {
		m := f.node(o, n.Layer, in...)
		f.before(at, m)
		return m.Out[0]
	}
	perChannel := scale
	if _, ok := n.Op.(op.DepthwiseConv2D); ok { // channels are the kernel's last two dimensions
		perChannel = put(op.Reshape{Shape: kernel.Shape[2:]}, scale)
	}
	z := put(n.Op, n.In[0], put(op.Binary{Fn: op.Mul}, kernel, perChannel))
	switch {
	case bias != nil && shift != nil:
		z = put(op.Binary{Fn: op.Add}, z, put(op.Binary{Fn: op.Add}, put(op.Binary{Fn: op.Mul}, bias, scale), shift))
	case bias != nil:
		z = put(op.Binary{Fn: op.Add}, z, put(op.Binary{Fn: op.Mul}, bias, scale))
	case shift != nil:
		z = put(op.Binary{Fn: op.Add}, z, shift)
	}
	f.replace(at.Out[0], z)
	f.remove(chain...)
}

// origins is what each value of the graph is computed from.
func (f *fuser) origins() map[*graph.Value]origin {
	if f.from == nil {
		f.from = origins(f.g)
	}
	return f.from
}
