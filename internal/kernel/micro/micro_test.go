package micro

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// problem is a product in form N or T. Its operands end at guard pages.
type problem struct {
	rows, columns, k, segs int
	relu                   bool
	transposed             bool
	a, b, init             []float32
	aStride, bStride       int // floats
	gap                    int // between segments of A
}

func newProblem(t *testing.T, rows, columns, k, segs int, transposed bool) problem {
	p := problem{rows: rows, columns: columns, k: k, segs: segs, transposed: transposed, gap: 3, bStride: columns + 2, relu: columns%2 == 0}
	if transposed {
		p.aStride = rows + 1
		p.gap *= p.aStride
		p.a = kerneltest.Random(t, 1, (segs*k-1)*p.aStride+(segs-1)*p.gap+rows)
	} else {
		p.aStride = segs*(k+p.gap) + 1
		p.a = kerneltest.Random(t, 1, (rows-1)*p.aStride+segs*k+(segs-1)*p.gap)
	}
	p.b = kerneltest.Random(t, 2, (segs*k-1)*p.bStride+columns)
	p.init = kerneltest.Random(t, 3, columns)
	return p
}

func (p problem) args(isa kernel.ISA, c []float32) *Args {
	a := &Args{
		A: unsafe.Pointer(&p.a[0]), B: unsafe.Pointer(&p.b[0]), C: unsafe.Pointer(&c[0]), Init: unsafe.Pointer(&p.init[0]),
		AStride: uintptr(4 * p.aStride), BStride: uintptr(4 * p.bStride), CStride: uintptr(4 * p.columns),
		K: p.k, Segs: p.segs,
	}
	a.Columns(isa, p.columns)
	if p.relu {
		a.ReLU = 1
	}
	if p.transposed {
		a.ASeg = 4 * p.gap
	} else {
		seg := make([]int, p.segs)
		for i := range seg {
			seg[i] = 4 * p.gap
		}
		a.Seg = &seg[0]
	}
	return a
}

// element computes row r, column c in float64.
func (p problem) element(r, c int) float64 {
	sum := float64(p.init[c])
	for i := range p.segs * p.k {
		x := i + i/p.k*p.gap + r*p.aStride
		if p.transposed {
			x = i*p.aStride + i/p.k*p.gap + r
		}
		sum += float64(p.a[x]) * float64(p.b[i*p.bStride+c])
	}
	if p.relu {
		sum = math.Max(sum, 0)
	}
	return sum
}

// inHalvesAndNot runs a test for processors that execute AVX-512 in halves, and for others.
func inHalvesAndNot(t *testing.T, f func(t *testing.T)) {
	before := kernel.Halves
	defer func() { kernel.Halves = before }()
	for _, kernel.Halves = range []bool{false, true} {
		t.Run(fmt.Sprintf("halves=%v", kernel.Halves), f)
	}
}

func TestTiles(t *testing.T) { inHalvesAndNot(t, testTiles) }

// testTiles checks all tiles, and that rows computed one by one have the same bits.
func testTiles(t *testing.T) {
	run := map[bool]func(rows int, a *Args){false: N, true: T}
	for _, transposed := range []bool{false, true} {
		for columns := 1; columns <= 32; columns++ {
			for rows := 1; rows <= 14; rows++ {
				for _, k := range []int{1, 4, 9, 11} {
					p := newProblem(t, rows, columns, k, 1+(rows+k)%3, transposed)
					want := make([]float64, rows*columns)
					for i := range want {
						want[i] = p.element(i/columns, i%columns)
					}
					name := fmt.Sprintf("%+v", [...]int{rows, columns, k, p.segs})
					vectors := kerneltest.Vectors{}
					for _, isa := range kernel.Available() {
						c := kerneltest.Guarded[float32](t, rows*columns)
						a := p.args(isa, c)
						if columns > 2*Lanes(isa) {
							continue
						}
						run[transposed](rows, a)
						kerneltest.Close(t, name, c, want, 1e-6)
						vectors.Check(t, isa, name, c)
						for r := range rows {
							one := make([]float32, columns)
							a.C = unsafe.Pointer(&one[0])
							run[transposed](1, a)
							kerneltest.Equal(t, name+" a row alone", one, c[r*columns:(r+1)*columns])
							if r+1 < rows {
								step := a.AStride
								if transposed {
									step = 4
								}
								a.A = unsafe.Add(a.A, step)
							}
						}
					}
				}
			}
		}
	}
}

