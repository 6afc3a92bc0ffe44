package onnxgraph

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// node is a node of the file, with what its operator needs to build its part of the graph.
type node struct {
	*scope
	b        *graph.Builder // its errors begin with the node's name
	pb       *onnxpb.NodeProto
	key      string
	row      operator
	opset    int
	label    string
	operands []*value // nil for one that is left out
	results  []*value
	folding  bool // the operands are constants, and the results will be
}

// failure is what fail panics with; run recovers it.
type failure struct {
	err   error
	needs []string
}

// fail ends the building of the node with an error.
func (n *node) fail(format string, a ...any) {
	panic(failure{err: fmt.Errorf("%s: "+format, append([]any{n.label}, a...)...)}) // the label may contain %
}

// sizes returns the shape of v. If v is invalid, it ends the building of the node: the builder has recorded why.
func (n *node) sizes(v *graph.Value) tensor.Shape {
	if !v.Valid() {
		panic(failure{})
	}
	return v.Shape
}

// run reads a node: it looks up the operands, builds its part of the graph, and records the results. A mistake is
// recorded, and the results are then bad; nodes that use them are left out without another message.
func (s *scope) run(p *onnxpb.NodeProto) {
	n := &node{scope: s, pb: p, key: opKey(p.GetDomain(), p.GetOpType()), opset: s.opsets[domainName(p.GetDomain())]}
	// Few nodes have more than eight operands and results. Most of those that have thousands make an op for each.
	nodes := max(1, len(p.Input)+len(p.Output)-8)
	if s.table[n.key].joins {
		nodes = 1 + nodes/operandsOfOp
	}
	if !s.charge(fmt.Sprintf("node %.200q", nameOf(p)), nodes, len(s.path)+len(nameOf(p))) {
		return
	}
	n.label = fmt.Sprintf("node %q (%s)", s.path+nameOf(p), n.key)
	n.b = s.b.In(s.path+nameOf(p), n.label)
	bad, err := n.prepare()
	if err == nil && !bad {
		before := s.b.Mistakes()
		err = n.evaluate()
		bad = err != nil || s.b.Mistakes() > before
	}
	if s.over {
		return
	}
	if err != nil {
		s.errs = append(s.errs, err)
	}
	for i, name := range p.Output {
		if name == "" {
			continue
		}
		if s.values[name] != nil || s.protos[name] != nil {
			s.errorf("%s: %q is computed twice", n.label, name)
		}
		x := &value{bad: true}
		if i < len(n.results) && n.results[i] != nil && !bad && err == nil {
			x = n.results[i]
		} else if !bad && err == nil && s.uses[name] > 0 {
			s.errorf("%s: lince does not compute its output %d", n.label, i)
		}
		x.name = name
		if x.path == "" {
			x.path = s.path + name
		}
		s.values[name] = x
	}
	for _, name := range p.Input {
		s.used(name)
	}
}

// used counts a use of a value, and releases a constant after its last use.
func (s *scope) used(name string) {
	if s.uses[name]--; s.uses[name] == 0 && s.values[name] != nil && s.values[name].t != nil {
		s.values[name] = &value{name: name, bad: true}
	}
}

// prepare looks up the operands. bad says that one of them has a mistake itself.
func (n *node) prepare() (bad bool, err error) {
	n.row = n.table[n.key]
	for i, name := range n.pb.Input {
		var x *value
		if name != "" {
			if x = n.lookup(name); x == nil {
				return true, fmt.Errorf("%s: its operand %d, %q, is not computed before it", n.label, i, name)
			}
			bad = bad || x.bad
			if x.absent {
				x = nil
			}
		}
		n.operands = append(n.operands, x)
	}
	for len(n.operands) > 0 && n.operands[len(n.operands)-1] == nil {
		n.operands = n.operands[:len(n.operands)-1]
	}
	if n.isFunction() {
		return bad, nil
	}
	if k := len(n.operands); k < n.row.least || n.row.most >= 0 && k > n.row.most {
		return true, fmt.Errorf("%s: got %d operands, want %s", n.label, k, n.row.counts())
	}
	if i := slices.Index(n.operands[:n.row.least], nil); i >= 0 {
		return true, fmt.Errorf("%s: operand %d is left out, but it is needed", n.label, i)
	}
	return bad, nil
}

