package main

import "fmt"

// Offsets of micro.Args.
const (
	argA           = 0
	argB           = 8
	argC           = 16
	argInit        = 24
	argAStride     = 32
	argBStride     = 40
	argCStride     = 48
	argIStride     = 56
	argK           = 64
	argSegs        = 72
	argSeg         = 80
	argASeg        = 88
	argBSeg        = 96
	argReLU        = 104
	argMask        = 112
	argLanes       = 120
	argA2          = 128
	argIndex       = 136
	argIndexStride = 144
	argAdd         = 152
	argLimit       = 160
	argTiles       = 168
	argATile       = 176
	argCTile       = 184
	argITile       = 192
	argIndexTile   = 200
	argSegments    = 208
	argFetch       = 216
	argAhead       = 224
)

// tile is a micro-kernel: rows by vectors, kept in registers 0.. row by row. DI is *Args.
type tile struct {
	*asm
	rows, vectors int
	masked        bool // the last vector is not whole
	b             int  // first register of the row of B; after the sums
	a, as         int  // first register for elements of A, and how many there are
	mask          int  // AVX2: register of the lanes, when masked
}

// newTile gives out the registers.
func newTile(a *asm, rows, vectors int, masked bool) *tile {
	t := &tile{asm: a, rows: rows, vectors: vectors, masked: masked}
	top := a.regs
	if masked && !a.is512() {
		top--
		t.mask = top
	}
	sums := rows * vectors
	t.b = sums
	t.a = sums + vectors
	t.as = min(2, top-t.a)
	if t.as < 1 {
		panic(fmt.Sprintf("%s: too few registers", a.name))
	}
	return t
}

func (t *tile) sum(row, vector int) int { return row*t.vectors + vector }

// setMask loads the lanes of the last vector: K1, or the register mask.
func (t *tile) setMask() {
	switch {
	case t.is512():
		t.i("KMOVW %d(DI), K1", argMask)
	case t.masked:
		t.i("MOVQ %d(DI), AX", argLanes)
		t.v("VMOVUPS", "(AX)", t.mask)
	}
}

// loadRow loads the vectors of a row at an address given for each byte offset.
func (t *tile) loadRow(first int, address func(offset int) string) {
	for j := range t.vectors {
		m := address(j * t.bytes())
		switch {
		case j < t.vectors-1 || !t.masked:
			t.v("VMOVUPS", m, first+j)
		case t.is512():
			t.v("VMOVUPS.Z", m, "K1", first+j)
		default:
			t.v("VMASKMOVPS", m, t.mask, first+j)
		}
	}
}

func (t *tile) storeRow(first int, reg string) {
	for j := range t.vectors {
		m := mem(j*t.bytes(), reg)
		switch {
		case j < t.vectors-1 || !t.masked:
			t.v("VMOVUPS", first+j, m)
		case t.is512():
			t.v("VMOVUPS", first+j, "K1", m)
		default:
			t.v("VMASKMOVPS", first+j, t.mask, m)
		}
	}
}

// begin loads the sums from Init; fetch says that where results go comes into the cache
// meanwhile.
func (t *tile) begin(fetch bool) {
	t.setMask()
	t.at("tile")
	if fetch {
		t.i("MOVQ %d(DI), AX\nMOVQ %d(DI), SI", argC, argCStride)
		for r := range t.rows {
			for o := 0; o < t.vectors*t.bytes(); o += 64 {
				t.i("PREFETCHT0 %s", mem(o, "AX"))
			}
			if r < t.rows-1 {
				t.i("ADDQ SI, AX")
			}
		}
	}
	t.i("MOVQ %d(DI), AX\nMOVQ %d(DI), SI", argInit, argIStride)
	for r := range t.rows {
		t.loadRow(t.sum(r, 0), func(o int) string { return mem(o, "AX") })
		if r < t.rows-1 {
			t.i("ADDQ SI, AX")
		}
	}
}

