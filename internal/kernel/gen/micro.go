package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// microTiles are the tiles of package micro. rows is the number of rows in a unit of height.
var microTiles = []struct {
	name, doc string
	heights   func(v vec, vectors int) kernel.Heights
	rows      int
	write     func(t *product, height int)
}{
	{"tile", "computes tiles for N and T; see Args.", func(v vec, vectors int) kernel.Heights { return kernel.TileHeights(v.isa, vectors, true) }, 1, microTile},
	{"pooled", "computes tiles for P; see Args.", func(v vec, _ int) kernel.Heights { return 1<<(v.maxPooled()+1) - 2 }, 4, microP},
}

// microTile writes a tile for forms N and T or, for heights that only T has, for T.
func microTile(t *product, height int) {
	t.at("tile")
	t.startFrom("Init", "IStride")
	strided := t.microN
	if !kernel.TileHeights(t.isa, t.vectors, false).Has(height) {
		strided = nil
	}
	t.eitherLeft(strided, t.microT)
	t.addResidual()
	t.activate(true)
	t.store()
	t.nextTile([2]string{"A", "aTile"}, [2]string{"Init", "iTile"}, [2]string{"C", "cTile"})
	residual := t.pointer("Residual")
	t.i("TESTQ %s, %s\nJEQ tile", residual, residual)
	t.i("ADDQ %s, %s\nMOVQ %s, %s\nJMP tile", t.args.field("cTile"), residual, residual, t.args.field("Residual"))
	t.at("done")
	t.ret()
}

// microN writes the loop over k for form N.
func (t *product) microN() {
	t.prefetchResult()
	t.rightAtStride()
	rows := t.strided(t.args.field("A"))
	t.left = rows
	ahead, step := t.pointer("aheadTile"), t.pointer("aheadStep")
	t.i("ADDQ %s, %s", rows.pointers[0][0], ahead)
	t.prefetchAhead("T0", ahead, step)
	t.overDistances()
	t.freeOperands(ahead, step)
}

// microT writes the loop over k for form T.
func (t *product) microT() {
	t.rightAtStride()
	t.pairs = t.vectors == 2
	t.left = t.contiguous(t.args.field("A"))
	var ahead []*reg
	for _, f := range []string{"Ahead", "Ahead+Ahead__size"} {
		at, step := t.pointer(f+"+Ahead_at"), t.pointer(f+"+Ahead_step")
		t.prefetchAhead("T1", at, step)
		ahead = append(ahead, at, step)
	}
	t.overSegments(func() {
		t.left.move(t.args.field("ASeg"))
		t.i("ADDQ %s, %s", t.args.field("BSeg"), t.right.p)
	})
	for n, f := range []string{"Ahead", "Ahead+Ahead__size"} {
		t.i("MOVQ %s, %s", ahead[2*n], t.args.field(f+"+Ahead_at"))
	}
	t.freeOperands(ahead...)
}

// microP writes a tile for form P. The rows are those of the windows' first line, then those of the second.
func microP(t *product, pooled int) {
	t.at("tile")
	t.startFrom("Init", "IStride")
	t.rightAtStride()
	t.left = t.strided(t.args.field("A"), t.args.field("A2"))
	t.overDistances()
	t.freeOperands()
	t.free(append(t.b, t.x...)...)
	t.poolAndStore(pooled)
	t.nextTile([2]string{"A", "aTile"}, [2]string{"A2", "aTile"}, [2]string{"Init", "iTile"}, [2]string{"C", "cTile"}, [2]string{"Argmax", "argmaxTile"})
	t.i("JMP tile")
	t.at("done")
	t.ret()
}

// rightAtStride takes registers for rows of B, which lie BStride apart.
func (t *product) rightAtStride() { t.right = right{t.pointer("B"), t.pointer("BStride")} }

// overDistances is overK for segments whose distances are in the array Seg.
func (t *product) overDistances() {
	distance := t.pointer("Seg")
	t.overSegments(func() {
		by := t.general("distance")
		t.i("MOVQ %s, %s\nADDQ $8, %s", distance.mem(0), by, distance)
		t.left.move(by)
		t.free(by)
	})
	t.free(distance)
}

// packRows writes the function that copies rows of one or two vectors.
func packRows(f *family, v vec, vectors int) {
	a := f.fn(v, fmt.Sprintf("packRows%d", vectors), fmt.Sprintf("copies rows of %d floats, which lie stride bytes apart, to adjacent rows of dst; rows is at least 1.", vectors*v.lanes),
		"dst *float32", "src *float32", "rows int", "stride uintptr")
	dst, src, rows, stride := a.param("dst"), a.param("src"), a.param("rows"), a.param("stride")
	x := a.vectors("row", vectors)
	a.loop("again")
	for j := range x {
		a.v("VMOVUPS", src.mem(j*a.bytes()), x[j])
	}
	for j := range x {
		a.v("VMOVUPS", x[j], dst.mem(j*a.bytes()))
	}
	a.i("ADDQ %s, %s\nADDQ $%d, %s\nDECQ %s\nJNE again", stride, src, vectors*a.bytes(), dst, rows)
	a.ret()
}

