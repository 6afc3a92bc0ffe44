package reduce

import "github.com/lince-ml/lince/internal/kernel"

// addRows adds rows to the columns of the whole vectors at the start of dst and returns their number.
func addRows(isa kernel.ISA, dst, src []float32, rows, stride int) int {
	n := isa.Vectors(len(dst))
	if n > 0 {
		addRowsVectors(isa, &dst[0], &src[0], n, rows, uintptr(4*stride))
	}
	return n * isa.Lanes()
}

// sumLanes adds x, a multiple of 16 numbers, to sums: element i to sum i%16. It returns false if there is no
// assembly.
func sumLanes(isa kernel.ISA, sums *[16]float32, x []float32) bool {
	if isa == kernel.Generic {
		return false
	}
	sumLanesVectors(isa, sums, &x[0], len(x)/16)
	return true
}
