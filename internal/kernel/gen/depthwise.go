package main

import "fmt"

// Tiles of package depthwise have 8, 7, 4, 2 or 1 results (depthwise.tileSizes cuts rows into
// them); narrow ones are for fewer channels than a vector has lanes.
var (
	depthwiseTiles       = []int{8, 7, 4, 2, 1}
	depthwiseNarrowTiles = []int{4, 1}
)

// depthwiseWindows are the windows, by width and stride, that have tiles of their own. A width
// of 0 is any other window.
var depthwiseWindows = []struct{ width, stride int }{{0, 0}, {3, 1}, {3, 2}, {5, 1}, {5, 2}}

// groupSizes are the sizes of groups of channels that there is assembly for.
var groupSizes = []int{2, 4, 8}

// depthwise writes the rows of package depthwise: tiles of results, and the sums of the filters'
// gradient over a row. Both take a vector of channels at a time.
func depthwise(f *family) {
	for _, v := range f.vecs {
		f.choice("tile", v, func(add func(kind string, size int, function string)) {
			const doc = "is tiles of rows of results; see line."
			for _, w := range depthwiseWindows {
				for _, pixels := range depthwiseTiles {
					name := fmt.Sprintf("tile%dx%ds%d", pixels, w.width, w.stride)
					if w.width == 0 {
						name = fmt.Sprintf("tile%d", pixels)
					}
					add(windowKind(w.width, w.stride), pixels, name)
					t := depthwiseTile{depthwiseFunction: newDepthwise(f, v, name, doc), pixels: pixels, width: w.width, stride: w.stride}
					t.write()
				}
			}
			for _, pixels := range depthwiseTiles {
				name := fmt.Sprintf("tile%dGroups", pixels)
				add("groupKind", pixels, name)
				t := depthwiseTile{depthwiseFunction: newDepthwise(f, v, name, doc), pixels: pixels, groups: true}
				t.write()
			}
			if v.is512() {
				return
			}
			for _, pixels := range depthwiseNarrowTiles {
				for _, groups := range []bool{false, true} {
					name, kind := fmt.Sprintf("tile%dNarrow", pixels), "narrowKind"
					if groups {
						name, kind = fmt.Sprintf("tile%dGroupsNarrow", pixels), "narrowGroupKind"
					}
					add(kind, pixels, name)
					t := depthwiseTile{depthwiseFunction: newDepthwise(f, v, name, doc), pixels: pixels, groups: groups}
					t.narrow = true
					t.write()
				}
			}
		})
		f.choice("sums", v, func(add func(kind string, size int, function string)) {
			const doc = "adds a row's products to the filters' gradient; see line."
			for _, width := range []int{1, 3, 5} {
				for _, rows := range v.sumRows(width) {
					for stride := 1; stride <= min(width, 2); stride++ {
						name := fmt.Sprintf("sums%dx%ds%d", rows, width, stride)
						add(windowKind(width, stride), rows, name)
						t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc), rows: rows, width: width, stride: stride}
						t.write()
					}
				}
			}
			for _, members := range groupSizes {
				name := fmt.Sprintf("sumsGroups%d", members)
				add("groupKind", members, name)
				t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc), members: members}
				t.writeGroups()
			}
			if v.is512() {
				return
			}
			add("narrowKind", 1, "sumsNarrow")
			t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, "sumsNarrow", doc), rows: 1, width: 1, stride: 1}
			t.narrow = true
			t.write()
			for _, members := range groupSizes {
				if members >= v.lanes {
					continue
				}
				name := fmt.Sprintf("sumsGroups%dNarrow", members)
				add("narrowGroupKind", members, name)
				t := depthwiseSums{depthwiseFunction: newDepthwise(f, v, name, doc), members: members}
				t.narrow = true
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

// choice writes a Go function that calls the function of a kind and a size.
func (f *family) choice(name string, v vec, list func(add func(kind string, size int, function string))) {
	fmt.Fprintf(&f.code, "\nfunc %s%s(kind, size int, l *line) {\n\tswitch kind*16 + size {\n", name, v.name)
	list(func(kind string, size int, function string) {
		fmt.Fprintf(&f.code, "\tcase %s*16 + %d:\n\t\t%s%s(l)\n", kind, size, function, v.name)
	})
	fmt.Fprintf(&f.code, "\tdefault:\n\t\tpanic(\"depthwise: no such %s\")\n\t}\n}\n", name)
}

// windowKind is depthwise.window.kind.
func windowKind(width, stride int) string { return fmt.Sprint(width*2 + stride) }

// sumRows is depthwise.sumRows: how many rows of a filter's gradient are made at once.
func (v vec) sumRows(width int) []int {
	switch {
	case width == 1:
		return []int{1}
	case width == 3:
		return []int{3, 2, 1}
	case v.is512():
		return []int{5, 3, 2, 1}
	}
	return []int{2, 1}
}

// depthwiseFunction is a function of package depthwise while it is written.
type depthwiseFunction struct {
	*asm
	narrow bool // fewer channels than lanes
	l      *reg // *line; its field channel is that of the vector's first lane, in bytes
	mask   *reg // of the vector's lanes; nil: all
	fresh  *reg // the lanes that the vector before did not have, for sums of AVX2 and NEON
}

func newDepthwise(f *family, v vec, name, doc string) depthwiseFunction {
	return depthwiseFunction{asm: f.fn(v, name, doc, "l *line")}
}

// begin loads the parameter and the masks. A last vector that is not whole is masked in AVX-512,
// as are all others, with all lanes. In AVX2 and NEON it ends with the last channel, and overlaps
// the one before; so only narrow functions have masks.
func (d *depthwiseFunction) begin(sums bool) {
	d.l = d.param("l")
	switch {
	case d.is512():
		d.mask = d.asm.mask("lanes")
	case d.narrow:
		d.mask = d.vector("lanes")
		if d.isNEON() {
			d.setLanes(d.l.field("mask"))
			d.zero(d.mask)
			break
		}
		d.loadLaneMask(d.mask)
	case sums:
		d.fresh = d.vector("lanes not done")
	}
}

func (d *depthwiseFunction) loadLaneMask(to *reg) {
	table := d.general("table")
	d.i("MOVQ %s, %s", d.l.field("lanes"), table)
	d.v("VMOVUPS", table.mem(0), to)
	d.free(table)
}

// eachVector makes the vectors of channels, one after the other.
func (d *depthwiseFunction) eachVector(body func()) {
	channel, last := d.l.field("channel"), d.l.field("last")
	d.i("MOVQ $0, %s", channel)
	if d.narrow {
		body()
		return
	}
	if d.is512() {
		d.i("KXNORW %s, %s, %s", d.mask, d.mask, d.mask)
	}
	if d.fresh != nil {
		d.v("VPCMPEQD", d.fresh, d.fresh, d.fresh)
	}
	d.comment("a vector of channels")
	d.loop("vector")
	if d.is512() {
		at := d.general("channel")
		d.i("MOVQ %s, %s\nCMPQ %s, %s\nJNE whole\nKMOVW %s, %s", channel, at, at, last, d.l.field("mask"), d.mask)
		d.at("whole")
		d.free(at)
	}
	body()
	at := d.general("channel")
	d.i("MOVQ %s, %s", channel, at)
	if d.is512() {
		d.i("ADDQ $%d, %s\nMOVQ %s, %s\nCMPQ %s, %s\nJLE vector", d.bytes(), at, at, channel, at, last)
		d.free(at)
		return
	}
	d.i("CMPQ %s, %s\nJEQ vectors", at, last)
	d.i("ADDQ $%d, %s\nMOVQ %s, %s\nCMPQ %s, %s\nJLE vector", d.bytes(), at, at, channel, at, last)
	d.comment("the last vector overlaps")
	d.i("MOVQ %s, %s\nMOVQ %s, %s", last, at, at, channel)
	d.free(at)
	if d.fresh != nil {
		d.loadLaneMask(d.fresh)
	}
	d.i("JMP vector")
	d.at("vectors")
}

// load loads a vector of channels.
func (d *depthwiseFunction) load(m string, to *reg) { d.loadPart(m, d.mask, to) }

// store stores a vector of channels.
func (d *depthwiseFunction) store(from *reg, m string) { d.storePart(from, d.mask, m) }

// multiply adds the product of a vector in memory and a register to a sum; spare is lost.
func (d *depthwiseFunction) multiply(m string, by, sum, spare *reg) {
	switch {
	case d.mask == nil:
		d.v("VFMADD231PS", m, by, sum)
	case d.is512():
		d.v("VFMADD231PS", m, by, d.mask, sum)
	default:
		d.load(m, spare)
		d.v("VFMADD231PS", spare, by, sum)
	}
}

// repeat writes each number m times; index has, for each vector of results, the lanes that they
// come from.
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
