package layer

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// The activation functions. The shape of the result is the shape of the operand, except for GLU. All of
// them except GLU, LogSoftmax, Softmax and Sparsemax apply to each element separately; these four work
// along the last dimension of an operand with at least two dimensions.
//
// Keras also has keras.activations.threshold. It takes two arguments, so it cannot be used by name; use
// ReLULayer with Threshold.
const (
	// Linear returns its operand (keras.activations.linear):
	//
	//	y = x
	Linear Function = "linear"
	// ReLU is the rectified linear unit (keras.activations.relu; Nair and Hinton, 2010):
	//
	//	y = max(x, 0)
	ReLU Function = "relu"
	// ReLU6 is ReLU with a maximum of 6 (keras.activations.relu6; Krizhevsky, 2010):
	//
	//	y = min(max(x, 0), 6)
	ReLU6 Function = "relu6"
	// Sigmoid is the logistic function (keras.activations.sigmoid), from 0 to 1:
	//
	//	y = 1 / (1 + exp(-x))
	Sigmoid Function = "sigmoid"
	// Softmax turns logits into probabilities that sum to 1 along the last dimension, the
	// classes (keras.activations.softmax). The operand has at least two dimensions:
	//
	//	y[k] = exp(x[k]) / sum over j of exp(x[j])
	Softmax Function = "softmax"
	// SiLU is the sigmoid linear unit, also known as swish (keras.activations.silu; Elfwing et
	// al., 2017, arXiv:1702.03118; Ramachandran et al., 2017, arXiv:1710.05941):
	//
	//	y = x / (1 + exp(-x))
	SiLU Function = "silu"
	// Tanh is the hyperbolic tangent (keras.activations.tanh), from -1 to 1:
	//
	//	y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))
	Tanh Function = "tanh"
	// CELU is the continuously differentiable exponential linear unit (keras.activations.celu; Barron,
	// 2017, arXiv:1704.07483). It is ELU, except that its gradient at 0 is 2, as in Keras:
	//
	//	y = max(x, 0) + exp(min(x, 0)) - 1
	CELU Function = "celu"
	// ELU is the exponential linear unit (keras.activations.elu; Clevert et al., 2016,
	// arXiv:1511.07289):
	//
	//	y = x if x > 0, else exp(x) - 1
	ELU Function = "elu"
	// Exponential is the exponential function (keras.activations.exponential):
	//
	//	y = exp(x)
	Exponential Function = "exponential"
	// GELU is the Gaussian error linear unit (keras.activations.gelu; Hendrycks and Gimpel, 2016,
	// arXiv:1606.08415). It is the exact form; Keras' approximate=True has no name in files:
	//
	//	y = x * (1 + erf(x/sqrt(2))) / 2
	GELU Function = "gelu"
	// GLU is the gated linear unit (keras.activations.glu; Dauphin et al., 2017, arXiv:1612.08083). a and
	// b are the first and the second half of the features, the last dimension of x. So the result has
	// half as many features as the operand:
	//
	//	y = a * sigmoid(b)
	GLU Function = "glu"
	// HardShrink sets numbers near 0 to 0 (keras.activations.hard_shrink):
	//
	//	y = x if abs(x) > 0.5, else 0
	HardShrink Function = "hard_shrink"
	// HardSigmoid is an approximation of Sigmoid by line segments (keras.activations.hard_sigmoid). In
	// Keras 2 it was a different function, min(max(0.2*x + 0.5, 0), 1):
	//
	//	y = min(max(x + 3, 0), 6) / 6
	HardSigmoid Function = "hard_sigmoid"
	// HardSiLU is an approximation of SiLU, also known as hard swish (keras.activations.hard_silu;
	// Howard et al., 2019, arXiv:1905.02244):
	//
	//	y = x * min(max(x + 3, 0), 6) / 6
	HardSiLU Function = "hard_silu"
	// HardTanh limits numbers to the range from -1 to 1 (keras.activations.hard_tanh):
	//
	//	y = min(max(x, -1), 1)
	HardTanh Function = "hard_tanh"
	// LeakyReLUFunction is a ReLU with the slope 0.2 for negative numbers (keras.activations.leaky_relu; Maas
	// et al., 2013). The layer LeakyReLU has the slope 0.3 by default:
	//
	//	y = x if x > 0, else 0.2*x
	LeakyReLUFunction Function = "leaky_relu"
	// LogSigmoid is the logarithm of Sigmoid (keras.activations.log_sigmoid):
	//
	//	y = -log(1 + exp(-x))
	LogSigmoid Function = "log_sigmoid"
	// LogSoftmax is the logarithm of Softmax (keras.activations.log_softmax):
	//
	//	y[k] = x[k] - log(sum over j of exp(x[j]))
	LogSoftmax Function = "log_softmax"
	// Mish is a smooth function similar to SiLU (keras.activations.mish; Misra, 2019,
	// arXiv:1908.08681):
	//
	//	y = x * tanh(log(1 + exp(x)))
	Mish Function = "mish"
	// SELU is the scaled exponential linear unit (keras.activations.selu; Klambauer et al., 2017,
	// arXiv:1706.02515). Use it with the initializer LecunNormal:
	//
	//	y = 1.05070098 * (x if x >= 0, else 1.67326324*(exp(x) - 1))
	SELU Function = "selu"
	// SoftShrink moves numbers towards 0 (keras.activations.soft_shrink):
	//
	//	y = x - 0.5 if x > 0.5, x + 0.5 if x < -0.5, else 0
	SoftShrink Function = "soft_shrink"
	// Softplus is a smooth ReLU (keras.activations.softplus; Dugas et al., 2001):
	//
	//	y = log(1 + exp(x))
	Softplus Function = "softplus"
	// Softsign is a function from -1 to 1 that approaches its limits more slowly than Tanh
	// (keras.activations.softsign; Turian et al., 2009):
	//
	//	y = x / (1 + abs(x))
	Softsign Function = "softsign"
	// Sparsemax turns logits into weights, many of which are 0 (keras.activations.sparsemax; Martins and
	// Astudillo, 2016, arXiv:1602.02068). In the paper, tau is such that the results sum to 1. Keras 3.15
	// computes a different tau if more than one result is greater than 0, so the sum is not 1. lince
	// computes the same numbers as Keras; see op.Sparsemax:
	//
	//	y[k] = max(x[k] - tau, 0)
	Sparsemax Function = "sparsemax"
	// SparsePlus is a ReLU with a parabola around 0 (keras.activations.sparse_plus):
	//
	//	y = 0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4
	SparsePlus Function = "sparse_plus"
	// SparseSigmoid is an approximation of Sigmoid by line segments (keras.activations.sparse_sigmoid;
	// Blondel et al., 2019, arXiv:1901.02324):
	//
	//	y = 0 if x <= -1, 1 if x >= 1, else (x + 1) / 2
	SparseSigmoid Function = "sparse_sigmoid"
	// Squareplus is a smooth ReLU without exponentials (keras.activations.squareplus; Barron, 2021,
	// arXiv:2112.11687):
	//
	//	y = (x + sqrt(x^2 + 4)) / 2
	Squareplus Function = "squareplus"
	// TanhShrink is the difference between a number and its Tanh (keras.activations.tanh_shrink):
	//
	//	y = x - tanh(x)
	TanhShrink Function = "tanh_shrink"
)