func (o operator) counts() string {
	switch {
	case o.most < 0:
		return fmt.Sprintf("at least %d", o.least)
	case o.least == o.most:
		return fmt.Sprint(o.least)
	}
	return fmt.Sprintf("%d to %d", o.least, o.most)
}

// evaluate builds the node's part of the graph, or computes its results if they are known while reading.
func (n *node) evaluate() (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case failure:
			n.needs = append(n.needs, e.needs...)
			err = e.err
		default:
			panic(e)
		}
	}()
	if n.isFunction() {
		return n.callFunction()
	}
	if n.row.numbers != nil && len(n.pb.Output) == 1 && n.compute() {
		return nil
	}
	if n.fold() {
		return nil
	}
	n.checkBatch()
	n.shareRows()
	n.row.build(n)
	return nil
}

// compute follows numbers through the node. It reports whether it could.
func (n *node) compute() bool {
	r, ok := n.row.numbers(n)
	if !ok || len(r.numbers) > maxNumbers {
		return false
	}
	if allFixed(r.numbers) {
		t := tensorOf(r.numbers, r.dtype, shapeOf(r.dims)...)
		n.results = []*value{constant("", t)}
		n.results[0].numbers = r.numbers
		return true
	}
	n.results = []*value{r}
	return true
}

// numeric returns a scalar (rank 0) or a vector (rank 1) of numbers, as the functions in operator.numbers do.
func numeric(dtype tensor.DType, rank int, x []num) (*value, bool) {
	v := &value{dtype: dtype, numbers: x}
	if rank == 1 {
		v.dims = []num{fixed(len(x))}
	}
	return v, true
}

// has reports whether an operand is given.
func (n *node) has(i int) bool { return i < len(n.operands) && n.operands[i] != nil }

// in returns an operand that is given.
func (n *node) in(i int) *value { return n.operands[i] }

// plain returns an operand as a value of the graph that is stored as in the file.
func (n *node) plain(i int) *graph.Value { return n.stored(i, plain(n.in(i).rank())) }

// stored returns an operand as a value of the graph that is stored in layout l.
func (n *node) stored(i int, l layout) *graph.Value { return n.get(n.b, n.in(i), l) }

// data returns operand 0 as a value of the graph in the layout in which it is stored already.
func (n *node) data() (*graph.Value, layout) {
	x := n.in(0)
	l := x.layout
	if x.v == nil || l == nil {
		l = plain(x.rank())
	}
	return n.stored(0, l), l
}

// form returns an operand in a form.
func (n *node) form(i int, f operandForm) *graph.Value { return n.as(n.b, n.in(i), f) }

// set sets a result: a value of the graph that is stored in layout l. Its type in the file is that of v.
func (n *node) set(i int, v *graph.Value, l layout) *value {
	if !v.Valid() {
		return n.put(i, &value{bad: true, dims: make([]num, len(l))})
	}
	if v.Rank() != len(l) {
		n.fail("the result has shape %v, want %d dimensions", v.Shape, len(l))
	}
	if len(l) > maxRank {
		n.fail("the result has %d dimensions, lince allows %d", len(l), maxRank)
	}
	size := 1.0
	for _, d := range v.Shape {
		size *= float64(max(d, 1))
	}
	if size > maxElements {
		n.fail("the result has shape %v, which has too many elements", v.Shape)
	}
	return n.put(i, &value{dtype: v.DType, dims: dimsOf(v, l), v: v, layout: l})
}

// out sets the first result, which is stored as in the file.
func (n *node) out(v *graph.Value) *value { return n.set(0, v, plain(v.Rank())) }

// put sets a result.
func (n *node) put(i int, x *value) *value {
	for len(n.results) <= i {
		n.results = append(n.results, nil)
	}
	n.results[i] = x
	return x
}

// alias makes a result of an operand, which may have another type or other dimensions.
func (n *node) alias(i int, x *value) {
	y := *x
	y.dims, y.forms = slices.Clone(x.dims), nil
	n.put(i, &y)
}

// wants reports whether a result is used.
func (n *node) wants(i int) bool { return i < len(n.pb.Output) && n.pb.Output[i] != "" }

// axis returns an axis of an operand; a negative one counts from the end.
func (n *node) axis(axis, rank int) int {
	if axis < -rank || axis >= rank {
		n.fail("axis %d of a value with %d dimensions", axis, rank)
	}
	return (axis + rank) % max(rank, 1)
}

