package main

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
			"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "tile uintptr", "bias *float32", "n int", "at *uint8", "atRow uintptr", "atPixel uintptr", "tiles int")
		a.load("DI", "R9", "R10", "SI", "DX", "", "BX", "", "R15", "R8", "R11")
		a.i("ADDQ R15, R8") // the second row
	} else {
		a = f.fn(v, "result", "is Result for n vectors of channels; strides are in bytes.",
			"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "tile uintptr", "bias *float32", "n int", "floor *[16]float32", "tiles int")
		a.load("DI", "R9", "R10", "SI", "DX", "", "BX", "", "R8")
	}
	a.i("LEAQ (DX)(DX*2), R12\nADDQ R12, R12") // from row to row of six planes
	planes := strides{"R12", "R13", "R14"}
	planes.set(a)
	t := newTransform(a, wa, wb, wa2, wb2)
	pixels := strides{"R10", "R11", ""}
	pointers := []pointer{{"SI", a.bytes(), a.arg("tile"), 0}, {"BX", a.bytes(), "", 0}}
	if pool {
		pointers = append(pointers, pointer{"DI", a.bytes(), "R10", 1},
			pointer{"R15", a.lanes, "R11", 1}, pointer{"R8", a.lanes, "R11", 1})
	} else {
		pixels.set(a)
		pointers = append(pointers, pointer{"DI", a.bytes(), "R10", 2})
	}
	a.overTiles(func() { t.resultTile(planes, pixels, pool) }, pointers...)
}

// resultTile transforms a vector of channels of a tile.
func (t *transform) resultTile(planes, pixels strides, pool bool) {
	for n, group := range t.groups([][]int{{0, 1, 2, 3}}, [][]int{{0, 1}, {2, 3}}) {
		held := 6 * len(group)
		t.i("MOVQ SI, AX")
		for j := range 6 {
			t.result1(func(i int) any { return planes.at("AX", i) }, group, held,
				func(row int) int { return 6*(row-group[0]) + j })
			if j < 5 {
				t.i("ADDQ DX, AX")
			}
		}
		switch { // AX: the first row of the group
		case n == 0:
			t.i("MOVQ DI, AX")
		case pool:
			t.i("LEAQ (DI)(R9*1), AX")
		default:
			t.i("LEAQ (DI)(R9*2), AX")
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
				t.i("ADDQ R9, AX")
			}
		}
		if !pool {
			continue
		}
		for g := 0; g < len(group); g += 2 {
			t.poolRow(6*g, []string{"R15", "R8"}[group[g]/2])
			if g+2 < len(group) {
				t.i("ADDQ R9, AX")
			}
		}
	}
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
			t.storeBytes(index, spare, at)
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

func winogradGradient(f *family, v vec, r rowsOfTransform, pooled bool) {
	var a *asm
	pixels := strides{"R10", "R11", ""}
	if pooled {
		a = f.fn(v, "gradientPooled"+r.name, "is GradientPooled"+r.doc+", for n vectors of channels; strides are in bytes, but for at.",
			"dst *float32", "plane uintptr", "tile uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int", "at *uint8", "atRow uintptr", "atPixel uintptr", "tiles int")
		a.load("DI", "R14", "", "SI", "R9", "R10", "", "R12", "R8", "R11")
		a.i("ADDQ SI, R9\nADDQ R12, R8") // the second rows
	} else {
		a = f.fn(v, "gradient"+r.name, "is Gradient"+r.doc+", for n vectors of channels; strides are in bytes.",
			"dst *float32", "plane uintptr", "tile uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int", "tiles int")
		a.load("DI", "R14", "", "SI", "R9", "R10")
		pixels.set(a)
		a.i("LEAQ (SI)(R9*1), R8\nLEAQ (R8)(R9*1), R12\nLEAQ (R12)(R9*1), R13")
	}
	a.i("LEAQ (R14)(R14*8), R15\nSHLQ $%d, R15", (r.to-r.from)/3) // 36 planes, or 18
	t := newTransform(a, wa2)
	pointers := []pointer{{"DI", a.bytes(), a.arg("tile"), 0}}
	if pooled {
		for _, reg := range []string{"SI", "R9"} {
			pointers = append(pointers, pointer{reg, a.bytes(), "R10", 1})
		}
		for _, reg := range []string{"R12", "R8"} {
			pointers = append(pointers, pointer{reg, a.lanes, "R11", 1})
		}
	} else {
		for _, reg := range []string{"SI", "R8", "R12", "R13"} {
			pointers = append(pointers, pointer{reg, a.bytes(), "R10", 2})
		}
	}
	a.overTiles(func() { t.gradientTile(r, pixels, pooled) }, pointers...)
}

// gradientTile transforms a vector of channels of a tile.
func (t *transform) gradientTile(r rowsOfTransform, pixels strides, pooled bool) {
	t.i("MOVQ DI, AX")
	for _, group := range r.of(t.groups([][]int{{0, 1, 2, 3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}})) {
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
