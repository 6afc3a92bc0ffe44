package pool

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first channels and says how many; the caller does the rest.

// vectors is the number of whole vectors in n elements; portable code has none.
func vectors(isa kernel.ISA, n int) int {
	if isa == kernel.NEON {
		return n / 4
	}
	return 0
}

func takeVector(isa kernel.ISA, out []float32, at []uint8, pixel []float32, place uint8) int {
	n := vectors(isa, len(out))
	switch {
	case n == 0:
	case at == nil:
		takeNEON(&out[0], &pixel[0], n)
	default:
		takePlaceNEON(&out[0], &at[0], &pixel[0], int(place), n)
	}
	return 4 * n
}

func giveVector(isa kernel.ISA, pixel, g []float32, places []uint8, place uint8) int {
	n := vectors(isa, len(pixel))
	if n > 0 {
		giveNEON(&pixel[0], &g[0], &places[0], int(place), n)
	}
	return 4 * n
}

// unpoolVector does all channels of all pixels or nothing.
func unpoolVector(isa kernel.ISA, upper, lower, g []float32, argmax []uint8, pixels, c int) bool {
	n := vectors(isa, c)
	if n == 0 || 4*n != c {
		return false
	}
	unpoolNEON(&upper[0], &lower[0], &g[0], &argmax[0], pixels, n)
	return true
}

// addDividedVector adds x/by to dst.
func addDividedVector(isa kernel.ISA, dst, x []float32, by float32) int {
	n := vectors(isa, len(dst))
	if n > 0 {
		addDividedNEON(&dst[0], &x[0], &by, n)
	}
	return 4 * n
}
