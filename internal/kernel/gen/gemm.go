package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// gemm writes the kernels of package gemm that read or write a matrix in memory once: tiles that prefetch B and pack it
// for other tiles; rows of short tiles; sums of rows; and dot products.
func gemm(f *family) {
	for _, v := range vecs {
		f.gemmTiles(v, "tile", "computes a tile of two vectors of columns, packs B and prefetches more of it; see tile.", "t *tile", gemmTile)
		f.gemmTiles(v, "short", "computes rows of short tiles; see short.", "t *short", gemmShort)
		sumRows(f, v, 1)
		sumRows(f, v, 2)
		for rows := 1; rows <= v.dotRows(); rows++ {
			dots(f, v, rows, 1)
			dots(f, v, rows, 4)
		}
	}
}

// gemmTiles writes the tiles of a kind, for all heights, and the switch that chooses one.
func (f *family) gemmTiles(v vec, kind, doc, param string, write func(t *product)) {
	fmt.Fprintf(&f.code, "\nfunc %s%s(rows int, %s) {\n\tswitch rows {\n", kind, v.name, param)
	eachHeight(kernel.TileHeights(v.isa, 2, true), func(rows int) {
		name := fmt.Sprintf("%s%d", kind, rows)
		fmt.Fprintf(&f.code, "\tcase %d:\n\t\t%s%s(t)\n", rows, name, v.name)
		write(newProduct(f.fn(v, name, doc, param), rows, 2, false))
	})
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"gemm: no such tile\")\n\t}\n}\n")
}

// gemmTile writes a tile that packs the rows of B that it reads, and prefetches others.
func gemmTile(t *product) {
	t.prefetchResult()
	t.startFrom("Init", "IStride")
	t.eitherLeft(func() {
		t.packAndMultiply(t.strided(t.args.field("A")))
	}, func() {
		t.packAndMultiply(t.contiguous(t.args.field("A")))
	})
	t.activate(false)
	t.store()
	t.ret()
}

// packAndMultiply writes the loop over k of gemmTile.
func (t *product) packAndMultiply(left left) {
	t.left = left
	t.rightAtStride()
	pack, ahead := t.pointer("pack"), t.pointer("ahead")
	t.perK = append(t.perK, func() {
		for line := 0; line < 4*t.bytes(); line += 64 { // also those of the next panel, which are in the same page
			t.i("PREFETCHT1 %s", ahead.mem(line))
		}
		packed := t.newLabel("packed")
		t.i("ADDQ %s, %s\nCMPQ %s, %s\nJCS %s", t.args.field("fetch"), ahead, ahead, t.args.field("end"), packed)
		step := t.general("step")
		t.i("MOVQ %s, %s\nMOVQ %s, %s", t.args.field("next"), ahead, t.args.field("step"), step)
		t.i("ADDQ %s, %s\nADDQ %s, %s", step, t.args.field("end"), step, t.args.field("next"))
		t.free(step)
		t.at(packed)
		for j, b := range t.b {
			t.v("VMOVUPS", b, pack.mem(j*t.bytes()))
		}
		t.i("ADDQ %s, %s", t.args.field("packStep"), pack)
	})
	t.overK()
	t.freeOperands(pack, ahead)
}