// functions is the table of activation functions.
var functions = []struct {
	name  Function
	build func(b *graph.Builder, x *graph.Value) *graph.Value
}{
	{Linear, func(_ *graph.Builder, x *graph.Value) *graph.Value { return x }},
	{ReLU, (*graph.Builder).ReLU},
	{ReLU6, (*graph.Builder).ReLU6},
	{Sigmoid, (*graph.Builder).Sigmoid},
	{Softmax, (*graph.Builder).Softmax},
	{SiLU, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Sigmoid(x)) }},
	{Tanh, (*graph.Builder).Tanh},
	{CELU, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Add(b.Max(x, number(b, x, 0)), b.Expm1(negative(b, x)))
	}},
	{ELU, func(b *graph.Builder, x *graph.Value) *graph.Value { return elu(b, x, 1) }},
	{Exponential, (*graph.Builder).Exp},
	{GELU, gelu},
	{GLU, glu},
	{HardShrink, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Select(b.Binary(op.Greater, b.Abs(x), number(b, x, .5)), x, number(b, x, 0))
	}},
	{HardSigmoid, hardSigmoid},
	{HardSiLU, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, hardSigmoid(b, x)) }},
	{HardTanh, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Clip(x, -1, 1) }},
	{LeakyReLUFunction, func(b *graph.Builder, x *graph.Value) *graph.Value { return leakyReLU(b, x, .2) }},
	{LogSigmoid, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Neg(b.Softplus(b.Neg(x))) }},
	{LogSoftmax, logSoftmax},
	{Mish, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Tanh(b.Softplus(x))) }},
	{SELU, selu},
	{SoftShrink, softShrink},
	{Softplus, (*graph.Builder).Softplus},
	{Softsign, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Div(x, b.Offset(b.Abs(x), 1)) }},
	{Sparsemax, (*graph.Builder).Sparsemax},
	{SparsePlus, sparsePlus},
	{SparseSigmoid, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return between(b, x, number(b, x, 0), b.Scale(b.Offset(x, 1), .5), number(b, x, 1))
	}},
	{Squareplus, func(b *graph.Builder, x *graph.Value) *graph.Value {
		return b.Scale(b.Add(x, b.Sqrt(b.Offset(b.Square(x), 4))), .5)
	}},
	{TanhShrink, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(x, b.Tanh(x)) }},
}

