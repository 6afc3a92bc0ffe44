package zoo

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// EfficientNet-Lite is EfficientNet (Tan and Le, 2019, arXiv:1905.11946) without squeeze-and-excitation, with ReLU6 instead of swish, and with a
// stem, a head, and numbers of blocks in the first and last stage that are not scaled. Source:
// github.com/tensorflow/tpu/models/official/efficientnet/lite. Padding is TensorFlow's, epsilon 1e-3.

// liteVariant is a row of efficientnet_lite_params.
type liteVariant struct {
	name         string
	width, depth float64
	side         int // pixels
	dropout      float64
}

var liteVariants = []liteVariant{
	{"efficientnet-lite0", 1.0, 1.0, 224, 0.2},
	{"efficientnet-lite1", 1.0, 1.1, 240, 0.2},
	{"efficientnet-lite2", 1.1, 1.2, 260, 0.3},
	{"efficientnet-lite3", 1.2, 1.4, 280, 0.3},
	{"efficientnet-lite4", 1.4, 1.8, 300, 0.3},
}

const (
	liteStem        = 32 // channels
	liteHead        = 1280
	liteDropConnect = 0.2
)

// EfficientNetLite0 makes EfficientNet-Lite0: 224x224 pixels, 4.69 million parameters.
func EfficientNetLite0(o Options) (*lince.Model, error) { return liteVariants[0].model(o) }

// EfficientNetLite1 makes EfficientNet-Lite1: 240x240 pixels, 5.47 million parameters.
func EfficientNetLite1(o Options) (*lince.Model, error) { return liteVariants[1].model(o) }

// EfficientNetLite2 makes EfficientNet-Lite2: 260x260 pixels, 6.15 million parameters.
func EfficientNetLite2(o Options) (*lince.Model, error) { return liteVariants[2].model(o) }

// EfficientNetLite3 makes EfficientNet-Lite3: 280x280 pixels, 8.27 million parameters.
func EfficientNetLite3(o Options) (*lince.Model, error) { return liteVariants[3].model(o) }

// EfficientNetLite4 makes EfficientNet-Lite4: 300x300 pixels, 13.12 million parameters.
func EfficientNetLite4(o Options) (*lince.Model, error) { return liteVariants[4].model(o) }

// liteBlock is an inverted residual block.
type liteBlock struct {
	name            string // of its layers, "block2a_"
	kernel, stride  int
	in, wide, out   int // channels; wide is that of the depthwise convolution
	expand, residue bool
}

// blocks returns the blocks of a variant.
func (v liteVariant) blocks() (list []liteBlock) {
	stages := []struct{ repeats, kernel, stride, expand, out int }{
		{1, 3, 1, 1, 16}, {2, 3, 2, 6, 24}, {2, 5, 2, 6, 40}, {3, 3, 2, 6, 80}, {3, 5, 1, 6, 112}, {4, 5, 2, 6, 192}, {1, 3, 1, 6, 320},
	}
	in := liteStem
	for i, s := range stages {
		repeats := s.repeats
		if i > 0 && i < len(stages)-1 {
			repeats = int(math.Ceil(v.depth * float64(repeats)))
		}
		out := v.channels(s.out)
		for j := range repeats {
			stride := 1
			if j == 0 {
				stride = s.stride
			}
			list = append(list, liteBlock{
				name:   fmt.Sprintf("block%d%c_", i+1, 'a'+j),
				kernel: s.kernel, stride: stride, in: in, wide: in * s.expand, out: out,
				expand: s.expand > 1, residue: stride == 1 && in == out,
			})
			in = out
		}
	}
	return list
}

// channels scales a number of channels to a multiple of 8, by at most 10 % less.
func (v liteVariant) channels(n int) int {
	scaled := float64(n) * v.width
	c := max(8, int(scaled+4)/8*8)
	if float64(c) < .9*scaled {
		c += 8
	}
	return c
}

func (v liteVariant) architecture() architecture {
	return architecture{
		name: v.name, side: v.side, minSide: 32,
		body: v.body,
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name, classifier.KernelInitializer = "predictions", denseInitializer
			return []layer.Layer{layer.GlobalAveragePool2D{Name: "avg_pool"}, layer.Dropout{Rate: v.dropout, Name: "top_dropout"}, classifier}
		},
		preprocessing: EfficientNetLitePreprocessing,
	}
}

