package main

// result1 is the result's transform of six m. The rows' registers may be those of m, because the sums are
// computed first. tmp has four registers.
func (t *transform) result1(m func(n int) any, rows []int, tmp []*reg, out func(row int) *reg) {
	sum12, diff12, sum34, diff34 := tmp[0], tmp[1], tmp[2], tmp[3]
	for _, p := range []struct {
		first     int
		sum, diff *reg
	}{{1, sum12, diff12}, {3, sum34, diff34}} {
		x := t.inRegister(m(p.first), p.sum)
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

// resultTile are the registers of a function that transforms results.
type resultTile struct {
	*transform
	dst, row, pixel *reg
	src, plane      *reg
	bias            *reg
	planes, pixels  strides // pixels without a pool

	floor                     *reg // without a pool
	argmax, argmax2, argPixel *reg // with a pool: two rows
	held, tmp                 []*reg
}

func winogradResult(f *family, v vec, pool bool) {
	params := []string{"dst *float32", "row uintptr", "pixel uintptr", "src *float32", "plane uintptr", "tile uintptr", "bias *float32", "n int"}
	var a *asm
	if pool {
		a = f.fn(v, "resultPool", "is ResultPool for n vectors of channels; strides are in bytes, and those of argmax in elements.",
			append(params, "argmax *uint8", "argmaxRow uintptr", "argmaxPixel uintptr", "tiles int")...)
	} else {
		a = f.fn(v, "result", "is Result for n vectors of channels; strides are in bytes.", append(params, "floor *[16]float32", "tiles int")...)
	}
	r := &resultTile{dst: a.param("dst"), row: a.param("row"), pixel: a.param("pixel"), src: a.param("src"), plane: a.param("plane"), bias: a.param("bias")}
	r.planes = a.strides(a.sixth(r.plane), true)
	pointers := []tilePointer{{r.src, a.bytes(), a.arg("tile"), 0}, {r.bias, a.bytes(), nil, 0}}
	if pool {
		r.argmax, r.argmax2, r.argPixel = a.param("argmax"), a.param("argmaxRow"), a.param("argmaxPixel")
		a.i("ADDQ %s, %s", r.argmax, r.argmax2)
		pointers = append(pointers, tilePointer{r.dst, a.bytes(), r.pixel, 1},
			tilePointer{r.argmax, a.lanes, r.argPixel, 1}, tilePointer{r.argmax2, a.lanes, r.argPixel, 1})
	} else {
		r.floor = a.param("floor")
		r.pixels = a.strides(r.pixel, false)
		pointers = append(pointers, tilePointer{r.dst, a.bytes(), r.pixel, 2})
	}
	r.transform = newTransform(a, wa, wb, wa2, wb2)
	groups := r.groups([][]int{{0, 1, 2, 3}}, [][]int{{0, 1}, {2, 3}})
	r.held, r.tmp = a.vectors("held", 6*len(groups[0])), a.vectors("tmp", 4)
	a.overTiles(func(at, _ *reg) {
		for n, group := range groups {
			r.group(at, n, group, pool)
		}
	}, pointers...)
}

// group computes a group of rows; at is scratch.
func (r *resultTile) group(at *reg, n int, group []int, pool bool) {
	r.comment("rows %v", group)
	r.i("MOVQ %s, %s", r.src, at)
	for j := range 6 {
		r.result1(func(i int) any { return r.planes.at(at, i) }, group, r.tmp,
			func(row int) *reg { return r.held[6*(row-group[0])+j] })
		if j < 5 {
			r.i("ADDQ %s, %s", r.plane, at)
		}
	}
	switch { // the first row of the group
	case n == 0:
		r.i("MOVQ %s, %s", r.dst, at)
	case pool:
		r.i("LEAQ (%s)(%s*1), %s", r.dst, r.row, at)
	default:
		r.i("LEAQ (%s)(%s*2), %s", r.dst, r.row, at)
	}
	for g := range group {
		held := r.held[6*g:]
		r.result1(func(j int) any { return held[j] }, upTo(0, 4), r.tmp, func(j int) *reg { return held[j] })
		for j := range 4 {
			r.add(r.bias.mem(0), held[j], held[j])
		}
		if pool {
			continue
		}
		floor := r.tmp[0]
		r.load(r.floor.mem(0), floor)
		for j := range 4 {
			r.v("VMAXPS", held[j], floor, held[j]) // NaN stays: the instruction returns its second operand
			r.store(held[j], r.pixels.at(at, j))
		}
		if g < len(group)-1 {
			r.i("ADDQ %s, %s", r.row, at)
		}
	}
	if !pool {
		return
	}
	for g := 0; g < len(group); g += 2 {
		r.poolRow(at, r.held[6*g:6*g+12], []*reg{r.argmax, r.argmax2}[group[g]/2])
		if g+2 < len(group) {
			r.i("ADDQ %s, %s", r.row, at)
		}
	}
}

// poolRow pools two rows of four results, with ReLU, and stores the maxima at a register and their argmax at
// another. The rows are registers 0 to 3 and 6 to 9; the others are free.
func (r *resultTile) poolRow(at *reg, rows []*reg, argmax *reg) {
	position, mask, zero, spare := rows[4], rows[5], rows[10], rows[11]
	r.comment("pool two rows")
	r.zero(zero)
	for q := range 2 {
		best := rows[2*q]
		r.zero(position)
		for n, x := range []*reg{rows[2*q+1], rows[2*q+6], rows[2*q+7]} {
			r.take("$0x1e", best, x, mask, x, best, n+1, position) // x > best, ordered
		}
		r.take("$0x12", zero, best, mask, zero, best, 4, position) // best <= 0, ordered: kernel.NoArgmax2x2
		y, bytes := at.mem(0), argmax.mem(0)
		if q == 1 {
			y, bytes = at.memPlus(r.pixel, 1, 0), argmax.memPlus(r.argPixel, 1, 0)
		}
		r.store(best, y)
		if r.is512() {
			r.i("VPMOVDB %s, %s", position, bytes)
		} else {
			r.storeBytes(position, spare, bytes)
		}
	}
}

// take sets best to x and position to a number where a comparison of p with q holds.
func (t *transform) take(predicate string, q, p, mask, x, best *reg, number int, position *reg) {
	if t.is512() {
		holds := t.mask("holds")
		t.v("VCMPPS", predicate, q, p, holds)
		t.blend(holds, x, best)
		t.v("VMOVDQU32", t.bits(uint32(number)), holds, position)
		t.free(holds)
		return
	}
	t.v("VCMPPS", predicate, q, p, mask)
	t.blend(mask, x, best)
	t.v("VBLENDVPS", mask, t.bits(uint32(number)), position, position)
}
