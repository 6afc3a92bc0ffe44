package pool

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// layer is a pool as Keras describes it. Padding is valid, or same if Same is set.
type layer struct {
	N, H, W, C, KH, KW, StrideH, StrideW int
	Same                                 bool
}

func (l layer) shape() Shape {
	s := Shape{N: l.N, H: l.H, W: l.W, C: l.C, KH: l.KH, KW: l.KW, StrideH: l.StrideH, StrideW: l.StrideW}
	if l.Same {
		s.OH, s.OW = kernel.CeilDiv(l.H, l.StrideH), kernel.CeilDiv(l.W, l.StrideW)
		s.PadTop = max(0, (s.OH-1)*l.StrideH+l.KH-l.H) / 2
		s.PadLeft = max(0, (s.OW-1)*l.StrideW+l.KW-l.W) / 2
	} else {
		s.OH, s.OW = (l.H-l.KH)/l.StrideH+1, (l.W-l.KW)/l.StrideW+1
	}
	return s
}

// shapes lists the shapes on which all pools are tested.
func shapes() []Shape {
	var list []Shape
	for _, c := range []int{1, 3, 5, 8, 32, 33, 64} {
		for _, same := range []bool{false, true} {
			list = append(list,
				layer{N: 2, H: 7, W: 9, C: c, KH: 2, KW: 2, StrideH: 2, StrideW: 2, Same: same}.shape(),
				layer{N: 1, H: 8, W: 7, C: c, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Same: same}.shape(), // overlapping
				layer{N: 1, H: 6, W: 7, C: c, KH: 3, KW: 2, StrideH: 1, StrideW: 1, Same: same}.shape(),
				layer{N: 1, H: 9, W: 9, C: c, KH: 2, KW: 2, StrideH: 3, StrideW: 4, Same: same}.shape(), // pixels outside all windows
			)
		}
	}
	return append(list,
		layer{N: 1, H: 1, W: 1, C: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1}.shape(),
		layer{N: 1, H: 5, W: 5, C: 2, KH: 5, KW: 5, StrideH: 5, StrideW: 5}.shape(),
		layer{N: 2, H: 20, W: 20, C: 2, KH: 15, KW: 17, StrideH: 1, StrideW: 1, Same: true}.shape(), // 255 elements in a window
		layer{N: 3, H: 60, W: 60, C: 16, KH: 2, KW: 2, StrideH: 2, StrideW: 2}.shape())
}

// visit calls f for each pixel of each result's window, in order, with the indices of the pixel and of
// the result.
func visit(s Shape, f func(x, y int, position uint8)) {
	for n := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for c := range s.C {
					for kh := range s.KH {
						for kw := range s.KW {
							h, w := oh*s.StrideH+kh-s.PadTop, ow*s.StrideW+kw-s.PadLeft
							if h >= 0 && h < s.H && w >= 0 && w < s.W {
								f(((n*s.H+h)*s.W+w)*s.C+c, ((n*s.OH+oh)*s.OW+ow)*s.C+c, uint8(kh*s.KW+kw))
							}
						}
					}
				}
			}
		}
	}
}

func (s Shape) lens() (x, y int) { return s.N * s.H * s.W * s.C, s.N * s.OH * s.OW * s.C }

// ties returns random numbers many of which are equal.
func ties(t *testing.T, n int) []float32 {
	x := kerneltest.Random(t, 1, n)
	for i := range x {
		x[i] = float32(math.Round(float64(x[i]) * 4))
	}
	return x
}

