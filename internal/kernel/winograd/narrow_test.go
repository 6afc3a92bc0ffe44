package winograd

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestNarrow(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for channels := MinNarrow; channels <= MaxNarrow; channels++ {
			for _, padded := range []int{8, 16, 32} {
				if padded == 32 && isa != kernel.AVX512 {
					continue // wider than a tile
				}
				name := fmt.Sprintf("%d channels, %d columns", channels, padded)
				const row = 7
				v := kerneltest.Random(t, 1, (Planes*channels-1)*row+NarrowTiles)
				u := kerneltest.Random(t, 2, Planes*channels*padded)
				m := kerneltest.Junk(t, Planes*NarrowTiles*NarrowColumns)
				Narrow(isa, m, v, row, channels, u, padded)
				var got []float32
				var want []float64
				for plane := range Planes {
					for tile := range NarrowTiles {
						for i := range padded {
							sum := 0.
							for c := range channels {
								sum += float64(v[(plane*channels+c)*row+tile]) * float64(u[(plane*channels+c)*padded+i])
							}
							want = append(want, sum)
							got = append(got, m[(plane*NarrowTiles+tile)*NarrowColumns+i])
						}
					}
				}
				kerneltest.Close(t, name, got, want, 1e-6)
				vectors.Check(t, isa, name, got)
				kerneltest.NoAllocs(t, name, func() { Narrow(isa, m, v, row, channels, u, padded) })
			}
		}
	})
}

func BenchmarkNarrow(b *testing.B) {
	for _, isa := range kernel.Available() {
		b.Run(isa.String(), func(b *testing.B) {
			columns := 16
			if isa == kernel.AVX512 {
				columns = 32
			}
			m, v := make([]float32, Planes*NarrowTiles*NarrowColumns), make([]float32, Planes*3*32)
			u := make([]float32, Planes*3*columns)
			kerneltest.Speed(b, 2*Planes*3*NarrowTiles*columns, 0, func() { Narrow(isa, m, v, 32, 3, u, columns) })
		})
	}
}
