package sparse

import "github.com/lince-ml/lince/internal/kernel"

// lanes is the channels of a call of add; 0 is no assembly.
func lanes(isa kernel.ISA) int {
	if isa == kernel.NEON {
		return 4
	}
	return 0
}

// add does a vector of columns.
func add(_ kernel.ISA, channels int, sums []float32, q [3][]float32, dy []float32, at []uint8, stride, pixels int) {
	n := uintptr(stride)
	switch channels {
	case 1:
		add1NEON(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	case 2:
		add2NEON(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	default:
		add3NEON(&sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &at[0], n, pixels)
	}
}

func quadsVector(kernel.ISA, []float32, []float32, []float32, int, int) int { return 0 }
