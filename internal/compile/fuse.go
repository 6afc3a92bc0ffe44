package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// patterns lists the groups of ops that one kernel can run. Each function examines a node and, if the
// node is the first of its pattern, records a change of the graph. The patterns are tried in order. A
// node that is part of a change is not examined again.
var patterns = []struct {
	name  string
	match func(f *fuser, n *graph.Node)
}{
	{"zero padding + conv of any kind, and their gradients", (*fuser).padConv},
	{"zero padding of a relu's or relu6's result + max-pool", (*fuser).padPool},
	{"dense layer over the channels of images", (*fuser).denseConv},
	{"conv or matmul (+ bias) + scale (+ shift) of variables", (*fuser).foldScale},
	{"conv + bias + relu + 2x2 max-pool, and its gradient", (*fuser).convPool},
	{"conv (+ bias) (+ residual) (+ relu or relu6)", (*fuser).convEpilogue},
	{"conv filter gradient + bias gradient", (*fuser).convBiasGrad},
	{"depthwise conv (+ bias) (+ relu or relu6)", (*fuser).depthwiseBias},
	{"conv in groups (+ bias) (+ relu or relu6)", (*fuser).groupedBias},
	{"depthwise conv filter gradient + bias gradient", (*fuser).depthwiseBiasGrad},
	{"matmul + bias (+ relu)", (*fuser).matmulBias},
	{"matmul + optimizer's update", (*fuser).matmulUpdate},
	{"relu or relu6 gradient + batch norm gradient", (*fuser).batchNormGrad},
	{"batch norm (+ residual) (+ relu or relu6)", (*fuser).batchNorm},
	{"conv (+ bias) + batch norm (+ residual) (+ relu or relu6)", (*fuser).convBatchNorm},
	{"scale + shift (+ residual) (+ relu or relu6)", (*fuser).scaleShift},
	{"transposed conv (+ bias) (+ relu or relu6)", (*fuser).transposeBias},
}

// Patterns lists the names of the patterns, for the tests that compare each with the ops that it
// replaces.
func Patterns() []string {
	var names []string
	for _, p := range patterns {
		names = append(names, p.name)
	}
	return names
}

type fuser struct {
	*rewrite
	from map[*graph.Value]origin // see origins
	err  error
}

func fuse(g *graph.Graph) error {
	for _, p := range patterns {
		f := &fuser{rewrite: newRewrite(g)}
		for _, n := range g.Nodes {
			if !f.drop[n] && (len(n.Out) == 0 || n.Out[0].DType == tensor.Float32) { // fused kernels take float32 only
				p.match(f, n)
			}
			if f.err != nil {
				return f.err
			}
		}
		f.apply()
	}
	return nil
}

// node makes a node; an error is kept in f.err.
func (f *fuser) node(o op.Op, layer string, in ...*graph.Value) *graph.Node {
	n, err := graph.NewNode(o, layer, in...)
	if err != nil {
		f.err = err
		return &graph.Node{Out: []*graph.Value{{}, {}, {}, {}}}
	}
	return n
}

// bias finds the addition of a bias, one number for each channel, to y, if that is y's only use.
func (f *fuser) bias(y *graph.Value) (add *graph.Node, bias *graph.Value) { return f.row(y, "Add") }

// row finds the op with this name on y and a row (channels), if that is y's only use.
func (f *fuser) row(y *graph.Value, name string) (n *graph.Node, row *graph.Value) {
	n = f.only(y)
	if n == nil || n.Op.Name() != name {
		return nil, nil
	}
	row = n.In[1]
	if row == y {
		row = n.In[0]
	}
	if row.Rank() != 1 || row.Shape[0] != y.Shape[y.Rank()-1] {
		return nil, nil
	}
	return n, row
}

// convEpilogue fuses a convolution with a bias, a residual and a ReLU, which are applied while the
// results are in registers.
func (f *fuser) convEpilogue(conv *graph.Node) {
	o, ok := conv.Op.(op.Conv2D)
	if !ok || o.Groups > 1 {
		return
	}
	f.fuseEpilogue(conv, true, func(e epilogue) op.Op {
		return Conv2D{Window: o.Window, Bias: e.bias, Residual: e.residual, ReLU: e.relu, ReLU6: e.relu6}
	})
}

// epilogue has a flag for each op that follows a convolution. The ops are in this order.
type epilogue struct{ bias, residual, relu, relu6 bool }

