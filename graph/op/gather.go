package op

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// Gather takes the entries of a table along dimension Axis that integers name. Operands: the table, and indices, integers of any shape.
// In the shape of the result, dimension Axis of the table is replaced by the dimensions of the indices. For Axis 0 an entry is a
// row of the table. An index from -n to -1, for n entries, counts from the end, as in NumPy. The entry of any other index outside [0, n) is NaN, or 0 for
// types that have no NaN.
type Gather struct{ Axis int }

// GatherGrad is the gradient of Gather with respect to the table: it adds each entry of the gradient to the entry of its
// index, in the order of the indices. Operands: the gradient g of the result; the indices; and the table, of which only
// the shape is used.
type GatherGrad struct{ Axis int }

// Scatter changes rows of a table (n, ...). Operands: the table; indices, integers of any shape; and rows, whose shape is
// that of the indices, followed by that of a row. The result is the table, in which each row that an index names is replaced
// by the index' row, in the order of the indices. If Fn is Add, Mul, Max or Min, the row is Fn of the row so far and the
// index' row instead. Indices count as in Gather; one that is out of range changes nothing.
//
// With Add the op has a gradient. Without Fn it has one if the indices are distinct.
type Scatter struct{ Fn BinaryFn }

// Name implements Op.
func (Gather) Name() string { return "Gather" }

// Name implements Op.
func (GatherGrad) Name() string { return "GatherGrad" }

// Name implements Op.
func (Scatter) Name() string { return "Scatter" }

// Attributes prints the op's attributes.
func (o Gather) Attributes() string {
	if o.Axis == 0 {
		return ""
	}
	return fmt.Sprintf("axis %d", o.Axis)
}

// Attributes prints the op's attributes.
func (o GatherGrad) Attributes() string { return Gather(o).Attributes() }

// ShapeOnly implements op.ShapeOnly.
func (GatherGrad) ShapeOnly(i int) bool { return i == 2 }

// Infer implements Op.
func (o Gather) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	t, err := o.gathered(in[0], in[1])
	return one(t), err
}

// Infer implements Op.
func (o GatherGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	t, err := Gather(o).gathered(in[2], in[1])
	if err != nil {
		return nil, err
	}
	if err := wantGradient(t, in[0]); err != nil {
		return nil, err
	}
	return one(in[2]), nil
}

// Infer implements Op.
func (o Scatter) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	switch o.Fn {
	case "", Add, Mul, Max, Min:
	default:
		return nil, fmt.Errorf("function %q, want Add, Mul, Max, Min or none", o.Fn)
	}
	t, err := Gather{}.gathered(in[0], in[1])
	if err != nil {
		return nil, err
	}
	if _, ok := unify(t.Shape, in[2].Shape); !ok || t.DType != in[2].DType {
		return nil, fmt.Errorf("rows are %v, want %v", in[2], t)
	}
	return one(in[0]), nil
}

// gathered returns the type of the result of Gather.
func (o Gather) gathered(table, indices Type) (Type, error) {
	if table.Rank() == 0 {
		return Type{}, fmt.Errorf("table is a scalar, want at least 1 dimension")
	}
	if o.Axis < 0 || o.Axis >= table.Rank() {
		return Type{}, fmt.Errorf("shape %v has no axis %d", table.Shape, o.Axis)
	}
	if indices.DType.IsFloat() || indices.DType == tensor.Bool {
		return Type{}, fmt.Errorf("indices are %v, want an integer type", indices.DType)
	}
	return Type{table.DType, slices.Concat(table.Shape[:o.Axis], indices.Shape, table.Shape[o.Axis+1:])}, nil
}
