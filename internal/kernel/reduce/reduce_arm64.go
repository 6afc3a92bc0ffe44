package reduce

import "github.com/lince-ml/lince/internal/kernel"

// addRows adds rows to some first columns of dst and says to how many.
func addRows(isa kernel.ISA, dst, src []float32, rows, stride int) int {
	n := len(dst) / 4
	if n == 0 || isa != kernel.NEON {
		return 0
	}
	addRowsNEON(&dst[0], &src[0], n, rows, uintptr(4*stride))
	return 4 * n
}

// sumLanes adds x to the lanes and says how many of its elements; x is a multiple of 16.
func sumLanes(isa kernel.ISA, lanes *[16]float32, x []float32) int {
	if isa != kernel.NEON {
		return 0
	}
	sumLanesNEON(lanes, &x[0], len(x)/16)
	return len(x)
}
