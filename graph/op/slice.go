package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Pad surrounds an operand with elements equal to Value, converted to its type: along dimension i, Before[i]
// elements are added before and After[i] after it, each at least 0. A dimension of size n gets the
// size Before[i]+n+After[i].
type Pad struct {
	Before, After []int
	Value         float64
}

// Concat joins one or more operands of one type along dimension Axis, in order. Their other
// dimensions must be equal.
type Concat struct{ Axis int }

// Slice takes a contiguous range of each dimension: Size[i] elements starting at Begin[i]. If Size[i]
// is tensor.Unknown, the range is all elements from Begin[i] but the last End[i]. A nil End is zeros.
type Slice struct{ Begin, Size, End []int }

// SliceGrad is the gradient of Slice. Operands: the gradient of the result, and the operand of Slice,
// of which only the shape is used.
type SliceGrad struct{ Slice }

// Name implements Op.
func (Pad) Name() string { return "Pad" }

// Name implements Op.
func (Concat) Name() string { return "Concat" }

// Name implements Op.
func (Slice) Name() string { return "Slice" }

// Name implements Op.
func (SliceGrad) Name() string { return "SliceGrad" }

// ShapeOnly implements op.ShapeOnly.
func (SliceGrad) ShapeOnly(i int) bool { return i == 1 }

// Attributes prints the op's attributes.
func (o Slice) Attributes() string {
	s := fmt.Sprintf("Begin:%v Size:%v", o.Begin, o.Size)
	if o.End != nil {
		s += fmt.Sprintf(" End:%v", o.End)
	}
	return s
}

// Infer implements Op.
func (o Pad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
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
	if o.End != nil && len(o.End) != len(s) {
		return nil, fmt.Errorf("end %v for shape %v: want one number for each dimension", o.End, s)
	}
	for i, n := range s {
		begin, size, end := o.Begin[i], o.Size[i], 0
		if size == tensor.Unknown && o.End != nil {
			end = o.End[i]
		}
		switch {
		case begin < 0 || end < 0 || size < 0 && size != tensor.Unknown:
			return nil, fmt.Errorf("begin %v, size %v and end %v: want at least 0", o.Begin, o.Size, o.End)
		case n == tensor.Unknown:
			s[i] = size
			continue
		case size == tensor.Unknown:
			size = n - begin - end
		}
		if size < 0 || begin > n-size {
			return nil, fmt.Errorf("%d elements starting at %d do not fit into dimension %d of shape %v", max(size, 0), begin, i, in[0].Shape)
		}
		s[i] = size
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (o SliceGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	y, err := o.Slice.Infer(in[1:])
	if err != nil {
		return nil, err
	}
	return one(in[1]), wantGradient(y[0], in[0])
}

// Pad returns the op that computes SliceGrad for an operand of Slice of the known shape x.
func (o SliceGrad) Pad(gradient, x tensor.Shape) Pad {
	after := make([]int, len(x))
	for i, n := range x {
		after[i] = n - o.Begin[i] - gradient[i]
	}
	return Pad{Before: o.Begin, After: after}
}
