package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Padding says how an image is padded at its borders for a sliding window.
type Padding uint8

// Valid and Same are Keras' paddings: Valid is no padding, and Same pads so that the result has
// ceil(size/stride) positions along an axis. If Same needs an odd number of pixels, the extra pixel
// is at the bottom or on the right, as in TensorFlow. Explicit pads by Window.Pads, as a
// ZeroPadding2D layer does. Causal, which only Conv1D has in Keras, pads before the first pixel of an
// axis, so that a result depends on no pixel after its own.
const (
	Valid Padding = iota
	Same
	Explicit
	Causal
)

// String returns "valid", "same", "explicit" or "causal".
func (p Padding) String() string {
	switch p {
	case Same:
		return "same"
	case Causal:
		return "causal"
	case Explicit:
		return "explicit"
	}
	return "valid"
}

// Window describes a window that slides over the height and the width of an image. Size, Stride
// and Dilation are (height, width), in pixels, and each at least 1. Pads is ((top, bottom), (left,
// right)), in pixels, for Explicit padding; with another Padding it must be zero.
type Window struct {
	Size, Stride, Dilation [2]int
	Padding                Padding
	Pads                   [2][2]int
}

// Span returns the extent of the window along an axis (0: height, 1: width), in pixels:
// (size-1)*dilation + 1.
func (w Window) Span(axis int) int { return (w.Size[axis]-1)*w.Dilation[axis] + 1 }

// Out returns the number of positions of the window along an axis of n pixels. It is Unknown if n
// is, and 0 if the window does not fit.
func (w Window) Out(axis, n int) int {
	if n == tensor.Unknown {
		return n
	}
	if w.Padding == Same {
		return (n + w.Stride[axis] - 1) / w.Stride[axis]
	}
	n += w.Before(axis, n) + w.Pads[axis][1]
	if n < w.Span(axis) {
		return 0
	}
	return (n-w.Span(axis))/w.Stride[axis] + 1
}

// Before returns the number of padding pixels before the first pixel of an axis of n pixels.
func (w Window) Before(axis, n int) int {
	switch w.Padding {
	case Same:
	case Causal:
		return w.Span(axis) - 1
	default:
		return w.Pads[axis][0]
	}
	return max(0, (w.Out(axis, n)-1)*w.Stride[axis]+w.Span(axis)-n) / 2
}

func (w Window) check() error {
	for a := range 2 {
		if w.Size[a] < 1 || w.Stride[a] < 1 || w.Dilation[a] < 1 {
			return fmt.Errorf("window size %v, stride %v, dilation %v: want at least 1 each", w.Size, w.Stride, w.Dilation)
		}
	}
	if w.Padding > Causal {
		return fmt.Errorf("padding is %d, want one of the four kinds", uint8(w.Padding))
	}
	for _, p := range w.Pads {
		if p[0] < 0 || p[1] < 0 {
			return fmt.Errorf("pads %v: want at least 0", w.Pads)
		}
	}
	if w.Padding != Explicit && w.Pads != [2][2]int{} {
		return fmt.Errorf("pads %v with padding %q: want none", w.Pads, w.Padding)
	}
	if w.Stride != [2]int{1, 1} && w.Dilation != [2]int{1, 1} {
		return fmt.Errorf("stride %v with dilation %v: one of them must be 1", w.Stride, w.Dilation)
	}
	return nil
}

// out infers the shape (n, height, width, channels) of a window's results over x.
func (w Window) out(x tensor.Shape, channels int) (tensor.Shape, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	s := tensor.Shape{x[0], w.Out(0, x[1]), w.Out(1, x[2]), channels}
	if s[1] == 0 || s[2] == 0 {
		return nil, fmt.Errorf("a window of %dx%d does not fit into an image of %dx%d", w.Span(0), w.Span(1), x[1], x[2])
	}
	return s, nil
}
