package depthwise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// same returns s with the results and padding of Keras' padding "same", and valid with those of "valid". Numbers that
// are 0 in s become 1.
func same(s Shape) Shape {
	s = ones(s)
	s.OH, s.OW = kernel.CeilDiv(s.H, s.StrideH), kernel.CeilDiv(s.W, s.StrideW)
	s.PadTop = max(0, (s.OH-1)*s.StrideH+(s.KH-1)*s.DilationH+1-s.H) / 2
	s.PadLeft = max(0, (s.OW-1)*s.StrideW+(s.KW-1)*s.DilationW+1-s.W) / 2
	return s
}

func valid(s Shape) Shape {
	s = ones(s)
	s.OH, s.OW = (s.H-(s.KH-1)*s.DilationH-1)/s.StrideH+1, (s.W-(s.KW-1)*s.DilationW-1)/s.StrideW+1
	return s
}

func ones(s Shape) Shape {
	for _, field := range []*int{&s.N, &s.H, &s.W, &s.C, &s.M, &s.KH, &s.KW, &s.StrideH, &s.StrideW, &s.DilationH, &s.DilationW} {
		*field = max(1, *field)
	}
	return s
}

// shapes lists the shapes on which all kernels are tested.
func shapes() []Shape {
	var list []Shape
	for _, c := range []int{1, 3, 8, 17, 24, 40} {
		for _, k := range []int{3, 5} {
			for _, stride := range []int{1, 2} {
				for _, padded := range []func(Shape) Shape{valid, same} {
					for _, w := range []int{7, 12} {
						list = append(list, padded(Shape{N: 2, H: w - 1, W: w, C: c, KH: k, KW: k, StrideH: stride, StrideW: stride}))
					}
				}
			}
		}
	}
	for _, padded := range []func(Shape) Shape{valid, same} {
		list = append(list,
			padded(Shape{H: 9, W: 8, C: 5, M: 2, KH: 3, KW: 3}),
			padded(Shape{N: 2, H: 20, W: 8, C: 6, M: 4, KH: 3, KW: 3}),
			padded(Shape{H: 7, W: 8, C: 3, M: 8, KH: 3, KW: 3, StrideH: 2, StrideW: 2}),
			padded(Shape{N: 2, H: 9, W: 9, C: 6, M: 3, KH: 5, KW: 3, StrideH: 2, StrideW: 2}),
			padded(Shape{N: 2, H: 11, W: 12, C: 20, KH: 3, KW: 3, DilationH: 2, DilationW: 3}),
			padded(Shape{H: 13, W: 12, C: 33, KH: 2, KW: 4, StrideH: 3, StrideW: 2}),
			padded(Shape{H: 12, W: 13, C: 9, M: 2, KH: 3, KW: 2, StrideH: 2, StrideW: 3, DilationH: 2, DilationW: 2}),
			padded(Shape{H: 7, W: 8, C: 10, KH: 1, KW: 1}),
			padded(Shape{H: 9, W: 8, C: 10, KH: 1, KW: 2, StrideH: 4, StrideW: 3}), // pixels outside all windows
			padded(Shape{H: 8, W: 9, C: 18, KH: 7, KW: 7}),
			padded(Shape{H: 8, W: 19, C: 35, KH: 5, KW: 3}),
			padded(Shape{H: 20, W: 33, C: 50, KH: 3, KW: 5, StrideW: 2}))
	}
	for w := 1; w < 6; w++ { // narrower than the window
		list = append(list, same(Shape{H: w, W: w, C: 19, KH: 3, KW: 3}), same(Shape{N: 2, H: w + 1, W: w, C: 16, KH: 5, KW: 5}),
			same(Shape{H: w, W: w, C: 19, KH: 3, KW: 3, StrideH: 2, StrideW: 2}), same(Shape{N: 2, H: 2, W: w, C: 7, KH: 5, KW: 5, StrideH: 2, StrideW: 2}))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		s := same(Shape{N: 1 + r.IntN(3), H: 1 + r.IntN(20), W: 1 + r.IntN(20), C: 1 + r.IntN(70), M: 1 + max(0, r.IntN(4)-2), KH: 1 + r.IntN(5), KW: 1 + r.IntN(5), StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3), DilationH: 1 + r.IntN(2), DilationW: 1 + r.IntN(2)})
		if r.IntN(2) == 0 { // any padding and any number of results, even results that read no pixel
			s.PadTop, s.PadLeft = r.IntN(6), r.IntN(6)
			s.OH, s.OW = 1+r.IntN(12), 1+r.IntN(20)
		}
		list = append(list, s)
	}
	for i, members := range []int{2, 4, 8, 3} {
		for _, c := range []int{2, 3, 5, 9} {
			list = append(list,
				same(Shape{N: 2, H: 8, W: 9, C: c * members, Group: members, KH: 3, KW: 3}),
				valid(Shape{H: 9, W: 19, C: c * members, Group: members, KH: 3, KW: 3}),
				same(Shape{H: 9, W: 8, C: c * members, Group: members, KH: 1 + i, KW: 5, StrideH: 2, StrideW: 2}),
				same(Shape{H: 9, W: 12, C: c * members, Group: members, KH: 3, KW: 2, DilationH: 2, DilationW: 3}),
				same(Shape{H: 3, W: 1, C: c * members, Group: members, KH: 5, KW: 5}))
		}
	}
	return append(list,
		same(Shape{H: 56, W: 56, C: 144, KH: 3, KW: 3}),
		same(Shape{N: 2, H: 28, W: 28, C: 96, KH: 5, KW: 5, StrideH: 2, StrideW: 2}),
		same(Shape{N: 3, H: 14, W: 14, C: 80, KH: 5, KW: 5}),
		same(Shape{H: 5, W: 150, C: 70, KH: 3, KW: 3}))
}

