package layer

import (
	"errors"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// Conv2D convolves images with learned kernels (keras.layers.Conv2D). For an image x, padded if
// Padding is Same, with the strides s and the dilation d, the result at pixel (i, j) of filter f
// is:
//
//	y[i,j,f] = Activation(bias[f] + sum over u, v, c of
//	           x[i*s[0] + u*d[0], j*s[1] + v*d[1], c] * kernel[u,v,c,f])
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, new height, new width, Filters); see Padding for the new sizes.
//
// Weights: kernel (Kernel[0], Kernel[1], channels/Groups, Filters) and bias (Filters).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// images with a known number of channels, the window does not fit into the image, or both
// Strides and Dilation are larger than 1.
// Groups must divide both the number of channels and Filters.
//
// Source: LeCun et al., 1989 (Backpropagation applied to handwritten zip code recognition).
// Dilation is from Yu and Koltun, 2016 (arXiv:1511.07122), groups from Krizhevsky et al., 2012.
type Conv2D struct {
	// Filters is the number of filters. Each filter gives one output channel. Required. At least 1.
	Filters int `keras:"filters,required,count"`
	// Kernel is the height and width of the window, in pixels. Required. Each at least 1.
	Kernel Size `keras:"kernel_size,required,count"`
	// Strides is the step between windows, in pixels. Each at least 1. The default is 1x1.
	Strides Size `keras:"strides,default=1,count"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// Dilation is the distance between neighboring pixels of the window. Each at least 1. The
	// default is 1x1.
	Dilation Size `keras:"dilation_rate,default=1,count"`
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

// FinalActivation implements Activated.
func (l Conv2D) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Conv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	o := op.Conv2D{Window: window(l.Kernel, l.Strides, l.Dilation, l.Padding), Groups: l.Groups}
	if !wantFit(b, "kernel", "a smaller kernel", o.Window, x) {
		return b.Invalid()
	}
	in := x.Shape[3]
	if in%o.Groups != 0 {
		return b.Errorf("got %d channels, want a multiple of Groups, which is %d", in, o.Groups)
	}
	y := b.Op(o, x, weight(b, "kernel", x, weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, l.Kernel[0], l.Kernel[1], in/o.Groups, l.Filters))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Filters))
	}
	return regularizeActivity(b, l.ActivityRegularizer, activate(b, l.Activation, y))
}

func (l Conv2D) check() error {
	return checkGroups(l.Filters, l.Groups, checkStrides(l.Strides, l.Dilation))
}

// checkGroups adds a mistake in the number of groups of a convolution to err.
func checkGroups(filters, groups int, err error) error {
	if groups > 1 && filters%groups != 0 {
		return errors.Join(err, wrongf("Filters is %d, want a multiple of Groups, which is %d", filters, groups))
	}
	return err
}

// window returns the window of a convolution or a pool.
func window(kernel, strides, dilation Size, p Padding) op.Window {
	return op.Window{Size: kernel, Stride: strides, Dilation: dilation, Padding: p}
}

// checkStrides returns an error for a convolution with both strides and dilation. Keras has the
// same limit for Conv2D, and had it for depthwise convolutions in Keras 3.0.
func checkStrides(strides, dilation Size) error {
	one := func(s Size) bool { return s == Size{} || s == Size{1, 1} }
	if !one(strides) && !one(dilation) {
		return wrongf("Strides is %v and Dilation %v: one of them must be 1x1", strides, dilation)
	}
	return nil
}

// wantImages checks that x is a batch of images of floating-point numbers with a known number of
// channels.
func wantImages(b *graph.Builder, x *graph.Value) bool {
	if !wantFloat(b, x) {
		return false
	}
	hint := ""
	switch {
	case x.Rank() == 4 && x.Shape[3] != tensor.Unknown:
		return true
	case x.Rank() == 4:
		hint = ", with a known number of channels"
	case x.Rank() == 3:
		hint = "; gray images have 1 channel: (batch, height, width, 1)"
	case x.Rank() == 2:
		hint = "; layers for images come before Flatten and Dense"
	}
	b.Errorf("got shape %v, want (batch, height, width, channels)%s", x.Shape, hint)
	return false
}

// wantFit checks that a window fits into the images of x. smaller is a suggestion for the message.
func wantFit(b *graph.Builder, what, smaller string, w op.Window, x *graph.Value) bool {
	if w.Out(0, x.Shape[1]) != 0 && w.Out(1, x.Shape[2]) != 0 {
		return true
	}
	dilated := ""
	if w.Dilation != [2]int{1, 1} {
		dilated = " dilated"
	}
	size := func(n int) any {
		if n == tensor.Unknown {
			return "None"
		}
		return n
	}
	b.Errorf("a %dx%d%s %s does not fit into an image of %vx%v; use padding same, %s or larger images",
		w.Span(0), w.Span(1), dilated, what, size(x.Shape[1]), size(x.Shape[2]), smaller)
	return false
}
