package onnxgraph

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Limits on what a file may ask for.
const (
	maxDepth    = 16      // of graphs and functions inside others
	maxElements = 1 << 31 // of a value of known shape
	maxRank     = 12

	maxPorts = 4096 // inputs and outputs together

	// A graph needs some 2.5 kB for each op, whose node may have 20 bytes in the file. The networks of practice have a few
	// thousand ops. A larger file may have one more op for each of so many bytes.
	maxOps    = 20_000
	bytesOfOp = 1024
	// A node that makes one op of its operands counts as one more for each of so many. In a DenseNet whose layers join the results of all layers before, 250 layers have 31,000 operands.
	operandsOfOp = 32
	maxOfPaths   = 8 << 20 // bytes of the paths of all nodes: a function's name stands before the names of its nodes
)

// reader reads one model.
type reader struct {
	model     *onnx.Model
	o         ReadOptions
	opsets    map[string]int
	functions map[string]*onnxpb.FunctionProto
	table     map[string]operator

	b          *graph.Builder
	store      *graph.Store
	variables  map[string]stored
	symbols    map[string]*symbol // by the names of dimensions
	free       *symbol            // the batch, where it replaces a size in the file; else nil
	batch      int                // that size
	notes      []string
	errs       []error
	needs      []string          // inputs whose values are needed
	unsignedOf map[string]string // see unsigned
	work       int               // elements that may still be computed while reading
	nodes      int               // nodes that may still be read: functions may call functions
	paths      int               // bytes that the paths of these may have
	over       bool              // one of these limits is exceeded: no more nodes are read
}

func newReader(m *onnx.Model, o ReadOptions) (*reader, error) {
	r := &reader{
		model: m, o: o, opsets: map[string]int{}, functions: map[string]*onnxpb.FunctionProto{}, table: operators,
		store: graph.NewStore(), variables: map[string]stored{}, symbols: map[string]*symbol{},
	}
	r.b = graph.NewBuilder(r.store, false)
	var err error
	if r.opsets, err = opsets(m.OpsetImport); err != nil {
		return nil, err
	}
	if _, ok := r.opsets[""]; !ok {
		r.opsets[""] = 1 // before opsets, IR version 2
	}
	if v := r.opsets[""]; v < oldestOpset || v > newestOpset {
		return nil, fmt.Errorf("onnx: the model has opset %d, lince reads opsets %d to %d; convert it with onnx.version_converter.convert_version(model, 17) in Python", v, oldestOpset, newestOpset)
	}
	elements := 0
	for _, t := range m.Graph.Initializer {
		if n, err := shapeOfProto(t.Dims).CheckedElements(); err == nil {
			elements += min(n, len(t.RawData)+len(t.FloatData)+len(t.Int32Data)+len(t.Int64Data))
		}
	}
	if len(inputNames(m))+len(m.Graph.Output) > maxPorts {
		return nil, fmt.Errorf("onnx: the model has more than %d inputs and outputs", maxPorts)
	}
	most := maxOps + int(m.Size/bytesOfOp)
	r.b.Limit(most)
	r.work, r.nodes, r.paths = 1<<21+4*elements, most, maxOfPaths
	for _, f := range m.Functions {
		r.functions[opKey(f.GetDomain(), f.GetName())] = f
	}
	return r, nil
}

// charge counts nodes, and the bytes of a path, against what may be read. It reports whether that is left, and records a mistake if not.
func (r *reader) charge(label string, nodes, path int) bool {
	if r.over {
		return false
	}
	r.nodes -= nodes
	r.paths -= path
	switch r.over = true; {
	case r.nodes < 0:
		r.errs = append(r.errs, fmt.Errorf("%s: the model has too many nodes for its size (those of functions and loops count each time, and operands beyond eight count as nodes, except those of Concat)", label))
	case r.paths < 0:
		r.errs = append(r.errs, fmt.Errorf("%s: the names of the nodes need too much memory", label))
	default:
		r.over = false
	}
	return !r.over
}

func opsets(list []*onnxpb.OperatorSetIdProto) (map[string]int, error) {
	of := map[string]int{}
	for _, o := range list {
		if v := o.GetVersion(); v < 1 || v > 1<<20 {
			return nil, fmt.Errorf("onnx: version %d of the opset %q", v, o.GetDomain())
		}
		of[domainName(o.GetDomain())] = int(o.GetVersion())
	}
	return of, nil
}

// domainName returns the name of a domainName of ops; ai.onnx, the standard, is "".
func domainName(name string) string {
	if name == "ai.onnx" {
		return ""
	}
	return name
}

// opKey is an op's key in the table: its name, and before it the domain if it is not ai.onnx.
func opKey(of, name string) string {
	if of = domainName(of); of != "" {
		return of + "." + name
	}
	return name
}

func shapeOfProto(dims []int64) tensor.Shape {
	s := make(tensor.Shape, len(dims))
	for i, d := range dims {
		s[i] = int(d)
	}
	return s
}

