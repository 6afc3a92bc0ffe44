package onnxgraph

import (
	"math"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// each returns a rule for an operator of one operand that does not depend on the order of dimensions.
func each(operator string) rule {
	return func(w *writer, n *graph.Node) *plan { return w.elementwise(n, n.In[0], operator) }
}

// elementwise plans an operator that applies to each element of x.
func (w *writer) elementwise(n *graph.Node, x *graph.Value, operator string, attributes ...*onnxpb.AttributeProto) *plan {
	return w.composed(n, x, func(x *ref) *ref { return w.node(operator, []*ref{x}, attributes...) })
}

// composed plans nodes that compute a function of each element of x.
func (w *writer) composed(n *graph.Node, x *graph.Value, f func(x *ref) *ref) *plan {
	return &plan{[]*graph.Value{x}, func() {
		if row, ok := w.rows[x]; ok {
			w.rows[n.Out[0]] = form{row.perm, f(row.ref)}
			return
		}
		in := w.any(x)
		w.set(n.Out[0], f(in.ref), in.perm)
	}}
}

// computed returns a rule for a function of each element that ONNX lacks.
func computed(f func(w *writer, d tensor.DType, x *ref) *ref) rule {
	return func(w *writer, n *graph.Node) *plan {
		return w.composed(n, n.In[0], func(x *ref) *ref { return f(w, n.In[0].DType, x) })
	}
}

func square(w *writer, _ tensor.DType, x *ref) *ref { return w.node("Mul", []*ref{x, x}) }

// log1p is log(u)*x/(u-1) with u = 1+x, which is accurate for small x (Goldberg, 1991); where u is 1, it is x.
func log1p(w *writer, d tensor.DType, x *ref) *ref {
	one := w.scalar(d, 1)
	u := w.node("Add", []*ref{x, one})
	y := w.node("Mul", []*ref{w.node("Log", []*ref{u}), w.node("Div", []*ref{x, w.node("Sub", []*ref{u, one})})})
	return w.node("Where", []*ref{w.node("Equal", []*ref{u, one}), x, y})
}

// expm1 is (u-1)*x/log(u) with u = exp(x), which is accurate for small x; where u is 1, it is x, and where it is 0 or infinite, u-1.
func expm1(w *writer, d tensor.DType, x *ref) *ref {
	one := w.scalar(d, 1)
	u := w.node("Exp", []*ref{x})
	below := w.node("Sub", []*ref{u, one})
	log := w.node("Log", []*ref{u})
	y := w.node("Mul", []*ref{below, w.node("Div", []*ref{x, log})})
	// log(u) is infinite for these two.
	infinite := w.node("IsInf", []*ref{log})
	y = w.node("Where", []*ref{infinite, below, y})
	return w.node("Where", []*ref{w.node("Equal", []*ref{u, one}), x, y})
}

// broadcast returns a rule for an operator that broadcasts its operands.
func broadcast(operator string) rule {
	return func(w *writer, n *graph.Node) *plan {
		return &plan{n.In, func() {
			if w.broadcastRows(n, operator) {
				return
			}
			in, perm := w.align(n.Out[0].Rank(), n.In...)
			w.set(n.Out[0], w.node(operator, in), perm)
		}}
	}
}

// broadcastRows writes an operator whose operands are images of one row, or scalars.
func (w *writer) broadcastRows(n *graph.Node, operator string) bool {
	var in []*ref
	rows := false
	for _, v := range n.In {
		row, ok := w.rows[v]
		switch {
		case ok && len(w.forms[v]) == 0:
			in, rows = append(in, row.ref), true
		case v.Rank() == 0:
			in = append(in, w.get(v, []int{}))
		default:
			return false
		}
	}
	if rows {
		w.rows[n.Out[0]] = form{channelsFirst(3), w.node(operator, in)}
	}
	return rows
}

func cast(w *writer, n *graph.Node) *plan {
	return w.elementwise(n, n.In[0], "Cast", integer("to", int(elementType(n.Out[0].DType))))
}

// straightThrough is its second operand.
func straightThrough(w *writer, n *graph.Node) *plan {
	return &plan{n.In[1:2], func() { w.set(n.Out[0], w.any(n.In[1]).ref, w.any(n.In[1]).perm) }}
}

// clip is min(max(x, lo), hi) and min(relu(x), hi).
func clip(w *writer, n *graph.Node) *plan {
	below, hi, ok := withConstant(n.Out[0], op.Min)
	if !ok {
		return nil
	}
	x, lo, ok := withConstant(below, op.Max)
	if !ok {
		x, ok = unaryOf(below, op.ReLU)
	}
	if !ok || !w.once(below) || lo > hi {
		return nil
	}
	return w.clipped(n, x, lo, hi)
}

func relu6(w *writer, n *graph.Node) *plan { return w.clipped(n, n.In[0], 0, 6) }

func (w *writer) clipped(n *graph.Node, x *graph.Value, lo, hi float64) *plan {
	return w.composed(n, x, func(r *ref) *ref {
		return w.node("Clip", []*ref{r, w.scalar(x.DType, lo), w.scalar(x.DType, hi)})
	})
}

// hardSigmoidOf matches clip(x/6 + 1/2, 0, 1), which layers compute as relu6(x+3)/6.
func hardSigmoidOf(v *graph.Value) (x *graph.Value, ok bool) {
	x, ok = scaledBy(v, op.Div, 6)
	if !ok {
		x, ok = scaledBy(v, op.Mul, 1./6)
	}
	if ok {
		x, ok = unaryOf(x, op.ReLU6)
	}
	if ok {
		x, ok = scaledBy(x, op.Add, 3)
	}
	return x, ok
}

func hardSigmoid(w *writer, n *graph.Node) *plan {
	if x, ok := hardSigmoidOf(n.Out[0]); ok {
		return w.elementwise(n, x, "HardSigmoid", number("alpha", 1./6), number("beta", .5))
	}
	return nil
}

// hardSwish is x*hardSigmoid(x).
func hardSwish(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Mul, func(x, y *graph.Value) bool {
		if of, ok := hardSigmoidOf(y); ok && of == x {
			p = w.elementwise(n, x, "HardSwish")
		}
		return p != nil
	})
	return p
}

