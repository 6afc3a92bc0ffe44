// Package constraint provides the constraints of keras.constraints. A constraint replaces a weight,
// after each update of the optimizer, by a value that satisfies the constraint. docs/keras.md lists
// all constraints with their arguments.
//
// The initial values of a weight are not constrained. A weight that is not trained does not change.
//
// The constraints on norms consider vectors along the dimensions in Axis. For a dense layer, whose
// kernel has shape (features, units), axis 0 gives one vector for each unit. For a convolution, whose
// kernel has shape (height, width, channels, filters), the axes 0, 1 and 2 give one vector for each
// filter.
//
// The zero value of a field means Keras' default. The tag of a field gives the argument's name in
// Keras and its range. Check reports fields that are out of range, and so does the Build method of the
// layer that uses the constraint.
package constraint

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// Constraint restricts the values of a weight.
type Constraint interface {
	graph.Constraint
}

// MaxNorm limits the norms of vectors (keras.constraints.MaxNorm):
//
//	w = w * min(norm, MaxValue) / (norm + 1e-7),  norm = sqrt(sum along Axis of w^2)
//
// Operand: a weight that has the dimensions in Axis. The layer reports an error for any other.
//
// Source: Srebro and Shraibman, 2005 (Rank, trace-norm and max-norm); Srivastava et al., 2014
// (Dropout: a simple way to prevent neural networks from overfitting).
type MaxNorm struct {
	// MaxValue is the largest norm. Greater than 0. The default is 2.
	MaxValue float64 `keras:"max_value,default=2,above=0"`
	// Axis lists the dimensions along which the norm is computed. Negative ones count from the last.
	// The default, nil, is dimension 0. If Axis is empty but not nil, the norm is that of the whole
	// weight (Keras' axis=None).
	Axis Axis `keras:"axis,default=0"`
}

// MinMaxNorm moves the norms of vectors into a range (keras.constraints.MinMaxNorm):
//
//	w = w * (Rate*clip(norm, MinValue, MaxValue) + (1-Rate)*norm) / (norm + 1e-7),
//	norm = sqrt(sum along Axis of w^2)
//
// Operand: a weight that has the dimensions in Axis. The layer reports an error for any other, and if
// MinValue is greater than MaxValue.
type MinMaxNorm struct {
	// MinValue is the smallest norm. At least 0. The default is 0.
	MinValue float64 `keras:"min_value,min=0"`
	// MaxValue is the largest norm. Greater than 0. The default is 1.
	MaxValue float64 `keras:"max_value,default=1,above=0"`
	// Rate is the fraction of the way into the range that each step covers. Greater than 0, at most 1.
	// The default is 1.
	Rate float64 `keras:"rate,default=1,above=0,max=1"`
	// Axis lists the dimensions along which the norm is computed. Negative ones count from the last.
	// The default, nil, is dimension 0. If Axis is empty but not nil, the norm is that of the whole
	// weight (Keras' axis=None).
	Axis Axis `keras:"axis,default=0"`
}

// NonNeg sets negative numbers to 0 (keras.constraints.NonNeg):
//
//	w = max(w, 0)
//
// Operand: any weight.
type NonNeg struct{}

// UnitNorm gives vectors the norm 1 (keras.constraints.UnitNorm):
//
//	w = w / (norm + 1e-7),  norm = sqrt(sum along Axis of w^2)
//
// Operand: a weight that has the dimensions in Axis. The layer reports an error for any other.
type UnitNorm struct {
	// Axis lists the dimensions along which the norm is computed. Negative ones count from the last.
	// The default, nil, is dimension 0. If Axis is empty but not nil, the norm is that of the whole
	// weight (Keras' axis=None).
	Axis Axis `keras:"axis,default=0"`
}

// Axis lists dimensions of a weight.
type Axis []int

// epsilon is Keras' backend.epsilon().
const epsilon = 1e-7

// norm returns the norms of w along the dimensions in axis, which it keeps with size 1. It is invalid if
// w does not have these dimensions.
func norm(b *graph.Builder, w *graph.Value, axis Axis, class string) *graph.Value {
	if !w.Valid() {
		return b.Invalid()
	}
	var axes []int // nil means all
	for _, a := range axis {
		if a < -w.Rank() || a >= w.Rank() {
			return b.Errorf("%s: Axis has %d, but the weight has shape %v", class, a, w.Shape)
		}
		if a < 0 {
			a += w.Rank()
		}
		axes = append(axes, a)
	}
	slices.Sort(axes)
	return b.Sqrt(b.SumKeep(b.Square(w), slices.Compact(axes)...))
}

// scaled gives the vectors of w, whose norms are norm, the norms desired.
func scaled(b *graph.Builder, w, norm, desired *graph.Value) *graph.Value {
	return b.Mul(w, b.Div(desired, b.Offset(norm, epsilon)))
}

// Project implements graph.Constraint.
func (c MaxNorm) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	c, ok := Ready(b, c)
	if !ok {
		return b.Invalid()
	}
	n := norm(b, w, c.Axis, "MaxNorm")
	if !n.Valid() {
		return n
	}
	return scaled(b, w, n, b.Clip(n, 0, c.MaxValue))
}

// Project implements graph.Constraint.
func (c MinMaxNorm) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	c, ok := Ready(b, c)
	if !ok {
		return b.Invalid()
	}
	n := norm(b, w, c.Axis, "MinMaxNorm")
	if !n.Valid() {
		return n
	}
	return scaled(b, w, n, b.Add(b.Scale(b.Clip(n, c.MinValue, c.MaxValue), c.Rate), b.Scale(n, 1-c.Rate)))
}

// check returns an error if no norm is in the range.
func (c MinMaxNorm) check() error {
	if c = classes.Fill(c).(MinMaxNorm); c.MinValue > c.MaxValue {
		return wrongf("MinValue is %v, want at most MaxValue, which is %v", c.MinValue, c.MaxValue)
	}
	return nil
}

// Project implements graph.Constraint.
func (c NonNeg) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	if !w.Valid() {
		return b.Invalid()
	}
	return b.Max(w, b.Constant(w.DType, 0))
}

// Project implements graph.Constraint.
func (c UnitNorm) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	c, ok := Ready(b, c)
	if !ok {
		return b.Invalid()
	}
	n := norm(b, w, c.Axis, "UnitNorm")
	if !n.Valid() {
		return n
	}
	return b.Div(w, b.Offset(n, epsilon))
}

func encodeAxis(a Axis) any {
	switch len(a) {
	case 0:
		return nil
	case 1:
		return a[0]
	}
	return []int(a)
}

// maxRank limits Axis, which may come from an untrusted file.
const maxRank = 32

// decodeAxis reads an integer or a list of integers.
func decodeAxis(r *config.Reader, key string, v any) (Axis, bool) {
	list, ok := config.List(v)
	if !ok {
		list = []any{v}
	}
	if len(list) == 0 {
		r.Errorf("%s is [], want at least one dimension, or null for all", key)
		return nil, false
	}
	axis := Axis{}
	for _, x := range list {
		n, ok := config.Int(x)
		if !ok || n < -maxRank || n >= maxRank || len(list) > maxRank {
			r.Errorf("%s is %s, want an integer or a list of integers from %d to %d", key, config.Show(v), -maxRank, maxRank-1)
			return nil, false
		}
		axis = append(axis, n)
	}
	return axis, true
}
