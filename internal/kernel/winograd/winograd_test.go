package winograd

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// The matrices of the transforms, derived by the Toom-Cook method: a product of polynomials is computed from its
// values at the points.
var matrixB, matrixG, matrixA = matrices()

func matrices() (toPlanes, ofFilter, toResult [][]float64) {
	points := []float64{0, a, -a, b, -b}
	all := []float64{1} // the polynomial that is 0 at all points, ascending
	for _, p := range points {
		all = times(all, p)
	}
	toResult = make([][]float64, Tile)
	for _, p := range points {
		others, divisor := []float64{1}, 1.
		for _, q := range points {
			if q != p {
				others = times(others, q)
				divisor *= p - q
			}
		}
		toPlanes = append(toPlanes, append(others, 0))
		ofFilter = append(ofFilter, []float64{1 / divisor, p / divisor, p * p / divisor})
		for i := range toResult {
			toResult[i] = append(toResult[i], math.Pow(p, float64(i)))
		}
	}
	for i := range toResult { // infinity
		toResult[i] = append(toResult[i], float64(i/(Tile-1)))
	}
	return append(toPlanes, all), append(ofFilter, []float64{0, 0, 1}), toResult
}

// times multiplies a polynomial by x - p.
func times(f []float64, p float64) []float64 {
	g := make([]float64, len(f)+1)
	for i, c := range f {
		g[i] -= p * c
		g[i+1] += c
	}
	return g
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for j := range m {
			t[i] = append(t[i], m[j][i])
		}
	}
	return t
}

// apply computes m x m' for a square x with the elements at(i, j).
func apply(m [][]float64, at func(i, j int) float64) [][]float64 {
	y := make([][]float64, len(m))
	for i := range m {
		y[i] = make([]float64, len(m))
		for j := range m {
			for a, l := range m[i] {
				for b, r := range m[j] {
					y[i][j] += l * r * at(a, b)
				}
			}
		}
	}
	return y
}

// The matrices compute a convolution: a tile of results.
func TestMatrices(t *testing.T) {
	x := func(i, j int) float64 { return float64((i*7+j*3)%11) - 4 }
	w := func(i, j int) float64 { return float64((i*5+j*2)%7) - 3 }
	v, u := apply(matrixB, x), apply(matrixG, w)
	y := apply(matrixA, func(i, j int) float64 { return v[i][j] * u[i][j] })
	for i := range 4 {
		for j := range 4 {
			want := 0.
			for k := range 9 {
				want += x(i+k/3, j+k%3) * w(k/3, k%3)
			}
			if math.Abs(y[i][j]-want) > 1e-12 {
				t.Errorf("result %d,%d is %v, want %v", i, j, y[i][j], want)
			}
		}
	}
}

// Numbers of channels that fill vectors, and that do not.
var channels = []int{16, 17, 24, 31, 32, 40, 64}

// Two passes have at most six rounding errors each, of 6e-8 of the sum of magnitudes, which is a small multiple of
// the largest result.
const tolerance = 1e-6

func each(t *testing.T, f func(t *testing.T, isa kernel.ISA, c int)) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, c := range channels {
			t.Run(fmt.Sprint(c), func(t *testing.T) { f(t, isa, c) })
		}
	})
}

// square returns element i,j of channel c.
func square(x []float32, row, pixel, c int) func(i, j int) float64 {
	return func(i, j int) float64 { return float64(x[i*row+j*pixel+c]) }
}

// tiles is the number of tiles in a call.
const tiles = 3

// check compares the m x m square of each channel of some tiles, which lie a distance apart (0: there is one), and
// checks that nothing else was written.
func check(t *testing.T, got []float32, row, pixel, tile, channels, m int, want func(n, c int) [][]float64) {
	t.Helper()
	var have []float32
	var wanted []float64
	for n := range tiles {
		if n > 0 && tile == 0 {
			break // not a function of tiles
		}
		for c := range channels {
			w := want(n, c)
			for i := range m {
				for j := range m {
					at := n*tile + i*row + j*pixel + c
					have = append(have, got[at])
					got[at] = float32(math.NaN())
					wanted = append(wanted, w[i][j])
				}
			}
		}
	}
	kerneltest.Close(t, "transform", have, wanted, tolerance)
	for i, v := range got {
		if v == v {
			t.Fatalf("element %d was written", i)
		}
	}
}

