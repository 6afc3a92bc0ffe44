package onnxgraph

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Opsets lists the versions of ONNX's operators that Write supports. The first is the default: it is the oldest that has
// LayerNormalization, and every runtime since 2022 supports it. The second has Gelu and Mish as single nodes.
var Opsets = []int{17, 21}

// irVersions has the file version that belongs to an opset, from onnx's table of versions.
var irVersions = map[int]int64{17: 8, 21: 10}

// WriteOptions configures Write.
type WriteOptions struct {
	Opset         int  // one of Opsets; 0 means the first
	ChannelsFirst bool // inputs of 4 dimensions are (batch, channels, height, width); otherwise they are as in the graph

	Name    string   // the graph's name
	Trim    string   // a path that is left out where the path of a layer or a variable begins with it
	Outputs []string // the outputs' names; nil means the graph's keys

	// Preprocessing is applied to the graph's only input, images of 4 dimensions. The model's input is then images of type uint8, of any
	// size if a step makes their size.
	Preprocessing preprocess.Steps

	Producer, ProducerVersion, Doc string
	Metadata                       map[string]string
}

// Write turns a graph for predictions into an ONNX model. The graph's inputs keep their names, and other values and nodes are named after
// the paths of the layers that made them. Unknown sizes get names: the first dimension is batch.
//
// lince's images are NHWC, and ONNX's convolutions need NCHW. Write tracks the order of dimensions in which each value is
// stored, and adds a Transpose only where an operator needs another order.
//
// The model's weights are the memory of the store's variables, not copies, except for filters, which ONNX stores in another order.
//
// The error lists every op that has no equivalent in ONNX, with its layer.
func Write(g *graph.Graph, s *graph.Store, o WriteOptions) (*onnx.Model, error) {
	if len(g.Outputs) == 0 {
		return nil, errors.New("the graph has no outputs")
	}
	if o.Opset == 0 {
		o.Opset = Opsets[0]
	}
	if !slices.Contains(Opsets, o.Opset) {
		return nil, fmt.Errorf("opset is %d, want one of %v", o.Opset, Opsets)
	}
	if o.Outputs == nil {
		for _, out := range g.Outputs {
			o.Outputs = append(o.Outputs, out.Key)
		}
	}
	o.Outputs = slices.Clone(o.Outputs)
	if len(o.Outputs) != len(g.Outputs) {
		return nil, fmt.Errorf("there are %d names for %d outputs", len(o.Outputs), len(g.Outputs))
	}
	if len(o.Preprocessing) > 0 && (len(g.Inputs) != 1 || g.Inputs[0].Rank() != 4) {
		return nil, fmt.Errorf("preprocessing makes images, but the model has %d inputs, the first of shape %v", len(g.Inputs), g.Inputs[0].Shape)
	}
	w := &writer{
		options: o, store: s,
		uses: map[*graph.Value]int{}, plans: map[*graph.Node]*plan{}, forms: map[*graph.Value][]form{}, rows: map[*graph.Value]form{}, slid: map[*graph.Value]bool{}, statics: map[*graph.Value]*static{},
		constants: map[string]*ref{}, shaped: map[shaped]*ref{}, taken: map[string]bool{}, dims: map[string]bool{},
	}
	w.plan(g)
	if err := errors.Join(w.errs...); err != nil {
		return nil, err
	}
	p := w.write(g)
	if err := errors.Join(w.errs...); err != nil {
		return nil, err
	}
	return &onnx.Model{ModelProto: p}, nil
}

// ref is a tensor of the ONNX graph. Its name may change until the graph is complete.
type ref struct {
	name string
	node bool // the result of a node
}

type nodeProto struct {
	*onnxpb.NodeProto
	in, out []*ref // in may contain nil for an optional operand that is absent
}

type writer struct {
	options WriteOptions
	store   *graph.Store
	errs    []error

	uses  map[*graph.Value]int  // by nodes that the outputs need
	slid  map[*graph.Value]bool // images over which windows slide
	plans map[*graph.Node]*plan // of the nodes that are written

	forms     map[*graph.Value][]form
	rows      map[*graph.Value]form // of images of one row, as sequences (batch, channels, width)
	statics   map[*graph.Value]*static
	constants map[string]*ref
	shaped    map[shaped]*ref
	layer     string // path of the layer whose nodes are being written
	taken     map[string]bool
	dims      map[string]bool

	nodes        []nodeProto
	initializers []*onnxpb.TensorProto
	weights      []*ref // of the initializers
}

// plan says how a node of the graph becomes nodes of ONNX. It may stand for several nodes of the graph, the last of which it belongs to.
type plan struct {
	in   []*graph.Value // the values that it needs
	emit func()
}

// rule returns the plan for a node, or nil if the rule does not apply to it.
type rule func(w *writer, n *graph.Node) *plan

