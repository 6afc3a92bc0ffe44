package reduce

import "github.com/lince-ml/lince/internal/kernel"

// addRows adds rows to some first columns of dst and says to how many.
func addRows(isa kernel.ISA, dst, src []float32, rows, stride int) int {
	switch isa {
	case kernel.AVX512:
		if n := len(dst) / 16; n > 0 {
			addRowsAVX512(&dst[0], &src[0], n, rows, uintptr(4*stride))
			return 16 * n
		}
	case kernel.AVX2:
		if n := len(dst) / 8; n > 0 {
			addRowsAVX2(&dst[0], &src[0], n, rows, uintptr(4*stride))
			return 8 * n
		}
	}
	return 0
}

// sumLanes adds x to the lanes and says how many of its elements; x is a multiple of 16.
func sumLanes(isa kernel.ISA, lanes *[16]float32, x []float32) int {
	switch isa {
	case kernel.AVX512:
		sumLanesAVX512(lanes, &x[0], len(x)/16)
	case kernel.AVX2:
		sumLanesAVX2(lanes, &x[0], len(x)/16)
	default:
		return 0
	}
	return len(x)
}
