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

// layer is a convolution as Keras describes it: N images of H x W pixels with C channels, and O filters
// of K x K. Stride and Dilation are 1 if not given; padding is valid, or same if Same is set.
type layer struct {
	N, H, W, C, K, O int
	Stride, Dilation int
	Same             bool
}

func (l layer) shape() Shape {
	stride, dilation := max(1, l.Stride), max(1, l.Dilation)
	s := Shape{
		N: l.N, H: l.H, W: l.W, C: l.C, KH: l.K, KW: l.K, O: l.O,
		StrideH: stride, StrideW: stride, DilationH: dilation, DilationW: dilation,
	}
	if l.Same {
		s.OH, s.OW = kernel.CeilDiv(l.H, stride), kernel.CeilDiv(l.W, stride)
		s.PadTop = max(0, (s.OH-1)*stride+s.spanH()-l.H) / 2
		s.PadLeft = max(0, (s.OW-1)*stride+s.spanW()-l.W) / 2
	} else {
		s.OH, s.OW = (l.H-s.spanH())/stride+1, (l.W-s.spanW())/stride+1
	}
	return s
}

// shapes lists the shapes on which all kernels are tested.
func shapes() []Shape {
	var list []Shape
	for _, c := range []int{1, 3, 5, 32, 33, 64} {
		for i, o := range []int{1, 2, 10, 32, 48, 64, 100} {
			list = append(list, layer{N: 1 + i%2, H: 5 + i%3, W: 6 + c%4, C: c, K: 3, O: o, Same: i%2 == 1}.shape())
		}
	}
	for _, same := range []bool{false, true} {
		for _, k := range []int{1, 2, 3, 5} {
			for stride := 1; stride <= 3; stride++ {
				list = append(list, layer{N: 2, H: 9, W: 11, C: 5, K: k, O: 10, Stride: stride, Same: same}.shape())
			}
			list = append(list, layer{N: 2, H: 11, W: 10, C: 3, K: k, O: 17, Dilation: 2, Same: same}.shape())
		}
	}
	list = append(list,
		layer{N: 1, H: 3, W: 3, C: 4, K: 3, O: 4}.shape(),              // one result
		layer{N: 1, H: 1, W: 1, C: 1, K: 1, O: 1}.shape(),              // all sizes 1
		layer{N: 1, H: 1, W: 40, C: 3, K: 1, O: 20}.shape(),            // wide
		layer{N: 1, H: 40, W: 1, C: 3, K: 1, O: 20, Stride: 2}.shape(), // high
		layer{N: 2, H: 23, W: 29, C: 8, K: 3, O: 64}.shape(),
		layer{N: 17, H: 8, W: 8, C: 3, K: 3, O: 8, Same: true}.shape(), // more images than sums
		Shape{N: 2, H: 7, W: 9, C: 4, KH: 2, KW: 3, O: 6, StrideH: 2, StrideW: 3, DilationH: 1, DilationW: 1, OH: 3, OW: 3},
		Shape{N: 1, H: 8, W: 8, C: 4, KH: 3, KW: 3, O: 6, StrideH: 1, StrideW: 1, DilationH: 2, DilationW: 3, PadTop: 2, PadLeft: 3, OH: 8, OW: 8},
		Shape{N: 1, H: 6, W: 6, C: 2, KH: 2, KW: 2, O: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 3, PadLeft: 2, OH: 9, OW: 8},
		Shape{N: 1, H: 6, W: 6, C: 2, KH: 1, KW: 1, O: 3, StrideH: 3, StrideW: 3, DilationH: 1, DilationW: 1, OH: 1, OW: 2},                             // pixels that no result reads
		layer{N: 2, H: 5, W: 1, C: 3, K: 3, O: 4, Stride: 2, Same: true}.shape(),                                                                        // a stride longer than a row
		Shape{N: 1, H: 3, W: 200, C: 2, KH: 3, KW: 3, O: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, OH: 12, OW: 200}, // bands below the image
	)
	list = append(list,
		layer{N: 2, H: 13, W: 17, C: 40, K: 1, O: 200}.shape(), // blocks of pixels and groups of channels
		layer{N: 1, H: 7, W: 7, C: 300, K: 1, O: 260}.shape(),
		layer{N: 3, H: 28, W: 28, C: 144, K: 1, O: 24}.shape(),
		layer{N: 1, H: 16, W: 17, C: 130, K: 1, O: 1030}.shape(), // blocks of filters and groups of pixels
		layer{N: 2, H: 7, W: 9, C: 129, K: 3, O: 140, Stride: 2, Same: true}.shape(),
		layer{N: 2, H: 14, W: 14, C: 1024, K: 1, O: 70, Stride: 2, Same: true}.shape(),
	)
	// For Winograd: odd sizes, one tile or less, padding of all kinds, channels that do and do not fill
	// a vector.
	for i, c := range []int{16, 17, 24, 40, 64} {
		o := []int{33, 64, 16, 48, 20}[i]
		for _, same := range []bool{false, true} {
			list = append(list,
				layer{N: 1 + i%3, H: 8 + i, W: 13 - i, C: c, K: 3, O: o, Same: same}.shape(),
				layer{N: 3 - i%3, H: 3 + i, W: 4 + i, C: c, K: 3, O: o, Same: same}.shape())
		}
	}
	list = append(list,
		layer{N: 1, H: 1, W: 2, C: 16, K: 3, O: 16, Same: true}.shape(),
		layer{N: 2, H: 24, W: 22, C: 16, K: 3, O: 16}.shape(),             // bands
		layer{N: 2, H: 5, W: 4, C: 130, K: 3, O: 240, Same: true}.shape(), // groups of channels
		Shape{N: 1, H: 5, W: 6, C: 16, KH: 3, KW: 3, O: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 7, PadLeft: 6, OH: 14, OW: 15},
		Shape{N: 2, H: 9, W: 20, C: 16, KH: 3, KW: 3, O: 17, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, OH: 3, OW: 2},
		Shape{N: 2, H: 6, W: 5, C: 18, KH: 3, KW: 3, O: 16, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 13, OW: 11},
	)
	// For narrow Winograd: one row of tiles in a part, odd widths, padding, columns that do not fill two
	// vectors.
	for i, c := range []int{2, 3, 4, 3} {
		o := []int{32, 64, 80, 48}[i]
		list = append(list,
			layer{N: 1 + i%2, H: 19 + i, W: 23 + i, C: c, K: 3, O: o}.shape(),
			layer{N: 1, H: 5 + i, W: 66 - i, C: c, K: 3, O: o, Same: true}.shape())
	}
	list = append(list, Shape{N: 1, H: 6, W: 17, C: 3, KH: 3, KW: 3, O: 32, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 4, PadLeft: 5, OH: 14, OW: 24})
	return append(list, randomShapes(60)...)
}