// end adds what there is to add, applies ReLU and its limit, and stores the sums.
func (t *tile) end() {
	t.i("MOVQ %d(DI), AX\nMOVQ %d(DI), SI\nMOVQ %d(DI), DX", argC, argCStride, argAdd)
	t.i("TESTQ DX, DX\nJEQ activate")
	for r := range t.rows {
		t.loadRow(t.b, func(o int) string { return mem(o, "DX") })
		for j := range t.vectors {
			t.v("VADDPS", t.b+j, t.sum(r, j), t.sum(r, j))
		}
		if r < t.rows-1 {
			t.i("ADDQ SI, DX")
		}
	}
	t.at("activate")
	t.i("CMPQ %d(DI), $0\nJEQ store", argReLU)
	t.zero(t.b)
	for n := range t.rows * t.vectors {
		t.v("VMAXPS", n, t.b, n) // keeps NaN: the second operand of the instruction
	}
	t.i("CMPL %d(DI), $0\nJEQ store", argLimit)
	t.v("VBROADCASTSS", fmt.Sprintf("%d(DI)", argLimit), t.b)
	for n := range t.rows * t.vectors {
		t.v("VMINPS", n, t.b, n)
	}
	t.at("store")
	for r := range t.rows {
		t.storeRow(t.sum(r, 0), "AX")
		if r < t.rows-1 {
			t.i("ADDQ SI, AX")
		}
	}
	t.next([2]int{argATile, argA}, [2]int{argITile, argInit}, [2]int{argCTile, argC})
	t.i("TESTQ DX, DX\nJEQ tile\nADDQ AX, %d(DI)\nJMP tile", argAdd)
	t.at("done")
	t.ret()
}

// next leaves unless there are more tiles, and moves arguments by what others say; DX is Add.
func (t *tile) next(moves ...[2]int) {
	t.i("DECQ %d(DI)\nJEQ done\nMOVQ %d(DI), DX", argTiles, argAdd)
	for _, m := range moves {
		t.i("MOVQ %d(DI), AX\nADDQ AX, %d(DI)", m[0], m[1])
	}
}

// multiply adds the products of a row of B, at an address, with an element of each row of A.
func (t *tile) multiply(b func(offset int) string, a func(row int) string) {
	t.loadRow(t.b, b)
	for r := range t.rows {
		x := t.a + r%t.as
		t.v("VBROADCASTSS", a(r), x)
		for j := range t.vectors {
			t.v("VFMADD231PS", t.b+j, x, t.sum(r, j))
		}
	}
}

// overK writes the loops over segments and, four at a time, over k.
func (t *tile) overK(body func(u int), advance func(n int), segment func()) {
	t.i("MOVQ %d(DI), AX\nMOVQ AX, %d(DI)", argSegs, argSegments)
	t.at("segment")
	t.i("MOVQ %d(DI), CX\nSUBQ $4, CX\nJLT rest", argK)
	t.loop("four")
	for u := range 4 {
		body(u)
	}
	advance(4)
	t.i("SUBQ $4, CX\nJGE four")
	t.at("rest")
	t.i("ADDQ $4, CX\nJEQ next")
	t.at("one")
	body(0)
	advance(1)
	t.i("DECQ CX\nJNE one")
	t.at("next")
	segment()
	t.i("DECQ %d(DI)\nJNE segment", argSegments)
}

// rowPointers each serve three rows: p, p+stride, p+2*stride.
var rowPointers = []string{"R8", "R9", "R10", "R11", "R12"}

// rowsOf is a set of rows of A at a stride (SI) behind pointers.
type rowsOf struct {
	count    int
	pointers []string
}

func (s rowsOf) address(row, offset int) string {
	m := mem(offset, s.pointers[row/3])
	if row%3 > 0 {
		m += fmt.Sprintf("(SI*%d)", row%3)
	}
	return m
}

// point sets the pointers, the first being set; AX is 3*stride.
func (t *tile) point(s rowsOf) {
	for n := 1; n < len(s.pointers); n++ {
		t.i("LEAQ (%s)(AX*1), %s", s.pointers[n-1], s.pointers[n])
	}
}

