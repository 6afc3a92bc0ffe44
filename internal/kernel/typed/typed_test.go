package typed

import (
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func TestLimits(t *testing.T) {
	check(t, "int8", []int8{math.MinInt8, math.MaxInt8})
	check(t, "int16", []int16{math.MinInt16, math.MaxInt16})
	check(t, "int32", []int32{math.MinInt32, math.MaxInt32})
	check(t, "int64", []int64{math.MinInt64, math.MaxInt64})
	check(t, "uint8", []uint8{0, math.MaxUint8})
	check(t, "float32", []float32{float32(math.Inf(-1)), float32(math.Inf(1))})
}

func check[T Number](t *testing.T, name string, want []T) {
	t.Helper()
	if lo, hi := limits[T](); lo != want[0] || hi != want[1] {
		t.Errorf("%s: limits %v and %v, want %v", name, lo, hi, want)
	}
}

// TestIntegers checks functions of integers at the ends of their types.
func TestIntegers(t *testing.T) {
	for _, c := range []struct {
		name string
		x, y int8
		want int8
	}{
		{"Add", 127, 1, -128}, {"Sub", -128, 1, 127}, {"Mul", 100, 3, 44}, {"Div", -7, 2, -3}, {"Div", 7, 0, 0}, {"Div", -128, -1, -128},
		{"Mod", -7, 3, 2}, {"Mod", 7, -3, -2}, {"Mod", -6, 3, 0}, {"Mod", 5, 0, 0}, {"FMod", -7, 3, -1}, {"FMod", 7, -3, 1}, {"FMod", 5, 0, 0},
		{"Pow", 2, 6, 64}, {"Pow", 2, 7, -128}, {"Pow", 2, 100, 0}, {"Pow", -3, 3, -27}, {"Pow", 5, 0, 1}, {"Pow", 0, 0, 1},
		{"Pow", 2, -1, 0}, {"Pow", 1, -5, 1}, {"Pow", -1, -5, -1}, {"Pow", -1, -4, 1}, {"Pow", 0, -1, 0},
		{"BitAnd", -1, 12, 12}, {"BitOr", 3, -128, -125}, {"BitXor", -1, 1, -2},
		{"ShiftLeft", 3, 2, 12}, {"ShiftLeft", 64, 1, -128}, {"ShiftLeft", 1, 100, 0}, {"ShiftLeft", 1, -1, 0},
		{"ShiftRight", 12, 2, 3}, {"ShiftRight", -128, 3, -16}, {"ShiftRight", -1, 100, -1}, {"ShiftRight", 1, -1, 0}, {"ShiftRight", -5, -1, -1},
	} {
		k, ok := NewBinary[int8](c.name, kernel.NewWalk([]int{1}, []int{0}, []int{0}))
		if !ok {
			t.Fatal(c.name)
		}
		got := []int8{99}
		k.Run(0, []int8{c.x}, []int8{c.y}, got)
		if got[0] != c.want {
			t.Errorf("%s of %d and %d is %d, want %d", c.name, c.x, c.y, got[0], c.want)
		}
	}
	if _, ok := NewBinary[float64]("BitAnd", kernel.NewWalk(nil)); ok {
		t.Error("BitAnd has a kernel for float64")
	}
	if _, ok := NewUnary[int32]("Exp", 1); ok {
		t.Error("Exp has a kernel for int32")
	}
}

func TestCast(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	from := []float64{-1.9, 1.9, 300, -300, inf, -inf, nan}
	cast(t, from, []uint8{0, 1, 255, 0, 255, 0, 0})
	cast(t, from, []int8{-1, 1, 127, -128, 127, -128, 0})
	cast(t, []float32{1e20, -1e20, 1 << 62}, []int64{math.MaxInt64, math.MinInt64, 1 << 62})
	cast(t, []int32{300, -1, 256}, []uint8{44, 255, 0})
	cast(t, []uint8{200}, []int8{-56})
	cast(t, []int64{1<<32 + 5}, []int32{5})
}

func cast[A, B Number](t *testing.T, from []A, want []B) {
	t.Helper()
	k, got := NewCast[A, B](len(from)), make([]B, len(from))
	kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, from, got) })
	if !slices.Equal(got, want) {
		t.Errorf("%v became %v, want %v", from, got, want)
	}
}

// TestParts checks kernels whose work has several parts against loops.
func TestParts(t *testing.T) {
	const rows, cols, n = 300, 400, 37
	x := make([]int32, rows*cols)
	for i := range x {
		x[i] = int32(i * 7919 % 10_007)
	}

	arg, at := NewArgMax[int32](rows, cols), make([]int32, rows)
	kerneltest.Parts(arg.Parts(), func(p int) { arg.Run(p, x, at) })
	top := NewTopK[int32](rows, cols, n, false)
	best, order := make([]int32, rows*n), make([]int32, rows*n)
	kerneltest.Parts(top.Parts(), func(p int) { top.Run(p, x, best, order) })
	sum, _ := NewReduce[int32]("ReduceSum", 1, rows, cols)
	columns := make([]int32, cols)
	kerneltest.Parts(sum.Parts(), func(p int) { sum.Run(p, x, columns) })
	product, squares := NewMatMul[int32](1, cols, cols, rows, true, false), make([]int32, cols*cols)
	kerneltest.Parts(product.Parts(), func(p int) { product.Run(p, x, x, squares) })

	for r := range rows {
		row := x[r*cols : (r+1)*cols]
		sorted := slices.Clone(row)
		slices.Sort(sorted)
		slices.Reverse(sorted)
		if got := best[r*n : (r+1)*n]; !slices.Equal(got, sorted[:n]) {
			t.Fatalf("row %d: the largest are %v, want %v", r, got, sorted[:n])
		}
		if want := slices.Index(row, sorted[0]); int(at[r]) != want || int(order[r*n]) != want {
			t.Fatalf("row %d: the maximum is at %d and %d, want %d", r, at[r], order[r*n], want)
		}
	}
	for c := range cols {
		want, dot := int32(0), int32(0)
		for r := range rows {
			want += x[r*cols+c]
			dot += x[r*cols+c] * x[r*cols]
		}
		if columns[c] != want || squares[c] != dot || squares[c*cols] != dot {
			t.Fatalf("column %d: sum %d and product %d, want %d and %d", c, columns[c], squares[c], want, dot)
		}
	}

	scatter, ok := NewScatter[int32]("Add", rows, cols, rows)
	if !ok {
		t.Fatal("no kernel for Add")
	}
	got := make([]int32, len(x))
	kerneltest.Parts(scatter.Parts(), func(p int) { scatter.Run(p, x, x, got, func(i int) int { return i/2*2 - 1 }) })
	for i, v := range x {
		if r := i / cols; r%2 == 1 && r < rows-1 {
			v += x[i+cols] + x[i+2*cols]
		}
		if got[i] != v {
			t.Fatalf("element %d is %d, want %d", i, got[i], v)
		}
	}
}
