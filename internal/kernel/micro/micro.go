// Package micro holds the micro-kernels of which convolutions and matrix products consist. A micro-kernel
// computes a tile of a matrix product C = A B: some rows by one or two vectors of columns. The sums stay in
// registers while k runs. There are three forms:
//
//   - N: the rows of A lie at a stride. In a row, k runs over segments of contiguous elements, at any
//     distance from each other. For pixels under a window, and row-major matrices.
//   - T: the rows of A are contiguous, and k has a stride. Segments lie at one distance. For gradients of filters, and
//     transposed matrices.
//   - P: N with ReLU and a 2x2 max-pool, which stores the maximum of four results and its position.
//
// N, T and P divide any number of rows into tiles of similar heights. NLines and PLines do the same for several
// lines of rows. One call of assembly computes as many tiles as fit into about 0.1 ms.
//
// Each element is summed over k in ascending order, starting from Init. Assembly uses fused multiply-adds. So the
// result does not depend on the tile that contains the element.
package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// Args describes the operands of tiles. Strides and other distances are in bytes. Assembly reads Args; go_asm.h has
// the offsets of its fields.
type Args struct {
	A            unsafe.Pointer // first row and k
	B            unsafe.Pointer // first k and column; columns are contiguous
	C            unsafe.Pointer // first row and column of the result
	Init         unsafe.Pointer // initial values of the sums, such as a bias: a row of columns
	AStride      uintptr        // N and P: from row to row; T: from k to k
	BStride      uintptr        // from k to k
	CStride      uintptr        // from row to row (P: from pooled pixel to pooled pixel)
	IStride      uintptr        // of Init from row to row: 0 to repeat one row, CStride if Init is C
	K            int            // length of a segment; not 0
	Segs         int            // number of segments; not 0
	Seg          *int           // N and P: Segs distances, each from the end of a segment to the start of the next; the last one is unused
	ASeg         int            // T: distance in A from the end of each segment to the start of the next
	BSeg         int            // T: the same in B
	ReLU         int            // N and T: 1: set negative results to 0; NaN stays NaN; P always does
	Mask         uint64         // AVX-512: lanes of the last vector, as bits; NEON: its offset in bytes
	Lanes        unsafe.Pointer // AVX2: lanes of the last vector, as a vector of 0 and -1
	A2           unsafe.Pointer // P: first row of the window's second line
	Argmax       unsafe.Pointer // P: for each result one byte, the position of the maximum in the window, row*2+column, or 4 if ReLU set it to 0
	ArgmaxStride uintptr        // P: from pooled pixel to pooled pixel of Argmax
	Residual     unsafe.Pointer // N and T: added to the sums before ReLU; with the strides of C; or nil
	Limit        float32        // N and T: with ReLU, the maximum result; 0: no limit

	transposed int     // 1: T
	tiles      int     // number of tiles that a call of assembly computes
	aTile      uintptr // of A and A2, from tile to tile
	cTile      uintptr // of C and Residual, from tile to tile
	iTile      uintptr // of Init, from tile to tile
	argmaxTile uintptr // of Argmax, from tile to tile
	whole      int     // 1: the last vector of columns is whole
	segments   int     // used by assembly only: number of segments that are left
	aheadTile  uintptr // N: aTile if adjacent rows are contiguous and the rows of the next tile are prefetched; else 0
	aheadStep  uintptr // N: number of bytes to prefetch for each k; or 0

	Ahead [2]Ahead // T: memory to prefetch while tiles are computed

	isa     kernel.ISA
	columns int
	kind    int // selects the tile in the generated switch: the number of vectors; for NEON see neonColumns
}

// Ahead is a range of memory that is prefetched to the second cache while tiles are computed: a line of 64 bytes for
// each k of each tile. The fields are not pointers because they may be beyond the end of the memory.
type Ahead struct {
	at   uintptr
	step uintptr // 64, or 0 to prefetch nothing more
	end  uintptr
}

// Over sets the range to the memory of x, which may be empty.
func (f *Ahead) Over(x []float32) {
	*f = Ahead{}
	if len(x) > 0 {
		f.at, f.step = uintptr(unsafe.Pointer(&x[0])), 64
		f.end = f.at + uintptr(4*len(x))
	}
}

// zeros are the initial values of sums without a bias.
var zeros [64]float32

// Zero sets Init so that sums start from 0.
func (a *Args) Zero() { a.Init, a.IStride = unsafe.Pointer(&zeros[0]), 0 }

// Columns sets the number of columns, which may be at most two vectors (see Lanes), and the instruction set. For up
// to eight columns, AVX-512 uses the shorter vectors of AVX2.
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
		a.Lanes = unsafe.Pointer(kernel.LaneMask(last))
		if isa == kernel.AVX512 {
			a.isa = kernel.AVX2
		}
	}
}

// neonColumns is Columns for NEON, whose vectors have four columns. For fewer than four columns there are special
// tiles. Otherwise the last vector ends with the last column, so it may overlap the vector before it.
func (a *Args) neonColumns() {
	if a.columns < 4 {
		a.kind, a.Mask = 4+a.columns, 0
		return
	}
	a.kind, a.Mask = kernel.CeilDiv(a.columns, 4), uint64(4*(a.columns-4))
}

// Lanes is the number of columns that count as a vector: 16 for AVX-512, else 8. For NEON this is two registers.
func Lanes(isa kernel.ISA) int {
	if isa == kernel.AVX512 {
		return 16
	}
	return 8
}

// lanesFor is the length of the vectors in a tile of n columns.
func lanesFor(isa kernel.ISA, n int) int {
	if n <= 8 {
		return 8
	}
	return Lanes(isa)
}

// heights returns the heights of the tiles of a form with these columns.
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

// MaxRows is the maximum number of rows in a tile of form N with these columns.
func (a *Args) MaxRows() int { return a.heights(formN).Max() }

// maxPooled is the maximum number of pooled pixels in a tile of form P with these columns.
func (a *Args) maxPooled() int {
	if a.isa == kernel.AVX512 {
		return 3
	}
	return 1
}
