package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradBackwardFilter is the gradient of a Winograd convolution with respect to its
// filters (and bias): its exact adjoint. A part sums over some tiles, for a block of filters, in
// the transformed filters, which it brings back to 3x3 at its end. The gradient of the bias is
// the sum of the tiles' sums.
type winogradBackwardFilter struct {
	sums
	isa     kernel.ISA
	shape   Shape
	options Gradient
	grid    grid
	cut     filterCut
	block   int // tiles
	passes  []winograd.Rows
	x, dy   planes
	u       planes // of the filters of a block; rows are not padded
}

func newWinogradBackwardFilter(isa kernel.ISA, s Shape, g Gradient) BackwardFilter {
	if g.Pooled {
		s = s.pooled()
	}
	b := &winogradBackwardFilter{isa: isa, shape: s, options: g, grid: newGrid(s)}
	b.cut = cutWinogradFilter(s, b.grid.tiles())
	b.sums = newSums(isa, s, g.Bias, b.cut.groups)
	b.groups = b.cut.groups
	c, o := b.cut.channels.most(), b.cut.columns.most()
	b.block = min(filterBlockTiles(c*o), kernel.CeilDiv(b.grid.tiles(), b.groups))
	b.x, b.dy = newPlanes(b.block, c), newPlanes(b.block, o)
	b.u = planes{o, oddLines(c * o)}
	// What all products of a block of tiles are made of, and add to, does not fit into the
	// second cache; half of them do at the price of reading images and gradients twice.
	b.passes = []winograd.Rows{winograd.AllRows}
	if filterPasses(c, o, b.block) == 2 {
		b.passes = []winograd.Rows{winograd.UpperRows, winograd.LowerRows}
	}
	return b
}

// Parts implements BackwardFilter.
func (b *winogradBackwardFilter) Parts() int {
	return b.groups * b.cut.channels.groups * b.cut.columns.groups
}

// PartialLen implements BackwardFilter.
func (b *winogradBackwardFilter) PartialLen() int {
	if b.groups == 1 {
		return 0
	}
	return b.sums.PartialLen()
}

// ReduceParts implements BackwardFilter.
func (b *winogradBackwardFilter) ReduceParts() int {
	if b.groups == 1 {
		return 0
	}
	return b.sums.ReduceParts()
}

// ScratchLen implements BackwardFilter.
func (b *winogradBackwardFilter) ScratchLen() int {
	return b.x.len() + b.dy.len() + b.u.len() + max(winograd.Patch*winograd.Patch*b.cut.channels.most(), gradientPatch(b.cut.columns.most()))
}

// Run implements BackwardFilter.
func (b *winogradBackwardFilter) Run(part int, x, dy []float32, argmax []uint8, partial, dw, db, scratch []float32) {
	s := b.shape
	if !b.options.Pooled {
		argmax = nil
	}
	v, scratch := scratch[:b.x.len()], scratch[b.x.len():]
	d, scratch := scratch[:b.dy.len()], scratch[b.dy.len():]
	u, patch := scratch[:b.u.len()], scratch[b.u.len():]
	group, part := part%b.groups, part/b.groups
	if b.groups > 1 {
		dw = b.of(group, partial)
		dw, db = dw[:s.filterLen()], dw[s.filterLen():]
	}
	c0, c1 := b.cut.channels.at(part % b.cut.channels.groups)
	o0, o1 := b.cut.columns.at(part / b.cut.channels.groups)
	start, end := kernel.Split(b.grid.tiles(), b.groups, group)
	blocks := kernel.CeilDiv(end-start, b.block)
	ofPass := u
	for pass, rows := range b.passes {
		for block := range blocks {
			lo, hi := kernel.Split(end-start, blocks, block)
			b.grid.images(b.isa, rows, x, c0, c1, start+lo, start+hi, v, b.x, patch)
			b.grid.gradients(b.isa, rows, dy, argmax, o0, o1, start+lo, start+hi, d, b.dy, patch)
			// What comes next: the next block, or the first one again; unless it is a part of
			// each pixel.
			from, to := hi, hi
			switch {
			case c1-c0 < s.C || o1-o0 < s.O:
			case block+1 < blocks:
				_, to = kernel.Split(end-start, blocks, block+1)
			case pass+1 < len(b.passes):
				from, to = kernel.Split(end-start, blocks, 0)
			}
			b.multiply(rows.Planes(), hi-lo, c1-c0, o1-o0, v, d, ofPass, block > 0,
				b.grid.pixels(x, start+from, start+to), b.grid.results(dy, b.options.Pooled, start+from, start+to))
			if b.options.Bias && pass == 0 && c0 == 0 {
				reduce.AddRowsStrided(b.isa, db[o0:o1], d[rows.Planes()*b.dy.plane:], hi-lo, b.dy.row, block > 0)
			}
		}
		ofPass = ofPass[rows.Planes()*b.u.plane:]
	}
	for c := range c1 - c0 {
		winograd.FilterGradient(b.isa, dw[(c0+c)*s.O+o0:], s.C*s.O, u[c*(o1-o0):], b.u.plane, o1-o0)
	}
}

// multiply adds the products of some planes of some tiles to u, a block of filters, or starts it.
func (b *winogradBackwardFilter) multiply(planes, tiles, channels, columns int, v, d, u []float32, add bool, ahead ...[]float32) {
	row := uintptr(4 * columns)
	done, width := 0, winograd.ProductColumns(b.isa)
	if width > 0 && columns >= width {
		var w winograd.Products
		w.K, w.Panels, w.Planes = tiles, columns/width, planes
		w.A, w.B, w.C = unsafe.Pointer(&v[0]), unsafe.Pointer(&d[0]), unsafe.Pointer(&u[0])
		w.AStride, w.BStride, w.CStride = uintptr(4*b.x.row), uintptr(4*b.dy.row), row
		w.APlane, w.BPlane, w.CPlane, w.BPanel = uintptr(4*b.x.plane), uintptr(4*b.dy.plane), uintptr(4*b.u.plane), uintptr(4*width)
		if add {
			w.Accumulate = 1
		}
		w.Ahead(ahead...)
		w.T(b.isa, channels)
		done = w.Panels * width
	}
	if done == columns {
		return
	}
	tiling := micro.NewTiling(b.isa, columns-done)
	var a micro.Args
	a.K, a.Segs = tiles, 1
	a.AStride, a.BStride, a.CStride = uintptr(4*b.x.row), uintptr(4*b.dy.row), row
	a.Zero()
	for plane := range planes {
		a.A = unsafe.Pointer(&v[plane*b.x.plane])
		for tile := range tiling.Tiles() {
			first, columns, _ := tiling.At(tile)
			a.Columns(b.isa, columns)
			a.B = unsafe.Pointer(&d[plane*b.dy.plane+done+first])
			a.C = unsafe.Pointer(&u[plane*b.u.plane+done+first])
			if add {
				a.Init, a.IStride = a.C, a.CStride
			}
			micro.T(channels, &a)
		}
	}
}
