package main

import "fmt"

// Offsets of depthwise.line.
const (
	lineX       = 0
	lineW       = 8
	lineY       = 16
	lineBias    = 24
	lineXRow    = 32
	lineXTap    = 40
	lineXPixel  = 48
	lineXAt     = 56
	lineWRow    = 64
	lineWTap    = 72
	lineYPixel  = 80
	lineYAt     = 88
	lineRows    = 96
	lineTaps    = 104
	lineColumn  = 112
	lineWidth   = 120
	lineTiles   = 128
	lineVectors = 136
	lineMask    = 144 // 0: no tail
	lineLanes   = 152
	lineLow     = 160
	lineHigh    = 164
	linePixels  = 168 // three numbers: guarded, free, guarded
	lineCount   = 192
	lineStream  = 200
	lineAhead   = 208
	lineFetch   = 216
	lineYAhead  = 224
	lineRight   = 232
	lineChannel = 240
	lineWMember = 248
	lineMembers = 256
)

// The width of a tile of results, pixels of a row; and with groups of channels.
const (
	maxPixels      = 8
	maxGroupPixels = 6
)

// depthwise writes the rows of package depthwise: tiles of up to eight pixels by a vector of
// channels, for any taps, and for windows three and five pixels wide; and the sums of the
// filters' gradient over a row.
func depthwise(f *family) {
	for _, v := range f.vecs {
		fmt.Fprintf(&f.code, "\nfunc tile%s(window, pixels int, l *line) {\n\tswitch window*16 + pixels {\n", v.name)
		for _, w := range []struct{ width, stride int }{{}, {3, 1}, {3, 2}, {5, 1}, {5, 2}} {
			for pixels := 1; pixels <= maxPixels; pixels++ {
				name := fmt.Sprintf("tile%dx%ds%d", pixels, w.width, w.stride)
				if w.width == 0 {
					name = fmt.Sprintf("tile%d", pixels)
				}
				fmt.Fprintf(&f.code, "\tcase %d*16 + %d:\n\t\t%s%s(l)\n", windowCode(w.width, w.stride), pixels, name, v.name)
				a := f.fn(v, name, "is tiles of rows of results; see line.", "l *line")
				a.depthwiseTiles(pixels, w.width, w.stride)
			}
		}
		for _, members := range groupSizes {
			for pixels := 1; pixels <= maxGroupPixels; pixels++ {
				name := fmt.Sprintf("tile%dg%d", pixels, members)
				fmt.Fprintf(&f.code, "\tcase %d*16 + %d:\n\t\t%s%s(l)\n", groupCode(members), pixels, name, v.name)
				a := f.fn(v, name, "is tiles of rows of results of channels in groups; see line.", "l *line")
				a.members = members
				a.depthwiseTiles(pixels, 0, 0)
			}
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"depthwise: no such tile\")\n\t}\n}\n")

		fmt.Fprintf(&f.code, "\nfunc sums%s(rows, window int, l *line) {\n\tswitch window*16 + rows {\n", v.name)
		for _, width := range []int{1, 3, 5} {
			for rows := 1; rows <= v.sumRows(width); rows++ {
				for stride := 1; stride <= min(width, 2); stride++ {
					name := fmt.Sprintf("sums%dx%ds%d", rows, width, stride)
					fmt.Fprintf(&f.code, "\tcase %d*16 + %d:\n\t\t%s%s(l)\n", windowCode(width, stride), rows, name, v.name)
					a := f.fn(v, name, "adds a row's products to the filters' gradient; see line.", "l *line")
					a.depthwiseSums(rows, width, stride)
				}
			}
		}
		for _, members := range groupSizes {
			name := fmt.Sprintf("sumsg%d", members)
			fmt.Fprintf(&f.code, "\tcase %d*16 + 1:\n\t\t%s%s(l)\n", groupCode(members), name, v.name)
			a := f.fn(v, name, "adds a row's products to the gradient of a tap of channels in groups; see line.", "l *line")
			a.members = members
			a.depthwiseGroupSums()
		}
		fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"depthwise: no such sums\")\n\t}\n}\n")
		for _, m := range groupSizes {
			if v.isNEON() {
				neonRepeat(f, m)
			} else {
				f.repeat(v, m)
			}
		}
	}
}

