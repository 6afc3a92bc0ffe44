package zoo

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file has the blocks of EfficientNet, EfficientNetV2 and EfficientNet-Lite: the inverted residual blocks of MobileNetV2 (Sandler et al., 2018,
// arXiv:1801.04381) with squeeze-and-excitation (Hu et al., 2018, arXiv:1709.01507).

// mbConv is a block. A 1x1 convolution makes its channels more, a depthwise convolution follows, and a 1x1 convolution makes them fewer.
type mbConv struct {
	name           string // of its layers, "block2a_"
	stage, index   int    // from 0
	kernel, stride int
	in, wide, out  int // channels; wide is that of the depthwise convolution
	squeeze        int // channels of squeeze-and-excitation, 0 for none
	// fused means that one convolution takes the place of the first two (Gupta and Akin, 2020, arXiv:2003.02838). If wide is in, it is also the last one.
	fused bool
}

// mbStage is a number of blocks of which the first may have a stride.
type mbStage struct {
	repeats, kernel, stride int
	expand                  int // times the input's channels
	out                     int // channels
	fused                   bool
	squeeze                 bool // squeeze-and-excitation with a fourth of the block's input channels
}

// mbBlocks returns the blocks of stages. in is the number of channels of their input.
func mbBlocks(in int, stages []mbStage) (list []mbConv) {
	for i, s := range stages {
		for j := range s.repeats {
			b := mbConv{name: fmt.Sprintf("block%d%c_", i+1, 'a'+j), stage: i, index: j, kernel: s.kernel, stride: 1, in: in, wide: in * s.expand, out: s.out, fused: s.fused}
			if j == 0 {
				b.stride = s.stride
			}
			if s.squeeze {
				b.squeeze = max(1, in/4)
			}
			list = append(list, b)
			in = s.out
		}
	}
	return list
}

// scaledRepeats multiplies a number of blocks by the depth, and rounds it up.
func scaledRepeats(n int, depth float64) int { return int(math.Ceil(depth * float64(n))) }

// residue reports whether the block's input is added to its result.
func (b mbConv) residue() bool { return b.stride == 1 && b.in == b.out }

// mbForm is what the blocks of a network have in common.
type mbForm struct {
	activation layer.Activation
	// padding is how images are padded for convolutions with stride 2. The padding of those with stride 1 is Same.
	padding   mbPadding
	momentum  *float64 // of BatchNormalization; nil for 0.99
	epsilon   *float64 // of BatchNormalization; nil for 0.001
	depthwise string   // the end of the names of depthwise convolutions; empty for "dwconv"
}

// mbPadding is a kind of padding.
type mbPadding int

const (
	correctPadding   mbPadding = iota // as Same does, by ZeroPadding2D and Valid
	samePadding                       // Same
	symmetricPadding                  // PyTorch's, by ZeroPadding2D and Valid
)

const mbDropConnect = .2 // the rate for the last block; it grows from 0

// The initializers of keras.applications' EfficientNet.
var (
	mbConvInitializer  = initializer.VarianceScaling{Scale: 2, Mode: initializer.FanOut, Distribution: initializer.TruncatedNormalDistribution}
	mbDenseInitializer = initializer.VarianceScaling{Scale: 1. / 3, Mode: initializer.FanOut, Distribution: initializer.UniformDistribution}
)

// scaledChannels multiplies a number of channels by the width, and rounds it to a multiple of 8. If bounded, it does not become less by more than 10 %.
func scaledChannels(n int, width float64, bounded bool) int {
	scaled := float64(n) * width
	if bounded {
		return divisible(scaled)
	}
	return max(8, int(scaled+4)/8*8)
}

// mbTop returns the layers that make classes of the result of the last convolution.
func mbTop(classifier layer.Dense, dropout float64) []layer.Layer {
	classifier.Name = "predictions"
	return []layer.Layer{layer.GlobalAveragePool2D{Name: "avg_pool"}, layer.Dropout{Rate: dropout, Name: "top_dropout"}, classifier}
}

// stem adds the first convolution.
func (f mbForm) stem(x *lince.Symbol, channels int) *lince.Symbol {
	x, padding := f.pad(x, 3, 2, "stem_conv_pad")
	return x.Then(f.conv(channels, 3, 2, padding, "stem_conv")).Then(f.normalized("stem_")...)
}

// top adds the last convolution.
func (f mbForm) top(x *lince.Symbol, channels int) *lince.Symbol {
	return x.Then(f.conv(channels, 1, 1, layer.Same, "top_conv")).Then(f.normalized("top_")...)
}

// block adds a block. drop is the rate at which its result is dropped in training.
func (f mbForm) block(in *lince.Symbol, b mbConv, drop float64) *lince.Symbol {
	x := in
	kernel, stride := 1, 1 // of the last convolution
	switch {
	case b.fused && b.wide == b.in:
		kernel, stride = b.kernel, b.stride
	case b.fused:
		var padding layer.Padding
		x, padding = f.pad(x, b.kernel, b.stride, b.name+"expand_conv_pad")
		x = x.Then(f.conv(b.wide, b.kernel, b.stride, padding, b.name+"expand_conv")).Then(f.normalized(b.name + "expand_")...)
	default:
		if b.wide > b.in {
			x = x.Then(f.conv(b.wide, 1, 1, layer.Same, b.name+"expand_conv")).Then(f.normalized(b.name + "expand_")...)
		}
		x = f.depthwiseConv(x, b)
	}
	if b.squeeze > 0 {
		x = f.excite(x, b)
	}
	x = x.Then(f.conv(b.out, kernel, stride, layer.Same, b.name+"project_conv"), f.normalization(b.name+"project_bn"))
	if b.fused && b.wide == b.in {
		x = x.Then(layer.Activate{Activation: f.activation, Name: b.name + "project_activation"})
	}
	if !b.residue() {
		return x
	}
	if drop > 0 {
		x = x.Then(layer.Dropout{Rate: drop, NoiseShape: layer.Dims{tensor.Unknown, 1, 1, 1}, Name: b.name + "drop"})
	}
	return lince.Apply(layer.Add{Name: b.name + "add"}, x, in)
}

func (f mbForm) depthwiseConv(x *lince.Symbol, b mbConv) *lince.Symbol {
	name := f.depthwise
	if name == "" {
		name = "dwconv"
	}
	x, padding := f.pad(x, b.kernel, b.stride, b.name+"dwconv_pad")
	return x.Then(layer.DepthwiseConv2D{
		Kernel: layer.Size{b.kernel, b.kernel}, Strides: layer.Size{b.stride, b.stride}, Padding: padding, NoBias: true,
		DepthwiseInitializer: mbConvInitializer, Name: b.name + name,
	}).Then(f.normalized(b.name)...)
}

// excite multiplies each channel by a function of the means of all channels.
func (f mbForm) excite(x *lince.Symbol, b mbConv) *lince.Symbol {
	y := x.Then(
		layer.GlobalAveragePool2D{Name: b.name + "se_squeeze"},
		layer.Reshape{Shape: []int{1, 1, b.wide}, Name: b.name + "se_reshape"},
		layer.Conv2D{
			Filters: b.squeeze, Kernel: layer.Size{1, 1}, Padding: layer.Same, Activation: f.activation, KernelInitializer: mbConvInitializer, Name: b.name + "se_reduce",
		},
		layer.Conv2D{
			Filters: b.wide, Kernel: layer.Size{1, 1}, Padding: layer.Same, Activation: layer.Sigmoid, KernelInitializer: mbConvInitializer, Name: b.name + "se_expand",
		},
	)
	return lince.Apply(layer.Multiply{Name: b.name + "se_excite"}, x, y)
}

// pad pads for a convolution, and returns what is left for the convolution to pad.
func (f mbForm) pad(x *lince.Symbol, kernel, stride int, name string) (*lince.Symbol, layer.Padding) {
	switch {
	case stride == 1 || f.padding == samePadding:
		return x, layer.Same
	case f.padding == symmetricPadding:
		side := [2]int{kernel / 2, kernel / 2}
		return x.Then(layer.ZeroPadding2D{Padding: &layer.Pads{side, side}, Name: name}), layer.Valid
	}
	return x.Then(correctPad(x, kernel, name)), layer.Valid
}

func (f mbForm) conv(channels, kernel, stride int, padding layer.Padding, name string) layer.Layer {
	return layer.Conv2D{
		Filters: channels, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: padding, NoBias: true,
		KernelInitializer: mbConvInitializer, Name: name,
	}
}

func (f mbForm) normalization(name string) layer.Layer {
	return layer.BatchNormalization{Momentum: f.momentum, Epsilon: f.epsilon, Name: name}
}

// normalized returns the layers after a convolution.
func (f mbForm) normalized(name string) []layer.Layer {
	return []layer.Layer{f.normalization(name + "bn"), layer.Activate{Activation: f.activation, Name: name + "activation"}}
}
