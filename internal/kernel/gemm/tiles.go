package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
)

// tile has the operands of a tile of two vectors of columns that also packs and prefetches B. Fields with the names of
// fields of micro.Args have the same meaning, and distances are in bytes. Assembly reads it.
type tile struct {
	transposed int            // 1: the rows of A are contiguous
	A          unsafe.Pointer // first row and k
	B          unsafe.Pointer // first k and column
	C          unsafe.Pointer // first row and column of the result
	Init       unsafe.Pointer // initial values of the sums
	AStride    uintptr        // from row to row; transposed: from k to k
	BStride    uintptr        // from k to k
	CStride    uintptr        // from row to row
	IStride    uintptr        // of Init from row to row
	K          int
	ReLU       int            // 1: set negative results to 0; NaN stays NaN
	pack       unsafe.Pointer // packed rows of B
	packStep   uintptr        // from packed row to packed row; 0 if the packed rows are not needed
	ahead      uintptr        // memory to prefetch, four vectors for each k; it may be beyond the end of B
	fetch      uintptr        // added to ahead for each k
	end        uintptr        // when ahead reaches end, it continues at next,
	next       uintptr        // and then next and end move by step
	step       uintptr        // see end
}

// distance is the number of rows between the row of B that is read and the one that is prefetched. For low tiles this
// is about the latency of memory.
const distance = 32

// ScratchLen is the length of the scratch that each worker needs, in floats.
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
		n += 8*width + lineBytes/4 // 8 vectors: packed rows that are not needed; see first
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

// apart is the distance between rows of n floats in scratch. It is an odd number of cache lines, so that rows do not
// compete for a few sets of the cache.
func apart(n int) int { return (kernel.CeilDiv(4*n, lineBytes) | 1) * lineBytes / 4 }

// lineBytes is the length of a cache line.
const lineBytes = 64

// runTiles computes a block in tiles. c starts with row from. gathered is A as Start has gathered it, if it is shared.
func (g *Gemm) runTiles(r block, a, b, bias, c []float32, from int, gathered, scratch []float32, e Epilogue, add bool) {
	s := g.shape
	t := tiler{Gemm: g, block: r, b: b, bias: bias, c: c, from: from, gathered: gathered, scratch: scratch, e: e, add: add}
	t.tiling = micro.NewTiling(g.isa, r.n1-r.n0)
	t.args.CStride = uintptr(4 * s.N)
	for k := r.k0; k < r.k1; k += g.depth {
		t.k = k
		t.args.Contiguous(min(g.depth, r.k1-k))
		t.setRows(a)
		t.panels(t.short())
	}
}

// tiler computes a block in tiles.
type tiler struct {
	*Gemm
	block
	b, bias, c []float32
	from       int // first row of c
	scratch    []float32
	gathered   []float32 // A, if it is shared
	e          Epilogue
	add        bool

	tiling micro.Tiling
	args   micro.Args
	k      int       // first k of the panels
	rowsOf []float32 // op(A) from m0 and k on
	stride int       // of rowsOf
	rest   []float32 // scratch that is not used for A
}

// setRows sets rowsOf and stride for the panels that start at k. If A is to be gathered, it copies A to scratch. If
// rows are contiguous (TransA or turn), stride is from k to k, else from row to row.
func (t *tiler) setRows(a []float32) {
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
		t.rowsOf = t.gathered[t.m0*t.stride+t.k:]
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

// aligned returns x without the floats before the first whole cache line, so that no vector crosses a line.
func aligned(x []float32) []float32 {
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(x))) % lineBytes / 4
	return x[min(int(skip), len(x)):]
}

// panels computes the tiles of all panels of B that start at column done or later.
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

// start sets the result of the tile at row m and column n, and the initial values of its sums.
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

// rowsTimes computes rows [m, end) of a panel.
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

// first computes the first tile of panel i, and returns its number of rows. The tile prefetches B and packs it for the
// other tiles. If B is transposed, it is packed before, and the tile prefetches the next panel.
func (t *tiler) first(n, i int) int {
	s, args, width := t.shape, &t.args, 2*micro.Lanes(t.isa)
	rows := t.m1 - t.m0
	height := kernel.TileHeights(t.isa, 2, true).Cut(rows)[0].Height // a high tile, because B is read from memory
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

// panel packs the panel of B that starts at k and column n.
func (t *tiler) panel(packed []float32, n, columns, padded int) {
	s := t.shape
	if s.TransB {
		micro.PackTransposed(t.isa, packed, t.b[n*s.K+t.k:], t.args.K, s.K, columns, padded)
	} else {
		micro.Pack(t.isa, packed, t.b[t.k*s.N+n:], t.args.K, s.N, columns, padded)
	}
	t.args.B, t.args.BStride = unsafe.Pointer(&packed[0]), uintptr(4*padded)
}
