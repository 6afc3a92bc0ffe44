package layer

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
)

// DepthwiseConv2D convolves each channel of images (batch, height, width, channels) with
// DepthMultiplier learned kernels of its own, adds a bias and applies an activation function
// (keras.layers.DepthwiseConv2D). The result has channels*DepthMultiplier channels, those of
// one channel of the images next to each other. Weights: kernel (height, width, channels,
// depth multiplier), bias (channels*depth multiplier). Keras with TensorFlow runs it on a CPU
// only where both strides are the same; lince takes any.
type DepthwiseConv2D struct {
	Kernel          Size // required
	Strides         Size // step from window to window; zero: 1x1
	Padding         Padding
	DepthMultiplier int  // number of results for each channel; zero: 1
	Dilation        Size // distance of the kernel's pixels in the image; zero: 1x1
	Activation      Activation
	NoBias          bool

	DepthwiseInitializer initializer.Initializer // nil: GlorotUniform
	BiasInitializer      initializer.Initializer // nil: Zeros

	Name   string
	Frozen bool // not trained
}

// Class implements Layer.
func (DepthwiseConv2D) Class() string { return "DepthwiseConv2D" }

// Named implements Layer.
func (l DepthwiseConv2D) Named() string { return l.Name }

// Config implements Layer.
func (l DepthwiseConv2D) Config() map[string]any {
	c := base(l.Name, l.Frozen)
	c["depth_multiplier"] = cmp.Or(l.DepthMultiplier, 1)
	c["kernel_size"] = l.Kernel.list()
	c["strides"] = l.Strides.or(Size{1, 1}).list()
	c["padding"] = l.Padding.String()
	c["data_format"] = "channels_last"
	c["dilation_rate"] = l.Dilation.or(Size{1, 1}).list()
	c["activation"] = l.Activation.keras()
	c["use_bias"] = !l.NoBias
	c["depthwise_initializer"] = wrapInitializer(kernelOr(l.DepthwiseInitializer))
	c["bias_initializer"] = wrapInitializer(biasOr(l.BiasInitializer))
	return c
}

// Build implements Layer.
func (l DepthwiseConv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantImages(b, x) {
		return b.Invalid()
	}
	w := window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFit(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in, multiplier := x.Shape[3], cmp.Or(l.DepthMultiplier, 1)
	y := b.DepthwiseConv2D(x, weight(b, "kernel", x, l.Frozen, kernelOr(l.DepthwiseInitializer), l.Kernel[0], l.Kernel[1], in, multiplier), w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.Frozen, biasOr(l.BiasInitializer), in*multiplier))
	}
	return l.Activation.apply(b, y)
}

func (l DepthwiseConv2D) check() (c checks) {
	c.window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if l.DepthMultiplier != 0 {
		c.count("DepthMultiplier", l.DepthMultiplier)
	}
	l.Activation.check(&c)
	c.initializer("DepthwiseInitializer", l.DepthwiseInitializer)
	c.initializer("BiasInitializer", l.BiasInitializer)
	return c
}

func decodeDepthwiseConv2D(r *config.Reader) Layer {
	r.Need("kernel_size")
	l := DepthwiseConv2D{
		Kernel:               readSize(r, "kernel_size", Size{1, 1}),
		Strides:              readSize(r, "strides", Size{1, 1}),
		Padding:              readPadding(r),
		DepthMultiplier:      r.Int("depth_multiplier", 1, 1, maxSize),
		Dilation:             readSize(r, "dilation_rate", Size{1, 1}),
		Activation:           readActivation(r),
		NoBias:               !r.Bool("use_bias", true),
		DepthwiseInitializer: readInitializer(r, "depthwise_initializer"),
		BiasInitializer:      readInitializer(r, "bias_initializer"),
	}
	l.Name, l.Frozen = readBase(r)
	r.Only("data_format", "channels_last")
	r.Only("groups", 1) // which Keras 2 writes
	readUnregularized(r, "depthwise", "bias")
	return l
}
