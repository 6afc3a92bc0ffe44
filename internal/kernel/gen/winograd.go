package main

import "fmt"

// winograd writes the transforms of F(4x4,3x3). Each is a matrix from the left and its
// transpose from the right, done to whole vectors of channels: first down the columns, a few
// rows of the result at a time (so that they stay in registers), then along each of these
// rows. Both passes are the same one-dimensional transform, with the same operations in the
// same order for every instruction set and every cut into rows.
func winograd(f *family) {
	for _, v := range f.vecs {
		for _, r := range transformRows {
			winogradImage(f, v, r)
			winogradGradient(f, v, r, false)
			winogradGradient(f, v, r, true)
		}
		winogradResult(f, v, false)
		winogradResult(f, v, true)
		winogradAddImage(f, v)
		winogradFilter(f, v)
		winogradFilterGradient(f, v)
		winogradNarrow(f, v)
		if !v.isNEON() {
			winogradProducts(f, v)
		}
	}
	if f.vecs[0].is512() {
		winogradAhead(f)
	}
}

// winogradAhead writes the loops that bring memory to the second cache.
func winogradAhead(f *family) {
	for _, to := range []struct{ name, doc, instruction string }{
		{"toRead", "is ToRead for lines of 64 bytes.", "PREFETCHT1 (SI)"},
		{"toWrite", "is ToWrite for lines of 64 bytes.", "BYTE $0x0f; BYTE $0x0d; BYTE $0x0e // PREFETCHW (SI)"},
	} {
		a := f.fn(vec{}, to.name, to.doc, "x *float32", "lines int")
		a.load("SI", "CX")
		a.at("again")
		a.i("%s\nADDQ $64, SI\nDECQ CX\nJNE again\nRET", to.instruction)
	}
}

// The points of the transforms are 0, wa, -wa, wb, -wb and infinity. These make the least
// rounding errors of simple fractions; all numbers but those of the filters' transform are
// exact.
const (
	wa, wa2 = 5. / 8, wa * wa
	wb, wb2 = 3. / 2, wb * wb
	wna     = 2 * wa2 * (wa2 - wb2) // what the filters' transform divides by
	wnb     = 2 * wb2 * (wb2 - wa2)
)

// transform is a transform being written.
type transform struct {
	*asm
	constants map[float64]int // in registers, where there are registers to spare
}

// newTransform keeps numbers in the last registers of AVX-512.
func newTransform(a *asm, numbers ...float64) *transform {
	t := &transform{asm: a, constants: map[float64]int{}}
	if a.is512() {
		for n, x := range numbers {
			t.constants[x] = a.regs - 1 - n
			a.v("VMOVUPS", a.number(x), a.regs-1-n)
		}
	}
	return t
}

// times is an operand: a number in all lanes.
func (t *transform) times(x float64) any {
	if n, ok := t.constants[x]; ok {
		return n
	}
	return t.number(x)
}

// The arithmetic on registers; x is a register or an address, the destination is the last.
func (t *transform) add(x any, y, to int)             { t.v("VADDPS", x, y, to) }                // to = y + x
func (t *transform) sub(x any, y, to int)             { t.v("VSUBPS", x, y, to) }                // to = y - x
func (t *transform) mul(c float64, x, to int)         { t.v("VMULPS", t.times(c), x, to) }       // to = c*x
func (t *transform) addTimes(c float64, x, to int)    { t.v("VFMADD231PS", t.times(c), x, to) }  // to += c*x
func (t *transform) subTimes(c float64, x, to int)    { t.v("VFNMADD231PS", t.times(c), x, to) } // to -= c*x
func (t *transform) negSubTimes(c float64, x, to int) { t.v("VFNMSUB231PS", t.times(c), x, to) } // to = -c*x - to
func (t *transform) copy(x any, to int)               { t.v("VMOVAPS", x, to) }
func (t *transform) load(m string, to int)            { t.v("VMOVUPS", m, to) }
func (t *transform) store(x int, m string)            { t.v("VMOVUPS", x, m) }

// groups cuts rows of the result: all at once, or as few as the registers of AVX2 hold.
func (t *transform) groups(large, small [][]int) [][]int {
	if t.is512() {
		return large
	}
	return small
}

// rowsOfTransform are the rows of a transform that a function makes.
type rowsOfTransform struct {
	name     string // of functions, behind what they do
	doc      string
	from, to int
}

var transformRows = []rowsOfTransform{{"", "", 0, 6}, {"Upper", " for UpperRows", 0, 3}, {"Lower", " for LowerRows", 3, 6}}

// of is the part of groups that has these rows.
func (r rowsOfTransform) of(groups [][]int) [][]int {
	var in [][]int
	for _, g := range groups {
		var rows []int
		for _, row := range g {
			if row >= r.from && row < r.to {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			in = append(in, rows)
		}
	}
	return in
}

// strides are registers that address up to six things at a distance.
type strides struct{ one, three, five string }

// at is the address of thing number n from a register.
func (s strides) at(base string, n int) string {
	switch n {
	case 0:
		return "(" + base + ")"
	case 3:
		return fmt.Sprintf("(%s)(%s*1)", base, s.three)
	case 5:
		return fmt.Sprintf("(%s)(%s*1)", base, s.five)
	}
	return fmt.Sprintf("(%s)(%s*%d)", base, s.one, n)
}

// set fills three and five.
func (s strides) set(a *asm) {
	a.i("LEAQ (%s)(%s*2), %s", s.one, s.one, s.three)
	if s.five != "" {
		a.i("LEAQ (%s)(%s*4), %s", s.one, s.one, s.five)
	}
	if a.isNEON() {
		a.keepScaled(s.one)
	}
}

// copyAny moves a register, or loads an address.
func (t *transform) copyAny(x any, to int) {
	if m, ok := x.(string); ok {
		t.load(m, to)
		return
	}
	t.copy(x, to)
}

// arg is a parameter, which can be changed.
func (a *asm) arg(name string) string {
	for n, p := range a.params {
		if p == name {
			return fmt.Sprintf("%s+%d(FP)", p, 8*n)
		}
	}
	panic(a.name + ": no parameter " + name)
}

// overTiles writes the loops over tiles and over vectors, which CX counts, and ends the
// function. AX is free in body.
func (a *asm) overTiles(body func(), pointers ...pointer) {
	a.at("tile")
	a.i("MOVQ %s, CX", a.arg("n"))
	a.loop("again")
	body()
	for _, p := range pointers {
		a.i("ADDQ $%d, %s", p.vector, p.reg)
	}
	tiles := a.arg("tiles")
	a.i("DECQ CX\nJNE again\nMOVQ %s, AX\nDECQ AX\nMOVQ AX, %s\nJEQ done", tiles, tiles)
	for _, p := range pointers {
		a.i("MOVQ %s, AX\nIMULQ $%d, AX\nSUBQ AX, %s", a.arg("n"), p.vector, p.reg)
		if p.tile != "" {
			a.i("MOVQ %s, AX", p.tile)
			if p.shift > 0 {
				a.i("SHLQ $%d, AX", p.shift)
			}
			a.i("ADDQ AX, %s", p.reg)
		}
	}
	a.i("JMP tile")
	a.at("done")
	a.ret()
}

// pointer is a register that walks over tiles.
type pointer struct {
	reg    string
	vector int    // bytes of a vector of channels
	tile   string // where the bytes of a tile are, but for a shift to the left; empty: 0
	shift  int
}
