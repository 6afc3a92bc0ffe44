package layer_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// moments returns the mean and the standard deviation.
func moments(x []float32) (mean, deviation float64) {
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		deviation += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, math.Sqrt(deviation)
}

// TestNoise checks the mean and the standard deviation of the results in training, and that two steps draw different
// numbers. In prediction, the operand is the result.
func TestNoise(t *testing.T) {
	const n = 1 << 16
	normal := tensor.New(tensor.Float32, 1, n)
	for i := range normal.Float32s() { // mean 0, variance 1
		normal.Float32s()[i] = float32(math.Sqrt2 * math.Sin(float64(i)))
	}
	for _, c := range []struct {
		layer           layer.Layer
		x               *tensor.Tensor
		mean, deviation float64
	}{
		{layer.GaussianNoise{Stddev: .25}, ones(n), 1, .25},
		{layer.GaussianNoise{Stddev: 1, Seed: new(3)}, ones(n), 1, 1},
		{layer.GaussianDropout{Rate: .2}, ones(n), 1, .5},
		{layer.AlphaDropout{Rate: .3}, normal, 0, 1},
	} {
		m := graphtest.New(t, true, []*tensor.Tensor{c.x}, build("it", c.layer))
		first, second := m.Run(t, c.x)[0].Float32s(), m.Run(t, c.x)[0].Float32s()
		if slices.Equal(first, second) {
			t.Errorf("%+v: two steps have the same numbers", c.layer)
		}
		mean, deviation := moments(first)
		if bound := 5 * c.deviation / math.Sqrt(n); math.Abs(mean-c.mean) > bound || math.Abs(deviation-c.deviation) > 2*bound {
			t.Errorf("%+v: mean %v, standard deviation %v, want %v, %v", c.layer, mean, deviation, c.mean, c.deviation)
		}
		p := graphtest.New(t, false, []*tensor.Tensor{c.x}, build("it", c.layer))
		if got := p.Run(t, c.x)[0].Float32s(); !slices.Equal(got, c.x.Float32s()) || len(p.Store.Variables()) != 0 {
			t.Errorf("%+v changes its operand in prediction", c.layer)
		}
	}
}

// TestAlphaDropoutMask checks the values of AlphaDropout with a mask that is constant along the steps.
func TestAlphaDropoutMask(t *testing.T) {
	x := tensor.New(tensor.Float32, 2, 50, 40)
	for i := range x.Float32s() {
		x.Float32s()[i] = .5
	}
	l := layer.AlphaDropout{Rate: .25, NoiseShape: layer.Dims{-1, 1, -1}}
	y := graphtest.New(t, true, []*tensor.Tensor{x}, build("it", l)).Run(t, x)[0].Float32s()
	const p = -1.7580993408473766
	a := 1 / math.Sqrt(.75*(1+.25*p*p))
	dropped := 0
	for i, v := range y {
		want := a*.5 - a*p*.25
		if first := float64(y[i/2000*2000+i%40]); math.Abs(first-want) > 1e-6 {
			want = a*p - a*p*.25
			dropped++
		}
		if math.Abs(float64(v)-want) > 1e-6 {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
	}
	if dropped == 0 || dropped == len(y) {
		t.Errorf("%d of %d elements are dropped", dropped, len(y))
	}
}

// TestSpatialDropout1D checks that a channel of a sequence is dropped as a whole.
func TestSpatialDropout1D(t *testing.T) {
	x := tensor.New(tensor.Float32, 3, 7, 50)
	for i := range x.Float32s() {
		x.Float32s()[i] = 1
	}
	y := graphtest.New(t, true, []*tensor.Tensor{x}, build("it", layer.SpatialDropout1D{Rate: .5})).Run(t, x)[0].Float32s()
	seen := map[float32]bool{}
	for i, v := range y {
		seen[v] = true
		if first := y[i/350*350+i%50]; v != first {
			t.Fatalf("element %d is %v, but %v in the first step", i, v, first)
		}
	}
	if len(seen) != 2 || !seen[0] || !seen[2] {
		t.Errorf("the values are %v, want 0 and 2", seen)
	}
}

// TestLargePoolTies checks that the gradient of equal maxima goes to the first in row-major order, also in windows
// that are pooled along rows and columns.
func TestLargePoolTies(t *testing.T) {
	x := tensor.New(tensor.Float32, 1, 16, 17, 1)
	for _, i := range []int{5*17 + 9, 5*17 + 12, 7*17 + 1} {
		x.Float32s()[i] = 1
	}
	m := graphtest.New(t, false, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		y := layer.MaxPool2D{Pool: layer.Size{16, 17}}.Build(b, in[0])
		return graph.Grad(b, b.Sum(y), in[0])
	})
	for i, g := range m.Run(t, x)[0].Float32s() {
		if want := i == 5*17+9; (g == 1) != want {
			t.Errorf("the gradient of row %d, column %d is %v", i/17, i%17, g)
		}
	}
}
