package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Recurrent layers become the nodes of their steps, one step after another. The length of the sequence must be known when the
// graph is built.

// function is an activation function.
type function func(b *graph.Builder, x *graph.Value) *graph.Value

// recurrent is a layer while it is built.
type recurrent struct {
	n            *node
	steps, units int
	gates        int // the weights of a unit are those of this many gates
	batchFirst   bool
	functions    []function // of both directions
	cell         func(r *recurrent, d *direction, x *graph.Value)
}

// direction is a layer's pass over the sequence from one end to the other.
type direction struct {
	w, r   *graph.Value   // (input, gates*units), (units, gates*units)
	wb, rb *graph.Value   // (gates*units), or nil
	peep   []*graph.Value // (units) for each of the gates i, o, f of an LSTM, or nil
	h, c   *graph.Value   // (batch, units); nil stands for zeros
	f      []function
}

// readRNN builds RNN.
func readRNN(n *node) { n.recurrent(1, []string{"Tanh"}, rnnCell) }

// readGRU builds GRU.
func readGRU(n *node) { n.recurrent(3, []string{"Sigmoid", "Tanh"}, gruCell) }

// readLSTM builds LSTM.
func readLSTM(n *node) { n.recurrent(4, []string{"Sigmoid", "Tanh", "Tanh"}, lstmCell) }

func (n *node) recurrent(gates int, functions []string, cell func(*recurrent, *direction, *graph.Value)) {
	x, w := n.wantRank(0, 3), n.wantRank(1, 3)
	n.wantRank(2, 3)
	if n.has(3) {
		n.wantRank(3, 2)
	}
	for i := 1; i <= 3; i++ {
		if n.has(i) {
			n.trainable(i)
		}
	}
	if n.attrFloat("clip", 0) != 0 || n.attrFloats("activation_alpha") != nil || n.attrFloats("activation_beta") != nil || n.attrFlag("input_forget", false) {
		n.fail("lince does not support its attributes clip, activation_alpha, activation_beta and input_forget")
	}
	r := &recurrent{n: n, gates: gates, batchFirst: n.attrFlag("layout", false), cell: cell}
	time, batch := 0, 1
	if r.batchFirst {
		time, batch = 1, 0
	}
	r.steps, r.units = n.known(x, time), n.known(n.in(2), 2)
	if r.steps == 0 {
		n.fail("operand 0 has shape %v, want at least 1 step", x.shape())
	}
	if n.has(4) && slices.ContainsFunc(n.ints(4), func(length int) bool { return length != r.steps }) {
		n.fail("lince does not support sequences of different lengths (operand 4)")
	}
	n.enter(16 * r.steps)
	directions, reverse := 1, false
	switch d := n.attrString("direction", "forward"); d {
	case "forward":
	case "reverse":
		reverse = true
	case "bidirectional":
		directions = 2
	default:
		n.fail("direction is %q, want forward, reverse or bidirectional", d)
	}
	r.readFunctions(functions, directions)
	shape := func(i int, want ...int) {
		if n.has(i) && !n.in(i).shape().Equal(want) {
			n.fail("operand %d has shape %v, want %v", i, n.in(i).shape(), tensor.Shape(want))
		}
	}
	shape(1, directions, gates*r.units, n.known(w, 2))
	shape(2, directions, gates*r.units, r.units)
	shape(3, directions, 2*gates*r.units)
	shape(7, directions, 3*r.units)
	seq := n.stored(0, layout{time, batch, 2})
	var ys, hs, cs []*graph.Value
	for d := range directions {
		last := r.direction(d)
		ys = append(ys, r.pass(last, seq, reverse || d == 1))
		hs = append(hs, last.h)
		if last.c != nil {
			cs = append(cs, last.c)
		}
	}
	b := n.b
	y := b.Concat(2, ys...) // (steps, batch, directions*units)
	if !y.Valid() {
		return
	}
	r.setSequence(y, directions, x.dims[batch])
	for i, states := range [][]*graph.Value{hs, cs} {
		if len(states) > 0 && n.wants(1+i) {
			r.setState(1+i, states, x.dims[batch])
		}
	}
}

