package main

import "fmt"

// depthwiseTile writes a function that computes tiles of neighboring results, all channels of a
// tile before the next tile.
type depthwiseTile struct {
	depthwiseFunction
	pixels        int  // results of a tile
	exact         bool // else the number of results is in line.pixels, and pixels is the maximum
	width, stride int  // of the window; a width of 0: any window
	groups        bool

	n         *reg         // line.pixels
	pixel     *reg         // line.xPixel
	multiples map[int]*reg // of pixel: 3, 5 and 7
	tap       string       // line.wTap
	from, to  *reg         // the tile's columns that are inside the image, counted from its first
	x, w      *reg         // source and weights of a row of the window
	rows      *reg         // rows of the window that are left
	sums      []*reg
}

func (t *depthwiseTile) write() {
	t.begin()
	t.channel, t.pixel = t.general("channel"), t.general("pixel")
	t.i("MOVQ %s, %s", t.l.field("xPixel"), t.pixel)
	if !t.exact {
		t.n = t.general("results")
		t.i("MOVQ %s, %s", t.l.field("pixels"), t.n)
	}
	t.tap = t.l.field("wTap")
	if !t.groups { // groups leave no register
		tap := t.general("tap")
		t.i("MOVQ %s, %s", t.tap, tap)
		t.tap = tap.String()
	}
	if t.width > 0 {
		t.from, t.to = t.general("from"), t.general("to")
	} else {
		t.setMultiples()
	}
	t.comment("a tile of results")
	t.at("tile")
	if t.width > 0 {
		t.setColumns()
	}
	t.eachVector(t.results)
	t.comment("the next tile")
	step := t.general("step")
	for _, next := range []struct{ step, field string }{{"xTile", "xAt"}, {"yTile", "yAt"}, {"columnTile", "column"}} {
		if next.field != "column" || t.width > 0 {
			t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field(next.step), step, step, t.l.field(next.field))
		}
	}
	t.i("DECQ %s\nJNE tile", t.l.field("tiles"))
	if t.is512() {
		t.i("CMPQ %s, $0\nJEQ done\nSFENCE", t.l.field("stream"))
		t.at("done")
	}
	t.ret()
}

