package main

import "fmt"

// sparse writes the products of package sparse, for filters of 3x3 pixels of one, two and
// three channels: for each pixel the candidates of a tap lie within 16 floats, of which the
// place of the maximum chooses one a lane.
func sparse(f *family) {
	for channels := 1; channels <= 3; channels++ {
		sparse512(f, channels)
		sparse256(f, channels)
	}
}

func sparseFn(f *family, v vec, channels int) *asm {
	a := f.fn(v, fmt.Sprintf("add%d", channels), fmt.Sprintf("adds to %d rows of sums and a last one, a vector of channels wide; stride is in floats.", 9*channels),
		"sums *float32", "patches *float32", "dy *float32", "at *uint8", "stride uintptr", "pixels int")
	a.load("DI", "DX", "SI", "R8", "R9", "CX")
	return a
}

func sparse512(f *family, channels int) {
	a := sparseFn(f, avx512, channels)
	taps, row := 9*channels, 4*channels
	const bias, dy, offset, x, table = 27, 28, 29, 30, 31
	// The places 0 to 3 become distances in floats; 4, a dead result, becomes 0.
	for i, at := range []int{0, channels, row, row + channels} {
		a.i("MOVL $%d, AX", at)
		if i == 0 {
			a.zero(table)
			continue
		}
		a.i("MOVL $%d, BX\nKMOVW BX, K2\nVPBROADCASTD AX, K2, %s", 1<<i, a.reg(table))
	}
	a.sums(taps, bias, true)
	a.loop("again")
	a.i("VPMOVZXBD (R8), %s", a.reg(offset))
	a.i("VPTESTNMD %s, %s, K1", a.bits(4), a.reg(offset))
	a.i("VMOVUPS.Z (SI), K1, %s", a.reg(dy))
	a.i("VPERMD %s, %s, %s", a.reg(table), a.reg(offset), a.reg(offset))
	a.v("VADDPS", dy, bias, bias)
	for tap := range taps {
		a.i("VPERMPS %d(DX), %s, %s", 4*sparseBase(tap, channels), a.reg(offset), a.reg(x))
		a.v("VFMADD231PS", dy, x, tap)
	}
	a.i("ADDQ $%d, DX\nLEAQ (SI)(R9*4), SI\nADDQ R9, R8\nDECQ CX\nJNE again", 4*4*row)
	a.sums(taps, bias, false)
	a.ret()
}

// sparseBase is where in a patch the candidates of a tap begin: its place under the window's
// first pixel.
func sparseBase(tap, channels int) int {
	return tap/(3*channels)*4*channels + tap%(3*channels)
}

// sums loads or stores rows of sums, at DI, and the last one.
func (a *asm) sums(rows, last int, load bool) {
	a.i("MOVQ DI, R10")
	for r := range rows + 1 {
		reg := r
		if r == rows {
			reg = last
		}
		if load {
			a.v("VMOVUPS", "(R10)", reg)
		} else {
			a.v("VMOVUPS", reg, "(R10)")
		}
		if r < rows {
			a.i("LEAQ (R10)(R9*4), R10")
		}
	}
}

// sparse256 has registers for the taps of one line of the filter: it goes over the pixels
// three times. The candidates of two lines of pixels are chosen from apart.
func sparse256(f *family, channels int) {
	a := sparseFn(f, avx2, channels)
	taps, row := 3*channels, 4*channels
	const bias, dy, offset, lower, upper, other = 9, 10, 11, 12, 13, 14
	a.i("MOVQ DI, R10\nMOVQ DX, R11\nMOVQ SI, R12\nMOVQ R8, R13\nMOVQ CX, BX")
	for line := range 3 {
		if line > 0 {
			a.i("MOVQ R11, DX\nMOVQ R12, SI\nMOVQ R13, R8\nMOVQ BX, CX")
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
		a.i("VPMOVZXBD (R8), %s", a.reg(offset))
		a.v("VPSLLD", "$29", offset, lower)
		a.v("VPSRAD", "$31", lower, lower) // dead
		a.v("VANDNPS", "(SI)", lower, dy)
		a.v("VPSLLD", "$30", offset, lower) // its sign: the lower line
		a.v("VPSLLD", "$31", offset, offset)
		a.v("VPSRAD", "$31", offset, offset)
		a.v("VPAND", a.bits(uint32(channels)), offset, offset)
		if line == 2 {
			a.v("VADDPS", dy, bias, bias)
		}
		for tap := range taps {
			base := 4 * (line*row + tap)
			a.i("VPERMPS %d(DX), %s, %s", base, a.reg(offset), a.reg(upper))
			a.i("VPERMPS %d(DX), %s, %s", base+4*row, a.reg(offset), a.reg(other))
			a.v("VBLENDVPS", lower, other, upper, upper)
			a.v("VFMADD231PS", dy, upper, tap)
		}
		a.i("ADDQ $%d, DX\nLEAQ (SI)(R9*4), SI\nADDQ R9, R8\nDECQ CX\nJNE %s", 4*4*row, again)
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
