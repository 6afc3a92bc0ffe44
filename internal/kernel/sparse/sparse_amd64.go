package sparse

import "github.com/lince-ml/lince/internal/kernel"

// lanes is the channels of a call of add; 0 is no assembly.
func lanes(isa kernel.ISA) int {
	if isa == kernel.Generic {
		return 0
	}
	return 8
}

// add does a vector of columns.
func add(isa kernel.ISA, channels int, sums []float32, q [3][]float32, dy []float32, at []uint8, stride, pixels int) {
	n := uintptr(stride)
	switch wide := isa == kernel.AVX512; {
	case channels == 1 && wide:
		add1AVX512(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	case channels == 1:
		add1AVX2(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	case channels == 2 && wide:
		add2AVX512(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	case channels == 2:
		add2AVX2(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	case wide:
		add3AVX512(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	default:
		add3AVX2(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	}
}

// quadsVector does what it can of Quads, and says how many.
func quadsVector(isa kernel.ISA, dst, upper, lower []float32, channels, n int) int {
	if isa == kernel.Generic || n < 4 {
		return 0
	}
	quadsAVX2(&dst[0], &upper[0], &lower[0], uintptr(4*channels), n/4)
	return n / 4 * 4
}
