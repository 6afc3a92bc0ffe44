package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// unfold divides a batch normalization whose result only element-wise ops read: its statistics stay a node, and the
// rest becomes element-wise ops, which the pass chains puts in the same passes over memory as their readers. So
// the normalized values are not kept. It does the same with ScaleShift.
func unfold(g *graph.Graph) error {
	c := newChainer(g)
	f := &fuser{rewrite: c.rewrite}
	for _, n := range g.Nodes {
		if len(n.Out) == 0 {
			continue
		}
		if readers, whole := c.readers(n.Out[0]); !whole || len(readers) == 0 {
			continue
		}
		at := func(fn op.BinaryFn, x, y *graph.Value) *graph.Value {
			m := f.node(op.Binary{Fn: fn}, n.Layer, x, y)
			f.before(n, m)
			return m.Out[0]
		}
		switch o := n.Op.(type) {
		case ScaleShift:
			if o != (ScaleShift{}) {
				continue
			}
			f.replace(n.Out[0], at(op.Add, at(op.Mul, n.In[0], n.In[1]), n.In[2]))
			f.remove(n)
		case op.BatchNorm:
			f.statistics(n, BatchNorm{BatchNorm: o}, func(bn BatchNorm) op.Op { return bn }, func(*graph.Node) *graph.Value { return n.In[0] }, at)
		case ConvBatchNorm:
			f.statistics(n, o.BatchNorm, func(bn BatchNorm) op.Op { return ConvBatchNorm{o.Conv2D, bn} },
				func(m *graph.Node) *graph.Value { return m.Out[3] }, at)
		}
		if f.err != nil {
			return f.err
		}
	}
	f.apply()
	return nil
}

// statistics replaces the batch normalization n by a node with its statistics and by element-wise ops. with returns the
// op for a BatchNorm, and x what is normalized.
func (f *fuser) statistics(n *graph.Node, o BatchNorm, with func(BatchNorm) op.Op, x func(m *graph.Node) *graph.Value,
	at func(fn op.BinaryFn, x, y *graph.Value) *graph.Value) {
	if o.Residual || o.ReLU || o.ReLU6 {
		return
	}
	in := n.In
	var beta *graph.Value
	if o.Center {
		beta, in = in[len(in)-1], slices.Clone(in[:len(in)-1])
		o.Center = false
	}
	o.Statistics = true
	m := f.node(with(o), n.Layer, in...)
	if f.err != nil {
		return
	}
	f.before(n, m)
	y := at(op.Mul, at(op.Sub, x(m), m.Out[1]), m.Out[0])
	if beta != nil {
		y = at(op.Add, y, beta)
	}
	f.replace(n.Out[0], y)
	for i := 1; i < len(n.Out); i++ {
		f.replace(n.Out[i], m.Out[i])
	}
	f.remove(n)
}