// plan chooses a plan for each node that the outputs need.
func (w *writer) plan(g *graph.Graph) {
	needed := map[*graph.Node]bool{}
	for _, o := range g.Outputs {
		needed[o.Value.Node] = true
		w.uses[o.Value]++
	}
	last := len(g.Nodes) - 1
	for i := range g.Nodes {
		if n := g.Nodes[last-i]; needed[n] {
			for _, v := range n.In {
				w.uses[v]++
				needed[v.Node] = true
			}
			switch n.Op.(type) {
			case op.Conv2D, op.DepthwiseConv2D, op.Conv2DTranspose, op.MaxPool2D, op.AveragePool2D:
				w.slid[n.In[0]] = true
			}
		}
	}
	clear(needed)
	for _, o := range g.Outputs {
		needed[o.Value.Node] = true
	}
	reported := map[string]bool{}
	for i := range g.Nodes {
		n := g.Nodes[last-i]
		if !needed[n] {
			continue
		}
		p := w.planOf(n)
		if p == nil {
			if where := n.Layer + n.Op.Name(); !reported[where] {
				reported[where] = true
				w.errs = append(w.errs, &graph.Error{Where: n.Layer, Op: n.Op.Name(), Err: errors.New(refusal(n))})
			}
			p = &plan{in: n.In} // to find all such ops
		}
		w.plans[n] = p
		for _, v := range p.in {
			needed[v.Node] = true
		}
	}
	slices.Reverse(w.errs)
}

func (w *writer) planOf(n *graph.Node) *plan {
	if w.static(n.Out[0]) != nil {
		return &plan{emit: func() {}}
	}
	switch n.Op.(type) {
	case op.LayerNorm, op.TopK:
	default:
		if slices.ContainsFunc(n.Out[1:], func(v *graph.Value) bool { return w.uses[v] > 0 }) {
			return nil // argmax, and the statistics of a batch, which only gradients need
		}
	}
	for _, r := range rules[n.Op.Name()] {
		if p := r(w, n); p != nil {
			return p
		}
	}
	return nil
}

// errorf records an error of the current layer.
func (w *writer) errorf(format string, a ...any) {
	w.errs = append(w.errs, &graph.Error{Where: w.layer, Err: fmt.Errorf(format, a...)})
}

// write writes the nodes.
func (w *writer) write(g *graph.Graph) *onnxpb.ModelProto {
	p := &onnxpb.GraphProto{Name: proto.String(w.options.Name)}
	if w.options.Name == "" {
		p.Name = proto.String("lince")
	}
	for _, v := range g.Inputs {
		p.Input = append(p.Input, w.input(v))
	}
	for i, name := range w.options.Outputs {
		w.options.Outputs[i] = w.unique(name)
	}
	for _, n := range g.Nodes {
		if q := w.plans[n]; q != nil {
			w.layer = n.Layer
			q.emit()
		}
	}
	if w.errs != nil {
		return nil
	}
	for i, o := range g.Outputs {
		p.Output = append(p.Output, w.output(w.options.Outputs[i], o.Value))
	}
	for _, n := range w.nodes {
		for _, r := range n.in {
			name := ""
			if r != nil {
				name = r.name
			}
			n.Input = append(n.Input, name)
		}
		for _, r := range n.out {
			n.Output = append(n.Output, r.name)
		}
		p.Node = append(p.Node, n.NodeProto)
	}
	for i, t := range w.initializers {
		t.Name = proto.String(w.weights[i].name)
	}
	p.Initializer = w.initializers
	m := &onnxpb.ModelProto{
		IrVersion: proto.Int64(irVersions[w.options.Opset]), Graph: p,
		OpsetImport:  []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(int64(w.options.Opset))}},
		ProducerName: proto.String(w.options.Producer), ProducerVersion: proto.String(w.options.ProducerVersion),
	}
	if w.options.Doc != "" {
		m.DocString = proto.String(w.options.Doc)
	}
	for _, k := range slices.Sorted(maps.Keys(w.options.Metadata)) {
		m.MetadataProps = append(m.MetadataProps, &onnxpb.StringStringEntryProto{Key: proto.String(k), Value: proto.String(w.options.Metadata[k])})
	}
	return m
}

// input declares an input of the graph.
func (w *writer) input(v *graph.Value) *onnxpb.ValueInfoProto {
	key := v.Node.Op.(op.Input).Key
	f := form{perm: identity(v.Rank()), ref: &ref{name: w.unique(key)}}
	names := []string{"batch", "height", "width", "channels"}
	if v.Rank() != 4 {
		names = names[:1]
		for i := 1; i < v.Rank(); i++ {
			names = append(names, fmt.Sprintf("dim_%d", i))
		}
	}
	if w.options.ChannelsFirst && v.Rank() == 4 {
		f.perm = channelsFirst(4)
	}
	dtype, shape := v.DType, v.Shape
	if len(w.options.Preprocessing) > 0 {
		dtype, shape = tensor.Uint8, w.preprocessed(v, f)
	} else {
		w.forms[v] = []form{f}
	}
	for i, name := range names {
		if i > 0 && shape[i] == tensor.Unknown && w.dims[name] { // another input's
			names[i] = key + "_" + name
		}
		w.dims[names[i]] = true
	}
	return valueInfo(f.name, dtype, pick(shape, f.perm), pick(names, f.perm))
}

