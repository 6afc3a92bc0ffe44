package main

import "fmt"

// Offsets of gemm.tile.
const (
	tileA        = 0
	tileB        = 8
	tileC        = 16
	tileInit     = 24
	tileAStride  = 32
	tileBStride  = 40
	tileCStride  = 48
	tileIStride  = 56
	tileK        = 64
	tileReLU     = 72
	tilePack     = 80
	tilePackStep = 88
	tileAhead    = 96
	tileFetch    = 104
	tileEnd      = 112
	tileNext     = 120
	tileStep     = 128
)

// Offsets of gemm.short.
const (
	shortA       = 0
	shortB       = 8
	shortC       = 16
	shortAStride = 24
	shortBStride = 32
	shortCStride = 40
	shortBTile   = 48
	shortK       = 56
	shortColumns = 64
	shortRows    = 72
	shortPast    = 80
	shortAhead   = 88
	shortEnd     = 96
)

// gemm writes the kernels that stream a matrix from memory: tiles, two vectors wide, that
// fetch B ahead of use and pack it for those that follow; rows of tiles of few products;
// sums of rows; dot products.
func gemm(f *family) {
	for _, v := range vecs {
		f.gemmTiles(v, "n", "is a tile, of which B is packed and the next of it fetched.", "t *tile", (*asm).gemmN)
		f.gemmTiles(v, "t", "is a tile, of which B is packed and the next of it fetched.", "t *tile", (*asm).gemmT)
		f.gemmTiles(v, "short", "is rows of tiles of few products.", "t *short", (*asm).gemmShort)
		sumRows(f, v, 1)
		sumRows(f, v, 2)
		for rows := 1; rows <= v.dotRows(); rows++ {
			dots(f, v, rows, 1)
			dots(f, v, rows, 4)
		}
	}
}

// gemmTiles writes the tiles of a kind for all heights, and the switch that chooses one.
func (f *family) gemmTiles(v vec, kind, doc, param string, write func(a *asm, rows int)) {
	fmt.Fprintf(&f.code, "\nfunc %s%s(rows int, %s) {\n\tswitch rows {\n", kind, v.name, param)
	for rows := 1; rows <= v.maxRows(2); rows++ {
		name := fmt.Sprintf("%s%d", kind, rows)
		fmt.Fprintf(&f.code, "\tcase %d:\n\t\t%s%s(t)\n", rows, name, v.name)
		a := f.fn(v, name, doc, param)
		a.load("DI")
		write(a, rows)
	}
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"gemm: no such tile\")\n\t}\n}\n")
}

// gemmBegin loads the sums from Init, fetches the lines of C, and sets BX and R13 to B and
// its stride, R14 to three of those, DX to where it is packed, R15 to what is fetched.
func (a *asm) gemmBegin(rows int) {
	a.i("MOVQ %d(DI), AX\nMOVQ %d(DI), SI\nMOVQ %d(DI), BX\nMOVQ %d(DI), R13", tileInit, tileIStride, tileC, tileCStride)
	for r := range rows {
		a.i("PREFETCHT0 (BX)\nPREFETCHT0 %d(BX)", 2*a.bytes()-4)
		for j := range 2 {
			a.v("VMOVUPS", mem(j*a.bytes(), "AX"), 2*r+j)
		}
		if r < rows-1 {
			a.i("ADDQ SI, AX\nADDQ R13, BX")
		}
	}
	a.i("MOVQ %d(DI), BX\nMOVQ %d(DI), R13\nLEAQ (R13)(R13*2), R14\nMOVQ %d(DI), DX\nMOVQ %d(DI), R15", tileB, tileBStride, tilePack, tileAhead)
}