// gemmShort writes rows of tiles: all columns of a few rows, then those of the next rows. The rows of A are contiguous,
// and sums start from 0. C is prefetched one tile ahead, or written past the caches. The memory at short.ahead is
// prefetched too, half a line for each k.
func gemmShort(t *product) {
	width := t.vectors * t.bytes()
	row, cStride := t.pointer("C"), t.pointer("CStride")
	t.at("row")
	c, b, count := t.general("C of the tile"), t.pointer("B"), t.pointer("columns")
	t.i("MOVQ %s, %s\nMOVQ %s, %s", row, c, count, t.args.field("left"))
	t.free(count)
	t.at("tile")
	t.comment("prefetch the result of the next tile: the next columns, or the first of the next rows")
	t.i("CMPQ %s, $0\nJNE fetched", t.args.field("past"))
	next, below := t.general("next"), t.general("below")
	t.i("LEAQ %s, %s\nIMUL3Q $%d, %s, %s\nADDQ %s, %s", c.mem(width), next, t.rows, cStride, below, row, below)
	t.i("CMPQ %s, $1\nCMOVQEQ %s, %s", t.args.field("left"), below, next)
	t.overRows(next, cStride, func(int) { t.prefetchLines(next) })
	t.free(next, below)
	t.at("fetched")
	t.startZero()
	t.left = t.contiguous(t.args.field("A"))
	t.right = right{t.general("row of B"), t.pointer("BStride")}
	t.i("MOVQ %s, %s", b, t.right.p)
	ahead, step := t.prefetchUpTo(t.args.field("ahead"), t.args.field("end"), "T1")
	t.overK()
	t.i("MOVQ %s, %s", ahead, t.args.field("ahead"))
	t.freeOperands(ahead, step)
	to := t.general("to")
	t.comment("store the result")
	t.i("MOVQ %s, %s\nCMPQ %s, $0\nJNE past", c, to, t.args.field("past"))
	t.overRows(to, cStride, func(r int) { t.storeRow(r, nil, to) })
	t.i("JMP stored")
	t.at("past")
	t.storePast(to, cStride)
	t.at("stored")
	t.free(to)
	t.comment("move to the next columns, then to the next rows")
	t.i("ADDQ $%d, %s\nADDQ %s, %s\nDECQ %s\nJNE tile", width, c, t.args.field("bTile"), b, t.args.field("left"))
	t.free(c, b)
	by := t.general("rows")
	t.i("IMUL3Q $%d, %s, %s\nADDQ %s, %s\nADDQ $%d, %s\nDECQ %s\nJNE row", t.rows, cStride, by, by, row, 4*t.rows, t.args.field("A"), t.args.field("rows"))
	t.i("CMPQ %s, $0\nJEQ done\nSFENCE", t.args.field("past"))
	t.at("done")
	t.ret()
}

// sumRows writes the function that adds multiples of rows of B, four at a time, to one or two rows of C.
func sumRows(f *family, v vec, rows int) {
	a := f.fn(v, fmt.Sprintf("sumRows%d", rows), fmt.Sprintf("adds multiples of 4*fours rows of B, by elements of A, to C, %s of n floats. B is prefetched ahead bytes ahead. Strides are in bytes.", rowsOfC(rows)),
		"c *float32", "cStride uintptr", "x *float32", "xRow uintptr", "xK uintptr", "b *float32", "bStride uintptr", "n int", "fours int", "ahead uintptr", "mask *int32")
	c, cStride, x, xRow, xK := a.param("c"), a.param("cStride"), a.param("x"), a.param("xRow"), a.param("xK")
	b, bStride, fours, ahead := a.param("b"), a.param("bStride"), a.param("fours"), a.param("ahead")
	lanes := a.lastLanes("mask", 1)[0]
	elements, line, sums := a.vectors("element of A", 4*rows), a.vectors("row of B", 4), a.vectors("row of C", rows)
	three := a.general("three rows")
	at := func(p, stride *reg) []string { // addresses for four k; three has three strides
		return []string{p.mem(0), p.memPlus(stride, 1, 0), p.memPlus(stride, 2, 0), p.memPlus(three, 1, 0)}
	}
	a.at("group")
	a.comment("load the elements of A for four k")
	from := a.general("row of A")
	a.i("LEAQ %s, %s\nMOVQ %s, %s", xK.memPlus(xK, 2, 0), three, x, from)
	for r := range rows {
		for u, m := range at(from, xK) {
			a.v("VBROADCASTSS", m, elements[4*r+u])
		}
		if r < rows-1 {
			a.i("ADDQ %s, %s", xRow, from)
		}
	}
	a.free(from)
	a.i("LEAQ %s, %s\nLEAQ %s, %s", x.memPlus(xK, 4, 0), x, bStride.memPlus(bStride, 2, 0), three)
	to, n := a.general("C"), a.general("n")
	a.i("MOVQ %s, %s", c, to)
	a.loadParam("n", n)
	a.i("SUBQ $%d, %s\nJLT last", a.lanes, n)
	result := []string{to.mem(0), to.memPlus(cStride, 1, 0)}
	// add adds to a vector of each row of C, or to some lanes if lanes is not nil.
	add := func(lanes *reg, prefetch func()) {
		for u, m := range at(b, bStride) {
			a.loadPart(m, lanes, line[u])
		}
		for r, sum := range sums {
			a.loadPart(result[r], lanes, sum)
		}
		prefetch()
		for u := range line {
			for r, sum := range sums {
				a.v("VFMADD231PS", line[u], elements[4*r+u], sum)
			}
		}
		for r, sum := range sums {
			a.storePart(sum, lanes, result[r])
		}
	}
	a.comment("a vector of four rows of B at a time")
	a.loop("vector")
	add(nil, func() {
		fetched := a.general("fetched")
		a.i("LEAQ %s, %s", b.memPlus(ahead, 1, 0), fetched)
		for _, m := range at(fetched, bStride) {
			a.i("PREFETCHT1 %s", m)
		}
		a.free(fetched)
	})
	a.i("ADDQ $%d, %s\nADDQ $%d, %s\nSUBQ $%d, %s\nJGE vector", a.bytes(), to, a.bytes(), b, a.lanes, n)
	a.at("last")
	a.i("ADDQ $%d, %s\nJEQ line", a.lanes, n)
	add(lanes, func() {})
	a.i("LEAQ %s, %s", b.memPlus(n, 4, 0), b)
	a.at("line")
	a.comment("move from the end of a row of B to the start of the fourth row after it")
	a.loadParam("n", n)
	a.i("SHLQ $2, %s\nSUBQ %s, %s\nLEAQ %s, %s", n, n, b, b.memPlus(bStride, 4, 0), b)
	a.free(to, n)
	a.i("DECQ %s\nJNE group", fours)
	a.ret()
}

