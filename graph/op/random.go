package op

import "fmt"

// RandomUniform draws numbers from [0, 1) with Philox4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", 2011). Operands: the step, an integer scalar, and a value of the
// result's type, of which only the shape is used. An element depends only on Key (which identifies
// the stream), on the step and on the element's index.
type RandomUniform struct{ Key uint64 }

// RandomNormal draws numbers from the standard normal distribution. It is like RandomUniform otherwise.
// A number is the quantile of a uniform draw with 32 bits, so it is between -6.4 and 6.4.
type RandomNormal struct{ Key uint64 }

// Name implements Op.
func (RandomUniform) Name() string { return "RandomUniform" }

// Name implements Op.
func (RandomNormal) Name() string { return "RandomNormal" }

// ShapeOnly implements op.ShapeOnly.
func (RandomUniform) ShapeOnly(i int) bool { return i == 1 }

// ShapeOnly implements op.ShapeOnly.
func (RandomNormal) ShapeOnly(i int) bool { return i == 1 }

// Infer implements Op.
func (o RandomNormal) Infer(in []Type) ([]Type, error) { return RandomUniform(o).Infer(in) }

// Infer implements Op.
func (RandomUniform) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if in[0].Rank() != 0 || in[0].DType.IsFloat() {
		return nil, fmt.Errorf("step is %v, want an integer scalar", in[0])
	}
	return one(in[1]), wantFloat("shape's operand", in[1])
}