// gemmLoop runs over k, four at a time: body multiplies by the row of B in the first two
// registers after the sums.
func (a *asm) gemmLoop(rows int, body func(u int), advance func(n int)) {
	b := []string{"(BX)", "(BX)(R13*1)", "(BX)(R13*2)", "(BX)(R14*1)"}
	row := func(u int) {
		for j := range 2 {
			a.v("VMOVUPS", fmt.Sprint(j*a.bytes())+b[u], 2*rows+j)
		}
		for line := 0; line < 4*a.bytes(); line += 64 { // those of the next panel, too, while the page is at hand
			a.i("PREFETCHT1 %s", mem(line, "R15"))
		}
		a.i("ADDQ %d(DI), R15", tileFetch)
		for j := range 2 {
			a.v("VMOVUPS", 2*rows+j, fmt.Sprintf("%d(DX)", (2*u+j)*a.bytes()))
		}
		body(u)
	}
	a.i("MOVQ %d(DI), CX\nSUBQ $4, CX\nJLT rest", tileK)
	a.loop("four")
	for u := range 4 {
		row(u)
	}
	advance(4)
	a.i("LEAQ (BX)(R13*4), BX\nADDQ %d(DI), DX\nCMPQ R15, %d(DI)\nJCC turn", tilePackStep, tileEnd)
	a.at("turned")
	a.i("SUBQ $4, CX\nJGE four")
	a.at("rest")
	a.i("ADDQ $4, CX\nJEQ finish")
	a.at("one")
	row(0)
	advance(1)
	a.i("ADDQ R13, BX\nADDQ $%d, DX\nDECQ CX\nJNE one\nJMP finish", 2*a.bytes())
	a.at("turn")
	a.i("MOVQ %d(DI), R15\nMOVQ %d(DI), R14\nADDQ R14, %d(DI)\nADDQ R14, %d(DI)\nLEAQ (R13)(R13*2), R14\nJMP turned", tileNext, tileStep, tileEnd, tileNext)
	a.at("finish")
}

// gemmMultiply adds the products of the row of B with an element of A.
func (a *asm) gemmMultiply(rows, row int, element string) {
	x := 2*rows + 2 + row%min(2, a.regs-2*rows-2)
	a.v("VBROADCASTSS", element, x)
	for j := range 2 {
		a.v("VFMADD231PS", 2*rows+j, x, 2*row+j)
	}
}

// gemmEnd applies ReLU and stores the sums.
func (a *asm) gemmEnd(rows int) {
	a.i("MOVQ %d(DI), AX\nMOVQ %d(DI), SI\nCMPQ %d(DI), $0\nJEQ store", tileC, tileCStride, tileReLU)
	a.zero(2 * rows)
	for n := range 2 * rows {
		a.v("VMAXPS", n, 2*rows, n) // keeps NaN: the second operand of the instruction
	}
	a.at("store")
	for r := range rows {
		for j := range 2 {
			a.v("VMOVUPS", 2*r+j, mem(j*a.bytes(), "AX"))
		}
		if r < rows-1 {
			a.i("ADDQ SI, AX")
		}
	}
	a.ret()
}

// gemmN has rows of A at a stride, k contiguous.
func (a *asm) gemmN(rows int) {
	a.gemmBegin(rows)
	set := rowsOf{rows, rowPointers[:(rows+2)/3]}
	a.i("MOVQ %d(DI), SI\nLEAQ (SI)(SI*2), AX\nMOVQ %d(DI), R8", tileAStride, tileA)
	for n := 1; n < len(set.pointers); n++ {
		a.i("LEAQ (%s)(AX*1), %s", set.pointers[n-1], set.pointers[n])
	}
	a.gemmLoop(rows, func(u int) {
		for r := range rows {
			a.gemmMultiply(rows, r, set.address(r, 4*u))
		}
	}, func(n int) {
		for _, p := range set.pointers {
			a.i("ADDQ $%d, %s", 4*n, p)
		}
	})
	a.gemmEnd(rows)
}

// gemmT has contiguous rows of A, k at a stride.
func (a *asm) gemmT(rows int) {
	a.gemmBegin(rows)
	a.i("MOVQ %d(DI), SI\nMOVQ %d(DI), R8", tileAStride, tileA)
	a.gemmLoop(rows, func(int) {
		for r := range rows {
			a.gemmMultiply(rows, r, mem(4*r, "R8"))
		}
		a.i("ADDQ SI, R8")
	}, func(int) {})
	a.gemmEnd(rows)
}

