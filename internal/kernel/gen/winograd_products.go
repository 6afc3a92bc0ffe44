package main

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// winogradProducts writes products of some planes' matrices, tiles of all heights by two vectors:
// many planes in a call, and with memory asked for ahead, at the pace of the multiplications.
func winogradProducts(f *family, v vec) {
	fmt.Fprintf(&f.code, "\nfunc products%s(height int, a *Products) {\n\tswitch height {\n", v.name)
	eachHeight(kernel.TileHeights(v.isa, 2, true), func(height int) {
		name := fmt.Sprintf("products%d", height)
		fmt.Fprintf(&f.code, "\tcase %d:\n\t\t%s%s(a)\n", height, name, v.name)
		newProduct(f.fn(v, name, "makes tiles of this height: see Products.", "a *Products"), height, 2, false).planes()
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
	t.comment("the sums start from C")
	t.walk(c, func(row int, p *reg) { t.loadRow(p, nil, t.sums[row]) })
	t.i("JMP begin")
	t.at("zero")
	t.startZero()
	t.at("begin")
	t.nextMemory()
	t.eitherLeft(func() {
		t.left = t.strided(a)
		t.right = right{t.pointer("panelB"), width}
		t.multiplyAndAsk(a)
	}, func() {
		t.left = t.contiguous(a)
		t.right = right{t.pointer("panelB"), t.pointer("BStride")}
		t.multiplyAndAsk(a)
	})
	t.comment("the result")
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

// multiplyAndAsk is the loop over k, which asks for memory.
func (t *product) multiplyAndAsk(a *reg) {
	ahead, step := t.fetchUpTo(t.args.field("ahead"), t.args.field("ahead+8"), "T0")
	t.comment("without memory to ask for, A is asked for")
	t.i("TESTQ %s, %s\nCMOVQEQ %s, %s", ahead, ahead, a, ahead)
	t.overK()
	asked := t.newLabel("asked")
	t.i("TESTQ %s, %s\nJEQ %s\nMOVQ %s, %s", step, step, asked, ahead, t.args.field("ahead"))
	t.at(asked)
	t.freeOperands(ahead, step)
}

// walk writes something for each row of C.
func (t *product) walk(c *reg, each func(row int, p *reg)) {
	p, stride := t.general("row of C"), t.pointer("CStride")
	t.i("MOVQ %s, %s", c, p)
	t.overRows(p, stride, func(row int) { each(row, p) })
	t.free(p, stride)
}

// advance adds a field to another.
func (t *product) advance(field, by string) {
	x := t.pointer(by)
	t.i("ADDQ %s, %s", x, t.args.field(field))
	t.free(x)
}

// nextMemory goes on to the next memory to ask for when there is no more of the first; none of it
// starts and ends at 0.
func (t *product) nextMemory() {
	t.comment("the next memory, when all of the first has been asked for")
	x := t.pointer("ahead")
	t.i("CMPQ %s, %s\nJCS more", x, t.args.field("ahead+8"))
	for n := range 4 {
		t.i("MOVQ %s, %s\nMOVQ %s, %s", t.args.field(fmt.Sprintf("ahead+%d", 8*n+16)), x, x, t.args.field(fmt.Sprintf("ahead+%d", 8*n)))
	}
	t.i("XORL %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", x, x, x, t.args.field("ahead+32"), x, t.args.field("ahead+40"))
	t.at("more")
	t.free(x)
}