// setMultiples computes the multiples of pixel that an address cannot express as index and scale.
func (t *depthwiseTile) setMultiples() {
	t.multiples = map[int]*reg{}
	for _, m := range []struct{ n, base, scale int }{{3, 1, 2}, {5, 1, 4}, {7, 3, 4}} {
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

// setColumns computes which of the columns under the tile are inside the image.
func (t *depthwiseTile) setColumns() {
	t.comment("its columns inside the image")
	t.i("XORQ %s, %s\nSUBQ %s, %s", t.from, t.from, t.l.field("column"), t.from)
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("width"), t.to, t.from, t.to)
	if t.exact {
		return
	}
	t.i("CMPQ %s, %s\nJLT inside\nMOVQ %s, %s", t.to, t.l.field("columns"), t.l.field("columns"), t.to)
	t.at("inside")
}

// source is the address of result p's pixel, given that of result 0.
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

// eachSum writes code for each result of the tile; f gets the result's sum.
func (t *depthwiseTile) eachSum(name string, f func(p int, sum *reg)) {
	for p, sum := range t.sums {
		f(p, sum)
		if !t.exact && p < t.pixels-1 {
			t.i("CMPQ %s, $%d\nJEQ %s", t.n, p+1, name)
		}
	}
	if !t.exact {
		t.at(name)
	}
}

// results writes the results of a vector of channels.
func (t *depthwiseTile) results() {
	t.sums = t.vectors("sum", t.pixels)
	t.start()
	t.x, t.w, t.rows = t.general("x"), t.general("w"), t.general("rows")
	t.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ sums", t.l.field("rows"), t.rows, t.rows, t.rows)
	if t.width == 0 {
		t.i("CMPQ %s, $0\nJEQ sums", t.l.field("taps"))
	}
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("x"), t.x, t.l.field("xAt"), t.x)
	t.addChannel(t.x)
	if !t.narrow {
		t.fetch()
	}
	t.i("MOVQ %s, %s", t.l.field("w"), t.w)
	t.addChannel(t.w)
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

// start sets the sums to the bias, or to 0.
func (t *depthwiseTile) start() {
	bias := t.general("bias")
	t.comment("sums start from the bias")
	t.zero(t.sums[0])
	t.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ start", t.l.field("bias"), bias, bias, bias)
	t.addChannel(bias)
	t.load(bias.mem(0), t.sums[0])
	t.at("start")
	for _, sum := range t.sums[1:] {
		t.v("VMOVAPS", t.sums[0], sum)
	}
	t.free(bias)
}

// fetch prefetches the pixels that the rows below will read. A loop over pixels costs large images
// 10 % with AVX-512, so tiles with a built-in size have none.
func (t *depthwiseTile) fetch() {
	if t.isNEON() {
		return
	}
	rows, row, n := t.rows, t.w, t.general("n")
	at := t.general("at")
	t.comment("prefetch rows for later")
	t.i("CMPQ %s, $0\nJEQ fetched", t.l.field("fetch"))
	t.i("MOVQ %s, %s", t.l.field("fetch"), rows)
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("ahead"), row, t.x, row)
	t.at("fetchRow")
	t.i("MOVQ %s, %s", row, at)
	if t.exact {
		for range t.pixels * max(1, t.stride) {
			t.i("PREFETCHT0 %s\nADDQ %s, %s", at.mem(0), t.pixel, at)
		}
	} else {
		t.i("MOVQ %s, %s", t.l.field("fetched"), n)
		t.at("fetchPixel")
		t.i("PREFETCHT0 %s\nADDQ %s, %s\nDECQ %s\nJNE fetchPixel", at.mem(0), t.pixel, at, n)
	}
	t.i("ADDQ %s, %s\nDECQ %s\nJNE fetchRow", t.l.field("xRow"), row, rows)
	t.i("MOVQ %s, %s", t.l.field("rows"), rows)
	t.at("fetched")
	t.free(n, at)
}

// anyRow multiplies a row of any number of taps, at any distance. With groups, a tap has weights for
// each channel of a group.
func (t *depthwiseTile) anyRow() {
	weight := t.vector("weight")
	at, weights, taps := t.general("at"), t.general("weights"), t.general("taps")
	t.i("MOVQ %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", t.x, at, t.w, weights, t.l.field("taps"), taps)
	t.comment("a tap")
	t.at("tap")
	if t.groups {
		t.members(at, weights, weight)
	} else {
		spare := t.vector("spare")
		t.load(weights.mem(0), weight)
		t.eachSum("tapDone", func(p int, sum *reg) { t.multiply(t.source(at, p), weight, sum, spare) })
		t.free(spare)
	}
	t.i("ADDQ %s, %s\nADDQ %s, %s\nDECQ %s\nJNE tap", t.l.field("xTap"), at, t.tap, weights, taps)
	t.free(weight, at, weights, taps)
}

// members multiplies a tap by each member of the groups. line.members says which lanes of a pixel
// hold the member.
func (t *depthwiseTile) members(at, weights, weight *reg) {
	lanes, members := t.vector("lanes of the member"), t.vectors("member", 2)
	index, n := t.general("member"), t.general("members")
	t.i("MOVQ %s, %s\nMOVQ %s, %s", t.l.field("members"), index, t.l.field("group"), n)
	t.comment("a member of the group")
	t.at("member")
	t.load(weights.mem(0), weight)
	t.v("VMOVUPS", index.mem(0), lanes)
	if t.isNEON() {
		t.i("ADDQ %s, %s", index.mem(neonMemberAdvance), at)
	}
	t.i("ADDQ %s, %s", t.l.field("wMember"), weights)
	t.eachSum("memberDone", func(p int, sum *reg) {
		to := members[p%2]
		if t.mask == nil {
			t.v("VPERMPS", t.source(at, p), lanes, to)
		} else {
			t.load(t.source(at, p), to)
			t.v("VPERMPS", to, lanes, to)
		}
		t.v("VFMADD231PS", to, weight, sum)
	})
	t.i("ADDQ $%d, %s\nDECQ %s\nJNE member", t.memberRow(), index, n)
	t.free(lanes, index, n)
	t.free(members...)
}

