package eltwise

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// special has numbers that all instruction sets must treat alike.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 2.5, -2.5, 1e-40, 3e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}

// sizes lists the tested sizes: rows, columns.
var sizes = [][2]int{{1, 1}, {100, 3}, {1, 7}, {3, 16}, {5, 33}, {15, 2}, {40, 1}, {1, 16500}, {260, 64}}

// numbers returns random numbers with special ones among them.
func numbers(t testing.TB, seed uint64, n int) []float32 {
	x := kerneltest.Random(t, seed, n)
	for i := range x {
		if i%5 == int(seed)%5 {
			x[i] = special[(i/5+int(seed))%len(special)]
		}
	}
	return x
}

// same reports whether a and b have equal bits or are both NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestBinary(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for op := range BinaryOp(len(binaries)) {
			for _, size := range kerneltest.Thin(sizes) {
				rows, cols := size[0], size[1]
				for b := Same; b <= ScalarX; b++ {
					lenX, lenY := rows*cols, rows*cols
					switch b {
					case RowY:
						lenY = cols
					case RowX:
						lenX = cols
					case ColY:
						lenY = rows
					case ColX:
						lenX = rows
					case ScalarY:
						lenY = 1
					case ScalarX:
						lenX = 1
					}
					x, y := numbers(t, 1, lenX), numbers(t, 2, lenY)
					dst := kerneltest.Junk(t, rows*cols)
					k := NewBinary(isa, op, b, rows, cols)
					kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, x, y, dst) })
					at := func(v []float32, row, col, scalar Broadcast, i int) float32 {
						switch b {
						case row:
							return v[i%cols]
						case col:
							return v[i/cols]
						case scalar:
							return v[0]
						}
						return v[i]
					}
					for i, got := range dst {
						u, v := at(x, RowX, ColX, ScalarX, i), at(y, RowY, ColY, ScalarY, i)
						if want := binaries[op].f(u, v); !same(got, want) {
							t.Fatalf("%v, broadcast %v, %dx%d, element %d: f(%v, %v) = %v, want %v", op, b, rows, cols, i, u, v, got, want)
						}
					}
				}
			}
		}
	})
}

// TestMeaning tests the table of Go functions, on which the other tests rely.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		op         BinaryOp
		x, y, want float32
	}{
		{Add, 2, 3, 5}, {Sub, 2, 3, -1}, {Mul, 2, 3, 6}, {Div, 3, 2, 1.5}, {Max, 2, 3, 3}, {Min, 2, 3, 2},
		{ReLUGrad, 2, 3, 2}, {ReLUGrad, 2, 0, 0}, {ReLUGrad, 2, -1, 0},
		{ReLU6Grad, 2, 0, 0}, {ReLU6Grad, 2, 5, 2}, {ReLU6Grad, 2, 6, 0}, {ReLU6Grad, 2, -1, 0},
		{Pow, 2, 3, 8}, {Equal, 2, 2, 1}, {Equal, 2, 3, 0}, {NotEqual, 2, 3, 1}, {NotEqual, 2, 2, 0},
		{Less, 2, 3, 1}, {Less, 2, 2, 0}, {LessEqual, 2, 2, 1}, {LessEqual, 3, 2, 0},
		{Greater, 3, 2, 1}, {Greater, 2, 2, 0}, {GreaterEqual, 2, 2, 1}, {GreaterEqual, 2, 3, 0},
	} {
		if got := binaries[c.op].f(c.x, c.y); got != c.want {
			t.Errorf("%v of %v, %v is %v, want %v", c.op, c.x, c.y, got, c.want)
		}
	}
	for _, c := range []struct {
		op      UnaryOp
		x, want float32
	}{
		{Copy, 2, 2}, {Neg, 2, -2}, {Abs, -2, 2}, {Square, -3, 9}, {Sqrt, 9, 3}, {Rsqrt, 4, .5},
		{Exp, 1, 2.7182817}, {Log, 2, .6931472}, {Log1p, 1, .6931472}, {ReLU, -1, 0}, {ReLU, 2, 2}, {ReLU6, -1, 0}, {ReLU6, 2, 2}, {ReLU6, 7, 6},
		{Sigmoid, 0, .5}, {Sigmoid, 200, 1}, {Sigmoid, -200, 0},
		{Tanh, .5, .46211717}, {Sign, -3, -1}, {Sign, 0, 0}, {Sign, 7, 1}, {Floor, -1.5, -2}, {Ceil, -1.5, -1}, {Round, 2.5, 2}, {Round, 3.5, 4},
		{Erf, .5, .5204999}, {Erf, -4, -1}, {Expm1, 1, 1.7182819}, {Expm1, -200, -1}, {Softplus, 0, .6931472}, {Softplus, 200, 200}, {Softplus, -200, 0},
		{Sin, 1, .84147098}, {Cos, 1, .5403023},
		{Swish, 2, 1.7615942}, {Swish, -200, 0}, {HardSwish, 1, .6666667}, {HardSwish, -4, 0}, {HardSwish, 5, 5},
		{Gelu, 1, .8413447}, {Gelu, -20, 0}, {Gelu, 20, 20}, {GeluQuotient, 1, .8413447}, {GeluQuotient, -20, 0}, {GeluQuotient, 20, 20},
	} {
		if got := unaries[c.op].f(c.x); got != c.want {
			t.Errorf("%v of %v is %v, want %v", c.op, c.x, got, c.want)
		}
	}
}

