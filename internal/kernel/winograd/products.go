package winograd

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// Products describes matrix products C = A B for one or more planes, and memory to prefetch during them (see Ahead).
// B consists of panels of ProductColumns columns. Elements are summed over k in ascending order, with fused
// multiply-adds, as in package micro.
//
// All distances are in bytes. Assembly reads and changes the struct; N and T restore the exported fields.
type Products struct {
	A          unsafe.Pointer       // first plane: first row and k
	B          unsafe.Pointer       // first plane and panel: first k and column
	C          unsafe.Pointer       // first plane: first row and column
	AStride    uintptr              // N: from row to row; T: from k to k
	BStride    uintptr              // T: from k to k; N: rows of a panel are contiguous
	CStride    uintptr              // from row to row
	K          int                  // not 0
	transposed int                  // 1: T
	tiles      int                  // number of tiles of rows
	Panels     int                  // number of panels
	Planes     int                  // number of planes
	aTile      uintptr              // of A, from tile to tile of rows
	cTile      uintptr              // of C, from tile to tile of rows
	APlane     uintptr              // from plane to plane
	BPlane     uintptr              // from plane to plane
	BPanel     uintptr              // from panel to panel
	CPlane     uintptr              // from plane to plane
	Accumulate int                  // 1: the sums start from C
	ahead      [3][2]unsafe.Pointer // start and end of the memory to prefetch

	panelB, panelC uintptr // used by assembly only: the panel
	left           int     // used by assembly only: number of panels left
}

// Ahead sets up to three ranges of memory to prefetch, one after the other: a cache line for every two k.
func (p *Products) Ahead(memory ...[]float32) {
	n := 0
	for _, m := range memory {
		if len(m) > 0 {
			p.ahead[n] = [2]unsafe.Pointer{unsafe.Pointer(&m[0]), unsafe.Pointer(&m[len(m)-1])}
			n++
		}
	}
}

// ProductColumns is the number of columns in a panel, or 0 if the instruction set has no assembly for Products.
func ProductColumns(isa kernel.ISA) int {
	switch isa {
	case kernel.AVX512:
		return 32
	case kernel.AVX2:
		return 16
	}
	return 0
}

// N computes rows of C. The rows of A lie AStride apart, and k is contiguous.
func (p *Products) N(isa kernel.ISA, rows int) {
	p.transposed = 0
	p.run(isa, rows, p.AStride)
}

// T computes rows of C. The rows of A are contiguous, and k has the stride AStride.
func (p *Products) T(isa kernel.ISA, rows int) {
	p.transposed = 1
	p.run(isa, rows, 4)
}

// run divides the rows into tiles, and the planes into calls of about 0.1 ms.
func (p *Products) run(isa kernel.ISA, rows int, step uintptr) {
	all, planes := *p, p.Planes
	a, c := p.A, p.C
	for _, n := range kernel.TileHeights(isa, 2, true).Cut(rows) {
		if n.Count == 0 {
			continue
		}
		p.aTile, p.cTile = uintptr(n.Height)*step, uintptr(n.Height)*p.CStride
		atOnce := max(1, kernel.CallProducts/(n.Height*n.Count*p.K*p.Panels*ProductColumns(isa)))
		for plane := 0; plane < planes; plane += atOnce {
			at := uintptr(plane)
			p.A, p.B, p.C = unsafe.Add(a, at*p.APlane), unsafe.Add(all.B, at*p.BPlane), unsafe.Add(c, at*p.CPlane)
			p.Planes, p.tiles = min(atOnce, planes-plane), n.Count
			products(isa, n.Height, p)
		}
		a, c = unsafe.Add(a, uintptr(n.Count)*p.aTile), unsafe.Add(c, uintptr(n.Count)*p.cTile)
	}
	p.A, p.B, p.C, p.Planes = all.A, all.B, all.C, planes
}
