package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// neonTiles are the tiles of package micro for arm64. rows is the number of rows in a unit of height.
var neonTiles = []struct {
	name, doc string
	heights   func(vectors int) kernel.Heights
	rows      int
	write     func(t *neonProduct)
}{
	{"tile", "computes tiles for N and T; see Args.", func(vectors int) kernel.Heights { return kernel.TileHeights(kernel.NEON, vectors, false) }, 1, neonTile},
	{"pooled", "computes tiles for P; see Args.", func(int) kernel.Heights { return 1 << 1 }, 4, neonP},
}

// neonTile is microTile for arm64.
func neonTile(t *neonProduct) {
	t.at("tile")
	t.startFrom("Init", "IStride")
	t.rightAtStride()
	t.eitherLeft(func() { t.strided("A") }, func() { t.contiguous("A") })
	t.addResidual()
	t.activate()
	t.store()
	t.nextTile([2]string{"A", "aTile"}, [2]string{"Init", "iTile"}, [2]string{"C", "cTile"})
	residual, by := t.pointer("Residual"), t.pointer("cTile")
	t.n("CBZ %s, tile", residual)
	t.n("ADD %s, %s\nMOVD %s, %s\nJMP tile", by, residual, residual, t.args.field("Residual"))
	t.at("done")
	t.end()
}

// neonP is microP for arm64.
func neonP(t *neonProduct) {
	t.at("tile")
	t.startFrom("Init", "IStride")
	t.rightAtStride()
	t.strided("A", "A2")
	t.freeOperands()
	t.poolAndStore()
	t.nextTile([2]string{"A", "aTile"}, [2]string{"A2", "aTile"}, [2]string{"Init", "iTile"}, [2]string{"C", "cTile"}, [2]string{"Argmax", "argmaxTile"})
	t.n("JMP tile")
	t.at("done")
	t.end()
}

// neonPackRows writes the function that copies rows of 8 or 16 floats.
func neonPackRows(f *family, columns int) {
	a := f.fn(neonNative, fmt.Sprintf("packRows%d", columns), fmt.Sprintf("copies rows of %d floats, which lie stride bytes apart, to adjacent rows of dst; rows is at least 1.", columns),
		"dst *float32", "src *float32", "rows int", "stride uintptr")
	dst, src, rows, stride := a.param("dst"), a.param("src"), a.param("rows"), a.param("stride")
	x := a.vectors("row", columns/4)
	list := fmt.Sprintf("[%s.S4, %s.S4]", x[0], x[1])
	if columns == 16 {
		list = fmt.Sprintf("[%s.S4, %s.S4, %s.S4, %s.S4]", x[0], x[1], x[2], x[3])
	}
	a.at("again")
	a.n("VLD1.P (%s)(%s), %s\nVST1.P %s, %s", src, stride, list, list, dst.mem(4*columns))
	a.n("SUBS $1, %s\nBNE again", rows)
	a.end()
}

// neonTranspose writes the function that transposes blocks of 4x4.
func neonTranspose(f *family) {
	a := f.fn(neonNative, "transpose4", "sets dst[r*dstStride+c] = src[c*srcStride+r] for r < 4*blocks and c < 4; strides are in bytes.",
		"dst *float32", "src *float32", "dstStride uintptr", "srcStride uintptr", "blocks int")
	dst, dstStride, srcStride, blocks := a.param("dst"), a.param("dstStride"), a.param("srcStride"), a.param("blocks")
	rows := []*reg{a.param("src")}
	for n := 1; n < 4; n++ {
		p := a.general("row")
		a.n("ADD %s, %s, %s", srcStride, rows[n-1], p)
		rows = append(rows, p)
	}
	x := a.vectors("x", 8)
	a.at("block")
	for n, p := range rows {
		a.n("FMOVQ.P %s, %s", p.mem(16), x[n].as("F"))
	}
	for n := 0; n < 4; n += 2 { // pairs of rows, then pairs of pairs
		a.n("VTRN1 %s.S4, %s.S4, %s.S4", x[n+1], x[n], x[4+n])
		a.n("VTRN2 %s.S4, %s.S4, %s.S4", x[n+1], x[n], x[5+n])
	}
	for n := range 2 {
		a.n("VTRN1 %s.D2, %s.D2, %s.D2", x[6+n], x[4+n], x[n])
		a.n("VTRN2 %s.D2, %s.D2, %s.D2", x[6+n], x[4+n], x[2+n])
	}
	for n := range 4 {
		a.n("VST1.P [%s.S4], (%s)(%s)", x[n], dst, dstStride)
	}
	a.n("SUBS $1, %s\nBNE block", blocks)
	a.end()
}

// neonMicro writes the tiles, and the switches that choose one by Args.kind. It is the number of vectors or, for tiles
// of one to three columns, four plus the number of columns.
func neonMicro(f *family) {
	for _, kind := range neonTiles {
		fmt.Fprintf(&f.code, "\nfunc %sNEON(height int, a *Args) {\n\tswitch a.kind<<4 | height {\n", kind.name)
		for width := 1; width <= 7; width++ {
			vectors, narrow, size, heights := width, 0, fmt.Sprint(width), kind.heights(width)
			if width > 4 {
				vectors, narrow = 1, width-4
				size, heights = fmt.Sprintf("c%d", narrow), kind.heights(0)
			}
			eachHeight(heights, func(height int) {
				name := fmt.Sprintf("%s%dx%s", kind.name, height, size)
				fmt.Fprintf(&f.code, "\tcase %#x:\n\t\t%sNEON(a)\n", width<<4|height, name)
				rows := height * kind.rows
				kind.write(newNEONProduct(f.fn(neonNative, name, kind.doc, "a *Args"), rows, vectors, narrow))
			})
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"micro: no such tile\")\n\t}\n}\n")
	}
	neonPackRows(f, 8)
	neonPackRows(f, 16)
	neonTranspose(f)
}
