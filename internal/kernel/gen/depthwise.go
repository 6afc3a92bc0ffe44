package main

import "fmt"

// depthwiseWindows are the windows, by width and stride, that have functions for tiles. A width of
// 0 stands for any other window.
var depthwiseWindows = []struct{ width, stride int }{{0, 0}, {3, 1}, {3, 2}, {5, 1}, {5, 2}}

// groupSizes lists the sizes of groups of channels for which there is assembly.
var groupSizes = []int{2, 4, 8}

// The maximum number of results in a tile. The function for groups that reads the number of results from
// line.pixels has too few registers for eight.
const (
	tilePixels      = 8
	groupTilePixels = 6
)

// exactTiles are the sizes of tiles that have a function with the size built in. Other sizes share
// one function, which compares with line.pixels after each result: 2 to 10 % slower.
func exactTiles(width int) []int {
	if width == 0 {
		return []int{1, 8, 7, 6, 5}
	}
	return []int{8, 7}
}

// depthwise writes the functions of package depthwise: tiles compute neighboring results of a row,
// sums add up the filters' gradient over a row. Both handle one vector of channels at a time.
func depthwise(f *family) {
	for _, v := range f.vecs {
		f.choice("tile", v, func(add func(kind string, size int, function string)) {
			tile := func(kind, name string, t depthwiseTile) {
				size := 0
				if t.exact {
					size = t.pixels
					name += fmt.Sprint("x", size)
				}
				add(kind, size, name)
				t.depthwiseFunction = newDepthwise(f, v, name, "computes tiles of a row of results; see line.", t.narrow)
				t.write()
			}
			for _, w := range depthwiseWindows {
				kind, name := windowKind(w.width, w.stride), fmt.Sprintf("tile%ds%d", w.width, w.stride)
				if w.width == 0 {
					name = "tileAny"
				}
				exact := exactTiles(w.width)
				for _, pixels := range exact {
					tile(kind, name, depthwiseTile{pixels: pixels, exact: true, width: w.width, stride: w.stride})
				}
				tile(kind, name, depthwiseTile{pixels: exact[len(exact)-1] - 1, width: w.width, stride: w.stride})
			}
			for _, pixels := range []int{8, 7} {
				tile("groupKind", "tileGroups", depthwiseTile{pixels: pixels, exact: true, groups: true})
			}
			tile("groupKind", "tileGroups", depthwiseTile{pixels: groupTilePixels, groups: true})
			if !v.is512() {
				narrow := depthwiseFunction{narrow: true}
				tile("narrowKind", "tileNarrow", depthwiseTile{depthwiseFunction: narrow, pixels: tilePixels})
				if !v.isNEON() { // two groups of two fill a vector of NEON
					tile("narrowGroupKind", "tileGroupsNarrow", depthwiseTile{depthwiseFunction: narrow, pixels: groupTilePixels, groups: true})
				}
			}
		})
		f.choice("sums", v, func(add func(kind string, size int, function string)) {
			const doc = "adds a row's products to the filters' gradient; see line."
			for _, width := range []int{1, 3, 5} {
				for _, rows := range v.sumRows(width) {
					name := fmt.Sprintf("sums%dx%d", rows, width)
					add(windowKind(width, 1), rows, name)
					t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc, false), rows: rows, width: width}
					t.write()
				}
			}
			for _, members := range groupSizes {
				name := fmt.Sprintf("sumsGroups%d", members)
				add("groupKind", members, name)
				t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc, false), members: members}
				t.writeGroups()
			}
			if v.is512() {
				return
			}
			for _, sums := range []struct{ rows, width int }{{1, 1}, {1, 3}, {3, 3}} {
				name := fmt.Sprintf("sums%dx%dNarrow", sums.rows, sums.width)
				add("narrowKind", sums.rows*sums.width, name)
				t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc, true), rows: sums.rows, width: sums.width}
				t.write()
			}
			for _, members := range groupSizes {
				if 2*members >= v.lanes { // two groups fill a vector
					continue
				}
				name := fmt.Sprintf("sumsGroups%dNarrow", members)
				add("narrowGroupKind", members, name)
				t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc, true), members: members}
				t.writeGroups()
			}
		})
		for _, m := range groupSizes {
			if v.isNEON() {
				neonRepeat(f, m)
			} else {
				f.repeat(v, m)
			}
		}
	}
}

// choice writes a Go function that calls the function for a kind and a size. A function added with
// size 0 takes all other sizes of its kind.
func (f *family) choice(name string, v vec, list func(add func(kind string, size int, function string))) {
	var any string
	fmt.Fprintf(&f.code, "\nfunc %s%s(kind, size int, l *line) {\n\tswitch kind*16 + size {\n", name, v.name)
	list(func(kind string, size int, function string) {
		if size == 0 {
			any += fmt.Sprintf("\tcase %s:\n\t\t%s%s(l)\n", kind, function, v.name)
			return
		}
		fmt.Fprintf(&f.code, "\tcase %s*16 + %d:\n\t\t%s%s(l)\n\t\treturn\n", kind, size, function, v.name)
	})
	fmt.Fprintf(&f.code, "\t}\n\tswitch kind {\n%s\tdefault:\n\t\tpanic(\"depthwise: no such %s\")\n\t}\n}\n", any, name)
}

// windowKind is the result of depthwise.window.kind.
func windowKind(width, stride int) string { return fmt.Sprint(width*2 + stride) }

