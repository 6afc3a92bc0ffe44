package main

import "fmt"

// batchnorm writes the loops of batch normalization. Lines are whole vectors; their length is
// width, in bytes. The coefficients are lines one after the other: mean, scale, shift, slope,
// offset.
func batchnorm(f *family) {
	for _, v := range f.vecs {
		bnMoments(f, v)
		bnApply(f, v)
		bnSums(f, v)
		bnData(f, v)
	}
}

// bnActivations are batchnorm.Linear and so on.
var bnActivations = []struct{ name, doc string }{
	{"Linear", ""},
	{"ReLU", ", at least 0"},
	{"ReLU6", ", from 0 to 6"},
}

// groups writes code for groups of up to four vectors of columns, the last ones of two or three
// rather than of one; each moves the pointers on. The number of vectors is in CX.
func (a *asm) groups(pointers []string, code func(n int, label string)) {
	for n := 4; n > 0; n-- {
		group, next := fmt.Sprint("group", n), fmt.Sprint("group", n-1)
		a.at(group)
		a.i("CMPQ CX, $%d\nJLT %s", n, next)
		if n == 4 { // five are three and two
			a.i("CMPQ CX, $5\nJEQ %s", next)
		}
		code(n, fmt.Sprint("down", n))
		for _, p := range pointers {
			a.i("ADDQ $%d, %s", n*a.bytes(), p)
		}
		a.i("SUBQ $%d, CX\nJMP %s", n, group)
	}
	a.at("group0")
	a.ret()
}

func bnMoments(f *family, v vec) {
	a := f.fn(v, "moments", "sets, for each lane c of vectors, mean[c] to the mean of x[r*stride+c] for the rows r, in order, corrected by the mean of their "+
		"differences from it, and squares[c] to the sum of the squares of these, corrected alike; stride is in bytes, rows is count, too.",
		"mean *float32", "squares *float32", "x *float32", "count *float32", "vectors int", "rows int", "stride uintptr")
	a.load("DI", "DX", "SI", "AX", "CX", "R8", "R9")
	const sum, square, difference, t = 0, 4, 8, 12
	a.groups([]string{"DI", "DX", "SI"}, func(n int, down string) {
		for j := range n {
			a.zero(sum + j)
			a.zero(square + j)
			a.zero(difference + j)
		}
		a.i("MOVQ SI, BX\nMOVQ R8, R10")
		a.loop(down)
		for j := range n {
			a.v("VADDPS", mem(j*a.bytes(), "BX"), sum+j, sum+j)
		}
		a.i("ADDQ R9, BX\nDECQ R10\nJNE %s", down)
		a.v("VBROADCASTSS", "(AX)", t)
		for j := range n {
			a.v("VDIVPS", t, sum+j, sum+j)
		}
		a.i("MOVQ SI, BX\nMOVQ R8, R10")
		a.loop(down + "again")
		for j := range n {
			a.v("VMOVUPS", mem(j*a.bytes(), "BX"), t+j)
			a.v("VSUBPS", sum+j, t+j, t+j)
			a.v("VADDPS", t+j, difference+j, difference+j)
			a.v("VMULPS", t+j, t+j, t+j)
			a.v("VADDPS", t+j, square+j, square+j)
		}
		a.i("ADDQ R9, BX\nDECQ R10\nJNE %s", down+"again")
		a.v("VBROADCASTSS", "(AX)", t)
		for j := range n {
			a.v("VDIVPS", t, difference+j, t+1)
			a.v("VADDPS", t+1, sum+j, sum+j)
			a.v("VMULPS", t+1, difference+j, difference+j)
			a.v("VSUBPS", difference+j, square+j, square+j)
			a.v("VMOVUPS", sum+j, mem(j*a.bytes(), "DI"))
			a.v("VMOVUPS", square+j, mem(j*a.bytes(), "DX"))
		}
	})
}

// keep zeroes the lanes of register n where z is not let through by the activation; zero is
// a register of zeros and spare a free one.
func (a *asm) keep(activation, n, z, zero, spare int) {
	if a.is512() {
		a.v("VCMPPS", "$0x1e", zero, z, "K1")
		if activation == 2 {
			a.v("VCMPPS", "$0x11", a.number(6), z, "K1", "K1")
		}
		a.v("VMOVAPS.Z", n, "K1", n)
		return
	}
	a.v("VCMPPS", "$0x1e", zero, z, spare)
	a.v("VANDPS", spare, n, n)
	if activation == 2 {
		a.v("VCMPPS", "$0x11", a.number(6), z, spare)
		a.v("VANDPS", spare, n, n)
	}
}

