package main

import "fmt"

// neonProduct writes a tile of a matrix product for arm64. There a multiplication can use one lane of a register, so one
// load gets four elements of A, and none is broadcast. Methods have the same names as those of product.
//
// A tile has one to four vectors of four columns. The last vector ends with the last column of the tile. If the number
// of columns is not a multiple of four, it overlaps the vector before, which computes the same numbers. Tiles of fewer
// than four columns have their own loads and stores.
type neonProduct struct {
	*asm
	args    *reg
	rows    int
	vectors int
	narrow  int  // number of columns if there are fewer than four, else 0
	last    *reg // byte offset of the last vector
	sums    [][]*reg
	b       []*reg // a row of B, two vectors at a time
	x       []*reg // elements of A

	// Pointers to the first, third and last vector of a row of B.
	bFirst, bThird, bLast, bStride *reg
}

// newNEONProduct takes the registers of a tile.
func newNEONProduct(a *asm, rows, vectors, narrow int) *neonProduct {
	t := &neonProduct{asm: a, args: a.param(a.params[0]), rows: rows, vectors: vectors, narrow: narrow}
	t.last = t.pointer("Mask")
	for r := range rows {
		t.sums = append(t.sums, a.vectors(fmt.Sprintf("sum of row %d", r), vectors))
	}
	t.b = a.vectors("row of B", min(2, vectors))
	t.x = a.vectors("elements of A", max(2, rows))
	return t
}

// pointer takes a register and loads a field to it.
func (t *neonProduct) pointer(field string) *reg {
	p := t.general(field)
	t.n("MOVD %s, %s", t.args.field(field), p)
	return p
}

// loadVector loads vector j of a row: the last vector from last, the others from first.
func (t *neonProduct) loadVector(to *reg, j int, first, last *reg) {
	switch {
	case t.narrow > 0:
		t.loadNarrow(to, first)
	case j == t.vectors-1:
		t.n("FMOVQ %s, %s", last.mem(0), to.as("F"))
	default:
		t.n("FMOVQ %s, %s", first.mem(16*j), to.as("F"))
	}
}

// loadNarrow loads one to three columns.
func (t *neonProduct) loadNarrow(to, from *reg) {
	if t.narrow == 1 {
		t.n("FMOVS %s, %s", from.mem(0), to.as("F"))
		return
	}
	t.n("FMOVD %s, %s", from.mem(0), to.as("F"))
	if t.narrow == 3 {
		third := t.general("third column")
		t.n("ADD $8, %s, %s", from, third)
		t.n("VLD1 (%s), %s.S[2]", third, to)
		t.free(third)
	}
}

// storeVector stores vector j of a row.
func (t *neonProduct) storeVector(x *reg, j int, first, last *reg) {
	switch {
	case t.narrow == 1:
		t.n("FMOVS %s, %s", x.as("F"), first.mem(0))
	case t.narrow > 1:
		t.n("FMOVD %s, %s", x.as("F"), first.mem(0))
		if t.narrow == 3 {
			third := t.general("third column")
			t.n("ADD $8, %s, %s", first, third)
			t.n("VST1 %s.S[2], (%s)", x, third)
			t.free(third)
		}
	case j == t.vectors-1:
		t.n("FMOVQ %s, %s", x.as("F"), last.mem(0))
	default:
		t.n("FMOVQ %s, %s", x.as("F"), first.mem(16*j))
	}
}

// rowsOf writes code for each row of a matrix. Its start and its stride are fields. first and last point to the first and
// the last vector of the row.
func (t *neonProduct) rowsOf(start, stride string, each func(row int, first, last *reg)) {
	first, last, step := t.pointer(start), t.general("last"), t.pointer(stride)
	if t.narrow == 0 {
		t.n("ADD %s, %s, %s", t.last, first, last)
	}
	for r := range t.rows {
		each(r, first, last)
		if r < t.rows-1 {
			t.n("ADD %s, %s", step, first)
			if t.narrow == 0 {
				t.n("ADD %s, %s", step, last)
			}
		}
	}
	t.free(first, last, step)
}

