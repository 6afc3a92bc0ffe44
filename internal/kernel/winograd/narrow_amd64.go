package winograd

import "github.com/lince-ml/lince/internal/kernel"

// narrowVector is a switch: a table of functions would make its arguments escape.
func narrowVector(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) bool {
	if isa == kernel.Generic {
		return false
	}
	m, v, u = m[:Planes*NarrowTiles*NarrowColumns], v[:(Planes*channels-1)*row+NarrowTiles], u[:Planes*channels*padded]
	to, from, filter, distance, next := &m[0], &v[0], &u[0], bytes(row), bytes(padded)
	wide := isa == kernel.AVX512 && padded >= 16
	vectors := padded / 8
	if wide {
		vectors = padded / 16
	}
	switch {
	case wide && vectors == 2:
		switch channels {
		case 1:
			narrow1x2AVX512(to, from, distance, filter, next)
		case 2:
			narrow2x2AVX512(to, from, distance, filter, next)
		case 3:
			narrow3x2AVX512(to, from, distance, filter, next)
		default:
			narrow4x2AVX512(to, from, distance, filter, next)
		}
	case wide:
		switch channels {
		case 1:
			narrow1x1AVX512(to, from, distance, filter, next)
		case 2:
			narrow2x1AVX512(to, from, distance, filter, next)
		case 3:
			narrow3x1AVX512(to, from, distance, filter, next)
		default:
			narrow4x1AVX512(to, from, distance, filter, next)
		}
	case vectors == 2:
		switch channels {
		case 1:
			narrow1x2AVX2(to, from, distance, filter, next)
		case 2:
			narrow2x2AVX2(to, from, distance, filter, next)
		case 3:
			narrow3x2AVX2(to, from, distance, filter, next)
		default:
			narrow4x2AVX2(to, from, distance, filter, next)
		}
	default:
		switch channels {
		case 1:
			narrow1x1AVX2(to, from, distance, filter, next)
		case 2:
			narrow2x1AVX2(to, from, distance, filter, next)
		case 3:
			narrow3x1AVX2(to, from, distance, filter, next)
		default:
			narrow4x1AVX2(to, from, distance, filter, next)
		}
	}
	return true
}
