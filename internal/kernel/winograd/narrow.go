package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Images of few channels do not fill vectors of channels. Their transforms use vectors of tiles instead, and
// the products are so short that they have their own kernel.

const (
	// MinNarrow is the minimum number of input channels of Narrow.
	MinNarrow = 2
	// MaxNarrow is the maximum number of input channels of Narrow.
	MaxNarrow = 4
	// NarrowTiles is the number of tiles in a product of Narrow.
	NarrowTiles = 4
	// NarrowColumns is the maximum number of output channels in a product of Narrow.
	NarrowColumns = 32
)

// Narrow multiplies the transforms v [Planes, channels, row] of four tiles by those of the filter, u [Planes,
// channels, padded]. The products are m [Planes, NarrowTiles, NarrowColumns]. padded is one or two vectors.
func Narrow(isa kernel.ISA, m, v []float32, row, channels int, u []float32, padded int) {
	if narrowVector(isa, m, v, row, channels, u, padded) {
		return
	}
	for plane := range Planes {
		for t := range NarrowTiles {
			to := m[(plane*NarrowTiles+t)*NarrowColumns:][:padded]
			clear(to)
			for c := range channels {
				x := v[(plane*channels+c)*row+t]
				for i, w := range u[(plane*channels+c)*padded:][:padded] {
					to[i] += x * w
				}
			}
		}
	}
}
