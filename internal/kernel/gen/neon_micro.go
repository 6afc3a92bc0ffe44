package main

import "fmt"

// neonTile is a tile for NEON, written in arm64's own words: there a multiplication takes a
// lane of a register, so that four elements of A come by one load and none is broadcast.
//
// A tile has one to four vectors of four columns. The last one ends with the tile's last
// column, and overlaps the one before where columns are no multiple of four: both make the
// same numbers there. Tiles of fewer than four columns load and store what there is.
type neonTile struct {
	*asm
	rows, vectors int
	narrow        int // columns, when fewer than four
	b, a          int // first registers for a row of B, and for elements of A
}

// General registers: R0 is *Args, R1 to R10 point to rows of A.
const (
	neonB        = "R11" // row of B: its first vectors, the third, the last
	neonBThird   = "R12"
	neonBLast    = "R13"
	neonBStride  = "R14"
	neonK        = "R15"
	neonX, neonY = "R16", "R17" // for a moment
	neonSegments = "R19"
	neonSegment  = "R20" // N, P: where the next distance is; T: stride of A
	neonLast     = "R21" // byte offset of the last vector
)

// maxRows are those of a tile of one or two vectors, and of three or four.
const neonRows, neonWideRows = 10, 6

// newNEONTile gives out the registers: sums, then B, then A.
func newNEONTile(a *asm, rows, vectors, narrow, perRow int) *neonTile {
	t := &neonTile{asm: a, rows: rows, vectors: vectors, narrow: narrow}
	t.b = rows * vectors
	t.a = t.b + min(2, vectors)
	if t.a+perRow > 32 {
		panic(a.name + ": too few registers")
	}
	return t
}

func (t *neonTile) sum(row, vector int) int { return row*t.vectors + vector }

// row is the pointer to a row of A.
func (t *neonTile) row(n int) string { return fmt.Sprintf("R%d", 1+n) }

// loadVector loads vector j of a row of C or Init, the last from a pointer of its own.
func (t *neonTile) loadVector(to, j int, first, last string) {
	switch {
	case t.narrow > 0:
		t.loadNarrow(to, first)
	case j == t.vectors-1:
		t.n("FMOVQ (%s), F%d", last, to)
	default:
		t.n("FMOVQ %s, F%d", mem(16*j, first), to)
	}
}

// loadNarrow loads one to three columns; it uses R17.
func (t *neonTile) loadNarrow(to int, from string) {
	switch t.narrow {
	case 1:
		t.n("FMOVS (%s), F%d", from, to)
	case 2:
		t.n("FMOVD (%s), F%d", from, to)
	case 3:
		t.n("FMOVD (%s), F%d", from, to)
		t.n("ADD $8, %s, %s", from, neonY)
		t.n("VLD1 (%s), V%d.S[2]", neonY, to)
	}
}

func (t *neonTile) storeVector(from, j int, first, last string) {
	switch {
	case t.narrow == 1:
		t.n("FMOVS F%d, (%s)", from, first)
	case t.narrow > 1:
		t.n("FMOVD F%d, (%s)", from, first)
		if t.narrow == 3 {
			t.n("ADD $8, %s, %s", first, neonY)
			t.n("VST1 V%d.S[2], (%s)", from, neonY)
		}
	case j == t.vectors-1:
		t.n("FMOVQ F%d, (%s)", from, last)
	default:
		t.n("FMOVQ F%d, %s", from, mem(16*j, first))
	}
}

// arg loads a field of Args.
func (t *neonTile) arg(offset int, to string) { t.n("MOVD %d(R0), %s", offset, to) }

// rowsAt writes f for each row of C or Init, from registers that point to its first and last
// vector.
func (t *neonTile) rowsAt(pointer, stride, rows int, f func(row int, first, last string)) {
	first, last, step := "R1", "R2", "R3"
	t.arg(pointer, first)
	t.arg(stride, step)
	t.n("ADD %s, %s, %s", neonLast, first, last)
	for r := range rows {
		f(r, first, last)
		if r < rows-1 {
			t.n("ADD %s, %s", step, first)
			t.n("ADD %s, %s", step, last)
		}
	}
}

// begin begins with a tile, and loads its sums from Init.
func (t *neonTile) begin() {
	t.n("MOVD a+0(FP), R0")
	t.arg(argMask, neonLast)
	t.at("tile")
	t.rowsAt(argInit, argIStride, t.rows, func(r int, first, last string) {
		for j := range t.vectors {
			t.loadVector(t.sum(r, j), j, first, last)
		}
	})
	t.arg(argB, neonB)
	t.arg(argBStride, neonBStride)
	t.n("ADD $32, %s, %s", neonB, neonBThird)
	t.n("ADD %s, %s, %s", neonLast, neonB, neonBLast)
}

