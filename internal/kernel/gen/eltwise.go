package main

import (
	"fmt"
	"math"
	"slices"
)

// elements are the registers of a loop over elements: x and y are the operands, and x becomes the
// result. zero, one and sign are constants, which a function has if its row says so; the others are free.
type elements struct {
	*asm
	x, y, zero, one, sign *reg
	s, t, u, w            *reg
	mask                  *reg
}

// needs says which constants a function uses.
type needs struct{ zero, one, sign bool }

// newElements takes the registers. A function of one number has the first eight only: NEON and AVX-512 have numbers
// in the others.
func newElements(a *asm, n needs, binary bool) *elements {
	if !binary {
		a.keepNumbers()
	}
	e := &elements{asm: a, x: a.vector("x")}
	if binary {
		e.y = a.vector("y")
	}
	e.mask = a.mask("mask")
	if n.zero {
		e.zero = a.vector("0")
		a.zero(e.zero)
	}
	if n.one {
		e.one = a.vector("1")
		a.integer(math.Float32bits(1), e.one)
	}
	if n.sign {
		e.sign = a.vector("sign bits")
		a.integer(1<<31, e.sign)
	}
	free := a.vectors("free", min(4, a.unused(vectorClass)))
	for i, r := range []**reg{&e.s, &e.t, &e.u, &e.w}[:len(free)] {
		*r = free[i]
	}
	return e
}

var binaryOps = []struct {
	name, goExpr string
	needs        needs
	code         func(e *elements)
}{
	{"Add", "x + y", needs{}, func(e *elements) { e.v("VADDPS", e.y, e.x, e.x) }},
	{"Sub", "x - y", needs{}, func(e *elements) { e.v("VSUBPS", e.y, e.x, e.x) }},
	{"Mul", "x * y", needs{}, func(e *elements) { e.v("VMULPS", e.y, e.x, e.x) }},
	{"Div", "x / y", needs{}, func(e *elements) { e.v("VDIVPS", e.y, e.x, e.x) }},
	{"Max", "max(x, y)", needs{}, func(e *elements) { e.extreme("VMAXPS", "VANDPS", "FMAX") }},
	{"Min", "min(x, y)", needs{}, func(e *elements) { e.extreme("VMINPS", "VORPS", "FMIN") }},
	{"Equal", "1 where x == y, else 0", needs{one: true}, func(e *elements) { e.truth("$0x00") }},
	{"Less", "1 where x < y, else 0", needs{one: true}, func(e *elements) { e.truth("$0x11") }},
	{"LessEqual", "1 where x <= y, else 0", needs{one: true}, func(e *elements) { e.truth("$0x12") }},
	{"Greater", "1 where x > y, else 0", needs{one: true}, func(e *elements) { e.truth("$0x1e") }},
	{"GreaterEqual", "1 where x >= y, else 0", needs{one: true}, func(e *elements) { e.truth("$0x1d") }},
	{"ReLUGrad", "x where y > 0, else 0", needs{zero: true}, func(e *elements) {
		e.v("VCMPPS", "$0x1e", e.zero, e.y, e.mask)
		e.zeroUnless(e.mask, e.x)
	}},
	{"ReLU6Grad", "x where 0 < y < 6, else 0", needs{zero: true}, func(e *elements) {
		e.v("VCMPPS", "$0x1e", e.zero, e.y, e.mask)
		e.zeroUnless(e.mask, e.x)
		e.v("VCMPPS", "$0x11", e.number(6), e.y, e.mask)
		e.zeroUnless(e.mask, e.x)
	}},
}

// zeroUnless clears those lanes of x that a mask does not have.
func (a *asm) zeroUnless(mask, x *reg) {
	if mask.class == maskClass {
		a.v("VMOVAPS.Z", x, mask, x)
	} else {
		a.v("VANDPS", mask, x, x)
	}
}

// extreme computes the maximum or the minimum as Go does: NaN if one of x and y is NaN, and of two zeros
// the one with the sign that Go chooses. The instruction of amd64 returns its second operand in both
// cases, so both orders are computed and combined: both is the instruction that does it for zeros.
func (e *elements) extreme(op, both, word string) {
	if e.isNEON() {
		e.n3(word, e.x, e.y, e.x)
		return
	}
	sum := e.u
	e.v("VCMPPS", "$0x03", e.y, e.x, e.mask) // one is NaN
	if e.is512() {
		e.v("VADDPS", e.y, e.x, sum)
	}
	e.v(op, e.y, e.x, e.s)
	e.v(op, e.x, e.y, e.t)
	e.v(both, e.s, e.t, e.x)
	if e.is512() {
		e.blend(e.mask, sum, e.x)
	} else {
		e.v("VORPS", e.mask, e.x, e.x)
	}
}

