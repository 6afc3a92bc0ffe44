package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// foldScale folds a scale and a shift for each channel, as batch normalization has at inference, into
// the weights and the bias of the convolution or matrix product before them:
//
//	(conv(x, w) + bias)*scale + shift = conv(x, w*scale) + (bias*scale + shift)
//
// The new weights depend on variables only, so they need not be computed in each run; see prepared.
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
	weights, y := n.In[1], n.Out[0]
	chain := []*graph.Node{n}
	last := func() *graph.Value { return chain[len(chain)-1].Out[0] }
	// next finds the op with this name that follows the chain, with one number for each channel, and
	// appends it.
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
	if scale == nil || f.origins()[weights] == ofRun {
		return
	}
	shift := next("Add")
	if f.origins()[weights] != ofFixed || f.origins()[scale] != ofFixed {
		// The weights change in each run, so they must be folded in each run. Fold only if that costs
		// less than a pass over the results.
		if 2*weights.Shape.Elements() > y.Shape.Elements() {
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
	if _, ok := n.Op.(op.DepthwiseConv2D); ok { // the output channels are the last two dimensions
		perChannel = put(op.Reshape{Shape: weights.Shape[2:]}, scale)
	}
	z := put(n.Op, n.In[0], put(op.Binary{Fn: op.Mul}, weights, perChannel))
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

// origins returns the origin of each value of the graph.
func (f *fuser) origins() map[*graph.Value]origin {
	if f.from == nil {
		f.from = origins(f.g)
	}
	return f.from
}
