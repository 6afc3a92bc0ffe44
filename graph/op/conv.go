package op

import "fmt"

// Conv2D is the cross-correlation of images (n, height, width, channels) with a filter (height,
// width, channels/Groups, output channels): Keras' Conv2D without bias and activation. Groups is
// the number of equal ranges into which input channels and output channels are divided. Each range
// of output channels depends on one range of input channels only. 0 means one group.
//
// The weights of a convolution are the filter; the layer's variable is called kernel, as in Keras.
type Conv2D struct {
	Window
	Groups int
}

// Conv2DGradInput is the gradient of Conv2D with respect to the images. Operands: the
// filter, the gradient of the result, and the images, of which only the shape is used.
type Conv2DGradInput struct {
	Window
	Groups int
}

// Conv2DGradFilter is the gradient of Conv2D with respect to the filter. Operands:
// the images, the gradient of the result, and the filter, of which only the shape is used.
type Conv2DGradFilter struct {
	Window
	Groups int
}

// Name implements Op.
func (Conv2D) Name() string { return "Conv2D" }

// Name implements Op.
func (Conv2DGradInput) Name() string { return "Conv2DGradInput" }

// Name implements Op.
func (Conv2DGradFilter) Name() string { return "Conv2DGradFilter" }

// Attributes prints the op's attributes.
func (o Conv2D) Attributes() string {
	s := o.Window.Attributes()
	if o.Groups > 1 {
		s += fmt.Sprintf(" groups %d", o.Groups)
	}
	return s
}

// Attributes prints the op's attributes.
func (o Conv2DGradInput) Attributes() string { return Conv2D(o).Attributes() }

// Attributes prints the op's attributes.
func (o Conv2DGradFilter) Attributes() string { return Conv2D(o).Attributes() }

// ShapeOnly implements op.ShapeOnly.
func (Conv2DGradInput) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (Conv2DGradFilter) ShapeOnly(i int) bool { return i == 2 }

func (o Conv2D) types(x, w Type) (Type, error) {
	if err := o.imagesAndFilter(x, w); err != nil {
		return Type{}, err
	}
	switch groups := max(o.Groups, 1); {
	case o.Groups < 0:
		return Type{}, fmt.Errorf("%d groups, want at least 1", o.Groups)
	case x.Shape[3]%groups != 0 || w.Shape[3]%groups != 0:
		return Type{}, fmt.Errorf("%d input channels and %d output channels in %d groups: want multiples of the number of groups", x.Shape[3], w.Shape[3], groups)
	case x.Shape[3]/groups != w.Shape[2] && groups > 1:
		return Type{}, fmt.Errorf("images have %d channels in %d groups, but the filter takes %d in each group", x.Shape[3], groups, w.Shape[2])
	case x.Shape[3]/groups != w.Shape[2]:
		return Type{}, fmt.Errorf("images have %d channels, but the filter takes %d", x.Shape[3], w.Shape[2])
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
func (o Conv2DGradInput) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	return one(in[2]), Conv2D(o).checkGrad(in[2], in[0], in[1])
}

// Infer implements Op.
func (o Conv2DGradFilter) Infer(in []Type) ([]Type, error) {
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
	return wantGradient(y, dy)
}

// imagesAndFilter checks the operands of a convolution, except for their channels.
func (w Window) imagesAndFilter(x, filter Type) error {
	if err := wantRank("images", x, 4); err != nil {
		return err
	}
	if err := wantRank("filter", filter, 4); err != nil {
		return err
	}
	if x.DType != filter.DType {
		return fmt.Errorf("images are %v and the filter is %v, want one type", x.DType, filter.DType)
	}
	if filter.Shape[0] != w.Size[0] || filter.Shape[1] != w.Size[1] {
		return fmt.Errorf("filter has shape %v, want height and width %v", filter.Shape, w.Size)
	}
	return nil
}

func wantGradient(y, dy Type) error {
	if _, ok := unify(y.Shape, dy.Shape); !ok || y.DType != dy.DType {
		return fmt.Errorf("gradient is %v, want %v", dy, y)
	}
	return nil
}
