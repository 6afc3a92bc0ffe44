package main

import (
	"fmt"
	"strings"
)

// batchnorm writes the loops of batch normalization. Lines are whole vectors of 16 numbers; their length,
// width, is in bytes. The coefficients are lines one after another: mean, scale, shift, slope, offset.
func batchnorm(f *family) {
	for _, v := range f.vecs {
		bnMoments(f, v)
		for _, activation := range bnActivations {
			bnApply(f, v, activation, false)
			bnApply(f, v, activation, true)
			bnSums(f, v, activation, false)
			if activation != bnLinear {
				bnSums(f, v, activation, true)
			}
			bnGrad(f, v, activation)
		}
	}
	bnSwitches(f)
	f.dispatch()
}

// bnActivation stands for batchnorm.Linear, ReLU and ReLU6.
type bnActivation int

const (
	bnLinear bnActivation = iota
	bnReLU
	bnReLU6
)

var bnActivations = []bnActivation{bnLinear, bnReLU, bnReLU6}

func (b bnActivation) String() string { return [...]string{"Linear", "ReLU", "ReLU6"}[b] }

// bnSwitches writes the Go functions that choose by activation.
func bnSwitches(f *family) {
	function := func(doc, name, params, on string, cases func()) {
		fmt.Fprintf(&f.shared, "\n// %[1]s %[2]s\nfunc %[1]s(isa kernel.ISA, %[3]s) {\n\tswitch %[4]s {\n", name, doc, params, on)
		cases()
		fmt.Fprint(&f.shared, "\t}\n}\n")
	}
	function("calls the assembly for an epilogue.", "applyLines", "e Epilogue, y, x, residual, coefficients *float32, lines int, width uintptr", "e", func() {
		for _, act := range bnActivations {
			fmt.Fprintf(&f.shared, "\tcase Epilogue{false, %s}:\n\t\tapply%[1]sVectors(isa, y, x, coefficients, lines, width)\n", act)
			fmt.Fprintf(&f.shared, "\tcase Epilogue{true, %s}:\n\t\tapplyResidual%[1]sVectors(isa, y, x, residual, coefficients, lines, width)\n", act)
		}
	})
	function("calls the assembly for a mask.", "sumLines", "m Mask, sums, products, grad, x, y, masked, coefficients *float32, vectors, rows int, width uintptr", "m", func() {
		for _, act := range bnActivations {
			fmt.Fprintf(&f.shared, "\tcase Mask{%s, false}:\n\t\tsums%[1]sVectors(isa, sums, products, grad, x, coefficients, vectors, rows, width)\n", act)
			if act != bnLinear {
				fmt.Fprintf(&f.shared, "\tcase Mask{%s, true}:\n\t\tsumsOf%[1]sVectors(isa, sums, products, grad, x, y, masked, coefficients, vectors, rows, width)\n", act)
			}
		}
	})
	function("calls the assembly for an activation.", "gradLines", "a Activation, dx, grad, x, coefficients *float32, lines int, width uintptr", "a", func() {
		for _, act := range bnActivations {
			fmt.Fprintf(&f.shared, "\tcase %s:\n\t\tgrad%[1]sVectors(isa, dx, grad, x, coefficients, lines, width)\n", act)
		}
	})
}

// columns writes code for vectors of columns, up to four at a time; each moves the pointers on. vectors
// counts them.
func (a *asm) columns(vectors *reg, pointers []*reg, code func(n int, label string)) {
	for _, n := range []int{4, 2, 1} {
		group, next := fmt.Sprint("group", n), fmt.Sprint("group", n/2)
		a.comment("columns in steps of %d vectors", n)
		a.at(group)
		a.i("CMPQ %s, $%d\nJLT %s", vectors, n, next)
		code(n, fmt.Sprint("down", n))
		for _, p := range pointers {
			a.i("ADDQ $%d, %s", n*a.bytes(), p)
		}
		a.i("SUBQ $%d, %s\nJMP %s", n, vectors, group)
	}
	a.at("group0")
	a.ret()
}

