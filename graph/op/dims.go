package op

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// ExpandDims inserts a dimension of size 1 before dimension Axis, or at the end if Axis is the number
// of dimensions. Unlike Reshape, it allows several unknown dimensions.
type ExpandDims struct{ Axis int }

// Squeeze removes dimension Axis, whose size must be 1.
type Squeeze struct{ Axis int }

// Name implements Op.
func (ExpandDims) Name() string { return "ExpandDims" }

// Name implements Op.
func (Squeeze) Name() string { return "Squeeze" }

// Infer implements Op.
func (o ExpandDims) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis > in[0].Rank() {
		return nil, fmt.Errorf("cannot insert dimension %d into shape %v", o.Axis, in[0].Shape)
	}
	return one(Type{in[0].DType, slices.Insert(in[0].Shape.Clone(), o.Axis, 1)}), nil
}

// Infer implements Op.
func (o Squeeze) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if o.Axis < 0 || o.Axis >= len(s) || s[o.Axis] != 1 && s[o.Axis] != tensor.Unknown {
		return nil, fmt.Errorf("cannot remove dimension %d of shape %v: want size 1", o.Axis, s)
	}
	return one(Type{in[0].DType, slices.Delete(s.Clone(), o.Axis, o.Axis+1)}), nil
}
