package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// patterns are the shapes of graph that one kernel does: each looks at a node and, where
// it begins its pattern, notes the change. They are tried in order; a node
// that is part of a change is not looked at again.
var patterns = []struct {
	name  string
	match func(f *fuser, n *graph.Node)
}{
	{"zero padding + conv of any kind, and their gradients", (*fuser).padConv},
	{"conv or matmul (+ bias) + scale (+ shift) of variables", (*fuser).foldScale},
	{"conv + bias + relu + 2x2 max-pool, and its gradient", (*fuser).convPool},
	{"conv (+ bias) (+ residual) (+ relu or relu6)", (*fuser).convEpilogue},
	{"conv backward filter + bias gradient", (*fuser).convBiasGrad},
	{"depthwise conv (+ bias) (+ relu or relu6)", (*fuser).depthwiseBias},
	{"conv in groups (+ bias) (+ relu or relu6)", (*fuser).groupedBias},
	{"depthwise conv backward filter + bias gradient", (*fuser).depthwiseBiasGrad},
	{"matmul + bias (+ relu)", (*fuser).matmulBias},
	{"matmul + optimizer's update", (*fuser).matmulUpdate},
	{"relu or relu6 gradient + batch norm gradient", (*fuser).batchNormGrad},
	{"batch norm (+ residual) (+ relu or relu6)", (*fuser).batchNorm},
	{"conv (+ bias) + batch norm (+ residual) (+ relu or relu6)", (*fuser).convBatchNorm},
	{"scale + shift (+ residual) (+ relu or relu6)", (*fuser).scaleShift},
}

