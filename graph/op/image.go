package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Fill says which pixel stands outside an image.
type Fill string

// The kinds of Fill, for an image with the columns abcd.
const (
	FillConstant Fill = "constant" // kkkk|abcd|kkkk, where k is a given number
	FillNearest  Fill = "nearest"  // aaaa|abcd|dddd
	FillReflect  Fill = "reflect"  // dcba|abcd|dcba
	FillWrap     Fill = "wrap"     // abcd|abcd|abcd
)

// Sampling says how the value of an image between its pixels is found.
type Sampling struct {
	Nearest bool    // take the nearest pixel; otherwise interpolate linearly between the four around the point
	Fill    Fill    // the pixels outside the image
	Value   float64 // the pixels outside the image if Fill is FillConstant
}

func (s Sampling) valid() error {
	switch s.Fill {
	case FillConstant, FillNearest, FillReflect, FillWrap:
		return nil
	}
	return fmt.Errorf("fill is %q, want constant, nearest, reflect or wrap", string(s.Fill))
}

// ProjectiveTransform moves the pixels of images, as TensorFlow's ImageProjectiveTransformV3 does. Operands: images, and eight
// numbers a0 a1 a2 b0 b1 b2 c0 c1 for each image, of shape (batch, 8), or (1, 8) for all images. The result's pixel (x, y) is the operand's value at
//
//	((a0*x + a1*y + a2)/k, (b0*x + b1*y + b2)/k)   k = c0*x + c1*y + 1
//
// A point that is more than 2^24 pixels away has the value Sampling.Value.
type ProjectiveTransform struct {
	Sampling
	Size [2]int // height and width of the result; 0 means the operand's
}

// ProjectiveTransformGrad is the gradient of ProjectiveTransform by the images. Operands: the gradient of the result, the
// transforms, and the images, of which only the shape is used. The transforms have no gradient.
type ProjectiveTransformGrad struct{ ProjectiveTransform }

// MapCoordinates takes the values of images at given points, as keras.ops.image.map_coordinates does. Operands: images
// (batch, height, width, channels), and the points (batch, rows, columns, 2), of which each is a row and a column in its image.
// The result has shape (batch, rows, columns, channels). Fill is applied to the pixels between which the value is
// interpolated. FillReflect differs from ProjectiveTransform's before the first pixel, as in Keras: dcb|abcd|dcba.
type MapCoordinates struct{ Sampling }

// MapCoordinatesGrad is the gradient of MapCoordinates by the images. Operands: the gradient of the result, the points, and the
// images, of which only the shape is used. The points have no gradient.
type MapCoordinatesGrad struct{ MapCoordinates }

// Index counts along dimension Axis of the operand, of which only the shape is used: 0, 1, 2, ... The other dimensions of the
// result have size 1. The operand is floating-point.
type Index struct{ Axis int }

// Homography computes the transforms that ProjectiveTransform needs to move four points of each image. Operands: the points
// before and after the move, each of shape (batch, 4, 2), a column and a row each. The result has shape (batch, 8). It maps a
// point after the move to the point before it.
type Homography struct{}

// EqualizeHistogram maps the numbers of each channel, from 0 to 255, so that their distribution over all images of the batch is as
// even as Bins classes allow (keras.layers.Equalization). With the number n(i) of pixels in classes up to i and the
// number n0 in the first class that is not empty, a number v becomes
//
//	round(255*(n(i)-n0)/(n(Bins-1)-n0))   i = floor(v/255*(Bins-1))
//
// A channel with only one class does not change.
type EqualizeHistogram struct{ Bins int }

// LocalEqualization maps the numbers of each channel of each image, from 0 to 255, so that their distribution in each of Grid tiles is
// more even: contrast limited adaptive histogram equalization (Zuiderveld, 1994), as in
// keras.layers.ContrastLimitedAdaptiveHistogramEqualization. The histogram of a tile has 256 classes. What exceeds Limit
// times the mean class, if Limit is above 0, is distributed over all classes. A pixel is mapped by the histograms of the four
// tiles around it, between which it is interpolated linearly.
type LocalEqualization struct {
	Limit float64
	Grid  [2]int
}

// Name implements Op.
func (ProjectiveTransform) Name() string { return "ProjectiveTransform" }

// Name implements Op.
func (ProjectiveTransformGrad) Name() string { return "ProjectiveTransformGrad" }

// Name implements Op.
func (MapCoordinates) Name() string { return "MapCoordinates" }

// Name implements Op.
func (MapCoordinatesGrad) Name() string { return "MapCoordinatesGrad" }

// Name implements Op.
func (Index) Name() string { return "Index" }

