package main

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