// gemmShort makes rows of tiles: all columns of a few rows, then the next. Rows of A are
// contiguous, sums start from 0, and C is fetched a tile ahead, or written past the caches.
// Two lines of something else are fetched for every four products.
func (a *asm) gemmShort(rows int) {
	a.i("MOVQ %d(DI), R9\nMOVQ %d(DI), SI\nMOVQ %d(DI), R13\nMOVQ %d(DI), R10\nMOVQ %d(DI), R12", shortC, shortAStride, shortBStride, shortCStride, shortRows)
	a.at("row")
	a.i("MOVQ R9, R14\nMOVQ %d(DI), R11\nMOVQ %d(DI), R15", shortColumns, shortB)
	a.at("tile")
	// The next tile: the next columns, or the first of the next rows.
	a.i("LEAQ %d(R14), DX\nIMUL3Q $%d, R10, AX\nADDQ R9, AX\nCMPQ R11, $1\nCMOVQEQ AX, DX", 2*a.bytes(), rows)
	a.i("MOVQ %d(DI), R8\nMOVQ R15, BX", shortA)
	a.i("CMPQ %d(DI), $0\nJNE fetched", shortPast)
	for r := range rows {
		for line := 0; line < 2*a.bytes(); line += 64 {
			a.i("PREFETCHT0 %s", mem(line, "DX"))
		}
		if r < rows-1 {
			a.i("ADDQ R10, DX")
		}
	}
	a.at("fetched")
	for n := range 2 * rows {
		a.zero(n)
	}
	row := func() {
		for j := range 2 {
			a.v("VMOVUPS", mem(j*a.bytes(), "BX"), 2*rows+j)
		}
		for r := range rows {
			a.gemmMultiply(rows, r, mem(4*r, "R8"))
		}
		a.i("ADDQ SI, R8\nADDQ R13, BX")
	}
	a.i("MOVQ %d(DI), DX\nMOVQ %d(DI), CX\nSUBQ $4, CX\nJLT rest", shortAhead, shortK)
	a.loop("four")
	a.i("PREFETCHT1 (DX)\nPREFETCHT1 64(DX)\nSUBQ $-128, DX\nCMPQ DX, %d(DI)\nCMOVQCC %d(DI), DX", shortEnd, shortEnd)
	for range 4 {
		row()
	}
	a.i("SUBQ $4, CX\nJGE four")
	a.at("rest")
	a.i("ADDQ $4, CX\nJEQ store")
	a.at("one")
	row()
	a.i("DECQ CX\nJNE one")
	a.at("store")
	a.i("MOVQ DX, %d(DI)\nMOVQ R14, AX\nCMPQ %d(DI), $0\nJNE past", shortAhead, shortPast)
	for _, op := range []string{"VMOVUPS", "VMOVNTPS"} {
		for r := range rows {
			for j := range 2 {
				a.v(op, 2*r+j, mem(j*a.bytes(), "AX"))
			}
			if r < rows-1 {
				a.i("ADDQ R10, AX")
			}
		}
		if op == "VMOVUPS" {
			a.i("JMP stored")
			a.at("past")
		}
	}
	a.at("stored")
	a.i("ADDQ $%d, R14\nADDQ %d(DI), R15\nDECQ R11\nJNE tile", 2*a.bytes(), shortBTile)
	a.i("IMUL3Q $%d, R10, AX\nADDQ AX, R9\nADDQ $%d, %d(DI)\nDECQ R12\nJNE row", rows, 4*rows, shortA)
	a.i("CMPQ %d(DI), $0\nJEQ done\nSFENCE", shortPast)
	a.at("done")
	a.ret()
}