// repeat writes each number m times; index has, for each vector of results, the lanes that they
// come from.
func (f *family) repeat(v vec, m int) {
	a := f.fn(v, fmt.Sprintf("repeat%d", m), fmt.Sprintf("sets dst[i] = x[i/%d] for n vectors of x; index says which lanes.", m),
		"dst *float32", "x *float32", "index *int32", "n int")
	a.load("DI", "SI", "R8", "CX")
	for j := range m {
		a.v("VMOVUPS", mem(j*a.bytes(), "R8"), j)
	}
	a.loop("again")
	a.v("VMOVUPS", "(SI)", m)
	for j := range m {
		a.v("VPERMPS", m, j, m+1+j%2)
		a.v("VMOVUPS", m+1+j%2, mem(j*a.bytes(), "DI"))
	}
	a.i("ADDQ $%d, SI\nADDQ $%d, DI\nDECQ CX\nJNE again", a.bytes(), m*a.bytes())
	a.ret()
}

// groupSizes are the sizes of groups of channels that there is assembly for.
var groupSizes = []int{2, 4, 8}

// groupCode is depthwise.groupCode.
func groupCode(members int) int { return 16 + members }

// windowCode is depthwise.windowCode.
func windowCode(width, stride int) int { return width*2 + stride }

// sumRows is depthwise.sumRows: how many rows of a filter's gradient are made at once.
func (v vec) sumRows(width int) int {
	switch {
	case width == 1:
		return 1
	case width == 5 && !v.is512():
		return 2
	}
	return width
}

// tail loads the lanes of the last vector: K1, or the register mask.
func (a *asm) tail(mask int) {
	switch {
	case a.is512():
		a.i("KMOVW %d(DI), K1", lineMask)
	case a.isNEON():
		a.setLanes(mem(lineMask, "DI"))
	default:
		a.i("MOVQ %d(DI), AX", lineLanes)
		a.v("VMOVUPS", "(AX)", mask)
	}
}

// loadLanes loads a vector, or the lanes of the last one.
func (a *asm) loadLanes(m string, to, mask int, masked bool) {
	switch {
	case !masked:
		a.v("VMOVUPS", m, to)
	case a.is512():
		a.v("VMOVUPS.Z", m, "K1", to)
	default:
		a.v("VMASKMOVPS", m, mask, to)
	}
}

// storeLanes undoes loadLanes.
func (a *asm) storeLanes(from int, m string, mask int, masked bool) {
	switch {
	case !masked:
		a.v("VMOVUPS", from, m)
	case a.is512():
		a.v("VMOVUPS", from, "K1", m)
	default:
		a.v("VMASKMOVPS", from, mask, m)
	}
}

// loadMember loads, for each lane, member j of the lane's group of channels. In AVX-512, groups
// of eight take the places of their members from registers from index on.
func (a *asm) loadMember(m string, j, to, index, mask int, masked bool) {
	if masked {
		a.loadLanes(m, to, mask, true)
		m = a.reg(to)
	}
	switch {
	case a.members == 8 && a.is512():
		a.v("VPERMPS", m, index+j, to)
	case a.members == 8 && a.isNEON():
		a.neonMember(m, j, to)
	case a.members == 8 && masked:
		panic("groups of eight are whole vectors of AVX2")
	case a.members == 8:
		a.v("VBROADCASTSS", fmt.Sprint(4*j)+m, to)
	case a.members == 4:
		a.v("VPERMILPS", fmt.Sprintf("$%#02x", j*0x55), m, to)
	default:
		a.v("VPERMILPS", []string{"$0xa0", "$0xf5"}[j], m, to)
	}
}

// startGroup tells loadMember the channel, in bytes, of a vector.
func (a *asm) startGroup(channel string) {
	if a.members == 8 && a.isNEON() {
		a.neonStartGroup(channel)
	}
}

// loadIndex loads what loadMember wants in registers from index on; it uses AX.
func (a *asm) loadIndex(index int) {
	if a.members == 8 && a.is512() {
		a.i("MOVQ %d(DI), AX", lineMembers)
		for j := range a.members {
			a.v("VMOVUPS", mem(64*j, "AX"), index+j)
		}
	}
}

