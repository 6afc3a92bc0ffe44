package depthwise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

func shape(n, h, w, c, m, kh, kw, sh, sw, dh, dw int, same bool) Shape {
	s := Shape{N: n, H: h, W: w, C: c, M: m, KH: kh, KW: kw, StrideH: sh, StrideW: sw, DilationH: dh, DilationW: dw}
	spanH, spanW := (kh-1)*dh+1, (kw-1)*dw+1
	if same {
		s.OH, s.OW = kernel.CeilDiv(h, sh), kernel.CeilDiv(w, sw)
		s.PadTop, s.PadLeft = max(0, (s.OH-1)*sh+spanH-h)/2, max(0, (s.OW-1)*sw+spanW-w)/2
	} else {
		s.OH, s.OW = (h-spanH)/sh+1, (w-spanW)/sw+1
	}
	return s
}

// shapes is the grid that all kernels are tested on.
func shapes() []Shape {
	var list []Shape
	for _, c := range []int{1, 3, 8, 17, 24, 40} {
		for _, k := range []int{3, 5} {
			for _, stride := range []int{1, 2} {
				for _, same := range []bool{false, true} {
					for _, w := range []int{7, 12} {
						list = append(list, shape(2, w-1, w, c, 1, k, k, stride, stride, 1, 1, same))
					}
				}
			}
		}
	}
	for _, same := range []bool{false, true} {
		list = append(list,
			shape(1, 9, 8, 5, 2, 3, 3, 1, 1, 1, 1, same),
			shape(2, 20, 8, 6, 4, 3, 3, 1, 1, 1, 1, same),
			shape(1, 7, 8, 3, 8, 3, 3, 2, 2, 1, 1, same),
			shape(2, 9, 9, 6, 3, 5, 3, 2, 2, 1, 1, same),
			shape(2, 11, 12, 20, 1, 3, 3, 1, 1, 2, 3, same),
			shape(1, 13, 12, 33, 1, 2, 4, 3, 2, 1, 1, same),
			shape(1, 12, 13, 9, 2, 3, 2, 2, 3, 2, 2, same),
			shape(1, 7, 8, 10, 1, 1, 1, 1, 1, 1, 1, same),
			shape(1, 9, 8, 10, 1, 1, 2, 4, 3, 1, 1, same), // pixels that no window sees
			shape(1, 8, 9, 18, 1, 7, 7, 1, 1, 1, 1, same),
			shape(1, 8, 19, 35, 1, 5, 3, 1, 1, 1, 1, same),
			shape(1, 20, 33, 50, 1, 3, 5, 1, 2, 1, 1, same))
	}
	for w := 1; w < 6; w++ { // narrower than the window
		list = append(list, shape(1, w, w, 19, 1, 3, 3, 1, 1, 1, 1, true), shape(2, w+1, w, 16, 1, 5, 5, 1, 1, 1, 1, true),
			shape(1, w, w, 19, 1, 3, 3, 2, 2, 1, 1, true), shape(2, 2, w, 7, 1, 5, 5, 2, 2, 1, 1, true))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		s := shape(1+r.IntN(3), 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(70), 1+max(0, r.IntN(4)-2), 1+r.IntN(5), 1+r.IntN(5), 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(2), 1+r.IntN(2), true)
		if r.IntN(2) == 0 { // any padding, any number of results, even such that see nothing
			s.PadTop, s.PadLeft = r.IntN(6), r.IntN(6)
			s.OH, s.OW = 1+r.IntN(12), 1+r.IntN(20)
		}
		list = append(list, s)
	}
	for i, members := range []int{2, 4, 8, 3} {
		for _, c := range []int{1, 2, 5, 9} {
			grouped := []Shape{
				shape(2, 8, 9, c*members, 1, 3, 3, 1, 1, 1, 1, true),
				shape(1, 9, 19, c*members, 1, 3, 3, 1, 1, 1, 1, false),
				shape(1, 9, 8, c*members, 1, 1+i, 5, 2, 2, 1, 1, true),
				shape(1, 9, 12, c*members, 1, 3, 2, 1, 1, 2, 3, true),
				shape(1, 3, 1, c*members, 1, 5, 5, 1, 1, 1, 1, true),
			}
			for i := range grouped {
				grouped[i].Group = members
			}
			list = append(list, grouped...)
		}
	}
	return append(list,
		shape(1, 56, 56, 144, 1, 3, 3, 1, 1, 1, 1, true),
		shape(2, 28, 28, 96, 1, 5, 5, 2, 2, 1, 1, true),
		shape(3, 14, 14, 80, 1, 5, 5, 1, 1, 1, 1, true),
		shape(1, 5, 150, 70, 1, 3, 3, 1, 1, 1, 1, true))
}