// Name implements Op.
func (Homography) Name() string { return "Homography" }

// Name implements Op.
func (EqualizeHistogram) Name() string { return "EqualizeHistogram" }

// Name implements Op.
func (LocalEqualization) Name() string { return "LocalEqualization" }

// ShapeOnly implements op.ShapeOnly.
func (ProjectiveTransformGrad) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (MapCoordinatesGrad) ShapeOnly(i int) bool { return i == 2 }

// ShapeOnly implements op.ShapeOnly.
func (Index) ShapeOnly(int) bool { return true }

// Infer implements Op.
func (o ProjectiveTransform) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if err := o.valid(); err != nil {
		return nil, err
	}
	if err := wantTransforms(in[0], in[1]); err != nil {
		return nil, err
	}
	s := in[0].Shape.Clone()
	for i, n := range o.Size {
		if n < 0 {
			return nil, fmt.Errorf("size is %v, want at least 0", o.Size)
		}
		if n > 0 {
			s[1+i] = n
		}
	}
	return one(Type{in[0].DType, s}), nil
}

// wantTransforms checks images and the numbers of their transforms.
func wantTransforms(images, transforms Type) error {
	if err := wantImages(images); err != nil {
		return err
	}
	s := transforms.Shape
	if len(s) == 2 && (s[0] == 1 || compatible(images.Shape[0], s[0])) && s[1] == 8 && transforms.DType == images.DType {
		return nil
	}
	return fmt.Errorf("transforms are %v for images %v, want %v (batch, 8)", transforms, images, images.DType)
}

func wantImages(t Type) error {
	if err := wantRank("operand", t, 4); err != nil {
		return err
	}
	return wantFloat("operand", t)
}

// Infer implements Op.
func (o ProjectiveTransformGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	y, err := o.ProjectiveTransform.Infer([]Type{in[2], in[1]})
	if err != nil {
		return nil, err
	}
	return one(in[2]), wantGradient(y[0], in[0])
}

// Infer implements Op.
func (o MapCoordinates) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if err := o.valid(); err != nil {
		return nil, err
	}
	if err := wantImages(in[0]); err != nil {
		return nil, err
	}
	x, at := in[0].Shape, in[1].Shape
	if len(at) != 4 || at[3] != 2 || !compatible(x[0], at[0]) || in[1].DType != in[0].DType {
		return nil, fmt.Errorf("points are %v for images %v, want %v (batch, rows, columns, 2)", in[1], in[0], in[0].DType)
	}
	return one(Type{in[0].DType, tensor.Shape{known(x[0], at[0]), at[1], at[2], x[3]}}), nil
}

// Infer implements Op.
func (o MapCoordinatesGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	y, err := o.MapCoordinates.Infer([]Type{in[2], in[1]})
	if err != nil {
		return nil, err
	}
	return one(in[2]), wantGradient(y[0], in[0])
}

// Infer implements Op.
func (o Index) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis >= in[0].Rank() {
		return nil, fmt.Errorf("shape %v has no axis %d", in[0].Shape, o.Axis)
	}
	s := make(tensor.Shape, in[0].Rank())
	for i := range s {
		s[i] = 1
	}
	s[o.Axis] = in[0].Shape[o.Axis]
	return one(Type{in[0].DType, s}), wantFloat("operand", in[0])
}

// Infer implements Op.
func (Homography) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	s, ok := unify(in[0].Shape, in[1].Shape)
	if !ok || len(s) != 3 || s[1] != 4 || s[2] != 2 || in[0].DType != in[1].DType {
		return nil, fmt.Errorf("points are %v and %v, want (batch, 4, 2)", in[0], in[1])
	}
	return one(Type{in[0].DType, tensor.Shape{s[0], 8}}), wantFloat("operand", in[0])
}

// Infer implements Op.
func (o EqualizeHistogram) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if o.Bins < 1 {
		return nil, fmt.Errorf("bins is %d, want at least 1", o.Bins)
	}
	return one(in[0]), wantImages(in[0])
}

// Infer implements Op.
func (o LocalEqualization) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if err := wantImages(in[0]); err != nil {
		return nil, err
	}
	for d, tiles := range o.Grid {
		if tiles < 1 {
			return nil, fmt.Errorf("grid is %v, want at least 1", o.Grid)
		}
		n := in[0].Shape[1+d]
		if n == tensor.Unknown {
			continue
		}
		// The last tiles are completed by a reflection of the image.
		if missing := (n+tiles-1)/tiles*tiles - n; missing > n {
			return nil, fmt.Errorf("a grid of %v tiles does not fit into images of shape %v", o.Grid, in[0].Shape)
		}
	}
	return one(in[0]), nil
}
