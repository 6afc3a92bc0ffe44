package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// tile is what a tile of two vectors of columns that packs B reads (the assembly knows the
// offsets, see internal/kernel/gen); distances are in bytes.
type tile struct {
	a        unsafe.Pointer // 0: first row, first k
	b        unsafe.Pointer // 8: first k, first column
	c        unsafe.Pointer // 16: result
	init     unsafe.Pointer // 24: what sums start from
	aStride  uintptr        // 32: n: from row to row; t: from k to k
	bStride  uintptr        // 40: from k to k
	cStride  uintptr        // 48: from row to row
	iStride  uintptr        // 56: of init from row to row
	k        int            // 64
	relu     int            // 72: 1: negative results become 0, NaN stays
	pack     unsafe.Pointer // 80: where B goes, row after row
	packStep uintptr        // 88: from four rows to the next four: 0 when nobody wants them
	ahead    uintptr        // 96: the row of B that is fetched first; it need not be there
	end      uintptr        // 104: past the last of those,
	next     uintptr        // 112: from where it goes on here
}

var _ = [1]struct{}{}[unsafe.Offsetof(tile{}.next)-112]

// distance is how many rows ahead B is fetched: a memory's latency of tiles of few rows.
const distance = 32

// ScratchLen is the number of floats that each worker needs.
func (g *Gemm) ScratchLen() int {
	if g.method == dots || g.method == sums && addsRows(g.isa) {
		return 0
	}
	n := 0
	switch {
	case g.direct:
	case g.few && g.shape.TransA: // all panels
		n += g.panels(g.shape)
	default:
		n += max(g.depth, 8) * 2 * micro.Lanes(g.isa)
	}
	if g.gather {
		rows := kernel.CeilDiv(g.shape.M, g.rows)
		if g.shape.TransA || g.turn {
			n += g.depth * rows
		} else {
			n += (g.depth + apart) * rows
		}
	}
	return n
}

// apart is how far rows in scratch are apart, so that they are not all in the same lines of the cache.
const apart = 16

// runTiles makes a block in tiles. c begins with row first.
func (g *Gemm) runTiles(r block, a, b, bias, c []float32, first int, scratch []float32, e Epilogue, add bool) {
	s := g.shape
	t := tiler{Gemm: g, block: r, b: b, bias: bias, c: c, first: first, scratch: scratch, e: e, add: add}
	t.tiling = micro.NewTiling(g.isa, r.n1-r.n0)
	t.args.Segs = 1
	t.args.Seg = &noSegment
	t.args.CStride = uintptr(4 * s.N)
	for k := r.k0; k < r.k1; k += g.depth {
		t.k, t.args.K = k, min(g.depth, r.k1-k)
		t.bring(a)
		t.panels(t.short())
	}
}

// tiler makes a block in tiles.
type tiler struct {
	*Gemm
	block
	b, bias, c []float32
	first      int
	scratch    []float32
	e          Epilogue
	add        bool

	tiling micro.Tiling
	args   micro.Args
	k      int       // where the panels begin
	rowsOf []float32 // op(A) from m0 and k on
	stride int
	rest   []float32 // of scratch
}

// noSegment is the distance after the only segment of a tile.
var noSegment int

// bring sets where rows of op(A) are, from k on: in A, or together in scratch. Where A is
// transposed, rows are contiguous, and stride is from k to k.
func (t *tiler) bring(a []float32) {
	s := t.shape
	lines, length, from := t.m1-t.m0, t.args.K, a[t.m0*s.K+t.k:]
	t.stride = s.K
	if s.TransA {
		lines, length, from = length, lines, a[t.k*s.M+t.m0:]
		t.stride = s.M
	}
	t.rowsOf, t.rest = from, t.scratch
	switch {
	case t.turn:
		micro.PackTransposed(t.isa, t.scratch, from, length, t.stride, lines, lines)
		t.rowsOf, t.rest, t.stride = t.scratch, t.scratch[lines*length:], lines
	case t.gather:
		step := length
		if !s.TransA {
			step += apart
		}
		for l := range lines {
			copy(t.scratch[l*step:l*step+length], from[l*t.stride:])
		}
		t.rowsOf, t.rest, t.stride = t.scratch, t.scratch[lines*step:], step
	}
	t.args.AStride = uintptr(4 * t.stride)
}