// transpose8 writes the function that transposes blocks of 8x8.
func transpose8(f *family) {
	a := f.fn(avx2, "transpose8", "sets dst[r*dstStride+c] = src[c*srcStride+r] for r < 8*blocks and c < 8; strides are in bytes.",
		"dst *float32", "src *float32", "dstStride uintptr", "srcStride uintptr", "blocks int")
	dst, src, dstStride, srcStride, blocks := a.param("dst"), a.param("src"), a.param("dstStride"), a.param("srcStride"), a.param("blocks")
	ahead, three, dstThree := a.general("16 lines on"), a.general("three lines"), a.general("three lines of dst")
	src4, dst4, ahead4 := a.general("the fifth line"), a.general("the fifth line of dst"), a.general("20 lines on")
	a.i("LEAQ %s, %s\nLEAQ %s, %s", srcStride.memPlus(srcStride, 2, 0), three, dstStride.memPlus(dstStride, 2, 0), dstThree)
	a.i("MOVQ %s, %s\nSHLQ $4, %s\nADDQ %s, %s", srcStride, ahead, ahead, src, ahead)
	lines := func(first, fourth, stride, three *reg) []string { // eight lines
		var m []string
		for _, p := range []*reg{first, fourth} {
			m = append(m, p.mem(0), p.memPlus(stride, 1, 0), p.memPlus(stride, 2, 0), p.memPlus(three, 1, 0))
		}
		return m
	}
	from, to, fetched := lines(src, src4, srcStride, three), lines(dst, dst4, dstStride, dstThree), lines(ahead, ahead4, srcStride, three)
	x := a.vectors("x", 16)
	a.loop("block")
	a.i("LEAQ %s, %s\nLEAQ %s, %s\nLEAQ %s, %s", src.memPlus(srcStride, 4, 0), src4, dst.memPlus(dstStride, 4, 0), dst4, ahead.memPlus(srcStride, 4, 0), ahead4)
	for n := range 8 {
		a.i("PREFETCHT0 %s", fetched[n])
	}
	for n := range 8 {
		a.v("VMOVUPS", from[n], x[n])
	}
	for n := 0; n < 8; n += 2 {
		a.v("VUNPCKLPS", x[n+1], x[n], x[8+n])
		a.v("VUNPCKHPS", x[n+1], x[n], x[9+n])
	}
	for n := 0; n < 8; n += 4 {
		a.v("VUNPCKLPD", x[10+n], x[8+n], x[n])
		a.v("VUNPCKHPD", x[10+n], x[8+n], x[n+1])
		a.v("VUNPCKLPD", x[11+n], x[9+n], x[n+2])
		a.v("VUNPCKHPD", x[11+n], x[9+n], x[n+3])
	}
	for n := range 4 {
		a.v("VPERM2F128", "$0x20", x[n+4], x[n], x[8+n])
		a.v("VPERM2F128", "$0x31", x[n+4], x[n], x[12+n])
	}
	for n := range 8 {
		a.v("VMOVUPS", x[8+n], to[n])
	}
	a.i("LEAQ %s, %s\nADDQ $32, %s\nADDQ $32, %s", dst.memPlus(dstStride, 8, 0), dst, src, ahead)
	a.i("DECQ %s\nJNE block", blocks)
	a.ret()
}

// eachHeight calls f for each height of a set.
func eachHeight(heights kernel.Heights, f func(height int)) {
	for height := 1; height <= heights.Max(); height++ {
		if heights.Has(height) {
			f(height)
		}
	}
}

// maxPooled is micro.Args.maxPooled.
func (v vec) maxPooled() int {
	if v.is512() {
		return 3
	}
	return 1
}

// micro writes the tiles, and the switches that choose one.
func micro(f *family) {
	for _, v := range vecs {
		for _, kind := range microTiles {
			// A table of functions would be shorter than the switch, but every *Args would escape to the heap.
			fmt.Fprintf(&f.code, "\nfunc %s%s(height int, a *Args) {\n\tswitch a.kind<<4 | height {\n", kind.name, v.name)
			for vectors := 1; vectors <= 2; vectors++ {
				eachHeight(kind.heights(v, vectors), func(height int) {
					name := fmt.Sprintf("%s%dx%d", kind.name, height, vectors)
					fmt.Fprintf(&f.code, "\tcase %#x:\n\t\t%s%s(a)\n", vectors<<4|height, name, v.name)
					kind.write(newProduct(f.fn(v, name, kind.doc, "a *Args"), height*kind.rows, vectors, true), height)
				})
			}
			fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"micro: no such tile\")\n\t}\n}\n")
		}
	}
	for _, v := range vecs {
		packRows(f, v, 1)
		packRows(f, v, 2)
	}
	transpose8(f)
}
