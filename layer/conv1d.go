package layer

import (
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
)

// Conv1D convolves sequences with learned kernels (keras.layers.Conv1D). For a sequence x, padded
// according to Padding, with the strides s and the dilation d, the result at step i of filter f is:
//
//	y[i,f] = Activation(bias[f] + sum over u, c of x[i*s + u*d, c] * kernel[u,c,f])
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, new steps, Filters); see Padding for the new number of steps. With Causal it is
// that of Same.
//
// Weights: kernel (Kernel, channels/Groups, Filters) and bias (Filters).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// sequences with a known number of channels, the window does not fit into the sequence, or both
// Strides and Dilation are larger than 1. Groups must divide both the number of channels and Filters.
//
// Source: Waibel et al., 1989 (Phoneme recognition using time-delay neural networks). Causal padding is
// from van den Oord et al., 2016 (WaveNet, arXiv:1609.03499).
type Conv1D struct {
	// Filters is the number of filters. Each filter gives one output channel. Required. At least 1.
	Filters int `keras:"filters,required,count"`
	// Kernel is the length of the window, in steps. Required. At least 1.
	Kernel int `keras:"kernel_size,required,count,tuple"`
	// Strides is the distance between windows, in steps. At least 1. The default is 1.
	Strides int `keras:"strides,default=1,count,tuple"`
	// Padding is Valid, Same or Causal. Causal pads at the start only, so that a result depends on no step
	// after its own. The default is Valid.
	Padding Padding `keras:"padding,oneof=valid|same|causal"`
	// Dilation is the distance between neighboring steps of the window. At least 1. The default is 1.
	Dilation int `keras:"dilation_rate,default=1,count,tuple"`
	// Groups is the number of groups into which channels and filters are split. Each group of
	// filters is applied to its own group of channels only. At least 1. The default is 1.
	Groups int `keras:"groups,default=1,count"`
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
}

// Causal is a padding of Conv1D: see there.
const Causal = op.Causal

// FinalActivation implements Activated.
func (l Conv1D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Conv1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	o := op.Conv2D{Window: rowWindow(l.Kernel, l.Strides, l.Dilation, l.Padding), Groups: l.Groups}
	if !wantFitSteps(b, "kernel", "a smaller kernel", o.Window, x) {
		return b.Invalid()
	}
	in := x.Shape[2]
	if in%o.Groups != 0 {
		return b.Errorf("got %d channels, want a multiple of Groups, which is %d", in, o.Groups)
	}
	y := b.Op(o, rows(b, x), rowWeight(b, "kernel", x, weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, l.Kernel, in/o.Groups, l.Filters))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Filters))
	}
	return endRows(b, l.Activation, l.ActivityRegularizer, y)
}

func (l Conv1D) check() error {
	return checkGroups(l.Filters, l.Groups, checkSteps(l.Strides, l.Dilation))
}
