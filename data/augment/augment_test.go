package augment

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lince-ml/lince/internal/mt19937"
)

// The numbers that the real ImageDataGenerator draws for seed 42 and an image of 20x30.
func TestDrawSeed42(t *testing.T) {
	g := Tutorial()
	got := g.Draw(mt19937.New(42), 20, 30)
	want := Transform{
		Theta: -3.7637964345791257, Tx: 1.8028572256396647, Ty: 1.3919636508684303,
		Shear: .019731696839407314, Zx: .8624074561769747, Zy: .8623978081344811, FlipHorizontal: true,
	}
	if got != want {
		t.Errorf("drew %+v, want %+v", got, want)
	}
	const text = "theta=-3.7637964345791257 tx=1.8028572256396647 ty=1.3919636508684303 shear=0.019731696839407314 zx=0.8624074561769747 zy=0.8623978081344811 hflip"
	if got.String() != text {
		t.Errorf("String = %q, want %q", got, text)
	}
	if s := Identity().String(); s != "identity" {
		t.Errorf("Identity prints %q", s)
	}
}

func TestSincos(t *testing.T) {
	series := func(x *big.Float, first int64) *big.Float {
		sum, term := new(big.Float).SetPrec(300), new(big.Float).SetPrec(300).SetInt64(1)
		if first == 1 {
			term.Set(x)
		}
		for k := first; k < 200; k += 2 {
			sum.Add(sum, term)
			term.Mul(term, x).Mul(term, x).Quo(term, big.NewFloat(float64((k+1)*(k+2)))).Neg(term)
		}
		return sum
	}
	r := mt19937.New(1)
	for range 1000 {
		x := r.Uniform(-7, 7)
		s, c := sincos(x)
		b := new(big.Float).SetPrec(300).SetFloat64(x)
		if want, _ := series(b, 1).Float64(); s != want {
			t.Errorf("sin(%v) = %v, want %v", x, s, want)
		}
		if want, _ := series(b, 0).Float64(); c != want {
			t.Errorf("cos(%v) = %v, want %v", x, c, want)
		}
	}
	for _, x := range []float64{0, math.Pi / 2, math.Pi, 1e-300, 1e6, 1e15} {
		s, c := sincos(x)
		if math.Abs(s-math.Sin(x)) > 1e-9 || math.Abs(c-math.Cos(x)) > 1e-9 {
			t.Errorf("sincos(%v) = %v, %v, want %v, %v", x, s, c, math.Sin(x), math.Cos(x))
		}
	}
}

func TestOrder(t *testing.T) {
	o := Order{Seed: 3, N: 10, BatchSize: 4}
	if o.Steps() != 3 {
		t.Fatalf("Steps = %d, want 3", o.Steps())
	}
	for epoch := range 3 {
		rows := o.Epoch(nil, epoch)
		if want := mt19937.New(3 + 3*uint32(epoch)).Permutation(10); !slices.Equal(rows, want) {
			t.Errorf("epoch %d: %v, want %v", epoch, rows, want)
		}
		var walked []int
		for step := range o.Steps() {
			walked = append(walked, o.Batch(nil, epoch, step)...)
		}
		if !slices.Equal(walked, rows) {
			t.Errorf("epoch %d: batches %v do not make up %v", epoch, walked, rows)
		}
	}
	// The first batch's draws continue after those of the permutation.
	r := mt19937.New(3)
	r.Permutation(10)
	if got, want := o.Rand(0, 0).Uint32(), r.Uint32(); got != want {
		t.Errorf("first draw of the epoch %d, want %d", got, want)
	}
	if got, want := o.Rand(1, 2).Uint32(), mt19937.New(8).Uint32(); got != want {
		t.Errorf("first draw of batch 5: %d, want %d", got, want)
	}
	o.NoShuffle = true
	if got := o.Batch(nil, 1, 2); !slices.Equal(got, []int{8, 9}) {
		t.Errorf("last batch in order: %v, want [8 9]", got)
	}
	for _, empty := range []Order{{}, {N: 3}, {BatchSize: 3}} {
		if empty.Steps() != 0 {
			t.Errorf("%+v has %d steps, want 0", empty, empty.Steps())
		}
	}
}