// eachSum writes code for each sum.
func (t *neonProduct) eachSum(each func(sum *reg)) {
	for _, row := range t.sums {
		for _, sum := range row {
			each(sum)
		}
	}
}

// startFrom loads the initial values of the sums.
func (t *neonProduct) startFrom(start, stride string) {
	t.comment("load the initial values of the sums")
	t.rowsOf(start, stride, func(row int, first, last *reg) {
		for j, sum := range t.sums[row] {
			t.loadVector(sum, j, first, last)
		}
	})
}

// rightAtStride takes registers for rows of B, which lie BStride apart.
func (t *neonProduct) rightAtStride() {
	t.bFirst, t.bStride = t.pointer("B"), t.pointer("BStride")
	if t.narrow == 0 {
		t.bLast = t.general("last of B")
		t.n("ADD %s, %s, %s", t.last, t.bFirst, t.bLast)
	}
	if t.vectors > 2 {
		t.bThird = t.general("third of B")
		t.n("ADD $32, %s, %s", t.bFirst, t.bThird)
	}
}

// rightPointers returns the pointers to rows of B that the tile uses.
func (t *neonProduct) rightPointers() []*reg {
	var pointers []*reg
	for _, p := range []*reg{t.bFirst, t.bThird, t.bLast} {
		if p != nil {
			pointers = append(pointers, p)
		}
	}
	return pointers
}

// multiply adds the products of a row of B and an element of each row of A, which is a lane of a register. It moves to
// the next row of B. It loads two vectors at a time.
func (t *neonProduct) multiply(element func(row int) (x *reg, lane int)) {
	for j := 0; j < t.vectors; j += 2 {
		n := min(2, t.vectors-j)
		switch {
		case t.narrow > 0:
			t.loadNarrow(t.b[0], t.bFirst)
			t.n("ADD %s, %s", t.bStride, t.bFirst)
		case n == 2 && j+n < t.vectors:
			t.n("VLD1.P (%s)(%s), [%s.S4, %s.S4]", t.bFirst, t.bStride, t.b[0], t.b[1])
		case n == 2:
			first := t.bFirst
			if j > 0 {
				first = t.bThird
			}
			t.n("VLD1.P (%s)(%s), [%s.S4]", first, t.bStride, t.b[0])
			t.n("VLD1.P (%s)(%s), [%s.S4]", t.bLast, t.bStride, t.b[1])
		default:
			t.n("VLD1.P (%s)(%s), [%s.S4]", t.bLast, t.bStride, t.b[0])
		}
		for r := range t.rows {
			x, lane := element(r)
			for v := range n {
				t.fmla(t.b[v], x, lane, t.sums[r][j+v])
			}
		}
	}
}

// overSegments writes the loop over segments of k. skip moves from the end of a segment to the start of the next.
func (t *neonProduct) overSegments(overK func(k *reg), skip func()) {
	segments, segment := t.pointer("Segs"), t.newLabel("segment")
	t.at(segment)
	k := t.pointer("K")
	overK(k)
	skip()
	t.n("SUBS $1, %s\nBNE %s", segments, segment)
	t.free(segments, k)
}

