package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
)

// DepthwiseConv2D convolves each channel of images (batch, height, width, channels) with
// DepthMultiplier learned kernels of its own, adds a bias and applies an activation function
// (keras.layers.DepthwiseConv2D). The result has channels*DepthMultiplier channels, those of
// one channel of the images next to each other. Weights: kernel (height, width, channels,
// depth multiplier), bias (channels*depth multiplier). Keras with TensorFlow runs it on a CPU
// only where both strides are the same; lince takes any.
type DepthwiseConv2D struct {
	Kernel          Size       `keras:"kernel_size,required,count"`
	Strides         Size       `keras:"strides,default=1,count"`          // step from window to window
	Padding         Padding    `keras:"padding"`                          // zero: Valid
	DepthMultiplier int        `keras:"depth_multiplier,default=1,count"` // results for each channel
	Dilation        Size       `keras:"dilation_rate,default=1,count"`    // distance of the kernel's pixels in the image
	Activation      Activation `keras:"activation,default=linear"`
	NoBias          bool       `keras:"use_bias,inverted"`

	DepthwiseInitializer initializer.Initializer `keras:"depthwise_initializer,default=GlorotUniform"`
	BiasInitializer      initializer.Initializer `keras:"bias_initializer,default=Zeros"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"groups,only=1,omit"` // which Keras 2 writes
}

// Class implements Layer.
func (DepthwiseConv2D) Class() string { return "DepthwiseConv2D" }

// Named implements Layer.
func (l DepthwiseConv2D) Named() string { return l.Name }

// Config implements Layer.
func (l DepthwiseConv2D) Config() map[string]any { return ConfigOf(l) }

// FinalActivation implements Activated.
func (l DepthwiseConv2D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l DepthwiseConv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	w := window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFit(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in := x.Shape[3]
	y := b.DepthwiseConv2D(x, weight(b, "kernel", x, l.DepthwiseInitializer, l.Kernel[0], l.Kernel[1], in, l.DepthMultiplier), w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.BiasInitializer, in*l.DepthMultiplier))
	}
	return activate(b, l.Activation, y)
}

func (l DepthwiseConv2D) check() error { return checkStrides(l.Strides, l.Dilation) }
