// Package op lists the operations of the graph. An op is a struct of attributes with a
// shape rule; what it computes is told in its comment, and computed naively by
// internal/interp and fast by internal/engine. Gradients stand in package graph, in
// one table (vjp.go).
//
// Images are NHWC and kernels HWIO, as in Keras. Ops are as large as the kernels are.
package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Type is what a value is: element type and shape.
type Type struct {
	DType tensor.DType
	Shape tensor.Shape
}

// Rank is the number of dimensions.
func (t Type) Rank() int { return len(t.Shape) }

// String prints as in "float32 (None, 10)".
func (t Type) String() string { return t.DType.String() + " " + t.Shape.String() }

// Equal says whether type and shape are the same.
func (t Type) Equal(u Type) bool { return t.DType == u.DType && t.Shape.Equal(u.Shape) }

// Op is an operation: its attributes, and the types that it makes of its operands'.
// Infer is given as many operands as the caller has, valid or not, and must work for
// unknown dimensions and for known ones alike: a graph is specialised by inferring anew.
type Op interface {
	// Name is the op's name: the key of every table about ops.
	Name() string
	// Infer returns the types of the results, or says what is wrong with the operands.
	Infer(in []Type) ([]Type, error)
}

// ShapeOnly is implemented by ops that look only at the shape of some operand, not at
// its values: such an operand need not be kept.
type ShapeOnly interface{ ShapeOnly(operand int) bool }

// Updater is implemented by ops that change variables in place: the first Updates()
// operands, which must be variables. Such ops have no results and come last in a graph.
type Updater interface{ Updates() int }

func wantOperands(in []Type, n int) error {
	if len(in) != n {
		return fmt.Errorf("got %d operands, want %d", len(in), n)
	}
	return nil
}

func wantRank(what string, t Type, rank int) error {
	if t.Rank() != rank {
		return fmt.Errorf("%s has shape %v, want %d dimensions", what, t.Shape, rank)
	}
	return nil
}

func wantFloat(what string, t Type) error {
	if !t.DType.IsFloat() {
		return fmt.Errorf("%s is %v, want a floating-point type", what, t.DType)
	}
	return nil
}

func one(t Type) []Type { return []Type{t} }

// compatible says whether two dimensions can be the same.
func compatible(a, b int) bool { return a == b || a == tensor.Unknown || b == tensor.Unknown }

// known returns whichever of two compatible dimensions is known.
func known(a, b int) int {
	if a == tensor.Unknown {
		return b
	}
	return a
}

// unify returns the shape that two compatible shapes share.
func unify(a, b tensor.Shape) (tensor.Shape, bool) {
	if len(a) != len(b) {
		return nil, false
	}
	s := a.Clone()
	for i := range s {
		if !compatible(a[i], b[i]) {
			return nil, false
		}
		s[i] = known(a[i], b[i])
	}
	return s, true
}
