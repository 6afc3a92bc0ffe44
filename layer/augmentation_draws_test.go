package layer_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// distribution is what random numbers must be like.
type distribution struct{ mean, deviation, lo, hi float64 }

func evenly(lo, hi float64) distribution {
	return distribution{(lo + hi) / 2, (hi - lo) / math.Sqrt(12), lo, hi}
}

func coin(p float64) distribution { return distribution{p, math.Sqrt(p * (1 - p)), 0, 1} }

// integers are those from lo to hi, equally likely.
func integers(lo, hi float64) distribution {
	n := hi - lo + 1
	return distribution{(lo + hi) / 2, math.Sqrt((n*n - 1) / 12), lo, hi}
}

// of tests numbers that were drawn with fixed seeds.
func (d distribution) of(t *testing.T, what string, v []float64) {
	t.Helper()
	n, sum, squares := float64(len(v)), 0., 0.
	for _, x := range v {
		sum, squares = sum+x, squares+(x-d.mean)*(x-d.mean)
		if x < d.lo-1e-4*math.Abs(d.lo) || x > d.hi+1e-4*math.Abs(d.hi) || math.IsNaN(x) {
			t.Errorf("%s: %v is not from %v to %v", what, x, d.lo, d.hi)
			return
		}
	}
	if got := sum / n; math.Abs(got-d.mean) > 4*d.deviation/math.Sqrt(n) {
		t.Errorf("%s: mean %v of %d numbers, want %v", what, got, len(v), d.mean)
	}
	// The standard deviation of a sample's standard deviation is at most d/sqrt(n) for the distributions here.
	if got := math.Sqrt(squares / n); math.Abs(got-d.deviation) > 4*d.deviation/math.Sqrt(n) {
		t.Errorf("%s: standard deviation %v of %d numbers, want %v", what, got, len(v), d.deviation)
	}
}

// draw returns the random numbers of a layer for some steps and images of 6x8 pixels: for each number, those of all steps.
func draw(t *testing.T, l layer.Layer, seed *int, steps, images int) [][]float64 {
	t.Helper()
	x := tensor.New(tensor.Float32, images, 6, 8, 3)
	m := graphtest.New(t, true, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return layer.Random(b.In("it", "layer 1"), l, seed, in[0])
	})
	var all [][]float64
	for range steps {
		for i, v := range m.Run(t, x) {
			if len(all) == i {
				all = append(all, nil)
			}
			switch v.DType() {
			case tensor.Int32:
				for _, n := range tensor.Values[int32](v) {
					all[i] = append(all[i], float64(n))
				}
			default:
				for _, n := range v.Float32s() {
					all[i] = append(all[i], float64(n))
				}
			}
		}
	}
	return all
}

// TestAugmentationDraws tests the distributions of the random numbers.
func TestAugmentationDraws(t *testing.T) {
	f := func(v ...float64) layer.Factor { return v }
	beta := func(a float64) distribution { return distribution{.5, math.Sqrt(1 / (4 * (2*a + 1))), 0, 1} }
	for _, c := range []struct {
		layer layer.Layer
		want  []distribution
	}{
		{layer.RandomFlip{}, []distribution{coin(.5)}},
		{layer.RandomRotation{Factor: f(.1)}, []distribution{evenly(-36, 36)}},
		{layer.RandomRotation{Factor: f(.5, .25)}, []distribution{evenly(90, 180)}},
		{layer.RandomZoom{HeightFactor: f(.2), WidthFactor: f(-.5, -.1)}, []distribution{evenly(.8, 1.2), evenly(.5, .9)}},
		{layer.RandomTranslation{HeightFactor: f(.5), WidthFactor: f(0, .25)}, []distribution{evenly(-3, 3), evenly(0, 2)}},
		{layer.RandomContrast{Factor: f(.4)}, []distribution{evenly(1, 1.4)}},
		{layer.RandomContrast{Factor: f(.4, .9)}, []distribution{evenly(.6, 1.9)}},
		{layer.RandomBrightness{Factor: f(.2)}, []distribution{evenly(-51, 51)}},
		{layer.RandomBrightness{Factor: f(.1, .2), ValueRange: layer.Range{-1, 1}}, []distribution{evenly(.2, .4)}},
		{layer.RandomShear{XFactor: f(.5), YFactor: f(0, .2)}, []distribution{evenly(-.5, .5), evenly(-.2, .2)}},
		{layer.RandomColorDegeneration{Factor: f(.5)}, []distribution{evenly(-.5, .5)}},
		{layer.RandomGrayscale{Factor: new(.3)}, []distribution{coin(.3)}},
		{layer.RandomHue{Factor: f(1)}, []distribution{evenly(-.5, .5)}},
		{layer.RandomInvert{}, []distribution{coin(.5)}}, // the probability is drawn from 0 to 1
		{layer.RandomInvert{Factor: f(.9, .7)}, []distribution{coin(.8)}},
		{layer.RandomPosterization{Factor: f(5)}, []distribution{integers(4, 7)}},
		{layer.RandomPosterization{Factor: f(3, 3)}, []distribution{integers(5, 5)}},
		{layer.Solarization{AdditionFactor: f(.2), ThresholdFactor: f(.5, 1)}, []distribution{evenly(0, 51), evenly(.5, 255)}},
		{layer.RandomSharpness{Factor: f(.6)}, []distribution{evenly(0, .6)}},
		{layer.MixUp{}, []distribution{beta(.2), integers(0, 1999)}},
		{layer.MixUp{Alpha: 3}, []distribution{beta(3), integers(0, 1999)}},
	} {
		numbers := draw(t, c.layer, nil, 2, 2000)
		if len(numbers) != len(c.want) {
			t.Errorf("%T: %d numbers, want %d", c.layer, len(numbers), len(c.want))
			continue
		}
		for i, d := range c.want {
			d.of(t, fmt.Sprintf("%+v, number %d", c.layer, i), numbers[i])
		}
	}
	// Numbers that all images share.
	for _, c := range []struct {
		layer layer.Layer
		from  int // the first of the numbers to test
		want  []distribution
	}{
		{layer.RandomCrop{Height: 2, Width: 7}, 0, []distribution{integers(0, 4), integers(0, 1)}},
		{layer.RandomGaussianBlur{Sigma: f(.2, .4)}, 1, []distribution{evenly(.2, .4), evenly(.2, .4)}},
		{layer.RandomElasticTransform{Scale: f(.5)}, 1, []distribution{evenly(0, .5)}},
		{layer.RandAugment{}, 0, []distribution{integers(0, 10), integers(0, 10)}},
		{layer.AugMix{}, 0, []distribution{evenly(0, 1), {1. / 3, math.Sqrt(1. / 18), 0, 1}}},
	} {
		numbers := draw(t, c.layer, nil, 2000, 1)
		for i, d := range c.want {
			d.of(t, fmt.Sprintf("%+v, number %d", c.layer, c.from+i), numbers[c.from+i])
		}
	}
}

