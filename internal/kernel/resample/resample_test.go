package resample

import (
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// axes have results with no, one, two, equal and many weights, and results that use the same pixels.
var axes = []Axis{
	{1, []int{0}, [][]float32{{1}}},
	{3, []int{0, 0, 1, 1, 2}, [][]float32{{1}, {1}, {1}, {1}, {1}}},
	{4, []int{0, 0, 2, 3}, [][]float32{{.25, .75}, {.5, .5, .5}, {}, {-2}}},
	{6, []int{0, 1, 1, 1, 2}, [][]float32{{1, 1, 1}, {.5, -.25, .125, 3, 1}, {1}, {0, 1}, {.3, .7}}},
}

// TestRun compares all instruction sets with loops in float64, and with each other. It also runs the adjoint map.
func TestRun(t *testing.T) {
	for _, rows := range axes {
		for _, columns := range axes {
			for _, c := range []int{1, 3, 20} {
				for _, adjoint := range []bool{false, true} {
					h, w := rows, columns
					if adjoint {
						h, w = rows.Transposed(), columns.Transposed()
					}
					x := kerneltest.Random(t, 1, 3*h.N*w.N*c)
					want := make([]float64, 3*len(h.First)*len(w.First)*c)
					each(rows, columns, func(r, i int, v float64, s, j int, u float64) {
						for k := range 3 * c {
							from, to := ((k/c*h.N+r)*w.N+s)*c+k%c, ((k/c*len(h.First)+i)*len(w.First)+j)*c+k%c
							if adjoint {
								from, to = ((k/c*h.N+i)*w.N+j)*c+k%c, ((k/c*len(h.First)+r)*len(w.First)+s)*c+k%c
							}
							want[to] += v * u * float64(x[from])
						}
					})
					var first []float32
					for _, isa := range kernel.Available() {
						k := New(isa, 3, c, h, w)
						y, scratch := make([]float32, len(want)), make([]float32, k.ScratchLen())
						for p := range k.Parts() {
							k.Run(p, x, y, scratch)
						}
						for i, v := range y {
							if math.Abs(float64(v)-want[i]) > 1e-5 {
								t.Fatalf("%v, %d rows, %d columns, %d channels, adjoint %v: element %d is %v, want %v", isa, h.N, w.N, c, adjoint, i, v, want[i])
							}
							if first != nil && math.Float32bits(v) != math.Float32bits(first[i]) {
								t.Fatalf("%v: element %d is %v, but %v with %v", isa, i, v, first[i], kernel.Available()[0])
							}
						}
						if first == nil {
							first = y
						}
					}
				}
			}
		}
	}
}

// each calls f for each product of weights v of row r in result i, and u of column s in result j.
func each(rows, columns Axis, f func(r, i int, v float64, s, j int, u float64)) {
	for i, weights := range rows.Weights {
		for k, v := range weights {
			for j, others := range columns.Weights {
				for l, u := range others {
					f(rows.First[i]+k, i, float64(v), columns.First[j]+l, j, float64(u))
				}
			}
		}
	}
}

func TestImpossibleAxes(t *testing.T) {
	for _, a := range []Axis{
		{},
		{2, []int{0, 1}, [][]float32{{1}}},
		{2, []int{1}, [][]float32{{1, 1}}},
		{2, []int{-1}, [][]float32{{1}}},
	} {
		if a.Validate() == nil {
			t.Errorf("%+v is valid", a)
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	k := New(kernel.Available()[0], 1, 5, axes[3], axes[2])
	x, y := make([]float32, 6*4*5), make([]float32, 5*4*5)
	scratch := make([]float32, k.ScratchLen())
	if n := testing.AllocsPerRun(10, func() { k.Run(0, x, y, scratch) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkRun doubles the height and width of 8 images of 64x64 pixels with 32 channels. Bytes are those of operands
// and results.
func BenchmarkRun(b *testing.B) {
	nearest, linear := Axis{N: 64}, Axis{N: 64}
	for i := range 128 {
		nearest.First, nearest.Weights = append(nearest.First, i/2), append(nearest.Weights, []float32{1})
		linear.First, linear.Weights = append(linear.First, max(0, min(62, (i-1)/2))), append(linear.Weights, []float32{.25, .75})
	}
	for _, c := range []struct {
		name string
		axis Axis
	}{
		{"nearest", nearest}, {"nearestGrad", nearest.Transposed()}, {"bilinear", linear}, {"bilinearGrad", linear.Transposed()},
	} {
		b.Run(c.name, func(b *testing.B) {
			k := New(kernel.Available()[0], 8, 32, c.axis, c.axis)
			x, y := make([]float32, 8*c.axis.N*c.axis.N*32), make([]float32, 8*len(c.axis.First)*len(c.axis.First)*32)
			scratch := make([]float32, k.ScratchLen())
			kerneltest.Speed(b, 0, 4*(len(x)+len(y)), func() {
				for p := range k.Parts() {
					k.Run(p, x, y, scratch)
				}
			})
		})
	}
}
