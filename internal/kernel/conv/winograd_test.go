package conv

import (
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// winogradShapes are shapes for measuring: the tutorial's second convolution with fewer
// pixels, and others with more channels, padding and odd sizes, one whose last image is cut.
var winogradShapes = []Shape{
	shape(1, 19, 19, 64, 3, 64, 1, 1, false),
	shape(1, 9, 10, 128, 3, 96, 1, 1, true),
	shape(9, 7, 7, 33, 3, 47, 1, 1, true),
	shape(3, 30, 9, 16, 3, 16, 1, 1, false),
}

// normal makes numbers as pixels, weights and gradients have them: about normal.
func normal(t testing.TB, seed uint64, n int, deviation float32) []float32 {
	x, parts := kerneltest.Guarded[float32](t, n), kerneltest.Random(t, seed, 4*n)
	for i := range x {
		for _, p := range parts[4*i : 4*i+4] {
			x[i] += p * deviation * math.Sqrt2 / 2 * 1.2247449
		}
	}
	return x
}

// errors are the greatest error relative to the greatest number, and the relative error in L2.
func errors(got []float32, want []float64) (greatest, l2 float64) {
	var d, scale, dd, ww float64
	for i, w := range want {
		e := math.Abs(float64(got[i]) - w)
		d, scale = math.Max(d, e), math.Max(scale, math.Abs(w))
		dd, ww = dd+e*e, ww+w*w
	}
	return d / scale, math.Sqrt(dd / ww)
}

// TestWinogradErrors holds the errors that the package's comment speaks of.
func TestWinogradErrors(t *testing.T) {
	wants := kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(winogradShapes) {
			x, w := normal(t, 1, s.imageLen(), 1), normal(t, 2, s.filterLen(), float32(math.Sqrt(2/float64(9*s.C))))
			for i := range x {
				x[i] = max(x[i], 0) // as a ReLU makes them
			}
			dy := normal(t, 3, s.resultLen(), 1)
			want := wants.Get(s.name(), func() []float64 { return naive(s, x, w) })
			wantX := wants.Get(s.name()+" images", func() []float64 {
				want := make([]float64, len(x))
				visit(s, func(xi, wi, yi int) { want[xi] += float64(dy[yi]) * float64(w[wi]) })
				return want
			})
			wantW := wants.Get(s.name()+" filters", func() []float64 {
				want := make([]float64, len(w))
				visit(s, func(xi, wi, yi int) { want[wi] += float64(dy[yi]) * float64(x[xi]) })
				return want
			})
			y, _ := runForward(t, newWinogradForward(isa, s, Epilogue{}), s, Epilogue{}, x, w, nil, nil)
			dx := runGradInput(t, newWinogradGradInput(isa, s, false), s, dy, nil, w)
			dw, _ := runGradFilter(t, newWinogradGradFilter(isa, s, Gradient{}), s, false, x, dy, nil)
			greatest, _ := errors(y, want)
			_, data := errors(dx, wantX)
			_, filter := errors(dw, wantW)
			// Of direct convolutions, for comparison.
			plain, _ := runForward(t, newDirectForward(isa, s, Epilogue{}), s, Epilogue{}, x, w, nil, nil)
			direct, _ := errors(plain, want)
			t.Logf("%dx%dx%d: forward %.1e of the greatest (direct %.1e), gradients %.1e and %.1e in L2", s.H, s.W, s.C, greatest, direct, data, filter)
			if !(greatest < 2e-6 && data < 1.5e-6 && filter < 1.5e-6) {
				t.Errorf("%+v: errors are greater than documented: %.1e, %.1e, %.1e", s, greatest, data, filter)
			}
		}
	})
}

