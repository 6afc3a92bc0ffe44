package main

import (
	"fmt"
	"math"
)

// binaryOps makes register 0 from x in 0 and y in 1, which stays; 2, 6 and 7 are free, 4 is 0
// and 5 is 1.
var binaryOps = []struct {
	name, goExpr string
	code         func(a *asm)
}{
	{"Add", "x + y", func(a *asm) { a.v("VADDPS", 1, 0, 0) }},
	{"Sub", "x - y", func(a *asm) { a.v("VSUBPS", 1, 0, 0) }},
	{"Mul", "x * y", func(a *asm) { a.v("VMULPS", 1, 0, 0) }},
	{"Div", "x / y", func(a *asm) { a.v("VDIVPS", 1, 0, 0) }},
	{"Max", "max(x, y)", func(a *asm) { a.extreme("VMAXPS", "VANDPS", "FMAX") }},
	{"Min", "min(x, y)", func(a *asm) { a.extreme("VMINPS", "VORPS", "FMIN") }},
	{"Equal", "1 where x == y, else 0", func(a *asm) { a.truth("$0x00") }},
	{"Less", "1 where x < y, else 0", func(a *asm) { a.truth("$0x11") }},
	{"LessEqual", "1 where x <= y, else 0", func(a *asm) { a.truth("$0x12") }},
	{"Greater", "1 where x > y, else 0", func(a *asm) { a.truth("$0x1e") }},
	{"GreaterEqual", "1 where x >= y, else 0", func(a *asm) { a.truth("$0x1d") }},
	{"ReLUGrad", "x where y > 0, else 0", func(a *asm) {
		if a.is512() {
			a.v("VCMPPS", "$0x1e", 4, 1, "K1")
			a.v("VMOVAPS.Z", 0, "K1", 0)
		} else {
			a.v("VCMPPS", "$0x1e", 4, 1, 2)
			a.v("VANDPS", 2, 0, 0)
		}
	}},
	{"ReLU6Grad", "x where 0 < y < 6, else 0", func(a *asm) {
		if a.is512() {
			a.v("VCMPPS", "$0x1e", 4, 1, "K1")
			a.v("VCMPPS", "$0x11", a.number(6), 1, "K1", "K1")
			a.v("VMOVAPS.Z", 0, "K1", 0)
		} else {
			a.v("VCMPPS", "$0x1e", 4, 1, 2)
			a.v("VANDPS", 2, 0, 0)
			a.v("VCMPPS", "$0x11", a.number(6), 1, 2)
			a.v("VANDPS", 2, 0, 0)
		}
	}},
	{"SigmoidGrad", "x * y * (1 - y)", func(a *asm) {
		a.v("VMULPS", 1, 0, 0)
		a.v("VSUBPS", 1, 5, 2)
		a.v("VMULPS", 2, 0, 0)
	}},
	{"TanhGrad", "x * (1 - y*y)", func(a *asm) {
		a.v("VMULPS", 1, 1, 2)
		a.v("VSUBPS", 2, 5, 2)
		a.v("VMULPS", 2, 0, 0)
	}},
	{"SquaredDifference", "(x - y) * (x - y)", func(a *asm) {
		a.v("VSUBPS", 1, 0, 0)
		a.v("VMULPS", 0, 0, 0)
	}},
}

// extreme makes register 0 the greater or the lesser of 0 and 1, as Go does: NaN where one of
// them is, and of zeros the one with Go's sign. Amd64's instruction takes its second operand for
// both, so both orders are brought together by both, which tells zeros apart.
func (a *asm) extreme(op, both, word string) {
	if a.isNEON() {
		a.n3(word, 0, 1, 0)
		return
	}
	if a.is512() {
		a.v("VCMPPS", "$0x03", 1, 0, "K1") // one is NaN
		a.v("VADDPS", 1, 0, 6)
	} else {
		a.v("VCMPPS", "$0x03", 1, 0, 6)
	}
	a.v(op, 1, 0, 2)
	a.v(op, 0, 1, 7)
	a.v(both, 2, 7, 0)
	if a.is512() {
		a.v("VMOVAPS", 6, "K1", 0)
	} else {
		a.v("VORPS", 6, 0, 0)
	}
}