// truth sets x to 1 where a comparison of x with y holds, else to 0.
func (e *elements) truth(comparison string) {
	e.v("VCMPPS", comparison, e.y, e.x, e.mask)
	if e.is512() {
		e.v("VMOVAPS.Z", e.one, e.mask, e.x)
	} else {
		e.v("VANDPS", e.mask, e.one, e.x)
	}
}

// choose writes the loop of Select.
func choose(f *family, v vec) {
	a := f.fn(v, "choose", "sets dst[i] = x[i] where cond[i] is not 0, else y[i], for n vectors. The vectors of x and y lie stepX and stepY bytes apart.",
		"dst *float32", "cond *float32", "x *float32", "y *float32", "n int", "stepX int", "stepY int")
	dst, cond, x, y := a.param("dst"), a.param("cond"), a.param("x"), a.param("y")
	stepX, stepY := a.param("stepX"), a.param("stepY")
	zero, condition, value := a.vector("zero"), a.vector("condition"), a.vector("value")
	mask := a.mask("mask")
	a.zero(zero)
	a.eachVector(func() {
		a.v("VMOVUPS", cond.mem(0), condition)
		a.v("VMOVUPS", x.mem(0), value)
		a.v("VCMPPS", "$0x00", zero, condition, mask)
		if a.is512() {
			a.v("VMOVUPS", y.mem(0), mask, value)
		} else {
			a.v("VMOVUPS", y.mem(0), condition)
			a.blend(mask, condition, value)
		}
		a.v("VMOVUPS", value, dst.mem(0))
		a.i("ADDQ %s, %s\nADDQ %s, %s", stepX, x, stepY, y)
	}, a.steps(cond, dst)...)
}

var unaryOps = []struct {
	name, goExpr string
	needs        needs
	code         func(e *elements)
}{
	{"Neg", "-x", needs{sign: true}, func(e *elements) { e.v("VXORPS", e.sign, e.x, e.x) }},
	{"Abs", "|x|", needs{sign: true}, func(e *elements) { e.v("VANDNPS", e.x, e.sign, e.x) }},
	{"Square", "x * x", needs{}, func(e *elements) { e.v("VMULPS", e.x, e.x, e.x) }},
	{"Sqrt", "sqrt(x)", needs{}, func(e *elements) { e.v("VSQRTPS", e.x, e.x) }},
	{"ReLU", "0 where x < 0, else x", needs{zero: true}, func(e *elements) { e.v("VMAXPS", e.x, e.zero, e.x) }},
	{"ReLU6", "0 where x < 0, 6 where x > 6, else x", needs{zero: true}, func(e *elements) {
		e.v("VMAXPS", e.x, e.zero, e.x)
		e.v("VMOVUPS", e.number(6), e.s)
		e.v("VMINPS", e.x, e.s, e.x)
	}},
	{"Exp", "exp(x), approximately", needs{}, func(e *elements) { e.exp() }},
	{"Sigmoid", "1 / (1 + exp(-x)), approximately", needs{one: true, sign: true}, func(e *elements) {
		e.v("VXORPS", e.sign, e.x, e.x)
		e.exp()
		e.v("VADDPS", e.one, e.x, e.x)
		e.v("VDIVPS", e.x, e.one, e.x)
	}},
	{"Tanh", "tanh(x), approximately", needs{one: true, sign: true}, func(e *elements) { e.tanh() }},
	{"Erf", "erf(x), approximately", needs{one: true, sign: true}, func(e *elements) { e.erf() }},
	{"Expm1", "exp(x) - 1, approximately", needs{}, func(e *elements) { e.expm1() }},
	{"Softplus", "ln(1 + exp(x)), approximately", needs{zero: true, sign: true}, func(e *elements) { e.softplus() }},
	{"Swish", "x / (1 + exp(-x)), approximately", needs{one: true, sign: true}, func(e *elements) {
		e.v("VMOVAPS", e.x, e.u)
		e.v("VXORPS", e.sign, e.x, e.x)
		e.exp()
		e.v("VADDPS", e.one, e.x, e.x)
		e.v("VDIVPS", e.x, e.one, e.x)
		e.v("VMULPS", e.x, e.u, e.x)
	}},
	{"HardSwish", "x * (min(max(x+3, 0), 6) / 6)", needs{zero: true}, func(e *elements) {
		e.v("VADDPS", e.number(3), e.x, e.t)
		e.v("VMAXPS", e.t, e.zero, e.t)
		e.v("VMOVUPS", e.number(6), e.s)
		e.v("VMINPS", e.t, e.s, e.t)
		e.quotient(e.t, e.u, 6)
		e.v("VMULPS", e.u, e.x, e.x)
	}},
	{"Gelu", "x/2 * (1 + erf(x*sqrt(1/2))), approximately", needs{one: true, sign: true}, func(e *elements) {
		e.v("VMULPS", e.number(.5), e.x, e.w)
		e.v("VMULPS", e.number(math.Sqrt2/2), e.x, e.x)
		e.erf()
		e.v("VADDPS", e.one, e.x, e.x)
		e.v("VMULPS", e.x, e.w, e.x)
	}},
	{"GeluQuotient", "x * (1 + erf(x/sqrt(2))) / 2, approximately", needs{one: true, sign: true}, func(e *elements) {
		e.v("VMOVAPS", e.x, e.w)
		for _, bound := range []struct {
			op string
			by float64
		}{{"VMINPS", 6}, {"VMAXPS", -6}} { // beyond, erf is 1 or -1
			e.v("VMOVUPS", e.number(bound.by), e.s)
			e.v(bound.op, e.x, e.s, e.x) // NaN stays NaN
		}
		e.quotient(e.x, e.t, math.Sqrt2)
		e.v("VMOVAPS", e.t, e.x)
		e.erf()
		e.v("VADDPS", e.one, e.x, e.x)
		e.v("VMULPS", e.x, e.w, e.x)
		e.v("VMULPS", e.number(.5), e.x, e.x)
	}},
}