// finish adds what there is to add, applies ReLU and its limit, and stores the sums.
func (t *neonTile) finish() {
	spare, mask := t.b, t.a
	t.arg(argAdd, neonX)
	t.n("CBZ %s, activate", neonX)
	t.rowsAt(argAdd, argCStride, t.rows, func(r int, first, last string) {
		for j := range t.vectors {
			t.loadVector(spare, j, first, last)
			t.n3("FADD", t.sum(r, j), spare, t.sum(r, j))
		}
	})
	t.at("activate")
	t.arg(argReLU, neonX)
	t.n("CBZ %s, store", neonX)
	for n := range t.rows * t.vectors { // 0 where x < 0, so that NaN stays
		t.n2("FCMLT0", n, mask)
		t.n3("BIC", n, mask, n)
	}
	t.n("MOVWU %d(R0), %s", argLimit, neonX)
	t.n("CBZ %s, store", neonX)
	t.n("VDUP %s, V%d.S4", neonX, spare)
	for n := range t.rows * t.vectors {
		t.n3("FCMGT", n, spare, mask)
		t.blendVector(mask, spare, n, n)
	}
	t.at("store")
	t.rowsAt(argC, argCStride, t.rows, func(r int, first, last string) {
		for j := range t.vectors {
			t.storeVector(t.sum(r, j), j, first, last)
		}
	})
	t.next([2]int{argATile, argA}, [2]int{argITile, argInit}, [2]int{argCTile, argC})
	t.arg(argAdd, neonY)
	t.n("CBZ %s, tile", neonY)
	t.n("ADD %s, %s\n\tMOVD %s, %d(R0)\n\tJMP tile", neonX, neonY, neonY, argAdd)
	t.at("done")
	t.end()
}

// next leaves unless there are more tiles, and moves arguments by what others say, the last
// of which is R16 after that.
func (t *neonTile) next(moves ...[2]int) {
	t.arg(argTiles, neonX)
	t.n("SUBS $1, %s\n\tMOVD %s, %d(R0)\n\tBEQ done", neonX, neonX, argTiles)
	for _, m := range moves {
		t.arg(m[1], neonY)
		t.arg(m[0], neonX)
		t.n("ADD %s, %s\n\tMOVD %s, %d(R0)", neonX, neonY, neonY, m[1])
	}
}

// multiply adds the products of a row of B with an element of each row of A: lane of a
// register. It moves on to the next row of B. Of more than two vectors, two come at a time.
func (t *neonTile) multiply(element func(row int) (reg, lane int)) {
	for j := 0; j < t.vectors; j += 2 {
		n := min(2, t.vectors-j)
		switch {
		case t.narrow > 0:
			t.loadNarrow(t.b, neonB)
			t.n("ADD %s, %s", neonBStride, neonB)
		case n == 2 && j+n < t.vectors:
			t.n("VLD1.P (%s)(%s), [V%d.S4, V%d.S4]", neonB, neonBStride, t.b, t.b+1)
		case n == 2:
			first := neonB
			if j > 0 {
				first = neonBThird
			}
			t.n("VLD1.P (%s)(%s), [V%d.S4]", first, neonBStride, t.b)
			t.n("VLD1.P (%s)(%s), [V%d.S4]", neonBLast, neonBStride, t.b+1)
		default:
			t.n("VLD1.P (%s)(%s), [V%d.S4]", neonBLast, neonBStride, t.b)
		}
		for r := range t.rows {
			x, lane := element(r)
			for v := range n {
				to := t.sum(r, j+v)
				t.n("WORD $%#08x // FMLA V%d.4S, V%d.4S, V%d.S[%d]", encodeFMLA(t.b+v, x, lane, to), to, t.b+v, x, lane)
			}
		}
	}
}

// overK writes the loops over segments and, four at a time, over k. In a segment of 10, body
// is there for the first eight by four and the last two by one.
func (t *neonTile) overK(body func(count int), segment func()) {
	t.arg(argSegs, neonSegments)
	t.at("segment")
	t.arg(argK, neonK)
	t.n("SUBS $4, %s", neonK)
	t.n("BLT rest")
	t.n("PCALIGN $16")
	t.at("four")
	body(4)
	t.n("SUBS $4, %s", neonK)
	t.n("BGE four")
	t.at("rest")
	t.n("ADDS $4, %s", neonK)
	t.n("BEQ next")
	t.at("one")
	body(1)
	t.n("SUBS $1, %s", neonK)
	t.n("BNE one")
	t.at("next")
	segment()
	t.n("SUBS $1, %s", neonSegments)
	t.n("BNE segment")
}

