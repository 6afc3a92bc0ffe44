package conv

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
	"github.com/lince-ml/lince/internal/kernel/winograd"
)

// winogradBackwardFilter is the gradient of a Winograd convolution with respect to its
// filters (and bias): its exact adjoint. A part sums over some tiles, in the transformed
// filters, which it brings back to 3x3 at its end. The gradient of the bias is the sum of the
// gradient's plane of ones.
type winogradBackwardFilter struct {
	sums
	isa     kernel.ISA
	shape   Shape
	options Gradient
	grid    grid
	block   int // tiles
	x, dy   planes
	u       planes // of the filters; rows are not padded
	tiling  micro.Tiling
}

func newWinogradBackwardFilter(isa kernel.ISA, s Shape, g Gradient) BackwardFilter {
	if g.Pooled {
		s = s.pooled()
	}
	b := &winogradBackwardFilter{isa: isa, shape: s, options: g, grid: newGrid(s), tiling: micro.NewTiling(isa, s.O)}
	b.block = filterBlockTiles(s)
	b.sums = newSums(isa, s, g.Bias, kernel.CeilDiv(b.grid.tiles(), b.block))
	b.block = min(b.block, kernel.CeilDiv(b.grid.tiles(), b.groups))
	b.x, b.dy = newPlanes(b.block, s.C), newPlanes(b.block, s.O)
	b.u = planes{s.O, oddLines(s.C * s.O)}
	return b
}

// ScratchLen implements BackwardFilter.
func (b *winogradBackwardFilter) ScratchLen() int {
	return b.x.len() + b.dy.len() + b.u.len() + max(winograd.Patch*winograd.Patch*b.shape.C, gradientPatch(b.shape.O))
}

// Run implements BackwardFilter.
func (b *winogradBackwardFilter) Run(part int, x, dy []float32, argmax []uint8, partial, scratch []float32) {
	s := b.shape
	if !b.options.Pooled {
		argmax = nil
	}
	sum := b.of(part, partial)
	v, scratch := scratch[:b.x.len()], scratch[b.x.len():]
	d, scratch := scratch[:b.dy.len()], scratch[b.dy.len():]
	u, patch := scratch[:b.u.len()], scratch[b.u.len():]
	start, end := kernel.Split(b.grid.tiles(), b.groups, part)
	blocks := kernel.CeilDiv(end-start, b.block)
	for block := range blocks {
		lo, hi := kernel.Split(end-start, blocks, block)
		b.grid.images(b.isa, x, start+lo, start+hi, v, b.x, patch)
		b.grid.gradients(b.isa, dy, argmax, start+lo, start+hi, d, b.dy, patch)
		b.multiply(hi-lo, v, d, u, block > 0)
		if b.options.Bias {
			const ones = 7 // row 1, column 1 of A dy A'
			reduce.AddRowsStrided(b.isa, sum[s.filterLen():][:s.O], d[ones*b.dy.plane:], hi-lo, b.dy.row, block > 0)
		}
	}
	winograd.FilterGradient(b.isa, sum, s.C*s.O, u, b.u.plane, s.C*s.O)
}

// multiply adds the products of some tiles to u, or starts it.
func (b *winogradBackwardFilter) multiply(tiles int, v, d, u []float32, add bool) {
	s := b.shape
	var a micro.Args
	a.K, a.Segs = tiles, 1
	a.AStride, a.BStride, a.CStride = uintptr(4*b.x.row), uintptr(4*b.dy.row), uintptr(4*b.u.row)
	a.Zero()
	for plane := range winograd.Planes {
		for tile := range b.tiling.Tiles() {
			first, columns, _ := b.tiling.At(tile)
			a.Columns(b.isa, columns)
			a.B = unsafe.Pointer(&d[plane*b.dy.plane+first])
			n := kernel.CeilDiv(s.C, a.MaxRows())
			for t := range n {
				lo, hi := kernel.Split(s.C, n, t)
				a.A = unsafe.Pointer(&v[plane*b.x.plane+lo])
				a.C = unsafe.Pointer(&u[plane*b.u.plane+lo*b.u.row+first])
				if add {
					a.Init, a.IStride = a.C, a.CStride
				}
				micro.T(hi-lo, &a)
			}
		}
	}
}