func bnMoments(f *family, v vec) {
	a := f.fn(v, "moments", "computes the means of x over the rows, and the sums of the squares of the deviations from them, for the columns of vectors. "+
		"Both are corrected by the mean of the deviations. stride is in bytes, and count is the number of rows.",
		"mean *float32", "squares *float32", "x *float32", "count *float32", "vectors int", "rows int", "stride uintptr")
	mean, squares, x, count := a.param("mean"), a.param("squares"), a.param("x"), a.param("count")
	vectors, rows, stride := a.param("vectors"), a.param("rows"), a.param("stride")
	row, left := a.general("row"), a.general("rows left")
	a.columns(vectors, []*reg{mean, squares, x}, func(n int, down string) {
		sum, square, difference := a.vectors("sum", n), a.vectors("square", n), a.vectors("difference", n)
		t := a.vectors("t", max(n, 2))
		for j := range n {
			a.zero(sum[j])
			a.zero(square[j])
			a.zero(difference[j])
		}
		overRows := func(label string, body func(j int)) {
			a.i("MOVQ %s, %s\nMOVQ %s, %s", x, row, rows, left)
			a.loop(label)
			for j := range n {
				body(j)
			}
			a.i("ADDQ %s, %s\nDECQ %s\nJNE %s", stride, row, left, label)
		}
		overRows(down, func(j int) { a.v("VADDPS", row.mem(j*a.bytes()), sum[j], sum[j]) })
		a.v("VBROADCASTSS", count.mem(0), t[0])
		for j := range n {
			a.v("VDIVPS", t[0], sum[j], sum[j])
		}
		overRows(down+"again", func(j int) {
			a.v("VMOVUPS", row.mem(j*a.bytes()), t[j])
			a.v("VSUBPS", sum[j], t[j], t[j])
			a.v("VADDPS", t[j], difference[j], difference[j])
			a.v("VMULPS", t[j], t[j], t[j])
			a.v("VADDPS", t[j], square[j], square[j])
		})
		a.v("VBROADCASTSS", count.mem(0), t[0])
		for j := range n {
			a.v("VDIVPS", t[0], difference[j], t[1])
			a.v("VADDPS", t[1], sum[j], sum[j])
			a.v("VMULPS", t[1], difference[j], difference[j])
			a.v("VSUBPS", difference[j], square[j], square[j])
			a.v("VMOVUPS", sum[j], mean.mem(j*a.bytes()))
			a.v("VMOVUPS", square[j], squares.mem(j*a.bytes()))
		}
		for _, regs := range [][]*reg{sum, square, difference, t} {
			a.free(regs...)
		}
	})
}

// keep clears those lanes of grad where the activation's operand or result z has gradient 0. zero has
// zeros.
func (a *asm) keep(activation bnActivation, grad, z, zero *reg) {
	mask := a.mask("mask")
	a.v("VCMPPS", "$0x1e", zero, z, mask)
	if activation == bnReLU6 && a.is512() {
		a.v("VCMPPS", "$0x11", a.number(6), z, mask, mask)
	}
	a.zeroUnless(mask, grad)
	if activation == bnReLU6 && !a.is512() {
		a.v("VCMPPS", "$0x11", a.number(6), z, mask)
		a.zeroUnless(mask, grad)
	}
	a.free(mask)
}

// eachLine writes a walk over lines: code computes 16 numbers of a line, at the same offset from the
// pointers to the operands. pointers move from line to line.
func (a *asm) eachLine(lines, width *reg, pointers []*reg, code func(at func(r *reg) string)) {
	offset := a.general("offset")
	a.comment("a line")
	a.at("line")
	a.i("XORQ %s, %[1]s", offset)
	a.comment("sixteen numbers of it")
	a.loop("again")
	for j := range 16 / a.lanes {
		code(func(r *reg) string { return r.memPlus(offset, 1, j*a.bytes()) })
	}
	a.i("ADDQ $64, %s\nCMPQ %[1]s, %s\nJLT again", offset, width)
	for _, p := range pointers {
		a.i("ADDQ %s, %s", width, p)
	}
	a.i("DECQ %s\nJNE line", lines)
	a.ret()
}