// rowsTimesPanel is the loop of N and P: a pointer to each row of A, k contiguous.
func (t *neonTile) rowsTimesPanel() {
	t.arg(argSeg, neonSegment)
	t.overK(func(count int) {
		load := map[int]string{1: "FMOVS.P 4(%s), F%d", 4: "FMOVQ.P 16(%s), F%d"}[count]
		for r := range t.rows {
			t.n(load, t.row(r), t.a+r)
		}
		for u := range count {
			t.multiply(func(r int) (reg, lane int) { return t.a + r, u })
		}
	}, func() {
		t.n("MOVD.P 8(%s), %s", neonSegment, neonX)
		for r := range t.rows {
			t.n("ADD %s, %s", neonX, t.row(r))
		}
	})
}

// pointRows sets the pointers of count rows from one on.
func (t *neonTile) pointRows(arg, from, count int) {
	t.arg(arg, t.row(from))
	for r := from + 1; r < from+count; r++ {
		t.n("ADD %s, %s, %s", neonX, t.row(r-1), t.row(r))
	}
}

func (t *neonTile) kernelN() {
	t.begin()
	t.arg(argAStride, neonX)
	t.pointRows(argA, 0, t.rows)
	t.rowsTimesPanel()
	t.finish()
}

// kernelT has the rows of A in ceil(rows/4) registers; as with columns, the last ends with
// the last row.
func (t *neonTile) kernelT() {
	t.begin()
	const a, last, step, aSeg, bSeg = "R1", "R2", neonSegment, "R3", "R4"
	t.arg(argA, a)
	t.arg(argAStride, step)
	t.arg(argASeg, aSeg)
	t.arg(argBSeg, bSeg)
	regs := (t.rows + 3) / 4
	t.overK(func(count int) {
		for range count {
			switch {
			case t.rows == 1:
				t.n("FMOVS (%s), F%d", a, t.a)
			case t.rows < 4:
				t.n("FMOVD (%s), F%d", a, t.a)
				if t.rows == 3 {
					t.n("FMOVS 8(%s), F%d", a, t.a+1)
				}
			default:
				for n := range regs - 1 {
					t.n("FMOVQ %s, F%d", mem(16*n, a), t.a+n)
				}
				t.n("FMOVQ %s, F%d", mem(4*(t.rows-4), a), t.a+regs-1)
			}
			t.n("ADD %s, %s", step, a)
			t.multiply(func(r int) (reg, lane int) {
				switch {
				case t.rows < 4:
					return t.a + r/2, r % 2
				case r/4 < regs-1:
					return t.a + r/4, r % 4
				}
				return t.a + regs - 1, r - (t.rows - 4)
			})
		}
	}, func() {
		t.n("ADD %s, %s", aSeg, a)
		for _, b := range []string{neonB, neonBThird, neonBLast} {
			t.n("ADD %s, %s", bSeg, b)
		}
	})
	t.finish()
}

// kernelP has two rows of the window's first line, then two of the second.
func (t *neonTile) kernelP() {
	t.begin()
	t.arg(argAStride, neonX)
	t.pointRows(argA, 0, 2)
	t.pointRows(argA2, 2, 2)
	t.rowsTimesPanel()

	places, index, mask := t.b, t.b+4, t.b+5 // places: 1, 2, 3 and 4 in all bytes
	for n := range 4 {
		t.n("VMOVI $%d, V%d.B16", n+1, places+n)
	}
	t.arg(argIndex, "R3")
	t.arg(argC, "R1")
	t.n("ADD %s, R1, R2", neonLast)
	t.n("ADD %s>>2, R3, R4", neonLast)
	for j := range t.vectors {
		best := t.sum(0, j)
		t.n("VEOR V%d.B16, V%d.B16, V%d.B16", index, index, index)
		for r := 1; r < 4; r++ {
			v := t.sum(r, j)
			t.n3("FCMGT", v, best, mask)
			t.blendVector(mask, v, best, best)
			t.blendVector(mask, places+r-1, index, index)
		}
		t.n2("FCMLE0", best, mask)
		t.n3("BIC", best, mask, best)
		t.blendVector(mask, places+3, index, index)
		t.storeVector(best, j, "R1", "R2")
		t.storeIndex(index, j)
	}
	t.next([2]int{argATile, argA}, [2]int{argATile, argA2}, [2]int{argITile, argInit}, [2]int{argCTile, argC}, [2]int{argIndexTile, argIndex})
	t.n("JMP tile")
	t.at("done")
	t.end()
}