// quotient sets q to x/by, rounded correctly, with three instructions that take less time than a division (Markstein, IA-64 and
// Elementary Functions, 2000): the error of a first quotient is exact, because a fused multiply-add computes it. It overwrites x.
// x must be finite or NaN and so large that its error is no denormal number. TestQuotients shows that no float32 differs.
func (e *elements) quotient(x, q *reg, by float64) {
	inverse := e.number(1 / float64(float32(by)))
	e.v("VMULPS", inverse, x, q)
	e.v("VFNMADD231PS", e.number(by), q, x)
	e.v("VFMADD231PS", inverse, x, q)
}

// polynomial sets p to the value of a polynomial at x, highest power first.
func (a *asm) polynomial(x, p *reg, coefficients ...float64) {
	a.v("VMOVUPS", a.number(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		a.v("VFMADD213PS", a.number(c), x, p)
	}
}

// expTail has the coefficients of (exp(r)-1-r)/r^2, from Cephes' expf (Moshier).
var expTail = []float64{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

// exp computes the exponential of x, with s and t. exp(x) is exp(r) * 2^n with n the integer next to
// x/ln 2. 2^n is applied in two factors, so that
// denormal results are rounded once and large ones become infinite.
func (e *elements) exp() {
	x, n, p := e.x, e.s, e.t
	for _, bound := range []struct {
		op string
		by float64
	}{{"VMINPS", 89}, {"VMAXPS", -105}} {
		e.v("VMOVUPS", e.number(bound.by), n)
		e.v(bound.op, x, n, x) // NaN stays NaN
	}
	e.v("VMULPS", e.number(math.Log2E), x, n)
	tail := slices.Concat(expTail, []float64{1, 1})
	if e.is512() { // one instruction rounds to an integer, and one multiplies by 2^n and rounds once
		e.v("VRNDSCALEPS", "$0", n, n)
		e.v("VFNMADD231PS", e.number(0.693359375), n, x)
		e.v("VFNMADD231PS", e.number(-2.12194440e-4), n, x)
		e.polynomial(x, p, tail...)
		e.v("VSCALEFPS", n, p, x)
		return
	}
	e.v("VCVTPS2DQ", n, n)
	e.v("VCVTDQ2PS", n, p)
	e.v("VFNMADD231PS", e.number(0.693359375), p, x)
	e.v("VFNMADD231PS", e.number(-2.12194440e-4), p, x)
	e.polynomial(x, p, tail...)
	e.v("VPSRAD", "$1", n, x)
	e.v("VPSUBD", x, n, n)
	for _, half := range []*reg{x, n} {
		e.v("VPADDD", e.bits(127), half, half)
		e.v("VPSLLD", "$23", half, half)
	}
	e.v("VMULPS", x, p, p)
	e.v("VMULPS", n, p, x)
}

// tanh computes the hyperbolic tangent of x. Below 0.625 it is the polynomial of Cephes' tanhf, above
// 1 - 2/(exp(2|x|)+1).
func (e *elements) tanh() {
	x, z, p, whole := e.x, e.s, e.t, e.u
	e.v("VMOVAPS", x, whole)
	e.v("VANDNPS", x, e.sign, x)
	e.v("VADDPS", x, x, x)
	e.exp()
	e.v("VADDPS", e.one, x, x)
	e.v("VMOVUPS", e.number(2), z)
	e.v("VDIVPS", x, z, x)
	e.v("VSUBPS", x, e.one, x)
	e.v("VANDPS", e.sign, whole, z)
	e.v("VORPS", z, x, x)

	e.comment("the polynomial, for small numbers")
	e.v("VMULPS", whole, whole, z)
	e.polynomial(z, p, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	e.v("VMULPS", z, p, p)
	e.v("VFMADD213PS", whole, whole, p)
	e.v("VANDNPS", whole, e.sign, z)
	e.v("VCMPPS", "$0x11", e.number(0.625), z, e.mask) // |x| < 0.625
	e.blend(e.mask, p, x)
}

// erf computes the error function of x. Below 0.875 it is x + x*P(x*x), above 1 - exp(|x|*Q(|x|)). P and Q
// are minimax approximations of erf(x)/x - 1 and of ln(1-erf(x))/x, with weights that make the relative
// errors of the result equal (Lawson, 1961). From 3.95 on the result is 1. The error is at most 1.2 units in
// the last place.
func (e *elements) erf() {
	x, z, p, whole := e.x, e.s, e.t, e.u
	e.v("VMOVAPS", x, whole)
	e.v("VANDNPS", x, e.sign, x)
	e.v("VMOVUPS", e.number(3.95), z)
	e.v("VMINPS", x, z, x) // NaN stays NaN
	e.polynomial(x, p, -9.364645848108921e-06, 3.043315082322806e-4, -3.5682683810591698e-3, 2.360721118748188e-2, -1.0605962574481964e-1, -6.352568864822388e-1, -1.128622904419899)
	e.v("VMULPS", p, x, x)
	e.exp()
	e.v("VSUBPS", x, e.one, x)
	e.v("VANDPS", e.sign, whole, z)
	e.v("VORPS", z, x, x)

	e.comment("the polynomial, for small numbers")
	e.v("VMULPS", whole, whole, z)
	e.polynomial(z, p, -6.2032719142735e-4, 5.03218499943614e-3, -2.6791466400027275e-2, 1.1282455176115036e-1, -3.761255145072937e-1, 1.2837915122509003e-1)
	e.v("VFMADD213PS", whole, whole, p)
	e.v("VANDNPS", whole, e.sign, z)
	e.v("VCMPPS", "$0x11", e.number(0.875), z, e.mask) // |x| < 0.875
	e.blend(e.mask, p, x)
}

// expm1 computes the exponential of x, minus 1. As in exp, exp(x) is exp(r) * 2^n; the result is
// (exp(r)-1) * 2^n + (2^n-1), of which half is computed, because 2^n may be too large.
func (e *elements) expm1() {
	x, n, p, square := e.x, e.s, e.t, e.u
	for _, bound := range []struct {
		op string
		by float64
	}{{"VMINPS", 89}, {"VMAXPS", -30}} {
		e.v("VMOVUPS", e.number(bound.by), n)
		e.v(bound.op, x, n, x) // NaN stays NaN
	}
	e.v("VMULPS", e.number(math.Log2E), x, n)
	e.v("VCVTPS2DQ", n, n)
	e.v("VCVTDQ2PS", n, p)
	e.v("VFNMADD231PS", e.number(0.693359375), p, x)
	e.v("VFNMADD231PS", e.number(-2.12194440e-4), p, x)
	e.polynomial(x, p, expTail...)
	e.v("VMULPS", x, x, square)
	e.v("VFMADD231PS", p, square, x)
	e.v("VPADDD", e.bits(126), n, n)
	e.v("VPSLLD", "$23", n, n)
	e.v("VMOVUPS", e.number(0.5), p)
	e.v("VSUBPS", p, n, p)
	e.v("VFMADD213PS", p, n, x)
	e.v("VADDPS", x, x, x)
}

// softplus computes ln(1+exp(x)) as max(x, 0) + ln(1+y) with y = exp(-|x|). ln(1+y) is computed as in Cephes'
// logf (Moshier): ln(1+r) with r = y, or ln(1+r) + ln 2 with 1+r = (1+y)/2 if 1+y is above sqrt(2).
func (e *elements) softplus() {
	r, s, p, whole := e.x, e.s, e.t, e.u
	e.v("VMOVAPS", r, whole)
	e.v("VORPS", e.sign, r, r)
	e.exp()
	e.v("VMOVUPS", e.number(0.5), s)
	e.v("VFMADD213PS", e.number(-0.5), r, s)
	e.v("VCMPPS", "$0x1e", e.number(math.Sqrt2-1), r, e.mask)
	e.blend(e.mask, s, r)
	e.polynomial(r, p, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	e.v("VMULPS", r, r, s)
	e.v("VMULPS", r, p, p)
	e.v("VMULPS", s, p, p)
	e.v("VFNMADD231PS", e.number(0.5), s, p)
	e.v("VMOVUPS", e.number(-2.12194440e-4), s)
	e.zeroUnless(e.mask, s)
	e.v("VADDPS", s, p, p)
	e.v("VADDPS", p, r, r)
	e.v("VMOVUPS", e.number(0.693359375), s)
	e.zeroUnless(e.mask, s)
	e.v("VADDPS", s, r, r)
	e.v("VMAXPS", whole, e.zero, whole)
	e.v("VADDPS", whole, r, r)
}

// eltwise writes a loop for each function, and the Go switches over them.
func eltwise(f *family) {
	for _, v := range f.vecs {
		for _, op := range binaryOps {
			binary(f, v, "binary"+op.name, op.goExpr, op.needs, op.code)
		}
		choose(f, v)
		for _, op := range unaryOps {
			unary(f, v, "unary"+op.name, op.goExpr, op.needs, op.code)
		}
	}
	fmt.Fprintf(&f.shared, "\n// binaryOps calls the assembly for a function of two numbers; it returns false if there is none.\n"+
		"func binaryOps(isa kernel.ISA, op BinaryOp, dst, x, y *float32, n, stepX, stepY int) bool {\n\tswitch op {\n")
	for _, op := range binaryOps {
		fmt.Fprintf(&f.shared, "\tcase %s:\n\t\tbinary%[1]sVectors(isa, dst, x, y, n, stepX, stepY)\n", op.name)
	}
	fmt.Fprintf(&f.shared, "\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n"+
		"\n// unaryOps calls the assembly for a function of one number; it returns false if there is none.\n"+
		"func unaryOps(isa kernel.ISA, op UnaryOp, dst, x *float32, n int) bool {\n\tswitch op {\n")
	for _, op := range unaryOps {
		fmt.Fprintf(&f.shared, "\tcase %s:\n\t\tunary%[1]sVectors(isa, dst, x, n)\n", op.name)
	}
	fmt.Fprintf(&f.shared, "\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n")
	f.dispatch()
}

func binary(f *family, v vec, name, goExpr string, n needs, code func(e *elements)) {
	a := f.fn(v, name, "sets dst = "+goExpr+", element by element, for n vectors. The vectors of x and y lie stepX and stepY bytes apart.",
		"dst *float32", "x *float32", "y *float32", "n int", "stepX int", "stepY int")
	dst, x, y, stepX, stepY := a.param("dst"), a.param("x"), a.param("y"), a.param("stepX"), a.param("stepY")
	e := newElements(a, n, true)
	a.eachVector(func() {
		a.v("VMOVUPS", x.mem(0), e.x)
		a.v("VMOVUPS", y.mem(0), e.y)
		a.i("ADDQ %s, %s\nADDQ %s, %s", stepX, x, stepY, y)
		code(e)
		a.v("VMOVUPS", e.x, dst.mem(0))
	}, a.steps(dst)...)
}

func unary(f *family, v vec, name, goExpr string, n needs, code func(e *elements)) {
	a := f.fn(v, name, "sets dst = "+goExpr+", element by element, for n vectors.", "dst *float32", "x *float32", "n int")
	dst, x := a.param("dst"), a.param("x")
	e := newElements(a, n, false)
	a.eachVector(func() {
		a.v("VMOVUPS", x.mem(0), e.x)
		code(e)
		a.v("VMOVUPS", e.x, dst.mem(0))
	}, a.steps(x, dst)...)
}
