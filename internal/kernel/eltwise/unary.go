package eltwise

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// UnaryOp is a function of one number.
type UnaryOp uint8

// The functions of one number. In Go, those of the math package are computed in float64 and rounded once.
const (
	Copy UnaryOp = iota
	Neg
	Abs
	Square
	Sqrt
	Rsqrt
	Exp
	Log
	Log1p
	ReLU  // max(x, 0); NaN stays NaN
	ReLU6 // min(max(x, 0), 6); NaN stays NaN
	Sigmoid
	Tanh
	Sign // -1, 0 or 1; NaN stays NaN
	Floor
	Ceil
	Round // to even
	Erf
	Expm1    // exp(x) - 1
	Softplus // ln(1 + exp(x))
	Sin
	Cos
	Atan
	Swish     // x * Sigmoid(x)
	HardSwish // x * (ReLU6(x+3) / 6)
	Gelu      // x*0.5 * (Erf(x*sqrt(0.5)) + 1), as Keras computes it
	// GeluQuotient is x * (Erf(x/sqrt(2)) + 1) * 0.5, as PyTorch writes it to ONNX files.
	GeluQuotient
)

// String returns the function's name.
func (o UnaryOp) String() string { return unaries[o].name }

// Unary is a function of one number over n elements.
type Unary struct {
	isa kernel.ISA
	op  UnaryOp
	n   int
}

// NewUnary prepares a function for n elements.
func NewUnary(isa kernel.ISA, op UnaryOp, n int) *Unary { return &Unary{isa, op, n} }

// Parts is the number of parts of Run.
func (u *Unary) Parts() int { return kernel.Blocks(u.n) }

// Run computes a part of dst, which may be x.
func (u *Unary) Run(part int, x, dst []float32) {
	lo, hi := kernel.BlockRange(u.n, part)
	applyUnary(u.isa, u.op, x[lo:hi], dst[lo:hi])
}

// applyUnary computes a function of the elements of x.
func applyUnary(isa kernel.ISA, op UnaryOp, x, dst []float32) {
	if op == Copy {
		copy(dst, x)
		return
	}
	f := unaries[op].f
	for i := unaryVector(isa, op, x, dst); i < len(x); i++ {
		dst[i] = f(x[i])
	}
}

// approximate reports whether assembly gives other bits than the Go function. They differ by at most 4
// units in the last place, or 1e-38 (Swish 1e-36, Gelu 5e-7).
func (o UnaryOp) approximate() bool {
	switch o {
	case Exp, Sigmoid, Tanh, Erf, Expm1, Softplus, Swish, Gelu, GeluQuotient:
		return true
	}
	return false
}

// double returns a function of float64 as one of float32.
func double(f func(float64) float64) func(float32) float32 {
	return func(x float32) float32 { return float32(f(float64(x))) }
}

type unaryFunction struct {
	name string
	f    func(x float32) float32
}

// unaries has the name of each function, and a Go function, which is its reference.
var unaries = [...]unaryFunction{
	Copy:   {"Copy", func(x float32) float32 { return x }},
	Neg:    {"Neg", func(x float32) float32 { return -x }},
	Abs:    {"Abs", func(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }},
	Square: {"Square", func(x float32) float32 { return x * x }},
	Sqrt:   {"Sqrt", double(math.Sqrt)},
	Rsqrt:  {"Rsqrt", double(func(x float64) float64 { return 1 / math.Sqrt(x) })},

	Exp:   {"Exp", double(math.Exp)},
	Log:   {"Log", double(math.Log)},
	Log1p: {"Log1p", double(math.Log1p)},
	ReLU: {"ReLU", func(x float32) float32 {
		if x < 0 {
			return 0
		}
		return x
	}},
	ReLU6: {"ReLU6", func(x float32) float32 {
		switch {
		case x < 0:
			return 0
		case x > 6:
			return 6
		}
		return x
	}},
	Sigmoid: {"Sigmoid", double(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) })},
	Tanh:    {"Tanh", double(math.Tanh)},
	Sign: {"Sign", func(x float32) float32 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return x
	}},
	Floor: {"Floor", double(math.Floor)},
	Ceil:  {"Ceil", double(math.Ceil)},
	Round: {"Round", double(math.RoundToEven)},

	Erf:   {"Erf", double(math.Erf)},
	Expm1: {"Expm1", double(math.Expm1)},
	Softplus: {"Softplus", double(func(x float64) float64 {
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	})},
	Sin: {"Sin", double(math.Sin)},
	Cos: {"Cos", double(math.Cos)},

	Atan: {"Atan", double(math.Atan)},

	Swish:     {"Swish", swish},
	HardSwish: {"HardSwish", hardSwish},

	Gelu:         {"Gelu", gelu},
	GeluQuotient: {"GeluQuotient", geluQuotient},
}

// The activations round after each function, so that their bits are those of a chain of these functions.
func swish(x float32) float32 {
	return x * float32(1/(1+math.Exp(-float64(x))))
}

func hardSwish(x float32) float32 {
	return x * (min(max(x+3, 0), 6) / 6)
}

func gelu(x float32) float32 {
	erf := float32(math.Erf(float64(x * (math.Sqrt2 / 2))))
	return float32(x*.5) * (erf + 1)
}

func geluQuotient(x float32) float32 {
	erf := float32(math.Erf(float64(x / math.Sqrt2)))
	return float32(x*(erf+1)) * .5
}
