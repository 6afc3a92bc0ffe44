package reduce

import (
	"fmt"
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// sizes lists the tested sizes: rows, columns.
var sizes = [][2]int{{1, 1}, {1, 2}, {15, 2}, {3, 10}, {7, 16}, {5, 33}, {100, 64}, {33, 100}, {2000, 64}, {9, 5000}, {20000, 3}}

func TestSumRows(t *testing.T) {
	var first map[string][]float32
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		got := map[string][]float32{}
		for _, size := range sizes {
			rows, cols := size[0], size[1]
			name := fmt.Sprintf("%dx%d", rows, cols)
			x := kerneltest.Random(t, 1, rows*cols)
			want := make([]float64, cols)
			for i, v := range x {
				want[i%cols] += float64(v)
			}
			s := NewSumRows(isa, rows, cols)
			partial, dst := kerneltest.Junk(t, s.PartialLen()), kerneltest.Junk(t, cols)
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, partial) })
			kerneltest.Parts(s.ReduceParts(), func(p int) { s.Reduce(p, partial, dst) })
			kerneltest.Close(t, name, dst, want, 1e-6*float64(rows))
			got[name] = append([]float32(nil), dst...)
			if first != nil {
				kerneltest.Equal(t, name, dst, first[name])
			}
		}
		first = got
	})
}

func TestAddRows(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		src := kerneltest.Random(t, 1, 4*50+37)
		dst := kerneltest.Random(t, 2, 37)
		want := append([]float32(nil), dst...)
		for r := range 5 {
			for c := range want {
				want[c] += src[r*50+c]
			}
		}
		AddRowsStrided(isa, dst, src, 5, 50, true)
		kerneltest.Equal(t, "added", dst, want)
		AddRowsStrided(isa, dst, src, 0, 50, true)
		kerneltest.Equal(t, "nothing added", dst, want)
		AddColumns(isa, dst, src, 1, 50)
		kerneltest.Equal(t, "one row", dst, src[:37])
		AddRows(isa, dst, src, 0, 37, false)
		kerneltest.Equal(t, "no rows", dst, make([]float32, 37))
	})
}

func TestSumAll(t *testing.T) {
	var first map[int]float32
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		got := map[int]float32{}
		for _, n := range []int{1, 15, 16, 17, 1000, kernel.Block, 3*kernel.Block + 5} {
			x := kerneltest.Random(t, 1, n)
			var want float64
			for _, v := range x {
				want += float64(v)
			}
			s := NewSumAll(isa, n)
			partial, dst := kerneltest.Junk(t, s.PartialLen()), kerneltest.Junk(t, 1)
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, partial) })
			s.Reduce(0, partial, dst)
			kerneltest.Close(t, fmt.Sprint(n), dst, []float64{want}, 1e-4)
			got[n] = dst[0]
			if first != nil && first[n] != dst[0] {
				t.Errorf("%d: %v, another instruction set gave %v", n, dst[0], first[n])
			}
		}
		first = got
	})
}

func TestLast(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, size := range sizes {
			rows, cols := size[0], size[1]
			x := kerneltest.Random(t, 1, rows*cols)
			sums, means, most, least := make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)
			index := make([]int32, rows)
			for r := range rows {
				most[r], least[r] = math.Inf(-1), math.Inf(1)
				for c, v := range x[r*cols : (r+1)*cols] {
					sums[r] += float64(v)
					means[r] += float64(v) / float64(cols)
					if float64(v) > most[r] {
						most[r], index[r] = float64(v), int32(c)
					}
					least[r] = min(least[r], float64(v))
				}
			}
			for op, want := range map[Op][]float64{Sum: sums, Mean: means, Max: most, Min: least} {
				l, dst := NewLast(isa, op, rows, cols), kerneltest.Junk(t, rows)
				kerneltest.Parts(l.Parts(), func(p int) { l.Run(p, x, dst) })
				kerneltest.Close(t, fmt.Sprintf("%dx%d, %d", rows, cols, op), dst, want, 1e-4)
			}
			a, at := NewArgMax(isa, rows, cols), kerneltest.Guarded[int32](t, rows)
			kerneltest.Parts(a.Parts(), func(p int) { a.Run(p, x, at) })
			for r := range at {
				if at[r] != index[r] {
					t.Fatalf("%dx%d: maximum of row %d at %d, want %d", rows, cols, r, at[r], index[r])
				}
			}
		}
	})
}

func TestMiddle(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, size := range kerneltest.Thin([][3]int{{3, 49, 64}, {2, 3, 5}, {1, 1, 1}, {40, 7, 16}, {2, 5000, 37}, {1, 700, 100}, {300, 9, 33}, {2, 5, kernel.Block + 100}, {1, 64, 2*kernel.Block + 1}}) {
			outer, rows, cols := size[0], size[1], size[2]
			x := kerneltest.Random(t, 1, outer*rows*cols)
			sums, most := make([]float64, outer*cols), make([]float64, outer*cols)
			for i := range most {
				most[i] = math.Inf(-1)
			}
			for i, v := range x {
				at := i/cols/rows*cols + i%cols
				sums[at] += float64(v)
				most[at] = max(most[at], float64(v))
			}
			for op, want := range map[Op][]float64{Sum: sums, Max: most} {
				name := fmt.Sprint(size, op)
				m := NewMiddle(isa, op, outer, rows, cols)
				partial, dst := kerneltest.Junk(t, m.PartialLen()), kerneltest.Junk(t, outer*cols)
				kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, partial, dst) })
				kerneltest.Parts(m.ReduceParts(), func(p int) { m.Reduce(p, partial, dst) })
				kerneltest.Close(t, name, dst, want, 1e-6*float64(rows))
				vectors.Check(t, isa, name, dst)
				if op == Sum && outer == 1 && Wide(rows, cols) {
					s, same := NewSumRows(isa, rows, cols), kerneltest.Junk(t, cols)
					partial := kerneltest.Junk(t, s.PartialLen())
					kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, partial) })
					s.Reduce(0, partial, same)
					kerneltest.Equal(t, name, dst, same)
				}
			}
		}
	})
}

func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, op := range []Op{Sum, Mean, Max, Min} {
		dst := make([]float32, 1)
		NewLast(kernel.Generic, op, 1, 3).Run(0, []float32{1, nan, 2}, dst)
		if dst[0] == dst[0] {
			t.Errorf("%d of a row with NaN is %v", op, dst[0])
		}
	}
	dst := make([]float32, 2)
	NewMiddle(kernel.Available()[0], Max, 1, 3, 2).Run(0, []float32{1, 2, nan, 1, 3, 0}, nil, dst)
	if dst[0] == dst[0] || dst[1] != 2 {
		t.Errorf("maxima of columns, the first with NaN, are %v", dst)
	}
	at := make([]int32, 1)
	NewArgMax(kernel.Generic, 1, 3).Run(0, []float32{5, 7, 7}, at)
	if at[0] != 1 {
		t.Errorf("of equal numbers, %d is the maximum, want the first, 1", at[0])
	}
}

func BenchmarkSumRows(b *testing.B) {
	const rows, cols = 1 << 16, 64
	x := make([]float32, rows*cols)
	for _, isa := range kernel.Available() {
		s := NewSumRows(isa, rows, cols)
		partial, dst := make([]float32, s.PartialLen()), make([]float32, cols)
		b.Run(isa.String(), func(b *testing.B) {
			kerneltest.Speed(b, 0, 4*len(x), func() {
				for p := range s.Parts() {
					s.Run(p, x, partial)
				}
				s.Reduce(0, partial, dst)
			})
		})
	}
}