func TestMax(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range shapes() {
			nx, ny := s.lens()
			x := ties(t, nx)
			want, wantArgmax, pixel := make([]float32, ny), make([]uint8, ny), make([]int, ny)
			for i := range want {
				want[i] = float32(math.Inf(-1))
			}
			visit(s, func(xi, yi int, position uint8) {
				if x[xi] > want[yi] {
					want[yi], wantArgmax[yi], pixel[yi] = x[xi], position, xi
				}
			})
			name := fmt.Sprintf("%+v", s)
			m := NewMax(isa, s)
			y, argmax := kerneltest.Junk(t, ny), kerneltest.Guarded[uint8](t, ny)
			kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, y, argmax) })
			kerneltest.Equal(t, name, y, want)
			for i, a := range wantArgmax {
				if argmax[i] != a {
					t.Fatalf("%s: argmax %d is %d, want %d", name, i, argmax[i], a)
				}
			}
			y = kerneltest.Junk(t, ny)
			kerneltest.Parts(m.Parts(), func(p int) { m.Run(p, x, y, nil) })
			kerneltest.Equal(t, name+" without argmax", y, want)

			g := NewMaxGrad(isa, s)
			dy, dx := kerneltest.Random(t, 2, ny), kerneltest.Junk(t, nx)
			sum := make([]float64, nx)
			for i, v := range dy {
				sum[pixel[i]] += float64(v)
			}
			kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, dy, argmax, dx) })
			kerneltest.Close(t, name+" gradient", dx, sum, 1e-6)
		}
	})
}

func TestMaxOfInfinitiesAndNaN(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	s := layer{N: 1, H: 2, W: 2, C: 1, KH: 2, KW: 2, StrideH: 2, StrideW: 2}.shape()
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, c := range []struct {
			x      []float32
			want   float32
			argmax uint8
		}{
			{[]float32{inf, inf, inf, inf}, inf, 0},
			{[]float32{inf, -3, inf, -3}, -3, 1},
			{[]float32{nan, 1, 2, 3}, nan, 0},
			{[]float32{1, nan, 2, nan}, 2, 2},
		} {
			// As many channels as fill vectors, so that assembly runs, and some more.
			s.C = 35
			x := kerneltest.Guarded[float32](t, 4*s.C)
			for i := range x {
				x[i] = c.x[i/s.C]
			}
			y, argmax := make([]float32, s.C), make([]uint8, s.C)
			NewMax(isa, s).Run(0, x, y, argmax)
			for i := range y {
				if argmax[i] != c.argmax || y[i] != c.want && !(y[i] != y[i] && c.want != c.want) {
					t.Errorf("%v, channel %d: %v at %d, want %v at %d", c.x, i, y[i], argmax[i], c.want, c.argmax)
				}
			}
			NewMax(isa, s).Run(0, x, y, nil)
			for i := range y {
				if y[i] != c.want && !(y[i] != y[i] && c.want != c.want) {
					t.Errorf("%v without argmax, channel %d: %v, want %v", c.x, i, y[i], c.want)
				}
			}
		}
	})
}

func TestAverage(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range shapes() {
			nx, ny := s.lens()
			name := fmt.Sprintf("%+v", s)
			x, dy := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 2, ny)
			count, want, grad := make([]float64, ny), make([]float64, ny), make([]float64, nx)
			visit(s, func(xi, yi int, _ uint8) { count[yi]++; want[yi] += float64(x[xi]) })
			for i := range want {
				want[i] /= count[i]
			}
			visit(s, func(xi, yi int, _ uint8) { grad[xi] += float64(dy[yi]) / count[yi] })
			a, y := NewAverage(isa, s), kerneltest.Junk(t, ny)
			kerneltest.Parts(a.Parts(), func(p int) { a.Run(p, x, y) })
			kerneltest.Close(t, name, y, want, 1e-6)
			vectors.Check(t, isa, name, y)
			g, dx := NewAverageGrad(isa, s), kerneltest.Junk(t, nx)
			kerneltest.Parts(g.Parts(), func(p int) { g.Run(p, dy, dx) })
			kerneltest.Close(t, name+" gradient", dx, grad, 1e-6)
			vectors.Check(t, isa, name+" gradient", dx)
		}
	})
}