// gelu is x/2 * (1 + erf(x/sqrt(2))). Before opset 20 it is written in the form that ONNX Runtime recognizes.
func gelu(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Mul, func(half, one *graph.Value) bool {
		x, ok := scaledBy(half, op.Mul, .5)
		if !ok {
			return false
		}
		erf, ok := scaledBy(one, op.Add, 1)
		if !ok {
			return false
		}
		scaled, ok := unaryOf(erf, op.Erf)
		if !ok {
			return false
		}
		if of, ok := scaledBy(scaled, op.Mul, math.Sqrt2/2); !ok || of != x {
			return false
		}
		if w.options.Opset >= 20 {
			p = w.elementwise(n, x, "Gelu")
			return true
		}
		p = w.composed(n, x, func(r *ref) *ref {
			y := w.node("Erf", []*ref{w.node("Div", []*ref{r, w.scalar(x.DType, math.Sqrt2)})})
			y = w.node("Mul", []*ref{r, w.node("Add", []*ref{y, w.scalar(x.DType, 1)})})
			return w.node("Mul", []*ref{y, w.scalar(x.DType, .5)})
		})
		return true
	})
	return p
}

// mish is x*tanh(softplus(x)).
func mish(w *writer, n *graph.Node) (p *plan) {
	if w.options.Opset < 18 {
		return nil
	}
	eitherOrder(n.Out[0], op.Mul, func(x, y *graph.Value) bool {
		s, ok := unaryOf(y, op.Tanh)
		if ok {
			s, ok = unaryOf(s, op.Softplus)
		}
		if ok && s == x {
			p = w.elementwise(n, x, "Mish")
		}
		return p != nil
	})
	return p
}

