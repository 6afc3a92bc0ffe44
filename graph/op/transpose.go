package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Conv2DTranspose is the transposed convolution of images (n, height, width, channels) with a filter
// (height, width, output channels, channels): the gradient with respect to its images of a Conv2D with
// the same window and filter. An axis of n pixels becomes one of (n-1)*Stride + Last pixels.
//
// A result of size Last must have room for one position of the window.
type Conv2DTranspose struct {
	Window
	Last [2]int
}

// Name implements Op.
func (Conv2DTranspose) Name() string { return "Conv2DTranspose" }

// Attributes prints the op's attributes.
func (o Conv2DTranspose) Attributes() string {
	return o.Window.Attributes() + fmt.Sprintf(" last %dx%d", o.Last[0], o.Last[1])
}

// Out returns the size of the result along an axis (0: height, 1: width) for n pixels. It is Unknown if
// n is.
func (o Conv2DTranspose) Out(axis, n int) int {
	if n == tensor.Unknown {
		return n
	}
	return (n-1)*o.Stride[axis] + o.Last[axis]
}

// Infer implements Op.
func (o Conv2DTranspose) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	x, filter := in[0], in[1]
	if err := wantRank("images", x, 4); err != nil {
		return nil, err
	}
	if err := wantRank("filter", filter, 4); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	y := Type{x.DType, tensor.Shape{x.Shape[0], 0, 0, filter.Shape[2]}}
	for a := range 2 {
		if o.Last[a] < 1 || o.Window.Out(a, o.Last[a]) != 1 {
			return nil, fmt.Errorf("a window of %dx%d with stride %v has not one position in %v pixels", o.Span(0), o.Span(1), o.Stride, o.Last)
		}
		y.Shape[1+a] = o.Out(a, x.Shape[1+a])
	}
	return one(y), Conv2D{Window: o.Window}.checkGrad(y, filter, x)
}
