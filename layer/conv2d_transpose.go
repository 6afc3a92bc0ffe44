package layer

import (
	"fmt"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/regularizer"
)

// Conv2DTranspose is the transposed convolution of images with learned kernels
// (keras.layers.Conv2DTranspose): the gradient, with respect to its images, of a convolution with the
// same kernels, strides s, dilation d and padding. With Valid:
//
//	y[i,j,f] = Activation(bias[f] + sum over u, v, c, and over all k, l with k*s[0] + u*d[0] = i and
//	           l*s[1] + v*d[1] = j, of x[k,l,c] * kernel[u,v,f,c])
//
// With Same, y is cut at the top and on the left by half of the number of pixels by which the window is
// larger than the stride.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, new height, new width, Filters). For an axis of n pixels, a window that spans k
// = (Kernel-1)*Dilation+1 pixels, and a stride s, the new size is:
//
//	Same    n*s, or with OutputPadding (n-1)*s + k%2 + OutputPadding
//	Valid   (n-1)*s + max(k, s), or with OutputPadding (n-1)*s + k + OutputPadding
//
// Weights: kernel (Kernel[0], Kernel[1], Filters, channels) and bias (Filters).
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// images with a known number of channels, both Strides and Dilation are larger than 1, or OutputPadding
// does not fit.
//
// Source: Zeiler et al., 2010 (Deconvolutional networks); Dumoulin and Visin, 2016 (arXiv:1603.07285).
type Conv2DTranspose struct {
	// Filters is the number of output channels. Required. At least 1.
	Filters int `keras:"filters,required,count"`
	// Kernel is the height and width of the window, in pixels. Required. Each at least 1.
	Kernel Size `keras:"kernel_size,required,count"`
	// Strides is the distance between the windows of neighboring pixels. Each at least 1. The default is
	// 1x1.
	Strides Size `keras:"strides,default=1,count"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`
	// OutputPadding determines the new size; see above. Each at least 0 and less than Strides. The default,
	// nil, is Keras' None.
	OutputPadding *Size `keras:"output_padding"`
	// Dilation is the distance between neighboring pixels of the window. Each at least 1. The
	// default is 1x1.
	Dilation Size `keras:"dilation_rate,default=1,count"`
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
func (l Conv2DTranspose) FinalActivation() Function { return finalOf(l.Activation) }

// Build implements Layer.
func (l Conv2DTranspose) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	o := op.Conv2DTranspose{Window: window(l.Kernel, l.Strides, l.Dilation, l.Padding)}
	for a := range 2 {
		o.Last[a] = lastSize(o.Window, a, l.OutputPadding)
	}
	y := b.Op(o, x, weight(b, "kernel", x, weightOptions{l.KernelInitializer, l.KernelRegularizer, l.KernelConstraint}, l.Kernel[0], l.Kernel[1], l.Filters, x.Shape[3]))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, weightOptions{l.BiasInitializer, l.BiasRegularizer, l.BiasConstraint}, l.Filters))
	}
	return regularizeActivity(b, l.ActivityRegularizer, activate(b, l.Activation, y))
}

// lastSize returns the size of the result of a transposed convolution for an axis of one pixel.
func lastSize(w op.Window, axis int, extra *Size) int {
	span, stride := w.Span(axis), w.Stride[axis]
	switch {
	case extra == nil && w.Padding == Same:
		return stride
	case extra == nil:
		return max(span, stride)
	case w.Padding == Same:
		return span%2 + extra[axis]
	}
	return span + extra[axis]
}

func (l Conv2DTranspose) check() error {
	if err := checkStrides(l.Strides, l.Dilation); err != nil || l.OutputPadding == nil {
		return err
	}
	for a := range 2 {
		if err := checkOutputPadding(l.OutputPadding[a], l.Kernel[a], l.Strides[a], l.Dilation[a], l.Padding); err != nil {
			return err
		}
	}
	return nil
}

// checkOutputPadding checks a number of OutputPadding. A stride or dilation of 0 stands for 1.
func checkOutputPadding(extra, kernel, stride, dilation int, p Padding) error {
	switch {
	case extra < 0 || extra > maxSize: // reported for the field
		return nil
	case extra >= max(stride, 1):
		return wrongf("OutputPadding is %d for a stride of %d, want less than the stride", extra, max(stride, 1))
	case p == Same && extra == 0 && ((kernel-1)*max(dilation, 1)+1)%2 == 0:
		return wrongf("OutputPadding is 0 with padding same and a window of even size, want at least 1")
	}
	return nil
}

func encodeExtra(s *Size) any { return []int{s[0], s[1]} }

// decodeExtra reads one number for both axes, or a pair.
func decodeExtra(r *config.Reader, key string, v any) (*Size, bool) {
	e, ok := decodeEnds(r, key, v)
	if !ok {
		return nil, false
	}
	s := Size(*e)
	return &s, true
}

func checkExtra(s *Size) error {
	if checkEnds((*Ends)(s)) != nil {
		return fmt.Errorf("got %v, want integers from 0 to %d", *s, maxSize)
	}
	return nil
}