// visit calls f with the places of every product.
func visit(s Shape, f func(x, w, y int)) {
	out := s.channels()
	for n := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for kh := range s.KH {
					for kw := range s.KW {
						ih, iw := oh*s.StrideH+kh*s.DilationH-s.PadTop, ow*s.StrideW+kw*s.DilationW-s.PadLeft
						if ih < 0 || ih >= s.H || iw < 0 || iw >= s.W {
							continue
						}
						for o := range out {
							for m := range s.members() {
								c := o/s.M/s.members()*s.members() + m
								f(((n*s.H+ih)*s.W+iw)*s.C+c, ((kh*s.KW+kw)*s.members()+m)*out+o, ((n*s.OH+oh)*s.OW+ow)*out+o)
							}
						}
					}
				}
			}
		}
	}
}

// lens are the numbers of pixels, weights and results.
func (s Shape) lens() (x, w, y int) {
	return s.N * s.H * s.W * s.C, s.KH * s.KW * s.members() * s.channels(), s.N * s.OH * s.OW * s.channels()
}

var epilogues = []Epilogue{{}, {Bias: true}, {Bias: true, ReLU: true}, {Bias: true, ReLU: true, Limit: .25}, {ReLU: true, Limit: 6}}

func TestForward(t *testing.T) {
	once, vectors := kerneltest.Once{}, kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for i, s := range kerneltest.Thin(shapes()) {
			e := epilogues[i%len(epilogues)]
			name := fmt.Sprintf("%+v %+v", s, e)
			nx, nw, ny := s.lens()
			x, w, bias := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 2, nw), kerneltest.Random(t, 3, s.channels())
			want := once.Get(name, func() []float64 {
				y := make([]float64, ny)
				for i := range y {
					if e.Bias {
						y[i] = float64(bias[i%s.channels()])
					}
				}
				visit(s, func(xi, wi, yi int) { y[yi] += float64(x[xi]) * float64(w[wi]) })
				for i := range y {
					if e.ReLU {
						y[i] = max(y[i], 0)
						if e.Limit > 0 {
							y[i] = min(y[i], float64(e.Limit))
						}
					}
				}
				return y
			})
			f := NewForward(isa, s, e)
			y := kerneltest.Junk(t, ny)
			kerneltest.Parts(f.Parts(), func(p int) { f.Run(p, x, w, bias, y, kerneltest.Junk(t, f.ScratchLen())) })
			kerneltest.Close(t, name, y, want, 1e-6)
			vectors.Check(t, isa, name, y)
		}
	})
}

func TestGradInput(t *testing.T) {
	once, vectors := kerneltest.Once{}, kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			name := fmt.Sprintf("%+v", s)
			nx, nw, ny := s.lens()
			w, dy := kerneltest.Random(t, 2, nw), kerneltest.Random(t, 4, ny)
			want := once.Get(name, func() []float64 {
				dx := make([]float64, nx)
				visit(s, func(xi, wi, yi int) { dx[xi] += float64(dy[yi]) * float64(w[wi]) })
				return dx
			})
			b := NewGradInput(isa, s)
			if n := b.PackedLen(); n > 0 {
				packed := kerneltest.Junk(t, n)
				kerneltest.Parts(b.PackParts(), func(p int) { b.Pack(p, w, packed) })
				w = packed
			}
			dx := kerneltest.Junk(t, nx)
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, dy, w, dx, kerneltest.Junk(t, b.ScratchLen())) })
			kerneltest.Close(t, name, dx, want, 1e-6)
			vectors.Check(t, isa, name, dx)
		}
	})
}