// multiplyLanes adds the product of a vector in memory and a register; it may use spare.
func (a *asm) multiplyLanes(m string, by, sum, spare, mask int, masked bool) {
	if !masked {
		a.v("VFMADD231PS", m, by, sum)
		return
	}
	a.loadLanes(m, spare, mask, true)
	a.v("VFMADD231PS", spare, by, sum)
}

// depthwiseTiles makes tiles, all channels of one before the next. DI is *line, R13 the
// channel in bytes, SI from pixel to pixel of the source.
func (a *asm) depthwiseTiles(pixels, width, stride int) {
	mask := a.regs - 1
	a.load("DI")
	a.i("MOVQ %d(DI), SI\nMOVQ %d(DI), R9", lineXPixel, lineWTap)
	if width == 0 {
		a.i("LEAQ (SI)(SI*2), R12\nLEAQ (SI)(SI*4), R15\nLEAQ (R12)(SI*4), R10")
	} else {
		a.i("MOVQ %d(DI), R12\nMOVQ %d(DI), R10", lineWidth, lineColumn)
	}
	a.tail(mask)
	a.loadIndex(maxPixels + 3)
	body := func(masked bool) {
		name := "whole"
		if masked {
			name = "part"
		}
		a.depthwiseStart(pixels, pixels*max(stride, 1), mask, masked, name)
		switch {
		case a.members > 0:
			a.depthwiseGroup(pixels, mask, masked, name)
		case width == 0:
			a.depthwiseAny(pixels, mask, masked, name)
		default:
			a.depthwiseWindow(pixels, width, stride, mask, masked, name)
		}
		a.depthwiseEnd(pixels, mask, masked, name)
	}
	a.at("tile")
	a.i("XORQ R13, R13\nMOVQ %d(DI), R14\nTESTQ R14, R14\nJEQ last", lineVectors)
	a.loop("vector")
	body(false)
	a.i("ADDQ $%d, R13\nDECQ R14\nJNE vector", a.bytes())
	a.at("last")
	if !a.wholeGroups() {
		a.i("CMPQ %d(DI), $0\nJEQ next", lineMask)
		body(true)
		a.at("next")
	}
	if width > 0 {
		a.i("ADDQ $%d, R10", pixels*stride)
	}
	a.i("IMUL3Q $%d, SI, AX\nADDQ AX, %d(DI)", pixels*max(stride, 1), lineXAt)
	a.i("IMUL3Q $%d, %d(DI), AX\nADDQ AX, %d(DI)", pixels, lineYPixel, lineYAt)
	a.i("DECQ %d(DI)\nJNE tile", lineTiles)
	if a.is512() {
		a.i("CMPQ %d(DI), $0\nJEQ done\nSFENCE", lineStream)
		a.at("done")
	}
	a.ret()
}

// depthwiseStart loads the sums from the bias, fetches pixels of rows that are read later, and
// sets DX to the source and BX to the weights of the first row.
func (a *asm) depthwiseStart(pixels, fetched, mask int, masked bool, name string) {
	a.i("MOVQ %d(DI), AX\nTESTQ AX, AX\nJEQ %sZero", lineBias, name)
	a.loadLanes("(AX)(R13*1)", 0, mask, masked)
	for p := 1; p < pixels; p++ {
		a.v("VMOVAPS", 0, p)
	}
	a.i("JMP %sBegin", name)
	a.at(name + "Zero")
	for p := range pixels {
		a.zero(p)
	}
	a.at(name + "Begin")
	a.i("MOVQ %d(DI), CX\nTESTQ CX, CX\nJEQ %sEnd", lineRows, name)
	a.i("MOVQ %d(DI), DX\nADDQ %d(DI), DX\nADDQ R13, DX", lineX, lineXAt)
	a.i("MOVQ %d(DI), R8\nTESTQ R8, R8\nJEQ %sFetched", lineFetch, name)
	a.i("MOVQ %d(DI), R11\nADDQ DX, R11", lineAhead)
	a.at(name + "Fetch")
	a.i("MOVQ R11, AX")
	for p := range fetched {
		a.i("PREFETCHT0 (AX)")
		if p < fetched-1 {
			a.i("ADDQ SI, AX")
		}
	}
	a.i("ADDQ %d(DI), R11\nDECQ R8\nJNE %sFetch", lineXRow, name)
	a.at(name + "Fetched")
	a.i("MOVQ %d(DI), BX\nADDQ R13, BX", lineW)
}

