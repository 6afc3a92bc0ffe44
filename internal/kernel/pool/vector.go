package pool

import "github.com/lince-ml/lince/internal/kernel"

// Each of these processes the whole vectors at the start of its operands and returns the number of
// channels that it has processed. The caller processes the rest.

func maxVector(isa kernel.ISA, best []float32, argmax []uint8, x []float32, position uint8) int {
	n := isa.Vectors(len(best))
	switch {
	case n == 0:
	case argmax == nil:
		maxVectors(isa, &best[0], &x[0], n)
	default:
		maxArgmaxVectors(isa, &best[0], &argmax[0], &x[0], int(position), n)
	}
	return n * isa.Lanes()
}

func maxGradVector(isa kernel.ISA, pixel, g []float32, argmax []uint8, position uint8) int {
	n := isa.Vectors(len(pixel))
	if n > 0 {
		maxGradVectors(isa, &pixel[0], &g[0], &argmax[0], int(position), n)
	}
	return n * isa.Lanes()
}

func addDividedVector(isa kernel.ISA, dst, x []float32, by float32) int {
	n := isa.Vectors(len(dst))
	if n > 0 {
		addDividedVectors(isa, &dst[0], &x[0], &by, n)
	}
	return n * isa.Lanes()
}

// unpoolVector unpools all pixels, or returns false if channels do not fill vectors.
func unpoolVector(isa kernel.ISA, upper, lower, g []float32, argmax []uint8, pixels, channels int) bool {
	n := isa.Vectors(channels)
	if n == 0 || n*isa.Lanes() != channels {
		return false
	}
	unpoolVectors(isa, &upper[0], &lower[0], &g[0], &argmax[0], pixels, n)
	return true
}