// linesAfter takes registers for the lines of coefficients that follow the first.
func (a *asm) linesAfter(first, width *reg, names ...string) []*reg {
	var lines []*reg
	for _, name := range names {
		line := a.general(name)
		a.i("MOVQ %s, %s\nADDQ %s, %[2]s", first, line, width)
		lines, first = append(lines, line), line
	}
	return lines
}

func bnApply(f *family, v vec, activation bnActivation, residual bool) {
	name, doc, params := "apply"+activation.String(), "", []string{"y *float32", "x *float32"}
	if residual {
		name, doc, params = "applyResidual"+activation.String(), " + residual", append(params, "residual *float32")
	}
	doc += []string{"", ", with ReLU", ", with ReLU6"}[activation]
	a := f.fn(v, name, "sets y = (x-mean)*scale + shift"+doc+", over lines.", append(params, "coefficients *float32", "lines int", "width uintptr")...)
	y, x := a.param("y"), a.param("x")
	pointers := []*reg{y, x}
	if residual {
		pointers = append(pointers, a.param("residual"))
	}
	mean, lines, width := a.param("coefficients"), a.param("lines"), a.param("width")
	after := a.linesAfter(mean, width, "scale", "shift")
	scale, shift := after[0], after[1]
	value, zero, six := a.vector("value"), a.vector("zero"), a.vector("six")
	if activation != bnLinear {
		a.zero(zero)
	}
	a.eachLine(lines, width, pointers, func(at func(r *reg) string) {
		a.v("VMOVUPS", at(x), value)
		a.v("VSUBPS", at(mean), value, value)
		a.v("VMULPS", at(scale), value, value)
		a.v("VADDPS", at(shift), value, value)
		if residual {
			a.v("VADDPS", at(pointers[2]), value, value)
		}
		if activation != bnLinear {
			a.v("VMAXPS", value, zero, value)
		}
		if activation == bnReLU6 {
			a.v("VMOVUPS", a.number(6), six)
			a.v("VMINPS", value, six, value)
		}
		a.v("VMOVUPS", value, at(y))
	})
}

// bnSums writes the sums for the gradients of gamma and beta. With ofResult the mask of the activation is
// computed from its result y, and the masked gradient is stored; else it is computed from x.
func bnSums(f *family, v vec, activation bnActivation, ofResult bool) {
	name, doc := "sums"+activation.String(), ""
	params := []string{"sums *float32", "products *float32", "grad *float32", "x *float32"}
	computed := activation != bnLinear && !ofResult
	switch {
	case ofResult:
		name, doc = "sumsOf"+activation.String(), ", masked by y and stored"
		params = append(params, "y *float32", "masked *float32")
	case computed:
		doc = ", masked by (x-mean)*scale + shift"
	}
	a := f.fn(v, name, "computes, for the columns of vectors, sums, which is the sum over the rows of grad"+doc+", and products, which is the sum of grad*(x-mean).",
		append(params, "coefficients *float32", "vectors int", "rows int", "width uintptr")...)
	var pointers []*reg
	for _, p := range params {
		pointers = append(pointers, a.param(strings.Fields(p)[0]))
	}
	sums, products, grads, x := pointers[0], pointers[1], pointers[2], pointers[3]
	coefficients, vectors := a.param("coefficients"), a.param("vectors")
	pointers = append(pointers, coefficients)
	rows, width := a.param("rows"), a.param("width")
	offset, left := a.general("offset"), a.general("rows left")
	var zero *reg
	if activation != bnLinear {
		zero = a.vector("zero")
		a.zero(zero)
	}
	names := []string{"mean", "scale", "shift"}
	if !computed {
		names = names[:1]
	}
	a.columns(vectors, pointers, func(n int, label string) {
		lines := append([]*reg{coefficients}, a.linesAfter(coefficients, width, names[1:]...)...)
		coefficient, loaded := a.bnCoefficients(lines, names, n)
		sum, product := a.vectors("sum", n), a.vectors("product", n)
		grad, d, z := a.vector("gradient"), a.vector("difference"), a.vector("z")
		for j := range n {
			a.zero(sum[j])
			a.zero(product[j])
		}
		a.i("MOVQ %s, %s\nXORQ %s, %[3]s", rows, left, offset)
		a.loop(label)
		for j := range n {
			m := func(r *reg) string { return r.memPlus(offset, 1, j*a.bytes()) }
			a.v("VMOVUPS", m(grads), grad)
			a.v("VMOVUPS", m(x), d)
			a.v("VSUBPS", coefficient(0, j), d, d)
			switch {
			case ofResult:
				a.v("VMOVUPS", m(pointers[4]), z)
			case computed:
				a.v("VMULPS", coefficient(1, j), d, z)
				a.v("VADDPS", coefficient(2, j), z, z)
			}
			if activation != bnLinear {
				a.keep(activation, grad, z, zero)
			}
			if ofResult {
				a.v("VMOVUPS", grad, m(pointers[5]))
			}
			a.v("VADDPS", grad, sum[j], sum[j])
			a.v("VMULPS", grad, d, d)
			a.v("VADDPS", d, product[j], product[j])
		}
		a.i("ADDQ %s, %s\nDECQ %s\nJNE %s", width, offset, left, label)
		for j := range n {
			a.v("VMOVUPS", sum[j], sums.mem(j*a.bytes()))
			a.v("VMOVUPS", product[j], products.mem(j*a.bytes()))
		}
		a.free(lines[1:]...)
		a.free(append(append([]*reg{grad, d, z}, sum...), product...)...)
		a.free(loaded...)
	})
}