// readFunctions reads the attribute activations.
func (r *recurrent) readFunctions(names []string, directions int) {
	n := r.n
	if a := n.attrStrings("activations"); len(a) > 0 {
		names = a
		if len(a) != directions*r.functionCount() {
			n.fail("its attribute activations has %d names, want %d", len(a), directions*r.functionCount())
		}
	} else if directions == 2 {
		names = slices.Concat(names, names)
	}
	for _, name := range names {
		f, ok := map[string]function{
			"Relu": (*graph.Builder).ReLU, "Sigmoid": (*graph.Builder).Sigmoid, "Softplus": (*graph.Builder).Softplus, "Tanh": (*graph.Builder).Tanh,
		}[name]
		if !ok {
			n.fail("lince does not support the activation %s in it", name)
		}
		r.functions = append(r.functions, f)
	}
}

// functionCount returns the number of activation functions of a direction.
func (r *recurrent) functionCount() int { return map[int]int{1: 1, 3: 2, 4: 3}[r.gates] }

// part returns a direction's part of an operand as a value of a shape: size numbers from begin on in the last dimension.
func (r *recurrent) part(i, d, begin, size int, l layout) *graph.Value {
	b := r.n.b
	x := r.n.stored(i, l)
	if !x.Valid() {
		return b.Invalid()
	}
	from, sizes := make([]int, x.Rank()), x.Shape.Clone()
	from[0], sizes[0] = d, 1
	from[x.Rank()-1], sizes[x.Rank()-1] = begin, size
	if !sizes.Equal(x.Shape) {
		x = b.Slice(x, from, sizes)
	}
	return b.Reshape(x, sizes[1:]...)
}

// direction returns the weights and the initial state of a direction.
func (r *recurrent) direction(d int) *direction {
	n, columns := r.n, r.gates*r.units
	p := &direction{w: r.part(1, d, 0, columns, layout{0, 2, 1}), r: r.part(2, d, 0, columns, layout{0, 2, 1}), h: r.state(5, d), c: r.state(6, d)}
	if n.has(3) {
		p.wb, p.rb = r.part(3, d, 0, columns, plain(2)), r.part(3, d, columns, columns, plain(2))
	}
	if n.has(7) {
		for gate := range 3 {
			p.peep = append(p.peep, r.part(7, d, gate*r.units, r.units, plain(2)))
		}
	}
	k := r.functionCount()
	p.f = r.functions[d*k : d*k+k]
	return p
}

// state returns the initial state of a direction, or nil if it is zeros.
func (r *recurrent) state(i, d int) *graph.Value {
	n := r.n
	if !n.has(i) || zeros(n.in(i).t) || zeros(n.in(i).fill) {
		return nil
	}
	n.wantRank(i, 3)
	l := plain(3) // (directions, batch, units)
	if r.batchFirst {
		l = layout{1, 0, 2}
	}
	return r.part(i, d, 0, r.units, l)
}

// zeros reports whether a constant is zeros.
func zeros(t *tensor.Tensor) bool {
	return t != nil && t.DType() == tensor.Float32 && !slices.ContainsFunc(t.Float32s(), func(x float32) bool { return x != 0 })
}

// pass builds the steps of a direction, and returns the outputs (steps, batch, units).
func (r *recurrent) pass(d *direction, x *graph.Value, reverse bool) *graph.Value {
	b := r.n.b
	all := r.n.multiply(x, d.w) // the input's part of all gates at all steps
	if d.wb != nil {
		all = b.Add(all, d.wb)
	}
	if !all.Valid() {
		return b.Invalid()
	}
	batch, columns := all.Shape[1], all.Shape[2]
	ys := make([]*graph.Value, r.steps)
	for i := range r.steps {
		t := i
		if reverse {
			t = r.steps - 1 - i
		}
		r.cell(r, d, b.Reshape(b.Slice(all, []int{t, 0, 0}, []int{1, batch, columns}), batch, columns))
		ys[t] = b.ExpandDims(d.h, 0)
	}
	return b.Concat(0, ys...)
}

// gate returns columns first*units to last*units of x.
func (r *recurrent) gate(x *graph.Value, first, last int) *graph.Value {
	if !x.Valid() || first == 0 && last == r.gates {
		return x
	}
	if x.Rank() == 1 {
		return r.n.b.Slice(x, []int{first * r.units}, []int{(last - first) * r.units})
	}
	return r.n.b.Slice(x, []int{0, first * r.units}, []int{x.Shape[0], (last - first) * r.units})
}

