package main

import "fmt"

// neonSparse writes the products of package sparse in arm64's own words: of the four candidates of
// a tap TBL takes one for each lane.
func neonSparse(f *family) {
	for channels := 1; channels <= 3; channels++ {
		lines := [][]int{{0, 1, 2}}
		if channels == 3 { // registers do not hold the sums of all
			lines = [][]int{{0, 1}, {2}}
		}
		neonSparseAdd(f, channels, lines)
	}
}

func neonSparseAdd(f *family, channels int, passes [][]int) {
	a := f.fn(neon, fmt.Sprintf("add%d", channels), fmt.Sprintf("adds to %d rows of sums and a last one, a vector of channels wide; stride is in floats.", 9*channels),
		"sums *float32", "q0 *float32", "q1 *float32", "q2 *float32", "dy *float32", "at *uint8", "stride uintptr", "pixels int")
	const bias, dy, place, from, x, spread, distance, bytes, dead = 18, 19, 20, 21, 22, 24, 25, 26, 27
	a.loadNEON("R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7")
	a.n("LSL $2, R6, R8")
	for _, c := range []struct {
		low, high uint64
		to        int
	}{
		{0x0101010100000000, 0x0303030302020202, spread}, // of four bytes to lanes
		{0x0c080400, 0, distance},                        // of the candidates, in bytes
		{0x0302010003020100, 0x0302010003020100, bytes},
		{0x0404040404040404, 0x0404040404040404, dead},
	} {
		a.n("MOVD $%#x, R9", c.low)
		a.n("VMOV R9, V%d.D[0]", c.to)
		a.n("MOVD $%#x, R9", c.high)
		a.n("VMOV R9, V%d.D[1]", c.to)
	}
	quads := []string{"R1", "R2", "R3"}
	for n, lines := range passes {
		taps, last := 3*channels*len(lines), n == len(passes)-1
		sums := func(op string) { // R0 stays
			a.n("MOVD R0, R9")
			for r := range taps {
				a.n(op, r)
			}
			if last {
				a.n(op, bias)
			}
		}
		sums("VLD1.P (R9)(R8), [V%d.S4]")
		a.n("MOVD R4, R13\n\tMOVD R5, R14\n\tMOVD R7, R15")
		a.n("PCALIGN $16")
		again := fmt.Sprintf("again%d", n)
		a.at(again)
		a.n("FMOVS (R14), F%d", place)
		a.n("VLD1.P (R13)(R8), [V%d.S4]", dy)
		a.n("ADD R6, R14")
		a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", spread, place, place)
		a.n("VCMEQ V%d.B16, V%d.B16, V%d.B16", dead, place, from)
		a.n3("BIC", dy, from, dy)
		a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", place, distance, from)
		a.n("VADD V%d.B16, V%d.B16, V%d.B16", bytes, from, from)
		if last {
			a.n3("FADD", bias, dy, bias)
		}
		for r := range taps {
			line := lines[r/(3*channels)]
			a.n("FMOVQ %s, F%d", mem(16*(r%(3*channels)), quads[line]), x)
			a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", from, x, x)
			a.n3("FMLA", dy, x, r)
		}
		for _, line := range lines {
			a.n("ADD $%d, %s", 2*16*channels, quads[line])
		}
		a.n("SUBS $1, R15\n\tBNE %s", again)
		sums("VST1.P [V%d.S4], (R9)(R8)")
		a.n("MOVD R9, R0") // the next sums
	}
	a.end()
}