// nextRow goes to the next row of the window.
func (a *asm) nextRow(name string) {
	a.i("ADDQ %d(DI), DX\nADDQ %d(DI), BX\nDECQ CX\nJNE %sRow", lineXRow, lineWRow, name)
}

// wholeGroups says whether a group is a vector or some, so that there is no last vector that is not
// whole.
func (a *asm) wholeGroups() bool { return a.members > 0 && a.members%a.lanes == 0 }

// depthwiseSources are the addresses of a tap's pixels.
var depthwiseSources = []string{"(R8)", "(R8)(SI*1)", "(R8)(SI*2)", "(R8)(R12*1)", "(R8)(SI*4)", "(R8)(R15*1)", "(R8)(R12*2)", "(R8)(R10*1)"}

// depthwiseGroup is depthwiseAny for groups of channels: a tap has weights for each member of
// the group.
func (a *asm) depthwiseGroup(pixels, mask int, masked bool, name string) {
	weight, member := pixels, pixels+1
	a.startGroup("R13")
	a.i("CMPQ %d(DI), $0\nJEQ %sEnd", lineTaps, name)
	a.at(name + "Row")
	a.i("MOVQ DX, R8\nMOVQ BX, AX\nMOVQ %d(DI), R11", lineTaps)
	a.at(name + "Tap")
	for j := range a.members {
		a.loadLanes("(AX)", weight, mask, masked)
		a.i("ADDQ %d(DI), AX", lineWMember)
		for p := range pixels {
			to := member + p%2
			a.loadMember(depthwiseSources[p], j, to, maxPixels+3, mask, masked)
			a.v("VFMADD231PS", to, weight, p)
		}
	}
	a.i("ADDQ %d(DI), R8\nADDQ R9, AX\nDECQ R11\nJNE %sTap", lineXTap, name)
	a.nextRow(name)
}

// depthwiseAny goes over any number of taps, any distance apart.
func (a *asm) depthwiseAny(pixels, mask int, masked bool, name string) {
	weight, spare := pixels, pixels+1
	source := depthwiseSources
	a.i("CMPQ %d(DI), $0\nJEQ %sEnd", lineTaps, name)
	a.at(name + "Row")
	a.i("MOVQ DX, R8\nMOVQ BX, AX\nMOVQ %d(DI), R11", lineTaps)
	a.at(name + "Tap")
	a.loadLanes("(AX)", weight, mask, masked)
	for p := range pixels {
		a.multiplyLanes(source[p], weight, p, spare, mask, masked)
	}
	a.i("ADDQ %d(DI), R8\nADDQ R9, AX\nDECQ R11\nJNE %sTap", lineXTap, name)
	a.nextRow(name)
}

// depthwiseWindow goes over the columns of pixels under a row of the window, each of which is
// loaded once; those that may be outside of the image are left out when they are.
func (a *asm) depthwiseWindow(pixels, width, stride, mask int, masked bool, name string) {
	weights, x := pixels, pixels+width
	columns := stride*(pixels-1) + width
	a.at(name + "Row")
	a.i("MOVQ DX, R8")
	for k := range width {
		switch k {
		case 3:
			a.i("LEAQ (BX)(R9*2), AX")
			a.loadLanes("(AX)(R9*1)", weights+k, mask, masked)
		case 4:
			a.loadLanes("(BX)(R9*4)", weights+k, mask, masked)
		default:
			a.loadLanes([]string{"(BX)", "(BX)(R9*1)", "(BX)(R9*2)"}[k], weights+k, mask, masked)
		}
	}
	for c := range columns {
		skip := ""
		if c < width/2 || c >= columns-width/2 {
			skip = fmt.Sprintf("%sSkip%d", name, c)
			a.i("LEAQ %d(R10), R11\nCMPQ R11, R12\nJCC %s", c, skip)
		}
		var users []int
		for p := range pixels {
			if k := c - stride*p; k >= 0 && k < width {
				users = append(users, p)
			}
		}
		if len(users) == 1 && !masked {
			a.v("VFMADD231PS", "(R8)", weights+c-stride*users[0], users[0])
		} else if len(users) > 0 {
			to := x + c%max(1, min(2, mask-x))
			a.loadLanes("(R8)", to, mask, masked)
			for _, p := range users {
				a.v("VFMADD231PS", to, weights+c-stride*p, p)
			}
		}
		if skip != "" {
			a.at(skip)
		}
		if c < columns-1 {
			a.i("ADDQ SI, R8")
		}
	}
	a.nextRow(name)
}