// storeIndex stores the lanes of a register as bytes, to R3 and, those of the last vector,
// to R4.
func (t *neonTile) storeIndex(n, j int) {
	t.n2("XTN.H4", n, n)
	t.n2("XTN.B8", n, n)
	switch {
	case t.narrow > 0:
		for c := range t.narrow {
			t.n("VMOV V%d.B[%d], %s", n, c, neonX)
			t.n("MOVB %s, %d(R3)", neonX, c)
		}
	case j == t.vectors-1:
		t.n("FMOVS F%d, (R4)", n)
	default:
		t.n("FMOVS F%d, %s", n, mem(4*j, "R3"))
	}
}

// neonPackRows copies rows of 8 or 16 floats.
func neonPackRows(f *family, columns int) {
	a := f.fn(neon, fmt.Sprintf("packRows%d", columns), fmt.Sprintf("copies rows of %d floats, stride bytes apart, to dst, one after the other; rows is not 0.", columns),
		"dst *float32", "src *float32", "rows int", "stride uintptr")
	list := "[V0.S4, V1.S4]"
	if columns == 16 {
		list = "[V0.S4, V1.S4, V2.S4, V3.S4]"
	}
	a.loadNEON("R0", "R1", "R2", "R3")
	a.at("again")
	a.n("VLD1.P (R1)(R3), %s\n\tVST1.P %s, %d(R0)", list, list, 4*columns)
	a.n("SUBS $1, R2\n\tBNE again")
	a.end()
}

// neonTranspose transposes blocks of four by four.
func neonTranspose(f *family) {
	a := f.fn(neon, "transpose4", "sets dst[r*dstStride+c] = src[c*srcStride+r] for r < 4*blocks, c < 4; strides are in bytes.",
		"dst *float32", "src *float32", "dstStride uintptr", "srcStride uintptr", "blocks int")
	a.loadNEON("R0", "R1", "R5", "R6", "R7")
	a.n("ADD R6, R1, R2\n\tADD R6, R2, R3\n\tADD R6, R3, R4")
	a.at("block")
	for n := range 4 {
		a.n("FMOVQ.P 16(R%d), F%d", 1+n, n)
	}
	for n := 0; n < 4; n += 2 { // pairs of rows, then pairs of pairs
		a.n("VTRN1 V%d.S4, V%d.S4, V%d.S4", n+1, n, 4+n)
		a.n("VTRN2 V%d.S4, V%d.S4, V%d.S4", n+1, n, 5+n)
	}
	for n := range 2 {
		a.n("VTRN1 V%d.D2, V%d.D2, V%d.D2", 6+n, 4+n, n)
		a.n("VTRN2 V%d.D2, V%d.D2, V%d.D2", 6+n, 4+n, 2+n)
	}
	for n := range 4 {
		a.n("VST1.P [V%d.S4], (R0)(R5)", n)
	}
	a.n("SUBS $1, R7\n\tBNE block")
	a.end()
}

// neonMicro writes the tiles and the switches over them.
func neonMicro(f *family) {
	wide := func(vectors int) int {
		if vectors > 2 {
			return neonWideRows
		}
		return neonRows
	}
	f.neonTiles("n", "is N.", wide, func(a *asm, rows, vectors, narrow int) {
		newNEONTile(a, rows, vectors, narrow, rows).kernelN()
	})
	f.neonTiles("t", "is T.", wide, func(a *asm, rows, vectors, narrow int) {
		newNEONTile(a, rows, vectors, narrow, max(2, (rows+3)/4)).kernelT()
	})
	f.neonTiles("p", "is P.", func(int) int { return 1 }, func(a *asm, _, vectors, narrow int) {
		newNEONTile(a, 4, vectors, narrow, 4).kernelP()
	})
	neonPackRows(f, 8)
	neonPackRows(f, 16)
	neonTranspose(f)
}

// neonTiles writes the kernels of a kind for all sizes, and the switch that chooses one by
// Args.kind: the number of vectors, or 4 and the columns of a narrow tile.
func (f *family) neonTiles(kind, doc string, most func(vectors int) int, write func(a *asm, height, vectors, narrow int)) {
	fmt.Fprintf(&f.code, "\nfunc %sNEON(height int, a *Args) {\n\tswitch a.kind<<4 | height {\n", kind)
	for width := 1; width <= 7; width++ {
		vectors, narrow, size := width, 0, fmt.Sprint(width)
		if width > 4 {
			vectors, narrow = 1, width-4
			size = fmt.Sprintf("c%d", narrow)
		}
		for height := 1; height <= most(vectors); height++ {
			name := fmt.Sprintf("%s%dx%s", kind, height, size)
			fmt.Fprintf(&f.code, "\tcase %#x:\n\t\t%sNEON(a)\n", width<<4|height, name)
			write(f.fn(neon, name, doc, "a *Args"), height, vectors, narrow)
		}
	}
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"micro: no such tile\")\n\t}\n}\n")
}
