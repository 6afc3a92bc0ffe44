package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// shape makes a shape as Keras does from the image, the filters and the padding.
func shape(n, h, w, c, k, o, stride, dilation int, same bool) Shape {
	s := Shape{N: n, H: h, W: w, C: c, KH: k, KW: k, O: o, StrideH: stride, StrideW: stride, DilationH: dilation, DilationW: dilation}
	if same {
		s.OH, s.OW = kernel.CeilDiv(h, stride), kernel.CeilDiv(w, stride)
		s.PadTop = max(0, (s.OH-1)*stride+s.spanH()-h) / 2
		s.PadLeft = max(0, (s.OW-1)*stride+s.spanW()-w) / 2
	} else {
		s.OH, s.OW = (h-s.spanH())/stride+1, (w-s.spanW())/stride+1
	}
	return s
}

// shapes is the grid that all kernels are tested on.
func shapes() []Shape {
	var list []Shape
	for _, c := range []int{1, 3, 5, 32, 33, 64} {
		for i, o := range []int{1, 2, 10, 32, 48, 64, 100} {
			list = append(list, shape(1+i%2, 5+i%3, 6+c%4, c, 3, o, 1, 1, i%2 == 1))
		}
	}
	for _, same := range []bool{false, true} {
		for _, k := range []int{1, 2, 3, 5} {
			for stride := 1; stride <= 3; stride++ {
				list = append(list, shape(2, 9, 11, 5, k, 10, stride, 1, same))
			}
			list = append(list, shape(2, 11, 10, 3, k, 17, 1, 2, same))
		}
	}
	list = append(list,
		shape(1, 3, 3, 4, 3, 4, 1, 1, false),   // one result
		shape(1, 1, 1, 1, 1, 1, 1, 1, false),   // one of everything
		shape(1, 1, 40, 3, 1, 20, 1, 1, false), // wide
		shape(1, 40, 1, 3, 1, 20, 2, 1, false), // high
		shape(2, 23, 29, 8, 3, 64, 1, 1, false),
		shape(17, 8, 8, 3, 3, 8, 1, 1, true), // more images than sums
		Shape{N: 2, H: 7, W: 9, C: 4, KH: 2, KW: 3, O: 6, StrideH: 2, StrideW: 3, DilationH: 1, DilationW: 1, OH: 3, OW: 3},
		Shape{N: 1, H: 8, W: 8, C: 4, KH: 3, KW: 3, O: 6, StrideH: 1, StrideW: 1, DilationH: 2, DilationW: 3, PadTop: 2, PadLeft: 3, OH: 8, OW: 8},
		Shape{N: 1, H: 6, W: 6, C: 2, KH: 2, KW: 2, O: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 3, PadLeft: 2, OH: 9, OW: 8},
		Shape{N: 1, H: 6, W: 6, C: 2, KH: 1, KW: 1, O: 3, StrideH: 3, StrideW: 3, DilationH: 1, DilationW: 1, OH: 1, OW: 2}, // pixels that no result sees
		shape(2, 5, 1, 3, 3, 4, 2, 1, true), // a stride longer than a row
		Shape{N: 1, H: 3, W: 200, C: 2, KH: 3, KW: 3, O: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 12, OW: 200}, // bands below the image
	)
	list = append(list,
		shape(2, 13, 17, 40, 1, 200, 1, 1, false), // blocks of pixels and groups of channels
		shape(1, 7, 7, 300, 1, 260, 1, 1, false),
		shape(3, 28, 28, 144, 1, 24, 1, 1, false),
		shape(1, 16, 17, 130, 1, 1030, 1, 1, false), // blocks of filters and groups of pixels
		shape(2, 7, 9, 129, 3, 140, 2, 1, true),
		shape(2, 14, 14, 1024, 1, 70, 2, 1, true),
	)
	// Winograd's kinds: odd sizes, one tile and less, no padding, the same, more of it, little
	// of it on the far sides; channels with and without a part of a vector.
	for i, c := range []int{16, 17, 24, 40, 64} {
		o := []int{33, 64, 16, 48, 20}[i]
		for _, same := range []bool{false, true} {
			list = append(list, shape(1+i%3, 8+i, 13-i, c, 3, o, 1, 1, same), shape(3-i%3, 3+i, 4+i, c, 3, o, 1, 1, same))
		}
	}
	list = append(list,
		shape(1, 1, 2, 16, 3, 16, 1, 1, true),
		shape(2, 24, 22, 16, 3, 16, 1, 1, false), // bands
		shape(2, 5, 4, 130, 3, 240, 1, 1, true),  // groups of channels
		Shape{N: 1, H: 5, W: 6, C: 16, KH: 3, KW: 3, O: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 7, PadLeft: 6, OH: 14, OW: 15},
		Shape{N: 2, H: 9, W: 20, C: 16, KH: 3, KW: 3, O: 17, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, OH: 3, OW: 2},
		Shape{N: 2, H: 6, W: 5, C: 18, KH: 3, KW: 3, O: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 13, OW: 11},
	)
	// Few channels: one row of tiles in a part, odd widths, padding, columns that do not fill two vectors.
	for i, c := range []int{2, 3, 4, 3} {
		o := []int{32, 64, 80, 48}[i]
		list = append(list, shape(1+i%2, 19+i, 23+i, c, 3, o, 1, 1, false), shape(1, 5+i, 66-i, c, 3, o, 1, 1, true))
	}
	list = append(list, Shape{N: 1, H: 6, W: 17, C: 3, KH: 3, KW: 3, O: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 4, PadLeft: 5, OH: 14, OW: 24})
	return append(list, randomShapes(60)...)
}