// eachLine writes a walk over lines, their number in CX and their width in R13: code makes 16
// numbers, at an offset of DX from the start of the line. pointers go from line to line.
func (a *asm) eachLine(pointers []string, code func(at func(register string) string)) {
	a.at("line")
	a.i("XORQ DX, DX")
	a.loop("again")
	for j := range 16 / a.lanes {
		code(func(register string) string { return mem(j*a.bytes(), register) + "(DX*1)" })
	}
	a.i("ADDQ $64, DX\nCMPQ DX, R13\nJLT again")
	for _, p := range pointers {
		a.i("ADDQ R13, %s", p)
	}
	a.i("DECQ CX\nJNE line")
	a.ret()
}

// lineOf sets registers to the lines of coefficients, from the first in the first one.
func (a *asm) lineOf(registers ...string) {
	for i := 1; i < len(registers); i++ {
		a.i("MOVQ %s, %s\nADDQ R13, %s", registers[i-1], registers[i], registers[i])
	}
}

func bnApply(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc apply%s(e Epilogue, y, x, residual, coefficients *float32, lines int, width uintptr) {\n\tswitch e {\n", v.name)
	for _, add := range []bool{false, true} {
		for activation, act := range bnActivations {
			name, doc, call := "apply"+act.name, "", "y, x, coefficients, lines, width"
			params := []string{"y *float32", "x *float32", "coefficients *float32", "lines int", "width uintptr"}
			if add {
				name, doc, call = "applyAdd"+act.name, " + residual", "y, x, residual, coefficients, lines, width"
				params = append(params[:2:2], append([]string{"residual *float32"}, params[2:]...)...)
			}
			fmt.Fprintf(&f.code, "\tcase Epilogue{%t, %s}:\n\t\t%s%s(%s)\n", add, act.name, name, v.name, call)
			a := f.fn(v, name, "sets y = (x-mean)*scale + shift"+doc+act.doc+", over lines.", params...)
			pointers := []string{"DI", "SI"}
			if add {
				pointers = append(pointers, "R12")
			}
			a.load(append(pointers, "R8", "CX", "R13")...)
			a.lineOf("R8", "R9", "R10")
			const x, zero = 0, 4
			a.zero(zero)
			a.eachLine(pointers, func(at func(string) string) {
				a.v("VMOVUPS", at("SI"), x)
				a.v("VSUBPS", at("R8"), x, x)
				a.v("VMULPS", at("R9"), x, x)
				a.v("VADDPS", at("R10"), x, x)
				if add {
					a.v("VADDPS", at("R12"), x, x)
				}
				if activation > 0 {
					a.v("VMAXPS", x, zero, x)
				}
				if activation == 2 {
					a.v("VMOVUPS", a.number(6), 1)
					a.v("VMINPS", x, 1, x)
				}
				a.v("VMOVUPS", x, at("DI"))
			})
		}
	}
	fmt.Fprint(&f.code, "\t}\n}\n")
}

func bnSums(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc sums%s(m Mask, sums, products, g, x, y, masked, coefficients *float32, vectors, rows int, width uintptr) {\n\tswitch m {\n", v.name)
	for activation, act := range bnActivations {
		for _, result := range []bool{false, true} {
			if result && activation == 0 {
				continue
			}
			name, doc, call := "sums"+act.name, "", "sums, products, g, x, coefficients, vectors, rows, width"
			params := []string{"sums *float32", "products *float32", "grad *float32", "x *float32", "coefficients *float32", "vectors int", "rows int", "width uintptr"}
			pointers := []string{"DI", "DX", "SI", "BX"}
			if result {
				name, call = "sumsOf"+act.name, "sums, products, g, x, y, masked, coefficients, vectors, rows, width"
				params = append(params[:4:4], append([]string{"y *float32", "masked *float32"}, params[4:]...)...)
				pointers = append(pointers, "R14", "R15")
				doc = ", masked by y and stored"
			} else if activation > 0 {
				doc = ", masked by (x-mean)*scale + shift"
			}
			pointers = append(pointers, "R8")
			fmt.Fprintf(&f.code, "\tcase Mask{%s, %t}:\n\t\t%s%s(%s)\n", act.name, result, name, v.name, call)
			a := f.fn(v, name, "sets, for each lane of vectors, sums to the sum of grad"+doc+", and products to that of grad*(x-mean), down the rows, in order.", params...)
			a.load(append(pointers, "CX", "R9", "R13")...)
			// With 16 registers, coefficients are read from memory: R8, R12 and AX have their lines.
			const sum, product, mean, scale, shift = 0, 4, 8, 12, 16
			t := 8
			if a.is512() {
				t = 20
			}
			recomputed := activation > 0 && !result
			grad, d, z, zero, spare := t, t+1, t+2, t+3, t+4
			if activation > 0 {
				a.zero(zero)
			}
			a.groups(pointers, func(n int, label string) {
				lines := []string{"R8", "R12", "AX"}
				if recomputed {
					a.lineOf(lines...)
				} else {
					lines = lines[:1]
				}
				for i, first := range []int{mean, scale, shift}[:len(lines)] {
					for j := range n {
						if a.is512() {
							a.v("VMOVUPS", mem(j*a.bytes(), lines[i]), first+j)
						}
					}
				}
				coefficient := func(line, first, j int) any {
					if a.is512() {
						return first + j
					}
					return mem(j*a.bytes(), lines[line])
				}
				for j := range n {
					a.zero(sum + j)
					a.zero(product + j)
				}
				a.i("MOVQ R9, R11\nXORQ R10, R10")
				a.loop(label)
				for j := range n {
					m := func(register string) string { return mem(j*a.bytes(), register) + "(R10*1)" }
					a.v("VMOVUPS", m("SI"), grad)
					a.v("VMOVUPS", m("BX"), d)
					a.v("VSUBPS", coefficient(0, mean, j), d, d)
					switch {
					case result:
						a.v("VMOVUPS", m("R14"), z)
					case recomputed:
						a.v("VMULPS", coefficient(1, scale, j), d, z)
						a.v("VADDPS", coefficient(2, shift, j), z, z)
					}
					if activation > 0 {
						a.keep(activation, grad, z, zero, spare)
					}
					if result {
						a.v("VMOVUPS", grad, m("R15"))
					}
					a.v("VADDPS", grad, sum+j, sum+j)
					a.v("VMULPS", grad, d, d)
					a.v("VADDPS", d, product+j, product+j)
				}
				a.i("ADDQ R13, R10\nDECQ R11\nJNE %s", label)
				for j := range n {
					a.v("VMOVUPS", sum+j, mem(j*a.bytes(), "DI"))
					a.v("VMOVUPS", product+j, mem(j*a.bytes(), "DX"))
				}
			})
		}
	}
	fmt.Fprint(&f.code, "\t}\n}\n")
}

func bnData(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc data%s(a Activation, dx, g, x, coefficients *float32, lines int, width uintptr) {\n\tswitch a {\n", v.name)
	for activation, act := range bnActivations {
		doc := ""
		if activation > 0 {
			doc = " where (x-mean)*scale + shift is let through, else 0"
		}
		fmt.Fprintf(&f.code, "\tcase %s:\n\t\tdata%s%s(dx, g, x, coefficients, lines, width)\n", act.name, act.name, v.name)
		a := f.fn(v, "data"+act.name, "sets dx = g*scale + ((x-mean)*slope + offset), with g = grad"+doc+", over lines.",
			"dx *float32", "grad *float32", "x *float32", "coefficients *float32", "lines int", "width uintptr")
		a.load("DI", "SI", "BX", "R8", "CX", "R13")
		a.lineOf("R8", "R9", "R10", "R11", "R12")
		const grad, d, z, zero, spare = 0, 1, 2, 4, 3
		if activation > 0 {
			a.zero(zero)
		}
		a.eachLine([]string{"DI", "SI", "BX"}, func(at func(string) string) {
			a.v("VMOVUPS", at("SI"), grad)
			a.v("VMOVUPS", at("BX"), d)
			a.v("VSUBPS", at("R8"), d, d)
			if activation > 0 {
				a.v("VMULPS", at("R9"), d, z)
				a.v("VADDPS", at("R10"), z, z)
				a.keep(activation, grad, z, zero, spare)
			}
			a.v("VMULPS", at("R9"), grad, grad)
			a.v("VMULPS", at("R11"), d, d)
			a.v("VADDPS", at("R12"), d, d)
			a.v("VADDPS", d, grad, grad)
			a.v("VMOVUPS", grad, at("DI"))
		})
	}
	fmt.Fprint(&f.code, "\t}\n}\n")
}