// panels makes the tiles of a panel of B, then those of the next, from column done on.
func (t *tiler) panels(done int) {
	s := t.shape
	for i := range t.tiling.Tiles() {
		at, columns, padded := t.tiling.At(i)
		if at < done {
			continue
		}
		n := t.n0 + at
		t.args.Columns(t.isa, columns)
		m := t.m0
		switch {
		case t.direct:
			t.args.B, t.args.BStride = unsafe.Pointer(&t.b[t.k*s.N+n]), uintptr(4*s.N)
		case !s.TransB && padded == columns && columns == 2*micro.Lanes(t.isa) && streams(t.isa):
			m += t.packing(n, i)
		default:
			t.panel(t.rest, n, columns, padded)
		}
		if m < t.m1 {
			t.rowsTimes(m, t.m1, n)
		}
	}
}

// start sets what the tile's sums start from, and says where.
func (t *tiler) start(m, n int) {
	t.args.C = unsafe.Pointer(&t.c[(m-t.first)*t.shape.N+n])
	switch {
	case t.add || t.k > t.k0:
		t.args.Init, t.args.IStride = t.args.C, t.args.CStride
	case t.e.Bias:
		t.args.Init, t.args.IStride = unsafe.Pointer(&t.bias[n]), 0
	default:
		t.args.Zero()
	}
	t.args.ReLU = 0
	if t.e.ReLU && t.k+t.args.K == t.k1 {
		t.args.ReLU = 1
	}
}

// rowsTimes makes rows [m, end) of a panel.
func (t *tiler) rowsTimes(m, end, n int) {
	t.start(m, n)
	if t.shape.TransA || t.turn {
		t.args.A = unsafe.Pointer(&t.rowsOf[m-t.m0])
		micro.T(end-m, &t.args)
	} else {
		t.args.A = unsafe.Pointer(&t.rowsOf[(m-t.m0)*t.stride])
		micro.N(end-m, &t.args)
	}
}

// packing makes the first tile of panel i, whose B it packs, and says how many rows that has.
func (t *tiler) packing(n, i int) int {
	s, args := t.shape, &t.args
	rows := t.m1 - t.m0
	tiles := kernel.CeilDiv(rows, args.MaxRows())
	height := kernel.CeilDiv(rows, tiles)
	t.start(t.m0, n)
	from := t.k*s.N + n
	after := from + 2*micro.Lanes(t.isa) // the next panel, or the first of the next block
	if i+1 == t.tiling.Tiles() {
		after = (t.k+args.K)*s.N + t.n0
	}
	b := uintptr(unsafe.Pointer(&t.b[0]))
	x := tile{
		a: unsafe.Pointer(&t.rowsOf[0]), b: unsafe.Pointer(&t.b[from]), c: args.C, init: args.Init,
		aStride: args.AStride, bStride: uintptr(4 * s.N), cStride: args.CStride, iStride: args.IStride,
		k: args.K, relu: args.ReLU,
		pack: unsafe.Pointer(&t.rest[0]), packStep: uintptr(4 * 2 * 4 * micro.Lanes(t.isa)),
		ahead: b + uintptr(4*(from+distance*s.N)),
		end:   b + uintptr(4*(from+args.K*s.N)),
		next:  b + uintptr(4*after),
	}
	if tiles == 1 {
		x.packStep = 0
	}
	runTile(t.isa, s.TransA || t.turn, height, &x)
	args.B, args.BStride = x.pack, uintptr(4*2*micro.Lanes(t.isa))
	return height
}

// panel packs B for the panel's rows from k on and columns from n on.
func (t *tiler) panel(packed []float32, n, columns, padded int) {
	s := t.shape
	if s.TransB {
		micro.PackTransposed(t.isa, packed, t.b[n*s.K+t.k:], t.args.K, s.K, columns, padded)
	} else {
		micro.Pack(t.isa, packed, t.b[t.k*s.N+n:], t.args.K, s.N, columns, padded)
	}
	t.args.B, t.args.BStride = unsafe.Pointer(&packed[0]), uintptr(4*padded)
}
