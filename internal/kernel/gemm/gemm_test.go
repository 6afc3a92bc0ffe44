package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// shapes lists shapes with incomplete tiles of all kinds, smaller versions of the tutorial's dense layers, and shapes
// for each method.
func shapes() []Shape {
	var list []Shape
	for _, m := range []int{1, 2, 7, 15, 43} {
		for _, n := range []int{1, 2, 10, 31, 64, 100} {
			for _, k := range []int{1, 3, 64, 300} {
				list = append(list, Shape{M: m, N: n, K: k})
			}
		}
	}
	return append(list,
		Shape{M: 15, N: 64, K: 9000},
		Shape{M: 1, N: 33, K: 100000},
		Shape{M: 15, N: 1000, K: 64},
		Shape{M: 1000, N: 64, K: 15},
		Shape{M: 345, N: 70, K: 517},
		Shape{M: 2, N: 2100, K: 301},   // sums of rows, in two runs of columns
		Shape{M: 1, N: 300, K: 2003},   // cut along k
		Shape{M: 23, N: 67, K: 1100},   // dot products in two runs
		Shape{M: 70, N: 4000, K: 37},   // short k, A gathered transposed
		Shape{M: 30, N: 525, K: 1024},  // A gathered once
		Shape{M: 513, N: 130, K: 201},  // short tiles with a longer k
		Shape{M: 512, N: 96, K: 70},    // rows far apart
		Shape{M: 40, N: 2600, K: 400},  // several calls for a panel
		Shape{M: 260, N: 300, K: 1030}) // blocks along k
}

// random returns n random shapes.
func random(n int) []Shape {
	r := rand.New(rand.NewPCG(7, 6))
	var list []Shape
	for range n {
		size := func() int { return 1 + int(math.Exp(r.Float64()*6)) }
		list = append(list, Shape{M: size(), N: size(), K: size()})
	}
	return list
}

func run(t testing.TB, isa kernel.ISA, s Shape, e Epilogue, a, b, bias, c []float32) []float32 {
	g := New(isa, s, e)
	out := kerneltest.Junk(t, s.M*s.N)
	if s.Accumulate {
		copy(out, c)
	}
	partial, scratch := kerneltest.Junk(t, g.PartialLen()), kerneltest.Junk(t, g.ScratchLen())
	kerneltest.Parts(g.StartParts(), func(p int) { g.Start(p, a, partial) })
	kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, a, b, bias, out, partial, scratch) })
	kerneltest.Parts(g.ReduceParts(), func(p int) { g.Reduce(p, partial, bias, out) })
	return out
}

func naive(s Shape, e Epilogue, a, b, bias, c []float32) []float64 {
	out := make([]float64, s.M*s.N)
	for m := range s.M {
		for n := range s.N {
			var sum float64
			for k := range s.K {
				x, y := m*s.K+k, k*s.N+n
				if s.TransA {
					x = k*s.M + m
				}
				if s.TransB {
					y = n*s.K + k
				}
				sum += float64(a[x]) * float64(b[y])
			}
			if e.Bias {
				sum += float64(bias[n])
			}
			if s.Accumulate {
				sum += float64(c[m*s.N+n])
			}
			if e.ReLU {
				sum = math.Max(sum, 0)
			}
			out[m*s.N+n] = sum
		}
	}
	return out
}

func TestGemm(t *testing.T) {
	vectors, wants := kerneltest.Vectors{}, kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for i, s := range kerneltest.Thin(append(shapes(), random(40)...)) {
			a := kerneltest.Random(t, 1, s.M*s.K)
			b := kerneltest.Random(t, 2, s.N*s.K)
			c := kerneltest.Random(t, 3, s.M*s.N)
			bias := kerneltest.Random(t, 4, s.N)
			for trans := range 4 {
				s.TransA, s.TransB = trans&1 != 0, trans&2 != 0
				s.Accumulate = i%3 == 1
				e := Epilogue{Bias: !s.Accumulate && i%3 == 2, ReLU: i%2 == 0}
				name := fmt.Sprintf("%+v %+v", s, e)
				got := run(t, isa, s, e, a, b, bias, c)
				kerneltest.Close(t, name, got, wants.Get(name, func() []float64 { return naive(s, e, a, b, bias, c) }), 2e-5)
				vectors.Check(t, isa, name, got)
			}
		}
	})
}

