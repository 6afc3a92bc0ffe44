package main

// This file writes what is done with the sums of a tile.

// addResidual adds the residual, if there is one. It has the strides of C.
func (t *product) addResidual() {
	t.comment("the residual, if there is one")
	p, stride := t.pointer("Residual"), t.pointer("CStride")
	y := t.asm.vectors("residual", t.vectors)
	t.i("TESTQ %s, %s\nJEQ activate", p, p)
	t.overRows(p, stride, func(row int) {
		t.loadRow(p, t.tail, y)
		for j, sum := range t.sums[row] {
			t.v("VADDPS", y[j], sum, sum)
		}
	})
	t.at("activate")
	t.free(p, stride)
	t.free(y...)
}

// activate applies ReLU if the field ReLU is not 0. If limited is set, it also applies the limit, if that is not 0.
func (t *product) activate(limited bool) {
	t.comment("ReLU")
	bound := t.vector("bound")
	t.i("CMPQ %s, $0\nJEQ store", t.args.field("ReLU"))
	t.zero(bound)
	t.eachSum(func(sum *reg) { t.v("VMAXPS", sum, bound, sum) }) // NaN stays NaN: the instruction returns its second operand
	if limited {
		t.i("CMPL %s, $0\nJEQ store", t.args.field("Limit"))
		t.v("VBROADCASTSS", t.args.field("Limit"), bound)
		t.eachSum(func(sum *reg) { t.v("VMINPS", sum, bound, sum) })
	}
	t.at("store")
	t.free(bound)
}

// storeRow stores the vectors of a row.
func (t *product) storeRow(row int, tail, to *reg) {
	t.eachVector(tail, func(j int, mask *reg) { t.storePart(t.sums[row][j], mask, to.mem(j*t.bytes())) })
}

// store stores the sums.
func (t *product) store() {
	t.comment("store the result")
	store := func(tail *reg) { t.rowsOf("C", "CStride", func(row int, p *reg) { t.storeRow(row, tail, p) }) }
	if t.is512() {
		store(t.tail)
	} else {
		t.wholeOrPart(store)
	}
}

// storePast stores the sums past the caches. All vectors must be whole and aligned.
func (t *product) storePast(p, stride *reg) {
	t.overRows(p, stride, func(row int) {
		for j, sum := range t.sums[row] {
			t.v("VMOVNTPS", sum, p.mem(j*t.bytes()))
		}
	})
}

// poolAndStore stores the maximum of the four pixels of each window, with ReLU, and its position. The rows are those of
// the windows' first line, then those of the second.
func (t *product) poolAndStore(pooled int) {
	t.comment("positions in the window; 4: ReLU set the maximum to 0")
	var positions []*reg
	for n := range 4 {
		p := t.vector("position")
		t.integer(uint32(n+1), p)
		positions = append(positions, p)
	}
	argmax, zero, greater := t.vector("argmax"), t.vector("zero"), t.mask("greater")
	t.zero(zero)
	c, cStride, to, toStride := t.pointer("C"), t.pointer("CStride"), t.pointer("Argmax"), t.pointer("ArgmaxStride")
	for q := range pooled {
		t.comment("window %d", q)
		for j, best := range t.sums[2*q] {
			t.zero(argmax)
			for n, row := range []int{2*q + 1, 2*pooled + 2*q, 2*pooled + 2*q + 1} {
				x := t.sums[row][j]
				t.v("VCMPPS", "$0x1e", best, x, greater) // x > best, ordered
				t.blend(greater, x, best)
				t.blend(greater, positions[n], argmax)
			}
			t.v("VCMPPS", "$0x12", zero, best, greater) // best <= 0, ordered
			t.blend(greater, zero, best)
			t.blend(greater, positions[3], argmax)
			if !t.is512() {
				t.packBytes(argmax, greater)
			}
			t.wholeOrPart(func(tail *reg) {
				if j < t.vectors-1 {
					tail = nil
				}
				t.storePart(best, tail, c.mem(j*t.bytes()))
				t.storeArgmax(argmax, tail, to.mem(j*t.lanes))
			})
		}
		if q < pooled-1 {
			t.i("ADDQ %s, %s\nADDQ %s, %s", cStride, c, toStride, to)
		}
	}
	t.free(append(positions, argmax, zero, greater, c, cStride, to, toStride)...)
}

// storeArgmax stores the lanes of a vector as bytes. For AVX2 they are already packed.
func (t *product) storeArgmax(x, tail *reg, m string) {
	switch {
	case t.is512() && tail == nil:
		t.i("VPMOVDB %s, %s", x, m)
	case t.is512():
		t.i("VPMOVDB %s, %s\nVMOVDQU8 %s, %s, %s", x, x.as("X"), x.as("X"), tail, m)
	case tail == nil:
		t.i("VMOVQ %s, %s", x.as("X"), m)
	default:
		bytes, count, p := t.general("bytes"), t.general("count"), t.general("to")
		t.i("VMOVQ %s, %s\nPOPCNTQ %s, %s\nLEAQ %s, %s", x.as("X"), bytes, t.args.field("Mask"), count, m, p)
		label := t.newLabel("byte")
		t.at(label)
		t.i("MOVB %s, %s\nSHRQ $8, %s\nINCQ %s\nDECQ %s\nJNE %s", bytes, p.mem(0), bytes, p, count, label)
		t.free(bytes, count, p)
	}
}

// nextTile jumps to done after the last tile. Otherwise it adds the second field of each pair to the first.
func (t *product) nextTile(moves ...[2]string) {
	t.comment("the next tile")
	t.i("DECQ %s\nJEQ done", t.args.field("tiles"))
	for _, m := range moves {
		t.advance(m[0], m[1])
	}
}

// packBytes packs the eight lanes of a vector of AVX2 to bytes, in the lower half of its X register.
func (a *asm) packBytes(x, spare *reg) {
	a.i("VEXTRACTI128 $1, %s, %s", x, spare.as("X"))
	a.i("VPACKUSDW %s, %s, %[2]s", spare.as("X"), x.as("X"))
	a.i("VPACKUSWB %s, %[1]s, %[1]s", x.as("X"))
}
