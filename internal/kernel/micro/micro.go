// Package micro holds the micro-kernels that convolution and matrix multiplication are made
// of: a tile of a matrix product, a few rows by one or two vectors of columns, kept in
// registers while k runs.
//
//   - N: rows at a stride, k contiguous, in segments at any distance: images under a window,
//     row-major matrices;
//   - T: rows contiguous, k at a stride: the gradient of filters, transposed matrices;
//   - P: N over a 2x2 pooling window, which keeps the greatest of four results and where it
//     was.
//
// N, T and P take any number of rows and cut them into tiles evenly, NLines and PLines many
// lines of rows, too: one call of assembly makes many tiles, as long as it stays short.
//
// An element is summed over k in ascending order, starting from Init, with fused
// multiply-adds in assembly; so it does not depend on the tile that it is in.
package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// Args describes a tile. The assembly knows the offsets (see internal/kernel/gen); distances
// are in bytes.
type Args struct {
	A           unsafe.Pointer // 0: first row, first k
	B           unsafe.Pointer // 8: first k, first column; columns are contiguous
	C           unsafe.Pointer // 16: result
	Init        unsafe.Pointer // 24: what sums start from: a row of columns
	AStride     uintptr        // 32: N, P: from row to row; T: from k to k
	BStride     uintptr        // 40: from k to k
	CStride     uintptr        // 48: from row to row (P: from pooled pixel to pooled pixel)
	IStride     uintptr        // 56: of Init from row to row: 0 for a bias, CStride to add to C
	K           int            // 64: length of a segment; not 0
	Segs        int            // 72: number of segments; not 0
	Seg         *int           // 80: N, P: from the end of each segment to the start of the next, Segs numbers, the last unused
	ASeg        int            // 88: T: the same for A, one distance for all
	BSeg        int            // 96: T: the same for B
	ReLU        int            // 104: 1: negative results become 0, NaN stays
	Mask        uint64         // 112: AVX-512: lanes of the last vector; NEON: its byte offset
	Lanes       unsafe.Pointer // 120: AVX2: the same as a vector of 0 and -1
	A2          unsafe.Pointer // 128: P: first row of the window's second line
	Index       unsafe.Pointer // 136: P: a byte for each result: 0 to 3 where the greatest was, 4 when ReLU cut it
	IndexStride uintptr        // 144: P: of Index from pooled pixel to pooled pixel
	Add         unsafe.Pointer // 152: N, T: what is added to sums before ReLU, laid out as C; or nil
	Limit       float32        // 160: N, T: with ReLU: the greatest result; 0: none

	tiles     int     // 168: how many tiles a call of assembly makes
	aTile     uintptr // 176: from tile to tile: of A and A2
	cTile     uintptr // 184: of C and Add
	iTile     uintptr // 192: of Init
	indexTile uintptr // 200: of Index
	_         int     // 208: the segments that are left to do
	fetch     int     // 216: -1: rows follow one another, and those of the next tile are fetched; or 0

	Ahead [2]Ahead // 224: T: memory to fetch meanwhile

	isa     kernel.ISA
	columns int
	kind    int // vectors, and 4 when the last is not whole: which tile the generated code takes (NEON: see neonColumns)
}

// Ahead is memory that the second cache asks for while tiles are made: a line of 64 bytes for
// each k of each tile. It is not a pointer, as it may go beyond the end.
type Ahead struct {
	at   uintptr
	step uintptr // 64, or 0 for nothing
	end  uintptr
}

// Over starts with memory.
func (f *Ahead) Over(x []float32) {
	*f = Ahead{}
	if len(x) > 0 {
		f.at, f.step = uintptr(unsafe.Pointer(&x[0])), 64
		f.end = f.at + uintptr(4*len(x))
	}
}

// zeros is what sums start from when there is nothing to add to.
var zeros [64]float32

// Zero makes sums start from 0.
func (a *Args) Zero() { a.Init, a.IStride = unsafe.Pointer(&zeros[0]), 0 }

// Columns sets the tile's width, at most two vectors, and the instruction set: AVX-512 does
// eight columns or less with the shorter vectors of AVX2.
func (a *Args) Columns(isa kernel.ISA, n int) {
	lanes := lanesFor(isa, n)
	vectors := kernel.CeilDiv(n, lanes)
	last := n - (vectors-1)*lanes
	a.isa, a.columns, a.kind = isa, n, vectors
	if last < lanes {
		a.kind |= 4
	}
	a.Mask = 1<<last - 1
	if isa == kernel.NEON {
		a.neonColumns()
		return
	}
	if lanes == 8 {
		a.Lanes = unsafe.Pointer(kernel.LaneMask(last))
		if isa == kernel.AVX512 {
			a.isa = kernel.AVX2
		}
	}
}

// neonColumns is Columns for vectors of four. Fewer columns than that have tiles of their
// own; else the last vector ends with the last column, over some of the one before.
func (a *Args) neonColumns() {
	if a.columns < 4 {
		a.kind, a.Mask = 4+a.columns, 0
		return
	}
	a.kind, a.Mask = kernel.CeilDiv(a.columns, 4), uint64(4*(a.columns-4))
}

// Lanes is the number of float32 in a vector. Portable code counts as AVX2 does, and NEON,
// which has twice the registers of half the length, too.
func Lanes(isa kernel.ISA) int {
	if isa == kernel.AVX512 {
		return 16
	}
	return 8
}

// lanesFor is the length of the vectors that a tile of n columns is made of.
func lanesFor(isa kernel.ISA, n int) int {
	if n <= 8 {
		return 8
	}
	return Lanes(isa)
}

// MaxRows is the greatest number of rows of a tile of these columns.
func (a *Args) MaxRows() int {
	switch {
	case a.isa == kernel.AVX512:
		return 14
	case a.isa == kernel.AVX2 && a.kind&3 == 2:
		return 6
	case a.isa == kernel.AVX2:
		return 12
	case a.isa == kernel.NEON && (a.kind == 3 || a.kind == 4):
		return 6
	case a.isa == kernel.NEON:
		return 10
	}
	return 8
}

// MaxPooled is the greatest number of pooled pixels of a tile of P of these columns.
func (a *Args) MaxPooled() int {
	if a.isa == kernel.AVX512 {
		return 3
	}
	return 1
}
