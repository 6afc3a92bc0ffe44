package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Images of few channels have no vectors of channels: the tiles of a row of tiles take their
// place, and the products are so short that they have a kernel of their own.

const (
	// MaxNarrow is the greatest number of an image's channels that Narrow knows.
	MaxNarrow = 4
	// NarrowTiles is the number of tiles of its products.
	NarrowTiles = 4
	// NarrowColumns is the number of results' channels of its products.
	NarrowColumns = 32
)

// Narrow multiplies the transforms v [Planes][channels][row] of four tiles with those of
// filters, u [Planes][channels][padded], to m [Planes][NarrowTiles][NarrowColumns]. padded is a
// whole number of vectors, at most two.
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
