package layer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// layers has rows for what the cases of TestConformance do not cover: sizes that are unknown, and layers that are frozen.
// The classes that came first have a row for each path through their code.
var layers = []struct {
	name    string
	layer   layer.Layer
	in, out tensor.Shape // with a batch of unknown size
	weights []tensor.Shape
	states  int // the number of variables other than weights
}{
	{
		"input", layer.Input{Shape: []int{4, 3}},
		tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, 0,
	},
	{
		"conv", layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 2}},
		tensor.Shape{-1, 6, 5, 3}, tensor.Shape{-1, 4, 4, 4}, []tensor.Shape{{3, 2, 3, 4}, {4}}, 0,
	},
	{
		"conv same", layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.Tanh},
		tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 5, 4, 2}, []tensor.Shape{{3, 3, 2, 2}, {2}}, 0,
	},
	{
		"conv strides", layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 3}, NoBias: true, KernelInitializer: initializer.HeNormal{}},
		tensor.Shape{-1, 7, 7, 2}, tensor.Shape{-1, 3, 2, 2}, []tensor.Shape{{3, 3, 2, 2}}, 0,
	},
	{
		"conv dilation", layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 2}, Dilation: layer.Size{2, 3}, BiasInitializer: initializer.Ones{}},
		tensor.Shape{-1, 6, 6, 2}, tensor.Shape{-1, 2, 3, 2}, []tensor.Shape{{3, 2, 2, 2}, {2}}, 0,
	},
	{
		"conv any size", layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}},
		tensor.Shape{-1, -1, -1, 2}, tensor.Shape{-1, -1, -1, 2}, []tensor.Shape{{3, 3, 2, 2}, {2}}, 0,
	},
	{
		"conv frozen", layer.Conv2D{Filters: 2, Kernel: layer.Size{1, 1}, Frozen: true, Activation: layer.Sigmoid},
		tensor.Shape{-1, 3, 2, 2}, tensor.Shape{-1, 3, 2, 2}, []tensor.Shape{{1, 1, 2, 2}, {2}}, 0,
	},
	{
		"conv groups", layer.Conv2D{Filters: 6, Kernel: layer.Size{3, 2}, Groups: 2, Activation: layer.Tanh},
		tensor.Shape{-1, 5, 4, 4}, tensor.Shape{-1, 3, 3, 6}, []tensor.Shape{{3, 2, 2, 6}, {6}}, 0,
	},
	{
		"depthwise", layer.DepthwiseConv2D{Kernel: layer.Size{3, 2}},
		tensor.Shape{-1, 5, 4, 3}, tensor.Shape{-1, 3, 3, 3}, []tensor.Shape{{3, 2, 3, 1}, {3}}, 0,
	},
	{
		"depthwise multiplier", layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, DepthMultiplier: 2, NoBias: true, Activation: layer.Tanh, DepthwiseInitializer: initializer.HeNormal{}},
		tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 3, 2, 4}, []tensor.Shape{{3, 3, 2, 2}}, 0,
	},
	{
		"depthwise dilation", layer.DepthwiseConv2D{Kernel: layer.Size{2, 2}, Dilation: layer.Size{2, 3}, BiasInitializer: initializer.Ones{}, Frozen: true, Name: "deep"},
		tensor.Shape{-1, -1, 5, 2}, tensor.Shape{-1, -1, 2, 2}, []tensor.Shape{{2, 2, 2, 1}, {2}}, 0,
	},
	{
		"separable", layer.SeparableConv2D{Filters: 3, Kernel: layer.Size{3, 3}, DepthMultiplier: 2},
		tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 3, 2, 3}, []tensor.Shape{{3, 3, 2, 2}, {1, 1, 4, 3}, {3}}, 0,
	},
	{
		"separable strides", layer.SeparableConv2D{Filters: 2, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, NoBias: true, Activation: layer.Tanh, PointwiseInitializer: initializer.HeUniform{}},
		tensor.Shape{-1, 5, 4, 3}, tensor.Shape{-1, 3, 2, 2}, []tensor.Shape{{3, 3, 3, 1}, {1, 1, 3, 2}}, 0,
	},
	{"max pool", layer.MaxPool2D{}, tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 2, 2, 2}, nil, 0},
	{
		"max pool same", layer.MaxPool2D{Pool: layer.Size{3, 2}, Strides: layer.Size{1, 2}, Padding: layer.Same},
		tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 5, 2, 2}, nil, 0,
	},
	{"average pool", layer.AveragePool2D{}, tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 2, 2, 2}, nil, 0},
	{
		"average pool same", layer.AveragePool2D{Pool: layer.Size{3, 2}, Strides: layer.Size{2, 1}, Padding: layer.Same, Name: "mean"},
		tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 3, 4, 2}, nil, 0,
	},
	{"flatten", layer.Flatten{}, tensor.Shape{-1, 3, 2, 4}, tensor.Shape{-1, 24}, nil, 0},
	{"flatten nothing", layer.Flatten{}, tensor.Shape{-1}, tensor.Shape{-1, 1}, nil, 0},
	{"dense", layer.Dense{Units: 3}, tensor.Shape{-1, 4}, tensor.Shape{-1, 3}, []tensor.Shape{{4, 3}, {3}}, 0},
	{
		"dense softmax", layer.Dense{Units: 3, Activation: layer.Softmax, KernelInitializer: initializer.RandomNormal{Stddev: 1}, BiasInitializer: initializer.Constant{Value: .5}},
		tensor.Shape{-1, 4}, tensor.Shape{-1, 3}, []tensor.Shape{{4, 3}, {3}}, 0,
	},
	{
		"dense relu layer", layer.Dense{Units: 3, Activation: layer.ReLULayer{MaxValue: new(6.), NegativeSlope: .5, Name: "bent"}},
		tensor.Shape{-1, 4}, tensor.Shape{-1, 3}, []tensor.Shape{{4, 3}, {3}}, 0,
	},
	{
		"dense of rank 3", layer.Dense{Units: 2, NoBias: true, Frozen: true, Activation: layer.Tanh},
		tensor.Shape{-1, 3, 4}, tensor.Shape{-1, 3, 2}, []tensor.Shape{{4, 2}}, 0,
	},
	{"dropout", layer.Dropout{Rate: .5}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, 2},
	{"dropout with seed", layer.Dropout{Rate: .25, Seed: new(3)}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 1},
	{"dropout of examples", layer.Dropout{Rate: .5, NoiseShape: layer.Dims{-1, 1, 3}}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, 2},
	{"spatial dropout", layer.SpatialDropout2D{Rate: .5}, tensor.Shape{-1, 4, 3, 2}, tensor.Shape{-1, 4, 3, 2}, nil, 2},
	{"dropout of nothing", layer.Dropout{}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"activation", layer.Activate{Activation: layer.ReLU, Name: "act"}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"silu", layer.Activate{Activation: layer.SiLU}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"relu6", layer.Activate{Activation: layer.ReLU6}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"relu", layer.ReLULayer{}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"relu slope", layer.ReLULayer{NegativeSlope: .5}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"relu limit", layer.ReLULayer{MaxValue: new(6.)}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"relu all", layer.ReLULayer{MaxValue: new(1.5), NegativeSlope: .25, Threshold: .5, Name: "bent"}, tensor.Shape{-1, 9}, tensor.Shape{-1, 9}, nil, 0},
	{"leaky relu", layer.LeakyReLU{}, tensor.Shape{-1, 4, 3, 2}, tensor.Shape{-1, 4, 3, 2}, nil, 0},
	{"leaky relu slope", layer.LeakyReLU{NegativeSlope: new(.1), Frozen: true, Name: "leaky"}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"leaky relu slope 0", layer.LeakyReLU{NegativeSlope: new(0.)}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{
		"batch normalization", layer.BatchNormalization{GammaInitializer: initializer.RandomUniform{}, BetaInitializer: initializer.RandomNormal{}},
		tensor.Shape{-1, 3, 4, 2}, tensor.Shape{-1, 3, 4, 2}, []tensor.Shape{{2}, {2}}, 2,
	},
	{
		"batch normalization without scale", layer.BatchNormalization{NoScale: true, Axis: 1, BetaInitializer: initializer.RandomNormal{}, MovingVarianceInitializer: initializer.Constant{Value: 2}},
		tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, []tensor.Shape{{5}}, 2,
	},
	{
		"batch normalization without center", layer.BatchNormalization{NoCenter: true, Momentum: new(0.), Epsilon: new(.1), GammaInitializer: initializer.RandomNormal{}, Name: "bn"},
		tensor.Shape{-1, -1, 3}, tensor.Shape{-1, -1, 3}, []tensor.Shape{{3}}, 2,
	},
	{
		"batch normalization frozen", layer.BatchNormalization{Frozen: true, MovingMeanInitializer: initializer.Ones{}},
		tensor.Shape{-1, 3, 2, 2}, tensor.Shape{-1, 3, 2, 2}, []tensor.Shape{{2}, {2}}, 2,
	},
	{"no activation", layer.Activate{}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
	{"softmax", layer.SoftmaxLayer{}, tensor.Shape{-1, 3, 4}, tensor.Shape{-1, 3, 4}, nil, 0},
	{"softmax of the last", layer.SoftmaxLayer{Axis: 1, Name: "last"}, tensor.Shape{-1, 4}, tensor.Shape{-1, 4}, nil, 0},
	{"global average", layer.GlobalAveragePool2D{}, tensor.Shape{-1, 3, 4, 2}, tensor.Shape{-1, 2}, nil, 0},
	{"global average any size", layer.GlobalAveragePool2D{KeepDims: true}, tensor.Shape{-1, -1, -1, 2}, tensor.Shape{-1, 1, 1, 2}, nil, 0},
	{"global max", layer.GlobalMaxPool2D{Frozen: true}, tensor.Shape{-1, -1, 4, 2}, tensor.Shape{-1, 2}, nil, 0},
	{"global max dims", layer.GlobalMaxPool2D{KeepDims: true}, tensor.Shape{-1, 3, 4, 2}, tensor.Shape{-1, 1, 1, 2}, nil, 0},
	{"zero padding", layer.ZeroPadding2D{}, tensor.Shape{-1, 2, 3, 2}, tensor.Shape{-1, 4, 5, 2}, nil, 0},
	{
		"zero padding of sides", layer.ZeroPadding2D{Padding: &layer.Pads{{0, 1}, {2, 3}}, DType: layer.MixedBFloat16},
		tensor.Shape{-1, 2, -1, 2}, tensor.Shape{-1, 3, -1, 2}, nil, 0,
	},
	{"zero padding of 0", layer.ZeroPadding2D{Padding: &layer.Pads{}}, tensor.Shape{-1, 2, 3, 2}, tensor.Shape{-1, 2, 3, 2}, nil, 0},
	{"reshape", layer.Reshape{Shape: []int{2, 6}}, tensor.Shape{-1, 3, 4}, tensor.Shape{-1, 2, 6}, nil, 0},
	{"reshape rest", layer.Reshape{Shape: []int{2, -1, 3}}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 2, 2, 3}, nil, 0},
	{"reshape to nothing", layer.Reshape{Shape: []int{}}, tensor.Shape{-1, 1}, tensor.Shape{-1}, nil, 0},
	{"rescaling", layer.Rescaling{Scale: []float64{.5}}, tensor.Shape{-1, 3, 4}, tensor.Shape{-1, 3, 4}, nil, 0},
	{"rescaling features", layer.Rescaling{Scale: []float64{.5, 2, 3}, Offset: []float64{1}}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 2, 3}, nil, 0},
	{"rescaling with offsets", layer.Rescaling{Scale: []float64{-1}, Offset: []float64{.5, 2, 3}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, 0},
	{"normalization", layer.Normalization{}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 2, 3}, nil, 3},
	{"normalization of all", layer.Normalization{Axis: []int{}, Invert: true}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, 3},
	{"normalization of two", layer.Normalization{Axis: []int{3, 1}}, tensor.Shape{-1, 2, 3, 4}, tensor.Shape{-1, 2, 3, 4}, nil, 3},
	{
		"normalization given", layer.Normalization{Axis: []int{1, -1}, Mean: []float64{1, 2, 3}, Variance: []float64{.5, .25, 2}},
		tensor.Shape{-1, 2, -1, 3}, tensor.Shape{-1, 2, -1, 3}, nil, 0,
	},
	{"normalization by one", layer.Normalization{Mean: []float64{1}, Variance: []float64{4}, Invert: true}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, 0},
	{"add", layer.Add{}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 2, 3}, nil, 0},
	{"add one", layer.Add{Name: "one"}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, nil, 0},
	{"add ranks", layer.Add{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 2, 4, 3}, nil, 0},
	{"subtract", layer.Subtract{}, tensor.Shape{-1, 1, 3}, tensor.Shape{-1, 2, 3}, nil, 0},
	{"multiply", layer.Multiply{}, tensor.Shape{-1, 4, -1, 2}, tensor.Shape{-1, 4, -1, 2}, nil, 0},
	{"average", layer.Average{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 3}, nil, 0},
	{"maximum", layer.Maximum{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 2, 3}, nil, 0},
	{"minimum", layer.Minimum{}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 2, 3}, nil, 0},
	{"concatenate", layer.Concatenate{}, tensor.Shape{-1, -1, 4, 2}, tensor.Shape{-1, -1, 4, 6}, nil, 0},
	{"concatenate rows", layer.Concatenate{Axis: 1}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 5, 3}, nil, 0},
	{"concatenate one", layer.Concatenate{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 2}, nil, 0},
	{"dot", layer.Dot{Axes: [2]int{1, 1}}, tensor.Shape{-1, 3}, tensor.Shape{-1, 1}, nil, 0},
	{"dot of matrices", layer.Dot{Axes: [2]int{1, -1}}, tensor.Shape{-1, 3, 2}, tensor.Shape{-1, 2, 4}, nil, 0},
	{"dot of images", layer.Dot{Axes: [2]int{-1, 1}, Normalize: true}, tensor.Shape{-1, 2, 3, 2}, tensor.Shape{-1, 2, 3, 3}, nil, 0},
	{"dot with a vector", layer.Dot{Axes: [2]int{2, 1}}, tensor.Shape{-1, 2, 3}, tensor.Shape{-1, 2}, nil, 0},
	{
		"transposed any size", layer.Conv2DTranspose{Filters: 2, Kernel: layer.Size{3, 2}, Strides: layer.Size{2, 3}, OutputPadding: &layer.Size{1, 0}, Frozen: true, Name: "up"},
		tensor.Shape{-1, -1, 4, 3}, tensor.Shape{-1, -1, 11, 2}, []tensor.Shape{{3, 2, 2, 3}, {2}}, 0,
	},
	{
		"transposed dilation", layer.Conv2DTranspose{Filters: 2, Kernel: layer.Size{3, 2}, Dilation: layer.Size{2, 1}, Padding: layer.Same, NoBias: true},
		tensor.Shape{-1, 5, 4, 3}, tensor.Shape{-1, 5, 4, 2}, []tensor.Shape{{3, 2, 2, 3}}, 0,
	},
	{
		"transposed steps", layer.Conv1DTranspose{Filters: 2, Kernel: 3, Dilation: 2, Activation: layer.SoftmaxLayer{Name: "soft"}},
		tensor.Shape{-1, -1, 3}, tensor.Shape{-1, -1, 2}, []tensor.Shape{{3, 2, 3}, {2}}, 0,
	},
	{"upsampling any size", layer.UpSampling2D{Interpolation: "bilinear"}, tensor.Shape{-1, -1, 4, 3}, tensor.Shape{-1, -1, 8, 3}, nil, 0},
	{"upsampling area", layer.UpSampling2D{Size: layer.Size{1, 3}, Interpolation: "area", Name: "wide"}, tensor.Shape{-1, 2, 3, 1}, tensor.Shape{-1, 2, 9, 1}, nil, 0},
	{"upsampling steps", layer.UpSampling1D{Size: 3}, tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 2}, nil, 0},
	{"cropping any size", layer.Cropping2D{Cropping: layer.Pads{{1, 1}, {0, 2}}}, tensor.Shape{-1, -1, 4, 3}, tensor.Shape{-1, -1, 2, 3}, nil, 0},
	{"cropping steps", layer.Cropping1D{Cropping: &layer.Ends{0, 1}}, tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 2}, nil, 0},
	{"padding steps", layer.ZeroPadding1D{}, tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 2}, nil, 0},
	{"padding any size", layer.ZeroPadding2D{}, tensor.Shape{-1, -1, -1, 2}, tensor.Shape{-1, -1, -1, 2}, nil, 0},
	{"resizing any size", layer.Resizing{Height: 4, Width: 5, Antialias: true}, tensor.Shape{-1, -1, -1, 2}, tensor.Shape{-1, 4, 5, 2}, nil, 0},
	{"resizing area", layer.Resizing{Height: 3, Width: 2, Interpolation: "area"}, tensor.Shape{-1, 5, 4, 2}, tensor.Shape{-1, 3, 2, 2}, nil, 0},
	{"adaptive maxima any size", layer.AdaptiveMaxPool2D{Size: layer.Size{2, 3}}, tensor.Shape{-1, -1, -1, 2}, tensor.Shape{-1, 2, 3, 2}, nil, 0},
	{"adaptive means any size", layer.AdaptiveAveragePool1D{Size: 2}, tensor.Shape{-1, -1, 2}, tensor.Shape{-1, 2, 2}, nil, 0},
	{
		"steps any size", layer.Conv1D{Filters: 4, Kernel: 3, Padding: layer.Causal, Groups: 2, Activation: layer.Tanh},
		tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 4}, []tensor.Shape{{3, 1, 4}, {4}}, 0,
	},
	{
		"depthwise steps", layer.DepthwiseConv1D{Kernel: 3, Strides: 2},
		tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 2}, []tensor.Shape{{3, 2, 1}, {2}}, 0,
	},
	{"pool steps", layer.MaxPool1D{Pool: 3, Strides: 2}, tensor.Shape{-1, -1, 2}, tensor.Shape{-1, -1, 2}, nil, 0},
	{"large pool", layer.MaxPool2D{Pool: layer.Size{16, 17}, Strides: layer.Size{1, 2}, Padding: layer.Same}, tensor.Shape{-1, -1, 5, 2}, tensor.Shape{-1, -1, 3, 2}, nil, 0},
	{"noise", layer.GaussianNoise{Stddev: .5}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, 2},
	{"noise with seed", layer.GaussianDropout{Rate: .25, Seed: new(3)}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 1},
	{"alpha dropout of examples", layer.AlphaDropout{Rate: .5, NoiseShape: layer.Dims{1, -1, 1}}, tensor.Shape{-1, 4, 3}, tensor.Shape{-1, 4, 3}, nil, 2},
	{"noise of nothing", layer.GaussianNoise{}, tensor.Shape{-1, 5}, tensor.Shape{-1, 5}, nil, 0},
}

