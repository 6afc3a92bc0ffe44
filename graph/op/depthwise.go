package op

import "fmt"

// DepthwiseConv2D is the cross-correlation of each channel of images (n, height, width,
// channels) with its own part of a filter (height, width, channels, multiplier): Keras'
// DepthwiseConv2D without bias and activation. Output channel c*multiplier+m is input channel
// c filtered by filter[:, :, c, m].
type DepthwiseConv2D struct{ Window }

// DepthwiseConv2DGradInput is the gradient of DepthwiseConv2D with respect to the images.
// Operands: the filter, the gradient of the result, and the images, of which only the shape
// is used.
type DepthwiseConv2DGradInput struct{ Window }

// DepthwiseConv2DGradFilter is the gradient of DepthwiseConv2D with respect to the filter.
// Operands: the images, the gradient of the result, and the filter, of which only the shape is
// used.
type DepthwiseConv2DGradFilter struct{ Window }

// Name implements Op.
func (DepthwiseConv2D) Name() string { return "DepthwiseConv2D" }

// Name implements Op.
func (DepthwiseConv2DGradInput) Name() string { return "DepthwiseConv2DGradInput" }

// Name implements Op.
func (DepthwiseConv2DGradFilter) Name() string { return "DepthwiseConv2DGradFilter" }

// ShapeOnly implements op.ShapeOnly.
func (DepthwiseConv2DGradInput) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (DepthwiseConv2DGradFilter) ShapeOnly(i int) bool { return i == 2 }

func (o DepthwiseConv2D) types(x, w Type) (Type, error) {
	if err := o.imagesAndFilter(x, w); err != nil {
		return Type{}, err
	}
	if x.Shape[3] != w.Shape[2] {
		return Type{}, fmt.Errorf("images have %d channels, but the filter takes %d", x.Shape[3], w.Shape[2])
	}
	s, err := o.out(x.Shape, w.Shape[2]*w.Shape[3])
	return Type{x.DType, s}, err
}

// Infer implements Op.
func (o DepthwiseConv2D) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	y, err := o.types(in[0], in[1])
	return one(y), err
}

// Infer implements Op.
func (o DepthwiseConv2DGradInput) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	return one(in[2]), DepthwiseConv2D(o).checkGrad(in[2], in[0], in[1])
}

// Infer implements Op.
func (o DepthwiseConv2DGradFilter) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	return one(in[2]), DepthwiseConv2D(o).checkGrad(in[0], in[2], in[1])
}

func (o DepthwiseConv2D) checkGrad(x, w, dy Type) error {
	y, err := o.types(x, w)
	if err != nil {
		return err
	}
	return wantGradient(y, dy)
}