// scope is a graph, the graph of an attribute, or a function while it is read: the values by name.
type scope struct {
	*reader
	outer     *scope                            // for the graph of an attribute: it also uses the values of outer
	call      map[string]*onnxpb.AttributeProto // for a function: the attributes of the node that calls it
	path      string                            // prefix of names of nodes
	opsets    map[string]int
	depth     int
	values    map[string]*value
	protos    map[string]*onnxpb.TensorProto // initializers that are not read yet
	uses      map[string]int                 // how often a value will still be used
	producers map[string]*onnxpb.NodeProto
}

func (r *reader) newScope(outer *scope, nodes []*onnxpb.NodeProto, outputs []string) (*scope, []*onnxpb.NodeProto) {
	s := &scope{
		reader: r, outer: outer, opsets: r.opsets, values: map[string]*value{}, protos: map[string]*onnxpb.TensorProto{},
		uses: map[string]int{}, producers: map[string]*onnxpb.NodeProto{},
	}
	if outer != nil {
		s.depth, s.opsets, s.call = outer.depth+1, outer.opsets, outer.call
	}
	// Only nodes that the outputs need are read: models carry remains of training.
	for _, o := range outputs {
		s.uses[o]++
	}
	var needed []*onnxpb.NodeProto
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if !slices.ContainsFunc(n.Output, func(o string) bool { return o != "" && s.uses[o] > 0 }) {
			continue
		}
		needed = append(needed, n)
		for _, i := range n.Input {
			s.uses[i]++
		}
		for _, a := range n.Attribute {
			for _, g := range slices.Concat(a.Graphs, []*onnxpb.GraphProto{a.G}) {
				s.useInside(g, 0)
			}
		}
		for _, o := range n.Output {
			s.producers[o] = n
		}
	}
	slices.Reverse(needed)
	return s, needed
}

// useInside marks the values that the graph of an attribute uses. They are kept.
func (s *scope) useInside(g *onnxpb.GraphProto, depth int) {
	if g == nil || depth > maxDepth {
		return
	}
	for _, o := range g.Output {
		s.uses[o.GetName()] += 2
	}
	for _, n := range g.Node {
		for _, i := range n.Input {
			s.uses[i] += 2
		}
		for _, a := range n.Attribute {
			for _, g := range slices.Concat(a.Graphs, []*onnxpb.GraphProto{a.G}) {
				s.useInside(g, depth+1)
			}
		}
	}
}

// missing collects the ops of nodes that are not in the table.
func (s *scope) missing(nodes []*onnxpb.NodeProto) error {
	type unknown struct {
		count int
		first string
	}
	found := map[string]*unknown{}
	for _, n := range nodes {
		key := opKey(n.GetDomain(), n.GetOpType())
		if _, ok := s.table[key]; ok || s.functions[key] != nil {
			continue
		}
		if found[key] == nil {
			found[key] = &unknown{first: nameOf(n)}
		}
		found[key].count++
	}
	if len(found) == 0 {
		return nil
	}
	var list []string
	for key, u := range found {
		times := "once"
		if u.count > 1 {
			times = fmt.Sprintf("%d times", u.count)
		}
		if strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }) {
			key = strconv.Quote(key) // nothing that controls a terminal
		}
		list = append(list, fmt.Sprintf("%s (%s, first in node %q)", key, times, u.first))
	}
	slices.Sort(list)
	if more := len(list) - maxMistakes; more > 0 {
		list = append(list[:maxMistakes], fmt.Sprintf("and %d more", more))
	}
	text := strings.Join(list, ", ")
	if len(text) > 4*maxText {
		text = strings.ToValidUTF8(text[:4*maxText], "") + " ..."
	}
	return errors.New("lince has no " + text)
}

// nameOf returns a node's name, or that of its first output.
func nameOf(n *onnxpb.NodeProto) string {
	if n.GetName() != "" {
		return n.GetName()
	}
	for _, o := range n.Output {
		if o != "" {
			return o
		}
	}
	return n.GetOpType()
}

// read builds the graph.
func (r *reader) read() (*Result, error) {
	g := r.model.Graph
	var outputs []string
	for _, o := range g.Output {
		outputs = append(outputs, o.GetName())
	}
	s, nodes := r.newScope(nil, g.Node, outputs)
	if err := s.missing(nodes); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	s.initializers(g)
	for _, in := range g.Input {
		if s.protos[in.GetName()] == nil {
			s.input(in)
		}
	}
	for _, n := range nodes {
		s.run(n)
	}
	var out []graph.Output
	for _, o := range g.Output {
		if r.over {
			break
		}
		if v := s.output(o); v != nil {
			out = append(out, graph.Output{Key: o.GetName(), Value: v})
		}
	}
	err := firstOf(append(r.errs, r.b.Err()))
	if len(r.needs) > 0 {
		slices.Sort(r.needs)
		return nil, &NeedsValue{slices.Compact(r.needs), err}
	}
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	built, err := r.b.Finish(out...)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	prune(built)
	res := &Result{Graph: built, Store: r.store, Notes: r.notes, Metadata: map[string]string{}}
	for _, e := range r.model.MetadataProps {
		res.Metadata[e.GetKey()] = e.GetValue()
	}
	return res, nil
}

