package winograd

import "github.com/lince-ml/lince/internal/kernel"

func narrowVector(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) bool {
	if isa != kernel.NEON {
		return false
	}
	m, v, u = m[:Planes*NarrowTiles*NarrowColumns], v[:(Planes*channels-1)*row+NarrowTiles], u[:Planes*channels*padded]
	distance, next := bytes(row), bytes(padded)
	for at := 0; at < padded; at += 8 {
		switch channels {
		case 1:
			narrow1x2NEON(&m[at], &v[0], distance, &u[at], next)
		case 2:
			narrow2x2NEON(&m[at], &v[0], distance, &u[at], next)
		case 3:
			narrow3x2NEON(&m[at], &v[0], distance, &u[at], next)
		default:
			narrow4x2NEON(&m[at], &v[0], distance, &u[at], next)
		}
	}
	return true
}