// visit calls f for each product, with the indices of its operands and of its result.
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

// lens returns the lengths of images, filters and results.
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

// TestLarge compares assembly with portable code for images that are larger than the caches. They are divided into
// other parts and prefetched, and their results are written past the caches.
func TestLarge(t *testing.T) {
	for _, s := range kerneltest.Thin([]Shape{
		same(Shape{N: 3, H: 112, W: 112, C: 64, KH: 3, KW: 3}),
		same(Shape{N: 2, H: 161, W: 160, C: 80, KH: 5, KW: 5, StrideH: 2, StrideW: 2}),
		valid(Shape{N: 9, H: 61, W: 60, C: 90, KH: 3, KW: 3, StrideH: 2}),
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

// TestNaN checks that NaN stays NaN in ReLU and its limit, and affects only its channel and its windows.
func TestNaN(t *testing.T) {
	s := same(Shape{H: 9, W: 20, C: 21, KH: 3, KW: 3})
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
	wrong := same(Shape{H: 3, W: 3, C: 4, KH: 3, KW: 3, Group: 3})
	single := same(Shape{H: 3, W: 3, C: 4, KH: 3, KW: 3, Group: 4})
	for _, s := range []Shape{{}, wrong, single, {N: 1, H: 1, W: 1, C: 1, M: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, OH: 1, OW: 1, PadTop: -1}} {
		if s.Validate() == nil {
			t.Errorf("%+v is valid", s)
		}
	}
}

func TestNoAllocs(t *testing.T) {
	for _, s := range []Shape{same(Shape{H: 12, W: 12, C: 20, KH: 3, KW: 3}), same(Shape{H: 12, W: 12, C: 20, KH: 5, KW: 4, StrideH: 2, StrideW: 3}), valid(Shape{H: 6, W: 6, C: 5, M: 2, KH: 3, KW: 3}), valid(Shape{H: 6, W: 6, C: 20, KH: 3, KW: 3, Group: 4})} {
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
