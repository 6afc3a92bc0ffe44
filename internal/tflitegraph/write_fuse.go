package tflitegraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// step is one or several nodes that are written together. in lists the values that it needs, and node is the node whose first
// result it computes.
type step struct {
	node *graph.Node
	in   []*graph.Value
	emit func(w *writer)
}

// patterns is the list of groups of nodes that TensorFlow Lite has operators for. Each gets the last node of a group, and returns
// nil if it does not match. The first match applies.
var patterns = []func(w *writer, n *graph.Node) *step{linear, fusedActivation, mean, gelu, elu, leakyReLU, hardSwish}

// steps divides the live nodes of a graph into steps, in the order in which they run.
func (w *writer) steps(g *graph.Graph) []step {
	live := map[*graph.Node]bool{}
	for _, o := range g.Outputs {
		live[o.Value.Node] = true
	}
	var all []step
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		if !live[n] || n.Op.Name() == "Input" || len(n.Out) > 0 && w.consts[n.Out[0]] != nil {
			continue
		}
		s := w.step(n)
		for _, v := range s.in {
			live[v.Node] = true
		}
		all = append(all, *s)
	}
	slices.Reverse(all)
	return all
}

func (w *writer) step(n *graph.Node) *step {
	for _, match := range patterns {
		if s := match(w, n); s != nil {
			s.node = n
			return s
		}
	}
	return &step{node: n, in: n.In, emit: func(w *writer) {
		write := writers[n.Op.Name()]
		if write == nil {
			w.fail("TensorFlow Lite has no such operator")
			w.result(n.Out[0]) // so that later nodes are not mistakes, too
			return
		}
		write(w, n)
	}}
}

// only reports whether v is computed, and used once.
func (w *writer) only(v *graph.Value) bool { return w.consts[v] == nil && w.users[v] == 1 }

// is returns the node of v if it is of the op with the given name and not a constant, else nil.
func (w *writer) is(v *graph.Value, name string) *graph.Node {
	if w.consts[v] == nil && v.Is(name) {
		return v.Node
	}
	return nil
}

// scalar returns the value of v if it is a constant number.
func (w *writer) scalar(v *graph.Value) (x float64, ok bool) {
	c := w.consts[v]
	if c == nil || c.DType() != tensor.Float32 || c.Len() != 1 {
		return 0, false
	}
	return float64(c.Float32s()[0]), true
}

func (w *writer) isNumber(v *graph.Value, x float64) bool {
	y, ok := w.scalar(v)
	return ok && y == float64(float32(x))
}

// with returns the operand of a node of the named op whose other operand, the second if the order matters, is the number x. It
// returns nil if v is something else.
func (w *writer) with(v *graph.Value, name string, x float64) *graph.Value {
	n := w.is(v, name)
	switch {
	case n == nil:
		return nil
	case w.isNumber(n.In[1], x):
		return n.In[0]
	case w.isNumber(n.In[0], x) && (name == "Add" || name == "Mul" || name == "Max" || name == "Min"):
		return n.In[1]
	}
	return nil
}

// activationOf returns the activation function that computes v, and its operand. A function that cannot be fused, or whose operand
// is used elsewhere, is NONE.
func (w *writer) activationOf(v *graph.Value) (tflitefb.ActivationFunctionType, *graph.Value) {
	var f tflitefb.ActivationFunctionType
	var x *graph.Value
	if n := w.is(v, "ReLU"); n != nil {
		f, x = tflitefb.ActivationFunctionTypeRELU, n.In[0]
	} else if n := w.is(v, "ReLU6"); n != nil {
		f, x = tflitefb.ActivationFunctionTypeRELU6, n.In[0]
	} else if inner := w.with(v, "Min", 1); inner != nil && w.only(inner) {
		if x = w.with(inner, "Max", -1); x != nil {
			f = tflitefb.ActivationFunctionTypeRELU_N1_TO_1
		}
	}
	if x == nil || !w.only(x) || x.DType != tensor.Float32 {
		return tflitefb.ActivationFunctionTypeNONE, v
	}
	return f, x
}

