package softmax

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// naiveSparsemax computes a row and its gradient from the definition.
func naiveSparsemax(x, dy []float32) (y, dx []float64) {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(x[j], x[i]) })
	sums := make([]float64, 0, len(x)) // of the support
	sum := 0.
	for i, at := range order {
		sum += float64(x[at])
		if float64(x[at]) > (sum-1)/float64(i+1) {
			sums = append(sums, sum)
		}
	}
	tau := -1.
	for _, s := range sums {
		tau += s
	}
	tau /= float64(len(sums))
	y, dx = make([]float64, len(x)), make([]float64, len(x))
	total := 0.
	for i, v := range x {
		y[i] = max(float64(v)-tau, 0)
		if float64(v) >= tau {
			dx[i] = float64(dy[i])
			total += dx[i]
		}
	}
	for i, at := range order[:len(sums)] {
		dx[at] -= total * float64(len(sums)-i) / float64(len(sums))
	}
	return y, dx
}

func TestSparsemax(t *testing.T) {
	for _, size := range sizes {
		for _, scale := range []float32{30, 1, .001} { // few numbers in the support, some, and nearly all
			rows, cols := size[0], size[1]
			x, dy := kerneltest.Guarded[float32](t, rows*cols), kerneltest.Random(t, 2, rows*cols)
			for i, v := range kerneltest.Random(t, 1, rows*cols) {
				x[i] = v * scale
			}
			if cols > 2 {
				x[0] = x[1] // equal numbers
			}
			var y, dx []float64
			for r := range rows {
				a, b := naiveSparsemax(x[r*cols:(r+1)*cols], dy[r*cols:(r+1)*cols])
				y, dx = append(y, a...), append(dx, b...)
			}
			s, scratch := NewSparsemax(rows, cols), kerneltest.Junk(t, cols)
			if s.ScratchLen() != cols {
				t.Fatalf("scratch of %d numbers, want %d", s.ScratchLen(), cols)
			}
			got := kerneltest.Junk(t, rows*cols)
			kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, got, scratch) })
			kerneltest.Close(t, "sparsemax", got, y, 1e-7)
			kerneltest.Parts(s.Parts(), func(p int) { s.Grad(p, dy, x, got, scratch) })
			kerneltest.Close(t, "sparsemax gradient", got, dx, 1e-6)
			kerneltest.NoAllocs(t, "sparsemax", func() { s.Run(0, x, got, scratch); s.Grad(0, dy, x, got, scratch) })
		}
	}
}

// TestSparsemaxNaN checks that NaN spreads to its row only.
func TestSparsemaxNaN(t *testing.T) {
	nan := float32(math.NaN())
	s, scratch := NewSparsemax(2, 2), make([]float32, 2)
	for _, run := range []func(out []float32){
		func(out []float32) { s.Run(0, []float32{1, nan, 2, 0}, out, scratch) },
		func(out []float32) { s.Grad(0, []float32{1, 1, 1, 1}, []float32{1, nan, 2, 0}, out, scratch) },
	} {
		out := make([]float32, 4)
		run(out)
		if out[0] == out[0] || out[1] == out[1] || out[2] != out[2] || out[3] != out[3] {
			t.Errorf("got %v, want NaN in the first row only", out)
		}
	}
}
