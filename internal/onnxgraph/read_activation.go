package onnxgraph

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// reciprocal is 1/x.
func reciprocal(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Div(constantLike(b, x, 1), x)
}

// activation returns the build function of an activation that has attributes.
func activation(f func(n *node, x *graph.Value) *graph.Value) func(n *node) {
	return func(n *node) {
		x, l := n.data()
		n.set(0, f(n, x), l).like(n.in(0))
	}
}

// negative takes y where x is below 0, and x elsewhere.
func negative(b *graph.Builder, x, y *graph.Value) *graph.Value {
	return b.Select(b.Binary(op.Less, x, constantLike(b, x, 0)), y, x)
}

// below is min(x, 0).
func below(b *graph.Builder, x *graph.Value) *graph.Value { return b.Min(x, constantLike(b, x, 0)) }

func readLeakyReLU(n *node, x *graph.Value) *graph.Value {
	return negative(n.b, x, n.b.Scale(x, n.attrFloat("alpha", .01)))
}

func readElu(n *node, x *graph.Value) *graph.Value {
	return negative(n.b, x, n.b.Scale(n.b.Expm1(below(n.b, x)), n.attrFloat("alpha", 1)))
}

func readSelu(n *node, x *graph.Value) *graph.Value {
	alpha, gamma := n.attrFloat("alpha", 1.67326319217681884765625), n.attrFloat("gamma", 1.05070102214813232421875)
	b := n.b
	return b.Select(b.Binary(op.Less, x, constantLike(b, x, 0)), b.Scale(b.Expm1(below(b, x)), gamma*alpha), b.Scale(x, gamma))
}

func readCelu(n *node, x *graph.Value) *graph.Value {
	alpha := n.attrFloat("alpha", 1)
	return negative(n.b, x, n.b.Scale(n.b.Expm1(n.b.Scale(below(n.b, x), 1/alpha)), alpha))
}

func thresholdedReLU(n *node, x *graph.Value) *graph.Value {
	return n.b.Select(n.b.Binary(op.Greater, x, constantLike(n.b, x, n.attrFloat("alpha", 1))), x, constantLike(n.b, x, 0))
}

func shrink(n *node, x *graph.Value) *graph.Value {
	bias, limit, b := n.attrFloat("bias", 0), n.attrFloat("lambd", .5), n.b
	over := b.Binary(op.Greater, x, constantLike(b, x, limit))
	under := b.Binary(op.Less, x, constantLike(b, x, -limit))
	return b.Select(over, b.Offset(x, -bias), b.Select(under, b.Offset(x, bias), constantLike(b, x, 0)))
}

func readHardSigmoid(n *node, x *graph.Value) *graph.Value {
	alpha, beta := n.attrFloat("alpha", .2), n.attrFloat("beta", .5)
	if float32(alpha) == float32(1./6) && beta == .5 {
		return hardSigmoid6(n.b, x)
	}
	return n.b.Clip(n.b.Offset(n.b.Scale(x, alpha), beta), 0, 1)
}

// hardSigmoid6 is the usual hard sigmoid, written as in Keras, because the compiler knows ReLU6.
func hardSigmoid6(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Div(b.ReLU6(b.Offset(x, 3)), constantLike(b, x, 6))
}

func readHardSwish(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(x, hardSigmoid6(b, x))
}

func swish(n *node, x *graph.Value) *graph.Value {
	s := x
	if alpha := n.attrFloat("alpha", 1); alpha != 1 {
		s = n.b.Scale(x, alpha)
	}
	return n.b.Mul(x, n.b.Sigmoid(s))
}

func readSoftsign(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Div(x, b.Offset(b.Abs(x), 1))
}

func readMish(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Tanh(b.Softplus(x))) }

// readGelu is exact, or approximated by tanh.
func readGelu(n *node, x *graph.Value) *graph.Value {
	switch form := n.attrString("approximate", "none"); form {
	case "none":
		return geluErf(n.b, x)
	case "tanh":
		return geluTanh(n.b, x)
	default:
		n.fail("approximate is %q, want none or tanh", form)
		return nil
	}
}

func geluErf(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(b.Scale(x, .5), b.Offset(b.Erf(b.Scale(x, math.Sqrt2/2)), 1))
}

// geluTanh is the approximation of Hendrycks and Gimpel, 2016.
func geluTanh(b *graph.Builder, x *graph.Value) *graph.Value {
	inner := b.Scale(b.Add(x, b.Scale(b.Mul(x, b.Square(x)), .044715)), math.Sqrt(2/math.Pi))
	return b.Mul(b.Scale(x, .5), b.Offset(b.Tanh(inner), 1))
}

// readPrelu builds PRelu. The slope is broadcast to the operand.
func readPrelu(n *node) {
	v, l := n.broadcast(0, 1)
	n.setBroadcast(n.b.Sub(n.b.ReLU(v[0]), n.b.Mul(v[1], n.b.ReLU(n.b.Neg(v[0])))), l, 0, 1)
}

// quickGelu builds ONNX Runtime's QuickGelu, x*sigmoid(alpha*x).
func quickGelu(n *node, x *graph.Value) *graph.Value {
	return n.b.Mul(x, n.b.Sigmoid(n.b.Scale(x, n.attrFloat("alpha", 1.702))))
}

// fastGelu builds ONNX Runtime's FastGelu: gelu, approximated by tanh, after the addition of a bias.
func fastGelu(n *node) { readBiased(n, geluTanh) }

// biasGelu builds ONNX Runtime's BiasGelu: gelu after the addition of a bias.
func biasGelu(n *node) { readBiased(n, geluErf) }

func readBiased(n *node, f func(b *graph.Builder, x *graph.Value) *graph.Value) {
	if !n.has(1) {
		elementwise(f)(n)
		return
	}
	pairs(func(b *graph.Builder, x, y *graph.Value) *graph.Value { return f(b, b.Add(x, y)) })(n)
}