// affine is what follows a convolution or product: y = scale*x + shift for each channel.
type affine struct {
	scale, shift []float64
	scaled, add  bool // whether there is a scale, and a shift
}

// linear matches a convolution or a product with constant weights, the bias, scales and shifts after it, and an activation.
func linear(w *writer, n *graph.Node) *step {
	f, v := w.activationOf(n.Out[0])
	var chain []*graph.Node // from the last to the first
	for !isLinear(w, v) {
		x := w.channelwise(v)
		if x == nil || !w.only(x) {
			return nil
		}
		chain = append(chain, v.Node)
		v = x
	}
	channels := v.Shape[v.Rank()-1]
	if channels < 1 {
		return nil
	}
	a := affine{scale: slices.Repeat([]float64{1}, channels), shift: make([]float64, channels)}
	for i := len(chain) - 1; i >= 0; i-- {
		a.apply(w, chain[i])
	}
	core := v.Node
	return &step{in: core.In, emit: func(w *writer) { linearWriters[core.Op.Name()](w, core, n.Out[0], a, f) }}
}

func isLinear(w *writer, v *graph.Value) bool {
	if w.consts[v] != nil || v.Node == nil || v.DType != tensor.Float32 || linearWriters[v.Node.Op.Name()] == nil || w.consts[v.Node.In[1]] == nil {
		return false
	}
	o, ok := v.Node.Op.(op.MatMul)
	return !ok || !o.TransposeA
}

// channelwise returns the operand of a sum, difference, product or quotient with a constant for each channel, or nil if v is
// something else.
func (w *writer) channelwise(v *graph.Value) *graph.Value {
	if w.consts[v] != nil || v.DType != tensor.Float32 || v.Rank() < 1 {
		return nil
	}
	b, ok := v.Node.Op.(op.Binary)
	if !ok || b.Fn != op.Add && b.Fn != op.Sub && b.Fn != op.Mul && b.Fn != op.Div {
		return nil
	}
	for i, x := range v.Node.In {
		c := w.consts[v.Node.In[1-i]]
		if c == nil || w.consts[x] != nil || !x.Shape.Equal(v.Shape) || i == 1 && b.Fn == op.Div {
			continue
		}
		if s := c.Shape(); c.Len() == 1 && len(s) <= x.Rank() || len(s) > 0 && len(s) <= x.Rank() && c.Len() == s[len(s)-1] && c.Len() == x.Shape[x.Rank()-1] {
			return x
		}
	}
	return nil
}

// apply adds a node that channelwise accepts.
func (a *affine) apply(w *writer, n *graph.Node) {
	first, c := false, w.consts[n.In[1]] // first: the constant is the first operand
	if c == nil {
		first, c = true, w.consts[n.In[0]]
	}
	list := c.Float32s()
	for i := range a.scale {
		x := float64(list[i%len(list)])
		switch fn := n.Op.(op.Binary).Fn; {
		case fn == op.Add:
			a.shift[i] += x
		case fn == op.Sub && first:
			a.scale[i], a.shift[i] = -a.scale[i], x-a.shift[i]
		case fn == op.Sub:
			a.shift[i] -= x
		case fn == op.Mul:
			a.scale[i], a.shift[i] = a.scale[i]*x, a.shift[i]*x
		case fn == op.Div:
			a.scale[i], a.shift[i] = a.scale[i]/x, a.shift[i]/x
		}
	}
	fn := n.Op.(op.Binary).Fn
	a.add = a.add || fn == op.Add || fn == op.Sub
	a.scaled = a.scaled || fn == op.Mul || fn == op.Div || fn == op.Sub && first
}

// fusedActivation matches an activation after an operator that can do it.
func fusedActivation(w *writer, n *graph.Node) *step {
	f, x := w.activationOf(n.Out[0])
	if f == tflitefb.ActivationFunctionTypeNONE {
		return nil
	}
	write := activated[x.Node.Op.Name()]
	if write == nil {
		return nil
	}
	return &step{in: x.Node.In, emit: func(w *writer) { write(w, x.Node, n.Out[0], f) }}
}