// Batches made by several goroutines, in any order, have the same bits.
func TestDeterminism(t *testing.T) {
	const h, w, n = 24, 17, 23
	g := Tutorial()
	g.ChannelShiftRange, g.BrightnessRange, g.SamplewiseStdNormalization = 20, Between(.5, 1.5), true
	images := formulaImages(n, h, w, 3, 0, 256)
	o := Order{Seed: 9, N: n, BatchSize: 4}
	type place struct{ epoch, step int }
	run := func(workers int, places []place) map[place][]float32 {
		out, todo := map[place][]float32{}, make(chan place, len(places))
		for _, p := range places {
			todo <- p
		}
		close(todo)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				k, err := g.Worker(h, w, 3, nil)
				if err != nil {
					t.Error(err)
					return
				}
				for p := range todo {
					rows := o.Batch(nil, p.epoch, p.step)
					batch := make([]float32, len(rows)*h*w*3)
					for i, tr := range g.Transforms(nil, o, p.epoch, p.step, h, w) {
						if err := k.Apply(batch[i*h*w*3:][:h*w*3], images[rows[i]], tr); err != nil {
							t.Error(err)
						}
					}
					mu.Lock()
					out[p] = batch
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return out
	}
	var places []place
	for epoch := range 2 {
		for step := range o.Steps() {
			places = append(places, place{epoch, step})
		}
	}
	want := run(1, places)
	slices.Reverse(places)
	for p, batch := range run(4, places) {
		if !slices.Equal(batch, want[p]) {
			t.Errorf("epoch %d, step %d: not the same bits", p.epoch, p.step)
		}
	}
}

func TestCheckReportsAll(t *testing.T) {
	g := Generator{
		RotationRange: math.NaN(), ZCAEpsilon: -1, WidthShiftRange: ShiftPixels(-3), HeightShiftRange: ShiftBy(math.Inf(1)),
		ZoomRange: Between(math.NaN(), 1), FillMode: 9, InterpolationOrder: -1, ValidationSplit: 1,
	}
	err := g.Check()
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{
		"RotationRange", "ZCAEpsilon", "WidthShiftRange", "HeightShiftRange", "ZoomRange", "FillMode", "InterpolationOrder", "ValidationSplit",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name %s: %v", name, err)
		}
	}
	if err := (Generator{}).Check(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	if err := Tutorial().Check(); err != nil {
		t.Errorf("the tutorial's: %v", err)
	}
}

func TestWorkerErrors(t *testing.T) {
	for _, test := range []struct {
		spec    string
		h, w, c int
		stats   *Statistics
		want    string
	}{
		{"", 0, 3, 3, nil, "must be positive"},
		{"brightness=0:1", 4, 4, 2, nil, "1, 3 or 4 channels"},
		{"featurewise-center", 4, 4, 3, nil, "call Fit"},
		{"featurewise-std", 4, 4, 3, &Statistics{Mean: make([]float32, 3)}, "0 standard deviations"},
		{"featurewise-center", 4, 4, 3, &Statistics{Mean: make([]float32, 1)}, "1 means"},
		{"zca", 4, 4, 3, &Statistics{Mean: make([]float32, 3), Components: make([]float32, 5)}, "principal components"},
	} {
		g, err := Parse(test.spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = g.Worker(test.h, test.w, test.c, test.stats); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got error %v, want one with %q", test.spec, err, test.want)
		}
	}
	k, err := Generator{}.Worker(2, 2, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(make([]float32, 4), make([]float32, 3), Identity()); err == nil {
		t.Error("a short image: no error")
	}
}

// Transforms may hold any numbers, finite or not. The result may be meaningless, but nothing panics.
func TestWildTransforms(t *testing.T) {
	values := []float64{0, 1, -1, .5, -3, 1e9, -1e18, 1e300, math.Inf(1), math.NaN()}
	src := formulaImages(1, 5, 4, 3, 0, 256)[0]
	dst := make([]float32, len(src))
	for fill := range len(fillModes) {
		for order := range len(splineOrders) {
			g := Generator{FillMode: FillMode(fill), InterpolationOrder: Interpolation(order)}
			k, err := g.Worker(5, 4, 3, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				for _, tr := range []Transform{{Theta: v}, {Tx: v, Ty: -v, Zx: 1, Zy: 1}, {Shear: v, Zx: v, Zy: 1}, {Zx: v, Zy: v}} {
					if err := k.Apply(dst, src, tr); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
}

func TestFitErrors(t *testing.T) {
	g := Generator{FeaturewiseCenter: true}
	if _, err := g.Fit(all(nil), 2, 2, 1, FitOptions{}); err == nil || !strings.Contains(err.Error(), "no images") {
		t.Errorf("no images: got error %v", err)
	}
	if _, err := g.Fit(all([][]float32{{1}}), 2, 2, 1, FitOptions{}); err == nil || !strings.Contains(err.Error(), "4 values") {
		t.Errorf("a short image: got error %v", err)
	}
	if _, err := g.Fit(all(nil), 2, 2, 1, FitOptions{Rounds: -1}); err == nil {
		t.Error("Rounds -1: no error")
	}
	z := Generator{ZCAWhitening: true}
	if _, err := z.Fit(all(formulaImages(2, 100, 100, 3, 0, 256)), 100, 100, 3, FitOptions{}); err == nil || !strings.Contains(err.Error(), "smaller") {
		t.Errorf("ZCA of large images: got error %v", err)
	}
}

// The covariance of whitened images is the identity. There are more than twice as many images as values in an image, so
// that the triangle is reduced more than once.
func TestZCAWhitens(t *testing.T) {
	const h, w, c, n = 3, 3, 2, 100
	g := Generator{ZCAWhitening: true, Rescale: 1. / 255}
	images := formulaImages(n, h, w, c, 0, 256)
	s, err := g.Fit(all(images), h, w, c, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	k, err := g.Worker(h, w, c, s)
	if err != nil {
		t.Fatal(err)
	}
	const d = h * w * c
	var cov [d][d]float64
	out := make([]float32, d)
	for _, pix := range images {
		if err := k.Apply(out, pix, Identity()); err != nil {
			t.Fatal(err)
		}
		for i := range d {
			for j := range d {
				cov[i][j] += float64(out[i]) * float64(out[j]) / n
			}
		}
	}
	for i := range d {
		for j := range d {
			want := 0.
			if i == j {
				want = 1
			}
			if math.Abs(cov[i][j]-want) > 1e-4 {
				t.Errorf("covariance of values %d and %d is %v, want %v", i, j, cov[i][j], want)
			}
		}
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	g, err := Parse("rotation=20,shift=.1,zoom=.2,channel=10,brightness=.5:1.5,samplewise-std,hflip,rescale=1/255")
	if err != nil {
		t.Fatal(err)
	}
	k, err := g.Worker(20, 30, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	src := formulaImages(1, 20, 30, 3, 0, 256)[0]
	dst := make([]float32, len(src))
	r := mt19937.New(1)
	allocs := testing.AllocsPerRun(50, func() {
		if err := k.Apply(dst, src, g.Draw(r, 20, 30)); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations an image, want none", allocs)
	}
}

// BenchmarkApply measures the tutorial's augmentation of images of the tutorial's size, and a few others.
func BenchmarkApply(b *testing.B) {
	const size = 128
	for _, bench := range []struct{ name, spec string }{
		{"tutorial", Tutorial().String()},
		{"identity", ""},
		{"flip", "hflip,rescale=1/255"},
		{"samplewise", "rotation=15,samplewise-std"},
		{"cubic", "rotation=15,order=3"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			g, err := Parse(bench.spec)
			if err != nil {
				b.Fatal(err)
			}
			k, err := g.Worker(size, size, 3, nil)
			if err != nil {
				b.Fatal(err)
			}
			src := formulaImages(1, size, size, 3, 0, 256)[0]
			dst := make([]float32, len(src))
			transforms := g.Transforms(nil, Order{Seed: 1, N: 256, BatchSize: 256}, 0, 0, size, size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := k.Apply(dst, src, transforms[i%len(transforms)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
