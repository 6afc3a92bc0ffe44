package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Pad surrounds a floating-point operand with elements equal to Value: along dimension i, Before[i]
// elements are added before and After[i] after it, each at least 0. A dimension of size n gets the
// size Before[i]+n+After[i].
type Pad struct {
	Before, After []int
	Value         float64
}

// Concat joins one or more operands of one type along dimension Axis, in order. Their other
// dimensions must be equal.
type Concat struct{ Axis int }

// Slice takes a contiguous range of each dimension: Size[i] elements starting at Begin[i], or all
// elements from Begin[i] to the end if Size[i] is tensor.Unknown. A dimension of unknown size can
// only be taken as a whole.
type Slice struct{ Begin, Size []int }

// Name implements Op.
func (Pad) Name() string { return "Pad" }

// Name implements Op.
func (Concat) Name() string { return "Concat" }

// Name implements Op.
func (Slice) Name() string { return "Slice" }

// Infer implements Op.
func (o Pad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if err := wantFloat("operand", in[0]); err != nil {
		return nil, err
	}
	s := in[0].Shape.Clone()
	if len(o.Before) != len(s) || len(o.After) != len(s) {
		return nil, fmt.Errorf("padding %v before and %v after for shape %v: want one of each for each dimension", o.Before, o.After, s)
	}
	for i, n := range s {
		if o.Before[i] < 0 || o.After[i] < 0 {
			return nil, fmt.Errorf("padding %v before and %v after: want at least 0", o.Before, o.After)
		}
		if n != tensor.Unknown {
			s[i] = o.Before[i] + n + o.After[i]
		}
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (o Concat) Infer(in []Type) ([]Type, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("got no operands, want at least 1")
	}
	s := in[0].Shape.Clone()
	if o.Axis < 0 || o.Axis >= len(s) {
		return nil, fmt.Errorf("shape %v has no axis %d", s, o.Axis)
	}
	for _, t := range in[1:] {
		if t.DType != in[0].DType {
			return nil, fmt.Errorf("operands are %v and %v, want one type", in[0].DType, t.DType)
		}
		if t.Rank() != len(s) {
			return nil, fmt.Errorf("cannot concatenate %v and %v along axis %d", in[0].Shape, t.Shape, o.Axis)
		}
		for d, n := range t.Shape {
			switch {
			case d == o.Axis && (n == tensor.Unknown || s[d] == tensor.Unknown):
				s[d] = tensor.Unknown
			case d == o.Axis:
				s[d] += n
			case !compatible(s[d], n):
				return nil, fmt.Errorf("cannot concatenate %v and %v along axis %d", in[0].Shape, t.Shape, o.Axis)
			default:
				s[d] = known(s[d], n)
			}
		}
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (o Slice) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	s := in[0].Shape.Clone()
	if len(o.Begin) != len(s) || len(o.Size) != len(s) {
		return nil, fmt.Errorf("begin %v and size %v for shape %v: want one of each for each dimension", o.Begin, o.Size, s)
	}
	for i, n := range s {
		begin, size := o.Begin[i], o.Size[i]
		switch {
		case n == tensor.Unknown && begin == 0 && size == tensor.Unknown:
			continue
		case n == tensor.Unknown:
			return nil, fmt.Errorf("cannot slice dimension %d of shape %v: its size is not known", i, in[0].Shape)
		case size == tensor.Unknown:
			size = n - begin
		}
		if begin < 0 || size < 0 || begin > n-size {
			return nil, fmt.Errorf("%d elements starting at %d do not fit into dimension %d of shape %v", size, begin, i, in[0].Shape)
		}
		s[i] = size
	}
	return one(Type{in[0].DType, s}), nil
}