// others has the shapes of the operands after the first, by the names of rows in layers.
var others = map[string][]tensor.Shape{
	"add":              {{-1, 2, 3}, {-1, 2, 1}},
	"add one":          {},
	"add ranks":        {{-1, 2, 4, 3}, {-1, 1, 4, 1}},
	"subtract":         {{-1, 2, 1}},
	"multiply":         {{-1, 1, 1, 2}},
	"average":          {{-1, 3}, {-1, 3}, {-1, 1}},
	"maximum":          {{-1, 2, 3}},
	"minimum":          {{-1, 2, 3}, {-1, 1, 3}},
	"concatenate":      {{-1, -1, 4, 3}, {-1, -1, 4, 1}},
	"concatenate rows": {{-1, 3, 3}},
	"concatenate one":  {},
	"dot":              {{-1, 3}},
	"dot of matrices":  {{-1, 4, 3}},
	"dot of images":    {{-1, 2, 3}},
	"dot with a vector": {
		{-1, 3},
	},
}

// operands returns the operand for Build: a list if the layer has several operands.
func operands(name string, in []*graph.Value) *graph.Value {
	if _, ok := others[name]; ok {
		return graph.List(in...)
	}
	return in[0]
}

// inputs returns tensors with the shapes of a layer's operands.
func inputs(name string, first tensor.Shape) []*tensor.Tensor {
	in := []*tensor.Tensor{graphtest.Formula(1, -2, 2, concrete(first)...)}
	for i, s := range others[name] {
		in = append(in, graphtest.Formula(51+i, -2, 2, concrete(s)...))
	}
	return in
}

