// Package graphjson writes prediction graphs as JSON and reads them. Files of models that were made from a graph hold it.
//
// A graph is an object with a list of nodes in their order, the keys of the outputs, and a version. A node has the name of the
// op's Go type, its attributes by the names of the fields, and its operands as pairs of numbers: the operand's node and
// the index among its results. Variables are in the graph without their values.
package graphjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// version is the number of this form of graphs.
const version = 1

// ops lists the ops that a graph for predictions can have, except those that only gradients need.
var ops = []op.Op{
	op.Input{}, op.Variable{}, op.Const{},
	op.Unary{}, op.Binary{}, op.Select{}, op.Cast{}, op.StraightThrough{},
	op.Reshape{}, op.ReshapeLike{}, op.Transpose{}, op.BroadcastLike{}, op.SumLike{}, op.Size{}, op.OneHot{}, op.ExpandDims{}, op.Squeeze{},
	op.Pad{}, op.Concat{}, op.Slice{}, op.Gather{}, op.Scatter{}, op.TopK{}, op.Reduce{}, op.ArgMax{}, op.CumSum{}, op.SegmentSum{}, op.Iota{}, op.Index{},
	op.MatMul{}, op.BatchMatMul{}, op.Conv2D{}, op.DepthwiseConv2D{}, op.Conv2DTranspose{},
	op.MaxPool2D{}, op.AveragePool2D{}, op.AdaptiveMaxPool2D{},
	op.BatchNorm{}, op.LayerNorm{}, op.Softmax{}, op.SoftmaxCrossEntropy{}, op.Sparsemax{},
	op.Resize{}, op.ProjectiveTransform{}, op.MapCoordinates{}, op.Homography{}, op.EqualizeHistogram{}, op.LocalEqualization{},
}

// types maps the names of Go types to the types of ops.
func types() map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(ops))
	for _, o := range ops {
		t := reflect.TypeOf(o)
		m[t.Name()] = t
	}
	return m
}

type file struct {
	Version int      `json:"version"`
	Nodes   []node   `json:"nodes"`
	Outputs []output `json:"outputs"`
}

type node struct {
	Op         string         `json:"op"`
	Attributes map[string]any `json:"attributes,omitempty"`
	In         [][2]int       `json:"in,omitempty"`
	Layer      string         `json:"layer,omitempty"`
}

type output struct {
	Key   string `json:"key"`
	Value [2]int `json:"value"`
}

// Marshal returns the JSON of a graph. It fails if the graph has an op that only training needs.
func Marshal(g *graph.Graph) ([]byte, error) {
	known := types()
	f := file{Version: version}
	at := map[*graph.Node]int{}
	pair := func(v *graph.Value) [2]int { return [2]int{at[v.Node], v.Index} }
	for i, n := range g.Nodes {
		t := reflect.TypeOf(n.Op)
		if known[t.Name()] != t {
			return nil, fmt.Errorf("the op %s is not for predictions", n.Op.Name())
		}
		at[n] = i
		out := node{Op: t.Name(), Layer: n.Layer, Attributes: fields(reflect.ValueOf(n.Op))}
		for _, v := range n.In {
			out.In = append(out.In, pair(v))
		}
		f.Nodes = append(f.Nodes, out)
	}
	for _, o := range g.Outputs {
		f.Outputs = append(f.Outputs, output{o.Key, pair(o.Value)})
	}
	return json.Marshal(f)
}

// Unmarshal returns the graph of a JSON text. The text may come from an untrusted source: the types of all values are
// inferred and checked, and memory is in proportion to the text.
func Unmarshal(text []byte) (*graph.Graph, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if f.Version != version {
		return nil, fmt.Errorf("the graph has version %d, this version of lince reads version %d", f.Version, version)
	}
	known := types()
	g := &graph.Graph{}
	value := func(p [2]int) (*graph.Value, error) {
		if p[0] < 0 || p[0] >= len(g.Nodes) || p[1] < 0 || p[1] >= len(g.Nodes[p[0]].Out) {
			return nil, fmt.Errorf("there is no result %d of node %d before it", p[1], p[0])
		}
		return g.Nodes[p[0]].Out[p[1]], nil
	}
	for i, n := range f.Nodes {
		bad := func(err error) error { return fmt.Errorf("node %d (%.100s): %w", i, n.Op, err) }
		t := known[n.Op]
		if t == nil {
			return nil, bad(errors.New("unknown op"))
		}
		o := reflect.New(t).Elem()
		if err := setFields(o, n.Attributes); err != nil {
			return nil, bad(err)
		}
		in := make([]*graph.Value, len(n.In))
		for j, p := range n.In {
			var err error
			if in[j], err = value(p); err != nil {
				return nil, bad(err)
			}
		}
		of := o.Interface().(op.Op)
		if err := check(of); err != nil {
			return nil, bad(err)
		}
		m, err := graph.NewNode(of, n.Layer, in...)
		if err != nil {
			return nil, bad(err)
		}
		m.ID = len(g.Nodes)
		g.Nodes = append(g.Nodes, m)
		if _, ok := of.(op.Input); ok {
			g.Inputs = append(g.Inputs, m.Out[0])
		}
		for _, v := range m.Out {
			if n, err := v.Shape.CheckedElements(); v.Shape.Known() && (err != nil || n > maxElements) {
				return nil, bad(fmt.Errorf("the result has shape %v, which is too large", v.Shape))
			}
		}
	}
	for _, o := range f.Outputs {
		v, err := value(o.Value)
		if err != nil {
			return nil, fmt.Errorf("output %.100q: %w", o.Key, err)
		}
		g.Outputs = append(g.Outputs, graph.Output{Key: o.Key, Value: v})
	}
	return g, g.Verify()
}

const (
	// maxElements limits the size of a value, so that no product of sizes overflows.
	maxElements = 1 << 40
	// maxAttribute limits the numbers among the attributes of ops, except for shapes. Kernels make tables of their size.
	maxAttribute = 1 << 24
)

// check returns an error for attributes that an op's Infer does not check because a builder never makes them.
func check(o op.Op) error {
	switch o := o.(type) {
	case op.Const:
		if o.Value == nil {
			return errors.New("it has no value")
		}
	case op.Input:
		return checkType(o.Type)
	case op.Variable:
		return checkType(o.Type)
	case op.Cast:
		return checkType(op.Type{DType: o.To})
	case op.Size:
		return checkType(op.Type{DType: o.DType})
	case op.OneHot:
		return checkType(op.Type{DType: o.DType})
	}
	return nil
}

func checkType(t op.Type) error {
	if t.DType.Size() == 0 {
		return errors.New("it has no element type")
	}
	for _, d := range t.Shape {
		if d < -1 || d > maxElements {
			return fmt.Errorf("it has the shape %v", []int(t.Shape))
		}
	}
	return nil
}