// TestPast checks a result that is written past the caches, with and without an incomplete tile of columns.
func TestPast(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		if !streams(isa) {
			t.Skip("has no non-temporal stores")
		}
		for _, s := range []Shape{{M: 2050, N: 4096, K: 2, TransA: true}, {M: 4100, N: 2064, K: 1, TransA: true}} {
			a, b := kerneltest.Random(t, 1, s.M*s.K), kerneltest.Random(t, 2, s.N*s.K)
			for i, v := range run(t, isa, s, Epilogue{}, a, b, nil, nil) {
				m, n := i/s.N, i%s.N
				want := float64(a[m]) * float64(b[n])
				if s.K == 2 {
					want += float64(a[s.M+m]) * float64(b[s.N+n])
				}
				if math.Abs(float64(v)-want) > 1e-6 {
					t.Fatalf("%+v: row %d, column %d is %v, want %v", s, m, n, v, want)
				}
			}
		}
	})
}

// TestBlocks checks that blocks have the bits of Run.
func TestBlocks(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range []Shape{
			{M: 1000, N: 64, K: 15, TransA: true}, {M: 37, N: 5000, K: 16, TransA: true}, {M: 20, N: 2047, K: 129, TransA: true},
			{M: 1, N: 1, K: 1, TransA: true}, {M: 300, N: 330, K: 500, TransA: true}, {M: 100, N: 900, K: 520, TransA: true}, {M: 2, N: 700, K: 3, TransA: true}, {M: 70, N: 96, K: 33}, {M: 100, N: 300, K: 20, TransB: true},
		} {
			g := New(isa, s, Epilogue{})
			a, b := kerneltest.Random(t, 1, s.M*s.K), kerneltest.Random(t, 2, s.N*s.K)
			want := run(t, isa, s, Epilogue{}, a, b, nil, nil)
			seen := 0
			kerneltest.Parts(g.Blocks(), func(p int) {
				dst, scratch := kerneltest.Junk(t, g.BlockLen()), kerneltest.Junk(t, g.BlockScratchLen())
				lo, hi := g.RunBlock(p, a, b, dst, scratch)
				kerneltest.Equal(t, fmt.Sprintf("%+v rows %d to %d", s, lo, hi), dst[:(hi-lo)*s.N], want[lo*s.N:hi*s.N])
				seen += hi - lo
			})
			if seen != s.M {
				t.Errorf("%+v: %d rows in blocks", s, seen)
			}
		}
	})
}

// TestCutDependsOnTheShapeAlone checks that the plan, and so the order of sums, is the same for all instruction sets.
func TestCutDependsOnTheShapeAlone(t *testing.T) {
	for _, s := range append(shapes(), random(100)...) {
		for trans := range 4 {
			s.TransA, s.TransB = trans&1 != 0, trans&2 != 0
			want := choose(kernel.Generic, s)
			for _, isa := range kernel.Available() {
				if p := choose(isa, s); p.method != want.method || p.rows != want.rows || p.columns != want.columns || p.cuts != want.cuts || p.shared != want.shared {
					t.Errorf("%+v: %+v with %v, %+v in Go", s, p, isa, want)
				}
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range []Shape{
			{M: 15, N: 64, K: 9000}, {M: 15, N: 40, K: 64, TransB: true}, {M: 70, N: 64, K: 64, TransA: true},
			{M: 1, N: 500, K: 70}, {M: 4, N: 70, K: 300, TransB: true}, {M: 40, N: 520, K: 1024},
		} {
			a, b := make([]float32, s.M*s.K), make([]float32, s.N*s.K)
			c, bias := make([]float32, s.M*s.N), make([]float32, s.N)
			g := New(isa, s, Epilogue{Bias: true, ReLU: true})
			partial, scratch := make([]float32, g.PartialLen()), make([]float32, g.ScratchLen())
			kerneltest.NoAllocs(t, fmt.Sprintf("%+v", s), func() {
				if g.StartParts() > 0 {
					g.Start(0, a, partial)
				}
				g.Run(0, a, b, bias, c, partial, scratch)
				if g.ReduceParts() > 0 {
					g.Reduce(0, partial, bias, c)
				}
			})
			g = New(isa, s, Epilogue{})
			dst := make([]float32, g.BlockLen())
			scratch = make([]float32, g.BlockScratchLen())
			kerneltest.NoAllocs(t, fmt.Sprintf("blocks of %+v", s), func() { g.RunBlock(0, a, b, dst, scratch) })
		}
	})
}
