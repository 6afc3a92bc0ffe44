package micro

import "github.com/lince-ml/lince/internal/kernel"

// run computes a.tiles tiles of the same height.
func run(f form, height int, a *Args) {
	switch {
	case a.isa != kernel.NEON:
		generic(f, height, a)
	case f == formP:
		pooledNEON(height, a)
	default:
		tileNEON(height, a)
	}
}

// packRows is Pack for whole vectors. It returns false if there is no assembly.
func packRows(isa kernel.ISA, dst, src []float32, rows, stride, padded int) bool {
	switch {
	case isa == kernel.Generic:
		return false
	case padded == 16:
		packRows16NEON(&dst[0], &src[0], rows, uintptr(4*stride))
	default:
		packRows8NEON(&dst[0], &src[0], rows, uintptr(4*stride))
	}
	return true
}

// transpose does PackTransposed for whole blocks of 4x4, and returns the number of rows and of columns that it has
// packed.
func transpose(isa kernel.ISA, dst, src []float32, rows, stride, columns, padded int) (doneRows, doneColumns int) {
	if isa == kernel.Generic || rows < 4 {
		return 0, 0
	}
	c := 0
	for ; c+4 <= columns; c += 4 {
		transpose4NEON(&dst[c], &src[c*stride], uintptr(4*padded), uintptr(4*stride), rows/4)
	}
	return rows &^ 3, c
}
