package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
)

// DepthwiseConv1D convolves each channel of sequences separately, with DepthMultiplier kernels for
// each channel (keras.layers.DepthwiseConv1D). For a sequence x, padded if Padding is Same, with the
// strides s and the dilation d, result m of channel c at step i is:
//
//	y[i, c*DepthMultiplier + m] = Activation(bias[c*DepthMultiplier + m] + sum over u of
//	                              x[i*s + u*d, c] * kernel[u,c,m])
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, channels*DepthMultiplier); see Padding for the new number of steps.
//
// Weights: kernel (Kernel, channels, DepthMultiplier) and bias (channels*DepthMultiplier).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, the window does not fit into the sequence, or both
// Strides and Dilation are larger than 1.
//
// Newer versions of Keras, such as 3.15, support Strides and Dilation together.
//
// Source: Kaiser et al., 2018 (arXiv:1706.03059).
type DepthwiseConv1D struct {
	// Kernel is the length of the window, in steps. Required. At least 1.
	Kernel int `keras:"kernel_size,required,count,tuple"`
	// Strides is the distance between windows, in steps. At least 1. The default is 1.
	Strides int `keras:"strides,default=1,count,tuple"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// DepthMultiplier is the number of output channels for each input channel. At least 1. The
	// default is 1.
	DepthMultiplier int `keras:"depth_multiplier,default=1,count"`
	// Dilation is the distance between neighboring steps of the window. At least 1. The default is 1.
	Dilation int `keras:"dilation_rate,default=1,count,tuple"`
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
}

// FinalActivation implements Activated.
func (l DepthwiseConv1D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l DepthwiseConv1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	w := rowWindow(l.Kernel, l.Strides, l.Dilation, l.Padding)
	if !wantFitSteps(b, "kernel", "a smaller kernel", w, x) {
		return b.Invalid()
	}
	in := x.Shape[2]
	y := b.DepthwiseConv2D(rows(b, x), rowWeight(b, "kernel", x, weightOptions{l.DepthwiseInitializer, l.DepthwiseRegularizer, l.DepthwiseConstraint}, l.Kernel, in, l.DepthMultiplier), w)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, in*l.DepthMultiplier))
	}
	return endRows(b, l.Activation, l.ActivityRegularizer, y)
}

func (l DepthwiseConv1D) check() error { return checkSteps(l.Strides, l.Dilation) }