func softsign(w *writer, n *graph.Node) *plan {
	x, y, ok := binaryOf(n.Out[0], op.Div)
	if !ok {
		return nil
	}
	abs, ok := scaledBy(y, op.Add, 1)
	if ok {
		abs, ok = unaryOf(abs, op.Abs)
	}
	if !ok || abs != x {
		return nil
	}
	return w.elementwise(n, x, "Softsign")
}

// celu is max(x, 0) + expm1(min(x, 0)).
func celu(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Add, func(above, below *graph.Value) bool {
		x, ok := scaledBy(above, op.Max, 0)
		if of, is := expm1OfNegative(below); ok && is && of == x {
			p = w.elementwise(n, x, "Celu", number("alpha", 1))
		}
		return p != nil
	})
	return p
}

// expm1OfNegative matches expm1(min(x, 0)).
func expm1OfNegative(v *graph.Value) (x *graph.Value, ok bool) {
	if x, ok = unaryOf(v, op.Expm1); ok {
		x, ok = scaledBy(x, op.Min, 0)
	}
	return x, ok
}

// branches matches a function that is one expression for numbers below 0, and another above.
func branches(n *graph.Node) (x, below, above *graph.Value, ok bool) {
	less, ok := n.In[0].Node.Op.(op.Binary)
	if !ok {
		return nil, nil, nil, false
	}
	switch x, ok = scaledBy(n.In[0], less.Fn, 0); less.Fn {
	case op.Less, op.LessEqual:
		return x, n.In[1], n.In[2], ok
	case op.Greater, op.GreaterEqual:
		return x, n.In[2], n.In[1], ok
	}
	return nil, nil, nil, false
}

// leakyReLU is x above 0 and a*x below.
func leakyReLU(w *writer, n *graph.Node) *plan {
	x, below, above, ok := branches(n)
	if !ok || above != x {
		return nil
	}
	if of, slope, ok := withConstant(below, op.Mul); ok && of == x {
		return w.elementwise(n, x, "LeakyRelu", number("alpha", slope))
	}
	return nil
}

// elu is x above 0 and a*expm1(x) below.
func elu(w *writer, n *graph.Node) *plan {
	x, below, above, ok := branches(n)
	if !ok || above != x {
		return nil
	}
	exp, alpha, ok := withConstant(below, op.Mul)
	if !ok {
		exp, alpha = below, 1
	}
	if of, ok := expm1OfNegative(exp); ok && of == x {
		return w.elementwise(n, x, "Elu", number("alpha", alpha))
	}
	return nil
}

// selu is s*x above 0 and s*a*expm1(x) below.
func selu(w *writer, n *graph.Node) *plan {
	x, below, above, ok := branches(n)
	if !ok {
		return nil
	}
	of, scale, ok := withConstant(above, op.Mul)
	if !ok || of != x || scale == 0 {
		return nil
	}
	exp, product, ok := withConstant(below, op.Mul)
	if !ok {
		return nil
	}
	if of, ok := expm1OfNegative(exp); !ok || of != x {
		return nil
	}
	return w.elementwise(n, x, "Selu", number("alpha", product/scale), number("gamma", scale))
}

// prelu is relu(x) - alpha*relu(-x), with an alpha that is trained.
func prelu(w *writer, n *graph.Node) *plan {
	above, below, ok := binaryOf(n.Out[0], op.Sub)
	if !ok {
		return nil
	}
	x, ok := unaryOf(above, op.ReLU)
	if !ok {
		return nil
	}
	var alpha *graph.Value
	ok = eitherOrder(below, op.Mul, func(a, r *graph.Value) bool {
		negative, ok := unaryOf(r, op.ReLU)
		if ok {
			negative, ok = unaryOf(negative, op.Neg)
		}
		alpha = a
		return ok && negative == x && w.static(a) != nil && a.Rank() < x.Rank()
	})
	if !ok {
		return nil
	}
	return &plan{[]*graph.Value{x, alpha}, func() {
		in := w.any(x)
		w.set(n.Out[0], w.node("PRelu", []*ref{in.ref, w.spread(alpha, in.perm)}), in.perm)
	}}
}