// axes returns axes, sorted; they must differ.
func (n *node) axes(axes []int, rank int) []int {
	a := make([]int, len(axes))
	for i, x := range axes {
		a[i] = n.axis(x, rank)
	}
	slices.Sort(a)
	if len(slices.Compact(slices.Clone(a))) < len(a) {
		n.fail("axes %v contain an axis twice", axes)
	}
	return a
}

// wantRank checks the number of dimensions of an operand.
func (n *node) wantRank(i int, ranks ...int) *value {
	x := n.in(i)
	if !slices.Contains(ranks, x.rank()) {
		n.fail("operand %d has shape %v, want %v dimensions", i, x.shape(), ranks)
	}
	return x
}

// known returns a dimension of an operand that must be known when the graph is built.
func (n *node) known(x *value, axis int) int {
	d := x.dims[axis]
	if d.s != nil {
		n.fail("dimension %d of %q (shape %v) must be known; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", axis, x.name, x.shape())
	}
	return toInt(d.k)
}

// numbers returns the elements of an operand, as far as they are known when the graph is built.
func (n *node) numbers(i int) []num {
	x := n.in(i)
	if x.nums() == nil {
		n.unknown(i)
	}
	return x.numbers
}

// fixed returns the elements of an operand that must be known when the graph is built.
func (n *node) fixed(i int) []num {
	x := n.numbers(i)
	if !allFixed(x) {
		n.unknown(i)
	}
	return x
}

// ints returns the elements of such an operand, a scalar or a vector of integers.
func (n *node) ints(i int) []int {
	x := n.fixed(i)
	y := make([]int, len(x))
	for j, v := range x {
		y[j] = toInt(v.k)
	}
	return y
}

// int returns the only element of such an operand.
func (n *node) int(i int) int { return onlyOf(n, i, n.ints(i)) }

// floats returns the elements of such an operand.
func (n *node) floats(i int) []float64 {
	x := n.fixed(i)
	y := make([]float64, len(x))
	for j, v := range x {
		y[j] = v.k
	}
	return y
}

// float returns the only element of such an operand.
func (n *node) float(i int) float64 { return onlyOf(n, i, n.floats(i)) }

// onlyOf returns the only one of the elements of operand i.
func onlyOf[T any](n *node, i int, x []T) T {
	if len(x) != 1 {
		n.fail("operand %d has %d elements, want 1", i, len(x))
	}
	return x[0]
}

// tensor returns an operand that must be constant.
func (n *node) tensor(i int) *tensor.Tensor {
	if n.in(i).t == nil {
		n.unknown(i)
	}
	return n.in(i).t
}

// unknown fails because an operand is not known when the graph is built. If it depends on inputs of the model, their
// values can be given.
func (n *node) unknown(i int) {
	needs := n.inputsBehind(n.pb.Input[i], map[string]bool{})
	do := ""
	if len(needs) == 0 {
		do = "; give the shapes of the model's inputs (--input-shape, Options.InputShapes)"
	}
	panic(failure{fmt.Errorf("%s: operand %d, %q, must be known when the graph is built%s", n.label, i, n.pb.Input[i], do), needs})
}

// inputsBehind returns the inputs of the model on whose elements a value depends.
func (s *scope) inputsBehind(name string, seen map[string]bool) []string {
	if seen[name] {
		return nil
	}
	seen[name] = true
	if p := s.producers[name]; p != nil {
		var found []string
		if p.GetOpType() == "Shape" || p.GetOpType() == "Size" {
			return nil
		}
		for _, i := range append(slices.Clone(p.Input), usedInside(p, 0)...) {
			found = append(found, s.inputsBehind(i, seen)...)
		}
		return found
	}
	if s.outer != nil {
		return s.outer.inputsBehind(name, seen)
	}
	if x := s.lookup(name); x != nil && x.v != nil && x.v.Is("Input") {
		return []string{name}
	}
	return nil
}

// usedInside returns the names of the values that the graphs in a node's attributes use.
func usedInside(p *onnxpb.NodeProto, depth int) []string {
	if depth > maxDepth {
		return nil
	}
	var names []string
	for _, a := range p.Attribute {
		for _, g := range append(a.Graphs, a.G) {
			for _, o := range g.GetOutput() {
				names = append(names, o.GetName())
			}
			for _, n := range g.GetNode() {
				names = append(append(names, n.Input...), usedInside(n, depth+1)...)
			}
		}
	}
	return names
}
