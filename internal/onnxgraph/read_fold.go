package onnxgraph

import (
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

// fold computes the results of a node whose operands are all constants, and reports whether it could. The operator builds a small
// graph, and the interpreter runs it. A graph that is too large stays part of the model.
func (n *node) fold() bool {
	weight := false
	for _, x := range n.operands {
		if x != nil && x.t == nil {
			return false
		}
		weight = weight || x != nil && x.weight
	}
	if len(n.operands) == 0 || n.row.control {
		return false
	}
	m := *n
	m.folding = true
	m.b = graph.NewBuilder(graph.NewStore(), false)
	m.b.Limit(maxOps)
	m.operands, m.results = make([]*value, len(n.operands)), nil
	for i, x := range n.operands {
		if x != nil {
			m.operands[i] = constant(x.name, x.t)
		}
	}
	m.row.build(&m)
	var out []graph.Output
	for i, x := range m.results {
		if x != nil && !x.bad && x.t == nil && n.wants(i) {
			out = append(out, graph.Output{Key: strconv.Itoa(i), Value: m.get(m.b, x, plain(x.rank()))})
		}
	}
	g, err := m.b.Finish(out...)
	if err != nil || !n.affords(g) {
		return false // the node is built again, as part of the model, and reports its mistakes then
	}
	arrays, err := interp.Interpreter{}.Evaluate(g, nil, nil, nil)
	if err != nil {
		return false
	}
	for i, o := range out {
		j, _ := strconv.Atoi(o.Key)
		x := m.results[j]
		m.results[j] = constant("", fromFloats(arrays[i].V, x.dtype, arrays[i].Shape))
	}
	for i, x := range m.results {
		if x == nil || !n.wants(i) {
			continue
		}
		x.weight, x.path = weight && x.dtype.IsFloat(), n.path+n.pb.Output[i]
		for _, o := range n.operands {
			if o != nil && o.t == x.t { // as with Identity
				x.weight, x.path = o.weight, o.path
			}
		}
	}
	n.results = m.results
	return true
}

// affords reports whether a graph of constants may be computed while reading: the elements of all values count, and
// the products of a sum.
func (n *node) affords(g *graph.Graph) bool {
	cost := 0.0
	for _, node := range g.Nodes {
		for _, v := range node.Out {
			if !v.Shape.Known() {
				return false
			}
			c := 1.0
			for _, d := range v.Shape {
				c *= float64(d)
			}
			switch node.Op.Name() {
			case "Const", "Reshape":
				continue
			case "MatMul", "BatchMatMul", "Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Resize", "MaxPool2D", "AveragePool2D", "BroadcastLike", "SumLike":
				for _, in := range node.In {
					c *= float64(max(1, in.Shape.Elements()))
				}
			case "ReduceSum", "ReduceMax", "ArgMax":
				c += float64(node.In[0].Shape.Elements())
			}
			cost += c
		}
	}
	if cost > float64(n.work) {
		return false
	}
	n.work -= int(cost)
	return true
}

// fromFloats returns numbers as a tensor.
func fromFloats(x []float64, dtype tensor.DType, shape tensor.Shape) *tensor.Tensor {
	t := tensor.New(dtype, shape...)
	switch dtype {
	case tensor.Float32:
		convert[float32](t, x)
	case tensor.Float64:
		convert[float64](t, x)
	case tensor.Int8:
		convert[int8](t, x)
	case tensor.Int16:
		convert[int16](t, x)
	case tensor.Int32:
		convert[int32](t, x)
	case tensor.Int64:
		for i, v := range x {
			tensor.Values[int64](t)[i] = int64(toInt(v))
		}
	case tensor.Uint8:
		convert[uint8](t, x)
	case tensor.Bool:
		for i, v := range x {
			tensor.Values[bool](t)[i] = v != 0
		}
	}
	return t
}

func convert[T float32 | float64 | int8 | int16 | int32 | uint8](t *tensor.Tensor, x []float64) {
	for i, v := range x {
		tensor.Values[T](t)[i] = T(v)
	}
}
