package winograd

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// Products describes products of matrices of one or more planes: C = A B, of panels of
// ProductColumns columns one after the other, summed over k in ascending order with fused multiply-adds, as
// package micro does it; and memory that is needed soon. Images and results are larger than
// the second cache, and while they come or go there is nothing to do in a transform, but in
// products, which need no more than that cache, there is: a line is asked for every two k.
//
// Assembly reads it; distances are in bytes.
type Products struct {
	A          unsafe.Pointer // of the first plane: first row and k
	B          unsafe.Pointer // first k and column
	C          unsafe.Pointer // first row and column
	AStride    uintptr        // N: from row to row; T: from k to k
	BStride    uintptr        // T: from k to k
	CStride    uintptr        // from row to row
	K          int            // not 0
	transposed int            // 1: T
	tiles      int            // of rows
	Panels     int
	Planes     int
	aTile      uintptr              // from tile to tile of rows
	cTile      uintptr              // from tile to tile of rows
	APlane     uintptr              // from plane to plane
	BPlane     uintptr              // from plane to plane
	BPanel     uintptr              // from panel to panel
	CPlane     uintptr              // from plane to plane
	Accumulate int                  // 1: the sums start from C
	ahead      [3][2]unsafe.Pointer // where it starts and ends

	panelB, panelC uintptr // of the assembly: the panel
	left           int     // of the assembly: panels left
}

// Ahead asks for memory, one after the other; there can be three.
func (p *Products) Ahead(memory ...[]float32) {
	n := 0
	for _, m := range memory {
		if len(m) > 0 {
			p.ahead[n] = [2]unsafe.Pointer{unsafe.Pointer(&m[0]), unsafe.Pointer(&m[len(m)-1])}
			n++
		}
	}
}

// ProductColumns is the columns of a panel, or 0 if there is no assembly. (The rows of N's
// panels lie one behind the other.)
func ProductColumns(isa kernel.ISA) int {
	switch isa {
	case kernel.AVX512:
		return 32
	case kernel.AVX2:
		return 16
	}
	return 0
}

// N makes rows at a stride, k being contiguous.
func (p *Products) N(isa kernel.ISA, rows int) {
	p.transposed = 0
	p.run(isa, rows, p.AStride)
}

// T makes contiguous rows, k being at a stride.
func (p *Products) T(isa kernel.ISA, rows int) {
	p.transposed = 1
	p.run(isa, rows, 4)
}

// callProducts is about how many multiplications a call of assembly makes: 0.1 ms.
const callProducts = 4 << 20

// run cuts rows, and planes so that calls are short.
func (p *Products) run(isa kernel.ISA, rows int, step uintptr) {
	all, planes := *p, p.Planes
	a, c := p.A, p.C
	for _, n := range kernel.TileHeights(isa, 2, true).Cut(rows) {
		if n.Count == 0 {
			continue
		}
		p.aTile, p.cTile = uintptr(n.Height)*step, uintptr(n.Height)*p.CStride
		atOnce := max(1, callProducts/(n.Height*n.Count*p.K*p.Panels*ProductColumns(isa)))
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