// TestAugmentationDrawsOfRegions tests what numbers have in common.
func TestAugmentationDrawsOfRegions(t *testing.T) {
	square := func(first, end []float64, n float64) (all []float64) {
		for i := range first {
			if first[i] < 0 || end[i] > n+1e-5 {
				t.Errorf("from %v to %v: not in an image of %v", first[i], end[i], n)
			}
			all = append(all, (end[i]-first[i])*(end[i]-first[i])/(n*n))
		}
		return all
	}
	n := draw(t, layer.RandomErasing{Factor: layer.Factor{.5, .7}, Scale: layer.Factor{.1, .5}}, nil, 1, 2000)
	coin(.6).of(t, "erased", n[0])
	evenly(.1, .5).of(t, "width of erased rectangles", square(n[1], n[2], 8))
	evenly(.1, .5).of(t, "height of erased rectangles", square(n[3], n[4], 6))
	distribution{0, 255, -6 * 255, 6 * 255}.of(t, "pixels", n[5])

	n = draw(t, layer.CutMix{Factor: layer.Factor{1, 1}}, nil, 1, 2000)
	evenly(0, 1).of(t, "squared widths", square(n[0], n[1], 8))
	for i := range n[0] {
		if wide, tall := (n[1][i]-n[0][i])/8, (n[3][i]-n[2][i])/6; math.Abs(wide-tall) > 1e-5 {
			t.Errorf("rectangle %d is %v of the width and %v of the height", i, wide, tall)
		}
	}
	slices.Sort(n[4])
	for i, v := range n[4] {
		if v != float64(i) {
			t.Fatalf("image %v at position %d of the sorted permutation", v, i)
		}
	}

	n = draw(t, layer.RandomPerspective{Scale: new(.5)}, nil, 1, 2000)
	for k, last := range []float64{0, 0, 7, 0, 0, 5, 7, 5} { // column and row of each corner
		var moved []float64
		for i := k; i < len(n[1]); i += 8 {
			moved = append(moved, n[1][i])
		}
		evenly(last*.75, last*1.25).of(t, fmt.Sprint("coordinate ", k), moved)
	}

	n = draw(t, layer.AugMix{NumChains: 4, Alpha: .5}, nil, 100, 1)
	for i := range n[0] {
		if sum := n[1][i] + n[2][i] + n[3][i] + n[4][i]; math.Abs(sum-1) > 1e-5 {
			t.Errorf("weights of the chains sum to %v", sum)
		}
	}
}

// TestAugmentationSeeds holds that numbers depend on the seed and the step.
func TestAugmentationSeeds(t *testing.T) {
	l := layer.RandomRotation{Factor: layer.Factor{.5}}
	first, again, other := draw(t, l, new(1), 2, 5), draw(t, l, new(1), 2, 5), draw(t, l, new(2), 2, 5)
	if !slices.Equal(first[0], again[0]) {
		t.Errorf("the same seed gives %v, then %v", first[0], again[0])
	}
	for i, v := range first[0] {
		if v == other[0][i] {
			t.Errorf("two seeds give %v", v)
		}
		if slices.Contains(first[0][:i], v) {
			t.Errorf("%v was drawn twice in two steps of five images: %v", v, first[0])
		}
	}
}

// TestAugmentationBits holds that all augmentation layers give the same bits in training on all instruction sets but plain Go, and
// for any number of threads.
func TestAugmentationBits(t *testing.T) {
	engines := conformanceEngines(t)
	for _, c := range kerasCases(t) {
		if c.family != "augmentation" {
			continue
		}
		l, err := layer.Decode(c.Class, c.Config)
		if err != nil {
			t.Fatal(err)
		}
		in := []*tensor.Tensor{graphtest.Formula(1, 0, 255, 5, 20, 17, 3)}
		m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			return []*graph.Value{l.Build(b.In("it", "layer 1"), in[0])}
		})
		var bits []byte
		for i, e := range engines {
			for _, v := range m.Store.Variables() {
				if err := m.Store.Set(v, tensor.Of([]int64{12})); err != nil {
					t.Fatal(err)
				}
			}
			p, err := e.Compile(m.Graph, m.Store)
			if err != nil {
				t.Fatal(err)
			}
			now := runBits(t, p, m.Graph, in)
			p.Close()
			if i == 0 || e.isa == kernel.Generic && engines[i-1].isa != kernel.Generic {
				bits = now
			}
			if !bytes.Equal(bits, now) {
				t.Errorf("%s on %v with %d threads: other bits than before", c.name(), e.isa, e.threads)
			}
		}
	}
}
