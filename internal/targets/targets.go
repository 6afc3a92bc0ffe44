// Package targets brings targets into the shape of predictions, for losses and metrics.
package targets

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Dense makes targets of the type and rank of the predictions, as Keras does: where one of
// them has a dimension of 1 at the end that the other lacks, the targets get it or lose it.
// Targets that do not fit then are a mistake of b.
func Dense(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	if !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	y := yTrue
	n := yPred.Rank()
	switch {
	case y.Rank() == n+1 && y.Shape[n] == 1:
		y = b.Reshape(y, y.Shape[:n]...)
	case y.Rank() == n-1 && yPred.Shape[n-1] == 1:
		y = b.Reshape(y, append(y.Shape.Clone(), 1)...)
	}
	if y.Valid() && !compatible(y.Shape, yPred.Shape) {
		return mismatch(b, yTrue, yPred)
	}
	return b.Cast(y, yPred.DType)
}

// Sparse makes class numbers of type Int32 and of the shape of the predictions without the
// last dimension, which is the classes'; targets may have a dimension of 1 there.
func Sparse(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	if !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	y := yTrue
	if n := yPred.Rank(); n > 0 && y.Rank() == n && y.Shape[n-1] == 1 {
		y = b.Reshape(y, y.Shape[:n-1]...)
	}
	switch n := yPred.Rank(); {
	case n < 2 || yPred.Shape[n-1] == tensor.Unknown:
		return b.Errorf("predictions have shape %v, want (batch, ..., classes)", yPred.Shape)
	case !compatible(y.Shape, yPred.Shape[:n-1]):
		if y.Rank() == n && compatible(y.Shape, yPred.Shape) {
			return b.Errorf("targets have shape %v, one number for each class; want the number of the class: use the categorical form, without sparse", yTrue.Shape)
		}
		return mismatch(b, yTrue, yPred)
	}
	return b.Cast(y, tensor.Int32)
}

// mismatch tells what is wrong, and what mostly is the reason.
func mismatch(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := yTrue.Shape, yPred.Shape
	hint := ""
	switch {
	case len(p) > 2 && len(p) > len(t):
		hint = "; add a Flatten layer before the last Dense layer"
	case len(p) == 2 && (len(t) == 1 || len(t) == 2 && t[1] == 1):
		hint = "; for class numbers use the sparse categorical form"
	case len(p) == 2 && len(t) == 2:
		hint = "; the last layer needs one unit for each class"
	}
	return b.Errorf("targets have shape %v and predictions %v, want the same%s", t, p, hint)
}

// compatible says whether two shapes can be the same.
func compatible(a, b tensor.Shape) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != tensor.Unknown && b[i] != tensor.Unknown {
			return false
		}
	}
	return true
}