// rowsOfC is a number of rows in a doc comment.
func rowsOfC(rows int) string { return []string{"", "one row", "two rows"}[rows] }

// lastLanes takes masks for the last vectors, and loads them from the memory to which a parameter points.
func (a *asm) lastLanes(param string, vectors int) []*reg {
	from := a.param(param)
	var masks []*reg
	for n := range vectors {
		mask := a.mask("lanes")
		if a.is512() {
			x := a.vector("lanes")
			a.i("VMOVDQU32 %s, %s\nVPMOVD2M %s, %s", from.mem(n*a.bytes()), x, x, mask)
			a.free(x)
		} else {
			a.v("VMOVUPS", from.mem(n*a.bytes()), mask)
		}
		masks = append(masks, mask)
	}
	a.free(from)
	return masks
}

// dotRows is the maximum number of rows of A in a kernel of dot products.
func (v vec) dotRows() int {
	if v.is512() {
		return 4
	}
	return 1
}

// dots writes dot products of rows of A and B, in which k is contiguous. Each dot product has sixteen partial sums, of
// every sixteenth product, which are added up in a fixed order.
func dots(f *family, v vec, rows, columns int) {
	a := f.fn(v, fmt.Sprintf("dots%dx%d", rows, columns), fmt.Sprintf("adds the dot products of rows of A and B, of k floats, to a %dx%d block of C. mask has the lanes of the last 16 floats. B is prefetched ahead bytes ahead. Strides are in bytes.", rows, columns),
		"c *float32", "cStride uintptr", "x *float32", "xStride uintptr", "b *float32", "bStride uintptr", "k int", "mask *int32", "ahead uintptr")
	halves := 16 / a.lanes
	lanes := a.lastLanes("mask", halves)
	c, cStride, x, xStride := a.param("c"), a.param("cStride"), a.param("x"), a.param("xStride")
	b, bStride, k, ahead := a.param("b"), a.param("bStride"), a.param("k"), a.param("ahead")
	var sums [][][]*reg // by row, column and half
	for range rows {
		var row [][]*reg
		for range columns {
			row = append(row, a.vectors("sum", halves))
		}
		sums = append(sums, row)
	}
	xs, line := a.vectors("row of A", rows), a.vector("row of B")
	xThree, bThree := a.general("three rows of A"), a.general("three rows of B")
	a.i("LEAQ %s, %s\nLEAQ %s, %s\nADDQ %s, %s", xStride.memPlus(xStride, 2, 0), xThree, bStride.memPlus(bStride, 2, 0), bThree, b, ahead)
	for _, row := range sums {
		for _, column := range row {
			for _, sum := range column {
				a.zero(sum)
			}
		}
	}
	at := func(p, stride, three *reg, offset int) []string {
		return []string{p.mem(offset), p.memPlus(stride, 1, offset), p.memPlus(stride, 2, offset), p.memPlus(three, 1, offset)}
	}
	fetched := at(ahead, bStride, bThree, 0)
	sixteen := func(lanes []*reg) {
		for h := range halves {
			for r, m := range at(x, xStride, xThree, h*a.bytes())[:rows] {
				a.loadPart(m, lanes[h], xs[r])
			}
			for c, m := range at(b, bStride, bThree, h*a.bytes())[:columns] {
				a.loadPart(m, lanes[h], line)
				if h == 0 {
					a.i("PREFETCHT1 %s", fetched[c])
				}
				for r := range rows {
					a.v("VFMADD231PS", line, xs[r], sums[r][c][h])
				}
			}
		}
		a.i("ADDQ $64, %s\nADDQ $64, %s\nADDQ $64, %s", x, b, ahead)
	}
	a.comment("sixteen products of each pair of rows at a time")
	a.i("SUBQ $16, %s\nJLT last", k)
	a.loop("sixteen")
	sixteen(make([]*reg, halves))
	a.i("SUBQ $16, %s\nJGE sixteen", k)
	a.at("last")
	a.i("ADDQ $16, %s\nJEQ total", k)
	sixteen(lanes)
	a.at("total")
	a.comment("add up the sixteen sums: those 8 apart, then 4, 2 and 1")
	spare := line
	for r := range rows {
		for c := range columns {
			sum := sums[r][c][0]
			if a.is512() {
				a.i("VEXTRACTF64X4 $1, %s, %s", sum, spare.as("Y"))
				a.v("VADDPS", spare.as("Y"), sum.as("Y"), sum.as("Y"))
				a.i("VEXTRACTF32X4 $1, %s, %s", sum.as("Y"), spare.as("X"))
			} else {
				a.v("VADDPS", sums[r][c][1], sum, sum)
				a.i("VEXTRACTF128 $1, %s, %s", sum, spare.as("X"))
			}
			a.v("VADDPS", spare.as("X"), sum.as("X"), sum.as("X"))
		}
		sum, rest := sums[r][0][0].as("X"), spare.as("X")
		if columns == 1 {
			a.v("VMOVHLPS", sum, sum, rest)
			a.v("VADDPS", rest, sum, sum)
			a.v("VMOVSHDUP", sum, rest)
			a.v("VADDSS", rest, sum, sum)
			a.v("VADDSS", c.mem(0), sum, sum)
			a.v("VMOVSS", sum, c.mem(0))
		} else {
			a.unpack("PS", sum, sums[r][1][0].as("X"), rest)
			a.unpack("PS", sums[r][2][0].as("X"), sums[r][3][0].as("X"), rest)
			a.unpack("PD", sum, sums[r][2][0].as("X"), rest)
			a.v("VADDPS", c.mem(0), sum, sum)
			a.v("VMOVUPS", sum, c.mem(0))
		}
		if r < rows-1 {
			a.i("ADDQ %s, %s", cStride, c)
		}
	}
	a.ret()
}

// unpack adds the upper halves of x and y to their lower halves, interleaved.
func (a *asm) unpack(size, x, y, spare string) {
	a.v("VUNPCKH"+size, y, x, spare)
	a.v("VUNPCKL"+size, y, x, x)
	a.v("VADDPS", spare, x, x)
}
