// Package targets converts targets to the shape and type that losses and metrics compute with.
package targets

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Dense converts targets to the type and rank of the predictions. As in Keras, a last dimension
// of size 1 is added to the targets, or removed from them, if that makes the ranks equal. Dense
// reports an error to b if the shapes still differ.
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

// Sparse converts targets to class indices of type Int32. Their shape is that of the predictions
// without the last dimension, the classes. The given targets may have an additional last dimension
// of size 1.
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
			return b.Errorf("targets have shape %v, one number for each class; want class indices; for one-hot targets use CategoricalCrossentropy or CategoricalAccuracy", yTrue.Shape)
		}
		return mismatch(b, yTrue, yPred)
	}
	return b.Cast(y, tensor.Int32)
}

// mismatch reports shapes that differ, with the most likely remedy.
func mismatch(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	t, p := yTrue.Shape, yPred.Shape
	hint := ""
	switch {
	case len(p) > 2 && compatible(t, p[:len(p)-1]):
		hint = "; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"
	case len(p) > 2 && len(p) > len(t):
		hint = "; add a Flatten layer before the last Dense layer"
	case len(p) == 2 && (len(t) == 1 || len(t) == 2 && t[1] == 1):
		hint = "; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"
	case len(p) == 2 && len(t) == 2:
		hint = "; the last layer needs one unit for each class"
	}
	return b.Errorf("targets have shape %v and predictions %v, want equal shapes%s", t, p, hint)
}

// compatible reports whether two shapes can be equal. Unknown dimensions match any size.
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
