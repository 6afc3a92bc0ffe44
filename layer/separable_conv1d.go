package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
)

// SeparableConv1D is a depthwise convolution of sequences followed by a convolution with kernels of
// length 1 (keras.layers.SeparableConv1D):
//
//	z = depthwise convolution of x with depthwise_kernel, as in DepthwiseConv1D
//	y[i,f] = Activation(bias[f] + sum over k of z[i,k] * pointwise_kernel[0,k,f])
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, Filters); see Padding for the new number of steps.
//
// Weights: depthwise_kernel (Kernel, channels, DepthMultiplier), pointwise_kernel
// (1, channels*DepthMultiplier, Filters) and bias (Filters).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, the window does not fit into the sequence, or both
// Strides and Dilation are larger than 1.
//
// Newer versions of Keras, such as 3.15, support Strides and Dilation together.
//
// Source: Kaiser et al., 2018 (arXiv:1706.03059).
type SeparableConv1D struct {
	// Filters is the number of output channels. Required. At least 1.
	Filters int `keras:"filters,required,count"`
	// Kernel is the length of the window of the depthwise convolution, in steps. Required. At least 1.
	Kernel int `keras:"kernel_size,required,count,tuple"`
	// Strides is the distance between windows, in steps. At least 1. The default is 1.
	Strides int `keras:"strides,default=1,count,tuple"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// Dilation is the distance between neighboring steps of the window. At least 1. The default is 1.
	Dilation int `keras:"dilation_rate,default=1,count,tuple"`
	// DepthMultiplier is the number of output channels of the depthwise convolution for each input
	// channel. At least 1. The default is 1.
	DepthMultiplier int `keras:"depth_multiplier,default=1,count"`
	// Activation is applied to the result. The default is Linear.
	Activation Activation `keras:"activation,default=linear"`
	// NoBias omits the bias (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`

	// DepthwiseInitializer sets the initial values of the depthwise kernel. The default is
	// GlorotUniform.
	DepthwiseInitializer initializer.Initializer `keras:"depthwise_initializer,default=GlorotUniform"`
	// PointwiseInitializer sets the initial values of the pointwise kernel. The default is
	// GlorotUniform.
	PointwiseInitializer initializer.Initializer `keras:"pointwise_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the bias. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// DepthwiseRegularizer adds a penalty for the depthwise kernel to the loss. The default is none.
	DepthwiseRegularizer regularizer.Regularizer `keras:"depthwise_regularizer"`
	// PointwiseRegularizer adds a penalty for the pointwise kernel to the loss. The default is none.
	PointwiseRegularizer regularizer.Regularizer `keras:"pointwise_regularizer"`
	// BiasRegularizer adds a penalty for the bias to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer"`
	// DepthwiseConstraint restricts the depthwise kernel. The default is none.
	DepthwiseConstraint constraint.Constraint `keras:"depthwise_constraint"`
	// PointwiseConstraint restricts the pointwise kernel. The default is none.
	PointwiseConstraint constraint.Constraint `keras:"pointwise_constraint"`
	// BiasConstraint restricts the bias. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// FinalActivation implements Activated.
func (l SeparableConv1D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l SeparableConv1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	w := rowWindow(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFitSteps(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in, multiplier := x.Shape[2], l.DepthMultiplier
	y := b.DepthwiseConv2D(rows(b, x), rowWeight(b, "depthwise_kernel", x, weightOptions{l.DepthwiseInitializer, l.DepthwiseRegularizer, l.DepthwiseConstraint}, l.Kernel, in, multiplier), w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	pointwise := rowWeight(b, "pointwise_kernel", x, weightOptions{l.PointwiseInitializer, l.PointwiseRegularizer, l.PointwiseConstraint}, 1, in*multiplier, l.Filters)
	y = b.Conv2D(y, pointwise, op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Filters))
	}
	return endRows(b, l.Activation, l.ActivityRegularizer, y)
}

func (l SeparableConv1D) check() error { return checkSteps(l.Strides, l.Dilation) }
