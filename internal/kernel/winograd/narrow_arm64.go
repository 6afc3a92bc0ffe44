package winograd

import "github.com/lince-ml/lince/internal/kernel"

func narrowVector(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) bool {
	if isa != kernel.NEON {
		return false
	}
	m, v, u = m[:Planes*NarrowTiles*NarrowColumns], v[:(Planes*channels-1)*row+NarrowTiles], u[:Planes*channels*padded]
	for at := 0; at < padded; at += 8 {
		narrowNEON(channels, 2, &m[at], &v[0], bytes(row), &u[at], bytes(padded))
	}
	return true
}
