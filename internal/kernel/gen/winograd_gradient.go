package main

import "fmt"

// gradient1 is the gradient's transform of four y. tmp has three registers; done is called for each row, in
// ascending order.
func (t *transform) gradient1(y func(n int) *reg, rows []int, tmp []*reg, out func(row int) *reg, done func(row int, r *reg)) {
	e, o := tmp[0], tmp[1]
	for i := 0; i < len(rows); i++ {
		switch row := rows[i]; row {
		case 0, 5:
			x := y(row / 5 * 3)
			if r := out(row); r != nil && r != x {
				t.copy(x, r)
				x = r
			}
			done(row, x)
		case 1, 3: // rows 1 and 2: (y0 + a2*y2) +- a*(y1 + a2*y3); 3 and 4: b in place of a
			square, factor := wa2, wa
			if row == 3 {
				square, factor = wb2, wb
			}
			t.copy(y(0), e)
			t.addTimes(square, y(2), e)
			t.copy(y(1), o)
			t.addTimes(square, y(3), o)
			to := or(out(row), tmp[2])
			t.copy(e, to)
			t.addTimes(factor, o, to)
			done(row, to)
			t.subTimes(factor, o, e)
			if r := out(row + 1); r != nil {
				t.copy(e, r)
				done(row+1, r)
			} else {
				done(row+1, e)
			}
			i++
		}
	}
}

// gradientTile are the registers of a function that transforms gradients.
type gradientTile struct {
	*transform
	pixel, argPixel *reg
	rows            []*reg // of dy, or two pooled ones
	argmax          []*reg // two pooled rows
	pixels          strides
}

func winogradGradient(f *family, v vec, pooled bool) {
	params := []string{"dst *float32", "plane uintptr", "tile uintptr", "src *float32", "row uintptr", "pixel uintptr", "n int"}
	var a *asm
	if pooled {
		a = f.fn(v, "gradientPooled", "is GradientPooled for n vectors of channels; strides are in bytes, and those of argmax in elements.",
			append(params, "argmax *uint8", "argmaxRow uintptr", "argmaxPixel uintptr", "tiles int", "upper int", "lower int")...)
	} else {
		a = f.fn(v, "gradient", "is Gradient for n vectors of channels; strides are in bytes.", append(params, "tiles int", "upper int", "lower int")...)
	}
	dst, plane := a.param("dst"), a.param("plane")
	src, row := a.param("src"), a.param("row")
	t := &gradientTile{pixel: a.param("pixel")}
	pointers := []tilePointer{{dst, a.bytes(), a.arg("tile"), 0}}
	if pooled {
		a.i("ADDQ %s, %s", src, row) // the second row
		t.rows = []*reg{src, row}
		t.argmax, t.argPixel = []*reg{a.param("argmax"), a.param("argmaxRow")}, a.param("argmaxPixel")
		a.i("ADDQ %s, %s", t.argmax[0], t.argmax[1])
		for i := range 2 {
			pointers = append(pointers, tilePointer{t.rows[i], a.bytes(), t.pixel, 1}, tilePointer{t.argmax[i], a.lanes, t.argPixel, 1})
		}
	} else {
		t.rows = []*reg{src, a.general("row 1"), a.general("row 2"), a.general("row 3")}
		for i := 1; i < 4; i++ {
			a.i("LEAQ (%s)(%s*1), %s", t.rows[i-1], row, t.rows[i])
		}
		t.pixels = a.strides(t.pixel, false)
		for _, r := range t.rows {
			pointers = append(pointers, tilePointer{r, a.bytes(), t.pixel, 2})
		}
	}
	a.comment("the plane of the sum comes after 18 planes, or after 36")
	sums := a.general("plane of sums")
	a.i("LEAQ (%s)(%[1]s*8), %s\nADDQ %[2]s, %[2]s\nCMPQ %[3]s, $0\nJEQ half\nADDQ %[2]s, %[2]s", plane, sums, a.arg("lower"))
	a.at("half")
	t.transform = newTransform(a, wa2)
	a.overTiles(func(to, _ *reg) {
		a.i("MOVQ %s, %s", dst, to)
		if a.is512() {
			t.large(dst, plane, sums, to)
		} else {
			t.small(dst, plane, sums, to)
		}
	}, pointers...)
}

