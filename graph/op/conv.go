package op

import "fmt"

// Conv2D is the cross-correlation of images (n, height, width, channels) with a kernel
// (height, width, channels, filters): Keras' Conv2D without bias and activation.
type Conv2D struct{ Window }

// Conv2DBackwardData is the gradient of Conv2D with respect to the images. Operands: the
// kernel, the gradient of the result, and the images, of which only the shape is used.
type Conv2DBackwardData struct{ Window }

// Conv2DBackwardFilter is the gradient of Conv2D with respect to the kernel. Operands:
// the images, the gradient of the result, and the kernel, of which only the shape is used.
type Conv2DBackwardFilter struct{ Window }

// Name implements Op.
func (Conv2D) Name() string { return "Conv2D" }

// Name implements Op.
func (Conv2DBackwardData) Name() string { return "Conv2DBackwardData" }

// Name implements Op.
func (Conv2DBackwardFilter) Name() string { return "Conv2DBackwardFilter" }

// ShapeOnly implements op.ShapeOnly.
func (Conv2DBackwardData) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (Conv2DBackwardFilter) ShapeOnly(i int) bool { return i == 2 }

func (o Conv2D) types(x, w Type) (Type, error) {
	if err := wantRank("images", x, 4); err != nil {
		return Type{}, err
	}
	if err := wantRank("kernel", w, 4); err != nil {
		return Type{}, err
	}
	if x.DType != w.DType {
		return Type{}, fmt.Errorf("images are %v and the kernel %v, want one type", x.DType, w.DType)
	}
	if w.Shape[0] != o.Size[0] || w.Shape[1] != o.Size[1] {
		return Type{}, fmt.Errorf("kernel has shape %v, want %v", w.Shape, o.Size)
	}
	if x.Shape[3] != w.Shape[2] {
		return Type{}, fmt.Errorf("images have %d channels, the kernel %d", x.Shape[3], w.Shape[2])
	}
	s, err := o.out(x.Shape, w.Shape[3])
	return Type{x.DType, s}, err
}

// Infer implements Op.
func (o Conv2D) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	y, err := o.types(in[0], in[1])
	return one(y), err
}

// Infer implements Op.
func (o Conv2DBackwardData) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	return one(in[2]), Conv2D(o).checkGrad(in[2], in[0], in[1])
}

// Infer implements Op.
func (o Conv2DBackwardFilter) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	return one(in[2]), Conv2D(o).checkGrad(in[0], in[2], in[1])
}

func (o Conv2D) checkGrad(x, w, dy Type) error {
	y, err := o.types(x, w)
	if err != nil {
		return err
	}
	if _, ok := unify(y.Shape, dy.Shape); !ok || y.DType != dy.DType {
		return fmt.Errorf("gradient is %v, want %v", dy, y)
	}
	return nil
}