// mean matches a sum divided by the number of its elements.
func mean(w *writer, n *graph.Node) *step {
	if n.Op.Name() != "Div" {
		return nil
	}
	sum := w.is(n.In[0], "ReduceSum")
	size, ok := n.In[1].Node.Op.(op.Size)
	if sum == nil || !ok || n.In[1].Node.In[0] != sum.In[0] || !n.Out[0].Shape.Equal(n.In[0].Shape) {
		return nil
	}
	o := sum.Op.(op.Reduce)
	if !slices.Equal(o.Axes, size.Axes) || (o.Axes == nil) != (size.Axes == nil) {
		return nil
	}
	return &step{in: sum.In, emit: func(w *writer) {
		w.reduce(tflitefb.BuiltinOperatorMEAN, sum, w.result(n.Out[0]))
	}}
}

// unaryStep is a step that writes an operator with one operand.
func unaryStep(n *graph.Node, x *graph.Value, code tflitefb.BuiltinOperator, options any) *step {
	return &step{in: []*graph.Value{x}, emit: func(w *writer) { w.emit(code, options, w.result(n.Out[0]), w.tensor(x)) }}
}

// gelu matches x/2 * (erf(x/sqrt(2))+1).
func gelu(w *writer, n *graph.Node) *step {
	if n.Op.Name() != "Mul" {
		return nil
	}
	for i := range n.In {
		x := w.with(n.In[i], "Mul", .5)
		one := w.with(n.In[1-i], "Add", 1)
		if x == nil || one == nil {
			continue
		}
		if erf := w.is(one, "Erf"); erf != nil && w.with(erf.In[0], "Mul", math.Sqrt2/2) == x {
			return unaryStep(n, x, tflitefb.BuiltinOperatorGELU, &tflitefb.GeluOptionsT{})
		}
	}
	return nil
}

// elu matches expm1(min(x, 0)) where x < 0, and x elsewhere.
func elu(w *writer, n *graph.Node) *step {
	if n.Op.Name() != "Select" {
		return nil
	}
	x := n.In[2]
	less, expm1 := w.is(n.In[0], "Less"), w.is(n.In[1], "Expm1")
	if w.consts[x] != nil || less == nil || expm1 == nil || less.In[0] != x || !w.isNumber(less.In[1], 0) || w.with(expm1.In[0], "Min", 0) != x {
		return nil
	}
	return unaryStep(n, x, tflitefb.BuiltinOperatorELU, nil)
}

// leakyReLU matches x where x > 0, and a*x elsewhere.
func leakyReLU(w *writer, n *graph.Node) *step {
	if n.Op.Name() != "Select" {
		return nil
	}
	x := n.In[1]
	greater, mul := w.is(n.In[0], "Greater"), w.is(n.In[2], "Mul")
	if w.consts[x] != nil || greater == nil || mul == nil || greater.In[0] != x || !w.isNumber(greater.In[1], 0) || mul.In[0] != x {
		return nil
	}
	alpha, ok := w.scalar(mul.In[1])
	if !ok {
		return nil
	}
	return unaryStep(n, x, tflitefb.BuiltinOperatorLEAKY_RELU, &tflitefb.LeakyReluOptionsT{Alpha: float32(alpha)})
}

// hardSwish matches x * (relu6(x+3)/6).
func hardSwish(w *writer, n *graph.Node) *step {
	if n.Op.Name() != "Mul" {
		return nil
	}
	for i, x := range n.In {
		inner := w.with(n.In[1-i], "Div", 6)
		if inner == nil {
			inner = w.with(n.In[1-i], "Mul", 1./6)
		}
		if inner == nil || w.consts[x] != nil {
			continue
		}
		if r := w.is(inner, "ReLU6"); r != nil && w.with(r.In[0], "Add", 3) == x {
			return unaryStep(n, x, tflitefb.BuiltinOperatorHARD_SWISH, nil)
		}
	}
	return nil
}
