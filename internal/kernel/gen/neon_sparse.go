package main

import "fmt"

// neonSparse writes the products of package sparse for arm64: TBL selects one of the four candidates for each lane.
func neonSparse(f *family) {
	for channels := 1; channels <= 3; channels++ {
		passes := [][]int{{0, 1, 2}}
		if channels == 3 { // there are not enough registers for the sums of all rows of the filter
			passes = [][]int{{0, 1}, {2}}
		}
		neonSparseAdd(f, channels, passes)
	}
	sparseSwitch(f)
}

func neonSparseAdd(f *family, channels int, passes [][]int) {
	s := newSparseAdd(f, neonNative, channels)
	a := s.asm
	stride, number := a.general("stride in bytes"), a.general("number")
	a.n("LSL $2, %s, %s", s.stride, stride)
	constants := a.vectors("constant", 4)
	spread, distance, bytes, none := constants[0], constants[1], constants[2], constants[3]
	for _, c := range []struct {
		low, high uint64
		to        *reg
	}{
		{0x0101010100000000, 0x0303030302020202, spread}, // from four bytes to lanes
		{0x0c080400, 0, distance},                        // of the candidates, in bytes
		{0x0302010003020100, 0x0302010003020100, bytes},
		{0x0404040404040404, 0x0404040404040404, none}, // the argmax of a window that ReLU set to 0
	} {
		a.n("MOVD $%#x, %s\nFMOVD %[2]s, %s", c.low, number, c.to.as("F"))
		a.n("MOVD $%#x, %s\nVMOV %[2]s, %s.D[1]", c.high, number, c.to)
	}
	dyAt, argmaxAt, left := a.general("dy"), a.general("argmax"), a.general("pixels left")
	bias, dy, argmax, from, x := a.vector("bias"), a.vector("dy"), a.vector("argmax"), a.vector("from"), a.vector("candidates")
	sums := a.vectors("sum", 3*channels*len(passes[0]))
	for n, lines := range passes {
		taps, last := 3*channels*len(lines), n == len(passes)-1
		rows := sums[:taps]
		if last {
			rows = append(rows[:taps:taps], bias)
		}
		row := number
		a.comment("rows %v of the filter", lines)
		a.n("MOVD %s, %s", s.sums, row)
		for _, r := range rows {
			a.n("VLD1.P (%s)(%s), [%s.S4]", row, stride, r)
		}
		a.n("MOVD %s, %s\nMOVD %s, %s\nMOVD %s, %s", s.dy, dyAt, s.argmax, argmaxAt, s.pixels, left)
		a.n("PCALIGN $16")
		again := fmt.Sprintf("again%d", n)
		a.at(again)
		a.n("FMOVS (%s), %s", argmaxAt, argmax.as("F"))
		a.n("VLD1.P (%s)(%s), [%s.S4]", dyAt, stride, dy)
		a.n("ADD %s, %s", s.stride, argmaxAt)
		a.n("VTBL %s.B16, [%s.B16], %[2]s.B16", spread, argmax)
		a.n("VCMEQ %s.B16, %s.B16, %s.B16", none, argmax, from)
		a.n3("BIC", dy, from, dy)
		a.n("VTBL %s.B16, [%s.B16], %s.B16", argmax, distance, from)
		a.n("VADD %s.B16, %s.B16, %[2]s.B16", bytes, from)
		if last {
			a.n3("FADD", bias, dy, bias)
		}
		for r := range taps {
			line := lines[r/(3*channels)]
			a.n("FMOVQ %s, %s", s.quads[line].mem(16*(r%(3*channels))), x.as("F"))
			a.n("VTBL %s.B16, [%s.B16], %[2]s.B16", from, x)
			a.n3("FMLA", dy, x, rows[r])
		}
		for _, line := range lines {
			a.n("ADD $%d, %s", 2*16*channels, s.quads[line])
		}
		a.n("SUBS $1, %s\nBNE %s", left, again)
		a.n("MOVD %s, %s", s.sums, row)
		for _, r := range rows {
			a.n("VST1.P [%s.S4], (%s)(%s)", r, row, stride)
		}
		a.n("MOVD %s, %s", row, s.sums) // the next sums
	}
	a.end()
}
