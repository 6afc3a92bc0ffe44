package main

import "slices"

// image1 is the image's transform of six x, which are registers or addresses. It computes the given rows of
// the result and calls done for each, in ascending order. out returns the register for a row, or nil if it
// may be any. tmp has four registers.
func (t *transform) image1(x func(n int) any, rows []int, tmp []*reg, out func(row int) *reg, done func(row int, r *reg)) {
	p, q := tmp[0], tmp[1]
	for i := 0; i < len(rows); i++ {
		row := rows[i]
		o := or(out(row), tmp[2])
		switch row {
		case 0: // x4 - (a2+b2)*x2 + a2*b2*x0
			t.copyAny(x(4), o)
			t.subTimes(wa2+wb2, t.inRegister(x(2), p), o)
			t.addTimes(wa2*wb2, t.inRegister(x(0), p), o)
			done(0, o)
		case 5: // x5 - (a2+b2)*x3 + a2*b2*x1
			t.copyAny(x(5), o)
			t.subTimes(wa2+wb2, t.inRegister(x(3), p), o)
			t.addTimes(wa2*wb2, t.inRegister(x(1), p), o)
			done(5, o)
		case 1, 3: // rows 1 and 2: (x4 - b2*x2) +- a*(x3 - b2*x1); 3 and 4: a and b exchanged
			square, factor := wb2, wa
			if row == 3 {
				square, factor = wa2, wb
			}
			t.copyAny(x(4), p)
			t.copyAny(x(3), q)
			t.subTimes(square, t.inRegister(x(2), tmp[3]), p)
			t.subTimes(square, t.inRegister(x(1), tmp[3]), q)
			t.copy(p, o)
			t.addTimes(factor, q, o)
			done(row, o)
			t.subTimes(factor, q, p)
			if o = out(row + 1); o != nil {
				t.copy(p, o)
				done(row+1, o)
			} else {
				done(row+1, p)
			}
			i++
		}
	}
}

func winogradImage(f *family, v vec) {
	a := f.fn(v, "image", "is Image for n vectors of channels; strides are in bytes.",
		"dst *float32", "plane uintptr", "tile uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int", "tiles int", "upper int", "lower int")
	dst, plane := a.param("dst"), a.param("plane")
	rows, row := []*reg{a.param("src")}, a.param("row")
	for i := 1; i < 5; i++ {
		rows = append(rows, a.general("row of pixels"))
	}
	for i := 1; i < 5; i++ {
		a.i("LEAQ (%s)(%s*1), %s", rows[i-1], row, rows[i])
	}
	a.i("ADDQ %s, %s", rows[4], row)
	rows = append(rows, row)
	pixels := a.strides(a.param("pixel"), true)
	ahead := a.general("ahead")
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	groups := t.groups([][]int{{0, 1, 2}, {3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}})
	held, tmp := a.vectors("held", 6*len(groups[1])), a.vectors("tmp", 4)
	pointers := []tilePointer{{dst, a.bytes(), a.arg("tile"), 0}}
	for _, r := range rows {
		pointers = append(pointers, tilePointer{r, a.bytes(), pixels.one, 2})
	}
	a.overTiles(func(to, _ *reg) {
		a.i("MOVQ %s, %s", dst, to)
		a.comment("prefetch the next tile: it starts four pixels on, and its last four columns are new")
		for _, r := range rows {
			a.i("LEAQ (%s)(%s*4), %s", r, pixels.one, ahead)
			for _, column := range []int{2, 3, 4, 5} {
				a.i("PREFETCHT0 %s", pixels.at(ahead, column))
			}
		}
		t.halves(groups, func(group []int) {
			for j := range 6 {
				t.image1(func(i int) any { return pixels.at(rows[i], j) }, group, tmp,
					func(row int) *reg { return held[6*(row-group[0])+j] }, func(int, *reg) {})
			}
			for g := range group {
				t.image1(func(j int) any { return held[6*g+j] }, upTo(0, 6), tmp,
					func(int) *reg { return nil }, func(_ int, r *reg) {
						t.store(r, to.mem(0))
						t.i("ADDQ %s, %s", plane, to)
					})
			}
		})
	}, pointers...)
}