func TestGradFilter(t *testing.T) {
	once, vectors := kerneltest.Once{}, kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for i, s := range kerneltest.Thin(shapes()) {
			name := fmt.Sprintf("%+v", s)
			nx, nw, ny := s.lens()
			x, dy := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 4, ny)
			want := once.Get(name, func() []float64 {
				sums := make([]float64, nw+s.channels())
				visit(s, func(xi, wi, yi int) { sums[wi] += float64(x[xi]) * float64(dy[yi]) })
				for i, g := range dy {
					sums[nw+i%s.channels()] += float64(g)
				}
				return sums
			})
			bias := i%3 > 0
			b := NewGradFilter(isa, s, bias)
			partial, dw, db := kerneltest.Junk(t, b.PartialLen()), kerneltest.Junk(t, nw), kerneltest.Junk(t, s.channels())
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, x, dy, partial, kerneltest.Junk(t, b.ScratchLen())) })
			kerneltest.Parts(b.ReduceParts(), func(p int) { b.Reduce(p, partial, dw, db) })
			kerneltest.Close(t, name, dw, want[:nw], 1e-5)
			vectors.Check(t, isa, name, dw)
			if bias {
				kerneltest.Close(t, name+" bias", db, want[nw:], 1e-5)
				vectors.Check(t, isa, name+" bias", db)
			}
		}
	})
}

// TestLarge is of images that are larger than caches, against portable code: they are cut
// differently, fetched ahead, and their results stream to memory.
func TestLarge(t *testing.T) {
	for _, s := range kerneltest.Thin([]Shape{
		shape(3, 112, 112, 64, 1, 3, 3, 1, 1, 1, 1, true),
		shape(2, 161, 160, 80, 1, 5, 5, 2, 2, 1, 1, true),
		shape(9, 61, 60, 90, 1, 3, 3, 2, 1, 1, 1, false),
	}) {
		e := Epilogue{Bias: true, ReLU: true, Limit: .5}
		nx, nw, ny := s.lens()
		x, w, bias, dy := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 2, nw), kerneltest.Random(t, 3, s.channels()), kerneltest.Random(t, 4, ny)
		results := func(isa kernel.ISA) map[string][]float32 {
			f, y := NewForward(isa, s, e), kerneltest.Junk(t, ny)
			kerneltest.Parts(f.Parts(), func(p int) { f.Run(p, x, w, bias, y, nil) })
			d, dx := NewGradInput(isa, s), kerneltest.Junk(t, nx)
			kerneltest.Parts(d.Parts(), func(p int) { d.Run(p, dy, w, dx, nil) })
			b := NewGradFilter(isa, s, true)
			partial, dw, db := kerneltest.Junk(t, b.PartialLen()), kerneltest.Junk(t, nw), kerneltest.Junk(t, s.channels())
			kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, x, dy, partial, nil) })
			kerneltest.Parts(b.ReduceParts(), func(p int) { b.Reduce(p, partial, dw, db) })
			if !f.gather.large || !d.gather.large || !b.large {
				t.Errorf("%+v is not large", s)
			}
			return map[string][]float32{"forward": y, "data": dx, "filter": dw, "bias": db}
		}
		want := results(kernel.Generic)
		vectors := kerneltest.Vectors{}
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			for name, got := range results(isa) {
				exact := make([]float64, len(got))
				for i, v := range want[name] {
					exact[i] = float64(v)
				}
				kerneltest.Close(t, fmt.Sprintf("%s %+v", name, s), got, exact, 1e-5)
				vectors.Check(t, isa, name, got)
			}
		})
	}
}

// NaN stays through ReLU and its limit, and does not leave its channel and windows.
func TestNaN(t *testing.T) {
	s := shape(1, 9, 20, 21, 1, 3, 3, 1, 1, 1, 1, true)
	nx, nw, ny := s.lens()
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		x, w := kerneltest.Random(t, 1, nx), kerneltest.Random(t, 2, nw)
		at := (4*s.W + 10) * s.C
		x[at+7] = float32(math.NaN())
		f := NewForward(isa, s, Epilogue{ReLU: true, Limit: 6})
		y := kerneltest.Junk(t, ny)
		kerneltest.Parts(f.Parts(), func(p int) { f.Run(p, x, w, nil, y, nil) })
		for i, v := range y {
			row, column, c := i/s.C/s.OW, i/s.C%s.OW, i%s.C
			near := row >= 3 && row <= 5 && column >= 9 && column <= 11 && c == 7
			if near != (v != v) {
				t.Fatalf("result (%d, %d, %d) is %v", row, column, c, v)
			}
		}
	})
}

