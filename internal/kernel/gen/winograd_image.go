package main

// image1 is the image's transform of six x, in registers or at addresses, for some of the
// rows of the result; done takes them in ascending order. out is the register for a row, or
// negative where any will do. It needs registers tmp to tmp+3.
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

func winogradImage(f *family, v vec, r rowsOfTransform) {
	a := f.fn(v, "image"+r.name, "is Image"+r.doc+", for n vectors of channels; strides are in bytes.",
		"dst *float32", "plane uintptr", "tile uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int", "tiles int")
	a.load("DI", "R14", "", "R8", "AX", "SI")
	rows := []string{"R8", "R9", "R10", "R11", "R12", "R13"}
	for i := 1; i < 6; i++ {
		a.i("LEAQ (%s)(AX*1), %s", rows[i-1], rows[i])
	}
	pixels := strides{"SI", "DX", "BX"}
	pixels.set(a)
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	pointers := []pointer{{"DI", a.bytes(), a.arg("tile"), 0}}
	for _, row := range rows {
		pointers = append(pointers, pointer{row, a.bytes(), "SI", 2})
	}
	a.overTiles(func() { t.imageTile(r, rows, pixels) }, pointers...)
}

// imageTile transforms a vector of channels of a tile.
func (t *transform) imageTile(r rowsOfTransform, rows []string, pixels strides) {
	t.i("MOVQ DI, AX")
	// The next tile to the right starts four pixels on; its last four columns are new.
	for _, row := range rows {
		t.i("LEAQ (%s)(SI*4), R15\nPREFETCHT0 (R15)(SI*2)\nPREFETCHT0 (R15)(DX*1)\nPREFETCHT0 (R15)(SI*4)\nPREFETCHT0 (R15)(BX*1)", row)
	}
	for _, group := range r.of(t.groups([][]int{{0, 1, 2}, {3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}})) {
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
		"dst *float32", "row uintptr", "carry *float32", "carryRow uintptr", "pixel uintptr", "src *float32", "plane uintptr", "tile uintptr", "n int", "tiles int")
	a.load("DI", "R8", "BX", "R9", "R10", "SI", "DX")
	a.i("LEAQ (DX)(DX*2), R12\nADDQ R12, R12")
	planes, pixels := strides{"R12", "R13", "R14"}, strides{"R10", "R11", "R15"}
	planes.set(a)
	pixels.set(a)
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	a.overTiles(func() { t.addImageTile(planes, pixels) },
		pointer{"SI", a.bytes(), a.arg("tile"), 0}, pointer{"DI", a.bytes(), "R10", 2}, pointer{"BX", a.bytes(), "R10", 2})
}

// addImageTile transforms a vector of channels of a tile and adds them. The rows of carry are
// written after they have been read, which are rows 0 and 1.
func (t *transform) addImageTile(planes, pixels strides) {
	t.i("MOVQ CX, %s", t.arg("row")) // in a register from here on
	for _, group := range t.groups([][]int{{0, 1, 3}, {2, 4, 5}}, [][]int{{0}, {1, 3}, {2, 4}, {5}}) {
		held := 6 * len(group)
		index := map[int]int{}
		for n, row := range group {
			index[row] = n
		}
		t.i("MOVQ SI, AX")
		for j := range 6 {
			t.addImage1(func(i int) any { return planes.at("AX", i) }, group, held,
				func(row int) int { return 6*index[row] + j }, func(int, int) {})
			if j < 5 {
				t.i("ADDQ DX, AX")
			}
		}
		for n, row := range group {
			// AX: the row; CX: what is above
			t.i("%s", []string{"MOVQ DI, AX\nMOVQ BX, CX", "LEAQ (DI)(R8*1), AX\nLEAQ (BX)(R9*1), CX", "LEAQ (DI)(R8*2), AX",
				"LEAQ (DI)(R8*2), AX\nADDQ R8, AX", "MOVQ BX, AX", "LEAQ (BX)(R9*1), AX"}[row])
			t.addImage1(func(j int) any { return 6*n + j }, []int{0, 1, 2, 3, 4, 5}, held,
				func(int) int { return -1 }, func(j, reg int) {
					from := "AX"
					if j >= 2 {
						from = "CX"
					}
					if row < 2 || j < 2 {
						to := reg
						if reg < held {
							to = held
						}
						t.add(pixels.at(from, j), reg, to)
						reg = to
					}
					t.store(reg, pixels.at("AX", j))
				})
		}
	}
	t.i("MOVQ %s, CX", t.arg("row"))
}