// truth makes register 0 1 where it compares to 1 like that, else 0.
func (a *asm) truth(comparison string) {
	if a.is512() {
		a.v("VCMPPS", comparison, 1, 0, "K1")
		a.v("VMOVAPS.Z", 5, "K1", 0)
		return
	}
	a.v("VCMPPS", comparison, 1, 0, 2)
	a.v("VANDPS", 2, 5, 0)
}

// choose writes the loop of Select.
func choose(f *family, v vec) {
	a := f.fn(v, "choose", "sets dst[i] = x[i] where cond[i] is not 0, else y[i], for n vectors; x and y go on by stepX and stepY bytes a vector.",
		"dst *float32", "cond *float32", "x *float32", "y *float32", "n int", "stepX int", "stepY int")
	a.load("DI", "R8", "SI", "BX", "CX", "R9", "R10")
	a.zero(4)
	a.loop("again")
	a.v("VMOVUPS", "(R8)", 0)
	a.v("VMOVUPS", "(SI)", 1)
	if a.is512() {
		a.v("VCMPPS", "$0x00", 4, 0, "K1")
		a.v("VMOVUPS", "(BX)", "K1", 1)
	} else {
		a.v("VMOVUPS", "(BX)", 3)
		a.v("VCMPPS", "$0x00", 4, 0, 2)
		a.v("VBLENDVPS", 2, 3, 1, 1)
	}
	a.v("VMOVUPS", 1, "(DI)")
	a.i("ADDQ $%d, R8\nADDQ R9, SI\nADDQ R10, BX\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}

// unaryOps makes register 0 from x in 0; 4 is 0, 5 is 1 and 6 the sign bits.
var unaryOps = []struct {
	name, goExpr string
	code         func(a *asm)
}{
	{"Neg", "-x", func(a *asm) { a.v("VXORPS", 6, 0, 0) }},
	{"Abs", "|x|", func(a *asm) { a.v("VANDNPS", 0, 6, 0) }},
	{"Square", "x * x", func(a *asm) { a.v("VMULPS", 0, 0, 0) }},
	{"Sqrt", "sqrt(x)", func(a *asm) { a.v("VSQRTPS", 0, 0) }},
	{"Reciprocal", "1 / x", func(a *asm) { a.v("VDIVPS", 0, 5, 0) }},
	{"ReLU", "0 where x < 0, else x", func(a *asm) { a.v("VMAXPS", 0, 4, 0) }},
	{"ReLU6", "0 where x < 0, 6 where x > 6, else x", func(a *asm) {
		a.v("VMAXPS", 0, 4, 0)
		a.v("VMOVUPS", a.number(6), 1)
		a.v("VMINPS", 0, 1, 0)
	}},
	{"Exp", "exp(x), nearly", func(a *asm) { a.exp() }},
	{"Sigmoid", "1 / (1 + exp(-x)), nearly", func(a *asm) {
		a.v("VXORPS", 6, 0, 0)
		a.exp()
		a.v("VADDPS", 5, 0, 0)
		a.v("VDIVPS", 0, 5, 0)
	}},
	{"Tanh", "tanh(x), nearly", func(a *asm) { a.tanh() }},
}

// polynomial makes register p the value at register x, highest power first.
func (a *asm) polynomial(x, p int, coefficients ...float64) {
	a.v("VMOVUPS", a.number(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		a.v("VFMADD213PS", a.number(c), x, p)
	}
}

// exp makes register 0 its exponential; it uses 1 and 2. exp(x) is exp(r) * 2^n with n the
// integer next to x/ln 2; the coefficients are those of Cephes' expf (Moshier). 2^n comes in
// two factors, so that denormal results are rounded once and great ones become infinite.
func (a *asm) exp() {
	const x, n, p = 0, 1, 2
	for _, bound := range []struct {
		op string
		by float64
	}{{"VMINPS", 89}, {"VMAXPS", -105}} {
		a.v("VMOVUPS", a.number(bound.by), n)
		a.v(bound.op, x, n, x) // keeps NaN
	}
	a.v("VMULPS", a.number(math.Log2E), x, n)
	a.v("VCVTPS2DQ", n, n)
	a.v("VCVTDQ2PS", n, p)
	a.v("VFNMADD231PS", a.number(0.693359375), p, x)
	a.v("VFNMADD231PS", a.number(-2.12194440e-4), p, x)
	a.polynomial(x, p, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1)
	a.v("VPSRAD", "$1", n, x)
	a.v("VPSUBD", x, n, n)
	for _, half := range []int{x, n} {
		a.v("VPADDD", a.bits(127), half, half)
		a.v("VPSLLD", "$23", half, half)
	}
	a.v("VMULPS", x, p, p)
	a.v("VMULPS", n, p, x)
}

// tanh makes register 0 its hyperbolic tangent; it uses 1 to 3 and 7. Below 0.625 it is a
// polynomial, that of Cephes' tanhf, above 1 - 2/(exp(2|x|)+1).
func (a *asm) tanh() {
	const x, z, p, whole, sign, mask = 0, 1, 2, 3, 6, 7
	a.v("VMOVAPS", x, whole)
	a.v("VANDNPS", x, sign, x)
	a.v("VADDPS", x, x, x)
	a.exp()
	a.v("VADDPS", 5, x, x)
	a.v("VMOVUPS", a.number(2), z)
	a.v("VDIVPS", x, z, x)
	a.v("VSUBPS", x, 5, x)
	a.v("VANDPS", sign, whole, z)
	a.v("VORPS", z, x, x)

	a.v("VMULPS", whole, whole, z)
	a.polynomial(z, p, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	a.v("VMULPS", z, p, p)
	a.v("VFMADD213PS", whole, whole, p)
	a.v("VANDNPS", whole, sign, z)
	if a.is512() {
		a.v("VCMPPS", "$0x11", a.number(0.625), z, "K1") // |x| < 0.625
		a.v("VMOVAPS", p, "K1", x)
	} else {
		a.v("VCMPPS", "$0x11", a.number(0.625), z, mask)
		a.v("VBLENDVPS", mask, p, x, x)
	}
}

// The ways of stepping through operands: eltwise.noScalar and so on.
var steppings = []struct{ name, doc string }{
	{"", "x[i], y[i]"},
	{"ScalarX", "x[0], y[i]"},
	{"ScalarY", "x[i], y[0]"},
}

const one = 0x3f800000

// eltwise writes a loop for each function, and the switches over them.
func eltwise(f *family) {
	for _, v := range f.vecs {
		fmt.Fprintf(&f.code, "\nfunc binary%s(op BinaryOp, stepping int, dst, x, y *float32, n int) bool {\n\tswitch int(op)*3 + stepping {\n", v.name)
		for _, op := range binaryOps {
			for n, s := range steppings {
				name := "binary" + op.name + s.name
				fmt.Fprintf(&f.code, "\tcase int(%s)*3 + %d:\n\t\t%s%s(dst, x, y, n)\n", op.name, n, name, v.name)
				a := f.fn(v, name, "sets dst[i] = "+op.goExpr+" of "+s.doc+" for n vectors.", "dst *float32", "x *float32", "y *float32", "n int")
				a.load("DI", "SI", "BX", "CX")
				a.zero(4)
				a.integer(one, 5)
				if n == 1 {
					a.v("VBROADCASTSS", "(SI)", 3)
				}
				if n == 2 {
					a.v("VBROADCASTSS", "(BX)", 1)
				}
				a.loop("again")
				if n == 1 {
					a.v("VMOVAPS", 3, 0)
				} else {
					a.v("VMOVUPS", "(SI)", 0)
					a.i("ADDQ $%d, SI", a.bytes())
				}
				if n != 2 {
					a.v("VMOVUPS", "(BX)", 1)
					a.i("ADDQ $%d, BX", a.bytes())
				}
				op.code(a)
				a.v("VMOVUPS", 0, "(DI)")
				a.i("ADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes())
				a.ret()
			}
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n")

		choose(f, v)

		fmt.Fprintf(&f.code, "\nfunc unary%s(op UnaryOp, dst, x *float32, n int) bool {\n\tswitch op {\n", v.name)
		for _, op := range unaryOps {
			fmt.Fprintf(&f.code, "\tcase %s:\n\t\tunary%s%s(dst, x, n)\n", op.name, op.name, v.name)
			a := f.fn(v, "unary"+op.name, "sets dst[i] = "+op.goExpr+" of x[i] for n vectors.", "dst *float32", "x *float32", "n int")
			a.load("DI", "SI", "CX")
			a.only(8)
			a.zero(4)
			a.integer(one, 5)
			a.integer(1<<31, 6)
			a.loop("again")
			a.v("VMOVUPS", "(SI)", 0)
			op.code(a)
			a.v("VMOVUPS", 0, "(DI)")
			a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
			a.ret()
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\treturn false\n\t}\n\treturn true\n}\n")
	}
}