// depthwiseEnd limits the sums and stores them.
func (a *asm) depthwiseEnd(pixels, mask int, masked bool, name string) {
	low, high := pixels, pixels+1
	a.at(name + "End")
	a.v("VBROADCASTSS", mem(lineLow, "DI"), low)
	a.v("VBROADCASTSS", mem(lineHigh, "DI"), high)
	a.i("MOVQ %d(DI), R8\nADDQ %d(DI), R8\nADDQ R13, R8\nMOVQ %d(DI), R11", lineY, lineYAt, lineYPixel)
	for p := range pixels {
		a.v("VMAXPS", p, low, p) // keeps NaN: the second operand of the instruction
		a.v("VMINPS", p, high, p)
	}
	store := func(each func(p int)) {
		for p := range pixels {
			each(p)
			if p < pixels-1 {
				a.i("ADDQ R11, R8")
			}
		}
	}
	if a.is512() && !masked {
		a.i("CMPQ %d(DI), $0\nJEQ %sKeep", lineStream, name)
		store(func(p int) { a.v("VMOVNTPS", p, "(R8)") })
		a.i("JMP %sStored", name)
		a.at(name + "Keep")
	}
	store(func(p int) { a.storeLanes(p, "(R8)", mask, masked) })
	a.at(name + "Stored")
}

// depthwiseSums keeps the sums of rows by width taps, and of the bias, in registers while it
// goes over the pixels of a row. Y is the gradient of the results, W the sums, Bias those of
// the bias or nil. At the edges BX is the column of the first tap; between them, rows that are
// read later are fetched. The stride is that of the fetching.
func (a *asm) depthwiseSums(rows, width, stride int) {
	mask := a.regs - 1
	bias := rows * width
	dy, x := bias+1, bias+2
	row := []string{"R8", "R10", "R11", "R12", "R13"}[:rows]
	column := []string{"", "(SI*1)", "(SI*2)", "(R9*1)", "(SI*4)"}
	a.load("DI")
	a.i("MOVQ %d(DI), SI\nLEAQ (SI)(SI*2), R9\nMOVQ %d(DI), R15", lineXPixel, lineXTap)
	a.i("MOVQ $0, %d(DI)", lineChannel)
	a.tail(mask)
	body := func(masked bool) {
		name := "whole"
		if masked {
			name = "part"
		}
		sums := func(each func(n int, m string)) {
			a.i("MOVQ %d(DI), AX\nADDQ %d(DI), AX", lineW, lineChannel)
			for n := range rows * width {
				if n > 0 {
					a.i("ADDQ %d(DI), AX", lineWTap)
				}
				each(n, "(AX)")
			}
		}
		sums(func(n int, m string) { a.loadLanes(m, n, mask, masked) })
		a.zero(bias)
		a.i("MOVQ %d(DI), %s\nADDQ %d(DI), %s\nADDQ %d(DI), %s\nMOVQ %d(DI), AX", lineX, row[0], lineXAt, row[0], lineChannel, row[0], lineXRow)
		for r := 1; r < rows; r++ {
			a.i("LEAQ (%s)(AX*1), %s", row[r-1], row[r])
		}
		a.i("MOVQ %d(DI), DX\nADDQ %d(DI), DX", lineY, lineChannel)
		for phase, guarded := range []bool{true, false, true} {
			if guarded && width == 1 {
				continue
			}
			again, done := fmt.Sprintf("%sAgain%d", name, phase), fmt.Sprintf("%sDone%d", name, phase)
			a.i("MOVQ %d(DI), CX\nTESTQ CX, CX\nJEQ %s", linePixels+8*phase, done)
			if guarded {
				a.i("MOVQ %d(DI), BX", []int{lineColumn, 0, lineRight}[phase])
				a.at(again)
			} else {
				a.i("MOVQ %d(DI), R14\nADDQ %s, R14\nMOVQ %d(DI), AX\nMOVQ %d(DI), BX", lineAhead, row[0], lineFetch, lineYAhead)
				a.loop(again)
				a.i("PREFETCHT0 (R14)\nPREFETCHT0 (DX)(BX*1)")
				if stride > 1 {
					a.i("PREFETCHT0 (R14)(SI*1)\nPREFETCHT0 (R14)(AX*1)\nADDQ SI, R14\nPREFETCHT0 (R14)(AX*1)\nSUBQ SI, R14")
				}
				a.i("ADDQ R15, R14")
			}
			a.loadLanes("(DX)", dy, mask, masked)
			a.v("VADDPS", dy, bias, bias)
			for k := range width {
				skip := fmt.Sprintf("%sSkip%d%d", name, phase, k)
				if guarded {
					a.i("LEAQ %d(BX), AX\nCMPQ AX, %d(DI)\nJCC %s", k, lineWidth, skip)
				}
				for r := range rows {
					a.multiplyLanes("("+row[r]+")"+column[k], dy, r*width+k, x, mask, masked)
				}
				if guarded {
					a.at(skip)
				}
			}
			for r := range rows {
				a.i("ADDQ R15, %s", row[r])
			}
			a.i("ADDQ %d(DI), DX", lineYPixel)
			if guarded {
				a.i("ADDQ %d(DI), BX", lineYAt)
			}
			a.i("DECQ CX\nJNE %s", again)
			a.at(done)
		}
		sums(func(n int, m string) { a.storeLanes(n, m, mask, masked) })
		a.i("MOVQ %d(DI), AX\nTESTQ AX, AX\nJEQ %sNoBias\nADDQ %d(DI), AX", lineBias, name, lineChannel)
		a.loadLanes("(AX)", x, mask, masked)
		a.v("VADDPS", bias, x, bias)
		a.storeLanes(bias, "(AX)", mask, masked)
		a.at(name + "NoBias")
	}
	a.i("MOVQ %d(DI), AX\nMOVQ AX, %d(DI)\nTESTQ AX, AX\nJEQ last", lineVectors, lineCount)
	a.loop("vector")
	body(false)
	a.i("ADDQ $%d, %d(DI)\nDECQ %d(DI)\nJNE vector", a.bytes(), lineChannel, lineCount)
	a.at("last")
	a.i("CMPQ %d(DI), $0\nJEQ done", lineMask)
	body(true)
	a.at("done")
	a.ret()
}