// strided multiplies by rows of A that lie AStride apart, in which k is contiguous. Each row has its own pointer. The rows
// begin at start or, if there are two starts, half of them at each. Segments may be at any distance.
func (t *neonProduct) strided(starts ...string) {
	stride := t.pointer("AStride")
	var rows []*reg
	for _, start := range starts {
		for r := range t.rows / len(starts) {
			if r == 0 {
				rows = append(rows, t.pointer(start))
				continue
			}
			p := t.general("row of A")
			t.n("ADD %s, %s, %s", stride, rows[len(rows)-1], p)
			rows = append(rows, p)
		}
	}
	t.free(stride)
	distance := t.pointer("Seg")
	some := func(count int) {
		load := map[int]string{1: "FMOVS.P 4(%s), %s", 4: "FMOVQ.P 16(%s), %s"}[count]
		for r, p := range rows {
			t.n(load, p, t.x[r].as("F"))
		}
		for u := range count {
			t.multiply(func(r int) (x *reg, lane int) { return t.x[r], u })
		}
	}
	t.overSegments(func(k *reg) {
		if t.narrow > 0 { // it waits for the latency of its sums, so fewer loads would not make it faster
			t.comment("one k at a time")
			t.at("one")
			some(1)
			t.n("SUBS $1, %s\nBNE one", k)
			return
		}
		t.n("SUBS $4, %s\nBLT rest\nPCALIGN $16", k)
		t.comment("for four k at a time, load elements of A, then multiply rows of B by them")
		t.at("four")
		some(4)
		t.n("SUBS $4, %s\nBGE four", k)
		t.at("rest")
		t.n("ADDS $4, %s\nBEQ next", k)
		t.comment("the rest, one at a time")
		t.at("one")
		some(1)
		t.n("SUBS $1, %s\nBNE one", k)
		t.at("next")
	}, func() {
		by := t.general("distance")
		t.n("MOVD.P 8(%s), %s", distance, by)
		for _, p := range rows {
			t.n("ADD %s, %s", by, p)
		}
		t.free(by)
	})
	t.free(distance)
	t.free(rows...)
}

// contiguous multiplies by contiguous rows of A, with k at a stride. A register has elements of four rows. The last
// register ends with the last row. Segments lie at one distance.
func (t *neonProduct) contiguous(start string) {
	p, stride := t.pointer(start), t.pointer("AStride")
	aSeg, bSeg := t.pointer("ASeg"), t.pointer("BSeg")
	regs := (t.rows + 3) / 4
	t.overSegments(func(k *reg) {
		t.n("PCALIGN $16")
		t.comment("for each k, load elements of A, then multiply a row of B by them")
		t.at("again")
		switch {
		case t.rows == 1:
			t.n("FMOVS %s, %s", p.mem(0), t.x[0].as("F"))
		case t.rows < 4:
			t.n("FMOVD %s, %s", p.mem(0), t.x[0].as("F"))
			if t.rows == 3 {
				t.n("FMOVS %s, %s", p.mem(8), t.x[1].as("F"))
			}
		default:
			for n := range regs - 1 {
				t.n("FMOVQ %s, %s", p.mem(16*n), t.x[n].as("F"))
			}
			t.n("FMOVQ %s, %s", p.mem(4*(t.rows-4)), t.x[regs-1].as("F"))
		}
		t.n("ADD %s, %s", stride, p)
		t.multiply(func(r int) (x *reg, lane int) {
			switch {
			case t.rows < 4:
				return t.x[r/2], r % 2
			case r/4 < regs-1:
				return t.x[r/4], r % 4
			}
			return t.x[regs-1], r - (t.rows - 4)
		})
		t.n("SUBS $1, %s\nBNE again", k)
	}, func() {
		t.n("ADD %s, %s", aSeg, p)
		for _, b := range t.rightPointers() {
			t.n("ADD %s, %s", bSeg, b)
		}
	})
	t.free(p, stride, aSeg, bSeg)
}

// eitherLeft writes the loop over k twice: for rows of A at a stride and for contiguous rows. The field transposed
// selects one.
func (t *neonProduct) eitherLeft(strided, contiguous func()) {
	transposed := t.pointer("transposed")
	t.n("CBNZ %s, transposed", transposed)
	t.free(transposed)
	t.comment("rows of A at a stride")
	strided()
	t.n("JMP multiplied")
	t.at("transposed")
	t.comment("contiguous rows of A")
	contiguous()
	t.at("multiplied")
	t.freeOperands()
}

// freeOperands frees the registers that the loop over k uses for A and B.
func (t *neonProduct) freeOperands() {
	t.free(t.rightPointers()...)
	t.free(t.bStride)
	t.free(t.b...)
	t.free(t.x...)
}

// addResidual adds the residual, if there is one. It has the strides of C.
func (t *neonProduct) addResidual() {
	t.comment("the residual, if there is one")
	x, residual := t.pointer("Residual"), t.vector("residual")
	t.n("CBZ %s, activate", x)
	t.rowsOf("Residual", "CStride", func(row int, first, last *reg) {
		for j, sum := range t.sums[row] {
			t.loadVector(residual, j, first, last)
			t.n3("FADD", sum, residual, sum)
		}
	})
	t.at("activate")
	t.free(x, residual)
}

