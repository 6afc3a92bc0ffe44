// Package op defines the operations of the graph. An op is a struct of attributes with a shape
// rule. Its comment says what it computes. internal/interp implements it in plain loops, and
// internal/engine with fast kernels. The gradients of all ops are in one table in package graph
// (vjp.go).
//
// Images have the layout NHWC and filters HWIO, as in Keras. An op does as much work as the kernel
// that runs it: a convolution or an optimizer's update is one op.
package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Type is the type of a value: the type of its elements and its shape.
type Type struct {
	DType tensor.DType
	Shape tensor.Shape
}

// Rank returns the number of dimensions.
func (t Type) Rank() int { return len(t.Shape) }

// String formats the type as in "float32 (None, 10)".
func (t Type) String() string { return t.DType.String() + " " + t.Shape.String() }

// Equal reports whether element type and shape are the same.
func (t Type) Equal(u Type) bool { return t.DType == u.DType && t.Shape.Equal(u.Shape) }

// Op is an operation: its attributes, and a rule for the types of its results.
type Op interface {
	// Name returns the op's name, which is its key in all tables of ops.
	Name() string
	// Infer returns the types of the results, or an error that says what is wrong with the
	// operands. It must check their number and types, and work for unknown dimensions as well as
	// for known ones: a graph is specialized to a batch size by inferring its types again.
	Infer(in []Type) ([]Type, error)
}

// ShapeOnly is implemented by ops that use only the shape of some of their operands, not the
// elements. The memory of such an operand may be reused before the op runs.
type ShapeOnly interface{ ShapeOnly(operand int) bool }

// Updater is implemented by ops that change variables in place: their first Updates()
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

// compatible reports whether two dimensions can be equal.
func compatible(a, b int) bool { return a == b || a == tensor.Unknown || b == tensor.Unknown }

// known merges two compatible dimensions. It returns the known one, or Unknown.
func known(a, b int) int {
	if a == tensor.Unknown {
		return b
	}
	return a
}

// unify merges two shapes, some of whose dimensions may be unknown. ok is false if the shapes
// differ.
func unify(a, b tensor.Shape) (s tensor.Shape, ok bool) {
	if len(a) != len(b) {
		return nil, false
	}
	s = a.Clone()
	for i := range s {
		if !compatible(a[i], b[i]) {
			return nil, false
		}
		s[i] = known(a[i], b[i])
	}
	return s, true
}
