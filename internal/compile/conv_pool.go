package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// pooledConv is a convolution followed by a bias, a ReLU and a 2x2 max-pool. In training it also has
// the gradients of the pool and of the ReLU; in inference these are nil.
type pooledConv struct {
	conv, add, relu, pool *graph.Node
	poolGrad, reluGrad    *graph.Node
	bias                  *graph.Value
}

// convPool fuses a pooledConv and its gradients. The convolution's result, the ReLU's result and the
// gradients of both, which have the size before pooling, are then never in memory. The pooled values
// and one byte for each of them are stored instead.
func (f *fuser) convPool(conv *graph.Node) {
	p, ok := f.pooledConv(conv)
	if !ok {
		return
	}
	o := Conv2D{Window: conv.Op.(op.Conv2D).Window, Bias: true, ReLU: true, Pool: true}
	fused := f.node(o, conv.Layer, conv.In[0], conv.In[1], p.bias)
	f.before(p.pool, fused)
	f.replace(p.pool.Out[0], fused.Out[0])
	f.remove(conv, p.add, p.relu, p.pool)
	if p.poolGrad == nil {
		return
	}
	f.remove(p.poolGrad, p.reluGrad)
	f.pooledGradients(p.reluGrad, p.poolGrad.In[0], fused.Out[1])
}

// pooledConv finds the pattern that begins at conv.
func (f *fuser) pooledConv(conv *graph.Node) (p pooledConv, ok bool) {
	o, ok := conv.Op.(op.Conv2D)
	if !ok || o.Groups > 1 {
		return p, false
	}
	p.conv = conv
	if p.add, p.bias = f.bias(conv.Out[0]); p.add == nil {
		return p, false
	}
	p.relu = f.only(p.add.Out[0])
	if p.relu == nil || p.relu.Op.Name() != "ReLU" || f.output(p.relu.Out[0]) {
		return p, false
	}
	users := f.users[p.relu.Out[0]]
	for _, u := range users {
		switch u.Op.Name() {
		case "MaxPool2D":
			p.pool = u
		case "MaxPool2DGrad":
			p.poolGrad = u
		case "ReLUGrad":
			p.reluGrad = u
		default:
			return p, false
		}
	}
	if p.pool == nil || p.pool.Op != op.Op(pool2x2) || f.output(p.pool.Out[1]) {
		return p, false
	}
	for _, u := range f.users[p.pool.Out[1]] {
		if u != p.poolGrad {
			return p, false
		}
	}
	if p.poolGrad == nil {
		return p, len(users) == 1
	}
	return p, len(users) == 3 && f.pooledGradient(p)
}

// pooledGradient reports whether the gradients of p match each other, and whether all users of the
// ReLU's gradient can use the pooled gradient instead.
func (f *fuser) pooledGradient(p pooledConv) bool {
	pool, relu, poolGrad, reluGrad := p.pool.Out, p.relu.Out[0], p.poolGrad, p.reluGrad
	if reluGrad == nil || reluGrad.In[1] != relu || f.only(poolGrad.Out[0]) != reluGrad ||
		poolGrad.In[1] != pool[1] || poolGrad.In[2] != relu || f.output(reluGrad.Out[0]) {
		return false
	}
	filter, sum := false, false
	for _, u := range f.users[reluGrad.Out[0]] {
		switch u.Op.Name() {
		case "Conv2DGradInput":
		case "Conv2DGradFilter":
			filter = true
		case "SumLike":
			if sum = true; !u.Out[0].Shape.Equal(p.bias.Shape) {
				return false
			}
		default:
			return false
		}
	}
	return filter || !sum // one kernel computes the gradients of the filter and of the bias
}

// pooledGradients replaces the users of full, the gradient of full size, with ops that take the
// pooled gradient g and argmax.
func (f *fuser) pooledGradients(full *graph.Node, g, argmax *graph.Value) {
	var filter, sum *graph.Node
	for _, u := range f.users[full.Out[0]] {
		switch o := u.Op.(type) {
		case op.Conv2DGradInput:
			n := f.node(Conv2DGradInput{o.Window, true}, u.Layer, u.In[0], g, argmax, u.In[2])
			f.before(u, n)
			f.replace(u.Out[0], n.Out[0])
			f.remove(u)
		case op.Conv2DGradFilter:
			filter = u
		case op.SumLike:
			sum = u
		}
	}
	if filter == nil {
		return
	}
	o := filter.Op.(op.Conv2DGradFilter)
	n := f.node(Conv2DGradFilter{o.Window, sum != nil, true}, filter.Layer, filter.In[0], g, argmax, filter.In[2])
	if sum != nil {
		f.withBias(filter, sum, n)
		return
	}
	f.before(filter, n)
	f.replace(filter.Out[0], n.Out[0])
	f.remove(filter)
}
