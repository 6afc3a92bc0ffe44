package op

import "fmt"

// RandomUniform draws from [0,1) by Philox4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", 2011): Key names the stream, the first operand, an Int64
// scalar, is the step, and the element's index the rest of the counter, so that a draw
// depends on nothing else. The second operand gives the shape and type.
type RandomUniform struct{ Key uint64 }

// Name implements Op.
func (RandomUniform) Name() string { return "RandomUniform" }

// ShapeOnly implements op.ShapeOnly.
func (RandomUniform) ShapeOnly(i int) bool { return i == 1 }

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