// sumRows adds multiples of rows of B, four at a time, to one or two rows of C.
func sumRows(f *family, v vec, rows int) {
	a := f.fn(v, fmt.Sprintf("sumRows%d", rows), fmt.Sprintf("adds to %d rows of C, of n floats, those of B (4*fours of them) times the elements of A; strides are in bytes; ahead: how far ahead B is fetched.", rows),
		"c *float32", "cStride uintptr", "x *float32", "xRow uintptr", "xK uintptr", "b *float32", "bStride uintptr", "n int", "fours int", "ahead uintptr", "mask *int32")
	a.load("DI", "SI", "R8", "R9", "R10", "BX", "R13", "R12", "CX", "R15", "AX")
	// K1 or register 15: the lanes of the last vector.
	const mask = 15
	if a.is512() {
		a.i("VMOVDQU32 (AX), Z15\nVPMOVD2M Z15, K1")
	} else {
		a.v("VMOVUPS", "(AX)", mask)
	}
	a.i("LEAQ (R10)(R10*2), R11\nLEAQ (R13)(R13*2), R14")
	x := func(r, u int) int { return 4*r + u }
	const sums = 13
	line := 8
	a.at("group")
	a.i("MOVQ R8, AX")
	for r := range rows {
		for u, m := range []string{"(AX)", "(AX)(R10*1)", "(AX)(R10*2)", "(AX)(R11*1)"} {
			a.v("VBROADCASTSS", m, x(r, u))
		}
		if r < rows-1 {
			a.i("ADDQ R9, AX")
		}
	}
	a.i("LEAQ (R8)(R10*4), R8")
	a.i("MOVQ DI, AX\nMOVQ R12, DX\nSUBQ $%d, DX\nJLT last", a.lanes)
	a.loop("vector")
	b := []string{"(BX)", "(BX)(R13*1)", "(BX)(R13*2)", "(BX)(R14*1)"}
	for u, m := range b {
		a.v("VMOVUPS", m, line+u)
	}
	c := []string{"(AX)", "(AX)(SI*1)"}
	for r := range rows {
		a.v("VMOVUPS", c[r], sums+r)
	}
	a.i("LEAQ (BX)(R15*1), R11")
	for _, m := range []string{"(R11)", "(R11)(R13*1)", "(R11)(R13*2)", "(R11)(R14*1)"} {
		a.i("PREFETCHT1 %s", m)
	}
	for u := range 4 {
		for r := range rows {
			a.v("VFMADD231PS", line+u, x(r, u), sums+r)
		}
	}
	for r := range rows {
		a.v("VMOVUPS", sums+r, c[r])
	}
	a.i("ADDQ $%d, AX\nADDQ $%d, BX\nSUBQ $%d, DX\nJGE vector", a.bytes(), a.bytes(), a.lanes)
	a.at("last")
	a.i("ADDQ $%d, DX\nJEQ line", a.lanes)
	load := func(m string, n int) {
		if a.is512() {
			a.v("VMOVUPS.Z", m, "K1", n)
		} else {
			a.v("VMASKMOVPS", m, mask, n)
		}
	}
	for u, m := range b {
		load(m, line+u)
	}
	for r := range rows {
		load(c[r], sums+r)
	}
	for u := range 4 {
		for r := range rows {
			a.v("VFMADD231PS", line+u, x(r, u), sums+r)
		}
	}
	for r := range rows {
		if a.is512() {
			a.v("VMOVUPS", sums+r, "K1", c[r])
		} else {
			a.v("VMASKMOVPS", sums+r, mask, c[r])
		}
	}
	a.i("LEAQ (BX)(DX*4), BX")
	a.at("line")
	// BX is n floats on; four rows on from where it was.
	a.i("MOVQ R12, DX\nSHLQ $2, DX\nSUBQ DX, BX\nLEAQ (BX)(R13*4), BX\nLEAQ (R10)(R10*2), R11\nDECQ CX\nJNE group")
	a.ret()
}

// dotRows is how many rows of A a kernel of dot products takes at most.
func (v vec) dotRows() int {
	if v.is512() {
		return 4
	}
	return 1
}

