package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// Short tiles compute products with a short k, whose result is larger than the operands. They have few rows, because
// few lines of the result should be written at a time.

// short has the operands of rows of short tiles. The rows of A are contiguous. Fields with the names of fields of
// micro.Args have the same meaning, and distances are in bytes. Assembly reads and changes it.
type short struct {
	A       unsafe.Pointer // first row and k of a row of tiles; assembly moves it
	B       unsafe.Pointer // first k and column
	C       unsafe.Pointer // first row and column of the result
	AStride uintptr        // from k to k
	BStride uintptr        // from k to k
	CStride uintptr        // from row to row
	bTile   uintptr        // of B, from tile to tile along the columns
	K       int
	columns int     // number of tiles in a row of tiles
	left    int     // used by assembly only: number of tiles left in the row
	rows    int     // number of rows of tiles; assembly counts it down
	past    int     // 1: write C past the caches, with non-temporal stores
	ahead   uintptr // memory to prefetch for later, half a line for each k of a tile; assembly moves it
	end     uintptr // end of that memory
}

// pastFloats is the minimum length of a result that is written past the caches, in floats.
const pastFloats = 8 << 20

// shortRows is the maximum height of a short tile. It is high enough for peak speed. A tile of 14 rows takes twice as
// long if the result is not in the second cache.
func shortRows(isa kernel.ISA) int {
	if isa == kernel.AVX512 {
		return 4
	}
	return 6
}

// products computes some short tiles, starting at column n, for all rows. Their panels of B lie bTile bytes apart.
func (t *tiler) products(n, tiles int, b unsafe.Pointer, bStride, bTile uintptr) {
	width := 2 * micro.Lanes(t.isa)
	heights := kernel.TileHeights(t.isa, 2, true)
	if t.args.K <= shortK && (!t.near || t.args.K*t.shape.N <= 1<<13) { // else high tiles, because B is read from the second cache
		heights = heights.Limit(shortRows(t.isa))
	}
	most := heights.Max()
	if pieces := kernel.CeilDiv(tiles, max(1, kernel.CallProducts/(most*width*t.args.K))); pieces > 1 {
		for i := range pieces {
			lo, hi := kernel.Split(tiles, pieces, i)
			t.products(n+lo*width, hi-lo, unsafe.Add(b, uintptr(lo)*bTile), bStride, bTile)
		}
		return
	}
	x := short{
		B: b, BStride: bStride, bTile: bTile,
		AStride: t.args.AStride, CStride: t.args.CStride,
		K: t.args.K, columns: tiles,
	}
	x.ahead = uintptr(b)
	if t.shape.TransB && t.turn { // the rows of the next panel follow the rows of this one
		x.ahead = uintptr(unsafe.Pointer(&t.b[n*t.shape.K])) + uintptr(4*width*t.shape.K)
	}
	x.end = x.ahead + uintptr(4*width*t.args.K)
	c := uintptr(unsafe.Pointer(&t.c[n]))
	if !t.near && t.shape.M*t.shape.N >= pastFloats && c%64 == 0 && t.shape.N%16 == 0 {
		x.past = 1
	}
	row := 0
	for _, cut := range heights.Cut(t.m1 - t.m0) {
		for left := cut.Count; left > 0; {
			rows := min(left, max(1, kernel.CallProducts/(cut.Height*tiles*width*x.K)))
			x.rows = rows
			x.A = unsafe.Pointer(&t.rowsOf[row])
			x.C = unsafe.Pointer(&t.c[(t.m0+row-t.from)*t.shape.N+n])
			runShort(t.isa, cut.Height, &x)
			row += rows * cut.Height
			left -= rows
		}
	}
}

// short computes as many columns as possible in short tiles, and returns their number.
func (t *tiler) short() int {
	s, width := t.shape, 2*micro.Lanes(t.isa)
	tiles := (t.n1 - t.n0) / width
	if !t.few || t.add || t.e != (Epilogue{}) || tiles == 0 || !streams(t.isa) {
		return 0
	}
	panel := uintptr(4 * width * t.args.K)
	switch {
	case t.direct:
		t.products(t.n0, tiles, unsafe.Pointer(&t.b[t.k*s.N+t.n0]), uintptr(4*s.N), uintptr(4*width))
	case s.TransA:
		for i := range tiles {
			t.panel(t.rest[t.args.K*width*i:], t.n0+width*i, width, width)
		}
		t.products(t.n0, tiles, unsafe.Pointer(&t.rest[0]), uintptr(4*width), panel)
	default:
		for i := range tiles {
			t.panel(t.rest, t.n0+width*i, width, width)
			t.products(t.n0+width*i, 1, unsafe.Pointer(&t.rest[0]), uintptr(4*width), panel)
		}
	}
	return tiles * width
}