// randomShapes draws shapes of all kinds, always the same.
func randomShapes(n int) []Shape {
	r := rand.New(rand.NewPCG(3, 4))
	to := func(n int) int { return 1 + r.IntN(n) }
	var list []Shape
	for len(list) < n {
		s := Shape{
			N: to(3), H: to(14), W: to(20), C: to(20), KH: to(4), KW: to(4), O: to(40),
			StrideH: to(3), StrideW: to(3), DilationH: to(2), DilationW: to(2), PadTop: r.IntN(4), PadLeft: r.IntN(4),
		}
		// As many results as there are with padding at the other sides, too, or fewer.
		s.OH = (s.H+s.PadTop+r.IntN(4)-s.spanH())/s.StrideH + r.IntN(2)
		s.OW = (s.W+s.PadLeft+r.IntN(4)-s.spanW())/s.StrideW + r.IntN(2)
		if s.Validate() == nil {
			list = append(list, s)
		}
	}
	return list
}

func (s Shape) name() string { return fmt.Sprintf("%+v", s) }

// visit calls f for each product of the convolution with the indices of the pixel, the
// weight and the result.
func visit(s Shape, f func(x, w, y int)) {
	for n := range s.N {
		for oh := range s.OH {
			for ow := range s.OW {
				for kh := range s.KH {
					for kw := range s.KW {
						h, w := oh*s.StrideH+kh*s.DilationH-s.PadTop, ow*s.StrideW+kw*s.DilationW-s.PadLeft
						if h < 0 || h >= s.H || w < 0 || w >= s.W {
							continue
						}
						for c := range s.C {
							for o := range s.O {
								f(((n*s.H+h)*s.W+w)*s.C+c, ((kh*s.KW+kw)*s.C+c)*s.O+o, ((n*s.OH+oh)*s.OW+ow)*s.O+o)
							}
						}
					}
				}
			}
		}
	}
}

func (s Shape) imageLen() int  { return s.N * s.H * s.W * s.C }
func (s Shape) resultLen() int { return s.N * s.OH * s.OW * s.O }

func naive(s Shape, x, w []float32) []float64 {
	y := make([]float64, s.resultLen())
	visit(s, func(xi, wi, yi int) { y[yi] += float64(x[xi]) * float64(w[wi]) })
	return y
}

func runForward(t testing.TB, f Forward, s Shape, e Epilogue, x, w, bias, residual []float32) (y []float32, argmax []uint8) {
	packed := kerneltest.Junk(t, f.PackedLen())
	kerneltest.Parts(f.PackParts(), func(p int) { f.Pack(p, w, packed) })
	n := s.resultLen()
	if e.Pool {
		n = s.N * (s.OH / 2) * (s.OW / 2) * s.O
		argmax = kerneltest.Guarded[uint8](t, n)
	}
	y = kerneltest.Junk(t, n)
	scratch := kerneltest.Junk(t, f.ScratchLen())
	kerneltest.Parts(f.Parts(), func(p int) { f.Run(p, x, packed, bias, residual, y, argmax, scratch) })
	return y, argmax
}

// tolerance is the greatest error in units of the greatest result: a few hundred roundings of
// 6e-8, and for Winograd twice as much and more (TestWinogradErrors measures).
const tolerance = 2e-5

