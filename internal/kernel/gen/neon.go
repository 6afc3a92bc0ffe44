package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Kernels are written with instructions of amd64. This file translates each of them to arm64, so that a loop for AVX2
// is also a loop for NEON, with vectors of four. A kernel uses the registers V0 to V15. The translation uses V16 to V19
// for operands in memory and masks, and V20 to V31 for numbers, which it loads at the start of the function. It uses
// R16 for addresses, and R17 and R19 for general operands in memory.

const (
	firstSpare, lastSpare   = 16, 19
	firstNumber, lastNumber = 20, 31
)

// neonText is the state of a NEON function that is being written.
type neonText struct {
	body    bytes.Buffer // text of the function after the loads of numbers
	numbers []uint32     // numbers in registers: from lastNumber down, then from V15 down to below
	below   int          // the function uses registers below this, see only; 0 means 16
	spare   int          // number of calls of takeSpare

	translating bool              // the text is a translation, which is not checked
	scaled      map[scaled]string // registers that have multiples of others, see keepScaled
}

// scaled is a register shifted to the left.
type scaled struct {
	register string
	shift    int
}

// general has the register of arm64 for each general register of amd64.
var general = map[string]string{
	"AX": "R0", "BX": "R1", "CX": "R2", "DX": "R3", "SI": "R4", "DI": "R5",
	"R8": "R8", "R9": "R9", "R10": "R10", "R11": "R11", "R12": "R12", "R13": "R13", "R14": "R14", "R15": "R15",
}

const (
	addressRegister = "R16"
	valueRegister   = "R17" // see value
	changeRegister  = "R19" // see change
	lanesRegister   = "R20" // see setLanes
)

// n writes instructions of arm64, one in each line.
func (a *asm) n(format string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		line = strings.TrimSpace(line)
		a.check(line)
		fmt.Fprintf(&a.body, "\t%s\n", line)
	}
}

// n3 writes to = x op y, see arm64.go. Operands are registers or, in translations, their numbers.
func (a *asm) n3(op string, x, y, to any) {
	i, j, k := a.vectorNumber(x), a.vectorNumber(y), a.vectorNumber(to)
	a.check(fmt.Sprintf("%s V%d, V%d, V%d", op, i, j, k))
	a.n("WORD $%#08x // %s V%d, V%d, V%d", encode3(op, i, j, k), op, k, i, j)
}

// n2 writes to = op x.
func (a *asm) n2(op string, x, to any) {
	i, j := a.vectorNumber(x), a.vectorNumber(to)
	a.check(fmt.Sprintf("%s V%d, V%d", op, i, j))
	a.n("WORD $%#08x // %s V%d, V%d", encode2(op, i, j), op, j, i)
}

// fmla writes to += x * y[lane].
func (a *asm) fmla(x, y any, lane int, to any) {
	i, j, k := a.vectorNumber(x), a.vectorNumber(y), a.vectorNumber(to)
	a.check(fmt.Sprintf("FMLA V%d, V%d, V%d", i, j, k))
	a.n("WORD $%#08x // FMLA V%d.4S, V%d.4S, V%d.S[%d]", encodeFMLA(i, j, lane, k), k, i, j, lane)
}

// end returns from the function, and writes its text after the loads of its numbers.
func (a *asm) end() {
	a.n("RET")
	for i, bits := range a.numbers {
		fmt.Fprintf(&a.f.text, "\tMOVD $%#08x, %s\n\tVDUP %s, V%d.S4\n", bits, addressRegister, addressRegister, numberedRegister(i))
	}
	a.f.text.Write(a.body.Bytes())
}

// translate writes the translation of an instruction.
func (a *asm) translate(line string) {
	op, rest, _ := strings.Cut(line, " ")
	var operands []string
	if rest != "" {
		operands = strings.Split(rest, ", ")
	}
	word, ok := neonInstructions[op]
	if !ok {
		panic(fmt.Sprintf("%s: no translation to NEON of %s", a.name, line))
	}
	a.translating = true
	word(a, operands)
	a.translating = false
}