// near reports whether a and b are the same, or differ by as much as approximate allows.
func near(op UnaryOp, a, b float32) bool {
	const units = 4 // in the last place
	least := 1e-38
	switch op {
	case Swish: // multiplies Sigmoid's error by numbers up to 100
		least = 1e-36
	case Gelu, GeluQuotient: // multiply the error of 1+Erf, of which little may be left, by numbers up to 6
		least = 5e-7
	}
	return same(a, b) || math.Abs(float64(a)-float64(b)) <= math.Max(least, math.Abs(float64(b))*units/(1<<23))
}

// TestQuotients checks that the generator's quotient is the correctly rounded quotient, for all significands.
func TestQuotients(t *testing.T) {
	for _, by := range []float32{6, math.Sqrt2} {
		inverse := float32(1 / float64(by))
		for i := range uint32(1 << 23) {
			x := math.Float32frombits(1<<30 | i) // from 2 to 4
			q := float32(x * inverse)
			left := math.FMA(float64(-by), float64(q), float64(x)) // a float32
			q = float32(math.FMA(left, float64(inverse), float64(q)))
			if q != x/by {
				t.Fatalf("%v/%v is %v, want %v", x, by, q, x/by)
			}
		}
	}
}

// TestApproximations tests the approximate functions densely over the whole range.
func TestApproximations(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for op := range UnaryOp(len(unaries)) {
			if !op.approximate() {
				continue
			}
			const n = 1<<16 + 7
			x, dst := kerneltest.Guarded[float32](t, n), kerneltest.Junk(t, n)
			for i := range x {
				x[i] = float32(i-n/2) / (n / 2) * 110 // beyond overflow and underflow
				if i%2 == 1 {
					x[i] /= 100
				}
			}
			u := NewUnary(isa, op, n)
			kerneltest.Parts(u.Parts(), func(p int) { u.Run(p, x, dst) })
			for i, got := range dst {
				if want := unaries[op].f(x[i]); !near(op, got, want) {
					t.Fatalf("%v: f(%v) = %v, want %v", op, x[i], got, want)
				}
			}
			vectors.Check(t, isa, fmt.Sprint(op), dst)
		}
	})
}

// TestAssembly checks that each function has assembly, except for those that package eltwise computes in Go. A row
// that the generator lacks would otherwise show only in the speed.
func TestAssembly(t *testing.T) {
	goUnaries := []UnaryOp{Copy, Rsqrt, Log, Log1p, Sign, Floor, Ceil, Round, Sin, Cos, Atan}
	goBinaries := []BinaryOp{NotEqual, Pow, Mod, FMod}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		if isa == kernel.Generic {
			return
		}
		check := func(op fmt.Stringer, got, inGo bool) {
			switch {
			case !got && !inGo:
				t.Errorf("%v has no assembly: add a row to internal/kernel/gen/eltwise.go, or add %[1]v to the functions in this test", op)
			case got && inGo:
				t.Errorf("%v has assembly: remove it from the functions in this test", op)
			}
		}
		var x, y, dst [16]float32
		for op := range UnaryOp(len(unaries)) {
			check(op, unaryOps(isa, op, &dst[0], &x[0], 1), slices.Contains(goUnaries, op))
		}
		for op := range BinaryOp(len(binaries)) {
			check(op, binaryOps(isa, op, &dst[0], &x[0], &y[0], 1, 0, 0), slices.Contains(goBinaries, op))
		}
	})
}

// TestNames checks that the functions and broadcasts have different names, which are keys of testdata/bits.txt.
func TestNames(t *testing.T) {
	seen := map[string]bool{"": true}
	check := func(name fmt.Stringer) {
		if seen[name.String()] {
			t.Errorf("two are called %q", name)
		}
		seen[name.String()] = true
	}
	for op := range UnaryOp(len(unaries)) {
		check(op)
	}
	for op := range BinaryOp(len(binaries)) {
		check(op)
	}
	for b := Same; b <= ScalarX; b++ {
		check(b)
	}
}

func TestUnary(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for op := range UnaryOp(len(unaries)) {
			for _, n := range []int{1, 8, 16, 55, kernel.Block + 17} {
				x, dst := numbers(t, 3, n), kerneltest.Junk(t, n)
				u := NewUnary(isa, op, n)
				kerneltest.Parts(u.Parts(), func(p int) { u.Run(p, x, dst) })
				for i, got := range dst {
					if want := unaries[op].f(x[i]); !same(got, want) && !(op.approximate() && near(op, got, want)) {
						t.Fatalf("%v, element %d of %d: f(%v) = %v, want %v", op, i, n, x[i], got, want)
					}
				}
				if op.approximate() {
					vectors.Check(t, isa, fmt.Sprint(op, n), dst)
				}
				kerneltest.Parts(u.Parts(), func(p int) { u.Run(p, x, x) })
				for i, got := range x {
					if !same(got, dst[i]) {
						t.Fatalf("%v in place, element %d of %d: %v, want %v", op, i, n, got, dst[i])
					}
				}
			}
		}
	})
}

