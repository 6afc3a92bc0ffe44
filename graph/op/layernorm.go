package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// LayerNorm normalizes each row along the last dimension with the mean and variance of the row, then scales and shifts it
// (Ba et al., 2016). Operands: x, of at least 1 dimension; gamma (columns) if Scale is set; beta (columns) if Center
// is set. Results: y, of the shape of x; the mean of each row; and inverse, 1/sqrt(variance+Epsilon) of each row, where
// the variance is the biased one. The last two have the shape of x without the last dimension.
//
//	y = (x-mean)*inverse*gamma + beta
//
// Only y has a gradient; the mean and inverse have none.
type LayerNorm struct {
	Epsilon       float64
	Scale, Center bool
}

// LayerNormGrad is the gradient of LayerNorm. Operands: the gradient g of y; x; the mean and inverse that LayerNorm
// returned; gamma if Scale is set. Results: the gradient of x and, if Sums is set, those of gamma and of beta. It has no
// gradient itself.
//
//	xhat = (x-mean)*inverse;  d = g*gamma;  dbeta = sum of g over the rows;  dgamma = sum of g*xhat over the rows
//	dx = inverse * (d - mean(d) - xhat*mean(d*xhat)), with means along the row
type LayerNormGrad struct{ Scale, Sums bool }

// Name implements Op.
func (LayerNorm) Name() string { return "LayerNorm" }

// Name implements Op.
func (LayerNormGrad) Name() string { return "LayerNormGrad" }

// Attributes prints the op's attributes.
func (o LayerNorm) Attributes() string { return BatchNorm(o).Attributes() }

// Attributes prints the op's attributes.
func (o LayerNormGrad) Attributes() string {
	switch {
	case o.Scale:
		return "scale"
	case o.Sums:
		return "sums"
	}
	return ""
}

// Infer implements Op.
func (o LayerNorm) Infer(in []Type) ([]Type, error) {
	names := []string{"x"}
	if o.Scale {
		names = append(names, "gamma")
	}
	if o.Center {
		names = append(names, "beta")
	}
	if err := wantOperands(in, len(names)); err != nil {
		return nil, err
	}
	if !(o.Epsilon >= 0) {
		return nil, fmt.Errorf("epsilon is %v, want at least 0", o.Epsilon)
	}
	rows, columns, err := rowsOf(in[0])
	if err != nil {
		return nil, err
	}
	for i, t := range in[1:] {
		if err := wantChannels(names[1+i], t, columns); err != nil {
			return nil, err
		}
	}
	return []Type{in[0], rows, rows}, nil
}

// Infer implements Op.
func (o LayerNormGrad) Infer(in []Type) ([]Type, error) {
	names := []string{"gradient", "x", "mean", "inverse"}
	if o.Scale {
		names = append(names, "gamma")
	}
	if err := wantOperands(in, len(names)); err != nil {
		return nil, err
	}
	if err := wantGradient(in[1], in[0]); err != nil {
		return nil, err
	}
	rows, columns, err := rowsOf(in[1])
	if err != nil {
		return nil, err
	}
	for i, t := range in[2:] {
		want := rows
		if i == 2 {
			want = columns
		}
		if err := wantChannels(names[2+i], t, want); err != nil {
			return nil, err
		}
	}
	if !o.Sums {
		return one(in[1]), nil
	}
	return []Type{in[1], columns, columns}, nil
}

// rowsOf returns the types of values with a number for each row along the last dimension of x, and for each column.
func rowsOf(x Type) (rows, columns Type, err error) {
	if err := wantFloat("x", x); err != nil {
		return rows, columns, err
	}
	last := x.Rank() - 1
	if last < 0 {
		return rows, columns, fmt.Errorf("x is a scalar, want at least 1 dimension")
	}
	return Type{x.DType, x.Shape[:last]}, Type{x.DType, tensor.Shape{x.Shape[last]}}, nil
}