// concrete replaces unknown sizes.
func concrete(s tensor.Shape) []int {
	c := s.Clone()
	for i, d := range c {
		if d == tensor.Unknown {
			c[i] = []int{2, 5, 4}[i]
		}
	}
	return c
}

func build(name string, l layer.Layer) graphtest.Build {
	return func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{l.Build(graphtest.View(b, "it", "layer 1", layer.ConfigOf(l)), operands(name, in))}
	}
}

// TestLayers checks shapes, variables, configs, gradients and training of each row in layers.
func TestLayers(t *testing.T) {
	for _, c := range layers {
		t.Run(c.name, func(t *testing.T) {
			t.Run("shape", func(t *testing.T) {
				store := graph.NewStore()
				b := graph.NewBuilder(store, true)
				in := []*graph.Value{b.Input("x", tensor.Float32, c.in...)}
				for i, s := range others[c.name] {
					in = append(in, b.Input(fmt.Sprint("x", i), tensor.Float32, s...))
				}
				if least, most := layer.Operands(c.layer); len(in) < least || most >= 0 && len(in) > most {
					t.Errorf("takes %d to %d operands, the row has %d", least, most, len(in))
				}
				y := build(c.name, c.layer)(b, in)[0]
				if err := b.Err(); err != nil {
					t.Fatal(err)
				}
				if !y.Shape.Equal(c.out) {
					t.Errorf("result has shape %v, want %v", y.Shape, c.out)
				}
				var weights []tensor.Shape
				states := 0
				for _, v := range store.Variables() {
					if v.Role == graph.Weight {
						weights = append(weights, v.Shape)
						if frozen := layer.ConfigOf(c.layer)["trainable"] == false; v.Trainable() == frozen {
							t.Errorf("%s: trainable is %t", v.Path, v.Trainable())
						}
					} else {
						states++
					}
				}
				if !slices.EqualFunc(weights, c.weights, tensor.Shape.Equal) || states != c.states {
					t.Errorf("weights %v and %d more, want %v and %d", weights, states, c.weights, c.states)
				}
			})
			t.Run("config", func(t *testing.T) {
				roundTrip(t, c.layer)
				conf := layer.ConfigOf(c.layer)
				_, trainable := conf["trainable"].(bool)
				exempt := layer.ClassOf(c.layer) == "InputLayer" || layer.ClassOf(c.layer) == "SpatialDropout2D" // as in Keras
				if trainable == exempt || conf["dtype"] == nil {
					t.Errorf("config %v lacks trainable or dtype, which all layers have", conf)
				}
			})
			t.Run("gradient", func(t *testing.T) {
				graphtest.CheckGradient(t, true, -1, inputs(c.name, c.in), build(c.name, c.layer))
			})
			t.Run("training", func(t *testing.T) { train(t, c.name, c.layer, c.in) })
		})
	}
}