// rowsTimesPanel is the loop of N and P: rows of A at a stride, k contiguous.
// With fetch, DX is where the next tile's rows are.
func (t *tile) rowsTimesPanel(fetch bool, sets ...rowsOf) {
	lines := (t.rows + 3) / 4 // of 64 bytes, in four k
	t.i("MOVQ %d(DI), BX\nMOVQ %d(DI), R13\nLEAQ (R13)(R13*2), R14\nMOVQ %d(DI), R15", argB, argBStride, argSeg)
	b := []string{"(BX)", "(BX)(R13*1)", "(BX)(R13*2)", "(BX)(R14*1)"}
	t.overK(func(u int) {
		t.multiply(
			func(o int) string {
				if o == 0 {
					return b[u]
				}
				return fmt.Sprint(o) + b[u]
			},
			func(r int) string {
				for _, s := range sets {
					if r < s.count {
						return s.address(r, 4*u)
					}
					r -= s.count
				}
				panic("no such row")
			})
	}, func(n int) {
		for _, s := range sets {
			for _, p := range s.pointers {
				t.i("ADDQ $%d, %s", 4*n, p)
			}
		}
		if n == 4 {
			t.i("LEAQ (BX)(R13*4), BX")
			if fetch {
				for line := range lines {
					t.i("PREFETCHT0 %s", mem(64*line, "DX"))
				}
				t.i("MOVQ %d(DI), AX\nANDQ $%d, AX\nADDQ AX, DX", argFetch, 64*lines)
			}
		} else {
			t.i("ADDQ R13, BX")
		}
	}, func() {
		t.i("MOVQ (R15), AX\nADDQ $8, R15")
		for _, s := range sets {
			for _, p := range s.pointers {
				t.i("ADDQ AX, %s", p)
			}
		}
	})
}

func (t *tile) kernelN() {
	t.begin(true)
	rows := rowsOf{t.rows, rowPointers[:(t.rows+2)/3]}
	t.i("MOVQ %d(DI), SI\nLEAQ (SI)(SI*2), AX\nMOVQ %d(DI), R8", argAStride, argA)
	t.point(rows)
	t.i("MOVQ %d(DI), DX\nANDQ %d(DI), DX\nADDQ R8, DX", argATile, argFetch)
	t.rowsTimesPanel(true, rows)
	t.end()
}

func (t *tile) kernelT() {
	t.begin(false)
	t.i("MOVQ %d(DI), R8\nMOVQ %d(DI), SI\nMOVQ %d(DI), BX\nMOVQ %d(DI), R13", argA, argAStride, argB, argBStride)
	t.i("MOVQ %d(DI), R9\nMOVQ %d(DI), R10\nMOVQ %d(DI), R11\nMOVQ %d(DI), R12", argAhead, argAhead+8, argAhead+24, argAhead+32)
	t.overK(func(int) {
		t.i("PREFETCHT1 (R9)\nPREFETCHT1 (R11)\nADDQ R10, R9\nADDQ R12, R11")
		t.multiply(func(o int) string { return mem(o, "BX") }, func(r int) string { return mem(4*r, "R8") })
		t.i("ADDQ SI, R8\nADDQ R13, BX")
	}, func(int) {}, func() {
		t.i("ADDQ %d(DI), R8\nADDQ %d(DI), BX", argASeg, argBSeg)
	})
	t.i("MOVQ R9, %d(DI)\nMOVQ R11, %d(DI)", argAhead, argAhead+24)
	t.end()
}

// kernelP has the rows of the window's first line, then those of the second.
func (t *tile) kernelP(pooled int) {
	t.begin(false)
	half := (2*pooled + 2) / 3
	upper := rowsOf{2 * pooled, rowPointers[:half]}
	lower := rowsOf{2 * pooled, rowPointers[half : 2*half]}
	t.i("MOVQ %d(DI), SI\nLEAQ (SI)(SI*2), AX\nMOVQ %d(DI), %s\nMOVQ %d(DI), %s", argAStride, argA, upper.pointers[0], argA2, lower.pointers[0])
	t.point(upper)
	t.point(lower)
	t.rowsTimesPanel(false, upper, lower)

	sums := t.rows * t.vectors
	places, index, zero, mask := sums, sums+4, sums+5, sums+6 // places: 1, 2, 3 and 4
	for n := range 4 {
		t.integer(uint32(n+1), places+n)
	}
	t.zero(zero)
	t.i("MOVQ %d(DI), R8\nMOVQ %d(DI), R9\nMOVQ %d(DI), R10\nMOVQ %d(DI), R11", argC, argCStride, argIndex, argIndexStride)
	for q := range pooled {
		for j := range t.vectors {
			best := t.sum(2*q, j)
			t.zero(index)
			for n, v := range []int{t.sum(2*q+1, j), t.sum(2*pooled+2*q, j), t.sum(2*pooled+2*q+1, j)} {
				t.choose("$0x1e", best, v, mask) // v > best, ordered
				t.oldBlend(mask, v, best)
				t.oldBlend(mask, places+n, index)
			}
			t.choose("$0x12", zero, best, mask) // best <= 0, ordered
			t.oldBlend(mask, zero, best)
			t.oldBlend(mask, places+3, index)
			t.storeIndex(index, mem(j*t.lanes, "R10"), j == t.vectors-1)
		}
		t.storeRow(t.sum(2*q, 0), "R8")
		if q < pooled-1 {
			t.i("ADDQ R9, R8\nADDQ R11, R10")
		}
	}
	t.next([2]int{argATile, argA}, [2]int{argATile, argA2}, [2]int{argITile, argInit}, [2]int{argCTile, argC}, [2]int{argIndexTile, argIndex})
	t.i("JMP tile")
	t.at("done")
	t.ret()
}

