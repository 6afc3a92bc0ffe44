package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradBackwardFilter is the gradient of a Winograd convolution with respect to its
// filters (and bias): its exact adjoint. A part sums over some tiles, for some of the results'
// channels where filters are large, in the transformed filters, which it brings back to 3x3
// at its end. The gradient of the bias is the sum of the tiles' sums.
type winogradBackwardFilter struct {
	sums
	isa     kernel.ISA
	shape   Shape
	options Gradient
	grid    grid
	block   int     // tiles
	columns columns // of O
	passes  []winograd.Rows
	x, dy   planes
	u       planes // of the filters of a group of columns; rows are not padded
}

func newWinogradBackwardFilter(isa kernel.ISA, s Shape, g Gradient) BackwardFilter {
	if g.Pooled {
		s = s.pooled()
	}
	b := &winogradBackwardFilter{isa: isa, shape: s, options: g, grid: newGrid(s)}
	b.block = filterBlockTiles(s)
	b.columns = newColumns(s.O, kernel.CeilDiv(winograd.Planes*s.C*s.O, 1<<20))
	b.sums = newSums(isa, s, g.Bias, kernel.CeilDiv(b.grid.tiles(), b.block))
	b.groups = min(b.groups, kernel.CeilDiv(2*wantParts, b.columns.groups))
	b.block = min(b.block, kernel.CeilDiv(b.grid.tiles(), b.groups))
	b.x, b.dy = newPlanes(b.block, s.C), newPlanes(b.block, s.O)
	b.u = planes{b.columns.most(), oddLines(s.C * b.columns.most())}
	// What all products of a block of tiles are made of, and add to, does not fit into the
	// second cache; half of them do at the price of reading images and gradients twice.
	b.passes = []winograd.Rows{winograd.AllRows}
	if filterPasses(s) == 2 {
		b.passes = []winograd.Rows{winograd.UpperRows, winograd.LowerRows}
	}
	return b
}

// Parts implements BackwardFilter.
func (b *winogradBackwardFilter) Parts() int { return b.groups * b.columns.groups }

// ScratchLen implements BackwardFilter.
func (b *winogradBackwardFilter) ScratchLen() int {
	return b.x.len() + b.dy.len() + b.u.len() + max(winograd.Patch*winograd.Patch*b.shape.C, gradientPatch(b.shape.O))
}

// Run implements BackwardFilter.
func (b *winogradBackwardFilter) Run(part int, x, dy []float32, argmax []uint8, partial, _, _, scratch []float32) {
	s := b.shape
	if !b.options.Pooled {
		argmax = nil
	}
	v, scratch := scratch[:b.x.len()], scratch[b.x.len():]
	d, scratch := scratch[:b.dy.len()], scratch[b.dy.len():]
	u, patch := scratch[:b.u.len()], scratch[b.u.len():]
	sum := b.of(part/b.columns.groups, partial)
	first, last := b.columns.at(part % b.columns.groups)
	start, end := kernel.Split(b.grid.tiles(), b.groups, part/b.columns.groups)
	blocks := kernel.CeilDiv(end-start, b.block)
	ofPass := u
	for pass, rows := range b.passes {
		for block := range blocks {
			lo, hi := kernel.Split(end-start, blocks, block)
			b.grid.images(b.isa, rows, x, start+lo, start+hi, v, b.x, patch)
			b.grid.gradients(b.isa, rows, dy, argmax, start+lo, start+hi, d, b.dy, patch)
			// What comes next: the next block, or the first one again.
			from, to := hi, hi
			if block+1 < blocks {
				_, to = kernel.Split(end-start, blocks, block+1)
			} else if pass+1 < len(b.passes) {
				from, to = kernel.Split(end-start, blocks, 0)
			}
			b.multiply(rows.Planes(), hi-lo, first, last, v, d, ofPass, block > 0,
				b.grid.pixels(x, start+from, start+to), b.grid.results(dy, b.options.Pooled, start+from, start+to))
			if b.options.Bias && pass == 0 {
				reduce.AddRowsStrided(b.isa, sum[s.filterLen():][first:last], d[rows.Planes()*b.dy.plane+first:], hi-lo, b.dy.row, block > 0)
			}
		}
		ofPass = ofPass[rows.Planes()*b.u.plane:]
	}
	for c := range s.C {
		winograd.FilterGradient(b.isa, sum[c*s.O+first:], s.C*s.O, u[c*b.u.row:], b.u.plane, last-first)
	}
}

// multiply adds the products of some planes of some tiles to u, for channels [start, end), or starts it.
func (b *winogradBackwardFilter) multiply(planes, tiles, start, end int, v, d, u []float32, add bool, ahead ...[]float32) {
	s := b.shape
	done, width := start, winograd.ProductColumns(b.isa)
	if width > 0 && end-start >= width {
		var w winograd.Products
		w.K, w.Panels, w.Planes = tiles, (end-start)/width, planes
		w.A, w.B, w.C = unsafe.Pointer(&v[0]), unsafe.Pointer(&d[start]), unsafe.Pointer(&u[0])
		w.AStride, w.BStride, w.CStride = uintptr(4*b.x.row), uintptr(4*b.dy.row), uintptr(4*b.u.row)
		w.APlane, w.BPlane, w.CPlane, w.BPanel = uintptr(4*b.x.plane), uintptr(4*b.dy.plane), uintptr(4*b.u.plane), uintptr(4*width)
		if add {
			w.Add = 1
		}
		w.Ahead(ahead...)
		w.T(b.isa, s.C)
		done += w.Panels * width
	}
	if done == end {
		return
	}
	tiling := micro.NewTiling(b.isa, end-done)
	var a micro.Args
	a.K, a.Segs = tiles, 1
	a.AStride, a.BStride, a.CStride = uintptr(4*b.x.row), uintptr(4*b.dy.row), uintptr(4*b.u.row)
	a.Zero()
	for plane := range planes {
		a.A = unsafe.Pointer(&v[plane*b.x.plane])
		for tile := range tiling.Tiles() {
			first, columns, _ := tiling.At(tile)
			first += done - start
			a.Columns(b.isa, columns)
			a.B = unsafe.Pointer(&d[plane*b.dy.plane+start+first])
			a.C = unsafe.Pointer(&u[plane*b.u.plane+first])
			if add {
				a.Init, a.IStride = a.C, a.CStride
			}
			micro.T(s.C, &a)
		}
	}
}