func TestPooledTiles(t *testing.T) {
	for _, isa := range kernel.Available() {
		for columns := 1; columns <= 2*Lanes(isa); columns++ {
			for pooled := 1; pooled <= 7; pooled++ {
				p := newProblem(t, 4*pooled, columns, 5, 2, false)
				p.relu = true
				y, argmax := kerneltest.Guarded[float32](t, pooled*columns), kerneltest.Guarded[uint8](t, pooled*columns)
				a := p.args(isa, y)
				a.A2 = unsafe.Add(a.A, 2*pooled*int(a.AStride))
				a.Argmax, a.ArgmaxStride = unsafe.Pointer(&argmax[0]), uintptr(columns)
				P(pooled, a)
				for i := range y {
					q, c := i/columns, i%columns
					best, at := 0.0, 4
					for n, r := range []int{2 * q, 2*q + 1, 2*pooled + 2*q, 2*pooled + 2*q + 1} {
						if v := p.element(r, c); v > best {
							best, at = v, n
						}
					}
					if math.Abs(float64(y[i])-best) > 1e-6 || int(argmax[i]) != at {
						t.Fatalf("%v, %d columns, pooled %d: element %d is %v at %d, want %v at %d", isa, columns, pooled, i, y[i], argmax[i], best, at)
					}
				}
			}
		}
	}
}

func TestPooledLines(t *testing.T) {
	for _, isa := range kernel.Available() {
		for columns := 3; columns <= 2*Lanes(isa); columns += 5 {
			const pooled, lines = 4, 3
			p := newProblem(t, 4*pooled*lines, columns, 5, 2, false)
			p.relu = true
			n := pooled * lines * columns
			y, argmax := kerneltest.Guarded[float32](t, n), kerneltest.Guarded[uint8](t, n)
			a := p.args(isa, y)
			line := 4 * pooled * a.AStride
			a.A2 = unsafe.Add(a.A, line/2)
			a.Argmax, a.ArgmaxStride = unsafe.Pointer(&argmax[0]), uintptr(columns)
			PLines(pooled, lines, line, pooled*a.CStride, pooled*a.ArgmaxStride, a)
			one, at := kerneltest.Guarded[float32](t, columns), kerneltest.Guarded[uint8](t, columns)
			for q := range pooled * lines {
				b := p.args(isa, one)
				b.A = unsafe.Add(b.A, uintptr(q/pooled)*line+uintptr(2*(q%pooled))*b.AStride)
				b.A2 = unsafe.Add(b.A, line/2)
				b.Argmax, b.ArgmaxStride = unsafe.Pointer(&at[0]), uintptr(columns)
				P(1, b)
				kerneltest.Equal(t, fmt.Sprintf("%v, %d columns, pixel %d", isa, columns, q), y[q*columns:(q+1)*columns], one)
				if !slices.Equal(argmax[q*columns:(q+1)*columns], at) {
					t.Fatalf("%v, %d columns, pixel %d: argmax %v, want %v", isa, columns, q, argmax[q*columns:(q+1)*columns], at)
				}
			}
		}
	}
}

func TestLines(t *testing.T) { inHalvesAndNot(t, testLines) }

