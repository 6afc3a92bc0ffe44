package op

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// ReduceFn is the name of a reduction.
type ReduceFn string

// The reductions. The sum of no elements is 0, their product 1, their maximum -Inf and their minimum Inf, or the smallest and
// largest number of an integer type. Sums and products of integers wrap around on overflow.
const (
	ReduceSum  ReduceFn = "ReduceSum"
	ReduceMax  ReduceFn = "ReduceMax"
	ReduceMin  ReduceFn = "ReduceMin"
	ReduceProd ReduceFn = "ReduceProd"
)

func (f ReduceFn) valid() error {
	switch f {
	case ReduceSum, ReduceMax, ReduceMin, ReduceProd:
		return nil
	}
	return fmt.Errorf("there is no reduction %.100q", string(f))
}

// Reduce applies Fn along Axes (nil: all axes). The reduced dimensions are removed, or kept with
// size 1 if KeepDims is set.
type Reduce struct {
	Fn       ReduceFn
	Axes     []int
	KeepDims bool
}

// ArgMax is the index of the maximum along the last dimension, as an Int32. If several elements are
// equal, it is the index of the first. The last dimension is removed.
type ArgMax struct{}

// Name implements Op.
func (o Reduce) Name() string { return string(o.Fn) }

// Name implements Op.
func (ArgMax) Name() string { return "ArgMax" }

// Infer implements Op.
func (o Reduce) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if err := o.Fn.valid(); err != nil {
		return nil, err
	}
	for _, a := range o.Axes {
		if a < 0 || a >= in[0].Rank() {
			return nil, fmt.Errorf("shape %v has no axis %d", in[0].Shape, a)
		}
	}
	s := tensor.Shape{}
	for i, d := range in[0].Shape {
		switch {
		case o.Axes != nil && !slices.Contains(o.Axes, i):
			s = append(s, d)
		case o.KeepDims:
			s = append(s, 1)
		}
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (ArgMax) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].Rank() == 0 {
		return nil, fmt.Errorf("operand is a scalar, want at least 1 dimension")
	}
	return one(Type{tensor.Int32, in[0].Shape[:in[0].Rank()-1]}), nil
}
