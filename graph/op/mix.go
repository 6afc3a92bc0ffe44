package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// RandomPermutation draws an order of the operand's examples with Philox: Int32 indices 0 to n-1, each once. All orders are equally
// likely. Operands: the step, an integer scalar, and a value whose first dimension is n, of which only the shape is used. The
// result depends only on Key, the step and n.
type RandomPermutation struct{ Key uint64 }

// RandomLogGamma draws logarithms of numbers with the gamma distribution of shape alpha and scale 1 with Philox
// (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000). The logarithm does not underflow for a small
// alpha. Sigmoid of the difference of two draws has the beta distribution, and the softmax of several the Dirichlet
// distribution. Operands: the step, an integer scalar; alpha, a scalar above 0; and a value of the result's type, of which only the
// shape is used. An element depends only on Key, the step, alpha and the element's index.
type RandomLogGamma struct{ Key uint64 }

// Name implements Op.
func (RandomPermutation) Name() string { return "RandomPermutation" }

// Name implements Op.
func (RandomLogGamma) Name() string { return "RandomLogGamma" }

// ShapeOnly implements op.ShapeOnly.
func (RandomPermutation) ShapeOnly(i int) bool { return i == 1 }

// ShapeOnly implements op.ShapeOnly.
func (RandomLogGamma) ShapeOnly(i int) bool { return i == 2 }

// Infer implements Op.
func (RandomPermutation) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if err := wantStep(in[0]); err != nil {
		return nil, err
	}
	if in[1].Rank() == 0 {
		return nil, fmt.Errorf("operand is a scalar, want at least 1 dimension")
	}
	return one(Type{tensor.Int32, tensor.Shape{in[1].Shape[0]}}), nil
}

func wantStep(t Type) error {
	if t.Rank() != 0 || t.DType.IsFloat() {
		return fmt.Errorf("step is %v, want an integer scalar", t)
	}
	return nil
}

// Infer implements Op.
func (RandomLogGamma) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	if err := wantStep(in[0]); err != nil {
		return nil, err
	}
	if in[1].Rank() != 0 || in[1].DType != in[2].DType {
		return nil, fmt.Errorf("alpha is %v, want a scalar of type %v", in[1], in[2].DType)
	}
	return one(in[2]), wantFloat("shape's operand", in[2])
}
