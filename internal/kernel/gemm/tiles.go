package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// tile is what a tile of two vectors of columns that packs B reads; fields are named as those of
// micro.Args. Assembly reads it; distances are in bytes.
type tile struct {
	transposed int            // 1: rows of A are contiguous
	A          unsafe.Pointer // first row, first k
	B          unsafe.Pointer // first k, first column
	C          unsafe.Pointer // result
	Init       unsafe.Pointer // what sums start from
	AStride    uintptr        // from row to row; transposed: from k to k
	BStride    uintptr        // from k to k
	CStride    uintptr        // from row to row
	IStride    uintptr        // of Init from row to row
	K          int
	ReLU       int            // 1: negative results become 0, NaN stays
	pack       unsafe.Pointer // where B goes, row after row
	packStep   uintptr        // from row to row: 0 when nobody wants them
	ahead      uintptr        // what is fetched for later, four vectors for each k; it need not be there
	fetch      uintptr        // from one to the next
	end        uintptr        // past the last of those,
	next       uintptr        // from where it goes on here
	step       uintptr        // how far both move on then
}

// distance is how many rows ahead B is fetched: a memory's latency of tiles of few rows.
const distance = 32

// ScratchLen is the number of floats that each worker needs.
func (g *Gemm) ScratchLen() int {
	if g.method == dots || g.method == sums && addsRows(g.isa) {
		return 0
	}
	n := 0
	if !g.direct {
		width := 2 * micro.Lanes(g.isa)
		n = g.depth * width
		if g.few && g.shape.TransA {
			n = g.panels(g.shape)
		}
		n += 8*width + lineBytes/4 // 8: what goes nowhere, see first
	}
	if g.gather && !g.shared {
		rows := kernel.CeilDiv(g.shape.M, g.rows)
		if g.shape.TransA || g.turn {
			n += g.depth * apart(rows)
		} else {
			n += apart(g.depth) * rows
		}
	}
	return n
}

// apart is the distance between rows of n floats in scratch: an odd number of lines of the
// cache, so that they do not fight over a few of its sets.
func apart(n int) int { return (kernel.CeilDiv(4*n, lineBytes) | 1) * lineBytes / 4 }

// lineBytes is the length of a line of the cache.
const lineBytes = 64

// runTiles makes a block in tiles. c begins with row from; together is A, when it is shared.
func (g *Gemm) runTiles(r block, a, b, bias, c []float32, from int, together, scratch []float32, e Epilogue, add bool) {
	s := g.shape
	t := tiler{Gemm: g, block: r, b: b, bias: bias, c: c, from: from, together: together, scratch: scratch, e: e, add: add}
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
	from       int
	scratch    []float32
	together   []float32 // A, when it is shared
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
	t.rowsOf, t.rest = from, aligned(t.scratch)
	switch {
	case t.shared:
		t.stride = apart(s.K)
		t.rowsOf = t.together[t.m0*t.stride+t.k:]
	case t.turn:
		step := apart(lines)
		micro.PackTransposed(t.isa, t.scratch, from, length, t.stride, lines, step)
		t.rowsOf, t.rest, t.stride = t.scratch, aligned(t.scratch[length*step:]), step
	case t.gather:
		step := apart(length)
		for l := range lines {
			copy(t.scratch[l*step:l*step+length], from[l*t.stride:])
		}
		t.rowsOf, t.rest, t.stride = t.scratch, aligned(t.scratch[lines*step:]), step
	}
	t.args.AStride = uintptr(4 * t.stride)
}

// aligned is x from the first whole line of the cache on, so that no vector is in two; an empty x stays.
func aligned(x []float32) []float32 {
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(x))) % lineBytes / 4
	return x[min(int(skip), len(x)):]
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
		case padded == columns && columns == 2*micro.Lanes(t.isa) && streams(t.isa):
			m += t.first(n, i)
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
	t.args.C = unsafe.Pointer(&t.c[(m-t.from)*t.shape.N+n])
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

// first makes the first tile of panel i, and says how many rows that has. It packs B, which
// is fetched ahead of use; where B is transposed and packed before, the next panel is fetched.
func (t *tiler) first(n, i int) int {
	s, args, width := t.shape, &t.args, 2*micro.Lanes(t.isa)
	rows := t.m1 - t.m0
	height := kernel.TileHeights(t.isa, 2, true).Cut(rows)[0].Height // high, as B comes from memory
	x := tile{
		A: unsafe.Pointer(&t.rowsOf[0]), AStride: args.AStride, CStride: args.CStride, K: args.K,
		BStride: uintptr(4 * s.N), fetch: uintptr(4 * s.N), packStep: uintptr(4 * width),
	}
	last := i+1 == t.tiling.Tiles()
	b := uintptr(unsafe.Pointer(&t.b[0]))
	at := func(k, n int) uintptr { return b + uintptr(4*(k*s.N+n)) }
	if s.TransB {
		t.panel(t.rest, n, width, width)
		x.B, x.BStride, x.fetch = args.B, args.BStride, uintptr(4*s.K)
		x.pack, x.packStep = unsafe.Pointer(&t.rest[args.K*width]), 0
		after := (n+width)*s.K + t.k
		if last {
			after = t.n0*s.K + t.k + args.K
		}
		x.ahead = b + uintptr(4*after)
		x.end, x.step = x.ahead+uintptr(width)*x.fetch, uintptr(4*width)
		x.next = x.ahead + x.step
	} else {
		x.B, x.pack = unsafe.Pointer(&t.b[t.k*s.N+n]), unsafe.Pointer(&t.rest[0])
		if height == rows {
			x.packStep = 0
		}
		x.ahead, x.end, x.next = at(t.k+distance, n), at(t.k+args.K, n), at(t.k, n+width)
		if last {
			x.next = at(t.k+args.K, t.n0)
		}
		args.B, args.BStride = x.pack, uintptr(4*width)
	}
	t.start(t.m0, n)
	x.C, x.Init, x.IStride, x.ReLU = args.C, args.Init, args.IStride, args.ReLU
	if s.TransA || t.turn {
		x.transposed = 1
	}
	runTile(t.isa, height, &x)
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
