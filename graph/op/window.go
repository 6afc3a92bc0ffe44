package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Padding says what lies beyond the borders of an image under a sliding window.
type Padding uint8

// The paddings of Keras, and Explicit, which pads by Window.Pads; Keras has ZeroPadding2D layers
// for that. Same pads as TensorFlow does: so much that the result has ceil(size/stride)
// positions, the odd one at the end.
const (
	Valid Padding = iota
	Same
	Explicit
)

// String is Keras' word, where it has one.
func (p Padding) String() string {
	switch p {
	case Same:
		return "same"
	case Explicit:
		return "explicit"
	}
	return "valid"
}

// Window slides over the height and the width of an image. Sizes, strides and dilations
// are (height, width); Stride and Dilation are at least 1. Pads, ((top, bottom), (left, right)) in
// pixels, is for Explicit padding; with another Padding it must be zero.
type Window struct {
	Size, Stride, Dilation [2]int
	Padding                Padding
	Pads                   [2][2]int
}

// Span is what the window covers along an axis: (size-1)*dilation + 1.
func (w Window) Span(axis int) int { return (w.Size[axis]-1)*w.Dilation[axis] + 1 }

// Out is the number of positions along an axis of n pixels; Unknown for an unknown n, at
// most 0 when the window does not fit.
func (w Window) Out(axis, n int) int {
	if n == tensor.Unknown {
		return n
	}
	if w.Padding == Same {
		return (n + w.Stride[axis] - 1) / w.Stride[axis]
	}
	n += w.Pads[axis][0] + w.Pads[axis][1]
	if n < w.Span(axis) {
		return 0
	}
	return (n-w.Span(axis))/w.Stride[axis] + 1
}

// Before is the padding before the first pixel of an axis of n pixels.
func (w Window) Before(axis, n int) int {
	if w.Padding != Same {
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