// testLines checks calls with many tiles, with all options: initial sums, residual, ReLU and limit.
func testLines(t *testing.T) {
	for _, c := range []struct{ rows, lines, columns, k int }{
		{1, 1, 5, 3}, {14, 1, 32, 7}, {15, 1, 32, 7}, {29, 1, 20, 8}, {100, 1, 16, 5}, {7, 7, 32, 9}, {7, 5, 17, 9}, {28, 3, 24, 4}, {30, 4, 8, 2},
		{600, 2, 16, 600}, // more than a call
	} {
		for _, accumulate := range []bool{false, true} {
			for _, transposed := range []bool{false, true} {
				if transposed && c.lines > 1 {
					continue
				}
				total := c.rows * c.lines
				p := newProblem(t, total, c.columns, c.k, 2, transposed)
				start, add := kerneltest.Random(t, 4, total*c.columns), kerneltest.Random(t, 5, total*c.columns)
				const limit = 0.75
				want := make([]float64, total*c.columns)
				p.relu = false
				for i := range want {
					want[i] = p.element(i/c.columns, i%c.columns)
					if accumulate {
						want[i] += float64(start[i]) - float64(p.init[i%c.columns])
					}
					want[i] = min(limit, max(0, want[i]+float64(add[i])))
				}
				name := fmt.Sprintf("%+v accumulate %v transposed %v", c, accumulate, transposed)
				vectors := kerneltest.Vectors{}
				for _, isa := range kernel.Available() {
					if c.columns > 2*Lanes(isa) {
						continue
					}
					y := kerneltest.Guarded[float32](t, len(want))
					copy(y, start)
					a := p.args(isa, y)
					a.ReLU, a.Limit, a.Residual = 1, limit, unsafe.Pointer(&add[0])
					if accumulate {
						a.Init, a.IStride = a.C, a.CStride
					}
					before := *a
					switch {
					case transposed:
						T(total, a)
					case c.lines == 1:
						N(total, a)
					default:
						NLines(c.rows, c.lines, uintptr(c.rows)*a.AStride, uintptr(c.rows)*a.CStride, a)
					}
					if a.operands() != before.operands() {
						t.Errorf("%s: %v moved the operands", name, isa)
					}
					kerneltest.Close(t, name, y, want, 1e-4) // 1200 roundings at most
					vectors.Check(t, isa, name, y)
				}
			}
		}
	}
}

func TestPack(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, n := range []int{1, 2, 8, 9, 15, 16, 17, 31, 32, 33, 40, 64, 100} {
			for _, rows := range []int{1, 7, 8, 9, 24, 31} {
				stride := n + 3
				src := kerneltest.Random(t, 1, (rows-1)*stride+n)
				across := kerneltest.Random(t, 2, (n-1)*(rows+1)+rows)
				tiling := NewTiling(isa, n)
				packed, transposed := kerneltest.Junk(t, rows*tiling.Padded()), kerneltest.Junk(t, rows*tiling.Padded())
				for i := range tiling.Tiles() {
					first, columns, padded := tiling.At(i)
					Pack(isa, packed[first*rows:], src[first:], rows, stride, columns, padded)
					PackTransposed(isa, transposed[first*rows:], across[first*(rows+1):], rows, rows+1, columns, padded)
					for r := range rows {
						for c := range padded {
							var want, wantAcross float32
							if c < columns {
								want, wantAcross = src[r*stride+first+c], across[(first+c)*(rows+1)+r]
							}
							at := first*rows + r*padded + c
							if packed[at] != want || transposed[at] != wantAcross {
								t.Fatalf("%d columns, %d rows: row %d, column %d is %v and %v, want %v and %v", n, rows, r, first+c, packed[at], transposed[at], want, wantAcross)
							}
						}
					}
				}
			}
		}
	})
}

// TestNaN checks that NaN stays NaN in a ReLU, and in a pool if it is the first element of the window.
func TestNaN(t *testing.T) {
	nan := float32(math.NaN())
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		x, w, y, argmax := []float32{nan, 1, 1, 1}, make([]float32, 16), make([]float32, 4*16), make([]uint8, 16)
		for i := range w {
			w[i] = 1
		}
		var seg int
		a := &Args{A: unsafe.Pointer(&x[0]), B: unsafe.Pointer(&w[0]), C: unsafe.Pointer(&y[0]), AStride: 4, BStride: 64, CStride: 64, K: 1, Segs: 1, Seg: &seg, ReLU: 1}
		a.Zero()
		a.Columns(isa, 16)
		for _, limit := range []float32{0, 6} {
			a.Limit = limit
			N(4, a)
			if y[0] == y[0] || y[16] != 1 {
				t.Errorf("ReLU of NaN and 1 is %v and %v", y[0], y[16])
			}
		}
		a.A2, a.Argmax, a.ArgmaxStride = unsafe.Pointer(&x[2]), unsafe.Pointer(&argmax[0]), 16
		P(1, a)
		if y[15] == y[15] || argmax[15] != 0 {
			t.Errorf("pool of NaN, 1, 1, 1: %v at %d", y[15], argmax[15])
		}
	})
}
