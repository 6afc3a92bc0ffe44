package micro

import "github.com/lince-ml/lince/internal/kernel"

// run makes a.tiles tiles of a height.
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

// packRows does Pack for whole vectors, where there is assembly.
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

// transpose does what it can of PackTransposed in blocks of four by four, and says how many
// rows of how many columns it did.
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
