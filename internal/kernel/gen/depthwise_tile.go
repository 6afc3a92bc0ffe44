package main

import "fmt"

// depthwiseTile is a function that makes tiles of some results next to each other, all channels
// of one tile before the next tile.
type depthwiseTile struct {
	depthwiseFunction
	pixels        int // results of a tile
	width, stride int // of the window; a width of 0: any window
	groups        bool

	pixel           *reg         // bytes from pixel to pixel of the source; in any window, from the first tap of a result to that of the next
	multiples       map[int]*reg // of pixel
	tap             *reg         // bytes from tap to tap
	column, columns *reg         // of the source, under a tile's first tap; how many there are
	x, w            *reg         // source and weights of a row of the window
	rows            *reg         // of the window, to be done
	sums            []*reg
}

// sourcePixels are how many pixels a tile goes on by.
func (t *depthwiseTile) sourcePixels() int { return t.pixels * max(1, t.stride) }

func (t *depthwiseTile) write() {
	t.begin(false)
	t.pixel, t.tap = t.general("pixel"), t.general("tap")
	t.i("MOVQ %s, %s\nMOVQ %s, %s", t.l.field("xPixel"), t.pixel, t.l.field("wTap"), t.tap)
	if t.width > 0 {
		t.column, t.columns = t.general("column"), t.general("columns")
		t.i("MOVQ %s, %s\nMOVQ %s, %s", t.l.field("column"), t.column, t.l.field("width"), t.columns)
	} else {
		t.setMultiples()
	}
	t.comment("a tile: %d results", t.pixels)
	t.at("tile")
	t.eachVector(t.results)
	t.comment("the next tile")
	to := t.general("next")
	if t.width > 0 {
		t.i("ADDQ $%d, %s", t.sourcePixels(), t.column)
	}
	t.i("IMUL3Q $%d, %s, %s\nADDQ %s, %s", t.sourcePixels(), t.pixel, to, to, t.l.field("xAt"))
	t.i("IMUL3Q $%d, %s, %s\nADDQ %s, %s", t.pixels, t.l.field("yPixel"), to, to, t.l.field("yAt"))
	t.i("DECQ %s\nJNE tile", t.l.field("tiles"))
	if t.is512() {
		t.i("CMPQ %s, $0\nJEQ done\nSFENCE", t.l.field("stream"))
		t.at("done")
	}
	t.ret()
}

// setMultiples sets the multiples of pixel that addresses cannot have by themselves.
func (t *depthwiseTile) setMultiples() {
	t.multiples = map[int]*reg{}
	for _, m := range []struct{ n, base, index, scale int }{{3, 1, 1, 2}, {5, 1, 1, 4}, {7, 3, 1, 4}} {
		if t.pixels <= m.n {
			break
		}
		base := t.pixel
		if m.base > 1 {
			base = t.multiples[m.base]
		}
		t.multiples[m.n] = t.general(fmt.Sprintf("%d pixels", m.n))
		t.i("LEAQ %s, %s", base.memPlus(t.pixel, m.scale, 0), t.multiples[m.n])
	}
}

// source is the address of the pixel of result p under a tap, whose first is at.
func (t *depthwiseTile) source(at *reg, p int) string {
	switch p {
	case 0:
		return at.mem(0)
	case 1, 2, 4:
		return at.memPlus(t.pixel, p, 0)
	case 6:
		return at.memPlus(t.multiples[3], 2, 0)
	}
	return at.memPlus(t.multiples[p], 1, 0)
}