// each calls f with every implementation that can do a shape.
func each[K, O any](list []implementation[K, O], s Shape, o O, f func(i implementation[K, O])) {
	for _, i := range list {
		if i.fits(s, o) {
			f(i)
		}
	}
}

func TestForward(t *testing.T) {
	vectors, wants := kerneltest.Vectors{}, kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			x := kerneltest.Random(t, 1, s.imageLen())
			w := kerneltest.Random(t, 2, s.filterLen())
			bias := kerneltest.Random(t, 3, s.O)
			product := wants.Get(s.name(), func() []float64 { return naive(s, x, w) })
			add := kerneltest.Random(t, 4, len(product))
			for _, e := range []Epilogue{{}, {Bias: true}, {ReLU: true}, {Bias: true, ReLU: true}, {Add: true}, {Bias: true, Add: true, ReLU: true, Limit: float32(max(1, slices.Max(product)/4))}, {ReLU: true, Limit: 6}} {
				b, residual, want := bias, add, slices.Clone(product)
				if !e.Bias {
					b = nil
				}
				if !e.Add {
					residual = nil
				}
				for i := range want {
					if e.Bias {
						want[i] += float64(bias[i%s.O])
					}
					if e.Add {
						want[i] += float64(add[i])
					}
					if e.ReLU {
						want[i] = math.Max(want[i], 0)
					}
					if e.Limit != 0 {
						want[i] = math.Min(want[i], float64(e.Limit))
					}
				}
				each(forwards, s, e, func(i implementation[Forward, Epilogue]) {
					name := fmt.Sprintf("%s %s %+v", i.name, s.name(), e)
					y, _ := runForward(t, i.make(isa, s, e), s, e, x, w, b, residual)
					kerneltest.Close(t, name, y, want, tolerance)
					vectors.Check(t, isa, name, y)
				})
			}
		}
	})
}

// Where parts make regions, these cover all results once, and a part writes nothing else.
func TestRegions(t *testing.T) {
	regional := 0
	for _, s := range kerneltest.Thin(shapes()) {
		x, w := kerneltest.Random(t, 1, s.imageLen()), kerneltest.Random(t, 2, s.filterLen())
		for _, isa := range kernel.Available()[:1] {
			each(forwards, s, Epilogue{}, func(i implementation[Forward, Epilogue]) {
				f := i.make(isa, s, Epilogue{})
				r, ok := f.(Regional)
				if !ok {
					return
				}
				regional++
				packed, scratch := kerneltest.Junk(t, f.PackedLen()), kerneltest.Junk(t, f.ScratchLen())
				for p := range f.PackParts() {
					f.Pack(p, w, packed)
				}
				written := make([]int, s.N*s.OH*s.OW*s.O)
				for part := range f.Parts() {
					y := kerneltest.Junk(t, len(written))
					f.Run(part, x, packed, nil, nil, y, nil, scratch)
					region := r.Region(part)
					for at, v := range y {
						row, c := at/s.O, at%s.O
						in := row >= region.From && row < region.To && c >= region.First && c < region.End
						if in {
							written[at]++
						}
						if in == (v != v) {
							t.Fatalf("%s %s: part %d makes %+v; result %d is %v", i.name, s.name(), part, region, at, v)
						}
					}
				}
				for at, n := range written {
					if n != 1 {
						t.Fatalf("%s %s: result %d is in %d regions", i.name, s.name(), at, n)
					}
				}
			})
		}
	}
	if regional == 0 {
		t.Error("no convolution has regions")
	}
}

// The fused pool must give what pooling the unfused result gives: values bit for bit, and
// places.
func TestForwardPool(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			if s.OH < 2 || s.OW < 2 {
				continue
			}
			x := kerneltest.Random(t, 1, s.imageLen())
			w := kerneltest.Random(t, 2, s.filterLen())
			bias := kerneltest.Random(t, 3, s.O)
			each(forwards, s, Epilogue{Bias: true, ReLU: true, Pool: true}, func(i implementation[Forward, Epilogue]) {
				name := i.name + " " + s.name()
				e := Epilogue{Bias: true, ReLU: true}
				plain, _ := runForward(t, i.make(isa, s, e), s, e, x, w, bias, nil)
				e.Pool = true
				y, argmax := runForward(t, i.make(isa, s, e), s, e, x, w, bias, nil)
				want, at := poolNaive(s, plain)
				kerneltest.Equal(t, name, y, want)
				for i := range at {
					if argmax[i] != at[i] {
						t.Fatalf("%s: place %d is %d, want %d", name, i, argmax[i], at[i])
					}
				}
				vectors.Check(t, isa, name, y)
			})
		}
	})
}