// activate applies ReLU and its limit, if the fields ReLU and Limit are not 0.
func (t *neonProduct) activate() {
	t.comment("ReLU")
	x, mask := t.pointer("ReLU"), t.vector("mask")
	t.n("CBZ %s, store", x)
	t.eachSum(func(sum *reg) { // set x < 0 to 0: NaN stays NaN
		t.n2("FCMLT0", sum, mask)
		t.n3("BIC", sum, mask, sum)
	})
	t.n("MOVWU %s, %s\nCBZ %s, store", t.args.field("Limit"), x, x)
	t.n("VDUP %s, %s.S4", x, mask)
	t.eachSum(func(sum *reg) { t.n3("FMIN", sum, mask, sum) }) // NaN stays NaN
	t.at("store")
	t.free(x, mask)
}

// store stores the sums.
func (t *neonProduct) store() {
	t.comment("store the result")
	t.rowsOf("C", "CStride", func(row int, first, last *reg) {
		for j, sum := range t.sums[row] {
			t.storeVector(sum, j, first, last)
		}
	})
}

// poolAndStore stores the maximum of the four pixels of a window, with ReLU, and its position. The rows are two of the
// window's first line, then two of the second.
func (t *neonProduct) poolAndStore() {
	t.comment("positions in the window, in all bytes; 4: ReLU set the maximum to 0")
	var positions []*reg
	for n := range 4 {
		p := t.vector("position")
		t.n("VMOVI $%d, %s.B16", n+1, p)
		positions = append(positions, p)
	}
	argmax, mask := t.vector("argmax"), t.vector("mask")
	c, bytes := t.pointer("C"), t.pointer("Argmax")
	cLast, bytesLast := t.general("last of C"), t.general("last of Argmax")
	t.n("ADD %s, %s, %s\nADD %s>>2, %s, %s", t.last, c, cLast, t.last, bytes, bytesLast)
	for j, best := range t.sums[0] {
		t.comment("vector %d", j)
		t.n("VEOR %s.B16, %s.B16, %s.B16", argmax, argmax, argmax)
		for r := 1; r < 4; r++ {
			x := t.sums[r][j]
			t.n3("FCMGT", x, best, mask)
			t.blendVector(mask, x, best, best)
			t.blendVector(mask, positions[r-1], argmax, argmax)
		}
		t.n2("FCMLE0", best, mask)
		t.n3("BIC", best, mask, best)
		t.blendVector(mask, positions[3], argmax, argmax)
		t.storeVector(best, j, c, cLast)
		t.storeArgmax(argmax, j, bytes, bytesLast)
	}
	t.free(append(positions, argmax, mask, c, bytes, cLast, bytesLast)...)
}

// storeArgmax stores the lanes of vector j as bytes. It overwrites x.
func (t *neonProduct) storeArgmax(x *reg, j int, first, last *reg) {
	t.n2("XTN.H4", x, x)
	t.n2("XTN.B8", x, x)
	switch {
	case t.narrow > 0:
		b := t.general("byte")
		for c := range t.narrow {
			t.n("VMOV %s.B[%d], %s\nMOVB %s, %s", x, c, b, b, first.mem(c))
		}
		t.free(b)
	case j == t.vectors-1:
		t.n("FMOVS %s, %s", x.as("F"), last.mem(0))
	default:
		t.n("FMOVS %s, %s", x.as("F"), first.mem(4*j))
	}
}

// nextTile jumps to done after the last tile. Otherwise it adds the second field of each pair to the first.
func (t *neonProduct) nextTile(moves ...[2]string) {
	t.comment("the next tile")
	left := t.pointer("tiles")
	t.n("SUBS $1, %s\nMOVD %s, %s\nBEQ done", left, left, t.args.field("tiles"))
	t.free(left)
	for _, m := range moves {
		at, by := t.pointer(m[0]), t.pointer(m[1])
		t.n("ADD %s, %s\nMOVD %s, %s", by, at, at, t.args.field(m[0]))
		t.free(at, by)
	}
}