func TestSelect(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		cond, dst := []float32{0, 1, -1, float32(math.NaN())}, make([]float32, 4)
		// cond (2, 1), x (2, 2), y a scalar.
		w := kernel.NewWalk([]int{2, 2}, []int{1, 0}, []int{2, 1}, []int{0, 0})
		NewSelect(isa, w).Run(0, cond, []float32{1, 2, 3, 4}, []float32{9}, dst)
		kerneltest.Equal(t, "broadcast", dst, []float32{9, 9, 3, 4})
		for _, n := range []int{1, 4, 8, 16, 55, kernel.Block + 17} {
			for scalars := range 8 {
				var operands [3][]float32
				var strides [3][]int
				for i := range operands {
					operands[i], strides[i] = numbers(t, uint64(i+1), n), []int{1}
					if scalars>>i&1 == 1 {
						operands[i], strides[i] = operands[i][n-1:], []int{0}
					}
				}
				dst := kerneltest.Junk(t, n)
				s := NewSelect(isa, kernel.NewWalk([]int{n}, strides[:]...))
				kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, operands[0], operands[1], operands[2], dst) })
				for i, got := range dst {
					want := operands[2][i%len(operands[2])]
					if operands[0][i%len(operands[0])] != 0 {
						want = operands[1][i%len(operands[1])]
					}
					if math.Float32bits(got) != math.Float32bits(want) {
						t.Fatalf("%d elements, scalars %03b, element %d: %v, want %v", n, scalars, i, got, want)
					}
				}
			}
		}
	})
}

// TestBinaryWalk tests each function for a result (3, n, 37), x (3, 1, 37) and y (n, 1).
func TestBinaryWalk(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for op := range BinaryOp(len(binaries)) {
			for _, n := range kerneltest.Thin([]int{2, 300, 1}) {
				x, y, dst := numbers(t, 1, 3*37), numbers(t, 2, n), kerneltest.Junk(t, 3*n*37)
				s := NewBinaryWalk(isa, op, kernel.NewWalk([]int{3, n, 37}, []int{37, 0, 1}, []int{0, 1, 0}))
				kerneltest.Parts(s.Parts(), func(p int) { s.Run(p, x, y, dst) })
				for i, got := range dst {
					u, v := x[i/(n*37)*37+i%37], y[i/37%n]
					if want := binaries[op].f(u, v); !same(got, want) {
						t.Fatalf("%v, %d rows, element %d: f(%v, %v) = %v, want %v", op, n, i, u, v, got, want)
					}
				}
			}
		}
		x, y := kerneltest.Random(t, 1, 37), kerneltest.Random(t, 2, 37)
		want := make([]float32, 37)
		for i := range want {
			want[i] = max(x[i], y[i])
		}
		Accumulate(isa, Max, x, y)
		kerneltest.Equal(t, "accumulate", x, want)
	})
}

func TestNoAllocations(t *testing.T) {
	x := make([]float32, 100)
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		b, u := NewBinary(isa, Add, RowY, 10, 10), NewUnary(isa, Tanh, 100)
		kerneltest.NoAllocs(t, "binary", func() { b.Run(0, x, x, x) })
		w := kernel.NewWalk([]int{5, 2, 10}, []int{10, 0, 1}, []int{20, 10, 1}, []int{0, 0, 0})
		p, c := NewBinaryWalk(isa, Add, w), NewSelect(isa, w)
		kerneltest.NoAllocs(t, "binary walk", func() { p.Run(0, x, x, x) })
		kerneltest.NoAllocs(t, "select", func() { c.Run(0, x, x, x, x) })
		kerneltest.NoAllocs(t, "unary", func() { u.Run(0, x, x) })
	})
}

func BenchmarkEltwise(b *testing.B) {
	const n = 1 << 20
	x, y, dst := make([]float32, n), make([]float32, n), make([]float32, n)
	for _, isa := range kernel.Available() {
		for op := range BinaryOp(len(binaries)) {
			k := NewBinary(isa, op, Same, 1, n)
			b.Run(fmt.Sprintf("%v/%v", isa, op), func(b *testing.B) {
				kerneltest.Speed(b, 0, 12*n, func() {
					for p := range k.Parts() {
						k.Run(p, x, y, dst)
					}
				})
			})
		}
		for op := range UnaryOp(len(unaries)) {
			k := NewUnary(isa, op, n)
			b.Run(fmt.Sprintf("%v/%v", isa, op), func(b *testing.B) {
				kerneltest.Speed(b, 0, 8*n, func() {
					for p := range k.Parts() {
						k.Run(p, x, dst)
					}
				})
			})
		}
	}
}
