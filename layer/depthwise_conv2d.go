package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
)

// DepthwiseConv2D convolves each channel of images separately, with DepthMultiplier kernels for
// each channel (keras.layers.DepthwiseConv2D). For an image x, padded if Padding is Same, with the
// strides s and the dilation d, result m of channel c at pixel (i, j) is:
//
//	y[i,j,c*DepthMultiplier + m] = Activation(bias[c*DepthMultiplier + m] + sum over u, v of
//	           x[i*s[0] + u*d[0], j*s[1] + v*d[1], c] * kernel[u,v,c,m])
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, new height, new width, channels*DepthMultiplier); see Padding for the
// new sizes.
//
// Weights: kernel (Kernel[0], Kernel[1], channels, DepthMultiplier) and bias
// (channels*DepthMultiplier).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// images with a known number of channels, the window does not fit into the image, or both
// Strides and Dilation are larger than 1.
//
// Newer versions of Keras, such as 3.15, support Strides and Dilation together.
//
// Source: Howard et al., 2017 (MobileNets, arXiv:1704.04861).
type DepthwiseConv2D struct {
	// Kernel is the height and width of the window, in pixels. Required. Each at least 1.
	Kernel Size `keras:"kernel_size,required,count"`
	// Strides is the step between windows, in pixels. Each at least 1. The default is 1x1.
	Strides Size `keras:"strides,default=1,count"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// DepthMultiplier is the number of output channels for each input channel. At least 1. The
	// default is 1.
	DepthMultiplier int `keras:"depth_multiplier,default=1,count"`
	// Dilation is the distance between neighboring pixels of the window. Each at least 1. The
	// default is 1x1.
	Dilation Size `keras:"dilation_rate,default=1,count"`
	// Activation is applied to the result. The default is Linear.
	Activation Activation `keras:"activation,default=linear"`
	// NoBias omits the bias (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`

	// DepthwiseInitializer sets the initial values of the kernel. The default is GlorotUniform.
	DepthwiseInitializer initializer.Initializer `keras:"depthwise_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the bias. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// DepthwiseRegularizer adds a penalty for the kernel to the loss. The default is none.
	DepthwiseRegularizer regularizer.Regularizer `keras:"depthwise_regularizer"`
	// BiasRegularizer adds a penalty for the bias to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer"`
	// DepthwiseConstraint restricts the kernel. The default is none.
	DepthwiseConstraint constraint.Constraint `keras:"depthwise_constraint"`
	// BiasConstraint restricts the bias. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"groups,only=1,omit"` // written by Keras 2
}

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
	y := b.DepthwiseConv2D(x, weight(b, "kernel", x, weightOptions{l.DepthwiseInitializer, l.DepthwiseRegularizer, l.DepthwiseConstraint}, l.Kernel[0], l.Kernel[1], in, l.DepthMultiplier), w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, in*l.DepthMultiplier))
	}
	return regularizeActivity(b, l.ActivityRegularizer, activate(b, l.Activation, y))
}

func (l DepthwiseConv2D) check() error { return checkStrides(l.Strides, l.Dilation) }