func TestImage(t *testing.T) {
	vectors := kerneltest.Vectors{}
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		tile, plane, pixel := c+1, tiles*(c+1)+2, c+3
		row := (Tile*tiles+2)*pixel + 5
		x := kerneltest.Random(t, 1, 5*row+(Tile*tiles+1)*pixel+c)
		dst := kerneltest.Junk(t, 35*plane+(tiles-1)*tile+c)
		Image(isa, AllRows, dst, plane, tile, x, row, pixel, c, tiles)
		vectors.Check(t, isa, fmt.Sprint(c), dst)
		check(t, dst, 6*plane, plane, tile, c, 6, func(n, c int) [][]float64 {
			return apply(matrixB, square(x[n*Tile*pixel:], row, pixel, c))
		})
	})
}

func TestResult(t *testing.T) {
	vectors := kerneltest.Vectors{}
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		pixel, tile, plane := c+3, c+1, tiles*(c+1)+4
		row := Tile*tiles*pixel + 5
		m, bias := kerneltest.Random(t, 1, 35*plane+(tiles-1)*tile+c), kerneltest.Random(t, 2, c)
		for _, relu := range []bool{false, true} {
			y := kerneltest.Junk(t, 3*row+(Tile*tiles-1)*pixel+c)
			Result(isa, y, row, pixel, m, plane, tile, bias, relu, c, tiles)
			vectors.Check(t, isa, fmt.Sprint(c, relu), y)
			plain := append([]float32(nil), y...)
			check(t, y, row, pixel, Tile*pixel, c, 4, func(n, c int) [][]float64 {
				w := apply(matrixA, square(m[n*tile:], 6*plane, plane, c))
				for i := range w {
					for j := range w[i] {
						if w[i][j] += float64(bias[c]); relu {
							w[i][j] = max(w[i][j], 0)
						}
					}
				}
				return w
			})
			if !relu {
				continue
			}
			// The pool takes its maxima from the same numbers.
			pooled := kerneltest.Junk(t, row+(2*tiles-1)*pixel+c)
			argmax := kerneltest.Guarded[uint8](t, len(pooled))
			ResultPool(isa, pooled, argmax, row, pixel, m, plane, tile, bias, c, tiles)
			for i := range 4 * tiles * c {
				q, o := i/c, i%c
				y, x := q%2, q/2 // of the pooled results
				best, position := float32(0), uint8(kernel.NoArgmax2x2)
				for n := range 4 {
					if v := plain[(y*2+n/2)*row+(x*2+n%2)*pixel+o]; v > best {
						best, position = v, uint8(n)
					}
				}
				to := y*row + x*pixel + o
				if pooled[to] != best || argmax[to] != position {
					t.Fatalf("pooled %d, %d of channel %d is %v at %d, want %v at %d", y, x, o, pooled[to], argmax[to], best, position)
				}
			}
		}
	})
}

