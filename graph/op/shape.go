package op

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// Reshape changes the shape and keeps the order of the elements. One dimension of Shape may be
// Unknown: it is computed from the number of elements and the other dimensions.
type Reshape struct{ Shape tensor.Shape }

// ReshapeLike reshapes the first operand to the shape of the second, of which only the shape is
// used.
type ReshapeLike struct{}

// Transpose permutes the dimensions: dimension i of the result is dimension Perm[i] of the operand.
type Transpose struct{ Perm []int }

// BroadcastLike broadcasts the first operand, as in NumPy, to the shape of the second, of which
// only the shape is used.
type BroadcastLike struct{}

// SumLike is the adjoint of BroadcastLike: it sums the first operand over the dimensions that
// broadcasting would repeat, so that the result has the shape of the second operand, of which
// only the shape is used.
type SumLike struct{}

// Size is the number of elements of the operand along Axes (nil: all axes), as a scalar of type
// DType.
type Size struct {
	Axes  []int
	DType tensor.DType
}

// OneHot turns each integer i into a row of Depth elements that is 1 at index i and 0 elsewhere.
// An integer outside [0, Depth) gives a row of zeros. The rows are the new last dimension.
type OneHot struct {
	Depth int
	DType tensor.DType
}

// Name implements Op.
func (Reshape) Name() string { return "Reshape" }

// Name implements Op.
func (ReshapeLike) Name() string { return "ReshapeLike" }

// Name implements Op.
func (Transpose) Name() string { return "Transpose" }

// Name implements Op.
func (BroadcastLike) Name() string { return "BroadcastLike" }

// Name implements Op.
func (SumLike) Name() string { return "SumLike" }

// Name implements Op.
func (Size) Name() string { return "Size" }

// Name implements Op.
func (OneHot) Name() string { return "OneHot" }

// ShapeOnly implements op.ShapeOnly.
func (ReshapeLike) ShapeOnly(i int) bool { return i == 1 }

// ShapeOnly implements op.ShapeOnly.
func (BroadcastLike) ShapeOnly(i int) bool { return i == 1 }

// ShapeOnly implements op.ShapeOnly.
func (SumLike) ShapeOnly(i int) bool { return i == 1 }

// ShapeOnly implements op.ShapeOnly.
func (Size) ShapeOnly(int) bool { return true }

// Infer implements Op.
func (o Reshape) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	s := o.Shape.Clone()
	free, rest := -1, 1
	for i, d := range s {
		switch {
		case d >= 0:
			rest *= d
		case d == tensor.Unknown && free < 0:
			free = i
		default:
			return nil, fmt.Errorf("shape %v has more than one unknown dimension", o.Shape)
		}
	}
	if !in[0].Shape.Known() {
		// The product of the operand's known dimensions must divide the product of the result's, or
		// vice versa.
		part := 1
		for _, d := range in[0].Shape {
			if d > 0 {
				part *= d
			}
		}
		if free < 0 && rest%part != 0 || free >= 0 && rest > 0 && part%rest != 0 && rest%part != 0 {
			return nil, fmt.Errorf("cannot reshape %v to %v", in[0].Shape, o.Shape)
		}
		return one(Type{in[0].DType, s}), nil
	}
	n := in[0].Shape.Elements()
	if free >= 0 {
		if rest == 0 || n%rest != 0 {
			return nil, fmt.Errorf("cannot reshape %v to %v", in[0].Shape, o.Shape)
		}
		s[free] = n / rest
	} else if rest != n {
		return nil, fmt.Errorf("cannot reshape %v to %v", in[0].Shape, o.Shape)
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (ReshapeLike) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if a, b := in[0].Shape, in[1].Shape; a.Known() && b.Known() && a.Elements() != b.Elements() {
		return nil, fmt.Errorf("cannot reshape %v to %v", a, b)
	}
	return one(Type{in[0].DType, in[1].Shape}), nil
}

// Infer implements Op.
func (o Transpose) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	p := slices.Clone(o.Perm)
	slices.Sort(p)
	for i, d := range p {
		if d != i {
			return nil, fmt.Errorf("%v is not a permutation", o.Perm)
		}
	}
	if len(p) != in[0].Rank() {
		return nil, fmt.Errorf("permutation %v does not fit shape %v", o.Perm, in[0].Shape)
	}
	s := make(tensor.Shape, len(p))
	for i, d := range o.Perm {
		s[i] = in[0].Shape[d]
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (BroadcastLike) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	s, err := Broadcast(in[0].Shape, in[1].Shape)
	if _, ok := unify(s, in[1].Shape); err == nil && !ok {
		err = fmt.Errorf("cannot broadcast %v to %v", in[0].Shape, in[1].Shape)
	}
	return one(Type{in[0].DType, in[1].Shape}), err
}

// Infer implements Op.
func (SumLike) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	s, err := Broadcast(in[1].Shape, in[0].Shape)
	if _, ok := unify(s, in[0].Shape); err == nil && !ok {
		err = fmt.Errorf("cannot sum %v to %v", in[0].Shape, in[1].Shape)
	}
	return one(Type{in[0].DType, in[1].Shape}), err
}

// Infer implements Op.
func (o Size) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	for _, a := range o.Axes {
		if a < 0 || a >= in[0].Rank() {
			return nil, fmt.Errorf("shape %v has no axis %d", in[0].Shape, a)
		}
	}
	return one(Type{o.DType, tensor.Shape{}}), nil
}

// Count returns the result of Size for an operand of the known shape s.
func (o Size) Count(s tensor.Shape) int {
	if o.Axes == nil {
		return s.Elements()
	}
	n := 1
	for _, a := range o.Axes {
		n *= s[a]
	}
	return n
}

// Infer implements Op.
func (o OneHot) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].DType.IsFloat() || in[0].DType == tensor.Bool {
		return nil, fmt.Errorf("operand is %v, want an integer type", in[0].DType)
	}
	if o.Depth <= 0 {
		return nil, fmt.Errorf("depth is %d, want at least 1", o.Depth)
	}
	return one(Type{o.DType, append(in[0].Shape.Clone(), o.Depth)}), nil
}
