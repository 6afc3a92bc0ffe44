package winograd

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// TestProducts checks the sums for all heights of tiles, with short and long ranges of memory to prefetch.
func TestProducts(t *testing.T) {
	const planes, panels = 2, 2
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		width := ProductColumns(isa)
		if width == 0 {
			t.Skip("no assembly")
		}
		at := func(x []float32) unsafe.Pointer { return unsafe.Pointer(&x[0]) }
		for rows := 1; rows <= 30; rows++ {
			k := rows%11 + 5
			check := func(name string, a []float32, row, step int, b []float32, bStep, bPanel, bPlane int, c []float32, cRow, cPlane int, add []float32) {
				t.Helper()
				for plane := range planes {
					for i := range rows {
						for j := range panels * width {
							sum := float32(0)
							if add != nil {
								sum = add[plane*cPlane+i*cRow+j]
							}
							for n := range k {
								x, y := a[plane*len(a)/planes+i*row+n*step], b[plane*bPlane+j/width*bPanel+n*bStep+j%width]
								sum = float32(math.FMA(float64(x), float64(y), float64(sum)))
							}
							if got := c[plane*cPlane+i*cRow+j]; math.Abs(float64(got-sum)) > 2e-6 {
								t.Fatalf("%s, %d rows, k %d: %d,%d of plane %d is %v, want %v", name, rows, k, i, j, plane, got, sum)
							}
						}
					}
				}
			}
			far, near := make([]float32, 1<<16), make([]float32, 16)
			p := Products{Panels: panels, Planes: planes, K: k}
			p.Ahead(near, nil, far)

			a, b := kerneltest.Random(t, 1, planes*rows*k), kerneltest.Random(t, 2, panels*planes*k*width)
			c := kerneltest.Junk(t, planes*rows*panels*width)
			p.A, p.AStride, p.APlane = at(a), uintptr(4*k), uintptr(4*rows*k)
			p.B, p.BPlane, p.BPanel = at(b), uintptr(4*k*width), uintptr(4*planes*k*width)
			p.C, p.CStride, p.CPlane = at(c), uintptr(4*panels*width), uintptr(4*rows*panels*width)
			p.N(isa, rows)
			check("N", a, k, 1, b, width, planes*k*width, k*width, c, panels*width, rows*panels*width, nil)

			b = kerneltest.Random(t, 2, planes*k*panels*width)
			p.A, p.AStride = at(a), uintptr(4*rows)
			p.B, p.BStride, p.BPlane, p.BPanel = at(b), uintptr(4*panels*width), uintptr(4*k*panels*width), uintptr(4*width)
			p.T(isa, rows)
			check("T", a, 1, rows, b, panels*width, width, k*panels*width, c, panels*width, rows*panels*width, nil)
			before := append([]float32(nil), c...)
			p.Accumulate = 1
			p.T(isa, rows)
			check("T, added", a, 1, rows, b, panels*width, width, k*panels*width, c, panels*width, rows*panels*width, before)
			if rows == 30 {
				kerneltest.NoAllocs(t, fmt.Sprint("products on ", isa), func() { p.T(isa, rows) })
			}
		}
	})
}
