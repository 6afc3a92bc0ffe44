package image

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func run(parts int, f func(part int)) {
	for p := range parts {
		f(p)
	}
}

// TestProjectiveMovesPixels moves an image of 2x4 pixels by whole pixels, for which the kinds of Fill are known.
func TestProjectiveMovesPixels(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		fill   Fill
		dx, dy float32
		want   []float32
	}{
		{Constant, 0, 0, x},
		{Constant, 1, 0, []float32{2, 3, 4, 9, 6, 7, 8, 9}},
		{Nearest, 2, 0, []float32{3, 4, 4, 4, 7, 8, 8, 8}},
		{Reflect, 2, 0, []float32{3, 4, 4, 3, 7, 8, 8, 7}},
		{Reflect, -2, 0, []float32{2, 1, 1, 2, 6, 5, 5, 6}},
		{Wrap, 0, 1, []float32{5, 6, 7, 8, 1, 2, 3, 4}},
		{Wrap, -1, 0, []float32{4, 1, 2, 3, 8, 5, 6, 7}},
		{Nearest, 0, -5, []float32{1, 2, 3, 4, 1, 2, 3, 4}},
	} {
		for _, nearest := range []bool{false, true} {
			k := NewProjective(Shape{N: 1, H: 2, W: 4, C: 1, OH: 2, OW: 4}, Sampling{Nearest: nearest, Fill: c.fill, Value: 9})
			y := make([]float32, 8)
			run(k.Parts(), func(p int) { k.Run(p, x, []float32{1, 0, c.dx, 0, 1, c.dy, 0, 0}, y) })
			if !slices.Equal(y, c.want) {
				t.Errorf("%+v, nearest %t: got %v", c, nearest, y)
			}
		}
	}
}

// TestFarPoints holds that points far outside an image, and such as are no numbers, have the given value, and that no index is
// out of range next to an image's edge.
func TestFarPoints(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	s := Shape{N: 1, H: 3, W: 1, C: 2, OH: 1, OW: 1}
	x, g := kerneltest.Random(t, 1, 6), []float32{1, 1}
	y, dx := make([]float32, 2), make([]float32, 6)
	for _, fill := range []Fill{Constant, Nearest, Reflect, Wrap} {
		for _, nearest := range []bool{false, true} {
			how := Sampling{Nearest: nearest, Fill: fill, Value: 9}
			p, m := NewProjective(s, how), NewMapped(s, how)
			for _, v := range []float32{inf, -inf, nan, 1e30, -1e30, far + 2} {
				for _, at := range [][2]float32{{v, 0}, {0, v}} {
					t8 := []float32{1, 0, at[0], 0, 1, at[1], 0, 0}
					for name, f := range map[string]func(){
						"projective": func() { p.Run(0, x, t8, y); p.RunGrad(0, g, t8, dx) },
						"mapped":     func() { m.Run(0, x, []float32{at[1], at[0]}, y); m.RunGrad(0, g, []float32{at[1], at[0]}, dx) },
					} {
						f()
						if y[0] != 9 || y[1] != 9 || slices.Max(dx) != 0 {
							t.Errorf("%s, %+v at %v: %v, gradient %v", name, how, at, y, dx)
						}
					}
				}
			}
			for i := -80; i < 80; i++ {
				v := float32(i) * .25
				for _, u := range []float32{v, math.Nextafter32(v, inf), math.Nextafter32(v, -inf), v * 1e5} {
					p.Run(0, x, []float32{1, 0, u, 0, 1, u, 0, 0}, y)
					m.Run(0, x, []float32{u, u}, y)
				}
			}
		}
	}
}

// TestEqualizeNoNumbers holds that pixels that are no numbers, or far from 0 to 255, fall into a bin.
func TestEqualizeNoNumbers(t *testing.T) {
	x := []float32{float32(math.NaN()), 255, 0, 256, float32(math.Inf(1)), -1e30, 1e30, float32(math.Inf(-1))} // two channels
	for _, bins := range []int{1, 2, 256} {
		e := NewEqualize(4, 2, bins)
		tables, y := make([]float32, e.TableLen()), make([]float32, len(x))
		run(2, func(p int) { e.Count(p, x, tables, make([]int, e.CountLen())) })
		run(e.Parts(), func(p int) { e.Run(p, x, tables, y) })
		checkBytes(t, fmt.Sprint(bins, " bins"), y, bins > 1)
	}
	l := NewLocal(1, 2, 2, 2, 4, [2]int{1, 2})
	tables, y := make([]float32, l.TableLen()), make([]float32, len(x))
	run(l.Parts(), func(p int) { l.Count(p, x, tables) })
	run(l.Parts(), func(p int) { l.Run(p, x, tables, y) })
	checkBytes(t, "local", y, true)
}

func checkBytes(t *testing.T, what string, y []float32, all bool) {
	t.Helper()
	for i, v := range y {
		if all && !(v >= 0 && v <= 255) {
			t.Errorf("%s: element %d is %v", what, i, v)
		}
	}
}

// BenchmarkProjective rotates a batch of 32 images of 180x180 pixels. Bytes are those of operands and results.
func BenchmarkProjective(b *testing.B) {
	s := Shape{N: 32, H: 180, W: 180, C: 3, OH: 180, OW: 180}
	n := s.N * s.H * s.W * s.C
	x, y, m := kerneltest.Random(b, 1, n), make([]float32, n), make([]float32, 8*s.N)
	for i := range s.N {
		copy(m[8*i:], []float32{.98, -.19, 19, .19, .98, -15, 0, 0})
	}
	for _, nearest := range []bool{false, true} {
		b.Run(fmt.Sprintf("nearest=%t", nearest), func(b *testing.B) {
			k := NewProjective(s, Sampling{Nearest: nearest, Fill: Reflect})
			kerneltest.Speed(b, 0, 8*n, func() { run(k.Parts(), func(p int) { k.Run(p, x, m, y) }) })
		})
	}
}
