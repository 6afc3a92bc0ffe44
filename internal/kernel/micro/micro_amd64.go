package micro

import "github.com/lince-ml/lince/internal/kernel"

// run computes a.tiles tiles of the same height.
func run(f form, height int, a *Args) {
	switch {
	case a.isa == kernel.AVX512 && f == formP:
		pooledAVX512(height, a)
	case a.isa == kernel.AVX512:
		tileAVX512(height, a)
	case a.isa == kernel.AVX2 && f == formP:
		pooledAVX2(height, a)
	case a.isa == kernel.AVX2:
		tileAVX2(height, a)
	default:
		generic(f, height, a)
	}
}

// packRows is Pack for whole vectors. It returns false if there is no assembly.
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

// transpose does PackTransposed for whole blocks of 8x8, and returns the number of rows and of columns that it has
// packed.
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
