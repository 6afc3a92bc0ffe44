package main

import "fmt"

// Offsets of winograd.Products.
const (
	prodA       = 8 * iota // the plane
	prodB                  // the plane
	prodC                  // the plane
	prodAStride            // from row to row, or from k to k
	prodBStride            // from k to k
	prodCStride            // from row to row
	prodK                  // rows of B
	prodTiles              // of rows
	prodPanels             // of columns
	prodPlanes             // how many
	prodATile              // from tile to tile
	prodCTile              // from tile to tile
	prodAPlane             // from plane to plane
	prodBPlane             // from plane to plane
	prodBPanel             // from panel to panel
	prodCPlane             // from plane to plane
	prodAdd                // to C, or set it
	prodAhead              // memory to ask for: three times where it starts and ends
	_
	_
	_
	_
	_
	prodPanelB // the panel
	prodPanelC // the panel
	prodLeft   // panels
)

// winogradProducts writes products of some planes' matrices, tiles of all heights by two
// vectors: as those of micro.go, but many planes in a call, and with lines of memory asked for
// ahead, at the pace of the multiplications.
func winogradProducts(f *family, v vec) {
	for _, kind := range []string{"N", "T"} {
		fmt.Fprintf(&f.code, "\nfunc products%s%s(height int, a *Products) {\n\tswitch height {\n", kind, v.name)
		for height := 1; height <= v.maxRows(2); height++ {
			name := fmt.Sprintf("products%s%d", kind, height)
			fmt.Fprintf(&f.code, "\tcase %d:\n\t\t%s%s(a)\n", height, name, v.name)
			a := f.fn(v, name, "makes tiles of this height: see Products.", "a *Products")
			a.load("DI")
			newTile(a, height, 2, false).products(kind == "T")
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"winograd: no such tile\")\n\t}\n}\n")
	}
}

// products writes the loops over planes, panels, tiles and k.
func (t *tile) products(transposed bool) {
	const unroll = 8
	t.at("plane")
	for _, p := range [][2]int{{prodB, prodPanelB}, {prodC, prodPanelC}, {prodPanels, prodLeft}} {
		t.i("MOVQ %d(DI), AX\nMOVQ AX, %d(DI)", p[0], p[1])
	}
	t.at("panel")
	t.i("MOVQ %d(DI), R13\nMOVQ %d(DI), R14\nMOVQ %d(DI), R15", prodTiles, prodA, prodPanelC)
	t.at("tile")
	if transposed {
		t.i("CMPQ %d(DI), $0\nJEQ zero\nMOVQ R15, AX\nMOVQ %d(DI), SI", prodAdd, prodCStride)
		for r := range t.rows {
			t.loadRow(t.sum(r, 0), func(o int) string { return mem(o, "AX") })
			t.i("ADDQ SI, AX")
		}
		t.i("JMP begin")
		t.at("zero")
	}
	for n := range t.rows * t.vectors {
		t.zero(n)
	}
	t.at("begin")
	t.i("MOVQ R14, R8\nMOVQ %d(DI), SI\nLEAQ (SI)(SI*2), AX", prodAStride)
	rows := rowsOf{t.rows, rowPointers[:(t.rows+2)/3]}
	if transposed {
		t.i("MOVQ %d(DI), R9", prodBStride)
	} else {
		t.point(rows)
	}
	// The next memory when there is no more of the first; none of it starts and ends at 0.
	t.i("MOVQ %d(DI), BX\nMOVQ %d(DI), AX\nCMPQ AX, %d(DI)\nJCS more", prodPanelB, prodAhead, prodAhead+8)
	for n := range 4 {
		t.i("MOVQ %d(DI), AX\nMOVQ AX, %d(DI)", prodAhead+8*(n+2), prodAhead+8*n)
	}
	t.i("XORL AX, AX\nMOVQ AX, %d(DI)\nMOVQ AX, %d(DI)\nMOVQ %d(DI), AX", prodAhead+32, prodAhead+40, prodAhead)
	t.at("more")
	t.i("XORL DX, DX\nMOVL $64, CX\nCMPQ AX, %d(DI)\nCMOVQCS CX, DX", prodAhead+8)
	// Without memory to ask for, A is asked for.
	t.i("TESTQ AX, AX\nCMOVQEQ R14, AX")
	step := func(u int) {
		if transposed {
			t.multiply(func(o int) string { return mem(o, "BX") }, func(r int) string { return mem(4*r, "R8") })
			t.i("ADDQ SI, R8\nADDQ R9, BX")
			return
		}
		t.multiply(func(o int) string { return mem(u*t.vectors*t.bytes()+o, "BX") }, func(r int) string { return rows.address(r, 4*u) })
	}
	advance := func(n int) {
		if transposed {
			return
		}
		for _, p := range rows.pointers {
			t.i("ADDQ $%d, %s", 4*n, p)
		}
		t.i("ADDQ $%d, BX", n*t.vectors*t.bytes())
	}
	t.i("MOVQ %d(DI), CX\nSUBQ $%d, CX\nJLT rest", prodK, unroll)
	t.loop("many")
	for u := range unroll {
		if u%2 == 0 {
			t.i("PREFETCHT0 (AX)\nADDQ DX, AX")
		}
		step(u)
	}
	advance(unroll)
	t.i("SUBQ $%d, CX\nJGE many", unroll)
	t.at("rest")
	t.i("ADDQ $%d, CX\nJEQ store", unroll)
	t.at("one")
	step(0)
	advance(1)
	t.i("DECQ CX\nJNE one")
	t.at("store")
	t.i("TESTQ DX, DX\nJEQ asked\nMOVQ AX, %d(DI)", prodAhead)
	t.at("asked")
	t.i("MOVQ R15, AX\nMOVQ %d(DI), SI", prodCStride)
	for r := range t.rows {
		t.storeRow(t.sum(r, 0), "AX")
		if r < t.rows-1 {
			t.i("ADDQ SI, AX")
		}
	}
	t.i("ADDQ %d(DI), R14\nADDQ %d(DI), R15\nDECQ R13\nJNE tile", prodATile, prodCTile)
	t.i("MOVQ %d(DI), AX\nADDQ AX, %d(DI)\nADDQ $%d, %d(DI)\nDECQ %d(DI)\nJNE panel", prodBPanel, prodPanelB, t.vectors*t.bytes(), prodPanelC, prodLeft)
	for _, p := range [][2]int{{prodAPlane, prodA}, {prodBPlane, prodB}, {prodCPlane, prodC}} {
		t.i("MOVQ %d(DI), AX\nADDQ AX, %d(DI)", p[0], p[1])
	}
	t.i("DECQ %d(DI)\nJNE plane", prodPlanes)
	t.ret()
}