func TestUnpool2x2(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, c := range []int{1, 8, 16, 40, 64} {
			for pixels := range 4 {
				n := pixels * c
				g, argmax := kerneltest.Random(t, 1, n), kerneltest.Guarded[uint8](t, n)
				want := make([]float32, 4*n)
				for i := range argmax {
					argmax[i] = uint8(i * 7 % 5)
					if a := int(argmax[i]); a != kernel.NoArgmax2x2 {
						want[a/2*2*n+(2*(i/c)+a%2)*c+i%c] = g[i]
					}
				}
				upper, lower := kerneltest.Junk(t, 2*n), kerneltest.Junk(t, 2*n)
				Unpool2x2(isa, upper, lower, g, argmax, pixels, c)
				kerneltest.Equal(t, "upper", upper, want[:2*n])
				kerneltest.Equal(t, "lower", lower, want[2*n:])
			}
		}
	})
}

func TestValidate(t *testing.T) {
	big := layer{N: 1, H: 20, W: 20, C: 1, KH: 16, KW: 16, StrideH: 1, StrideW: 1}.shape()
	if err := big.ValidateMax(); err == nil || !strings.Contains(err.Error(), "256 elements") {
		t.Errorf("a max-pool with windows of 256 elements: %v", err)
	}
	if err := big.Validate(); err != nil {
		t.Errorf("an average pool with windows of 256 elements: %v", err)
	}
	outside := layer{N: 1, H: 4, W: 4, C: 1, KH: 2, KW: 2, StrideH: 2, StrideW: 2}.shape()
	outside.OH = 3
	if outside.Validate() == nil {
		t.Error("a window outside the image: no error")
	}
	outside.OH, outside.StrideW = 2, 0
	if outside.Validate() == nil {
		t.Error("stride 0: no error")
	}
}

func TestNoAllocations(t *testing.T) {
	s := layer{N: 1, H: 8, W: 8, C: 32, KH: 3, KW: 3, StrideH: 2, StrideW: 2, Same: true}.shape()
	nx, ny := s.lens()
	x, y, argmax := make([]float32, nx), make([]float32, ny), make([]uint8, ny)
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		m, mg, a, ag := NewMax(isa, s), NewMaxGrad(isa, s), NewAverage(isa, s), NewAverageGrad(isa, s)
		kerneltest.NoAllocs(t, "max", func() { m.Run(0, x, y, argmax) })
		kerneltest.NoAllocs(t, "max gradient", func() { mg.Run(0, y, argmax, x) })
		kerneltest.NoAllocs(t, "average", func() { a.Run(0, x, y) })
		kerneltest.NoAllocs(t, "average gradient", func() { ag.Run(0, y, x) })
	})
}

func BenchmarkPool(b *testing.B) {
	s := layer{N: 15, H: 126, W: 126, C: 64, KH: 2, KW: 2, StrideH: 2, StrideW: 2}.shape()
	nx, ny := s.lens()
	x, y, argmax := make([]float32, nx), make([]float32, ny), make([]uint8, ny)
	for _, isa := range kernel.Available() {
		m, mg, a, ag := NewMax(isa, s), NewMaxGrad(isa, s), NewAverage(isa, s), NewAverageGrad(isa, s)
		for _, c := range []struct {
			name  string
			parts int
			run   func(p int)
		}{
			{"max", m.Parts(), func(p int) { m.Run(p, x, y, argmax) }},
			{"maxGrad", mg.Parts(), func(p int) { mg.Run(p, y, argmax, x) }},
			{"average", a.Parts(), func(p int) { a.Run(p, x, y) }},
			{"averageGrad", ag.Parts(), func(p int) { ag.Run(p, y, x) }},
		} {
			b.Run(fmt.Sprintf("%v/%s", isa, c.name), func(b *testing.B) {
				kerneltest.Speed(b, 0, 4*(nx+ny), func() {
					for p := range c.parts {
						c.run(p)
					}
				})
			})
		}
	}
}
