package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// SegmentSum adds the elements of the first operand, data, by segment. The second operand, Int32 of
// the shape of data, has the segment of each element. Element s of the result, a vector of Segments
// elements, is the sum of the data in segment s. Data whose segment is outside [0, Segments) are
// left out.
type SegmentSum struct{ Segments int }

// Iota is the index of each element along Axis, in the shape and type of the operand, of which only
// the shape and the type are used.
type Iota struct{ Axis int }

// CumSum is the cumulative sum along the last dimension: element i of the result is the sum of the
// elements up to i or, with Reverse, of the elements from i on.
type CumSum struct{ Reverse bool }

// Name implements Op.
func (CumSum) Name() string { return "CumSum" }

// Infer implements Op.
func (CumSum) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 || in[0].DType == tensor.Bool {
		return nil, fmt.Errorf("operand is %v, want numbers of at least 1 dimension", in[0])
	}
	return one(in[0]), nil
}

// Name implements Op.
func (SegmentSum) Name() string { return "SegmentSum" }

// Name implements Op.
func (Iota) Name() string { return "Iota" }

// ShapeOnly implements op.ShapeOnly.
func (Iota) ShapeOnly(int) bool { return true }

// Infer implements Op.
func (o SegmentSum) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if !in[0].DType.IsFloat() || in[1].DType != tensor.Int32 {
		return nil, fmt.Errorf("operands are %v and %v, want floating-point numbers and int32", in[0].DType, in[1].DType)
	}
	if _, ok := unify(in[0].Shape, in[1].Shape); !ok {
		return nil, fmt.Errorf("data have shape %v and segments %v, want equal shapes", in[0].Shape, in[1].Shape)
	}
	if o.Segments < 1 {
		return nil, fmt.Errorf("there are %d segments, want at least 1", o.Segments)
	}
	return one(Type{in[0].DType, tensor.Shape{o.Segments}}), nil
}

// Infer implements Op.
func (o Iota) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis >= in[0].Rank() {
		return nil, fmt.Errorf("shape %v has no axis %d", in[0].Shape, o.Axis)
	}
	if in[0].DType == tensor.Bool {
		return nil, fmt.Errorf("operand is a bool, want numbers")
	}
	return one(in[0]), nil
}
