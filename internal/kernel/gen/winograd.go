package main

import "fmt"

// winograd writes the transforms of F(4x4,3x3). Each multiplies by a matrix from the left and by its
// transpose from the right, for whole vectors of channels. The first pass goes down the columns, for a few
// rows of the result at a time, so that these stay in registers; the second pass goes along each of these
// rows. Both passes are the same one-dimensional transform, with the same operations in the same order for
// all instruction sets and all groups of rows.
func winograd(f *family) {
	for _, v := range f.vecs {
		winogradImage(f, v)
		winogradGradient(f, v, false)
		winogradGradient(f, v, true)
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
		winogradPrefetch(f)
	}
	winogradNarrowSwitch(f)
	f.dispatch()
}

// winogradPrefetch writes the loop that prefetches memory to the second cache before it is written.
// Go's assembler does not know PREFETCHW.
func winogradPrefetch(f *family) {
	a := f.fn(vec{}, "toWrite", "is ToWrite for lines of 64 bytes.", "x *float32", "lines int")
	x, lines := a.generalAt("x", "SI"), a.general("lines")
	a.loadParam("x", x)
	a.loadParam("lines", lines)
	a.at("again")
	a.i("BYTE $0x0f; BYTE $0x0d; BYTE $0x0e // PREFETCHW (SI)")
	a.i("ADDQ $64, %s\nDECQ %s\nJNE again\nRET", x, lines)
}

// The points of the transforms are 0, wa, -wa, wb, -wb and infinity. Of all simple fractions these cause the
// smallest rounding errors. All numbers are exact, except for those of the filter's transform.
const (
	wa, wa2 = 5. / 8, wa * wa
	wb, wb2 = 3. / 2, wb * wb
	wna     = 2 * wa2 * (wa2 - wb2) // divisors of the filter's transform
	wnb     = 2 * wb2 * (wb2 - wa2)
)

// transform is a transform that is being written.
type transform struct {
	*asm
	constants map[float64]*reg // in registers, if there are enough
}

// newTransform loads numbers to registers in AVX-512.
func newTransform(a *asm, numbers ...float64) *transform {
	t := &transform{asm: a, constants: map[float64]*reg{}}
	if a.is512() {
		for _, x := range numbers {
			r := a.vector(fmt.Sprint(x))
			a.v("VMOVUPS", a.number(x), r)
			t.constants[x] = r
		}
	}
	return t
}

// times is an operand: a number in all lanes.
func (t *transform) times(x float64) any {
	if r, ok := t.constants[x]; ok {
		return r
	}
	return t.number(x)
}

// Arithmetic. An operand of type any is a register or an address; the last one is the destination.
func (t *transform) add(x any, y, to *reg)             { t.v("VADDPS", x, y, to) }                // to = y + x
func (t *transform) sub(x any, y, to *reg)             { t.v("VSUBPS", x, y, to) }                // to = y - x
func (t *transform) mul(c float64, x, to *reg)         { t.v("VMULPS", t.times(c), x, to) }       // to = c*x
func (t *transform) addTimes(c float64, x, to *reg)    { t.v("VFMADD231PS", t.times(c), x, to) }  // to += c*x
func (t *transform) subTimes(c float64, x, to *reg)    { t.v("VFNMADD231PS", t.times(c), x, to) } // to -= c*x
func (t *transform) negSubTimes(c float64, x, to *reg) { t.v("VFNMSUB231PS", t.times(c), x, to) } // to = -c*x - to
func (t *transform) copy(x, to *reg)                   { t.v("VMOVAPS", x, to) }
func (t *transform) load(m string, to *reg)            { t.v("VMOVUPS", m, to) }
func (t *transform) store(x *reg, m string)            { t.v("VMOVUPS", x, m) }

// copyAny copies a register, or loads from an address.
func (t *transform) copyAny(x any, to *reg) {
	if m, ok := x.(string); ok {
		t.load(m, to)
		return
	}
	t.copy(x.(*reg), to)
}

// inRegister returns x if it is a register; else it loads it to spare.
func (t *transform) inRegister(x any, spare *reg) *reg {
	if r, ok := x.(*reg); ok {
		return r
	}
	t.load(x.(string), spare)
	return spare
}