func poolNaive(s Shape, y []float32) (pooled []float32, argmax []uint8) {
	for n := range s.N {
		for ph := range s.OH / 2 {
			for pw := range s.OW / 2 {
				for o := range s.O {
					best, at := float32(0), uint8(4)
					for i := range 4 {
						v := y[((n*s.OH+2*ph+i/2)*s.OW+2*pw+i%2)*s.O+o]
						if v > best {
							best, at = v, uint8(i)
						}
					}
					pooled, argmax = append(pooled, best), append(argmax, at)
				}
			}
		}
	}
	return pooled, argmax
}

// pooledGradient makes a gradient of a pooled result, and the same unpooled.
func pooledGradient(t testing.TB, s Shape) (g []float32, argmax []uint8, dy []float32) {
	n := s.N * (s.OH / 2) * (s.OW / 2) * s.O
	g = kerneltest.Random(t, 5, n)
	argmax = kerneltest.Guarded[uint8](t, n)
	dy = kerneltest.Guarded[float32](t, s.resultLen())
	for i := range argmax {
		at := i * 7 % 5
		argmax[i] = uint8(at)
		if at < 4 {
			o, pw, ph, image := i%s.O, i/s.O%(s.OW/2), i/s.O/(s.OW/2)%(s.OH/2), i/s.O/(s.OW/2)/(s.OH/2)
			dy[((image*s.OH+2*ph+at/2)*s.OW+2*pw+at%2)*s.O+o] = g[i]
		}
	}
	return g, argmax, dy
}

func runGradInput(t testing.TB, b GradInput, s Shape, dy []float32, argmax []uint8, w []float32) []float32 {
	packed := kerneltest.Junk(t, b.PackedLen())
	kerneltest.Parts(b.PackParts(), func(p int) { b.Pack(p, w, packed) })
	dx := kerneltest.Junk(t, s.imageLen())
	scratch := kerneltest.Junk(t, b.ScratchLen())
	kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, dy, argmax, packed, dx, scratch) })
	return dx
}

func TestGradInput(t *testing.T) {
	vectors, wants := kerneltest.Vectors{}, kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			w := kerneltest.Random(t, 2, s.filterLen())
			check := func(name string, i implementation[GradInput, bool], got, dy []float32) {
				want := wants.Get(name, func() []float64 {
					want := make([]float64, s.imageLen())
					visit(s, func(xi, wi, yi int) { want[xi] += float64(dy[yi]) * float64(w[wi]) })
					return want
				})
				name = i.name + " " + name
				kerneltest.Close(t, name, got, want, tolerance)
				vectors.Check(t, isa, name, got)
			}
			dy := kerneltest.Random(t, 4, s.resultLen())
			each(gradInputs, s, false, func(i implementation[GradInput, bool]) {
				check(s.name(), i, runGradInput(t, i.make(isa, s, false), s, dy, nil, w), dy)
			})
			if s.OH < 2 || s.OW < 2 {
				continue
			}
			g, argmax, dy := pooledGradient(t, s)
			each(gradInputs, s, true, func(i implementation[GradInput, bool]) {
				check(s.name()+" pooled", i, runGradInput(t, i.make(isa, s, true), s, g, argmax, w), dy)
			})
		}
	})
}

func runGradFilter(t testing.TB, b GradFilter, s Shape, bias bool, x, dy []float32, argmax []uint8) (dw, db []float32) {
	partial := kerneltest.Junk(t, b.PartialLen())
	scratch := kerneltest.Junk(t, b.ScratchLen())
	dw = kerneltest.Junk(t, s.filterLen())
	if bias {
		db = kerneltest.Junk(t, s.O)
	}
	kerneltest.Parts(b.Parts(), func(p int) { b.Run(p, x, dy, argmax, partial, dw, db, scratch) })
	kerneltest.Parts(b.ReduceParts(), func(p int) { b.Reduce(p, partial, dw, db) })
	return dw, db
}

