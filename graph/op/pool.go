package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// MaxPool2D is the maximum of each window in each channel; padding counts as -Inf. The second
// result, argmax, is a Uint8 of the same shape: the position of the maximum in its window,
// row*width + column. If several elements are equal, it is the position of the first. A window has
// at most 255 elements.
type MaxPool2D struct{ Window }

// MaxPool2DGrad is the gradient of MaxPool2D. Operands: the gradient of the result, argmax, and
// the images, of which only the shape is used.
type MaxPool2DGrad struct{ Window }

// AveragePool2D is the mean of each window in each channel; padding does not count.
type AveragePool2D struct{ Window }

// AveragePool2DGrad is the gradient of AveragePool2D. Operands: the gradient of the result, and
// the images, of which only the shape is used.
type AveragePool2DGrad struct{ Window }

// Name implements Op.
func (MaxPool2D) Name() string { return "MaxPool2D" }

// Name implements Op.
func (MaxPool2DGrad) Name() string { return "MaxPool2DGrad" }

// Name implements Op.
func (AveragePool2D) Name() string { return "AveragePool2D" }

// Name implements Op.
func (AveragePool2DGrad) Name() string { return "AveragePool2DGrad" }

// ShapeOnly implements op.ShapeOnly.
func (MaxPool2DGrad) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (AveragePool2DGrad) ShapeOnly(i int) bool { return i == 1 }

func (w Window) pooled(x Type) (Type, error) {
	if err := wantRank("images", x, 4); err != nil {
		return Type{}, err
	}
	if err := wantFloat("images", x); err != nil {
		return Type{}, err
	}
	if w.Dilation != [2]int{1, 1} {
		return Type{}, fmt.Errorf("dilation is %v, but pooling has no dilation", w.Dilation)
	}
	for a, p := range w.Pads {
		if p[0] >= w.Size[a] || p[1] >= w.Size[a] {
			return Type{}, fmt.Errorf("pads %v of a window of %dx%d: want pads smaller than the window, so that each window contains a pixel", w.Pads, w.Size[0], w.Size[1])
		}
	}
	s, err := w.out(x.Shape, x.Shape[3])
	return Type{x.DType, s}, err
}

func (w Window) checkPoolGrad(x, dy Type) error {
	y, err := w.pooled(x)
	if err != nil {
		return err
	}
	if _, ok := unify(y.Shape, dy.Shape); !ok {
		return fmt.Errorf("gradient has shape %v, want %v", dy.Shape, y.Shape)
	}
	return nil
}

// Infer implements Op.
func (o MaxPool2D) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if n := o.Size[0] * o.Size[1]; n > 255 {
		return nil, fmt.Errorf("a window of %dx%d has %d elements, want at most 255", o.Size[0], o.Size[1], n)
	}
	y, err := o.pooled(in[0])
	return []Type{y, {tensor.Uint8, y.Shape}}, err
}

// Infer implements Op.
func (o MaxPool2DGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	if in[1].DType != tensor.Uint8 {
		return nil, fmt.Errorf("argmax is %v, want uint8", in[1].DType)
	}
	return one(in[2]), o.checkPoolGrad(in[2], in[0])
}

// Infer implements Op.
func (o AveragePool2D) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	y, err := o.pooled(in[0])
	return one(y), err
}

// Infer implements Op.
func (o AveragePool2DGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	return one(in[1]), o.checkPoolGrad(in[1], in[0])
}