// memberRow is the size of a row of line.members.
func (v vec) memberRow() int {
	if v.isNEON() {
		return neonMemberRow
	}
	return 64
}

// windowRow multiplies a row of the window. It loads each column of pixels once and skips columns
// outside the image. If the tile has fewer results than sums, the other sums are garbage and not stored.
func (t *depthwiseTile) windowRow() {
	weights, at := t.vectors("weight", t.width), t.general("at")
	t.windowWeights(weights, at)
	pixel := t.vectors("pixel", 2)
	t.i("MOVQ %s, %s", t.x, at)
	columns := t.stride*(t.pixels-1) + t.width
	for c := range columns {
		if c > 0 {
			t.i("ADDQ %s, %s", t.pixel, at)
		}
		if c > 0 && !t.exact || c >= columns-t.width/2 {
			t.i("CMPQ %s, $%d\nJLE columns", t.to, c)
		}
		skip := fmt.Sprintf("column%d", c+1)
		if c < t.width/2 {
			t.i("CMPQ %s, $%d\nJGT %s", t.from, c, skip)
		}
		var users []int
		for p := range t.pixels {
			if k := c - t.stride*p; k >= 0 && k < t.width {
				users = append(users, p)
			}
		}
		x := pixel[c%2]
		if len(users) == 1 {
			t.multiply(at.mem(0), weights[c-t.stride*users[0]], t.sums[users[0]], x)
		} else if len(users) > 0 {
			t.load(at.mem(0), x)
			for _, p := range users {
				t.v("VFMADD231PS", x, weights[c-t.stride*p], t.sums[p])
			}
		}
		if c < t.width/2 {
			t.at(skip)
		}
	}
	t.at("columns")
	t.free(pixel...)
	t.free(weights...)
	t.free(at)
}

// windowWeights loads the weights of a row of the window.
func (t *depthwiseTile) windowWeights(weights []*reg, at *reg) {
	for k, weight := range weights {
		switch k {
		case 0:
			t.load(t.w.mem(0), weight)
		case 3:
			t.i("LEAQ (%s)(%s*2), %s", t.w, t.tap, at)
			t.load(fmt.Sprintf("(%s)(%s*1)", at, t.tap), weight)
		default:
			t.load(fmt.Sprintf("(%s)(%s*%d)", t.w, t.tap, k), weight)
		}
	}
}

// finish clamps the sums and stores them.
func (t *depthwiseTile) finish() {
	low, high := t.vector("low"), t.vector("high")
	y, pixel := t.general("y"), t.general("pixel of y")
	t.comment("clamp and store the results")
	t.v("VBROADCASTSS", t.l.field("low"), low)
	t.v("VBROADCASTSS", t.l.field("high"), high)
	t.i("MOVQ %s, %s\nADDQ %s, %s", t.l.field("y"), y, t.l.field("yAt"), y)
	t.addChannel(y)
	t.i("MOVQ %s, %s", t.l.field("yPixel"), pixel)
	limit := func(sum *reg) {
		t.v("VMAXPS", sum, low, sum) // NaN stays NaN: the instruction returns its second operand
		t.v("VMINPS", sum, high, sum)
	}
	if t.is512() {
		t.i("CMPQ %s, $0\nJEQ keep", t.l.field("stream"))
		t.eachSum("streamed", func(p int, sum *reg) {
			limit(sum)
			t.v("VMOVNTPS", sum, y.mem(0))
			t.i("ADDQ %s, %s", pixel, y)
		})
		t.i("JMP stored")
		t.at("keep")
	}
	t.eachSum("kept", func(p int, sum *reg) {
		limit(sum)
		t.store(sum, y.mem(0))
		t.i("ADDQ %s, %s", pixel, y)
	})
	if t.is512() {
		t.at("stored")
	}
	t.free(low, high, y, pixel)
}