// choose compares b with a: K2, or the register mask.
func (t *tile) choose(predicate string, a, b, mask int) {
	if t.is512() {
		t.v("VCMPPS", predicate, a, b, "K2")
	} else {
		t.v("VCMPPS", predicate, a, b, mask)
	}
}

// blend moves the chosen lanes.
func (t *tile) oldBlend(mask, from, to int) {
	if t.is512() {
		t.v("VMOVAPS", from, "K2", to)
	} else {
		t.v("VBLENDVPS", mask, from, to, to)
	}
}

// storeIndex stores the lanes of a register as bytes; it uses AX and CX.
func (t *tile) storeIndex(n int, m string, last bool) {
	partial := t.masked && last
	if t.is512() {
		if partial {
			t.i("VPMOVDB Z%d, X%d\nVMOVDQU8 X%d, K1, %s", n, n, n, m)
		} else {
			t.i("VPMOVDB Z%d, %s", n, m)
		}
		return
	}
	t.packBytes(n, n+2)
	if !partial {
		t.i("VMOVQ X%d, %s", n, m)
		return
	}
	t.i("VMOVQ X%d, AX\nPOPCNTQ %d(DI), CX\nLEAQ %s, BX", n, argMask, m)
	label := fmt.Sprintf("byte%d", t.labels)
	t.labels++
	t.at(label)
	t.i("MOVB AX, (BX)\nSHRQ $8, AX\nINCQ BX\nDECQ CX\nJNE %s", label)
}

// packBytes packs the eight lanes of a Y register to bytes in the lower half of its X.
func (a *asm) packBytes(n, spare int) {
	a.i("VEXTRACTI128 $1, Y%d, X%d", n, spare)
	a.i("VPACKUSDW X%d, X%d, X%d", spare, n, n)
	a.i("VPACKUSWB X%d, X%d, X%d", n, n, n)
}

// transpose8 transposes blocks of eight by eight.
func transpose8(f *family) {
	a := f.fn(avx2, "transpose8", "sets dst[r*dstStride+c] = src[c*srcStride+r] for r < 8*blocks, c < 8; strides are in bytes.",
		"dst *float32", "src *float32", "dstStride uintptr", "srcStride uintptr", "blocks int")
	a.load("DI", "SI", "R8", "R9", "CX")
	a.i("LEAQ (R9)(R9*2), R10\nLEAQ (SI)(R9*4), BX\nLEAQ (R8)(R8*2), R11")
	a.i("MOVQ R9, R12\nSHLQ $4, R12\nADDQ SI, R12\nLEAQ (R12)(R9*4), R13") // 16 lines on
	a.loop("block")
	for _, m := range []string{"(R12)", "(R12)(R9*1)", "(R12)(R9*2)", "(R12)(R10*1)", "(R13)", "(R13)(R9*1)", "(R13)(R9*2)", "(R13)(R10*1)"} {
		a.i("PREFETCHT0 %s", m)
	}
	for n, m := range []string{"(SI)", "(SI)(R9*1)", "(SI)(R9*2)", "(SI)(R10*1)", "(BX)", "(BX)(R9*1)", "(BX)(R9*2)", "(BX)(R10*1)"} {
		a.v("VMOVUPS", m, n)
	}
	for n := 0; n < 8; n += 2 {
		a.v("VUNPCKLPS", n+1, n, 8+n)
		a.v("VUNPCKHPS", n+1, n, 9+n)
	}
	for n := 0; n < 8; n += 4 {
		a.v("VUNPCKLPD", 10+n, 8+n, n)
		a.v("VUNPCKHPD", 10+n, 8+n, n+1)
		a.v("VUNPCKLPD", 11+n, 9+n, n+2)
		a.v("VUNPCKHPD", 11+n, 9+n, n+3)
	}
	for n := range 4 {
		a.v("VPERM2F128", "$0x20", n+4, n, 8+n)
		a.v("VPERM2F128", "$0x31", n+4, n, 12+n)
	}
	a.i("LEAQ (DI)(R8*4), DX")
	for n, m := range []string{"(DI)", "(DI)(R8*1)", "(DI)(R8*2)", "(DI)(R11*1)", "(DX)", "(DX)(R8*1)", "(DX)(R8*2)", "(DX)(R11*1)"} {
		a.v("VMOVUPS", 8+n, m)
	}
	a.i("LEAQ (DI)(R8*8), DI\nADDQ $32, SI\nADDQ $32, BX\nADDQ $32, R12\nADDQ $32, R13\nDECQ CX\nJNE block")
	a.ret()
}

