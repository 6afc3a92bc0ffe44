package main

import "fmt"

// neonGemm writes the kernels of package gemm that read a matrix once: sums of rows, and dot products.
func neonGemm(f *family) {
	neonSumRows(f, 1)
	neonSumRows(f, 2)
	neonDots(f, 1)
	neonDots(f, 4)
}

func neonSumRows(f *family, rows int) {
	a := f.fn(neonNative, fmt.Sprintf("sumRows%d", rows), fmt.Sprintf("adds multiples of 4*fours rows of B, by elements of A, to C, %s of n vectors. Strides are in bytes.", rowsOfC(rows)),
		"c *float32", "cStride uintptr", "x *float32", "xRow uintptr", "xK uintptr", "b *float32", "bStride uintptr", "n int", "fours int")
	start, cStride, x, xRow, xK := a.param("c"), a.param("cStride"), a.param("x"), a.param("xRow"), a.param("xK")
	bStart, bStride, n, fours := a.param("b"), a.param("bStride"), a.param("n"), a.param("fours")
	elements, line, sums := a.vectors("element of A", 4*rows), a.vectors("row of B", 4), a.vectors("row of C", rows)
	a.comment("load the elements of A for four k")
	a.at("group")
	for r := rows - 1; r >= 0; r-- { // the pointer to the first row moves
		from := x
		if r > 0 {
			from = a.general("second row of A")
			a.n("ADD %s, %s, %s", xRow, x, from)
		}
		for u := range 4 {
			a.n("VLD1R.P (%s)(%s), [%s.S4]", from, xK, elements[4*r+u])
		}
		if r > 0 {
			a.free(from)
		}
	}
	c := []*reg{a.general("row of C")}
	a.n("MOVD %s, %s", start, c[0])
	if rows == 2 {
		c = append(c, a.general("second row of C"))
		a.n("ADD %s, %s, %s", cStride, start, c[1])
	}
	var b []*reg
	for range line {
		p := a.general("row of B")
		a.n("MOVD %s, %s", bStart, p)
		a.n("ADD %s, %s", bStride, bStart)
		b = append(b, p)
	}
	left := a.general("vectors left")
	a.n("MOVD %s, %s", n, left)
	a.comment("a vector of four rows of B at a time")
	a.n("PCALIGN $16")
	a.at("vector")
	for u, p := range b {
		a.n("FMOVQ.P 16(%s), %s", p, line[u].as("F"))
	}
	for r, sum := range sums {
		a.n("FMOVQ (%s), %s", c[r], sum.as("F"))
	}
	for u := range line {
		for r, sum := range sums {
			a.n3("FMLA", line[u], elements[4*r+u], sum)
		}
	}
	for r, sum := range sums {
		a.n("FMOVQ.P %s, 16(%s)", sum.as("F"), c[r])
	}
	a.n("SUBS $1, %s\nBNE vector", left)
	a.free(append(append(c, b...), left)...)
	a.n("SUBS $1, %s\nBNE group", fours)
	a.end()
}

// neonDots writes dot products. Each has sixteen sums, as on amd64: four vectors.
func neonDots(f *family, columns int) {
	a := f.fn(neonNative, fmt.Sprintf("dots%d", columns), fmt.Sprintf("adds the dot products of x and rows of B, of 16*n floats each, to the first %d numbers of c. If tail is not nil, it has 16 more floats of x, then of each row. The stride is in bytes.", columns),
		"c *float32", "x *float32", "b *float32", "bStride uintptr", "n int", "tail *float32")
	c, x, bStride, n, tail := a.param("c"), a.param("x"), a.param("bStride"), a.param("n"), a.param("tail")
	rows := []*reg{a.param("b")}
	for range columns - 1 {
		p := a.general("row of B")
		a.n("ADD %s, %s, %s", bStride, rows[len(rows)-1], p)
		rows = append(rows, p)
	}
	sums, xs, line := a.vectors("sum", 4*columns), a.vectors("row of A", 4), a.vectors("row of B", min(12, 4*columns))
	for _, sum := range sums {
		a.n("VEOR %s.B16, %s.B16, %s.B16", sum, sum, sum)
	}
	load := func(from *reg, to []*reg) {
		for h := 0; h < 4; h += 2 {
			a.n("FLDPQ.P 32(%s), (%s, %s)", from, to[h].as("F"), to[h+1].as("F"))
		}
	}
	sixteen := func() {
		load(x, xs)
		for c, p := range rows {
			b := line[4*c%len(line):][:4]
			load(p, b)
			for h := range b {
				a.n3("FMLA", b[h], xs[h], sums[4*c+h])
			}
		}
	}
	a.comment("sixteen products of each pair of rows at a time")
	a.n("CBZ %s, last\nPCALIGN $16", n)
	a.at("sixteen")
	sixteen()
	a.n("SUBS $1, %s\nBNE sixteen", n)
	a.at("last")
	a.n("CBZ %s, total\nMOVD %s, %s", tail, tail, x)
	for c, p := range rows {
		a.n("ADD $%d, %s, %s", 64*(c+1), tail, p)
	}
	sixteen()
	a.at("total")
	a.comment("add up the sixteen sums: those 8 apart, then 4, 2 and 1")
	spare := xs[0]
	a.free(xs[1:]...)
	for column := range columns {
		sum := sums[4*column:][:4]
		a.n3("FADD", sum[0], sum[2], sum[0])
		a.n3("FADD", sum[1], sum[3], sum[1])
		a.n3("FADD", sum[0], sum[1], sum[0])
		a.n("VEXT $8, %s.B16, %s.B16, %s.B16", sum[0], sum[0], spare)
		a.n3("FADD", sum[0], spare, sum[0])
		a.n2("FADDP.S", sum[0], sum[0])
		a.n("FMOVS %s, %s", c.mem(4*column), spare.as("F"))
		a.n("FADDS %s, %s, %s", spare.as("F"), sum[0].as("F"), sum[0].as("F"))
		a.n("FMOVS %s, %s", sum[0].as("F"), c.mem(4*column))
	}
	a.end()
}
