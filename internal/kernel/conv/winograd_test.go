package conv

import (
	"math"
	"testing"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/kerneltest"
)

// winogradShapes are shapes on which errors are measured: the tutorial's second convolution with fewer
// pixels, others with more channels, padding and odd sizes, and one whose last image is split into bands.
var winogradShapes = []Shape{
	layer{N: 1, H: 19, W: 19, C: 64, K: 3, O: 64}.shape(),
	layer{N: 1, H: 9, W: 10, C: 128, K: 3, O: 96, Same: true}.shape(),
	layer{N: 9, H: 7, W: 7, C: 33, K: 3, O: 47, Same: true}.shape(),
	layer{N: 3, H: 30, W: 9, C: 16, K: 3, O: 16}.shape(),
}

// normal draws approximately normally distributed numbers, like those of images, weights and gradients.
func normal(t testing.TB, seed uint64, n int, deviation float32) []float32 {
	x, parts := kerneltest.Guarded[float32](t, n), kerneltest.Random(t, seed, 4*n)
	for i := range x {
		for _, p := range parts[4*i : 4*i+4] {
			x[i] += p * deviation * math.Sqrt2 / 2 * 1.2247449
		}
	}
	return x
}

// errors returns the maximum error relative to the largest number, and the relative error in the L2 norm.
func errors(got []float32, want []float64) (largest, l2 float64) {
	var d, scale, dd, ww float64
	for i, w := range want {
		e := math.Abs(float64(got[i]) - w)
		d, scale = math.Max(d, e), math.Max(scale, math.Abs(w))
		dd, ww = dd+e*e, ww+w*w
	}
	return d / scale, math.Sqrt(dd / ww)
}

// TestWinogradErrors checks the errors that the package comment states.
func TestWinogradErrors(t *testing.T) {
	wants := kerneltest.Once{}
	kerneltest.Each(t, func(t *testing.T, isa kernel.ISA) {
		for _, s := range kerneltest.Thin(winogradShapes) {
			x, w := normal(t, 1, s.imageLen(), 1), normal(t, 2, s.filterLen(), float32(math.Sqrt(2/float64(9*s.C))))
			for i := range x {
				x[i] = max(x[i], 0) // like the results of a ReLU
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
			largest, _ := errors(y, want)
			_, data := errors(dx, wantX)
			_, filter := errors(dw, wantW)
			// The error of a direct convolution, for comparison.
			plain, _ := runForward(t, newDirectForward(isa, s, Epilogue{}), s, Epilogue{}, x, w, nil, nil)
			direct, _ := errors(plain, want)
			t.Logf("%dx%dx%d: forward %.1e of the largest result (direct %.1e), gradients %.1e and %.1e in L2", s.H, s.W, s.C, largest, direct, data, filter)
			if !(largest < 2e-6 && data < 1.5e-6 && filter < 1.5e-6) {
				t.Errorf("%+v: errors are greater than documented: %.1e, %.1e, %.1e", s, largest, data, filter)
			}
		}
	})
}

// TestWinogradAdjoint checks that <dy, conv(x)> = <dx, x> = <dw, w>, also through a pool.
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
				// Each element has an error of a few 1e-7. The errors of thousands of elements add up
				// like independent random numbers.
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

// TestWinogradNotFinite checks that results that read a NaN or infinity are not finite.
func TestWinogradNotFinite(t *testing.T) {
	s := layer{N: 1, H: 9, W: 9, C: 16, K: 3, O: 16}.shape()
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
		{"the tutorial's first", layer{N: 15, H: 128, W: 128, C: 3, K: 3, O: 64}.shape(), direct},
		{"the tutorial's second", layer{N: 15, H: 63, W: 63, C: 64, K: 3, O: 64}.shape(), winograd},
		{"one image", layer{N: 1, H: 63, W: 63, C: 64, K: 3, O: 64}.shape(), winograd},
		{"few channels", layer{N: 15, H: 63, W: 63, C: 8, K: 3, O: 64}.shape(), direct},
		{"the minimum of channels", layer{N: 4, H: 32, W: 32, C: 16, K: 3, O: 16, Same: true}.shape(), winograd},
		{"stride", layer{N: 15, H: 63, W: 63, C: 64, K: 3, O: 64, Stride: 2}.shape(), direct},
		{"dilation", layer{N: 15, H: 63, W: 63, C: 64, K: 3, O: 64, Dilation: 2}.shape(), direct},
		{"5x5", layer{N: 15, H: 63, W: 63, C: 64, K: 5, O: 64}.shape(), direct},
		{"many small images", layer{N: 16, H: 7, W: 7, C: 512, K: 3, O: 512, Same: true}.shape(), winograd},
		{"one result", layer{N: 15, H: 3, W: 3, C: 64, K: 3, O: 64}.shape(), direct},
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
			"input gradient":  choose(gradInputs, s, false).name,
			"filter gradient": choose(gradFilters, s, Gradient{}).name,
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
	// With more weights than pixels, Winograd does not pay for the convolution, but for the gradient of
	// the filter.
	large := layer{N: 1, H: 7, W: 7, C: 512, K: 3, O: 512, Same: true}.shape()
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
