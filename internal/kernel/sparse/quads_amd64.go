package sparse

import "github.com/lince-ml/lince/internal/kernel"

// quadsVector computes the quads at the start of dst and returns their number.
func quadsVector(isa kernel.ISA, dst, upper, lower []float32, channels, n int) int {
	if isa == kernel.Generic || n < 4 {
		return 0
	}
	quadsAVX2(&dst[0], &upper[0], &lower[0], uintptr(4*channels), n/4)
	return n / 4 * 4
}
