package onnxgraph

import (
	"slices"
	"strconv"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Loops become the nodes of their turns, one turn after another. How many there are must be known when the graph is built.

// body reads the graph of an attribute with the given inputs, and returns its outputs.
func (n *node) body(g *onnxpb.GraphProto, inputs []*value, turn int) []*value {
	if n.depth >= maxDepth {
		n.fail("graphs are nested more than %d deep", maxDepth)
	}
	n.enter(len(g.Node) + len(g.Initializer))
	if len(inputs) != len(g.Input) {
		n.fail("its graph has %d inputs, want %d", len(g.Input), len(inputs))
	}
	var outputs []string
	for _, o := range g.Output {
		outputs = append(outputs, o.GetName())
	}
	s, nodes := n.newScope(n.scope, g.Node, outputs)
	s.path = n.path + nameOf(n.pb) + "/" + strconv.Itoa(turn) + "/"
	s.initializers(g)
	for i, in := range g.Input {
		x := *inputs[i]
		x.name, x.forms = in.GetName(), nil
		s.values[x.name] = &x
	}
	if err := s.missing(nodes); err != nil {
		n.fail("%w", err)
	}
	for _, p := range nodes {
		s.run(p)
	}
	n.stopIfOver()
	results := make([]*value, len(outputs))
	for i, name := range outputs {
		if results[i] = s.lookup(name); results[i] == nil {
			n.fail("nothing computes the output %q", name)
		}
	}
	return results
}

// truthOf returns a condition that must be known.
func (n *node) truthOf(x *value) bool {
	k := x.nums()
	if len(k) != 1 || k[0].s != nil {
		n.fail("whether it continues must be known when the graph is built")
	}
	return k[0].k != 0
}

// loop builds Loop.
func loop(n *node) {
	g := n.attrGraph("body")
	turns, on := -1, true
	if n.has(0) {
		turns = n.int(0)
	}
	if n.has(1) {
		k := n.numbers(1)
		if !allFixed(k) {
			n.unknown(1)
		}
		on = n.truthOf(n.in(1))
	}
	var carried []*value
	for i := 2; i < len(n.operands); i++ {
		if !n.has(i) {
			n.fail("operand %d is left out, but it is needed", i)
		}
		carried = append(carried, n.in(i))
	}
	scans := len(g.Output) - 1 - len(carried)
	if scans < 0 {
		n.fail("its graph has %d outputs, want at least %d", len(g.Output), 1+len(carried))
	}
	collected := make([][]*value, scans)
	for turn := 0; on && turn != turns; turn++ {
		in := []*value{constant("", tensor.Scalar(int64(turn))), constant("", tensor.Scalar(true))}
		out := n.body(g, append(in, carried...), turn)
		if n.anyBad(out) {
			return
		}
		on = n.truthOf(out[0])
		carried = out[1 : 1+len(carried)]
		for i := range collected {
			collected[i] = append(collected[i], out[1+len(carried)+i])
		}
	}
	for i, x := range carried {
		n.alias(i, x)
	}
	for i, list := range collected {
		if n.wants(len(carried) + i) {
			n.stack(len(carried)+i, list, 0)
		}
	}
}

// anyBad makes all results bad if one of the values is, whose mistake is recorded.
func (n *node) anyBad(values []*value) bool {
	if !slices.ContainsFunc(values, func(x *value) bool { return x.bad }) {
		return false
	}
	for i := range n.pb.Output {
		n.put(i, &value{bad: true})
	}
	return true
}

// stack sets a result to values along a new axis.
func (n *node) stack(i int, list []*value, axis int) {
	if len(list) == 0 {
		n.fail("lince has no result of a loop without turns")
	}
	var parts []*graph.Value
	for _, x := range list {
		v := n.get(n.b, x, plain(x.rank()))
		parts = append(parts, n.b.ExpandDims(v, n.axis(axis, x.rank()+1)))
	}
	n.set(i, n.b.Concat(n.axis(axis, list[0].rank()+1), parts...), plain(list[0].rank()+1))
}

// scan builds Scan, which goes through slices of its last operands.
func scan(n *node) {
	if n.opset < 9 {
		n.fail("lince has no Scan of opset 8")
	}
	g := n.attrGraph("body")
	count := n.attrInt("num_scan_inputs", 0)
	states := len(n.operands) - count
	if count < 1 || states < 0 || states > len(g.Output) || slices.Contains(n.operands, nil) {
		n.fail("num_scan_inputs is %d for %d operands", count, len(n.operands))
	}
	list := func(name string, size int) []int {
		v := n.attrInts(name)
		if v == nil {
			v = make([]int, size)
		}
		if len(v) != size {
			n.fail("attribute %s is %v, want %d numbers", name, v, size)
		}
		return v
	}
	scans := len(g.Output) - states
	axes, back := list("scan_input_axes", count), list("scan_input_directions", count)
	to, reversed := list("scan_output_axes", scans), list("scan_output_directions", scans)
	turns := 0
	for i := range count {
		x := n.in(states + i)
		axes[i] = n.axis(axes[i], x.rank())
		n.across(x, axes[i])
		if k := n.known(x, axes[i]); i > 0 && k != turns {
			n.fail("its operands have %d and %d slices", turns, k)
		} else {
			turns = k
		}
	}
	carried, collected := slices.Clone(n.operands[:states]), make([][]*value, scans)
	for turn := range turns {
		in := slices.Clone(carried)
		for i := range count {
			at := turn
			if back[i] != 0 {
				at = turns - 1 - turn
			}
			v := n.b.Squeeze(n.cut(n.plain(states+i), axes[i], at, 1), axes[i])
			in = append(in, &value{dtype: v.DType, dims: dimsOf(v, plain(v.Rank())), v: v, layout: plain(v.Rank())})
		}
		out := n.body(g, in, turn)
		if n.anyBad(out) {
			return
		}
		carried = out[:states]
		for i := range collected {
			collected[i] = append(collected[i], out[states+i])
		}
	}
	for i, x := range carried {
		n.alias(i, x)
	}
	for i, list := range collected {
		if reversed[i] != 0 {
			slices.Reverse(list)
		}
		if n.wants(states + i) {
			n.stack(states+i, list, to[i])
		}
	}
}
