package op

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/tensor"
)

// AdaptiveMaxPool2D is the maximum in each channel of Size[0] x Size[1] windows that cover an image. Adaptive
// gives the windows. The second result, argmax, is an Int32 of the same shape: the position of the
// maximum in the image, row*width + column. If several elements are equal, it is the one in the first
// column, and there in the first row.
type AdaptiveMaxPool2D struct{ Size [2]int }

// AdaptiveMaxPool2DGrad is the gradient of AdaptiveMaxPool2D. Operands: the gradient of the result,
// argmax, and the images, of which only the shape is used.
type AdaptiveMaxPool2DGrad struct{ Size [2]int }

// Name implements Op.
func (AdaptiveMaxPool2D) Name() string { return "AdaptiveMaxPool2D" }

// Name implements Op.
func (AdaptiveMaxPool2DGrad) Name() string { return "AdaptiveMaxPool2DGrad" }

// ShapeOnly implements op.ShapeOnly.
func (AdaptiveMaxPool2DGrad) ShapeOnly(i int) bool { return i == 2 }

// Infer implements Op.
func (o AdaptiveMaxPool2D) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	y, err := Resize{Size: o.Size}.resized(in[0])
	if err != nil {
		return nil, err
	}
	if s := in[0].Shape; max(s[1], 1)*max(s[2], 1) > math.MaxInt32 {
		return nil, fmt.Errorf("images of %dx%d are too large", s[1], s[2])
	}
	return []Type{y, {tensor.Int32, y.Shape}}, nil
}

// Infer implements Op.
func (o AdaptiveMaxPool2DGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	if in[1].DType != tensor.Int32 {
		return nil, fmt.Errorf("argmax is %v, want int32", in[1].DType)
	}
	y, err := Resize{Size: o.Size}.resized(in[2])
	if err != nil {
		return nil, err
	}
	return one(in[2]), wantGradient(y, in[0])
}