// packRows copies rows of one or two vectors.
func packRows(f *family, v vec, vectors int) {
	a := f.fn(v, fmt.Sprintf("packRows%d", vectors), fmt.Sprintf("copies rows of %d lanes, stride bytes apart, to dst, one after the other; rows is not 0.", vectors*v.lanes),
		"dst *float32", "src *float32", "rows int", "stride uintptr")
	a.load("DI", "SI", "CX", "R8")
	a.loop("again")
	for j := range vectors {
		a.v("VMOVUPS", mem(j*a.bytes(), "SI"), j)
	}
	for j := range vectors {
		a.v("VMOVUPS", j, mem(j*a.bytes(), "DI"))
	}
	a.i("ADDQ R8, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", vectors*a.bytes())
	a.ret()
}

// maxRows is micro.Args.MaxRows.
func (v vec) maxRows(vectors int) int {
	switch {
	case v.is512():
		return 14
	case vectors == 2:
		return 6
	}
	return 12
}

// maxPooled is micro.Args.MaxPooled.
func (v vec) maxPooled() int {
	if v.is512() {
		return 3
	}
	return 1
}

// micro writes the tiles and the switches over them.
func micro(f *family) {
	for _, v := range vecs {
		f.tiles(v, "n", "is N.", v.maxRows, func(t *tile, _ int) { t.kernelN() }, 1)
		f.tiles(v, "t", "is T.", v.maxRows, func(t *tile, _ int) { t.kernelT() }, 1)
		f.tiles(v, "p", "is P.", func(int) int { return v.maxPooled() }, func(t *tile, pooled int) { t.kernelP(pooled) }, 4)
	}
	for _, v := range vecs {
		packRows(f, v, 1)
		packRows(f, v, 2)
	}
	transpose8(f)
}

// tiles writes the kernels of a kind for all sizes, and the switch that chooses one: height
// is in units of rows. Through a table of functions instead, every *Args would escape.
func (f *family) tiles(v vec, kind, doc string, most func(vectors int) int, write func(t *tile, height int), rows int) {
	fmt.Fprintf(&f.code, "\nfunc %s%s(height int, a *Args) {\n\tswitch a.kind<<4 | height {\n", kind, v.name)
	for vectors := 1; vectors <= 2; vectors++ {
		for _, masked := range []bool{false, true} {
			for height := 1; height <= most(vectors); height++ {
				name := fmt.Sprintf("%s%dx%d", kind, height, vectors)
				if masked {
					name += "m"
				}
				fmt.Fprintf(&f.code, "\tcase %#x:\n\t\t%s%s(a)\n", kindOf(vectors, masked)<<4|height, name, v.name)
				write(newTile(f.start(v, name, doc), height*rows, vectors, masked), height)
			}
		}
	}
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"micro: no such tile\")\n\t}\n}\n")
}

// kindOf is the value of Args.kind.
func kindOf(vectors int, masked bool) int {
	if masked {
		return vectors | 2<<1
	}
	return vectors
}

// start starts a kernel over *Args.
func (f *family) start(v vec, name, doc string) *asm {
	a := f.fn(v, name, doc, "a *Args")
	a.load("DI")
	return a
}
