package layer

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
)

// SeparableConv2D convolves each channel of images (batch, height, width, channels) by itself,
// as DepthwiseConv2D does, and mixes the results of each pixel with a 1x1 convolution, before
// it adds a bias and applies an activation function (keras.layers.SeparableConv2D). Weights:
// depthwise_kernel (height, width, channels, depth multiplier), pointwise_kernel (1, 1,
// channels*depth multiplier, filters), bias (filters).
type SeparableConv2D struct {
	Filters         int  // number of results for each pixel; required
	Kernel          Size // of the depthwise convolution; required
	Strides         Size // step from window to window; zero: 1x1
	Padding         Padding
	Dilation        Size // distance of the kernel's pixels in the image; zero: 1x1
	DepthMultiplier int  // number of results of the depthwise convolution for each channel; zero: 1
	Activation      Activation
	NoBias          bool

	DepthwiseInitializer initializer.Initializer // nil: GlorotUniform
	PointwiseInitializer initializer.Initializer // nil: GlorotUniform
	BiasInitializer      initializer.Initializer // nil: Zeros

	Name   string
	Frozen bool // not trained
}

// Class implements Layer.
func (SeparableConv2D) Class() string { return "SeparableConv2D" }

// Named implements Layer.
func (l SeparableConv2D) Named() string { return l.Name }

// Config implements Layer.
func (l SeparableConv2D) Config() map[string]any {
	c := base(l.Name, l.Frozen)
	c["filters"] = l.Filters
	c["depth_multiplier"] = cmp.Or(l.DepthMultiplier, 1)
	c["kernel_size"] = l.Kernel.list()
	c["strides"] = l.Strides.or(Size{1, 1}).list()
	c["padding"] = l.Padding.String()
	c["data_format"] = "channels_last"
	c["dilation_rate"] = l.Dilation.or(Size{1, 1}).list()
	c["activation"] = l.Activation.keras()
	c["use_bias"] = !l.NoBias
	c["depthwise_initializer"] = wrapInitializer(kernelOr(l.DepthwiseInitializer))
	c["pointwise_initializer"] = wrapInitializer(kernelOr(l.PointwiseInitializer))
	c["bias_initializer"] = wrapInitializer(biasOr(l.BiasInitializer))
	return c
}

// Build implements Layer.
func (l SeparableConv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantImages(b, x) {
		return b.Invalid()
	}
	w := window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFit(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in, multiplier := x.Shape[3], cmp.Or(l.DepthMultiplier, 1)
	depthwise := weight(b, "depthwise_kernel", x, l.Frozen, kernelOr(l.DepthwiseInitializer), l.Kernel[0], l.Kernel[1], in, multiplier)
	y := b.DepthwiseConv2D(x, depthwise, w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	pointwise := weight(b, "pointwise_kernel", x, l.Frozen, kernelOr(l.PointwiseInitializer), 1, 1, in*multiplier, l.Filters)
	y = b.Conv2D(y, pointwise, op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.Frozen, biasOr(l.BiasInitializer), l.Filters))
	}
	return l.Activation.apply(b, y)
}

func (l SeparableConv2D) check() (c checks) {
	c.count("Filters", l.Filters)
	c.window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if l.DepthMultiplier != 0 {
		c.count("DepthMultiplier", l.DepthMultiplier)
	}
	l.Activation.check(&c)
	c.initializer("DepthwiseInitializer", l.DepthwiseInitializer)
	c.initializer("PointwiseInitializer", l.PointwiseInitializer)
	c.initializer("BiasInitializer", l.BiasInitializer)
	return c
}

func decodeSeparableConv2D(r *config.Reader) Layer {
	r.Need("filters", "kernel_size")
	l := SeparableConv2D{
		Filters:              r.Int("filters", 1, 1, maxSize),
		Kernel:               readSize(r, "kernel_size", Size{1, 1}),
		Strides:              readSize(r, "strides", Size{1, 1}),
		Padding:              readPadding(r),
		Dilation:             readSize(r, "dilation_rate", Size{1, 1}),
		DepthMultiplier:      r.Int("depth_multiplier", 1, 1, maxSize),
		Activation:           readActivation(r),
		NoBias:               !r.Bool("use_bias", true),
		DepthwiseInitializer: readInitializer(r, "depthwise_initializer"),
		PointwiseInitializer: readInitializer(r, "pointwise_initializer"),
		BiasInitializer:      readInitializer(r, "bias_initializer"),
	}
	l.Name, l.Frozen = readBase(r)
	r.Only("data_format", "channels_last")
	r.Only("groups", 1) // which Keras 2 writes
	readUnregularized(r, "depthwise", "pointwise", "bias")
	return l
}
