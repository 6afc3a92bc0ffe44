package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// MatMul is the product of two matrices (m, k) and (k, n). With TransposeA the first operand is
// (k, m), with TransposeB the second is (n, k).
type MatMul struct{ TransposeA, TransposeB bool }

// BatchMatMul multiplies corresponding matrices of two stacks (..., m, k) and (..., k, n). The
// result is (..., m, n). The operands have at least 3 dimensions, and the same leading dimensions.
// With TransposeA the first operand is (..., k, m), with TransposeB the second is (..., n, k).
type BatchMatMul struct{ TransposeA, TransposeB bool }

// Name implements Op.
func (MatMul) Name() string { return "MatMul" }

// Name implements Op.
func (BatchMatMul) Name() string { return "BatchMatMul" }

// Infer implements Op.
func (o MatMul) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	for i, t := range in {
		if err := wantRank([]string{"left matrix", "right matrix"}[i], t, 2); err != nil {
			return nil, err
		}
	}
	if in[0].DType != in[1].DType {
		return nil, fmt.Errorf("operands are %v and %v, want one type", in[0].DType, in[1].DType)
	}
	a, b := in[0].Shape.Clone(), in[1].Shape.Clone()
	if o.TransposeA {
		a[0], a[1] = a[1], a[0]
	}
	if o.TransposeB {
		b[0], b[1] = b[1], b[0]
	}
	if !compatible(a[1], b[0]) {
		return nil, fmt.Errorf("cannot multiply %v by %v", a, b)
	}
	return one(Type{in[0].DType, tensor.Shape{a[0], b[1]}}), nil
}

// Infer implements Op.
func (o BatchMatMul) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	for i, t := range in {
		if t.Rank() < 3 {
			return nil, fmt.Errorf("%s matrices have shape %v, want at least 3 dimensions", []string{"left", "right"}[i], t.Shape)
		}
	}
	batch, m := in[0].Rank()-2, []Type{in[0], in[1]}
	s, ok := unify(in[0].Shape[:batch], in[1].Shape[:in[1].Rank()-2])
	if !ok {
		return nil, fmt.Errorf("cannot multiply %v by %v: want the same leading dimensions", in[0].Shape, in[1].Shape)
	}
	for i, t := range in {
		m[i].Shape = t.Shape[batch:]
	}
	out, err := MatMul(o).Infer(m)
	if err != nil {
		return nil, err
	}
	return one(Type{in[0].DType, append(s, out[0].Shape...)}), nil
}
