package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// N makes a tile of rows at a stride.
func N(isa kernel.ISA, rows int, a *Args) {
	switch isa {
	case kernel.AVX512:
		nAVX512(rows, a)
	case kernel.AVX2:
		nAVX2(rows, a)
	default:
		genericN(rows, a)
	}
}

// T makes a tile of contiguous rows.
func T(isa kernel.ISA, rows int, a *Args) {
	switch isa {
	case kernel.AVX512:
		tAVX512(rows, a)
	case kernel.AVX2:
		tAVX2(rows, a)
	default:
		genericT(rows, a)
	}
}

// P makes pooled pixels.
func P(isa kernel.ISA, pooled int, a *Args) {
	switch isa {
	case kernel.AVX512:
		pAVX512(pooled, a)
	case kernel.AVX2:
		pAVX2(pooled, a)
	default:
		genericP(pooled, a)
	}
}

// packRows does Pack for whole vectors, where there is assembly.
func packRows(isa kernel.ISA, dst, src []float32, rows, stride, padded int) bool {
	two := padded == 2*Lanes(isa)
	switch {
	case isa == kernel.AVX512 && two:
		packRows2AVX512(&dst[0], &src[0], rows, uintptr(4*stride))
	case isa == kernel.AVX512:
		packRows1AVX512(&dst[0], &src[0], rows, uintptr(4*stride))
	case isa == kernel.AVX2 && two:
		packRows2AVX2(&dst[0], &src[0], rows, uintptr(4*stride))
	case isa == kernel.AVX2:
		packRows1AVX2(&dst[0], &src[0], rows, uintptr(4*stride))
	default:
		return false
	}
	return true
}

// transpose does what it can of PackTransposed in blocks of eight by eight, and says how
// many rows of how many columns it did.
func transpose(isa kernel.ISA, dst, src []float32, rows, stride, columns, padded int) (doneRows, doneColumns int) {
	if isa == kernel.Generic || rows < 8 {
		return 0, 0
	}
	c := 0
	for ; c+8 <= columns; c += 8 {
		transpose8AVX2(&dst[c], &src[c*stride], uintptr(4*padded), uintptr(4*stride), rows/8)
	}
	return rows &^ 7, c
}

// Args as the assembly sees it; a change of its layout does not compile.
var _ = [1]struct{}{}[unsafe.Offsetof(Args{}.IndexStride)-144]