// Patterns names the patterns, for the tests that hold each against what it takes the place of.
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
			if !f.drop[n] {
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

func (f *fuser) node(o op.Op, layer string, in ...*graph.Value) *graph.Node {
	n, err := graph.NewNode(o, layer, in...)
	if err != nil {
		f.err = err
		return &graph.Node{Out: []*graph.Value{{}, {}, {}, {}}}
	}
	return n
}

// bias finds what follows y: its addition to a row of a number for each channel.
func (f *fuser) bias(y *graph.Value) (add *graph.Node, bias *graph.Value) { return f.row(y, "Add") }

// row finds the op of this name, if that is all that uses y, of y and a row of a number for each
// channel.
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

// convPool: the convolution's own result, its ReLU and the gradient of that, all of full
// size, are never kept; pooled values and a byte for each are enough.
func (f *fuser) convPool(conv *graph.Node) {
	o, ok := conv.Op.(op.Conv2D)
	if !ok || o.Groups > 1 {
		return
	}
	add, bias := f.bias(conv.Out[0])
	if add == nil {
		return
	}
	relu := f.only(add.Out[0])
	if relu == nil || relu.Op.Name() != "ReLU" || f.output(relu.Out[0]) {
		return
	}
	// Users of the ReLU: the pool, and in training the two gradients.
	var pool, poolGrad, reluGrad *graph.Node
	for _, u := range f.users[relu.Out[0]] {
		switch u.Op.Name() {
		case "MaxPool2D":
			pool = u
		case "MaxPool2DGrad":
			poolGrad = u
		case "ReLUGrad":
			reluGrad = u
		default:
			return
		}
	}
	if pool == nil || pool.Op != op.Op(pool2x2) || f.output(pool.Out[1]) {
		return
	}
	want := 1
	if poolGrad != nil {
		want = 3
		if reluGrad == nil || reluGrad.In[1] != relu.Out[0] || f.only(poolGrad.Out[0]) != reluGrad ||
			poolGrad.In[1] != pool.Out[1] || poolGrad.In[2] != relu.Out[0] || f.output(reluGrad.Out[0]) {
			return
		}
		filter, sum := false, false
		for _, u := range f.users[reluGrad.Out[0]] {
			switch u.Op.Name() {
			case "Conv2DGradInput":
			case "Conv2DGradFilter":
				filter = true
			case "SumLike":
				if sum = true; !u.Out[0].Shape.Equal(bias.Shape) {
					return
				}
			default:
				return
			}
		}
		if sum && !filter { // the bias' gradient comes with the kernel's
			return
		}
	}
	if len(f.users[relu.Out[0]]) != want {
		return
	}
	for _, u := range f.users[pool.Out[1]] {
		if u != poolGrad {
			return
		}
	}

	fused := f.node(Conv2D{Window: o.Window, Bias: true, ReLU: true, Pool: true}, conv.Layer, conv.In[0], conv.In[1], bias)
	f.before(pool, fused)
	f.replace(pool.Out[0], fused.Out[0])
	f.remove(conv, add, relu, pool)
	if poolGrad == nil {
		return
	}
	f.remove(poolGrad, reluGrad)
	f.pooledGradients(reluGrad, poolGrad.In[0], fused.Out[1])
}

// pooledGradients puts ops that take the pooled gradient g and the positions in place of
// those that take the gradient of full size.
func (f *fuser) pooledGradients(full *graph.Node, g, positions *graph.Value) {
	var filter, sum *graph.Node
	for _, u := range f.users[full.Out[0]] {
		switch o := u.Op.(type) {
		case op.Conv2DGradInput:
			n := f.node(Conv2DGradInput{o.Window, true}, u.Layer, u.In[0], g, positions, u.In[2])
			f.before(u, n)
			f.replace(u.Out[0], n.Out[0])
		case op.Conv2DGradFilter:
			filter = u
		case op.SumLike:
			sum = u
		}
		f.remove(u)
	}
	if filter == nil {
		return
	}
	o := filter.Op.(op.Conv2DGradFilter)
	n := f.node(Conv2DGradFilter{o.Window, sum != nil, true}, filter.Layer, filter.In[0], g, positions, filter.In[2])
	at := filter
	if sum != nil {
		if sum.ID < at.ID {
			at = sum
		}
		f.replace(sum.Out[0], n.Out[1])
	}
	f.before(at, n)
	f.replace(filter.Out[0], n.Out[0])
}

// convEpilogue: the bias, what a residual network adds and the ReLU are done while results are
// in registers.
func (f *fuser) convEpilogue(conv *graph.Node) {
	o, ok := conv.Op.(op.Conv2D)
	if !ok || o.Groups > 1 {
		return
	}
	f.fuseEpilogue(conv, true, func(e epilogue) op.Op {
		return Conv2D{Window: o.Window, Bias: e.bias, Add: e.residual, ReLU: e.relu, ReLU6: e.relu6}
	})
}

// epilogue is what follows a convolution, in this order.
type epilogue struct{ bias, residual, relu, relu6 bool }

// fuseEpilogue puts a fused op in place of a convolution and what follows it, if anything does.
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

// following is what follows v, one after the other: the addition of a residual where residuals says
// so, a ReLU or ReLU6. It is noted in e.
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

// residual finds the addition of something of y's shape to y, if that is all that uses y.
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

// relu finds the ReLU that alone uses add; without one, add itself is the last node.
func (f *fuser) relu(add *graph.Node) (last *graph.Node, relu bool) {
	if r := f.only(add.Out[0]); r != nil && r.Op.Name() == "ReLU" {
		return r, true
	}
	return add, false
}

// convBiasGrad: the bias' gradient is the sum of what the kernel's gradient reads anyway.
func (f *fuser) convBiasGrad(filter *graph.Node) {
	o, ok := filter.Op.(op.Conv2DGradFilter)
	if !ok || o.Groups > 1 {
		return
	}
	if sum := f.biasGradient(filter, filter.In[2].Shape[3]); sum != nil {
		f.withBias(filter, sum, f.node(Conv2DGradFilter{o.Window, true, false}, filter.Layer, filter.In...))
	}
}

// biasGradient finds the sum over the rows of the gradient, of so many channels, that a
// kernel's gradient reads.
func (f *fuser) biasGradient(filter *graph.Node, channels int) *graph.Node {
	for _, sum := range f.users[filter.In[1]] {
		if sum.Op.Name() == "SumLike" && sum.In[0] == filter.In[1] && sum.Out[0].Rank() == 1 && sum.Out[0].Shape[0] == channels && !f.drop[sum] {
			return sum
		}
	}
	return nil
}

// withBias puts n in place of a kernel's gradient and that of the bias.
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

// matmulBias is convEpilogue for a product of matrices.
func (f *fuser) matmulBias(m *graph.Node) {
	o, ok := m.Op.(op.MatMul)
	if !ok {
		return
	}
	add, bias := f.bias(m.Out[0])
	if add == nil {
		return
	}
	last, relu := f.relu(add)
	n := f.node(MatMul{o, true, relu}, m.Layer, m.In[0], m.In[1], bias)
	f.before(last, n)
	f.replace(last.Out[0], n.Out[0])
	f.remove(m, add, last)
}