func TestGradient(t *testing.T) {
	vectors := kerneltest.Vectors{}
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		pixel, tile, plane := c+3, c+1, tiles*(c+1)+4
		row := Tile*tiles*pixel + 5
		dy := kerneltest.Random(t, 1, 3*row+(Tile*tiles-1)*pixel+c)
		want := func(n, c int) [][]float64 {
			return apply(transposed(matrixA), square(dy[n*Tile*pixel:], row, pixel, c))
		}
		channels := c
		checkAll := func(dst []float32) {
			t.Helper()
			for i := range tiles * channels {
				n, c := i/channels, i%channels
				sum := 0.
				for i := range 16 {
					sum += float64(dy[i/4*row+(n*Tile+i%4)*pixel+c])
				}
				if got := dst[Planes*plane+n*tile+c]; !(math.Abs(float64(got)-sum) < 16*tolerance) {
					t.Fatalf("the sum of channel %d is %v, want %v", c, got, sum)
				}
			}
			check(t, dst[:Planes*plane], 6*plane, plane, tile, channels, 6, want)
		}
		dst := kerneltest.Junk(t, 36*plane+(tiles-1)*tile+c)
		Gradient(isa, AllRows, dst, plane, tile, dy, row, pixel, c, tiles)
		vectors.Check(t, isa, fmt.Sprint(c), dst)
		checkAll(dst)

		g := kerneltest.Random(t, 2, row+(2*tiles-1)*pixel+c)
		argmax := kerneltest.Guarded[uint8](t, len(g))
		clear(dy)
		for i := range 4 * tiles * c {
			q, o := i/c, i%c
			y, x := q%2, q/2
			from, position := y*row+x*pixel+o, i*7%6
			if argmax[from] = uint8(position); position < 4 {
				dy[(y*2+position/2)*row+(x*2+position%2)*pixel+o] = g[from]
			}
		}
		dst = kerneltest.Junk(t, len(dst))
		GradientPooled(isa, AllRows, dst, plane, tile, g, argmax, row, pixel, c, tiles)
		vectors.Check(t, isa, fmt.Sprint(c, "pooled"), dst)
		checkAll(dst)
	})
}

// The two halves of a transform equal the whole transform bit for bit.
func TestRows(t *testing.T) {
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		plane, row := tiles*c, (Tile*tiles+2)*c
		x, argmax := kerneltest.Random(t, 1, Patch*row), kerneltest.Guarded[uint8](t, 4*row)
		for i := range argmax {
			argmax[i] = uint8(i * 7 % 5)
		}
		for name, transform := range map[string]func(rows Rows, dst []float32){
			"image":            func(rows Rows, dst []float32) { Image(isa, rows, dst, plane, c, x, row, c, c, tiles) },
			"gradient":         func(rows Rows, dst []float32) { Gradient(isa, rows, dst, plane, c, x, row, c, c, tiles) },
			"gradient, pooled": func(rows Rows, dst []float32) { GradientPooled(isa, rows, dst, plane, c, x, argmax, row, c, c, tiles) },
		} {
			all := make([]float32, GradientPlanes*plane)
			transform(AllRows, all)
			half := Planes / 2 * plane
			for rows, want := range map[Rows][]float32{
				UpperRows: append(append([]float32(nil), all[:half]...), all[2*half:]...),
				LowerRows: all[half : 2*half],
			} {
				if name == "image" {
					want = want[:half]
				}
				got := kerneltest.Junk(t, len(want))
				transform(rows, got)
				if !slices.Equal(got, want) {
					t.Errorf("%s: rows %d differ", name, rows)
				}
			}
		}
	})
}

