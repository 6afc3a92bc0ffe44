package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// form is one of the three kinds of tile.
type form uint8

const (
	formN form = iota
	formT
	formP
)

// N makes rows at a stride: any number of them, cut into tiles.
func N(rows int, a *Args) { a.lines(formN, rows, 1, 0, 0, 0) }

// NLines makes lines of rows: line l starts aLine*l bytes behind A and cLine*l bytes behind C
// (and Residual, and Init unless IStride is 0).
func NLines(rows, lines int, aLine, cLine uintptr, a *Args) {
	a.lines(formN, rows, lines, aLine, cLine, 0)
}

// T makes contiguous rows, any number of them.
func T(rows int, a *Args) { a.lines(formT, rows, 1, 0, 0, 0) }

// P makes pooled pixels, any number of them, cut into tiles.
func P(pooled int, a *Args) { a.lines(formP, pooled, 1, 0, 0, 0) }

// PLines makes lines of pooled pixels: line l starts aLine*l bytes behind A and A2, cLine*l
// bytes behind C and argmaxLine*l bytes behind Argmax.
func PLines(pooled, lines int, aLine, cLine, argmaxLine uintptr, a *Args) {
	a.lines(formP, pooled, lines, aLine, cLine, argmaxLine)
}

// step is the bytes from row to row of A.
func (a *Args) step(f form) uintptr {
	switch f {
	case formT:
		return 4
	case formP:
		return 2 * a.AStride
	}
	return a.AStride
}

// lines cuts rows into tiles: few heights, many tiles of each.
func (a *Args) lines(f form, rows, lines int, aLine, cLine, argmaxLine uintptr) {
	if f != formP && a.isa == kernel.AVX512 && kernel.Halves && (a.columns == 16 || a.columns == 24) {
		a.inHalves(f, rows, lines, aLine, cLine)
		return
	}
	a.transposed = 0
	if f == formT {
		a.transposed = 1
		for i := range a.Ahead {
			if f := &a.Ahead[i]; f.at >= f.end { // nothing is left: what is there already
				f.at, f.end, f.step = uintptr(a.B), 0, 0
			}
		}
	}
	heights := a.heights(f)
	if f == formN && a.AStride%4096 == 0 {
		heights = heights.Limit(sameSet)
	}
	if lines == 1 && heights.Has(rows) {
		a.tiles, a.aheadTile, a.aheadStep = 1, 0, 0
		run(f, rows, a)
		return
	}
	start, step, row := a.operands(), a.step(f), uintptr(0)
	for _, t := range heights.Cut(rows) {
		height := uintptr(t.Height)
		if lines == 1 && t.Count > 0 {
			a.forward(start, row*step, row*a.CStride, row*a.ArgmaxStride)
			a.repeat(f, t.Height, t.Count, height*step, height*a.CStride, height*a.ArgmaxStride)
			row += height * uintptr(t.Count)
			continue
		}
		for range t.Count {
			a.forward(start, row*step, row*a.CStride, row*a.ArgmaxStride)
			a.repeat(f, t.Height, lines, aLine, cLine, argmaxLine)
			row += height
		}
	}
	a.forward(start, 0, 0, 0)
}

// inHalves makes narrow tiles with the vectors of AVX2: one long vector for each element of A
// would wait for loads, and half of a second one would be idle.
func (a *Args) inHalves(f form, rows, lines int, aLine, cLine uintptr) {
	b, rest := *a, *a
	b.Columns(kernel.AVX2, 16)
	if a.columns == 16 {
		b.lines(f, rows, lines, aLine, cLine, 0)
		a.Ahead = b.Ahead
		return
	}
	const half = 64
	rest.Columns(kernel.AVX2, 8)
	rest.B, rest.C, rest.Init = unsafe.Add(a.B, half), unsafe.Add(a.C, half), unsafe.Add(a.Init, half)
	if a.Residual != nil {
		rest.Residual = unsafe.Add(a.Residual, half)
	}
	some := rows
	if f == formT {
		some = 24 // A is read twice: from the first cache
	}
	start, restStart := b.operands(), rest.operands()
	for row := 0; row < rows; row += some {
		n, aBytes, cBytes := min(some, rows-row), uintptr(row)*a.step(f), uintptr(row)*a.CStride
		b.forward(start, aBytes, cBytes, 0)
		b.lines(f, n, lines, aLine, cLine, 0)
		rest.forward(restStart, aBytes, cBytes, 0)
		rest.Ahead = b.Ahead
		rest.lines(f, n, lines, aLine, cLine, 0)
		b.Ahead = rest.Ahead
	}
	a.Ahead = b.Ahead
}

// sameSet is how many rows a tile has that lie a multiple of 4096 bytes apart: they share a set of
// the first cache, which has eight ways or more.
const sameSet = 7

// callProducts is about how many multiplications a call of assembly makes: 0.1 ms.
const callProducts = 4 << 20

// repeat makes tiles of a height, in calls that are short.
func (a *Args) repeat(f form, height, tiles int, aTile, cTile, argmaxTile uintptr) {
	a.aTile, a.cTile, a.argmaxTile, a.iTile = aTile, cTile, argmaxTile, 0
	if a.IStride != 0 {
		a.iTile = cTile
	}
	a.aheadTile, a.aheadStep = 0, 0
	if f == formN && a.Segs == 1 && a.AStride == uintptr(4*a.K) {
		a.aheadTile, a.aheadStep = aTile, uintptr(4*height)
	}
	most := max(1, callProducts/(height*a.K*a.Segs*a.columns))
	start := a.operands()
	for done := 0; done < tiles; done += most {
		n := uintptr(done)
		a.forward(start, n*aTile, n*cTile, n*argmaxTile)
		a.tiles = min(most, tiles-done)
		run(f, height, a)
	}
}

// operands are where the matrices of a tile are.
type operands struct{ a, a2, c, init, residual, argmax unsafe.Pointer }

func (a *Args) operands() operands { return operands{a.A, a.A2, a.C, a.Init, a.Residual, a.Argmax} }

// forward moves on from where operands are.
func (a *Args) forward(p operands, aBytes, cBytes, argmaxBytes uintptr) {
	a.A, a.C, a.Init = unsafe.Add(p.a, aBytes), unsafe.Add(p.c, cBytes), p.init
	if a.IStride != 0 {
		a.Init = unsafe.Add(p.init, cBytes)
	}
	if p.residual != nil {
		a.Residual = unsafe.Add(p.residual, cBytes)
	}
	if p.a2 != nil {
		a.A2 = unsafe.Add(p.a2, aBytes)
	}
	if p.argmax != nil {
		a.Argmax = unsafe.Add(p.argmax, argmaxBytes)
	}
}