// fuseEpilogue replaces a convolution and the ops that follow it, if there are any, with one fused
// op. If residuals is set, these ops may include the addition of a residual.
func (f *fuser) fuseEpilogue(conv *graph.Node, residuals bool, fused func(e epilogue) op.Op) {
	var e epilogue
	chain, in := []*graph.Node{conv}, slices.Clone(conv.In)
	last := func() *graph.Value { return chain[len(chain)-1].Out[0] }
	if add, bias := f.bias(last()); add != nil {
		e.bias = true
		chain, in = append(chain, add), append(in, bias)
	}
	nodes, residual := f.following(last(), residuals, &e)
	chain = append(chain, nodes...)
	if e.residual {
		in = append(in, residual)
	}
	if len(chain) == 1 {
		return
	}
	n := f.node(fused(e), conv.Layer, in...)
	f.before(chain[len(chain)-1], n)
	f.replace(last(), n.Out[0])
	f.remove(chain...)
}

// following finds the chain of ops that follows v: the addition of a residual, if residuals is set,
// then a ReLU or ReLU6. It records in e which of these ops it found.
func (f *fuser) following(v *graph.Value, residuals bool, e *epilogue) (chain []*graph.Node, residual *graph.Value) {
	if residuals {
		if add, other := f.residual(v); add != nil {
			chain, residual = append(chain, add), other
			e.residual = true
			v = add.Out[0]
		}
	}
	if r := f.only(v); r != nil {
		e.relu, e.relu6 = r.Op.Name() == "ReLU", r.Op.Name() == "ReLU6"
		if e.relu || e.relu6 {
			chain = append(chain, r)
		}
	}
	return chain, residual
}

// residual finds the addition of a value of y's shape to y, if that is y's only use.
func (f *fuser) residual(y *graph.Value) (add *graph.Node, other *graph.Value) {
	add = f.only(y)
	if add == nil || add.Op.Name() != "Add" || f.drop[add] {
		return nil, nil
	}
	other = add.In[1]
	if other == y {
		other = add.In[0]
	}
	if other == y || !other.Shape.Equal(y.Shape) {
		return nil, nil
	}
	return add, other
}

// convBiasGrad fuses the gradients of a filter and of a bias: both read the gradient of the
// convolution's result.
func (f *fuser) convBiasGrad(filter *graph.Node) {
	o, ok := filter.Op.(op.Conv2DGradFilter)
	if !ok || o.Groups > 1 {
		return
	}
	if sum := f.biasGradient(filter, filter.In[2].Shape[3]); sum != nil {
		f.withBias(filter, sum, f.node(Conv2DGradFilter{o.Window, true, false}, filter.Layer, filter.In...))
	}
}

// biasGradient finds the gradient of a bias of the given number of channels: a sum over the gradient
// from which the node filter computes the gradient of a filter.
func (f *fuser) biasGradient(filter *graph.Node, channels int) *graph.Node {
	for _, sum := range f.users[filter.In[1]] {
		if sum.Op.Name() == "SumLike" && sum.In[0] == filter.In[1] && sum.Out[0].Rank() == 1 && sum.Out[0].Shape[0] == channels && !f.drop[sum] {
			return sum
		}
	}
	return nil
}

// withBias replaces the nodes of a filter's and a bias' gradient, filter and sum, with n.
func (f *fuser) withBias(filter, sum, n *graph.Node) {
	at := filter
	if sum.ID < at.ID {
		at = sum
	}
	f.before(at, n)
	f.replace(filter.Out[0], n.Out[0])
	f.replace(sum.Out[0], n.Out[1])
	f.remove(filter, sum)
}

// matmulBias fuses a matrix product with a bias and a ReLU.
func (f *fuser) matmulBias(m *graph.Node) {
	o, ok := m.Op.(op.MatMul)
	if !ok {
		return
	}
	add, bias := f.bias(m.Out[0])
	if add == nil {
		return
	}
	last, relu := add, false
	if r := f.only(add.Out[0]); r != nil && r.Op.Name() == "ReLU" {
		last, relu = r, true
	}
	n := f.node(MatMul{o, true, relu}, m.Layer, m.In[0], m.In[1], bias)
	f.before(last, n)
	f.replace(last.Out[0], n.Out[0])
	f.remove(m, add, last) // last may be add
}