// output gives an output of the graph its name.
func (w *writer) output(name string, v *graph.Value) *onnxpb.ValueInfoProto {
	w.layer = v.Node.Layer
	r := w.get(v, identity(v.Rank()))
	if r.node {
		r.name, r.node = name, false
	} else { // an input, a weight, or another output
		out := &ref{name: name}
		w.nodes = append(w.nodes, nodeProto{&onnxpb.NodeProto{OpType: proto.String("Identity"), Name: proto.String(w.unique(w.named(w.layer, "Identity")))}, []*ref{r}, []*ref{out}})
	}
	names := make([]string, v.Rank())
	for i := range names {
		names[i] = fmt.Sprintf("%s_dim_%d", name, i)
		if i == 0 {
			names[i] = "batch"
		}
	}
	return valueInfo(name, v.DType, v.Shape, names)
}

func valueInfo(name string, dtype tensor.DType, s tensor.Shape, names []string) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for i, n := range s {
		d := &onnxpb.TensorShapeProto_Dimension{}
		if n == tensor.Unknown {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: names[i]}
		} else {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(n)}
		}
		shape.Dim = append(shape.Dim, d)
	}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(elementType(dtype)), Shape: shape},
	}}}
}

// elementTypes has ONNX's numbers of the types of elements.
var elementTypes = map[tensor.DType]onnxpb.TensorProto_DataType{
	tensor.Float32: onnxpb.TensorProto_FLOAT, tensor.Float64: onnxpb.TensorProto_DOUBLE, tensor.BFloat16: onnxpb.TensorProto_BFLOAT16,
	tensor.Int8: onnxpb.TensorProto_INT8, tensor.Int16: onnxpb.TensorProto_INT16, tensor.Int32: onnxpb.TensorProto_INT32,
	tensor.Int64: onnxpb.TensorProto_INT64, tensor.Uint8: onnxpb.TensorProto_UINT8, tensor.Bool: onnxpb.TensorProto_BOOL,
}

func elementType(d tensor.DType) int32 { return int32(elementTypes[d]) }

// unique returns name, with a number if another tensor or node has it already.
func (w *writer) unique(name string) string {
	at := name
	for i := 1; w.taken[at]; i++ {
		at = fmt.Sprintf("%s_%d", name, i)
	}
	w.taken[at] = true
	return at
}

// named returns the name of something of a layer.
func (w *writer) named(layer, name string) string {
	if layer = w.trimmed(layer); layer == "" {
		return name
	}
	if last := path.Base(layer); last == name || strings.HasPrefix(last, name+"_") { // the name of a node of a model that was read
		return layer
	}
	return layer + "/" + name
}

// trimmed returns the path of a layer or a variable without the beginning that is left out.
func (w *writer) trimmed(path string) string {
	if outer := w.options.Trim; outer != "" {
		return strings.TrimSuffix(strings.TrimPrefix(path+"/", outer+"/"), "/")
	}
	return path
}

// node adds a node of the current layer and returns its result. Its name, and that of the result, are the layer's path and the
// operator.
func (w *writer) node(operator string, in []*ref, attributes ...*onnxpb.AttributeProto) *ref {
	return w.nodeN(operator, 1, in, attributes...)[0]
}

func (w *writer) nodeN(operator string, results int, in []*ref, attributes ...*onnxpb.AttributeProto) []*ref {
	name := w.unique(w.named(w.layer, operator))
	out := make([]*ref, results)
	for i := range out {
		out[i] = &ref{name, true}
		if i > 0 {
			out[i].name = w.unique(fmt.Sprintf("%s:%d", name, i))
		}
	}
	w.nodes = append(w.nodes, nodeProto{
		&onnxpb.NodeProto{OpType: proto.String(operator), Name: proto.String(name), Attribute: slices.DeleteFunc(attributes, func(a *onnxpb.AttributeProto) bool { return a == nil })},
		in, out,
	})
	return out
}

func ints[T int | int64](name string, v ...T) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum()}
	for _, x := range v {
		a.Ints = append(a.Ints, int64(x))
	}
	return a
}

func integer(name string, v int) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(int64(v))}
}

func number(name string, v float64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: proto.Float32(float32(v))}
}

func text(name, v string) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_STRING.Enum(), S: []byte(v)}
}