func TestGradFilter(t *testing.T) {
	vectors, wants := kerneltest.Vectors{}, kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			x := kerneltest.Random(t, 1, s.imageLen())
			check := func(name string, g Gradient, given []float32, argmax []uint8, dy []float32) {
				want := wants.Get(s.name()+name, func() []float64 {
					want := make([]float64, s.filterLen())
					visit(s, func(xi, wi, yi int) { want[wi] += float64(dy[yi]) * float64(x[xi]) })
					return want
				})
				each(gradFilters, s, g, func(i implementation[GradFilter, Gradient]) {
					name := fmt.Sprintf("%s %s%s %+v", i.name, s.name(), name, g)
					dw, db := runGradFilter(t, i.make(isa, s, g), s, g.Bias, x, given, argmax)
					kerneltest.Close(t, name, dw, want, tolerance)
					vectors.Check(t, isa, name, dw)
					if db != nil {
						want := make([]float64, s.O)
						for i, v := range dy {
							want[i%s.O] += float64(v)
						}
						kerneltest.Close(t, name+" bias", db, want, tolerance)
						vectors.Check(t, isa, name+" bias", db)
					}
				})
			}
			dy := kerneltest.Random(t, 4, s.resultLen())
			check("", Gradient{}, dy, nil, dy)
			check("", Gradient{Bias: true}, dy, nil, dy)
			if s.OH < 2 || s.OW < 2 {
				continue
			}
			g, argmax, dy := pooledGradient(t, s)
			check(" pooled", Gradient{Pooled: true, Bias: true}, g, argmax, dy)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range []Shape{shape(1, 12, 12, 16, 3, 40, 1, 1, true), shape(1, 9, 9, 16, 1, 40, 1, 1, true), shape(1, 9, 20, 3, 3, 32, 1, 1, true), shape(1, 9, 9, 16, 1, 40, 2, 1, true)} {
			x, w, dy := make([]float32, s.imageLen()), make([]float32, s.filterLen()), make([]float32, s.resultLen())
			argmax := make([]uint8, len(dy))
			for _, pooled := range []bool{false, true} {
				e := Epilogue{ReLU: true, Pool: pooled}
				each(forwards, s, e, func(i implementation[Forward, Epilogue]) {
					f := i.make(isa, s, e)
					packed, scratch, y := make([]float32, f.PackedLen()), make([]float32, f.ScratchLen()), make([]float32, len(dy))
					kerneltest.NoAllocs(t, i.name+" forward", func() {
						f.Pack(0, w, packed)
						f.Run(0, x, packed, nil, nil, y, argmax, scratch)
					})
				})
				each(gradInputs, s, pooled, func(i implementation[GradInput, bool]) {
					b := i.make(isa, s, pooled)
					packed, scratch, dx := make([]float32, b.PackedLen()), make([]float32, b.ScratchLen()), make([]float32, len(x))
					kerneltest.NoAllocs(t, i.name+" backward data", func() {
						b.Pack(0, w, packed)
						b.Run(0, dy, argmax, packed, dx, scratch)
					})
				})
				g := Gradient{Bias: true, Pooled: pooled}
				each(gradFilters, s, g, func(i implementation[GradFilter, Gradient]) {
					b := i.make(isa, s, g)
					partial, scratch := make([]float32, b.PartialLen()), make([]float32, b.ScratchLen())
					dw, db := make([]float32, len(w)), make([]float32, s.O)
					kerneltest.NoAllocs(t, i.name+" backward filter", func() {
						b.Run(0, x, dy, argmax, partial, dw, db, scratch)
						if b.ReduceParts() > 0 {
							b.Reduce(0, partial, dw, db)
						}
					})
				})
			}
		}
	})
}

// One of the choices is chosen: the one that costs least.
func TestChoices(t *testing.T) {
	for _, s := range shapes() {
		for _, list := range [][]Choice{ForwardChoices(s, Epilogue{}), GradInputChoices(s, false), GradFilterChoices(s, Gradient{Bias: true})} {
			chosen := slices.IndexFunc(list, func(c Choice) bool { return c.Chosen })
			if chosen < 0 {
				t.Fatalf("%+v: nothing is chosen of %+v", s, list)
			}
			for n, c := range list {
				if n != chosen && (c.Chosen || c.Cycles < list[chosen].Cycles) || c.Parts < 1 {
					t.Errorf("%+v: %+v is chosen of %+v", s, list[chosen], list)
				}
			}
		}
	}
}

func TestValidate(t *testing.T) {
	good := shape(1, 8, 8, 3, 3, 4, 1, 1, false)
	for name, change := range map[string]func(s *Shape){
		"no stride":        func(s *Shape) { s.StrideH = 0 },
		"no result":        func(s *Shape) { s.OW = 0 },
		"negative padding": func(s *Shape) { s.PadTop = -1 },
	} {
		s := good
		change(&s)
		if s.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
