package main

import "fmt"

// neonGemm writes the kernels that read a matrix once, in arm64's own words: sums of rows and
// dot products.
func neonGemm(f *family) {
	neonSumRows(f, 1)
	neonSumRows(f, 2)
	neonDots(f, 1)
	neonDots(f, 4)
}

func neonSumRows(f *family, rows int) {
	a := f.fn(neon, fmt.Sprintf("sumRows%d", rows), fmt.Sprintf("adds to %d rows of C, of n vectors, those of B (4*fours of them) times the elements of A; strides are in bytes.", rows),
		"c *float32", "cStride uintptr", "x *float32", "xRow uintptr", "xK uintptr", "b *float32", "bStride uintptr", "n int", "fours int")
	a.loadNEON("R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8")
	c := []string{"R10", "R11"}
	b := []string{"R12", "R13", "R14", "R15"}
	const line, sums = 16, 20
	a.at("group")
	for r := rows - 1; r >= 0; r-- { // the first row's pointer moves on
		x := "R2"
		if r > 0 {
			x = "R9"
			a.n("ADD R3, R2, R9")
		}
		for u := range 4 {
			a.n("VLD1R.P (%s)(R4), [V%d.S4]", x, 4*r+u)
		}
	}
	a.n("MOVD R0, R10")
	if rows == 2 {
		a.n("ADD R1, R0, R11")
	}
	for _, p := range b {
		a.n("MOVD R5, %s", p)
		a.n("ADD R6, R5")
	}
	a.n("MOVD R7, R16")
	a.n("PCALIGN $16")
	a.at("vector")
	for u, p := range b {
		a.n("FMOVQ.P 16(%s), F%d", p, line+u)
	}
	for r := range rows {
		a.n("FMOVQ (%s), F%d", c[r], sums+r)
	}
	for u := range 4 {
		for r := range rows {
			a.n3("FMLA", line+u, 4*r+u, sums+r)
		}
	}
	for r := range rows {
		a.n("FMOVQ.P F%d, 16(%s)", sums+r, c[r])
	}
	a.n("SUBS $1, R16")
	a.n("BNE vector")
	a.n("SUBS $1, R8")
	a.n("BNE group")
	a.end()
}

// neonDots has four vectors of sums for each column, as all kernels of dot products.
func neonDots(f *family, columns int) {
	a := f.fn(neon, fmt.Sprintf("dots%d", columns), fmt.Sprintf("adds to %d numbers the dot products of x and rows of B, of 16*n floats and, unless it is nil, of tail: 16 floats of x, then of each row; the stride is in bytes.", columns),
		"c *float32", "x *float32", "b *float32", "bStride uintptr", "n int", "tail *float32")
	a.loadNEON("R0", "R1", "R2", "R9", "R6", "R7")
	const x, line = 16, 20
	rows := []string{"R2", "R3", "R4", "R5"}[:columns]
	for c := 1; c < columns; c++ {
		a.n("ADD R9, %s, %s", rows[c-1], rows[c])
	}
	for n := range 4 * columns {
		a.n("VEOR V%d.B16, V%d.B16, V%d.B16", n, n, n)
	}
	load := func(from string, to int) {
		a.n("FLDPQ.P 32(%s), (F%d, F%d)", from, to, to+1)
		a.n("FLDPQ.P 32(%s), (F%d, F%d)", from, to+2, to+3)
	}
	sixteen := func() {
		load("R1", x)
		for c, p := range rows {
			load(p, line+4*(c%3))
			for h := range 4 {
				a.n3("FMLA", line+4*(c%3)+h, x+h, 4*c+h)
			}
		}
	}
	a.n("CBZ R6, last")
	a.n("PCALIGN $16")
	a.at("sixteen")
	sixteen()
	a.n("SUBS $1, R6")
	a.n("BNE sixteen")
	a.at("last")
	a.n("CBZ R7, total")
	a.n("MOVD R7, R1")
	for c, p := range rows {
		a.n("ADD $%d, R7, %s", 64*(c+1), p)
	}
	sixteen()
	a.at("total")
	for c := range columns { // sums 8 apart, 4, 2, 1
		n := 4 * c
		a.n3("FADD", n, n+2, n)
		a.n3("FADD", n+1, n+3, n+1)
		a.n3("FADD", n, n+1, n)
		a.n("VEXT $8, V%d.B16, V%d.B16, V%d.B16", n, n, x)
		a.n3("FADD", n, x, n)
		a.n2("FADDP.S", n, n)
		a.n("FMOVS %d(R0), F%d", 4*c, x)
		a.n("FADDS F%d, F%d, F%d", x, n, n)
		a.n("FMOVS F%d, %d(R0)", n, 4*c)
	}
	a.end()
}

// loadNEON moves parameters to registers of arm64, in order.
func (a *asm) loadNEON(regs ...string) {
	for n, r := range regs {
		a.n("MOVD %s+%d(FP), %s", a.params[n], 8*n, r)
	}
}
