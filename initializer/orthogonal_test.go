package initializer

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// product returns the product of a matrix with rows of n numbers and its transpose.
func product(w []float64, n int) [][]float64 {
	rows := len(w) / n
	out := make([][]float64, rows)
	for i := range rows {
		out[i] = make([]float64, rows)
		for j := range rows {
			out[i][j] = dot(w[i*n:(i+1)*n], w[j*n:(j+1)*n])
		}
	}
	return out
}

// transposed returns the transposed matrix of one with rows of n numbers.
func transposed(w []float64, n int) []float64 {
	out := make([]float64, len(w))
	for i, v := range w {
		out[i%n*(len(w)/n)+i/n] = v
	}
	return out
}

func TestOrthogonal(t *testing.T) {
	for _, shape := range []tensor.Shape{{1, 1}, {4, 4}, {300, 70}, {70, 300}, {3, 3, 8, 16}, {1, 2, 3, 64}, {5, 0}} {
		w := tensor.New(tensor.Float64, shape...)
		Orthogonal{Gain: 2}.Initialize(w, 7)
		rows, cols := sides(shape)
		values := tensor.Values[float64](w)
		if rows >= cols { // the columns are orthogonal
			values, cols = transposed(values, max(cols, 1)), rows
		}
		for i, row := range product(values, max(cols, 1)) {
			for j, v := range row {
				want := 0.
				if i == j {
					want = 4
				}
				if math.Abs(v-want) > 1e-12 {
					t.Fatalf("%v: product of vectors %d and %d is %v, want %v", shape, i, j, v, want)
				}
			}
		}
	}
}

// TestOrthogonalIsUniform checks that the distribution is that of random rotations: each element of a 3x3 matrix has mean 0 and
// variance 1/3, and the determinant is 1 or -1 equally often.
func TestOrthogonalIsUniform(t *testing.T) {
	const n = 4000
	var sum, squares [9]float64
	positive := 0
	for key := range uint64(n) {
		w := tensor.New(tensor.Float64, 3, 3)
		Orthogonal{}.Initialize(w, key)
		a := tensor.Values[float64](w)
		for i, v := range a {
			sum[i] += v
			squares[i] += v * v
		}
		if a[0]*(a[4]*a[8]-a[5]*a[7])-a[1]*(a[3]*a[8]-a[5]*a[6])+a[2]*(a[3]*a[7]-a[4]*a[6]) > 0 {
			positive++
		}
	}
	for i := range sum {
		if mean, variance := sum[i]/n, squares[i]/n; math.Abs(mean) > 5/math.Sqrt(3*n) || math.Abs(variance-1./3) > 5*.3/math.Sqrt(n) {
			t.Errorf("element %d has mean %v and variance %v, want 0 and 1/3", i, mean, variance)
		}
	}
	if math.Abs(float64(positive)/n-.5) > 5*.5/math.Sqrt(n) {
		t.Errorf("%d of %d determinants are positive, want half", positive, n)
	}
}

// TestOrthogonalBits checks that the bits do not depend on the number of workers, and pins some of them.
func TestOrthogonalBits(t *testing.T) {
	draw := func(workers int) []byte {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
		w := tensor.New(tensor.Float32, 700, 120)
		Orthogonal{}.Initialize(w, 3)
		return w.Raw()
	}
	one := draw(1)
	for _, workers := range []int{2, 3, 5} {
		if !bytes.Equal(one, draw(workers)) {
			t.Errorf("other bits with %d workers", workers)
		}
	}
	w := tensor.New(tensor.Float32, 3, 2)
	Orthogonal{}.Initialize(w, 1)
	var bits []uint32
	for _, v := range w.Float32s() {
		bits = append(bits, math.Float32bits(v))
	}
	const want = "[0x3f3c29d1 0xbcb1e305 0x3f2c432d 0xbdcc09a8 0x3daadff9 0x3f7eaa6a]"
	if got := fmt.Sprintf("%#x", bits); got != want {
		t.Errorf("bits %s, want %s", got, want)
	}
}

func TestIdentity(t *testing.T) {
	w := tensor.New(tensor.Float32, 2, 3)
	Identity{Gain: -.5}.Initialize(w, 1)
	if got := fmt.Sprint(w.Float32s()); got != "[-0.5 0 0 0 -0.5 0]" {
		t.Errorf("got %s", got)
	}
}

func TestCheckShape(t *testing.T) {
	for _, c := range []struct {
		i interface {
			CheckShape(tensor.Shape) error
		}
		shape tensor.Shape
		want  string
	}{
		{Orthogonal{}, tensor.Shape{3}, "the initializer Orthogonal needs at least two dimensions, got shape (3,)"},
		{Orthogonal{}, tensor.Shape{1 << 15, 1 << 15}, "the initializer Orthogonal would take too long for shape (32768, 32768); use another one, such as HeNormal"},
		{Orthogonal{}, tensor.Shape{3, 3, 256, 512}, "<nil>"},
		{Identity{}, tensor.Shape{2, 2, 2}, "the initializer Identity needs two dimensions, got shape (2, 2, 2)"},
		{Identity{}, tensor.Shape{2, 3}, "<nil>"},
	} {
		if got := fmt.Sprint(c.i.CheckShape(c.shape)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