// A tile is added to its neighbors above and to the left.
func TestAddImage(t *testing.T) {
	vectors := kerneltest.Vectors{}
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		c = kernel.CeilDiv(c, 16) * 16
		pixel, tile, plane := c+3, c+16, tiles*(c+16)+4
		row, carryRow := (Tile*tiles+2)*pixel+16, (Tile*tiles+2)*pixel+32
		width := (Tile*tiles+1)*pixel + c
		v := kerneltest.Random(t, 1, 35*plane+(tiles-1)*tile+c)
		dx, carry := kerneltest.Junk(t, 3*row+width), kerneltest.Junk(t, carryRow+width)
		before := kerneltest.Random(t, 2, 8*c)
		above := kerneltest.Random(t, 3, 2*(Tile*tiles+2)*c)
		// The existing sums: two columns in all rows, and the other columns in the two rows above.
		for i := range Patch {
			for j := range 2 {
				to := dx[min(i, 3)*row+j*pixel:]
				if i >= Tile {
					to = carry[(i-Tile)*carryRow+j*pixel:]
				}
				copy(to[:c], before[(i*2+j)%8*c:])
			}
		}
		for i := range 2 {
			for j := 2; j < Tile*tiles+2; j++ {
				copy(carry[i*carryRow+j*pixel:][:c], above[(i*(Tile*tiles+2)+j)*c:])
			}
		}
		AddImage(isa, dx, row, carry, carryRow, pixel, v, plane, tile, c, tiles)
		vectors.Check(t, isa, fmt.Sprint(c), dx)
		vectors.Check(t, isa, fmt.Sprint(c, " carry"), carry)
		var have []float32
		var want []float64
		images := make([][][]float64, tiles)
		for o := range c {
			for n := range images {
				images[n] = apply(transposed(matrixB), square(v[n*tile:], 6*plane, plane, o))
			}
			for i := range Patch {
				for j := range Tile*tiles + 2 {
					w := 0.
					for n := range images {
						if k := j - n*Tile; k >= 0 && k < Patch {
							w += images[n][i][k]
						}
					}
					switch {
					case j < 2:
						w += float64(before[(i*2+j)%8*c+o])
					case i < 2:
						w += float64(above[(i*(Tile*tiles+2)+j)*c+o])
					}
					got := &dx[min(i, 3)*row+j*pixel+o]
					if i >= Tile {
						got = &carry[(i-Tile)*carryRow+j*pixel+o]
					}
					have, want = append(have, *got), append(want, w)
					*got = float32(math.NaN())
				}
			}
		}
		kerneltest.Close(t, "transform", have, want, tolerance)
		for _, v := range append(dx, carry...) {
			if v == v {
				t.Fatal("more was written")
			}
		}
	})
}

func TestFilter(t *testing.T) {
	vectors := kerneltest.Vectors{}
	each(t, func(t *testing.T, isa kernel.ISA, c int) {
		n := kernel.CeilDiv(c, 8) * 8
		plane := n + 8
		w := kerneltest.Random(t, 1, 8*plane+n)
		planes := kerneltest.Junk(t, 35*plane+n)
		for i := range 9 {
			copy(planes[(FilterInput+i)*plane:][:n], w[i*plane:])
		}
		Filter(isa, planes, plane, n)
		vectors.Check(t, isa, fmt.Sprint(n), planes)
		check(t, planes, 6*plane, plane, 0, n, 6, func(_, c int) [][]float64 { return apply(matrixG, square(w, 3*plane, plane, c)) })

		u := kerneltest.Random(t, 2, 35*plane+c)
		dw := kerneltest.Junk(t, 8*plane+c)
		FilterGradient(isa, dw, plane, u, plane, c)
		vectors.Check(t, isa, fmt.Sprint(c, "gradient"), dw)
		check(t, dw, 3*plane, plane, 0, c, 3, func(_, c int) [][]float64 { return apply(transposed(matrixG), square(u, 6*plane, plane, c)) })
	})
}

func TestNoAllocations(t *testing.T) {
	const c = 40
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		planes, pixels, bias := make([]float32, GradientPlanes*48), make([]float32, 36*48), make([]float32, c)
		argmax := make([]uint8, 16*48)
		kerneltest.NoAllocs(t, "transforms", func() {
			Image(isa, AllRows, planes, c, c, pixels, 6*c, c, c, 1)
			Result(isa, pixels, 4*c, c, planes, c, c, bias, true, c, 1)
			ResultPool(isa, pixels, argmax, 2*c, c, planes, c, c, bias, c, 1)
			Gradient(isa, AllRows, planes, c, c, pixels, 4*c, c, c, 1)
			GradientPooled(isa, AllRows, planes, c, c, pixels, argmax, 2*c, c, c, 1)
			AddImage(isa, pixels, 6*48, pixels[24*48:], 6*48, 48, planes, 48, 48, 48, 1)
			Filter(isa, planes, c, c)
			FilterGradient(isa, pixels, c, planes, c, c)
		})
	})
}