// Limits on the text of an error.
const (
	maxMistakes = 20
	maxText     = 2000 // of one mistake, in bytes
)

// firstOf joins the first mistakes, and counts the others. It cuts long texts.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	more := len(errs) - maxMistakes
	errs = errs[:min(len(errs), maxMistakes)]
	for i, err := range errs {
		if text := err.Error(); len(text) > maxText {
			errs[i] = errors.New(strings.ToValidUTF8(text[:maxText], "") + " ...")
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("and %d more mistakes", more))
	}
	return errors.Join(errs...)
}

// prune removes nodes that no output needs, except inputs.
func prune(g *graph.Graph) {
	needed := map[*graph.Node]bool{}
	for _, o := range g.Outputs {
		needed[o.Value.Node] = true
	}
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		if n := g.Nodes[i]; needed[n] {
			for _, v := range n.In {
				needed[v.Node] = true
			}
		}
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *graph.Node) bool {
		_, input := n.Op.(op.Input)
		return !needed[n] && !input
	})
	for i, n := range g.Nodes {
		n.ID = i
	}
}

func (s *scope) initializers(g *onnxpb.GraphProto) {
	for _, t := range g.Initializer {
		if s.protos[t.GetName()] != nil { // as in ONNX Runtime, which warns
			s.note("The file has more than one initializer %q; the last one is used.", t.GetName())
		}
		s.protos[t.GetName()] = t
	}
	for _, t := range g.SparseInitializer {
		s.errorf("the initializer %q is sparse; lince reads dense ones only", t.GetValues().GetName())
	}
}

func (s *scope) errorf(format string, a ...any) { s.errs = append(s.errs, fmt.Errorf(format, a...)) }

// lookup finds a value by name; it returns nil if there is none. It reads an initializer when it is needed.
func (s *scope) lookup(name string) *value {
	if x := s.values[name]; x != nil {
		return x
	}
	if p := s.protos[name]; p != nil {
		x := s.initializer(name, p)
		s.values[name] = x
		return x
	}
	if s.outer != nil {
		return s.outer.lookup(name)
	}
	return nil
}

func (s *scope) initializer(name string, p *onnxpb.TensorProto) *value {
	t, err := s.tensor(p, s.model.View)
	if err != nil {
		s.errorf("initializer %q: %w", name, err)
		return &value{name: name, bad: true}
	}
	x := constant(name, t)
	x.weight, x.path, x.elem = true, s.path+name, p.GetDataType()
	return x
}

// tensor reads a tensor by a method of onnx.Model: Tensor or View. All types of floats become float32.
func (r *reader) tensor(p *onnxpb.TensorProto, read func(*onnxpb.TensorProto) (*tensor.Tensor, error)) (*tensor.Tensor, error) {
	if len(p.Dims) > maxRank {
		return nil, fmt.Errorf("has %d dimensions, lince allows %d", len(p.Dims), maxRank)
	}
	t, err := read(p)
	if err != nil {
		return nil, err
	}
	return r.float32(t), nil
}

func (r *reader) float32(t *tensor.Tensor) *tensor.Tensor {
	if t.DType() == tensor.Float32 || !t.DType().IsFloat() {
		return t
	}
	r.note("Numbers of type %v are computed as float32.", t.DType())
	y := tensor.New(tensor.Float32, t.Shape()...)
	switch t.DType() {
	case tensor.Float64:
		for i, v := range tensor.Values[float64](t) {
			y.Float32s()[i] = float32(v)
		}
	case tensor.BFloat16:
		for i, v := range tensor.Values[tensor.BF16](t) {
			y.Float32s()[i] = math.Float32frombits(uint32(v) << 16)
		}
	}
	return y
}

// dtype returns the type in which elements of a type of the file are computed.
func (r *reader) dtype(t int32) (tensor.DType, error) {
	d, err := onnx.DType(onnxpb.TensorProto_DataType(t))
	if err == nil && d.IsFloat() {
		if d != tensor.Float32 {
			r.note("Numbers of type %v are computed as float32.", d)
		}
		d = tensor.Float32
	}
	return d, err
}

// output returns the value of an output of the model.
func (s *scope) output(o *onnxpb.ValueInfoProto) *graph.Value {
	x := s.lookup(o.GetName())
	if x == nil {
		s.errorf("output %q: no node computes it", o.GetName())
		return nil
	}
	if x.bad {
		return nil
	}
	if x.absent {
		s.errorf("output %q: it is an operand of a function that the call leaves out", o.GetName())
		return nil
	}
	l := plain(x.rank())
	if s.o.ChannelsLast && x.rank() == 4 && x.v != nil && slices.Equal(x.layout, channelsLast(4)) {
		l = x.layout
	}
	b := s.b.In("", fmt.Sprintf("output %q", o.GetName()))
	v := s.get(b, x, l)
	if s.free != nil && (x.rank() == 0 || x.dims[0] != num{1, s.free}) {
		s.errorf("output %q does not keep the batch", o.GetName())
	}
	return v
}
