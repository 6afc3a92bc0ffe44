package winograd

import "github.com/lince-ml/lince/internal/kernel"

func narrowVector(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) bool {
	if isa == kernel.Generic {
		return false
	}
	m, v, u = m[:Planes*NarrowTiles*NarrowColumns], v[:(Planes*channels-1)*row+NarrowTiles], u[:Planes*channels*padded]
	if isa == kernel.AVX512 && padded >= 16 {
		narrowAVX512(channels, padded/16, &m[0], &v[0], bytes(row), &u[0], bytes(padded))
	} else {
		narrowAVX2(channels, padded/8, &m[0], &v[0], bytes(row), &u[0], bytes(padded))
	}
	return true
}
