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

// Args describes a tile. Assembly reads it; distances are in bytes.
type Args struct {
	A            unsafe.Pointer // first row, first k
	B            unsafe.Pointer // first k, first column; columns are contiguous
	C            unsafe.Pointer // result
	Init         unsafe.Pointer // what sums start from: a row of columns
	AStride      uintptr        // N, P: from row to row; T: from k to k
	BStride      uintptr        // from k to k
	CStride      uintptr        // from row to row (P: from pooled pixel to pooled pixel)
	IStride      uintptr        // of Init from row to row: 0 for a bias, CStride to add to C
	K            int            // length of a segment; not 0
	Segs         int            // number of segments; not 0
	Seg          *int           // N, P: from the end of each segment to the start of the next, Segs numbers, the last unused
	ASeg         int            // T: the same for A, one distance for all
	BSeg         int            // T: the same for B
	ReLU         int            // 1: negative results become 0, NaN stays
	Mask         uint64         // AVX-512: lanes of the last vector; NEON: its byte offset
	Lanes        unsafe.Pointer // AVX2: the same as a vector of 0 and -1
	A2           unsafe.Pointer // P: first row of the window's second line
	Argmax       unsafe.Pointer // P: a byte for each result: where the maximum was in the window, row*2+column, or 4 where ReLU cut it
	ArgmaxStride uintptr        // P: of Argmax from pooled pixel to pooled pixel
	Residual     unsafe.Pointer // N, T: added to the sums before ReLU, laid out as C; or nil
	Limit        float32        // N, T: with ReLU: the greatest result; 0: none

	transposed int     // 1: T
	tiles      int     // how many tiles a call of assembly makes
	aTile      uintptr // from tile to tile: of A and A2
	cTile      uintptr // of C and Residual
	iTile      uintptr // of Init
	argmaxTile uintptr // of Argmax
	whole      int     // 1: so is the last vector
	segments   int     // of the assembly: segments left
	aheadTile  uintptr // N: aTile when rows follow one another, and those of the next tile are fetched; else 0
	aheadStep  uintptr // N: how many bytes are fetched for each k; or 0

	Ahead [2]Ahead // T: memory to fetch meanwhile

	isa     kernel.ISA
	columns int
	kind    int // vectors: which tile the generated code takes (NEON: see neonColumns)
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

// laneMasks[8-n:] is a vector with the first n lanes set.
var laneMasks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// Columns sets the tile's width, at most two vectors, and the instruction set: AVX-512 does
// eight columns or less with the shorter vectors of AVX2.
func (a *Args) Columns(isa kernel.ISA, n int) {
	lanes := lanesFor(isa, n)
	vectors := kernel.CeilDiv(n, lanes)
	last := n - (vectors-1)*lanes
	a.isa, a.columns, a.kind = isa, n, vectors
	a.Mask = 1<<last - 1
	a.whole = 0
	if last == lanes {
		a.whole = 1
	}
	if isa == kernel.NEON {
		a.neonColumns()
		return
	}
	if lanes == 8 {
		a.Lanes = unsafe.Pointer(&laneMasks[8-last])
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

// heights are those that there are tiles of these columns for.
func (a *Args) heights(f form) kernel.Heights {
	vectors := a.kind
	switch {
	case f == formP:
		return 1<<(a.maxPooled()+1) - 2
	case a.isa == kernel.NEON && a.kind > 4:
		vectors = 0
	}
	return kernel.TileHeights(a.isa, vectors, f == formT)
}

// MaxRows is the greatest number of rows of a tile of N of these columns.
func (a *Args) MaxRows() int { return a.heights(formN).Most() }

// maxPooled is the greatest number of pooled pixels of a tile of P of these columns.
func (a *Args) maxPooled() int {
	if a.isa == kernel.AVX512 {
		return 3
	}
	return 1
}