// or returns r, or spare if r is nil.
func or(r, spare *reg) *reg {
	if r == nil {
		return spare
	}
	return r
}

// groups are the groups of rows of a result that are computed at a time: large ones, or as many rows as the
// registers of AVX2 and NEON hold.
func (t *transform) groups(large, small [][]int) [][]int {
	if t.is512() {
		return large
	}
	return small
}

// halves writes body for groups of rows, all of which are below 3 or not, so that a function computes the
// upper rows, the lower rows or both: it has the parameters upper and lower, which are 0 or 1.
func (t *transform) halves(groups [][]int, body func(group []int)) {
	upper := true
	t.i("CMPQ %s, $0\nJEQ lower", t.arg("upper"))
	for _, group := range groups {
		if upper && group[0] >= 3 {
			upper = false
			t.at("lower")
			t.i("CMPQ %s, $0\nJEQ next", t.arg("lower"))
		}
		t.comment("rows %v", group)
		body(group)
	}
	t.at("next")
}

// strides are registers with one, three and five times a distance.
type strides struct{ one, three, five *reg }

// strides takes registers for multiples of a distance; for five times only if five is set.
func (a *asm) strides(one *reg, five bool) strides {
	s := strides{one: one, three: a.general("3*" + one.name)}
	a.i("LEAQ (%s)(%[1]s*2), %s", one, s.three)
	if five {
		s.five = a.general("5*" + one.name)
		a.i("LEAQ (%s)(%[1]s*4), %s", one, s.five)
	}
	if a.isNEON() {
		a.replace(fmt.Sprintf("TESTQ %s, %[1]s", one), func() { a.keepScaled(one.String()) })
	}
	return s
}

// at is the address of item n, from 0 to 5.
func (s strides) at(base *reg, n int) string {
	switch n {
	case 0:
		return base.mem(0)
	case 3:
		return base.memPlus(s.three, 1, 0)
	case 5:
		return base.memPlus(s.five, 1, 0)
	}
	return base.memPlus(s.one, n, 0)
}

// sixth takes a register for six times a distance.
func (a *asm) sixth(one *reg) *reg {
	six := a.general("6*" + one.name)
	a.i("LEAQ (%s)(%[1]s*2), %s\nADDQ %[2]s, %[2]s", one, six)
	return six
}

// arg is a parameter in memory; it can be changed.
func (a *asm) arg(name string) string {
	for n, p := range a.params {
		if p == name {
			return fmt.Sprintf("%s+%d(FP)", p, 8*n)
		}
	}
	panic(a.name + ": no parameter " + name)
}

// tilePointer is a register that moves over vectors of channels and over tiles.
type tilePointer struct {
	reg    *reg
	vector int // bytes of a vector of channels
	tile   any // the bytes of a tile before the shift: a register, or an address; nil means 0
	shift  int
}

// overTiles writes the loops over tiles and over vectors of channels, and ends the function. scratch is free
// in body; left counts vectors.
func (a *asm) overTiles(body func(scratch, left *reg), pointers ...tilePointer) {
	scratch, left := a.general("scratch"), a.general("vectors left")
	a.comment("a tile")
	a.at("tile")
	a.i("MOVQ %s, %s", a.arg("n"), left)
	a.comment("a vector of its channels")
	a.loop("again")
	body(scratch, left)
	for _, p := range pointers {
		a.i("ADDQ $%d, %s", p.vector, p.reg)
	}
	tiles := a.arg("tiles")
	a.i("DECQ %s\nJNE again\nMOVQ %s, %s\nDECQ %[3]s\nMOVQ %[3]s, %[2]s\nJEQ done", left, tiles, scratch)
	for _, p := range pointers {
		a.i("MOVQ %s, %s\nIMULQ $%d, %[2]s\nSUBQ %[2]s, %[4]s", a.arg("n"), scratch, p.vector, p.reg)
		if p.tile != nil {
			a.i("MOVQ %v, %s", p.tile, scratch)
			if p.shift > 0 {
				a.i("SHLQ $%d, %s", p.shift, scratch)
			}
			a.i("ADDQ %s, %s", scratch, p.reg)
		}
	}
	a.i("JMP tile")
	a.at("done")
	a.ret()
}
