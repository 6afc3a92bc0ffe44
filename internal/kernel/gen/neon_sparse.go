package main

import "fmt"

// neonSparse writes the products of package sparse in arm64's own words: the candidates of a
// tap lie in four floats of each of two lines, of which TBL takes one for each lane.
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
		"sums *float32", "patches *float32", "dy *float32", "at *uint8", "stride uintptr", "pixels int")
	const bias, dy, place, from, x, spread, distance, bytes, dead = 18, 19, 20, 21, 22, 24, 25, 26, 27 // x: and the one after it
	row := 4 * channels
	a.loadNEON("R0", "R1", "R2", "R3", "R4", "R5")
	a.n("LSL $2, R4, R6")
	for _, c := range []struct {
		low, high uint64
		to        int
	}{
		{0x0101010100000000, 0x0303030302020202, spread}, // of four bytes to lanes
		{uint64(channels)<<10 | 16<<16 | uint64(16+4*channels)<<24, 0, distance},
		{0x0302010003020100, 0x0302010003020100, bytes},
		{0x0404040404040404, 0x0404040404040404, dead},
	} {
		a.n("MOVD $%#x, R7", c.low)
		a.n("VMOV R7, V%d.D[0]", c.to)
		a.n("MOVD $%#x, R7", c.high)
		a.n("VMOV R7, V%d.D[1]", c.to)
	}
	for n, lines := range passes {
		taps, last := 3*channels*len(lines), n == len(passes)-1
		sums := func(op string) { // R0 stays
			a.n("MOVD R0, R7")
			for r := range taps {
				a.n(op, r)
			}
			if last {
				a.n(op, bias)
			}
		}
		sums("VLD1.P (R7)(R6), [V%d.S4]")
		a.n("MOVD R1, R8\n\tMOVD R2, R9\n\tMOVD R3, R10\n\tMOVD R5, R11")
		a.n("PCALIGN $16")
		again := fmt.Sprintf("again%d", n)
		a.at(again)
		a.n("FMOVS (R10), F%d", place)
		a.n("VLD1.P (R9)(R6), [V%d.S4]", dy)
		a.n("ADD R4, R10")
		a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", spread, place, place)
		a.n("VCMEQ V%d.B16, V%d.B16, V%d.B16", dead, place, from)
		a.n3("BIC", dy, from, dy)
		a.n("VTBL V%d.B16, [V%d.B16], V%d.B16", place, distance, from)
		a.n("VADD V%d.B16, V%d.B16, V%d.B16", bytes, from, from)
		if last {
			a.n3("FADD", bias, dy, bias)
		}
		for r := range taps {
			offset := 4 * (lines[0]*row + r/(3*channels)*row + r%(3*channels))
			a.n("FMOVQ %s, F%d", mem(offset, "R8"), x)
			a.n("FMOVQ %s, F%d", mem(offset+4*row, "R8"), x+1)
			a.n("VTBL V%d.B16, [V%d.B16, V%d.B16], V%d.B16", from, x, x+1, x)
			a.n3("FMLA", dy, x, r)
		}
		a.n("ADD $%d, R8\n\tSUBS $1, R11\n\tBNE %s", 4*4*row, again)
		sums("VST1.P [V%d.S4], (R7)(R6)")
		a.n("MOVD R7, R0") // the next sums
	}
	a.end()
}
