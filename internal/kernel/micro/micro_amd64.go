package micro

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// N makes a tile of rows at a stride.
func N(rows int, a *Args) {
	switch a.isa {
	case kernel.AVX512:
		nAVX512(rows, a)
	case kernel.AVX2:
		nAVX2(rows, a)
	default:
		genericN(rows, a)
	}
}

// T makes a tile of contiguous rows.
func T(rows int, a *Args) {
	switch a.isa {
	case kernel.AVX512:
		tAVX512(rows, a)
	case kernel.AVX2:
		tAVX2(rows, a)
	default:
		genericT(rows, a)
	}
}

// P makes pooled pixels.
func P(pooled int, a *Args) {
	switch a.isa {
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
	switch {
	case isa == kernel.Generic:
		return false
	case padded == 32:
		packRows2AVX512(&dst[0], &src[0], rows, uintptr(4*stride))
	case padded == 16 && isa == kernel.AVX512:
		packRows1AVX512(&dst[0], &src[0], rows, uintptr(4*stride))
	case padded == 16:
		packRows2AVX2(&dst[0], &src[0], rows, uintptr(4*stride))
	default:
		packRows1AVX2(&dst[0], &src[0], rows, uintptr(4*stride))
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
