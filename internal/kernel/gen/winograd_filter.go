package main

// filter1 is the filter's transform of three w. tmp has three registers; done is called for each row, in
// ascending order.
func (t *transform) filter1(w func(n int) *reg, rows []int, tmp []*reg, out func(row int) *reg, done func(row int, r *reg)) {
	p, q := tmp[0], tmp[1]
	to := func(row int) *reg { return or(out(row), tmp[2]) }
	for i := 0; i < len(rows); i++ {
		switch rows[i] {
		case 0:
			t.mul(1/(wa2*wb2), w(0), to(0))
			done(0, to(0))
		case 1, 3: // rows 1 and 2: (w0 + a2*w2)/na +- a*w1/na; 3 and 4: b in place of a
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
			if r := out(5); r != nil {
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
	dst, plane := a.param("planes"), a.param("plane")
	three, src := a.general("3*plane"), a.general("taps")
	a.i("LEAQ (%s)(%[1]s*2), %s\nLEAQ (%[2]s)(%[2]s*8), %s\nADDQ %s, %[3]s", plane, three, src, dst) // 27 planes on
	column, tap, to := a.general("column of taps"), a.general("tap"), a.general("to")
	t := newTransform(a, 1/(wa2*wb2), 1/wna, wa2/wna, wa/wna, 1/wnb, wb2/wnb, wb/wnb)
	groups := t.groups([][]int{{0, 1, 2, 3, 4, 5}}, [][]int{{0}, {1, 2}, {3, 4}, {5}})
	held := a.vectors("held", 3*max(len(groups[0]), len(groups[len(groups)/2])))
	w, tmp := a.vectors("w", 3), a.vectors("tmp", 3)
	a.eachVector(func() {
		a.i("MOVQ %s, %s", dst, to)
		for _, group := range groups {
			a.comment("rows %v", group)
			a.i("MOVQ %s, %s", src, column)
			for j := range 3 {
				a.i("MOVQ %s, %s", column, tap)
				for i := range 3 {
					t.load(tap.mem(0), w[i])
					if i < 2 {
						a.i("ADDQ %s, %s", three, tap)
					}
				}
				t.filter1(func(i int) *reg { return w[i] }, group, tmp,
					func(row int) *reg { return held[3*(row-group[0])+j] }, func(int, *reg) {})
				a.i("ADDQ %s, %s", plane, column)
			}
			for g := range group {
				t.filter1(func(j int) *reg { return held[3*g+j] }, upTo(0, 6), tmp,
					func(int) *reg { return nil }, func(_ int, r *reg) {
						t.store(r, to.mem(0))
						t.i("ADDQ %s, %s", plane, to)
					})
			}
		}
	}, a.steps(src, dst)...)
}

// filterGradient1 is the transposed filter's transform of six u. tmp has three registers.
func (t *transform) filterGradient1(u func(n int) any, rows []int, tmp []*reg, out func(row int) *reg) {
	x, y, z := tmp[0], tmp[1], tmp[2]
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
			t.mul(1/(wa2*wb2), t.inRegister(u(0), z), z)
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
	dst, dstPlane, src, plane := a.param("dst"), a.param("dstPlane"), a.param("src"), a.param("plane")
	planes := a.strides(a.sixth(plane), true)
	from, to := a.general("from"), a.general("to")
	t := newTransform(a, 1/(wa2*wb2), 1/wna, wa2/wna, wa/wna, 1/wnb, wb2/wnb, wb/wnb)
	groups := t.groups([][]int{{0, 1, 2}}, [][]int{{0}, {1}, {2}})
	held, tmp, out := a.vectors("held", 6*len(groups[0])), a.vectors("tmp", 3), a.vector("out")
	a.eachVector(func() {
		a.i("MOVQ %s, %s", dst, to)
		for _, group := range groups {
			a.comment("rows %v", group)
			a.i("MOVQ %s, %s", src, from)
			for j := range 6 {
				t.filterGradient1(func(i int) any { return planes.at(from, i) }, group, tmp,
					func(row int) *reg { return held[6*(row-group[0])+j] })
				if j < 5 {
					a.i("ADDQ %s, %s", plane, from)
				}
			}
			for g := range group {
				for j := range 3 {
					t.filterGradient1(func(j int) any { return held[6*g+j] }, []int{j}, tmp, func(int) *reg { return out })
					t.store(out, to.mem(0))
					a.i("ADDQ %s, %s", dstPlane, to)
				}
			}
		}
	}, a.steps(src, dst)...)
}
