package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
)

// SeparableConv2D convolves each channel of images (batch, height, width, channels) by itself,
// as DepthwiseConv2D does, and mixes the results of each pixel with a 1x1 convolution, before
// it adds a bias and applies an activation function (keras.layers.SeparableConv2D). Weights:
// depthwise_kernel (height, width, channels, depth multiplier), pointwise_kernel (1, 1,
// channels*depth multiplier, filters), bias (filters).
type SeparableConv2D struct {
	Filters         int        `keras:"filters,required,count"`           // results for each pixel
	Kernel          Size       `keras:"kernel_size,required,count"`       // of the depthwise convolution
	Strides         Size       `keras:"strides,default=1,count"`          // step from window to window
	Padding         Padding    `keras:"padding"`                          // zero: Valid
	Dilation        Size       `keras:"dilation_rate,default=1,count"`    // distance of the kernel's pixels in the image
	DepthMultiplier int        `keras:"depth_multiplier,default=1,count"` // results of the depthwise convolution for each channel
	Activation      Activation `keras:"activation,default=linear"`
	NoBias          bool       `keras:"use_bias,inverted"`

	DepthwiseInitializer initializer.Initializer `keras:"depthwise_initializer,default=GlorotUniform"`
	PointwiseInitializer initializer.Initializer `keras:"pointwise_initializer,default=GlorotUniform"`
	BiasInitializer      initializer.Initializer `keras:"bias_initializer,default=Zeros"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"groups,only=1,omit"` // which Keras 2 writes
}

// Class implements Layer.
func (SeparableConv2D) Class() string { return "SeparableConv2D" }

// Named implements Layer.
func (l SeparableConv2D) Named() string { return l.Name }

// Config implements Layer.
func (l SeparableConv2D) Config() map[string]any { return ConfigOf(l) }

// FinalActivation implements Activated.
func (l SeparableConv2D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l SeparableConv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	w := window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFit(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in, multiplier := x.Shape[3], l.DepthMultiplier
	depthwise := weight(b, "depthwise_kernel", x, l.DepthwiseInitializer, l.Kernel[0], l.Kernel[1], in, multiplier)
	y := b.DepthwiseConv2D(x, depthwise, w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	pointwise := weight(b, "pointwise_kernel", x, l.PointwiseInitializer, 1, 1, in*multiplier, l.Filters)
	y = b.Conv2D(y, pointwise, op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.BiasInitializer, l.Filters))
	}
	return activate(b, l.Activation, y)
}

func (l SeparableConv2D) check() error { return checkStrides(l.Strides, l.Dilation) }