// randomShapes draws n shapes from a fixed seed.
func randomShapes(n int) []Shape {
	r := rand.New(rand.NewPCG(3, 4))
	to := func(n int) int { return 1 + r.IntN(n) }
	var list []Shape
	for len(list) < n {
		s := Shape{
			N: to(3), H: to(14), W: to(20), C: to(20), KH: to(4), KW: to(4), O: to(40),
			StrideH: to(3), StrideW: to(3), DilationH: to(2), DilationW: to(2), PadTop: r.IntN(4), PadLeft: r.IntN(4),
		}
		// As many results as with some padding at the bottom and the right too, or one fewer.
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

// tolerance is the maximum error relative to the largest result: a few hundred rounding errors of 6e-8;
// Winograd has about twice as many (see TestWinogradErrors).
const tolerance = 2e-5

// each calls f with each implementation that supports a shape.
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
			added := kerneltest.Random(t, 4, len(product))
			for _, e := range []Epilogue{
				{}, {Bias: true}, {ReLU: true}, {Bias: true, ReLU: true}, {Residual: true},
				{Bias: true, Residual: true, ReLU: true, Limit: float32(max(1, slices.Max(product)/4))}, {ReLU: true, Limit: 6},
			} {
				b, residual, want := bias, added, slices.Clone(product)
				if !e.Bias {
					b = nil
				}
				if !e.Residual {
					residual = nil
				}
				for i := range want {
					if e.Bias {
						want[i] += float64(bias[i%s.O])
					}
					if e.Residual {
						want[i] += float64(added[i])
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

// TestRegions checks that the regions of a convolution's parts cover each result once, and that a part
// writes only its region.
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
							t.Fatalf("%s %s: part %d has region %+v, but result %d is %v", i.name, s.name(), part, region, at, v)
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

// TestForwardPool checks that a fused pool gives the same bits and the same argmax as a pool of the
// unfused result.
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
				want, wantArgmax := poolNaive(s, plain)
				kerneltest.Equal(t, name, y, want)
				for i := range wantArgmax {
					if argmax[i] != wantArgmax[i] {
						t.Fatalf("%s: argmax %d is %d, want %d", name, i, argmax[i], wantArgmax[i])
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
					best, position := float32(0), uint8(kernel.NoArgmax2x2)
					for i := range 4 {
						v := y[((n*s.OH+2*ph+i/2)*s.OW+2*pw+i%2)*s.O+o]
						if v > best {
							best, position = v, uint8(i)
						}
					}
					pooled, argmax = append(pooled, best), append(argmax, position)
				}
			}
		}
	}
	return pooled, argmax
}

// pooledGradient returns a gradient g of a pooled result with its argmax, and dy, which is g unpooled.
func pooledGradient(t testing.TB, s Shape) (g []float32, argmax []uint8, dy []float32) {
	n := s.N * (s.OH / 2) * (s.OW / 2) * s.O
	g = kerneltest.Random(t, 5, n)
	argmax = kerneltest.Guarded[uint8](t, n)
	dy = kerneltest.Guarded[float32](t, s.resultLen())
	for i := range argmax {
		position := i * 7 % 5
		argmax[i] = uint8(position)
		if position != kernel.NoArgmax2x2 {
			o, pw, ph, image := i%s.O, i/s.O%(s.OW/2), i/s.O/(s.OW/2)%(s.OH/2), i/s.O/(s.OW/2)/(s.OH/2)
			dy[((image*s.OH+2*ph+position/2)*s.OW+2*pw+position%2)*s.O+o] = g[i]
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

// TestTransposed compares transposed convolutions with the sums of TestGradInput, to which it adds a bias.
func TestTransposed(t *testing.T) {
	vectors := kerneltest.Vectors{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for i, s := range kerneltest.Thin(shapes()) {
			e := []Epilogue{{}, {Bias: true}, {Bias: true, ReLU: true}, {ReLU: true}, {Bias: true, ReLU: true, Limit: 6}}[i%5]
			w, x := kerneltest.Random(t, 2, s.filterLen()), kerneltest.Random(t, 4, s.resultLen())
			bias := kerneltest.Random(t, 6, s.C)
			want := make([]float64, s.imageLen())
			visit(s, func(xi, wi, yi int) { want[xi] += float64(x[yi]) * float64(w[wi]) })
			for j := range want {
				if e.Bias {
					want[j] += float64(bias[j%s.C])
				}
				if e.ReLU {
					want[j] = max(want[j], 0)
				}
				if e.Limit > 0 {
					want[j] = min(want[j], float64(e.Limit))
				}
			}
			if !e.Bias {
				bias = nil
			}
			k := NewTransposed(isa, s, e)
			packed := kerneltest.Junk(t, k.PackedLen())
			kerneltest.Parts(k.PackParts(), func(p int) { k.Pack(p, w, packed) })
			y, scratch := kerneltest.Junk(t, s.imageLen()), kerneltest.Junk(t, k.ScratchLen())
			kerneltest.Parts(k.Parts(), func(p int) { k.Run(p, x, packed, bias, y, scratch) })
			name := fmt.Sprintf("%s %+v", s.name(), e)
			kerneltest.Close(t, name, y, want, tolerance)
			vectors.Check(t, isa, name, y)
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
		for _, l := range []layer{
			{N: 1, H: 12, W: 12, C: 16, K: 3, O: 40, Same: true},
			{N: 1, H: 9, W: 9, C: 16, K: 1, O: 40, Same: true},
			{N: 1, H: 9, W: 20, C: 3, K: 3, O: 32, Same: true},
			{N: 1, H: 9, W: 9, C: 16, K: 1, O: 40, Stride: 2, Same: true},
		} {
			s := l.shape()
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
					kerneltest.NoAllocs(t, i.name+" input gradient", func() {
						b.Pack(0, w, packed)
						b.Run(0, dy, argmax, packed, dx, scratch)
					})
				})
				g := Gradient{Bias: true, Pooled: pooled}
				each(gradFilters, s, g, func(i implementation[GradFilter, Gradient]) {
					b := i.make(isa, s, g)
					partial, scratch := make([]float32, b.PartialLen()), make([]float32, b.ScratchLen())
					dw, db := make([]float32, len(w)), make([]float32, s.O)
					kerneltest.NoAllocs(t, i.name+" filter gradient", func() {
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

// TestChoices checks that the implementation with the least cost is chosen.
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
	good := layer{N: 1, H: 8, W: 8, C: 3, K: 3, O: 4}.shape()
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
