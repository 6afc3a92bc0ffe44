package op

import "fmt"

// StraightThrough returns its second operand, whose gradient it passes to the first (Bengio et al., 2013). Operands: x and
// its replacement, of one type.
type StraightThrough struct{}

// Name implements Op.
func (StraightThrough) Name() string { return "StraightThrough" }

// ShapeOnly implements op.ShapeOnly.
func (StraightThrough) ShapeOnly(i int) bool { return i == 0 }

// Infer implements Op.
func (StraightThrough) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	s, ok := unify(in[0].Shape, in[1].Shape)
	if !ok || in[0].DType != in[1].DType {
		return nil, fmt.Errorf("operands are %v and %v, want one type", in[0], in[1])
	}
	return one(Type{in[0].DType, s}), nil
}
