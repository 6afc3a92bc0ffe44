package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
)

// Conv1DTranspose is the transposed convolution of sequences with learned kernels
// (keras.layers.Conv1DTranspose): the gradient, with respect to its sequences, of a convolution with the
// same kernels, strides s, dilation d and padding. With Valid:
//
//	y[i,f] = Activation(bias[f] + sum over u, c, and over all k with k*s + u*d = i, of x[k,c] * kernel[u,f,c])
//
// With Same, y is cut at the start by half of the number of steps by which the window is larger than the
// stride.
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, Filters). The new number of steps is that of an axis in
// Conv2DTranspose.
//
// Weights: kernel (Kernel, Filters, channels) and bias (Filters).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, both Strides and Dilation are larger than 1, or
// OutputPadding does not fit.
type Conv1DTranspose struct {
	// Filters is the number of output channels. Required. At least 1.
	Filters int `keras:"filters,required,count"`
	// Kernel is the length of the window, in steps. Required. At least 1.
	Kernel int `keras:"kernel_size,required,count,tuple"`
	// Strides is the distance between the windows of neighboring steps. At least 1. The default is 1.
	Strides int `keras:"strides,default=1,count,tuple"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// OutputPadding determines the new number of steps; see Conv2DTranspose. At least 0 and less than
	// Strides. The default, nil, is Keras' None.
	OutputPadding *int `keras:"output_padding,min=0,max=16777216,tuple"`
	// Dilation is the distance between neighboring steps of the window. At least 1. The default is 1.
	Dilation int `keras:"dilation_rate,default=1,count,tuple"`
	// Activation is applied to the result. The default is Linear.
	Activation Activation `keras:"activation,default=linear"`
	// NoBias omits the bias (Keras' use_bias=False). The default is false.
	NoBias bool `keras:"use_bias,inverted"`

	// KernelInitializer sets the initial values of the kernel. The default is GlorotUniform.
	KernelInitializer initializer.Initializer `keras:"kernel_initializer,default=GlorotUniform"`
	// BiasInitializer sets the initial values of the bias. The default is Zeros.
	BiasInitializer initializer.Initializer `keras:"bias_initializer,default=Zeros"`
	// KernelRegularizer adds a penalty for the kernel to the loss. The default is none.
	KernelRegularizer regularizer.Regularizer `keras:"kernel_regularizer"`
	// BiasRegularizer adds a penalty for the bias to the loss. The default is none.
	BiasRegularizer regularizer.Regularizer `keras:"bias_regularizer"`
	// ActivityRegularizer adds a penalty for the result of the layer to the loss. The default is none.
	ActivityRegularizer regularizer.Regularizer `keras:"activity_regularizer"`
	// KernelConstraint restricts the kernel. The default is none.
	KernelConstraint constraint.Constraint `keras:"kernel_constraint"`
	// BiasConstraint restricts the bias. The default is none.
	BiasConstraint constraint.Constraint `keras:"bias_constraint"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
	_ struct{} `keras:"groups,only=1,omit"` // written by Keras 2
}

// FinalActivation implements Activated.
func (l Conv1DTranspose) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Conv1DTranspose) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	o := op.Conv2DTranspose{Window: rowWindow(l.Kernel, l.Strides, l.Dilation, l.Padding)}
	var extra *Size
	if l.OutputPadding != nil {
		extra = &Size{0, *l.OutputPadding}
	}
	o.Last = [2]int{1, lastSize(o.Window, 1, extra)}
	y := b.Op(o, rows(b, x), rowWeight(b, "kernel", x, weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, l.Kernel, l.Filters, x.Shape[2]))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Filters))
	}
	return endRows(b, l.Activation, l.ActivityRegularizer, y)
}

func (l Conv1DTranspose) check() error {
	if err := checkSteps(l.Strides, l.Dilation); err != nil || l.OutputPadding == nil {
		return err
	}
	return checkOutputPadding(*l.OutputPadding, l.Kernel, l.Strides, l.Dilation, l.Padding)
}
