// Package gemm holds matrix multiplication, with bias, ReLU and addition in the same pass.
//
// Implementation: tiles of the micro-kernels of package micro, for all instruction sets.
// Matrices are read where they are when that costs less than bringing them together in
// scratch: B when few rows of A pass over it, A when it passes over few columns of B. A product with few results and a long k is cut
// along k; the cuts' sums are added in order.
package gemm

import (
	"fmt"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/micro"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// Shape is C[M,N] = op(A) op(B), or C += with Accumulate. All matrices are row-major and
// dense: A is [M,K], or [K,M] with TransA; B is [K,N], or [N,K] with TransB.
type Shape struct {
	M, N, K        int
	TransA, TransB bool
	Accumulate     bool
}

// Validate reports a shape that no kernel can have.
func (s Shape) Validate() error {
	if s.M < 1 || s.N < 1 || s.K < 1 {
		return fmt.Errorf("gemm: %+v: sizes must be at least 1", s)
	}
	return nil
}

// FLOPs is the number of multiplications and additions.
func (s Shape) FLOPs() int { return 2 * s.M * s.N * s.K }

// Epilogue is what is done to the product before it goes to memory.
type Epilogue struct {
	Bias bool // one number a column; not together with Accumulate
	ReLU bool
}

// How work is cut. Nothing here may depend on the instruction set: the cut along k decides
// how sums are rounded.
const (
	partFLOPs = 4 << 20 // about the work of a part
	blockRows = 168     // rows of a part at most: whole tiles of 6, 8, 12 and 14 rows
	blockK    = 512     // depth of a panel of B in scratch
	directK   = 128     // depth of a panel of B where it is: the first-level cache holds it
	unit      = 32      // columns of a part are a multiple of this
	shortest  = 512     // least k of a part of a product that is cut along k
)

// Gemm is a matrix multiplication.
type Gemm struct {
	isa      kernel.ISA
	shape    Shape
	epilogue Epilogue
	rows     int // parts along M, N and K
	columns  int
	cuts     int
	direct   bool // B is read where it is
	gather   bool // A is brought together
	depth    int  // of a block along k
}

// New prepares a multiplication. It panics for an impossible shape.
func New(isa kernel.ISA, s Shape, e Epilogue) *Gemm {
	if err := s.Validate(); err != nil {
		panic(err)
	}
	if e.Bias && s.Accumulate {
		panic("gemm: a bias and Accumulate exclude each other")
	}
	g := &Gemm{isa: isa, shape: s, epilogue: e, rows: kernel.CeilDiv(s.M, blockRows), columns: 1, cuts: 1}
	want := min(64, max(1, s.FLOPs()/partFLOPs))
	switch {
	case s.M*s.N <= 1<<16 && s.K >= 2*shortest && want > 1:
		g.rows = 1
		g.cuts = min(want, 32, s.K/shortest)
	case g.rows < want:
		g.columns = min(kernel.CeilDiv(want, g.rows), kernel.CeilDiv(s.N, unit))
	}
	g.direct = !s.TransB && (min(s.M, blockRows) <= 42 || s.K*s.N <= 1<<12)
	g.gather = s.M > 42 && s.N/g.columns >= 3*unit
	g.depth = blockK
	if g.direct {
		g.depth = directK
	}
	g.depth = min(g.depth, s.K)
	return g
}

// Parts is the number of parts.
func (g *Gemm) Parts() int { return g.rows * g.columns * g.cuts }

// PartialLen is the number of floats of the sums of a product that is cut along k, else 0.
func (g *Gemm) PartialLen() int {
	if g.cuts == 1 {
		return 0
	}
	return g.cuts * g.shape.M * g.shape.N
}

// ScratchLen is the number of floats that each worker needs.
func (g *Gemm) ScratchLen() int {
	n := 0
	if !g.direct {
		n += g.depth * 2 * micro.Lanes(g.isa)
	}
	if g.gather {
		n += g.depth * min(g.shape.M, blockRows)
	}
	return n
}

// Run multiplies a part. It writes c, or partial when PartialLen is not 0. bias [N] is used
// with Bias.
func (g *Gemm) Run(part int, a, b, bias, c, partial, scratch []float32) {
	s := g.shape
	cut := part / (g.rows * g.columns)
	part %= g.rows * g.columns
	m0, m1 := kernel.Split(s.M, g.rows, part/g.columns)
	n0, n1 := kernel.Split(kernel.CeilDiv(s.N, unit), g.columns, part%g.columns)
	n0, n1 = n0*unit, min(s.N, n1*unit)
	k0, k1 := kernel.Split(s.K, g.cuts, cut)

	last := g.epilogue
	add := s.Accumulate
	if g.cuts > 1 {
		c, last, add = partial[cut*s.M*s.N:(cut+1)*s.M*s.N], Epilogue{}, false
	}
	tiling := micro.NewTiling(g.isa, n1-n0)
	var args micro.Args
	args.Segs = 1
	args.Seg = &noSegment
	args.CStride = uintptr(4 * s.N)
	for k := k0; k < k1; k += g.depth {
		depth := min(g.depth, k1-k)
		args.K = depth
		block, stride, scratch := g.block(a, scratch, m0, m1, k, depth)
		args.AStride = uintptr(4 * stride)
		if last.ReLU && k+depth == k1 {
			args.ReLU = 1
		}
		for tile := range tiling.Tiles() {
			first, columns, padded := tiling.At(tile)
			n := n0 + first
			args.Columns(g.isa, columns)
			g.panel(&args, b, scratch, k, n, columns, padded)
			args.Zero()
			if last.Bias {
				args.Init = unsafe.Pointer(&bias[n])
			}
			tiles := kernel.CeilDiv(m1-m0, args.MaxRows())
			for t := range tiles {
				lo, hi := kernel.Split(m1-m0, tiles, t)
				m := m0 + lo
				args.C = unsafe.Pointer(&c[m*s.N+n])
				if add || k > k0 {
					args.Init, args.IStride = args.C, args.CStride
				}
				if s.TransA {
					args.A = unsafe.Pointer(&block[lo])
					micro.T(hi-lo, &args)
				} else {
					args.A = unsafe.Pointer(&block[lo*stride])
					micro.N(hi-lo, &args)
				}
			}
		}
	}
}

// noSegment is the distance after the only segment of a tile.
var noSegment int

// block is where rows [m0, m1) of op(A) are, from k on: in A, or together in scratch, of
// which it gives back the rest. Where A is transposed, rows are contiguous, and stride is
// from k to k.
func (g *Gemm) block(a, scratch []float32, m0, m1, k, depth int) (block []float32, stride int, rest []float32) {
	s := g.shape
	lines, length, from := m1-m0, depth, a[m0*s.K+k:]
	stride = s.K
	if s.TransA {
		lines, length, from = depth, m1-m0, a[k*s.M+m0:]
		stride = s.M
	}
	if !g.gather {
		return from, stride, scratch
	}
	for l := range lines {
		copy(scratch[l*length:(l+1)*length], from[l*stride:])
	}
	return scratch[:lines*length], length, scratch[lines*length:]
}

// panel sets B for depth rows from k on and columns from n on.
func (g *Gemm) panel(args *micro.Args, b, scratch []float32, k, n, columns, padded int) {
	s := g.shape
	if g.direct {
		args.B, args.BStride = unsafe.Pointer(&b[k*s.N+n]), uintptr(4*s.N)
		return
	}
	if s.TransB {
		micro.PackTransposed(g.isa, scratch, b[n*s.K+k:], args.K, s.K, columns, padded)
	} else {
		micro.Pack(g.isa, scratch, b[k*s.N+n:], args.K, s.N, columns, padded)
	}
	args.B, args.BStride = unsafe.Pointer(&scratch[0]), uintptr(4*padded)
}

// ReduceParts is the number of parts of adding up the cuts along k; 0 when there are none.
func (g *Gemm) ReduceParts() int {
	if g.cuts == 1 {
		return 0
	}
	return kernel.CeilDiv(g.shape.M, g.reduceRows())
}

func (g *Gemm) reduceRows() int { return max(1, kernel.Block/g.shape.N) }

// Reduce adds up a part of c [M,N] and finishes it. All of Run must be done.
func (g *Gemm) Reduce(part int, partial, bias, c []float32) {
	s := g.shape
	m0 := part * g.reduceRows()
	m1 := min(s.M, m0+g.reduceRows())
	for m := m0; m < m1; m++ {
		row := c[m*s.N : (m+1)*s.N]
		switch {
		case s.Accumulate:
		case g.epilogue.Bias:
			copy(row, bias)
		default:
			clear(row)
		}
		reduce.AddRowsStrided(g.isa, row, partial[m*s.N:], g.cuts, s.M*s.N, true)
		if g.epilogue.ReLU {
			for i, v := range row {
				if v < 0 {
					row[i] = 0
				}
			}
		}
	}
}