// addImage1 is the transposed image's transform of six x. tmp has four registers.
func (t *transform) addImage1(x func(n int) any, rows []int, tmp []*reg, out func(row int) *reg, done func(row int, r *reg)) {
	p, q, r, spare := tmp[0], tmp[1], tmp[2], tmp[3]
	to := func(row int) *reg { return or(out(row), spare) }
	has := func(row int) bool { return slices.Contains(rows, row) }
	if has(0) { // a2*b2*x0
		t.mul(wa2*wb2, t.inRegister(x(0), p), to(0))
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
		t.mul(wa2*wb2, t.inRegister(x(5), r), to(1))
		t.subTimes(wb2, p, to(1))
		t.subTimes(wa2, q, to(1))
		done(1, to(1))
		// p + q - (a2+b2)*x5
		t.add(q, p, to(3))
		t.subTimes(wa2+wb2, t.inRegister(x(5), r), to(3))
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
		t.mul(wa2+wb2, t.inRegister(x(0), r), to(2))
		t.addTimes(wb2, p, to(2))
		t.negSubTimes(wa2, q, to(2))
		done(2, to(2))
	}
	if has(5) {
		if r := out(5); r != nil {
			t.copyAny(x(5), r)
			done(5, r)
		} else {
			done(5, t.inRegister(x(5), p))
		}
	}
}

func winogradAddImage(f *family, v vec) {
	a := f.fn(v, "addImage", "is AddImage for n vectors of channels; strides are in bytes.",
		"dst *float32", "row uintptr", "carry *float32", "carryRow uintptr", "pixel uintptr", "src *float32", "plane uintptr", "tile uintptr", "n int", "tiles int")
	dst, row, carry, carryRow := a.param("dst"), a.param("row"), a.param("carry"), a.param("carryRow")
	pixel, src, plane := a.param("pixel"), a.param("src"), a.param("plane")
	planes, pixels := a.strides(a.sixth(plane), true), a.strides(pixel, true)
	t := newTransform(a, wa, wb, wa2, wb2, wa2+wb2, wa2*wb2)
	groups := t.groups([][]int{{0, 1, 3}, {2, 4, 5}}, [][]int{{0}, {1, 3}, {2, 4}, {5}})
	held, tmp := a.vectors("held", 6*len(groups[1])), a.vectors("tmp", 4)
	a.overTiles(func(to, left *reg) {
		// There is no free register for the pixels above: they use the register of the counter, which is kept in memory.
		above := left
		a.i("MOVQ %s, %s", left, a.arg("row"))
		for _, group := range groups {
			a.comment("rows %v", group)
			index := func(row int) int { return slices.Index(group, row) }
			a.i("MOVQ %s, %s", src, to)
			for j := range 6 {
				t.addImage1(func(i int) any { return planes.at(to, i) }, group, tmp,
					func(row int) *reg { return held[6*index(row)+j] }, func(int, *reg) {})
				if j < 5 {
					a.i("ADDQ %s, %s", plane, to)
				}
			}
			for n, r := range group {
				// The rows of carry are written after rows 0 and 1 have read them.
				switch r {
				case 0:
					a.i("MOVQ %s, %s\nMOVQ %s, %s", dst, to, carry, above)
				case 1:
					a.i("LEAQ (%s)(%s*1), %s\nLEAQ (%s)(%s*1), %s", dst, row, to, carry, carryRow, above)
				case 2:
					a.i("LEAQ (%s)(%s*2), %s", dst, row, to)
				case 3:
					a.i("LEAQ (%s)(%s*2), %s\nADDQ %[2]s, %[3]s", dst, row, to)
				case 4:
					a.i("MOVQ %s, %s", carry, to)
				case 5:
					a.i("LEAQ (%s)(%s*1), %s", carry, carryRow, to)
				}
				t.addImage1(func(j int) any { return held[6*n+j] }, upTo(0, 6), tmp,
					func(int) *reg { return nil }, func(j int, x *reg) {
						from := to
						if j >= 2 {
							from = above
						}
						if r < 2 || j < 2 {
							sum := x
							if slices.Contains(held, x) {
								sum = tmp[0]
							}
							t.add(pixels.at(from, j), x, sum)
							x = sum
						}
						t.store(x, pixels.at(to, j))
					})
			}
		}
		a.i("MOVQ %s, %s", a.arg("row"), left)
	}, tilePointer{src, a.bytes(), a.arg("tile"), 0}, tilePointer{dst, a.bytes(), pixel, 2}, tilePointer{carry, a.bytes(), pixel, 2})
}
