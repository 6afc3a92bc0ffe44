package pool

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first channels and says how many; the caller does the rest.

func takeVector(isa kernel.ISA, out []float32, at []uint8, pixel []float32, place uint8) int {
	n := len(out) / lanes(isa)
	switch {
	case n == 0:
		return 0
	case isa == kernel.AVX512 && at == nil:
		takeAVX512(&out[0], &pixel[0], n)
	case isa == kernel.AVX512:
		takePlaceAVX512(&out[0], &at[0], &pixel[0], int(place), n)
	case at == nil:
		takeAVX2(&out[0], &pixel[0], n)
	default:
		takePlaceAVX2(&out[0], &at[0], &pixel[0], int(place), n)
	}
	return n * lanes(isa)
}

func giveVector(isa kernel.ISA, pixel, g []float32, places []uint8, place uint8) int {
	n := len(pixel) / lanes(isa)
	switch {
	case n == 0:
	case isa == kernel.AVX512:
		giveAVX512(&pixel[0], &g[0], &places[0], int(place), n)
	default:
		giveAVX2(&pixel[0], &g[0], &places[0], int(place), n)
	}
	return n * lanes(isa)
}

// unpoolVector does all channels of all pixels or nothing.
func unpoolVector(isa kernel.ISA, upper, lower, g []float32, argmax []uint8, pixels, c int) bool {
	n := c / lanes(isa)
	if n*lanes(isa) != c || isa == kernel.Generic {
		return false
	}
	if isa == kernel.AVX512 {
		unpoolAVX512(&upper[0], &lower[0], &g[0], &argmax[0], pixels, n)
	} else {
		unpoolAVX2(&upper[0], &lower[0], &g[0], &argmax[0], pixels, n)
	}
	return true
}

// addDividedVector adds x/by to dst.
func addDividedVector(isa kernel.ISA, dst, x []float32, by float32) int {
	n := len(dst) / lanes(isa)
	switch {
	case n == 0:
	case isa == kernel.AVX512:
		addDividedAVX512(&dst[0], &x[0], &by, n)
	default:
		addDividedAVX2(&dst[0], &x[0], &by, n)
	}
	return n * lanes(isa)
}

// lanes is the length of a vector; none is long enough for portable code.
func lanes(isa kernel.ISA) int {
	switch isa {
	case kernel.AVX512:
		return 16
	case kernel.AVX2:
		return 8
	}
	return 1 << 30
}
