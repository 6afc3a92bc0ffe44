package op

import (
	"fmt"
	"hash/fnv"

	"github.com/lince-ml/lince/tensor"
)

// Resize resamples images (n, height, width, channels). It is linear and separable: each result is a
// weighted sum over some rows and some columns, whose weights Taps returns.
//
// The new height and width are Size. If Size is zero, they are Scale times those of the images. With the method Given, the
// weights are Given[0] for the rows and Given[1] for the columns, and the other fields are not used.
type Resize struct {
	Size, Scale [2]int
	Method      Resampling
	// Antialias widens the windows of Bilinear, Bicubic and Lanczos when images become smaller, so that
	// each pixel counts. It has no effect on the other methods.
	Antialias bool
	Given     *[2]Taps // for the method Given
}

// ResizeGrad is the gradient of Resize, and its adjoint. Operands: the gradient of the result, and the
// images, of which only the shape is used.
type ResizeGrad struct{ Resize }

// Name implements Op.
func (Resize) Name() string { return "Resize" }

// Name implements Op.
func (ResizeGrad) Name() string { return "ResizeGrad" }

// Attributes prints the op's attributes.
func (o Resize) Attributes() string {
	s := fmt.Sprintf("%s to %dx%d", o.Method, o.Size[0], o.Size[1])
	if o.Method == Given && o.Given != nil {
		hash := fnv.New64a()
		fmt.Fprint(hash, *o.Given)
		return fmt.Sprintf("%s to %dx%d, %x", o.Method, o.Out(0, 0), o.Out(1, 0), hash.Sum64())
	}
	if o.Size == [2]int{} {
		s = fmt.Sprintf("%s by %dx%d", o.Method, o.Scale[0], o.Scale[1])
	}
	if o.Antialias {
		s += " antialias"
	}
	return s
}

// ShapeOnly implements op.ShapeOnly.
func (ResizeGrad) ShapeOnly(i int) bool { return i == 1 }

// Out returns the new size of an axis (0: height, 1: width) of n pixels. It is Unknown if Scale
// determines it and n is unknown.
func (o Resize) Out(axis, n int) int {
	if o.Method == Given {
		return len(o.Given[axis].First)
	}
	if o.Size != [2]int{} {
		return o.Size[axis]
	}
	if n == tensor.Unknown {
		return n
	}
	return n * o.Scale[axis]
}

// Infer implements Op.
func (o Resize) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	y, err := o.resized(in[0])
	return one(y), err
}

// Infer implements Op.
func (o ResizeGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	y, err := o.resized(in[1])
	if err != nil {
		return nil, err
	}
	return one(in[1]), wantGradient(y, in[0])
}

func (o Resize) resized(x Type) (Type, error) {
	if err := wantRank("images", x, 4); err != nil {
		return Type{}, err
	}
	if err := wantFloat("images", x); err != nil {
		return Type{}, err
	}
	if o.Method == Given {
		return o.given(x)
	}
	to := o.Size
	if to == [2]int{} {
		to = o.Scale
	}
	if to[0] < 1 || to[1] < 1 {
		return Type{}, fmt.Errorf("size %v, scale %v: want one of them, and at least 1 each", o.Size, o.Scale)
	}
	if o.Method >= resamplings {
		return Type{}, fmt.Errorf("there is no resampling method %d", o.Method)
	}
	for a := range 2 {
		if x.Shape[1+a] == 0 {
			return Type{}, fmt.Errorf("images have shape %v, want at least one pixel", x.Shape)
		}
	}
	return Type{x.DType, tensor.Shape{x.Shape[0], o.Out(0, x.Shape[1]), o.Out(1, x.Shape[2]), x.Shape[3]}}, nil
}

// given is resized for the method Given.
func (o Resize) given(x Type) (Type, error) {
	if o.Given == nil {
		return Type{}, fmt.Errorf("the method %v has no weights", Given)
	}
	y := x.Shape.Clone()
	for a := range 2 {
		t, n := o.Given[a], x.Shape[1+a]
		if len(t.First) != len(t.Weights) || len(t.First) == 0 {
			return Type{}, fmt.Errorf("got %d positions and %d lists of weights for axis %d, want as many of each, and at least 1", len(t.First), len(t.Weights), a)
		}
		for i, first := range t.First {
			if first < 0 || n != tensor.Unknown && first+len(t.Weights[i]) > n {
				return Type{}, fmt.Errorf("the weights of result %d of axis %d are for pixels %d to %d, but images have shape %v", i, a, first, first+len(t.Weights[i])-1, x.Shape)
			}
		}
		y[1+a] = len(t.First)
	}
	return Type{x.DType, y}, nil
}