// sumRows are the numbers of rows of taps that one function sums; see depthwise.sumRows.
func (v vec) sumRows(width int) []int {
	switch {
	case width == 1:
		return []int{1}
	case width == 3:
		return []int{3, 2, 1}
	case v.is512():
		return []int{5, 4, 3, 2, 1}
	}
	return []int{2, 1}
}

// depthwiseFunction is what the functions of package depthwise have in common.
type depthwiseFunction struct {
	*asm
	narrow  bool // the image has fewer channels than a vector has lanes
	l       *reg // *line
	channel *reg // offset of the vector's first channel; nil: it is in line.channel
	mask    *reg // lanes to load and store; nil: all
}

func newDepthwise(f *family, v vec, name, doc string, narrow bool) depthwiseFunction {
	return depthwiseFunction{asm: f.fn(v, name, doc, "l *line"), narrow: narrow}
}

// begin loads the parameter and the mask.
func (d *depthwiseFunction) begin() {
	d.l = d.param("l")
	switch {
	case !d.narrow:
	case d.isNEON():
		d.mask = d.vector("lanes")
		d.setLanes(d.l.field("mask"))
		d.zero(d.mask)
	default:
		d.mask = d.loadMask("lanes")
	}
}

// loadMask loads line's mask to a new register.
func (d *depthwiseFunction) loadMask(name string) *reg {
	mask := d.asm.mask(name)
	if d.is512() {
		d.i("KMOVW %s, %s", d.l.field("mask"), mask)
		return mask
	}
	table := d.general("table")
	d.i("MOVQ %s, %s", d.l.field("lanes"), table)
	d.v("VMOVUPS", table.mem(0), mask)
	d.free(table)
	return mask
}

// channelAt is the operand that holds the offset of the vector's first channel.
func (d *depthwiseFunction) channelAt() string {
	if d.channel != nil {
		return d.channel.String()
	}
	return d.l.field("channel")
}

// addChannel moves a pointer from the first channel to the vector's.
func (d *depthwiseFunction) addChannel(to *reg) { d.i("ADDQ %s, %s", d.channelAt(), to) }

// eachVector writes the loop over vectors of channels. The last vector ends with the last channel,
// so it may overlap the vector before. This needs no masks, which cost AVX-512 6 % here.
func (d *depthwiseFunction) eachVector(body func()) {
	last := d.l.field("last")
	// changing runs f with the channel in a register.
	changing := func(read bool, f func(channel *reg)) {
		if d.channel != nil {
			f(d.channel)
			return
		}
		channel := d.general("channel")
		if read {
			d.i("MOVQ %s, %s", d.l.field("channel"), channel)
		}
		f(channel)
		d.free(channel)
	}
	set := func(channel *reg) {
		if d.channel == nil {
			d.i("MOVQ %s, %s", channel, d.l.field("channel"))
		}
	}
	changing(false, func(channel *reg) {
		d.i("XORQ %s, %s", channel, channel)
		set(channel)
	})
	if d.narrow {
		body()
		return
	}
	d.comment("a vector of channels")
	d.loop("vector")
	body()
	changing(true, func(channel *reg) {
		d.i("ADDQ $%d, %s", d.bytes(), channel)
		set(channel)
		d.i("CMPQ %s, %s\nJLE vector\nSUBQ $%d, %s\nCMPQ %s, %s\nJEQ vectors", channel, last, d.bytes(), channel, channel, last)
		d.comment("the last vector overlaps the one before")
		d.i("MOVQ %s, %s", last, channel)
		set(channel)
	})
	d.i("JMP vector")
	d.at("vectors")
}

// load loads the vector's channels.
func (d *depthwiseFunction) load(m string, to *reg) { d.loadPart(m, d.mask, to) }

// store stores the vector's channels.
func (d *depthwiseFunction) store(from *reg, m string) { d.storePart(from, d.mask, m) }

// multiply adds the product of memory and a register to a sum. It overwrites spare.
func (d *depthwiseFunction) multiply(m string, by, sum, spare *reg) {
	if d.mask == nil {
		d.v("VFMADD231PS", m, by, sum)
		return
	}
	d.load(m, spare)
	d.v("VFMADD231PS", spare, by, sum)
}

// repeat writes each number m times. For each vector of results, index has the lanes that the
// results come from.
func (f *family) repeat(v vec, m int) {
	a := f.fn(v, fmt.Sprintf("repeat%d", m), fmt.Sprintf("sets dst[i] = x[i/%d] for n vectors of x; index says which lanes.", m),
		"dst *float32", "x *float32", "index *int32", "n int")
	dst, x, index, n := a.param("dst"), a.param("x"), a.param("index"), a.param("n")
	lanes, from, to := a.vectors("lanes", m), a.vector("x"), a.vectors("result", 2)
	for j, r := range lanes {
		a.v("VMOVUPS", index.mem(j*a.bytes()), r)
	}
	a.comment("a vector of numbers is %d of results", m)
	a.loop("again")
	a.v("VMOVUPS", x.mem(0), from)
	for j, r := range lanes {
		a.v("VPERMPS", from, r, to[j%2])
		a.v("VMOVUPS", to[j%2], dst.mem(j*a.bytes()))
	}
	a.i("ADDQ $%d, %s\nADDQ $%d, %s\nDECQ %s\nJNE again", a.bytes(), x, m*a.bytes(), dst, n)
	a.ret()
}
