// Package regularizer provides the regularizers of keras.regularizers. A regularizer computes a
// penalty for the values of a weight, or for the result of a layer. Training adds the penalty to the
// loss, so that large values are discouraged. docs/keras.md lists all regularizers with their
// arguments.
//
// The penalties are part of the loss in the logs, "loss" and "val_loss". Example weights do not apply
// to them. The penalty for a weight counts only while the weight is trained. The penalty for the result
// of a layer is divided by the batch size.
//
// The zero value of a field means Keras' default. Where zero is a useful value but not the default,
// the field is a pointer: nil means the default, and new(0.001) sets a value. The tag of a field
// gives the argument's name in Keras and its range. Check reports fields that are out of range, and
// so does the Build method of the layer that uses the regularizer.
package regularizer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Regularizer computes a penalty.
type Regularizer interface {
	graph.Regularizer
}

// L1 penalizes the sum of the absolute values (keras.regularizers.L1). It makes many weights 0:
//
//	penalty = L1 * sum |x|
//
// Operand: any shape.
//
// Source: Tibshirani, 1996 (Regression shrinkage and selection via the lasso).
type L1 struct {
	// L1 is the factor. At least 0. The default, nil, is 0.01.
	L1 *float64 `keras:"l1,default=0.01,min=0"`
}

// L2 penalizes the sum of the squares (keras.regularizers.L2). It makes weights small:
//
//	penalty = L2 * sum x^2
//
// Operand: any shape.
//
// Source: Krogh and Hertz, 1991 (A simple weight decay can improve generalization).
type L2 struct {
	// L2 is the factor. At least 0. The default, nil, is 0.01.
	L2 *float64 `keras:"l2,default=0.01,min=0"`
}

// L1L2 is the sum of the penalties L1 and L2 (keras.regularizers.L1L2):
//
//	penalty = L1 * sum |x| + L2 * sum x^2
//
// Operand: any shape.
//
// Source: Zou and Hastie, 2005 (Regularization and variable selection via the elastic net).
type L1L2 struct {
	// L1 is the factor of the absolute values. At least 0. The default is 0.
	L1 float64 `keras:"l1,min=0"`
	// L2 is the factor of the squares. At least 0. The default is 0.
	L2 float64 `keras:"l2,min=0"`
}

// OrthogonalRegularizer penalizes the mean absolute cosine of the angles between the rows, or the
// columns, of a matrix (keras.regularizers.OrthogonalRegularizer). For n rows r[i]:
//
//	penalty = Factor * (sum over i < j of |r[i]·r[j]| / (|r[i]|*|r[j]|)) / (n*(n-1)/2)
//
// Operand: a matrix with at least two and at most 16384 rows, or columns.
//
// The layer reports an error for any other operand.
//
// Source: Brock et al., 2016 (Neural photo editing with introspective adversarial networks,
// arXiv:1609.07093).
type OrthogonalRegularizer struct {
	// Factor is the factor. At least 0. The default, nil, is 0.01.
	Factor *float64 `keras:"factor,default=0.01,min=0"`
	// Mode selects rows or columns. The default is Rows.
	Mode Mode `keras:"mode,oneof=rows|columns"`
}

// Mode selects the vectors of OrthogonalRegularizer.
type Mode string

// The modes of OrthogonalRegularizer.
const (
	Rows    Mode = "rows"    // the vectors are the rows of the matrix
	Columns Mode = "columns" // the vectors are the columns of the matrix
)

// Penalty implements graph.Regularizer.
func (r L1) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r, ok := Ready(b, r)
	if !ok {
		return b.Invalid()
	}
	return b.Scale(b.Sum(b.Abs(x)), *r.L1)
}

// Penalty implements graph.Regularizer.
func (r L2) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r, ok := Ready(b, r)
	if !ok {
		return b.Invalid()
	}
	return b.Scale(b.Sum(b.Square(x)), *r.L2)
}

// Penalty implements graph.Regularizer.
func (r L1L2) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r, ok := Ready(b, r)
	if !ok {
		return b.Invalid()
	}
	l1, l2 := L1{&r.L1}, L2{&r.L2}
	switch {
	case r.L2 == 0:
		return l1.Penalty(b, x)
	case r.L1 == 0:
		return l2.Penalty(b, x)
	}
	return b.Add(l1.Penalty(b, x), l2.Penalty(b, x))
}

// maxVectors limits the memory of OrthogonalRegularizer, which needs a matrix of all pairs.
const maxVectors = 1 << 14

// Penalty implements graph.Regularizer.
func (r OrthogonalRegularizer) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r, ok := Ready(b, r)
	if !ok || !x.Valid() {
		return b.Invalid()
	}
	if x.Rank() != 2 || !x.Shape.Known() {
		return b.Errorf("OrthogonalRegularizer: got shape %v, want a matrix of known size", x.Shape)
	}
	n, along, product := x.Shape[0], 1, op.MatMul{TransposeB: true}
	if r.Mode == Columns {
		n, along, product = x.Shape[1], 0, op.MatMul{TransposeA: true}
	}
	if n < 2 || n > maxVectors {
		return b.Errorf("OrthogonalRegularizer: got a matrix with %d %s, want 2 to %d", n, r.Mode, maxVectors)
	}
	// As in Keras, the length is at least 1e-7. The bound is inside the root, whose gradient at 0 is infinite.
	length := b.Sqrt(b.Max(b.SumKeep(b.Square(x), along), b.Constant(x.DType, 1e-14)))
	unit := b.Div(x, length)
	indices := tensor.New(tensor.Int32, n)
	for i := range n {
		tensor.Values[int32](indices)[i] = int32(i)
	}
	others := b.Offset(b.Neg(b.OneHot(b.Op(op.Const{Value: indices}), n, x.DType)), 1) // 0 on the diagonal, 1 elsewhere
	cosines := b.Abs(b.Mul(b.Op(product, unit, unit), others))
	pairs := float64(n) * float64(n-1) / 2
	return b.Div(b.Scale(b.Sum(cosines), *r.Factor*.5), b.Constant(x.DType, pairs))
}