// bnCoefficients returns the operand for coefficient j, below n, of each line: a register in AVX-512, which has
// enough of them, else an address.
func (a *asm) bnCoefficients(lines []*reg, names []string, n int) (coefficient func(line, j int) any, loaded []*reg) {
	if !a.is512() {
		return func(line, j int) any { return lines[line].mem(j * a.bytes()) }, nil
	}
	for i, line := range lines {
		for j, r := range a.vectors(names[i], n) {
			a.v("VMOVUPS", line.mem(j*a.bytes()), r)
			loaded = append(loaded, r)
		}
	}
	return func(line, j int) any { return loaded[line*n+j] }, loaded
}

func bnGrad(f *family, v vec, activation bnActivation) {
	doc := ""
	if activation != bnLinear {
		doc = " masked by (x-mean)*scale + shift"
	}
	a := f.fn(v, "grad"+activation.String(), "sets dx = g*scale + ((x-mean)*slope + offset), with g = grad"+doc+", over lines.",
		"dx *float32", "grad *float32", "x *float32", "coefficients *float32", "lines int", "width uintptr")
	dx, grads, x := a.param("dx"), a.param("grad"), a.param("x")
	mean, lines, width := a.param("coefficients"), a.param("lines"), a.param("width")
	after := a.linesAfter(mean, width, "scale", "shift", "slope", "offset line")
	scale, shift, slope, offset := after[0], after[1], after[2], after[3]
	grad, d, z, zero := a.vector("gradient"), a.vector("difference"), a.vector("z"), a.vector("zero")
	if activation != bnLinear {
		a.zero(zero)
	}
	a.eachLine(lines, width, []*reg{dx, grads, x}, func(at func(r *reg) string) {
		a.v("VMOVUPS", at(grads), grad)
		a.v("VMOVUPS", at(x), d)
		a.v("VSUBPS", at(mean), d, d)
		if activation != bnLinear {
			a.v("VMULPS", at(scale), d, z)
			a.v("VADDPS", at(shift), z, z)
			a.keep(activation, grad, z, zero)
		}
		a.v("VMULPS", at(scale), grad, grad)
		a.v("VMULPS", at(slope), d, d)
		a.v("VADDPS", at(offset), d, d)
		a.v("VADDPS", d, grad, grad)
		a.v("VMOVUPS", grad, at(dx))
	})
}