func (v liteVariant) model(o Options) (*lince.Model, error) { return o.model(v.architecture()) }

// EfficientNetLitePreprocessing returns the preprocessing of EfficientNet-Lite for images of height x width pixels: the centered part with that
// aspect ratio, resized by a bicubic filter, and (x-127)/128, from about -1 to 1.
func EfficientNetLitePreprocessing(height, width int) lince.Preprocessing {
	return lince.Preprocessing{
		preprocess.Resize{Height: height, Width: width, Interpolation: picture.Bicubic, CropToAspectRatio: true},
		preprocess.Normalize{Mean: []float64{127}, Std: []float64{128}},
	}
}

// The initializers of keras.applications' EfficientNet.
var (
	convInitializer  = initializer.VarianceScaling{Scale: 2, Mode: initializer.FanOut, Distribution: initializer.TruncatedNormalDistribution}
	denseInitializer = initializer.VarianceScaling{Scale: 1. / 3, Mode: initializer.FanOut, Distribution: initializer.UniformDistribution}
)

func conv(channels, kernel, stride int, padding layer.Padding, name string) layer.Layer {
	return layer.Conv2D{
		Filters: channels, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: padding, NoBias: true,
		KernelInitializer: convInitializer, Name: name,
	}
}

func relu6(name string) layer.Layer { return layer.Activate{Activation: layer.ReLU6, Name: name} }

// body adds everything before the classifier.
func (v liteVariant) body(x *lince.Symbol) *lince.Symbol {
	x = x.Then(
		correctPad(x, 3, "stem_conv_pad"),
		conv(liteStem, 3, 2, layer.Valid, "stem_conv"), layer.BatchNormalization{Name: "stem_bn"}, relu6("stem_activation"),
	)
	blocks := v.blocks()
	for i, b := range blocks {
		x = b.apply(x, liteDropConnect*float64(i)/float64(len(blocks)))
	}
	return x.Then(
		conv(liteHead, 1, 1, layer.Same, "top_conv"), layer.BatchNormalization{Name: "top_bn"}, relu6("top_activation"),
	)
}

func (b liteBlock) apply(in *lince.Symbol, drop float64) *lince.Symbol {
	x := in
	if b.expand {
		x = x.Then(conv(b.wide, 1, 1, layer.Same, b.name+"expand_conv"), layer.BatchNormalization{Name: b.name + "expand_bn"}, relu6(b.name+"expand_activation"))
	}
	padding := layer.Same
	if b.stride == 2 {
		x = x.Then(correctPad(x, b.kernel, b.name+"dwconv_pad"))
		padding = layer.Valid
	}
	x = x.Then(
		layer.DepthwiseConv2D{
			Kernel: layer.Size{b.kernel, b.kernel}, Strides: layer.Size{b.stride, b.stride}, Padding: padding, NoBias: true,
			DepthwiseInitializer: convInitializer, Name: b.name + "dwconv",
		},
		layer.BatchNormalization{Name: b.name + "bn"}, relu6(b.name+"activation"),
		conv(b.out, 1, 1, layer.Same, b.name+"project_conv"), layer.BatchNormalization{Name: b.name + "project_bn"},
	)
	if !b.residue {
		return x
	}
	if drop > 0 {
		x = x.Then(layer.Dropout{Rate: drop, NoiseShape: layer.Dims{tensor.Unknown, 1, 1, 1}, Name: b.name + "drop"})
	}
	return lince.Apply(layer.Add{Name: b.name + "add"}, x, in)
}

// correctPad pads as TensorFlow does for a convolution with stride 2 (imagenet_utils.correct_pad).
func correctPad(x *lince.Symbol, kernel int, name string) layer.Layer {
	shape := x.Shape()
	var pads layer.Pads
	for i := range pads {
		first := kernel/2 - 1 // for images of unknown size, as if it were even
		if len(shape) == 4 && shape[i+1] != tensor.Unknown && shape[i+1]%2 == 1 {
			first++
		}
		pads[i] = [2]int{first, kernel / 2}
	}
	return layer.ZeroPadding2D{Padding: &pads, Name: name}
}