// otherNames are names that Keras reads but does not write to files.
var otherNames = map[string]Function{"swish": SiLU, "hard_swish": HardSiLU}

// alongLast lists the functions that work along the last dimension.
var alongLast = []Function{GLU, LogSoftmax, Softmax, Sparsemax}

// number returns a constant of the type of x.
func number(b *graph.Builder, x *graph.Value, v float64) *graph.Value { return b.Constant(x.DType, v) }

// negative is the part of x that is below 0. The functions below use it in the branch for negative
// numbers, so that exp does not overflow in the other branch.
func negative(b *graph.Builder, x *graph.Value) *graph.Value { return b.Min(x, number(b, x, 0)) }

// The functions below choose their branches such that the gradients at the kinks are those of Keras.

func elu(b *graph.Builder, x *graph.Value, alpha float64) *graph.Value {
	if !x.Valid() {
		return b.Invalid()
	}
	y := b.Expm1(negative(b, x))
	if alpha == 1 { // the gradient at 0 is that of the branch for positive numbers
		return b.Select(b.Binary(op.Less, x, number(b, x, 0)), y, x)
	}
	return b.Select(b.Binary(op.Greater, x, number(b, x, 0)), x, b.Scale(y, alpha))
}

func selu(b *graph.Builder, x *graph.Value) *graph.Value {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return b.Select(b.Binary(op.Less, x, number(b, x, 0)), b.Scale(b.Expm1(negative(b, x)), scale*alpha), b.Scale(x, scale))
}

func leakyReLU(b *graph.Builder, x *graph.Value, slope float64) *graph.Value {
	return b.Select(b.Binary(op.Greater, x, number(b, x, 0)), x, b.Scale(x, slope))
}

func hardSigmoid(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Div(b.ReLU6(b.Offset(x, 3)), number(b, x, 6))
}

func gelu(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(b.Scale(x, .5), b.Offset(b.Erf(b.Scale(x, math.Sqrt2/2)), 1))
}

func softShrink(b *graph.Builder, x *graph.Value) *graph.Value {
	above := b.Binary(op.Greater, x, number(b, x, .5))
	below := b.Binary(op.Less, x, number(b, x, -.5))
	return b.Select(above, b.Offset(x, -.5), b.Select(below, b.Offset(x, .5), number(b, x, 0)))
}

func sparsePlus(b *graph.Builder, x *graph.Value) *graph.Value {
	return between(b, x, number(b, x, 0), b.Scale(b.Square(b.Offset(x, 1)), .25), x)
}

// between returns below where x <= -1, above where x >= 1, and inside elsewhere.
func between(b *graph.Builder, x, below, inside, above *graph.Value) *graph.Value {
	low, high := b.Binary(op.LessEqual, x, number(b, x, -1)), b.Binary(op.GreaterEqual, x, number(b, x, 1))
	return b.Select(low, below, b.Select(high, above, inside))
}

// glu halves the last dimension.
func glu(b *graph.Builder, x *graph.Value) *graph.Value {
	last := x.Rank() - 1
	n := x.Shape[last]
	if n == tensor.Unknown || n%2 != 0 {
		return b.Errorf("got shape %v for glu, want an even number of features", x.Shape)
	}
	begin, size := make([]int, x.Rank()), x.Shape.Clone()
	size[last] = n / 2
	first := b.Slice(x, begin, size)
	begin = append(make([]int, last), n/2)
	return b.Mul(first, b.Sigmoid(b.Slice(x, begin, size)))
}

// logSoftmax subtracts the maximum first, so that exp does not overflow.
func logSoftmax(b *graph.Builder, x *graph.Value) *graph.Value {
	last := x.Rank() - 1
	top := b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{last}, KeepDims: true}, x)
	below := b.Sub(x, top)
	return b.Sub(below, b.Log(b.SumKeep(b.Exp(below), last)))
}
