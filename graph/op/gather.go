package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Gather takes rows of a table. Operands: the table (n, ...), and indices, integers of any shape. The result has the shape
// of the indices, followed by that of a row. An index from -n to -1 counts from the end, as in NumPy. The row of any other
// index outside [0, n) is NaN.
type Gather struct{}

// GatherGrad is the gradient of Gather with respect to the table: it adds each row of the gradient to the row of its
// index, in the order of the indices. Operands: the gradient g of the result; the indices; and the table, of which only
// the shape is used.
type GatherGrad struct{}

// Name implements Op.
func (Gather) Name() string { return "Gather" }

// Name implements Op.
func (GatherGrad) Name() string { return "GatherGrad" }

// ShapeOnly implements op.ShapeOnly.
func (GatherGrad) ShapeOnly(i int) bool { return i == 2 }

// Infer implements Op.
func (Gather) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	t, err := gathered(in[0], in[1])
	return one(t), err
}

// Infer implements Op.
func (GatherGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	t, err := gathered(in[2], in[1])
	if err != nil {
		return nil, err
	}
	if err := wantGradient(t, in[0]); err != nil {
		return nil, err
	}
	return one(in[2]), nil
}

// gathered returns the type of the result of Gather.
func gathered(table, indices Type) (Type, error) {
	if err := wantFloat("table", table); err != nil {
		return Type{}, err
	}
	if table.Rank() == 0 {
		return Type{}, fmt.Errorf("table is a scalar, want at least 1 dimension")
	}
	if indices.DType.IsFloat() || indices.DType == tensor.Bool {
		return Type{}, fmt.Errorf("indices are %v, want an integer type", indices.DType)
	}
	return Type{table.DType, append(indices.Shape.Clone(), table.Shape[1:]...)}, nil
}