func TestValidate(t *testing.T) {
	wrong := shape(1, 3, 3, 4, 1, 3, 3, 1, 1, 1, 1, true)
	wrong.Group = 3
	for _, s := range []Shape{{}, wrong, {N: 1, H: 1, W: 1, C: 1, M: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 1, OW: 1, PadTop: -1}} {
		if s.Validate() == nil {
			t.Errorf("%+v is valid", s)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	grouped := shape(1, 6, 6, 20, 1, 3, 3, 1, 1, 1, 1, false)
	grouped.Group = 4
	for _, s := range []Shape{shape(1, 12, 12, 20, 1, 3, 3, 1, 1, 1, 1, true), shape(1, 12, 12, 20, 1, 5, 4, 2, 3, 1, 1, true), shape(1, 6, 6, 5, 2, 3, 3, 1, 1, 1, 1, false), grouped} {
		nx, nw, ny := s.lens()
		x, w, y, bias := make([]float32, nx), make([]float32, nw), make([]float32, ny), make([]float32, s.channels())
		kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
			f, d, b := NewForward(isa, s, Epilogue{Bias: true, ReLU: true}), NewGradInput(isa, s), NewGradFilter(isa, s, true)
			scratch, partial := make([]float32, max(f.ScratchLen(), d.ScratchLen(), b.ScratchLen())), make([]float32, b.PartialLen())
			kerneltest.NoAllocs(t, "forward", func() { f.Run(0, x, w, bias, y, scratch) })
			kerneltest.NoAllocs(t, "data", func() { d.Run(0, y, w, x, scratch) })
			kerneltest.NoAllocs(t, "filter", func() { b.Run(0, x, y, partial, scratch); b.Reduce(0, partial, w, bias) })
		})
	}
}

// Layers of MobileNetV2 and EfficientNet-B0.
var layers = []Shape{
	shape(1, 112, 112, 32, 1, 3, 3, 1, 1, 1, 1, true),
	shape(1, 112, 112, 96, 1, 3, 3, 2, 2, 1, 1, true),
	shape(1, 56, 56, 144, 1, 3, 3, 1, 1, 1, 1, true),
	shape(1, 56, 56, 144, 1, 3, 3, 2, 2, 1, 1, true),
	shape(1, 28, 28, 192, 1, 3, 3, 1, 1, 1, 1, true),
	shape(1, 28, 28, 192, 1, 3, 3, 2, 2, 1, 1, true),
	shape(1, 14, 14, 576, 1, 3, 3, 1, 1, 1, 1, true),
	shape(1, 14, 14, 576, 1, 3, 3, 2, 2, 1, 1, true),
	shape(1, 7, 7, 960, 1, 3, 3, 1, 1, 1, 1, true),
	shape(1, 56, 56, 144, 1, 5, 5, 2, 2, 1, 1, true),
	shape(1, 28, 28, 240, 1, 5, 5, 1, 1, 1, 1, true),
	shape(1, 14, 14, 480, 1, 5, 5, 1, 1, 1, 1, true),
	shape(1, 14, 14, 672, 1, 5, 5, 2, 2, 1, 1, true),
	shape(1, 7, 7, 1152, 1, 5, 5, 1, 1, 1, 1, true),
}

func BenchmarkDepthwise(b *testing.B) {
	for _, batch := range []int{1, 16} {
		for _, s := range layers {
			s.N = batch
			nx, nw, ny := s.lens()
			x, w, y, bias := make([]float32, nx), make([]float32, nw), make([]float32, ny), make([]float32, s.channels())
			for i := range x {
				x[i] = 1 // memory that was never written is fast to read
			}
			for _, isa := range kernel.Available() {
				if isa == kernel.Generic {
					continue
				}
				f, d, g := NewForward(isa, s, Epilogue{Bias: true, ReLU: true, Limit: 6}), NewGradInput(isa, s), NewGradFilter(isa, s, true)
				partial := make([]float32, g.PartialLen())
				for _, c := range []struct {
					name string
					run  func()
				}{
					{"forward", func() {
						for p := range f.Parts() {
							f.Run(p, x, w, bias, y, nil)
						}
					}},
					{"data", func() {
						for p := range d.Parts() {
							d.Run(p, y, w, x, nil)
						}
					}},
					{"filter", func() {
						for p := range g.Parts() {
							g.Run(p, x, y, partial, nil)
						}
						for p := range g.ReduceParts() {
							g.Reduce(p, partial, w, bias)
						}
					}},
				} {
					b.Run(fmt.Sprintf("%v/%dx%dx%d k%d s%d/n%d/%s", isa, s.H, s.W, s.C, s.KH, s.StrideH, batch, c.name), func(b *testing.B) {
						kerneltest.Speed(b, s.FLOPs(), 4*(nx+ny), c.run)
					})
				}
			}
		}
	}
}