// TestWinogradAdjoint: <dy, conv(x)> = <dx, x> = <dw, w>, also through a pool.
func TestWinogradAdjoint(t *testing.T) {
	dot := func(a, b []float32) (sum, size float64) {
		var aa, bb float64
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
			aa, bb = aa+float64(a[i])*float64(a[i]), bb+float64(b[i])*float64(b[i])
		}
		return sum, math.Sqrt(aa * bb)
	}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(shapes()) {
			if !winogradFits(s, false) {
				continue
			}
			x, w := kerneltest.Random(t, 1, s.imageLen()), kerneltest.Random(t, 2, s.filterLen())
			y, _ := runForward(t, newWinogradForward(isa, s, Epilogue{}), s, Epilogue{}, x, w, nil, nil)
			given, argmax, pooled := kerneltest.Random(t, 3, s.resultLen()), []uint8(nil), false
			dy := given
			for {
				dx := runGradInput(t, newWinogradGradInput(isa, s, pooled), s, given, argmax, w)
				dw, _ := runGradFilter(t, newWinogradGradFilter(isa, s, Gradient{Pooled: pooled}), s, false, x, given, argmax)
				want, scale := dot(dy, y)
				byImages, _ := dot(dx, x)
				byFilters, _ := dot(dw, w)
				// Errors of a few 1e-7 for each element, as the tests against the loops show;
				// those of thousands of elements add up as random ones do.
				if d := max(math.Abs(byImages-want), math.Abs(byFilters-want)); !(d <= 1e-6*scale) {
					t.Errorf("%+v pooled %v: %v by images and %v by filters, want %v (of %v)", s, pooled, byImages, byFilters, want, scale)
				}
				if pooled || s.OH < 2 || s.OW < 2 {
					break
				}
				pooled = true
				given, argmax, dy = pooledGradient(t, s)
			}
		}
	})
}

// Numbers that are not finite must not vanish.
func TestWinogradNotFinite(t *testing.T) {
	s := shape(1, 9, 9, 16, 3, 16, 1, 1, false)
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			x, w := kerneltest.Random(t, 1, s.imageLen()), kerneltest.Random(t, 2, s.filterLen())
			x[(4*9+4)*16+3] = v
			e := Epilogue{Bias: true}
			y, _ := runForward(t, newWinogradForward(isa, s, e), s, e, x, w, make([]float32, s.O), nil)
			for oh := 2; oh <= 4; oh++ {
				for ow := 2; ow <= 4; ow++ {
					if got := y[(oh*s.OW+ow)*s.O]; got-got == 0 {
						t.Errorf("result %d,%d is %v under a window with %v", oh, ow, got, v)
					}
				}
			}
		}
	})
}

func TestChoose(t *testing.T) {
	const winograd, direct = "winograd", "direct"
	cases := []struct {
		name  string
		shape Shape
		want  string
	}{
		{"the tutorial's first", shape(15, 128, 128, 3, 3, 64, 1, 1, false), direct},
		{"the tutorial's second", shape(15, 63, 63, 64, 3, 64, 1, 1, false), winograd},
		{"one picture", shape(1, 63, 63, 64, 3, 64, 1, 1, false), winograd},
		{"few channels", shape(15, 63, 63, 8, 3, 64, 1, 1, false), direct},
		{"as few as there can be", shape(4, 32, 32, 16, 3, 16, 1, 1, true), winograd},
		{"stride", shape(15, 63, 63, 64, 3, 64, 2, 1, false), direct},
		{"dilation", shape(15, 63, 63, 64, 3, 64, 1, 2, false), direct},
		{"5x5", shape(15, 63, 63, 64, 5, 64, 1, 1, false), direct},
		{"many small pictures", shape(16, 7, 7, 512, 3, 512, 1, 1, true), winograd},
		{"one result", shape(15, 3, 3, 64, 3, 64, 1, 1, false), direct},
	}
	check := func(t *testing.T, name string, s Shape, plain string) {
		t.Helper()
		var want string
		e := Epilogue{ReLU: true, Pool: true}
		narrow := narrowFits(s, e)
		if !narrow {
			e = Epilogue{}
		}
		for what, got := range map[string]string{
			"forward":         choose(forwards, s, e).name,
			"backward data":   choose(gradInputs, s, false).name,
			"backward filter": choose(gradFilters, s, Gradient{}).name,
		} {
			if on, _ := Winograd(); on && what == "forward" && narrow {
				want = "winograd-narrow"
			} else {
				want = plain
			}
			if got != want {
				t.Errorf("%s: %s is %s, want %s", name, what, got, want)
			}
		}
	}
	for _, c := range cases {
		check(t, c.name, c.shape, c.want)
	}
	// Filters larger than what they see are not worth transforming; their gradients are.
	large := shape(1, 7, 7, 512, 3, 512, 1, 1, true)
	if f, d, g := choose(forwards, large, Epilogue{}).name, choose(gradInputs, large, false).name, choose(gradFilters, large, Gradient{}).name; f != direct || d != direct || g != winograd {
		t.Errorf("%+v: %s, %s, %s, want direct, direct, winograd", large, f, d, g)
	}
	t.Setenv("LINCE_WINOGRAD", "off")
	for _, c := range cases {
		check(t, c.name+", off", c.shape, direct)
	}
	t.Setenv("LINCE_WINOGRAD", "maybe")
	if _, err := Winograd(); err == nil {
		t.Error("LINCE_WINOGRAD=maybe is no error")
	}
}
