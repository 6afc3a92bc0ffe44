package micro

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// BenchmarkTiles measures every height of every kind of tile, with operands in the first cache.
func BenchmarkTiles(b *testing.B) {
	kinds := []struct {
		name string
		run  func(rows int, a *Args)
	}{{"N", N}, {"T", T}}
	for _, isa := range kernel.Available()[:len(kernel.Available())-1] {
		for _, kind := range kinds {
			for _, columns := range []int{8, 16, 24, 32} {
				for _, k := range []int{16, 256} {
					var a Args
					a.Columns(isa, columns)
					if columns > 2*Lanes(isa) {
						continue
					}
					for rows := 1; rows <= a.MaxRows(); rows++ {
						b.Run(fmt.Sprintf("%v/%s/%dx%dx%d", isa, kind.name, rows, columns, k), func(b *testing.B) {
							x, w, y := make([]float32, 14*k+64), make([]float32, 32*k+64), make([]float32, 14*32)
							a.A, a.B, a.C = unsafe.Pointer(&x[0]), unsafe.Pointer(&w[0]), unsafe.Pointer(&y[0])
							a.AStride, a.BStride, a.CStride = uintptr(4*k), 4*uintptr(columns), 4*32
							if kind.name == "T" {
								a.AStride = 4 * 14
							}
							var seg int
							a.K, a.Segs, a.Seg = k, 1, &seg
							a.Zero()
							kerneltest.Speed(b, 2*rows*columns*k, 0, func() { kind.run(rows, &a) })
						})
					}
				}
			}
		}
	}
}