// neonInstructions has a function for each instruction of amd64 that writes its translation. Operands are in the order
// of Go's assembler for amd64. For vectors: second source, first source, destination.
var neonInstructions = map[string]func(a *asm, o []string){
	"MOVQ": func(a *asm, o []string) { a.move(o[0], o[1]) },
	"MOVL": func(a *asm, o []string) { a.move(o[0], o[1]) },
	"LEAQ": func(a *asm, o []string) {
		base, index, shift, offset := memory(o[0])
		to := generalRegister(o[1])
		switch {
		case index == "":
			a.n("ADD $%s, %s, %s", offset, base, to)
			return
		case shift == 0:
			a.n("ADD %s, %s, %s", index, base, to)
		default:
			a.n("ADD %s<<%d, %s, %s", index, shift, base, to)
		}
		if offset != "0" {
			a.n("ADD $%s, %s", offset, to)
		}
	},
	"ADDQ": func(a *asm, o []string) { a.change("ADDS", a.value(o[0]), o[1]) },
	"SUBQ": func(a *asm, o []string) { a.change("SUBS", a.value(o[0]), o[1]) },
	"INCQ": func(a *asm, o []string) { a.change("ADDS", "$1", o[0]) },
	"DECQ": func(a *asm, o []string) { a.change("SUBS", "$1", o[0]) },
	"XORQ": func(a *asm, o []string) { a.n("EOR %s, %s", generalRegister(o[0]), generalRegister(o[1])) },
	"ANDQ": func(a *asm, o []string) { a.n("AND %s, %s", a.value(o[0]), generalRegister(o[1])) },
	"SHLQ": func(a *asm, o []string) { a.n("LSL %s, %s", o[0], generalRegister(o[1])) },
	"IMULQ": func(a *asm, o []string) {
		a.n("MOVD %s, %s", a.value(o[0]), addressRegister)
		a.n("MUL %s, %s", addressRegister, generalRegister(o[1]))
	},
	"IMUL3Q": func(a *asm, o []string) {
		a.n("MOVD %s, %s", o[0], addressRegister)
		a.n("MUL %s, %s, %s", addressRegister, a.value(o[1]), generalRegister(o[2]))
	},
	"CMPQ":  func(a *asm, o []string) { a.compare(o[0], o[1]) },
	"TESTQ": func(a *asm, o []string) { a.compare(o[0], "$0") }, // only of a register with itself
	"JEQ":   func(a *asm, o []string) { a.n("BEQ %s", o[0]) },
	"JNE":   func(a *asm, o []string) { a.n("BNE %s", o[0]) },
	"JCC":   func(a *asm, o []string) { a.n("BHS %s", o[0]) },
	"JLE":   func(a *asm, o []string) { a.n("BLE %s", o[0]) },
	"JGT":   func(a *asm, o []string) { a.n("BGT %s", o[0]) },
	"JLT":   func(a *asm, o []string) { a.n("BLT %s", o[0]) },
	"JGE":   func(a *asm, o []string) { a.n("BGE %s", o[0]) },
	"JMP":   func(a *asm, o []string) { a.n("JMP %s", o[0]) },

	"PCALIGN":    func(a *asm, _ []string) { a.n("PCALIGN $16") },
	"PREFETCHT0": func(*asm, []string) {}, // a loop over vectors of 16 bytes would prefetch each cache line four times

	"VMOVUPS":    func(a *asm, o []string) { a.moveVector(o[0], o[1]) },
	"VMOVAPS":    func(a *asm, o []string) { a.moveVector(o[0], o[1]) },
	"VMASKMOVPS": func(a *asm, o []string) { a.moveSome(o) },
	"VBROADCASTSS": func(a *asm, o []string) {
		m := a.address(o[0])
		if !strings.HasPrefix(m, "(") {
			offset, base, _ := strings.Cut(strings.TrimSuffix(m, ")"), "(")
			a.n("ADD $%s, %s, %s", offset, base, addressRegister)
			m = "(" + addressRegister + ")"
		}
		a.n("VLD1R %s, [V%d.S4]", m, vectorRegister(o[1]))
	},
	"VPMOVZXBD": func(a *asm, o []string) {
		to := vectorRegister(o[1])
		a.n("FMOVS %s, F%d", a.address(o[0]), to)
		a.n2("USHLL.8", to, to)
		a.n2("USHLL.4", to, to)
	},

	"VADDPS": arithmetic("FADD"),
	"VSUBPS": arithmetic("FSUB"),
	"VMULPS": arithmetic("FMUL"),
	"VDIVPS": arithmetic("FDIV"),
	// As on amd64, these are a comparison and a selection: the second source if the comparison is false, as for NaN.
	"VMAXPS": func(a *asm, o []string) {
		x, y, to := a.source(o[1]), a.source(o[0]), vectorRegister(o[2])
		a.where("FCMGT", x, y, x, y, to)
	},
	"VMINPS": func(a *asm, o []string) {
		x, y, to := a.source(o[1]), a.source(o[0]), vectorRegister(o[2])
		a.where("FCMGT", y, x, x, y, to)
	},
	"VSQRTPS": func(a *asm, o []string) { a.n2("FSQRT", a.source(o[0]), vectorRegister(o[1])) },

	"VFMADD231PS":  func(a *asm, o []string) { a.n3("FMLA", a.source(o[1]), a.source(o[0]), vectorRegister(o[2])) },
	"VFNMADD231PS": func(a *asm, o []string) { a.n3("FMLS", a.source(o[1]), a.source(o[0]), vectorRegister(o[2])) },
	"VFNMSUB231PS": func(a *asm, o []string) { // -x*y - to
		to := vectorRegister(o[2])
		a.n2("FNEG", to, to)
		a.n3("FMLS", a.source(o[1]), a.source(o[0]), to)
	},
	"VFMADD213PS": func(a *asm, o []string) { // to = to*x + y
		sum, to := a.takeSpare(), vectorRegister(o[2])
		a.moveVector(o[0], fmt.Sprintf("V%d", sum))
		a.n3("FMLA", a.source(o[1]), to, sum)
		a.copyVector(sum, to)
	},

	"VXORPS":  logic("VEOR"),
	"VANDPS":  logic("VAND"),
	"VORPS":   logic("VORR"),
	"VANDNPS": func(a *asm, o []string) { a.n3("BIC", a.source(o[0]), a.source(o[1]), vectorRegister(o[2])) },

	"VCMPPS": func(a *asm, o []string) {
		x, y, to := a.source(o[2]), a.source(o[1]), vectorRegister(o[3])
		switch o[0] {
		case "$0x00": // x == y
			a.n3("FCMEQ", x, y, to)
		case "$0x1d": // x >= y
			a.n3("FCMGE", x, y, to)
		case "$0x1e": // x > y
			a.n3("FCMGT", x, y, to)
		case "$0x11": // x < y
			a.n3("FCMGT", y, x, to)
		case "$0x12": // x <= y
			a.n3("FCMGE", y, x, to)
		default:
			panic("no translation to NEON of the comparison " + o[0])
		}
	},
	"VBLENDVPS": func(a *asm, o []string) {
		mask, x, y, to := a.source(o[0]), a.source(o[1]), a.source(o[2]), vectorRegister(o[3])
		a.blendVector(mask, x, y, to)
	},

	"VPERMILPS": func(a *asm, o []string) {
		x, to := a.source(o[1]), vectorRegister(o[2])
		switch o[0] {
		case "$0xa0": // lanes 0, 0, 2, 2
			a.n("VTRN1 V%d.S4, V%d.S4, V%d.S4", x, x, to)
		case "$0xf5": // lanes 1, 1, 3, 3
			a.n("VTRN2 V%d.S4, V%d.S4, V%d.S4", x, x, to)
		case "$0x00", "$0x55", "$0xaa", "$0xff": // one lane
			a.n("VDUP V%d.S[%d], V%d.S4", x, slices.Index([]string{"$0x00", "$0x55", "$0xaa", "$0xff"}, o[0]), to)
		default:
			panic("no translation to NEON of the permutation " + o[0])
		}
	},

	"VPERMPS": func(a *asm, o []string) { // lanes are bytes
		a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", vectorRegister(o[1]), a.source(o[0]), vectorRegister(o[2]))
	},

	"VPCMPEQD":  integers("VCMEQ"),
	"VPADDD":    integers("VADD"),
	"VPSUBD":    integers("VSUB"),
	"VCVTPS2DQ": func(a *asm, o []string) { a.n2("FCVTNS", a.source(o[0]), vectorRegister(o[1])) },
	"VCVTDQ2PS": func(a *asm, o []string) { a.n2("SCVTF", a.source(o[0]), vectorRegister(o[1])) },
	"VPSRAD": func(a *asm, o []string) {
		if o[0] != "$1" {
			panic("the translation to NEON shifts right by 1 only")
		}
		a.n2("SSHR1", a.source(o[1]), vectorRegister(o[2]))
	},
	"VPSLLD": func(a *asm, o []string) {
		a.n("VSHL %s, V%d.S4, V%d.S4", o[0], a.source(o[1]), vectorRegister(o[2]))
	},
}

