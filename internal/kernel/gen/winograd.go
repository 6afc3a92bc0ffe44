package main

import "fmt"

// winograd writes the transforms of F(4x4,3x3). Each is a matrix from the left and its
// transpose from the right, done to whole vectors of channels: first down the columns, a few
// rows of the result at a time (so that they stay in registers), then along each of these
// rows. Both passes are the same one-dimensional transform, with the same operations in the
// same order for every instruction set and every cut into rows.
func winograd(f *family) {
	for _, v := range vecs {
		winogradImage(f, v)
		winogradResult(f, v, false)
		winogradResult(f, v, true)
		winogradGradient(f, v, false)
		winogradGradient(f, v, true)
		winogradAddImage(f, v)
		winogradFilter(f, v)
		winogradFilterGradient(f, v)
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
}

// image1 is the image's transform of six x (which loads a register and gives its number; it
// may be asked again) for some of the results; give takes them in ascending order. It needs
// registers tmp to tmp+3.
func (t *transform) image1(x func(n int) any, rows []int, tmp int, out func(row int) int, done func(row, reg int)) {
	p, q := tmp, tmp+1
	reg := func(n, spare int) int {
		v := x(n)
		if r, ok := v.(int); ok {
			return r
		}
		t.load(v.(string), spare)
		return spare
	}
	to := func(row int) int {
		if r := out(row); r >= 0 {
			return r
		}
		return tmp + 2
	}
	for i := 0; i < len(rows); i++ {
		row := rows[i]
		o := to(row)
		switch row {
		case 0: // x4 - (a2+b2)*x2 + a2*b2*x0
			t.copyAny(x(4), o)
			t.subTimes(wa2+wb2, reg(2, p), o)
			t.addTimes(wa2*wb2, reg(0, p), o)
			done(0, o)
		case 5: // x5 - (a2+b2)*x3 + a2*b2*x1
			t.copyAny(x(5), o)
			t.subTimes(wa2+wb2, reg(3, p), o)
			t.addTimes(wa2*wb2, reg(1, p), o)
			done(5, o)
		case 1, 3: // (x4 - b2*x2) +- a*(x3 - b2*x1), and the same with a and b exchanged
			square, factor := wb2, wa
			if row == 3 {
				square, factor = wa2, wb
			}
			t.copyAny(x(4), p)
			t.copyAny(x(3), q)
			t.subTimes(square, reg(2, tmp+3), p)
			t.subTimes(square, reg(1, tmp+3), q)
			t.copy(p, o)
			t.addTimes(factor, q, o)
			done(row, o)
			t.subTimes(factor, q, p)
			if o = out(row + 1); o >= 0 {
				t.copy(p, o)
				done(row+1, o)
			} else {
				done(row+1, p)
			}
			i++
		}
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

func winogradImage(f *family, v vec) {
	a := f.fn(v, "image", "is Image for n vectors of channels; strides are in bytes.",
		"dst *float32", "plane uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int")
	a.load("DI", "R14", "R8", "AX", "SI", "CX")
	rows := []string{"R8", "R9", "R10", "R11", "R12", "R13"}
	for i := 1; i < 6; i++ {
		a.i("LEAQ (%s)(AX*1), %s", rows[i-1], rows[i])
	}
	pixels := strides{"SI", "DX", "BX"}
	pixels.set(a)
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	a.loop("again")
	a.i("MOVQ DI, AX")
	// The next tile to the right starts four pixels on; its last four columns are new.
	for _, r := range rows {
		a.i("LEAQ (%s)(SI*4), R15\nPREFETCHT0 (R15)(SI*2)\nPREFETCHT0 (R15)(DX*1)\nPREFETCHT0 (R15)(SI*4)\nPREFETCHT0 (R15)(BX*1)", r)
	}
	for _, group := range t.groups([][]int{{0, 1, 2}, {3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}}) {
		held := 6 * len(group)
		for j := range 6 {
			t.image1(func(i int) any { return pixels.at(rows[i], j) }, group, held,
				func(row int) int { return 6*(row-group[0]) + j }, func(int, int) {})
		}
		for g := range group {
			t.image1(func(j int) any { return 6*g + j }, []int{0, 1, 2, 3, 4, 5}, held,
				func(int) int { return -1 }, func(_, reg int) {
					t.store(reg, "(AX)")
					t.i("ADDQ R14, AX")
				})
		}
	}
	a.i("ADDQ $%d, DI", a.bytes())
	for _, r := range rows {
		a.i("ADDQ $%d, %s", a.bytes(), r)
	}
	a.i("DECQ CX\nJNE again")
	a.ret()
}

// result1 is the result's transform of the six m; the rows' registers may be those of m, as
// the sums are made first. It needs registers tmp to tmp+3.
func (t *transform) result1(m func(n int) any, rows []int, tmp int, out func(row int) int) {
	sum12, diff12, sum34, diff34 := tmp, tmp+1, tmp+2, tmp+3
	for _, p := range []struct{ first, sum, diff int }{{1, sum12, diff12}, {3, sum34, diff34}} {
		x, ok := m(p.first).(int)
		if !ok {
			x = p.sum
			t.load(m(p.first).(string), x)
		}
		t.sub(m(p.first+1), x, p.diff)
		t.add(m(p.first+1), x, p.sum)
	}
	t.mul(wa, diff12, diff12)
	t.mul(wb, diff34, diff34)
	for _, row := range rows {
		o := out(row)
		switch row {
		case 0: // (m1+m2) + m0 + (m3+m4)
			t.add(m(0), sum12, o)
			t.add(sum34, o, o)
		case 1: // a*(m1-m2) + b*(m3-m4)
			t.add(diff34, diff12, o)
		case 2: // a2*(m1+m2) + b2*(m3+m4)
			t.mul(wa2, sum12, o)
			t.addTimes(wb2, sum34, o)
		case 3: // a2*(a*(m1-m2)) + b2*(b*(m3-m4)) + m5
			t.mul(wa2, diff12, o)
			t.addTimes(wb2, diff34, o)
			t.add(m(5), o, o)
		}
	}
}

func winogradResult(f *family, v vec, pool bool) {
	var a *asm
	if pool {
		a = f.fn(v, "resultPool", "is ResultPool for n vectors of channels; strides are in bytes, but for at.",
			"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "bias *float32", "n int", "at *uint8", "atRow uintptr", "atPixel uintptr")
		a.load("DI", "R9", "R10", "SI", "DX", "BX", "CX", "R15", "R8", "R11")
		a.i("ADDQ R15, R8") // the second row
	} else {
		a = f.fn(v, "result", "is Result for n vectors of channels; strides are in bytes.",
			"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "bias *float32", "n int", "floor *[16]float32")
		a.load("DI", "R9", "R10", "SI", "DX", "BX", "CX", "R8")
	}
	a.i("LEAQ (DX)(DX*2), R12\nADDQ R12, R12") // from row to row of six planes
	planes := strides{"R12", "R13", "R14"}
	planes.set(a)
	t := newTransform(a, wa, wb, wa2, wb2)
	pixels := strides{"R10", "R11", ""}
	if !pool {
		pixels.set(a)
	}
	a.loop("again")
	for n, group := range t.groups([][]int{{0, 1, 2, 3}}, [][]int{{0, 1}, {2, 3}}) {
		held := 6 * len(group)
		a.i("MOVQ SI, AX")
		for j := range 6 {
			t.result1(func(i int) any { return planes.at("AX", i) }, group, held,
				func(row int) int { return 6*(row-group[0]) + j })
			if j < 5 {
				a.i("ADDQ DX, AX")
			}
		}
		switch { // AX: the first row of the group
		case n == 0:
			a.i("MOVQ DI, AX")
		case pool:
			a.i("LEAQ (DI)(R9*1), AX")
		default:
			a.i("LEAQ (DI)(R9*2), AX")
		}
		for g := range group {
			at := func(j int) int { return 6*g + j }
			t.result1(func(j int) any { return at(j) }, []int{0, 1, 2, 3}, held, at)
			for j := range 4 {
				t.add("(BX)", at(j), at(j))
			}
			if pool {
				continue
			}
			t.load("(R8)", held)
			for j := range 4 {
				t.v("VMAXPS", at(j), held, at(j)) // keeps NaN: the second operand of the instruction
				t.store(at(j), pixels.at("AX", j))
			}
			if g < len(group)-1 {
				a.i("ADDQ R9, AX")
			}
		}
		if !pool {
			continue
		}
		for g := 0; g < len(group); g += 2 {
			t.poolRow(6*g, []string{"R15", "R8"}[group[g]/2])
			if g+2 < len(group) {
				a.i("ADDQ R9, AX")
			}
		}
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nADDQ $%d, BX", a.bytes(), a.bytes(), a.bytes())
	if pool {
		a.i("ADDQ $%d, R15\nADDQ $%d, R8", a.lanes, a.lanes)
	}
	a.i("DECQ CX\nJNE again")
	a.ret()
}

// poolRow pools two rows of four results in registers first.. and first+6.., with ReLU, and
// stores them at AX and their places at a register. Registers first+4, 5, 10 and 11 are free.
func (t *transform) poolRow(first int, places string) {
	index, mask, zero, spare := first+4, first+5, first+10, first+11
	t.zero(zero)
	for q := range 2 {
		best := first + 2*q
		t.zero(index)
		for n, v := range []int{best + 1, best + 6, best + 7} {
			t.take("$0x1e", best, v, mask, v, best, n+1, index) // v > best, ordered
		}
		t.take("$0x12", zero, best, mask, zero, best, 4, index) // best <= 0, ordered
		y, at := "(AX)", "("+places+")"
		if q == 1 {
			y, at = "(AX)(R10*1)", "("+places+")(R11*1)"
		}
		t.store(best, y)
		if t.is512() {
			t.i("VPMOVDB Z%d, %s", index, at)
		} else {
			t.packBytes(index, spare)
			t.i("VMOVQ X%d, %s", index, at)
		}
	}
}

// take moves from and a place to best and index where a comparison of b with a holds.
func (t *transform) take(predicate string, a, b, mask, from, best, place, index int) {
	if t.is512() {
		t.v("VCMPPS", predicate, a, b, "K2")
		t.v("VMOVAPS", from, "K2", best)
		t.v("VMOVDQU32", t.bits(uint32(place)), "K2", index)
		return
	}
	t.v("VCMPPS", predicate, a, b, mask)
	t.v("VBLENDVPS", mask, from, best, best)
	t.v("VBLENDVPS", mask, t.bits(uint32(place)), index, index)
}

// gradient1 is the gradient's transform of four y in registers. It needs registers tmp to
// tmp+2, and gives rows in ascending order.
func (t *transform) gradient1(y func(n int) int, rows []int, tmp int, out func(row int) int, done func(row, reg int)) {
	e, o := tmp, tmp+1
	to := func(row int) int {
		if r := out(row); r >= 0 {
			return r
		}
		return tmp + 2
	}
	for i := 0; i < len(rows); i++ {
		switch row := rows[i]; row {
		case 0, 5:
			x := y(row / 5 * 3)
			if r := out(row); r >= 0 && r != x {
				t.copy(x, r)
				x = r
			}
			done(row, x)
		case 1, 3: // (y0 + a2*y2) +- a*(y1 + a2*y3), and the same with b
			square, factor := wa2, wa
			if row == 3 {
				square, factor = wb2, wb
			}
			t.copy(y(0), e)
			t.addTimes(square, y(2), e)
			t.copy(y(1), o)
			t.addTimes(square, y(3), o)
			t.copy(e, to(row))
			t.addTimes(factor, o, to(row))
			done(row, to(row))
			t.subTimes(factor, o, e)
			if r := out(row + 1); r >= 0 {
				t.copy(e, r)
				done(row+1, r)
			} else {
				done(row+1, e)
			}
			i++
		}
	}
}

func winogradGradient(f *family, v vec, pooled bool) {
	var a *asm
	pixels := strides{"R10", "R11", ""}
	if pooled {
		a = f.fn(v, "gradientPooled", "is GradientPooled for n vectors of channels; strides are in bytes, but for at.",
			"dst *float32", "plane uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int", "at *uint8", "atRow uintptr", "atPixel uintptr")
		a.load("DI", "R14", "SI", "R9", "R10", "CX", "R12", "R8", "R11")
		a.i("ADDQ SI, R9\nADDQ R12, R8") // the second rows
	} else {
		a = f.fn(v, "gradient", "is Gradient for n vectors of channels; strides are in bytes.",
			"dst *float32", "plane uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int")
		a.load("DI", "R14", "SI", "R9", "R10", "CX")
		pixels.set(a)
		a.i("LEAQ (SI)(R9*1), R8\nLEAQ (R8)(R9*1), R12\nLEAQ (R12)(R9*1), R13")
	}
	a.i("LEAQ (R14)(R14*8), R15\nSHLQ $2, R15") // 36 planes
	t := newTransform(a, wa2)
	a.loop("again")
	a.i("MOVQ DI, AX")
	for _, group := range t.groups([][]int{{0, 1, 2, 3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}}) {
		held := 4 * len(group)
		tmp := held + 4
		if !t.is512() && len(group) == 1 {
			tmp = 8
		}
		all := len(group) > 1 && group[0] < 3 // has all y, once
		sum := tmp + 2
		for j := range 4 {
			for pair := range 2 { // of rows
				y := held + 2*pair
				switch {
				case len(group) == 1 && pair != group[0]/5:
				case pooled:
					t.unpool(pair, j, y, tmp)
				default:
					t.load(pixels.at([]string{"SI", "R12"}[pair], j), y)
					t.load(pixels.at([]string{"R8", "R13"}[pair], j), y+1)
				}
			}
			for i := range 4 {
				switch {
				case !all:
				case i+j == 0:
					t.copy(held, sum)
				default:
					t.add(held+i, sum, sum)
				}
			}
			t.gradient1(func(i int) int { return held + i }, group, tmp,
				func(row int) int { return 4*(row-group[0]) + j }, func(int, int) {})
		}
		if all {
			t.store(sum, "(DI)(R15*1)")
		}
		for g := range group {
			t.gradient1(func(j int) int { return 4*g + j }, []int{0, 1, 2, 3, 4, 5}, held,
				func(int) int { return -1 }, func(_, reg int) {
					t.store(reg, "(AX)")
					t.i("ADDQ R14, AX")
				})
		}
	}
	a.i("ADDQ $%d, DI", a.bytes())
	if pooled {
		a.i("ADDQ $%d, SI\nADDQ $%d, R9\nADDQ $%d, R12\nADDQ $%d, R8", a.bytes(), a.bytes(), a.lanes, a.lanes)
	} else {
		for _, r := range []string{"SI", "R8", "R12", "R13"} {
			a.i("ADDQ $%d, %s", a.bytes(), r)
		}
	}
	a.i("DECQ CX\nJNE again")
	a.ret()
}

// unpool loads column j of a pair of rows from the pooled gradient to registers y and y+1.
func (t *transform) unpool(pair, j, y, tmp int) {
	g, at := []string{"(SI)", "(R9)"}[pair], []string{"(R12)", "(R8)"}[pair]
	if j/2 == 1 {
		g, at = g+"(R10*1)", at+"(R11*1)"
	}
	t.v("VPMOVZXBD", at, tmp)
	for n, place := range []int{j % 2, 2 + j%2} {
		if t.is512() {
			t.v("VPCMPEQD", t.bits(uint32(place)), tmp, "K2")
			t.v("VMOVUPS.Z", g, "K2", y+n)
			continue
		}
		t.v("VPCMPEQD", t.bits(uint32(place)), tmp, y+n)
		t.v("VANDPS", g, y+n, y+n)
	}
}

// addImage1 is the transposed image's transform of six x. It needs registers tmp to tmp+3.
func (t *transform) addImage1(x func(n int) any, rows []int, tmp int, out func(row int) int, done func(row, reg int)) {
	p, q, r, spare := tmp, tmp+1, tmp+2, tmp+3
	reg := func(n, spare int) int {
		v := x(n)
		if r, ok := v.(int); ok {
			return r
		}
		t.load(v.(string), spare)
		return spare
	}
	to := func(row int) int {
		if r := out(row); r >= 0 {
			return r
		}
		return spare
	}
	has := func(row int) bool {
		for _, r := range rows {
			if r == row {
				return true
			}
		}
		return false
	}
	if has(0) { // a2*b2*x0
		t.mul(wa2*wb2, reg(0, p), to(0))
		done(0, to(0))
	}
	if has(1) { // p = a*(x1-x2), q = b*(x3-x4)
		t.copyAny(x(1), p)
		t.sub(x(2), p, p)
		t.mul(wa, p, p)
		t.copyAny(x(3), q)
		t.sub(x(4), q, q)
		t.mul(wb, q, q)
		// a2*b2*x5 - b2*p - a2*q
		t.mul(wa2*wb2, reg(5, r), to(1))
		t.subTimes(wb2, p, to(1))
		t.subTimes(wa2, q, to(1))
		done(1, to(1))
		// p + q - (a2+b2)*x5
		t.add(q, p, to(3))
		t.subTimes(wa2+wb2, reg(5, r), to(3))
		done(3, to(3))
	}
	if has(2) { // p = x1+x2, q = x3+x4
		t.copyAny(x(1), p)
		t.add(x(2), p, p)
		t.copyAny(x(3), q)
		t.add(x(4), q, q)
		// p + q + x0
		t.add(q, p, to(4))
		t.add(x(0), to(4), to(4))
		done(4, to(4))
		// -a2*q - ((a2+b2)*x0 + b2*p)
		t.mul(wa2+wb2, reg(0, r), to(2))
		t.addTimes(wb2, p, to(2))
		t.negSubTimes(wa2, q, to(2))
		done(2, to(2))
	}
	if has(5) {
		if r := out(5); r >= 0 {
			t.copyAny(x(5), r)
			done(5, r)
		} else {
			done(5, reg(5, p))
		}
	}
}

func winogradAddImage(f *family, v vec) {
	a := f.fn(v, "addImage", "is AddImage for n vectors of channels; strides are in bytes.",
		"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "n int")
	a.load("DI", "R8", "R10", "SI", "DX", "CX")
	a.i("LEAQ (DX)(DX*2), R12\nADDQ R12, R12")
	planes, pixels, rows := strides{"R12", "R13", "R14"}, strides{"R10", "R11", "R15"}, strides{"R8", "R9", "BX"}
	planes.set(a)
	pixels.set(a)
	rows.set(a)
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	a.loop("again")
	for _, group := range t.groups([][]int{{0, 1, 3}, {2, 4, 5}}, [][]int{{0}, {1, 3}, {2, 4}, {5}}) {
		held := 6 * len(group)
		index := map[int]int{}
		for n, row := range group {
			index[row] = n
		}
		a.i("MOVQ SI, AX")
		for j := range 6 {
			t.addImage1(func(i int) any { return planes.at("AX", i) }, group, held,
				func(row int) int { return 6*index[row] + j }, func(int, int) {})
			if j < 5 {
				a.i("ADDQ DX, AX")
			}
		}
		for n, row := range group {
			a.i("LEAQ %s, AX", rows.at("DI", row))
			t.addImage1(func(j int) any { return 6*n + j }, []int{0, 1, 2, 3, 4, 5}, held,
				func(int) int { return -1 }, func(j, reg int) {
					m := pixels.at("AX", j)
					if row < 2 || j < 2 { // what the tiles above and to the left have, too
						if reg < held {
							t.add(m, reg, held)
							reg = held
						} else {
							t.add(m, reg, reg)
						}
					}
					t.store(reg, m)
				})
		}
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}

// filter1 is the filter's transform of three w in registers. It needs registers tmp to
// tmp+2, and gives rows in ascending order.
func (t *transform) filter1(w func(n int) int, rows []int, tmp int, out func(row int) int, done func(row, reg int)) {
	p, q := tmp, tmp+1
	to := func(row int) int {
		if r := out(row); r >= 0 {
			return r
		}
		return tmp + 2
	}
	for i := 0; i < len(rows); i++ {
		switch rows[i] {
		case 0:
			t.mul(1/(wa2*wb2), w(0), to(0))
			done(0, to(0))
		case 1, 3: // (w0 + a2*w2)/na +- a*w1/na, and the same with b
			square, factor, by := wa2, wa, wna
			if rows[i] == 3 {
				square, factor, by = wb2, wb, wnb
			}
			t.mul(1/by, w(0), p)
			t.addTimes(square/by, w(2), p)
			t.mul(factor/by, w(1), q)
			t.add(q, p, to(rows[i]))
			done(rows[i], to(rows[i]))
			t.sub(q, p, to(rows[i]+1))
			done(rows[i]+1, to(rows[i]+1))
			i++
		case 5:
			if r := out(5); r >= 0 {
				t.copy(w(2), r)
				done(5, r)
			} else {
				done(5, w(2))
			}
		}
	}
}

func winogradFilter(f *family, v vec) {
	a := f.fn(v, "filter", "is Filter for n vectors; plane is in bytes.", "planes *float32", "plane uintptr", "n int")
	a.load("DI", "R14", "CX")
	a.i("LEAQ (R14)(R14*2), R15\nLEAQ (R15)(R15*8), SI\nADDQ DI, SI") // 27 planes on
	t := newTransform(a, 1/(wa2*wb2), 1/wna, wa2/wna, wa/wna, 1/wnb, wb2/wnb, wb/wnb)
	a.loop("again")
	a.i("MOVQ DI, AX")
	for _, group := range t.groups([][]int{{0, 1, 2, 3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}}) {
		held := 3 * len(group)
		if t.is512() {
			held = 18
		}
		a.i("MOVQ SI, BX")
		for j := range 3 {
			a.i("MOVQ BX, DX")
			for i := range 3 {
				t.load("(DX)", held+i)
				if i < 2 {
					a.i("ADDQ R15, DX")
				}
			}
			t.filter1(func(i int) int { return held + i }, group, held+3,
				func(row int) int { return 3*(row-group[0]) + j }, func(int, int) {})
			a.i("ADDQ R14, BX")
		}
		for g := range group {
			t.filter1(func(j int) int { return 3*g + j }, []int{0, 1, 2, 3, 4, 5}, held,
				func(int) int { return -1 }, func(_, reg int) {
					t.store(reg, "(AX)")
					t.i("ADDQ R14, AX")
				})
		}
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}

// filterGradient1 is the transposed filter's transform of six u. It needs registers tmp to
// tmp+3.
func (t *transform) filterGradient1(u func(n int) any, rows []int, tmp int, out func(row int) int) {
	x, y, z := tmp, tmp+1, tmp+2
	reg := func(n, spare int) int {
		v := u(n)
		if r, ok := v.(int); ok {
			return r
		}
		t.load(v.(string), spare)
		return spare
	}
	sums := func() { // u1+u2, u3+u4
		t.copyAny(u(1), x)
		t.add(u(2), x, x)
		t.copyAny(u(3), y)
		t.add(u(4), y, y)
	}
	for _, row := range rows {
		switch o := out(row); row {
		case 0: // u0/(a2*b2) + (u1+u2)/na + (u3+u4)/nb
			sums()
			t.mul(1/(wa2*wb2), reg(0, z), z)
			t.addTimes(1/wna, x, z)
			t.addTimes(1/wnb, y, z)
			t.copy(z, o)
		case 1: // (u1-u2)*a/na + (u3-u4)*b/nb
			t.copyAny(u(1), x)
			t.sub(u(2), x, x)
			t.copyAny(u(3), y)
			t.sub(u(4), y, y)
			t.mul(wa/wna, x, x)
			t.addTimes(wb/wnb, y, x)
			t.copy(x, o)
		case 2: // u5 + (u1+u2)*a2/na + (u3+u4)*b2/nb
			sums()
			t.copyAny(u(5), z)
			t.addTimes(wa2/wna, x, z)
			t.addTimes(wb2/wnb, y, z)
			t.copy(z, o)
		}
	}
}

func winogradFilterGradient(f *family, v vec) {
	a := f.fn(v, "filterGradient", "is FilterGradient for n vectors; planes are in bytes.",
		"dst *float32", "dstPlane uintptr", "src *float32", "plane uintptr", "n int")
	a.load("DI", "R8", "SI", "DX", "CX")
	a.i("LEAQ (DX)(DX*2), R12\nADDQ R12, R12")
	planes := strides{"R12", "R13", "R14"}
	planes.set(a)
	t := newTransform(a, 1/(wa2*wb2), 1/wna, wa2/wna, wa/wna, 1/wnb, wb2/wnb, wb/wnb)
	a.loop("again")
	a.i("MOVQ DI, BX")
	for _, group := range t.groups([][]int{{0, 1, 2}}, [][]int{{0}, {1}, {2}}) {
		held := 6 * len(group)
		a.i("MOVQ SI, AX")
		for j := range 6 {
			t.filterGradient1(func(i int) any { return planes.at("AX", i) }, group, held,
				func(row int) int { return 6*(row-group[0]) + j })
			if j < 5 {
				a.i("ADDQ DX, AX")
			}
		}
		for g := range group {
			for j := range 3 {
				t.filterGradient1(func(j int) any { return 6*g + j }, []int{j}, held, func(int) int { return held + 3 })
				t.store(held+3, "(BX)")
				t.i("ADDQ R8, BX")
			}
		}
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), a.bytes())
	a.ret()
}
