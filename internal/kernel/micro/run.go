package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// form is one of the forms of tiles in the package comment.
type form uint8

const (
	formN form = iota
	formT
	formP
)

// N computes any number of rows in form N.
func N(rows int, a *Args) { a.lines(formN, rows, 1, 0, 0, 0) }

// NLines computes several lines of rows in form N. Line l starts aLine*l bytes after A, and cLine*l bytes after C,
// Residual and, unless IStride is 0, Init.
func NLines(rows, lines int, aLine, cLine uintptr, a *Args) {
	a.lines(formN, rows, lines, aLine, cLine, 0)
}

// T computes any number of rows in form T.
func T(rows int, a *Args) { a.lines(formT, rows, 1, 0, 0, 0) }

// P computes any number of pooled pixels in form P.
func P(pooled int, a *Args) { a.lines(formP, pooled, 1, 0, 0, 0) }

// PLines computes several lines of pooled pixels in form P. Line l starts aLine*l bytes after A and A2, cLine*l bytes
// after C, and argmaxLine*l bytes after Argmax.
func PLines(pooled, lines int, aLine, cLine, argmaxLine uintptr, a *Args) {
	a.lines(formP, pooled, lines, aLine, cLine, argmaxLine)
}

// step is the distance in A from a row to the next, or from a pooled pixel to the next, in bytes.
func (a *Args) step(f form) uintptr {
	switch f {
	case formT:
		return 4
	case formP:
		return 2 * a.AStride
	}
	return a.AStride
}

// lines divides lines of rows, or of pooled pixels, into tiles. It uses at most three heights, so that many tiles have
// the same.
func (a *Args) lines(f form, rows, lines int, aLine, cLine, argmaxLine uintptr) {
	if f != formP && a.isa == kernel.AVX512 && kernel.Halves && (a.columns == 16 || a.columns == 24) {
		a.inHalves(f, rows, lines, aLine, cLine)
		return
	}
	a.transposed = 0
	if f == formT {
		a.transposed = 1
		for i := range a.Ahead {
			if f := &a.Ahead[i]; f.at >= f.end { // nothing is left: prefetch B, which is in the cache
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

// inHalves computes tiles of 16 and 24 columns with the vectors of AVX2, on processors that execute AVX-512 in
// halves. With AVX-512, 16 columns would be one vector for each element of A, which is limited by loads, and of 24
// columns half of the second vector would be unused.
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
		some = 24 // A is read twice, the second time from the first cache
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

// sameSet is the maximum number of rows in a tile if rows lie a multiple of 4096 bytes apart. Such rows share a set of
// the first cache, which has at least eight ways.
const sameSet = 7

// repeat computes a number of tiles of the same height, in several calls if one would take too long.
func (a *Args) repeat(f form, height, tiles int, aTile, cTile, argmaxTile uintptr) {
	a.aTile, a.cTile, a.argmaxTile, a.iTile = aTile, cTile, argmaxTile, 0
	if a.IStride != 0 {
		a.iTile = cTile
	}
	a.aheadTile, a.aheadStep = 0, 0
	if f == formN && a.Segs == 1 && a.AStride == uintptr(4*a.K) {
		a.aheadTile, a.aheadStep = aTile, uintptr(4*height)
	}
	most := max(1, kernel.CallProducts/(height*a.K*a.Segs*a.columns))
	start := a.operands()
	for done := 0; done < tiles; done += most {
		n := uintptr(done)
		a.forward(start, n*aTile, n*cTile, n*argmaxTile)
		a.tiles = min(most, tiles-done)
		run(f, height, a)
	}
}

// operands are the pointers in Args that move from tile to tile.
type operands struct{ a, a2, c, init, residual, argmax unsafe.Pointer }

func (a *Args) operands() operands { return operands{a.A, a.A2, a.C, a.Init, a.Residual, a.Argmax} }

// forward sets the pointers to p plus the given distances.
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
