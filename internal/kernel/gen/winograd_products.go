package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// winogradProducts writes the functions of winograd.Products: tiles of all heights and two vectors of columns. A call
// computes many planes, and prefetches memory during the multiplications.
func winogradProducts(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc products%s(height int, a *Products) {\n\tswitch height {\n", v.name)
	eachHeight(kernel.TileHeights(v.isa, 2, true), func(height int) {
		name := fmt.Sprintf("products%d", height)
		fmt.Fprintf(&f.code, "\tcase %d:\n\t\t%s%s(a)\n", height, name, v.name)
		newProduct(f.fn(v, name, "computes tiles of this height; see Products.", "a *Products"), height, 2, false).planes()
	})
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"winograd: no such tile\")\n\t}\n}\n")
}

// planes writes the loops over planes, panels and tiles.
func (t *product) planes() {
	width := t.vectors * t.bytes()
	t.at("plane")
	for _, m := range [][2]string{{"B", "panelB"}, {"C", "panelC"}, {"Panels", "left"}} {
		x := t.pointer(m[0])
		t.i("MOVQ %s, %s", x, t.args.field(m[1]))
		t.free(x)
	}
	t.at("panel")
	tiles, a, c := t.pointer("tiles"), t.pointer("A"), t.pointer("panelC")
	t.at("tile")
	t.i("CMPQ %s, $0\nJEQ zero", t.args.field("Accumulate"))
	t.comment("load the sums from C")
	t.walk(c, func(row int, p *reg) { t.loadRow(p, nil, t.sums[row]) })
	t.i("JMP begin")
	t.at("zero")
	t.startZero()
	t.at("begin")
	t.nextMemory()
	t.eitherLeft(func() {
		t.left = t.strided(a)
		t.right = right{t.pointer("panelB"), width}
		t.multiplyAndPrefetch(a)
	}, func() {
		t.left = t.contiguous(a)
		t.right = right{t.pointer("panelB"), t.pointer("BStride")}
		t.multiplyAndPrefetch(a)
	})
	t.comment("store the result")
	t.walk(c, func(row int, p *reg) { t.storeRow(row, nil, p) })
	t.comment("the next tile, panel and plane")
	t.i("ADDQ %s, %s\nADDQ %s, %s\nDECQ %s\nJNE tile", t.args.field("aTile"), a, t.args.field("cTile"), c, tiles)
	t.free(tiles, a, c)
	t.advance("panelB", "BPanel")
	t.i("ADDQ $%d, %s\nDECQ %s\nJNE panel", width, t.args.field("panelC"), t.args.field("left"))
	for _, m := range [][2]string{{"A", "APlane"}, {"B", "BPlane"}, {"C", "CPlane"}} {
		t.advance(m[0], m[1])
	}
	t.i("DECQ %s\nJNE plane", t.args.field("Planes"))
	t.ret()
}

// multiplyAndPrefetch writes the loop over k, which prefetches memory.
func (t *product) multiplyAndPrefetch(a *reg) {
	ahead, step := t.prefetchUpTo(t.args.field("ahead"), t.args.field("ahead+8"), "T0")
	t.comment("if there is no memory to prefetch, prefetch A")
	t.i("TESTQ %s, %s\nCMOVQEQ %s, %s", ahead, ahead, a, ahead)
	t.overK()
	fetched := t.newLabel("fetched")
	t.i("TESTQ %s, %s\nJEQ %s\nMOVQ %s, %s", step, step, fetched, ahead, t.args.field("ahead"))
	t.at(fetched)
	t.freeOperands(ahead, step)
}

// walk writes code for each row of C.
func (t *product) walk(c *reg, each func(row int, p *reg)) {
	p, stride := t.general("row of C"), t.pointer("CStride")
	t.i("MOVQ %s, %s", c, p)
	t.overRows(p, stride, func(row int) { each(row, p) })
	t.free(p, stride)
}

// advance adds field by to another field.
func (t *product) advance(field, by string) {
	x := t.pointer(by)
	t.i("ADDQ %s, %s", x, t.args.field(field))
	t.free(x)
}

// nextMemory removes the first range from Products.ahead if all of it has been prefetched. Unused ranges start and end
// at 0.
func (t *product) nextMemory() {
	t.comment("the next range, if all of the first has been prefetched")
	x := t.pointer("ahead")
	t.i("CMPQ %s, %s\nJCS more", x, t.args.field("ahead+8"))
	for n := range 4 {
		t.i("MOVQ %s, %s\nMOVQ %s, %s", t.args.field(fmt.Sprintf("ahead+%d", 8*n+16)), x, x, t.args.field(fmt.Sprintf("ahead+%d", 8*n)))
	}
	t.i("XORL %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", x, x, x, t.args.field("ahead+32"), x, t.args.field("ahead+40"))
	t.at("more")
	t.free(x)
}