// small transforms a vector of channels of a tile with 16 registers: one or two rows of the transform at a time.
func (t *gradientTile) small(dst, plane, sums, to *reg) {
	held, y, tmp := t.vectors("held", 4*2), t.vectors("y", 4), t.vectors("tmp", 3)
	t.halves([][]int{{0}, {1, 2}, {3, 4}, {5}}, func(group []int) {
		all := len(group) > 1 && group[0] < 3 // this group needs all y, once
		for j := range 4 {
			t.column(group, j, y, tmp[0])
			if all {
				t.sum(j, y, tmp[2])
			}
			t.gradient1(func(i int) *reg { return y[i] }, group, tmp,
				func(row int) *reg { return held[4*(row-group[0])+j] }, func(int, *reg) {})
		}
		if all {
			t.store(tmp[2], dst.memPlus(sums, 1, 0))
		}
		t.along(held, len(group), tmp, plane, to)
	})
	t.free(append(append(held, y...), tmp...)...)
}

// large does the same with 32 registers: it loads y once for all rows of the transform.
func (t *gradientTile) large(dst, plane, sums, to *reg) {
	held, y, tmp := t.vectors("held", 4*6), t.vectors("y", 4), t.vectors("tmp", 3)
	halves := [][]int{{0, 1, 2}, {3, 4, 5}}
	// These registers are written and read under the same condition, which the generator's checks do not know: mark
	// them as written.
	for _, r := range append(held[:len(held):len(held)], tmp[2]) {
		t.replace(fmt.Sprintf("VPXORQ %s, %[1]s, %[1]s", r), func() {})
	}
	for j := range 4 {
		t.comment("column %d", j)
		t.column(halves[0], j, y, tmp[0])
		for half, rows := range halves {
			skip := fmt.Sprintf("skip%d%d", half, j)
			t.i("CMPQ %s, $0\nJEQ %s", t.arg([]string{"upper", "lower"}[half]), skip)
			if half == 0 {
				t.sum(j, y, tmp[2])
			}
			t.gradient1(func(i int) *reg { return y[i] }, rows, tmp,
				func(row int) *reg { return held[4*row+j] }, func(int, *reg) {})
			t.at(skip)
		}
	}
	t.halves(halves, func(rows []int) {
		if rows[0] == 0 {
			t.store(tmp[2], dst.memPlus(sums, 1, 0))
		}
		t.along(held[4*rows[0]:], len(rows), tmp, plane, to)
	})
	t.free(append(append(held, y...), tmp...)...)
}

// sum adds column j of dy to a sum, or starts it.
func (t *gradientTile) sum(j int, y []*reg, sum *reg) {
	if j == 0 {
		t.copy(y[0], sum)
	}
	for i := range 4 {
		if i+j > 0 {
			t.add(y[i], sum, sum)
		}
	}
}

// along transforms rows, each of four registers, and stores the planes.
func (t *gradientTile) along(held []*reg, rows int, tmp []*reg, plane, to *reg) {
	for g := range rows {
		t.gradient1(func(j int) *reg { return held[4*g+j] }, upTo(0, 6), tmp,
			func(int) *reg { return nil }, func(_ int, r *reg) {
				t.store(r, to.mem(0))
				t.i("ADDQ %s, %s", plane, to)
			})
	}
}

// column loads those rows of column j of dy that a group of rows of the transform needs.
func (t *gradientTile) column(group []int, j int, y []*reg, argmax *reg) {
	for pair := range 2 { // of rows
		switch {
		case len(group) == 1 && pair != group[0]/5:
		case t.argmax != nil:
			t.unpool(pair, j, y[2*pair:], argmax)
		default:
			t.load(t.pixels.at(t.rows[2*pair], j), y[2*pair])
			t.load(t.pixels.at(t.rows[2*pair+1], j), y[2*pair+1])
		}
	}
}

// unpool loads column j of a pair of rows from the pooled gradient to two registers.
func (t *gradientTile) unpool(pair, j int, y []*reg, argmax *reg) {
	g, at := t.rows[pair].mem(0), t.argmax[pair].mem(0)
	if j/2 == 1 {
		g, at = t.rows[pair].memPlus(t.pixel, 1, 0), t.argmax[pair].memPlus(t.argPixel, 1, 0)
	}
	t.v("VPMOVZXBD", at, argmax)
	for n, position := range []int{j % 2, 2 + j%2} {
		if t.is512() {
			equal := t.mask("equal")
			t.v("VPCMPEQD", t.bits(uint32(position)), argmax, equal)
			t.v("VMOVUPS.Z", g, equal, y[n])
			t.free(equal)
			continue
		}
		t.v("VPCMPEQD", t.bits(uint32(position)), argmax, y[n])
		t.v("VANDPS", g, y[n], y[n])
	}
}