// results makes the results for a vector of channels.
func (t *depthwiseTile) results() {
	t.sums = t.vectors("sum", t.pixels)
	t.start()
	t.x, t.w, t.rows = t.general("x"), t.general("w"), t.general("rows")
	t.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ sums", t.l.field("rows"), t.rows, t.rows, t.rows)
	if t.width == 0 {
		t.i("CMPQ %s, $0\nJEQ sums", t.l.field("taps"))
	}
	t.i("MOVQ %s, %s\nADDQ %s, %s\nADDQ %s, %s", t.l.field("x"), t.x, t.l.field("xAt"), t.x, t.l.field("channel"), t.x)
	t.fetch()
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("w"), t.w, t.l.field("channel"), t.w)
	if t.groups && t.isNEON() {
		t.neonStartGroup()
	}
	t.comment("a row of the window")
	t.at("row")
	if t.width > 0 {
		t.windowRow()
	} else {
		t.anyRow()
	}
	t.i("ADDQ %s, %s\nADDQ %s, %s\nDECQ %s\nJNE row", t.l.field("xRow"), t.x, t.l.field("wRow"), t.w, t.rows)
	t.at("sums")
	t.free(t.x, t.w, t.rows)
	t.finish()
	t.free(t.sums...)
}

// start sets the sums to the bias.
func (t *depthwiseTile) start() {
	bias := t.general("bias")
	t.comment("sums start from the bias")
	t.zero(t.sums[0])
	t.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ start\nADDQ %s, %s", t.l.field("bias"), bias, bias, bias, t.l.field("channel"), bias)
	t.load(bias.mem(0), t.sums[0])
	t.at("start")
	for _, sum := range t.sums[1:] {
		t.v("VMOVAPS", t.sums[0], sum)
	}
	t.free(bias)
}

// fetch prefetches pixels of rows that are read later.
func (t *depthwiseTile) fetch() {
	if t.isNEON() {
		return
	}
	rows, row, at, n := t.general("rows"), t.general("row"), t.general("at"), t.general("n")
	t.comment("fetch rows that are read later")
	t.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ fetched", t.l.field("fetch"), rows, rows, rows)
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("ahead"), row, t.x, row)
	t.at("fetchRow")
	t.i("MOVQ %s, %s\nMOVQ $%d, %s", row, at, t.sourcePixels(), n)
	t.at("fetchPixel")
	t.i("PREFETCHT0 %s\nADDQ %s, %s\nDECQ %s\nJNE fetchPixel", at.mem(0), t.pixel, at, n)
	t.i("ADDQ %s, %s\nDECQ %s\nJNE fetchRow", t.l.field("xRow"), row, rows)
	t.at("fetched")
	t.free(rows, row, at, n)
}

// anyRow goes over any number of taps, any distance apart. With groups, a tap has weights for
// each member of a group, and a vector of the lanes that hold it.
func (t *depthwiseTile) anyRow() {
	weight := t.vector("weight")
	at, weights, taps := t.general("at"), t.general("weights"), t.general("taps")
	t.i("MOVQ %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", t.x, at, t.w, weights, t.l.field("taps"), taps)
	t.comment("a tap")
	t.at("tap")
	if t.groups {
		lanes, member := t.vector("lanes of the member"), t.vectors("member", 2)
		index, n := t.general("member"), t.general("members")
		t.i("MOVQ %s, %s\nMOVQ %s, %s", t.l.field("members"), index, t.l.field("group"), n)
		t.comment("a member of the group")
		t.at("member")
		t.load(weights.mem(0), weight)
		t.v("VMOVUPS", index.mem(0), lanes)
		if t.isNEON() {
			t.i("ADDQ %s, %s", index.mem(16), at)
		}
		t.i("ADDQ %s, %s", t.l.field("wMember"), weights)
		for p, sum := range t.sums {
			to := member[p%2]
			if t.mask == nil {
				t.v("VPERMPS", t.source(at, p), lanes, to)
			} else {
				t.load(t.source(at, p), to)
				t.v("VPERMPS", to, lanes, to)
			}
			t.v("VFMADD231PS", to, weight, sum)
		}
		t.i("ADDQ $%d, %s\nDECQ %s\nJNE member", t.memberRow(), index, n)
		t.free(lanes, index, n)
		t.free(member...)
	} else {
		spare := t.vector("spare")
		t.load(weights.mem(0), weight)
		for p, sum := range t.sums {
			t.multiply(t.source(at, p), weight, sum, spare)
		}
		t.free(spare)
	}
	t.i("ADDQ %s, %s\nADDQ %s, %s\nDECQ %s\nJNE tap", t.l.field("xTap"), at, t.tap, weights, taps)
	t.free(weight, at, weights, taps)
}