// dots multiplies rows of A with rows of B, both contiguous along k: sixteen sums for each
// pair, of every sixteenth product, which are added up in one order.
func dots(f *family, v vec, rows, columns int) {
	a := f.fn(v, fmt.Sprintf("dots%dx%d", rows, columns), fmt.Sprintf("adds to %d rows of C, of %d numbers, the dot products of rows of A and B of k floats; strides are in bytes; mask: the lanes of the last 16; ahead: how far ahead B is fetched.", rows, columns),
		"c *float32", "cStride uintptr", "x *float32", "xStride uintptr", "b *float32", "bStride uintptr", "k int", "mask *int32", "ahead uintptr")
	a.load("DI", "SI", "R8", "R9", "BX", "R13", "CX", "AX", "R15")
	halves := 16 / a.lanes
	sum := func(r, c, h int) int { return (r*columns+c)*halves + h }
	sums := rows * columns * halves
	xs := sums               // rows of A
	bs := xs + rows          // a row of B
	masks := a.regs - halves // AVX2: lanes of the last 16
	if a.is512() {
		a.i("VMOVDQU32 (AX), Z31\nVPMOVD2M Z31, K1")
	} else {
		for h := range halves {
			a.v("VMOVUPS", mem(h*a.bytes(), "AX"), masks+h)
		}
	}
	a.i("LEAQ (R13)(R13*2), R14\nLEAQ (R9)(R9*2), R10\nADDQ BX, R15")
	for n := range sums {
		a.zero(n)
	}
	x := []string{"(R8)", "(R8)(R9*1)", "(R8)(R9*2)", "(R8)(R10*1)"}
	b := []string{"(BX)", "(BX)(R13*1)", "(BX)(R13*2)", "(BX)(R14*1)"}
	fetch := []string{"(R15)", "(R15)(R13*1)", "(R15)(R13*2)", "(R15)(R14*1)"}
	step := func(load func(m string, h, n int)) {
		for h := range halves {
			for r := range rows {
				load(fmt.Sprint(h*a.bytes())+x[r], h, xs+r)
			}
			for c := range columns {
				load(fmt.Sprint(h*a.bytes())+b[c], h, bs)
				if h == 0 {
					a.i("PREFETCHT1 %s", fetch[c])
				}
				for r := range rows {
					a.v("VFMADD231PS", bs, xs+r, sum(r, c, h))
				}
			}
		}
		a.i("ADDQ $64, R8\nADDQ $64, BX\nADDQ $64, R15")
	}
	a.i("SUBQ $16, CX\nJLT last")
	a.loop("sixteen")
	step(func(m string, _, n int) { a.v("VMOVUPS", m, n) })
	a.i("SUBQ $16, CX\nJGE sixteen")
	a.at("last")
	a.i("ADDQ $16, CX\nJEQ total")
	step(func(m string, h, n int) {
		if a.is512() {
			a.v("VMOVUPS.Z", m, "K1", n)
		} else {
			a.v("VMASKMOVPS", m, masks+h, n)
		}
	})
	a.at("total")
	spare := fmt.Sprintf("X%d", a.regs-1)
	for r := range rows {
		for c := range columns {
			n := sum(r, c, 0)
			if a.is512() {
				a.i("VEXTRACTF64X4 $1, Z%d, Y%d\nVADDPS Y%d, Y%d, Y%d", n, a.regs-1, a.regs-1, n, n)
				a.i("VEXTRACTF32X4 $1, Y%d, %s\nVADDPS %s, X%d, X%d", n, spare, spare, n, n)
			} else {
				a.v("VADDPS", n+1, n, n)
				a.i("VEXTRACTF128 $1, Y%d, %s\nVADDPS %s, X%d, X%d", n, spare, spare, n, n)
			}
		}
		n := sum(r, 0, 0)
		if columns == 1 {
			a.i("VMOVHLPS X%d, X%d, %s\nVADDPS %s, X%d, X%d", n, n, spare, spare, n, n)
			a.i("VMOVSHDUP X%d, %s\nVADDSS %s, X%d, X%d", n, spare, spare, n, n)
			a.i("VADDSS (DI), X%d, X%d\nVMOVSS X%d, (DI)", n, n, n)
		} else {
			a.unpack("PS", n, sum(r, 1, 0), spare)
			a.unpack("PS", sum(r, 2, 0), sum(r, 3, 0), spare)
			a.unpack("PD", n, sum(r, 2, 0), spare)
			a.i("VADDPS (DI), X%d, X%d\nVMOVUPS X%d, (DI)", n, n, n)
		}
		if r < rows-1 {
			a.i("ADDQ SI, DI")
		}
	}
	a.ret()
}

// unpack adds the upper halves of x and y to their lower ones, interleaved.
func (a *asm) unpack(size string, x, y int, spare string) {
	a.i("VUNPCKH%s X%d, X%d, %s\nVUNPCKL%s X%d, X%d, X%d\nVADDPS %s, X%d, X%d", size, y, x, spare, size, y, x, x, spare, x, x)
}
