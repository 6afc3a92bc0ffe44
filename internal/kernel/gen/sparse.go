package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// sparse writes the products of package sparse, for filters of 3x3 pixels of one, two and
// three channels: the four candidates of a tap lie together, and the place of the maximum
// chooses one for each lane.
func sparse(f *family) {
	sparseQuads(f)
	for channels := 1; channels <= 3; channels++ {
		sparse512(f, channels)
		sparse256(f, channels)
	}
}

// sparseQuads is written in vectors of four.
func sparseQuads(f *family) {
	a := f.fn(avx2, "quads", "is Quads for 4*n of them; step is in bytes.", "dst *float32", "upper *float32", "lower *float32", "step uintptr", "n int")
	a.load("DI", "SI", "DX", "R9", "CX")
	a.loop("again")
	for line, base := range []string{"SI", "DX"} {
		x := 4 * line
		a.i("VMOVUPS (%s), X%d\nVMOVUPS (%s)(R9*1), X%d", base, x, base, x+1)
		a.i("VUNPCKLPS X%d, X%d, X%d\nVUNPCKHPS X%d, X%d, X%d", x+1, x, x+2, x+1, x, x+3)
	}
	for q, half := range []int{2, 2, 3, 3} {
		word := []string{"VUNPCKLPD", "VUNPCKHPD"}[q%2]
		a.i("%s X%d, X%d, X8\nVMOVUPS X8, %s", word, half+4, half, mem(16*q, "DI"))
	}
	a.i("ADDQ $16, SI\nADDQ $16, DX\nADDQ $64, DI\nDECQ CX\nJNE again")
	a.ret()
}

func sparseFn(f *family, v vec, channels int) *asm {
	a := f.fn(v, fmt.Sprintf("add%d", channels), fmt.Sprintf("adds to %d rows of sums and a last one, a vector of channels wide; stride is in floats.", 9*channels),
		"sums *float32", "q0 *float32", "q1 *float32", "q2 *float32", "dy *float32", "at *uint8", "stride uintptr", "pixels int")
	a.load("DI", "DX", "R11", "R12", "SI", "R8", "R9", "CX")
	return a
}

// sparseLines are the registers that point to the quads of the filter's lines.
var sparseLines = []string{"DX", "R11", "R12"}

// half512 is AVX-512 with vectors of eight: its registers, without the longer vectors, of which
// permutations take twice as long.
var half512 = vec{kernel.AVX512, "AVX512", 8, 32, "Y"}

func sparse512(f *family, channels int) {
	a := sparseFn(f, half512, channels)
	taps := 9 * channels
	const x, first, dy, place = 0, 2, 30, 31 // x: registers of AVX2, for the loads of AVX2
	a.sums(first, taps, true)
	a.i("MOVQ CX, R13\nIMULQ R9, R13") // the next row of windows, which is fetched
	a.loop("again")
	a.gradient(dy, place, x)
	a.i("PREFETCHT0 (SI)(R13*4)\nPREFETCHT0 (R8)(R13*1)")
	a.v("VADDPS", dy, first+taps, first+taps)
	for tap := range taps {
		t := x + tap%2
		a.i("VBROADCASTF128 %s, %s", mem(16*(tap%(3*channels)), sparseLines[tap/(3*channels)]), a.reg(t))
		a.v("VPERMILPS", place, t, t) // of a place, its last two bits
		a.v("VFMADD231PS", dy, t, first+tap)
	}
	for _, line := range sparseLines {
		a.i("ADDQ $%d, %s", 2*16*channels, line)
	}
	a.i("LEAQ (SI)(R9*4), SI\nADDQ R9, R8\nDECQ CX\nJNE again")
	a.sums(first, taps, false)
	a.ret()
}

// gradient loads the places at R8, and the gradient at SI, but for that of dead results.
func (a *asm) gradient(dy, place, dead int) {
	a.i("VPMOVZXBD (R8), %s", a.reg(place))
	a.v("VPSLLD", "$29", place, dead) // 4 has the sign
	a.v("VPSRAD", "$31", dead, dead)
	a.v("VANDNPS", "(SI)", dead, dy)
}

// sums loads or stores rows of sums, at DI, and the last one.
func (a *asm) sums(first, rows int, load bool) {
	a.i("MOVQ DI, R10")
	for r := range rows + 1 {
		if load {
			a.v("VMOVUPS", "(R10)", first+r)
		} else {
			a.v("VMOVUPS", first+r, "(R10)")
		}
		if r < rows {
			a.i("LEAQ (R10)(R9*4), R10")
		}
	}
}

// sparse256 has registers for the taps of one line of the filter: it goes over the pixels
// three times.
func sparse256(f *family, channels int) {
	a := sparseFn(f, avx2, channels)
	taps := 3 * channels
	const bias, dy, place, dead, x = 9, 10, 11, 12, 13
	a.i("MOVQ DI, R10\nMOVQ SI, R13\nMOVQ R8, AX\nMOVQ CX, BX")
	for line, quads := range sparseLines {
		if line > 0 {
			a.i("MOVQ R13, SI\nMOVQ AX, R8\nMOVQ BX, CX")
		}
		a.i("MOVQ R10, DI")
		for tap := range taps {
			a.v("VMOVUPS", "(DI)", tap)
			a.i("LEAQ (DI)(R9*4), DI")
		}
		if line == 2 {
			a.v("VMOVUPS", "(DI)", bias)
		}
		again := fmt.Sprintf("again%d", line)
		a.loop(again)
		a.gradient(dy, place, dead)
		if line == 2 {
			a.v("VADDPS", dy, bias, bias)
		}
		for tap := range taps {
			t := x + tap%3
			a.i("VBROADCASTF128 %s, %s", mem(16*tap, quads), a.reg(t))
			a.v("VPERMILPS", place, t, t)
			a.v("VFMADD231PS", dy, t, tap)
		}
		a.i("ADDQ $%d, %s\nLEAQ (SI)(R9*4), SI\nADDQ R9, R8\nDECQ CX\nJNE %s", 2*16*channels, quads, again)
		for tap := range taps {
			a.v("VMOVUPS", tap, "(R10)")
			a.i("LEAQ (R10)(R9*4), R10")
		}
		if line == 2 {
			a.v("VMOVUPS", bias, "(R10)")
		}
	}
	a.ret()
}