// recur returns h*r plus its bias for some gates, or nil if it is zero.
func (r *recurrent) recur(d *direction, h *graph.Value, first, last int) *graph.Value {
	b := r.n.b
	var y *graph.Value
	if h != nil {
		y = b.MatMul(h, r.gate(d.r, first, last))
	}
	if d.rb != nil {
		y = sum(b, y, r.gate(d.rb, first, last))
	}
	return y
}

// sum adds values, of which nil is zero.
func sum(b *graph.Builder, x, y *graph.Value) *graph.Value {
	switch {
	case x == nil:
		return y
	case y == nil:
		return x
	}
	return b.Add(x, y)
}

func rnnCell(r *recurrent, d *direction, x *graph.Value) {
	b := r.n.b
	d.h = d.f[0](b, sum(b, x, r.recur(d, d.h, 0, 1)))
}

// gruCell is a step of a GRU, whose gates are update, reset, hidden.
func gruCell(r *recurrent, d *direction, x *graph.Value) {
	b := r.n.b
	gates := d.f[0](b, sum(b, r.gate(x, 0, 2), r.recur(d, d.h, 0, 2)))
	update, reset := r.gate(gates, 0, 1), r.gate(gates, 1, 2)
	hidden := r.gate(x, 2, 3)
	if r.n.attrFlag("linear_before_reset", false) {
		if y := r.recur(d, d.h, 2, 3); y != nil {
			hidden = b.Add(hidden, b.Mul(y, reset))
		}
	} else {
		h := d.h
		if h != nil {
			h = b.Mul(h, reset)
		}
		hidden = sum(b, hidden, r.recur(d, h, 2, 3))
	}
	hidden = d.f[1](b, hidden)
	y := b.Mul(b.Offset(b.Neg(update), 1), hidden)
	if d.h != nil {
		y = b.Add(y, b.Mul(update, d.h))
	}
	d.h = y
}

// lstmCell is a step of an LSTM, whose gates are input, output, forget, cell.
func lstmCell(r *recurrent, d *direction, x *graph.Value) {
	b := r.n.b
	x = sum(b, x, r.recur(d, d.h, 0, 4))
	peek := func(gate *graph.Value, i int, c *graph.Value) *graph.Value {
		if d.peep == nil || c == nil {
			return gate
		}
		return b.Add(gate, b.Mul(c, d.peep[i]))
	}
	input := d.f[0](b, peek(r.gate(x, 0, 1), 0, d.c))
	c := b.Mul(input, d.f[1](b, r.gate(x, 3, 4)))
	if d.c != nil {
		forget := d.f[0](b, peek(r.gate(x, 2, 3), 2, d.c))
		c = b.Add(c, b.Mul(forget, d.c))
	}
	d.c = c
	d.h = b.Mul(d.f[0](b, peek(r.gate(x, 1, 2), 1, c)), d.f[2](b, c))
}

// setSequence sets the output of all steps. In the file it is (steps, directions, batch, units), or
// (batch, steps, directions, units).
func (r *recurrent) setSequence(y *graph.Value, directions int, batch num) {
	if !r.n.wants(0) {
		return
	}
	l := layout{0, 2, 1, 3}
	if r.batchFirst {
		l = layout{1, 0, 2, 3}
	}
	r.set(0, r.n.b.Reshape(y, r.steps, r.n.sizes(y)[1], directions, r.units), l, l[1], batch)
}

// setState sets a last state. In the file it is (directions, batch, units), or (batch, directions, units).
func (r *recurrent) setState(i int, states []*graph.Value, batch num) {
	y := r.n.b.Concat(1, states...)
	if !y.Valid() {
		return
	}
	l := layout{1, 0, 2}
	if r.batchFirst {
		l = plain(3)
	}
	r.set(i, r.n.b.Reshape(y, y.Shape[0], len(states), r.units), l, l[0], batch)
}

func (r *recurrent) set(i int, y *graph.Value, l layout, axis int, batch num) {
	if x := r.n.set(i, y, l); !x.bad && x.dims[axis].s != nil && batch.s != nil {
		x.dims[axis] = batch
	}
}