func arithmetic(op string) func(a *asm, o []string) {
	return func(a *asm, o []string) { a.n3(op, a.source(o[1]), a.source(o[0]), vectorRegister(o[2])) }
}

func logic(op string) func(a *asm, o []string) { return sized(op, "B16") }

func integers(op string) func(a *asm, o []string) { return sized(op, "S4") }

// sized translates to an instruction that Go's assembler knows, with elements of a size.
func sized(op, size string) func(a *asm, o []string) {
	return func(a *asm, o []string) {
		a.n("%s V%d.%s, V%d.%s, V%d.%s", op, a.source(o[0]), size, a.source(o[1]), size, vectorRegister(o[2]), size)
	}
}

// where sets the lanes of to for which a comparison of p with q holds to x, and the others to y.
func (a *asm) where(comparison string, p, q, x, y, to int) {
	mask := a.takeSpare()
	a.n3(comparison, p, q, mask)
	a.blendVector(mask, x, y, to)
}

// blendVector sets the lanes of to that are set in the mask to x, and the others to y.
func (a *asm) blendVector(maskReg, xReg, yReg, toReg any) {
	mask, x, y, to := a.vectorNumber(maskReg), a.vectorNumber(xReg), a.vectorNumber(yReg), a.vectorNumber(toReg)
	switch to {
	case y:
		a.n("VBIT V%d.B16, V%d.B16, V%d.B16", mask, x, to)
	case x:
		a.n("VBIF V%d.B16, V%d.B16, V%d.B16", mask, y, to)
	case mask:
		a.n("VBSL V%d.B16, V%d.B16, V%d.B16", y, x, to)
	default:
		a.copyVector(y, to)
		a.n("VBIT V%d.B16, V%d.B16, V%d.B16", mask, x, to)
	}
}