// memberRow is the size of a row of line.members.
func (v vec) memberRow() int {
	if v.isNEON() {
		return 32
	}
	return 64
}

// windowRow goes over the columns of pixels under a row of the window, each of which is loaded
// once; those that may be outside of the image are left out when they are.
func (t *depthwiseTile) windowRow() {
	weights, at := t.vectors("weight", t.width), t.general("at")
	t.windowWeights(weights, at)
	pixel := t.vectors("pixel", min(2, t.regs-t.pixels-t.width-map[bool]int{true: 1}[t.mask != nil && !t.is512()]))
	t.i("MOVQ %s, %s", t.x, at)
	columns := t.stride*(t.pixels-1) + t.width
	for c := range columns {
		skip := ""
		if c < t.width/2 || c >= columns-t.width/2 {
			skip = fmt.Sprintf("skip%d", c)
			this := t.general("this column")
			t.i("LEAQ %s, %s\nCMPQ %s, %s\nJCC %s", t.column.mem(c), this, this, t.columns, skip)
			t.free(this)
		}
		var users []int
		for p := range t.pixels {
			if k := c - t.stride*p; k >= 0 && k < t.width {
				users = append(users, p)
			}
		}
		x := pixel[c%len(pixel)]
		if len(users) == 1 {
			t.multiply(at.mem(0), weights[c-t.stride*users[0]], t.sums[users[0]], x)
		} else if len(users) > 0 {
			t.load(at.mem(0), x)
			for _, p := range users {
				t.v("VFMADD231PS", x, weights[c-t.stride*p], t.sums[p])
			}
		}
		if skip != "" {
			t.at(skip)
		}
		if c < columns-1 {
			t.i("ADDQ %s, %s", t.pixel, at)
		}
	}
	t.free(pixel...)
	t.free(weights...)
	t.free(at)
}

// windowWeights loads the weights of a row of the window.
func (t *depthwiseTile) windowWeights(weights []*reg, spare *reg) {
	for k, weight := range weights {
		switch k {
		case 0:
			t.load(t.w.mem(0), weight)
		case 3:
			t.i("LEAQ %s, %s", t.w.memPlus(t.tap, 2, 0), spare)
			t.load(spare.memPlus(t.tap, 1, 0), weight)
		default:
			t.load(t.w.memPlus(t.tap, k, 0), weight)
		}
	}
}

// finish limits the sums and stores them.
func (t *depthwiseTile) finish() {
	low, high := t.vector("low"), t.vector("high")
	y, pixel := t.general("y"), t.general("pixel of y")
	t.comment("limits, and results")
	t.v("VBROADCASTSS", t.l.field("low"), low)
	t.v("VBROADCASTSS", t.l.field("high"), high)
	t.i("MOVQ %s, %s\nADDQ %s, %s\nADDQ %s, %s", t.l.field("y"), y, t.l.field("yAt"), y, t.l.field("channel"), y)
	t.i("MOVQ %s, %s", t.l.field("yPixel"), pixel)
	for _, sum := range t.sums {
		t.v("VMAXPS", sum, low, sum) // keeps NaN: the second operand of the instruction
		t.v("VMINPS", sum, high, sum)
	}
	each := func(store func(sum *reg)) {
		for p, sum := range t.sums {
			store(sum)
			if p < t.pixels-1 {
				t.i("ADDQ %s, %s", pixel, y)
			}
		}
	}
	if t.is512() {
		t.i("CMPQ %s, $0\nJEQ keep", t.l.field("stream"))
		each(func(sum *reg) { t.v("VMOVNTPS", sum, y.mem(0)) })
		t.i("JMP stored")
		t.at("keep")
	}
	each(func(sum *reg) { t.store(sum, y.mem(0)) })
	if t.is512() {
		t.at("stored")
	}
	t.free(low, high, y, pixel)
}