// roundTrip checks that the layer's config, converted to JSON and back, decodes to the same layer.
func roundTrip(t *testing.T, l layer.Layer) {
	t.Helper()
	data, err := json.Marshal(layer.ConfigOf(l))
	if err != nil {
		t.Fatal(err)
	}
	var conf map[string]any
	if err := json.Unmarshal(data, &conf); err != nil {
		t.Fatal(err)
	}
	again, err := layer.Decode(layer.ClassOf(l), conf)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(layer.ConfigOf(l), layer.ConfigOf(again)); d != "" {
		t.Error(d)
	}
	if layer.NameOf(again) != layer.NameOf(l) || layer.ClassOf(again) != layer.ClassOf(l) {
		t.Errorf("%s %q, want %s %q", layer.ClassOf(again), layer.NameOf(again), layer.ClassOf(l), layer.NameOf(l))
	}
}

// train checks that gradient descent brings the layer's result closer to the result of a layer
// with other weights.
func train(t *testing.T, name string, l layer.Layer, in tensor.Shape) {
	x := inputs(name, in)
	var weights []*graph.Value
	m := graphtest.New(t, false, x, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		y := l.Build(graphtest.View(b, "it", "", layer.ConfigOf(l)), operands(name, in))
		want := l.Build(graphtest.View(b, "other", "", layer.ConfigOf(l)), operands(name, in))
		loss := b.Mean(b.Square(b.Sub(y, want)))
		for _, v := range b.Store().Variables() {
			if v.Trainable() && strings.HasPrefix(v.Path, "it/") {
				weights = append(weights, b.Read(v))
			}
		}
		for i, g := range graph.Grad(b, loss, weights...) {
			b.Assign(weights[i], b.Sub(weights[i], b.Scale(g, .05)))
		}
		return []*graph.Value{loss}
	})
	if len(weights) == 0 {
		t.Skip("no weights to train")
	}
	first := m.Run(t, x...)[0].Float32s()[0]
	for range 60 {
		m.Run(t, x...)
	}
	if last := m.Run(t, x...)[0].Float32s()[0]; !(last < first*.7) {
		t.Errorf("loss went from %v to %v", first, last)
	}
}

func near(t *testing.T, what string, got, want []float32, relative float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	for i, w := range want {
		if !graphtest.Near(float64(got[i]), float64(w), relative, 1e-6) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], w)
			return
		}
	}
}

// TestKerasTakesConfigs passes the configs of all rows to Keras, and decodes the configs that Keras
// returns.
func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, c := range layers {
		in = append(in, map[string]any{"class_name": layer.ClassOf(c.layer), "config": layer.ConfigOf(c.layer), "module": "keras.layers", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.layers.deserialize(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	for i, c := range layers {
		l, err := layer.Decode(layer.ClassOf(c.layer), got[i])
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		back := layer.ConfigOf(l)
		if layer.NameOf(c.layer) == "" {
			delete(back, "name") // added by Keras
		}
		if d := cmp.Diff(layer.ConfigOf(c.layer), back); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