// depthwiseGroupSums keeps the sums of a tap, for each member of a group, in registers while it
// goes over the pixels of a row.
func (a *asm) depthwiseGroupSums() {
	mask := a.regs - 1
	dy, member := a.members, a.members+1
	a.load("DI")
	a.i("MOVQ %d(DI), SI\nMOVQ %d(DI), R15\nMOVQ %d(DI), R9\nXORQ R14, R14", lineXTap, lineYPixel, lineWMember)
	a.tail(mask)
	a.loadIndex(member + 2)
	body := func(masked bool) {
		sums := func(each func(n int, m string)) {
			a.i("MOVQ %d(DI), AX\nADDQ R14, AX", lineW)
			for j := range a.members {
				if j > 0 {
					a.i("ADDQ R9, AX")
				}
				each(j, "(AX)")
			}
		}
		again := "whole"
		if masked {
			again = "part"
		}
		a.startGroup("R14")
		sums(func(n int, m string) { a.loadLanes(m, n, mask, masked) })
		a.i("MOVQ %d(DI), R8\nADDQ R14, R8\nMOVQ %d(DI), DX\nADDQ R14, DX\nMOVQ %d(DI), CX", lineX, lineY, linePixels+8)
		a.loop(again)
		a.loadLanes("(DX)", dy, mask, masked)
		for j := range a.members {
			to := member + j%2
			a.loadMember("(R8)", j, to, member+2, mask, masked)
			a.v("VFMADD231PS", to, dy, j)
		}
		a.i("ADDQ SI, R8\nADDQ R15, DX\nDECQ CX\nJNE %s", again)
		sums(func(n int, m string) { a.storeLanes(n, m, mask, masked) })
	}
	a.i("MOVQ %d(DI), BX\nTESTQ BX, BX\nJEQ last", lineVectors)
	a.at("vector")
	body(false)
	a.i("ADDQ $%d, R14\nDECQ BX\nJNE vector", a.bytes())
	a.at("last")
	if !a.wholeGroups() {
		a.i("CMPQ %d(DI), $0\nJEQ done", lineMask)
		body(true)
		a.at("done")
	}
	a.ret()
}
