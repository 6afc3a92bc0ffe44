package metric

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// IoU is the mean intersection over union of some classes (keras.metrics.IoU):
//
//	iou[k] = TP[k] / (TP[k] + FP[k] + FN[k])
//
// TP, FP and FN are the weighted counts of an epoch: the pixels of class k that are predicted as such, the others that
// are predicted as k, and those of class k that are predicted as another class. The result is the mean over TargetClassIDs. Classes without a target and a
// prediction do not count in the mean.
//
// Targets: (batch, ...), class indices; (batch, ..., classes) with DenseTargets.
// Predictions: (batch, ...), class indices; (batch, ..., classes) with DensePredictions.
// Result: a scalar.
//
// Build reports an error if a field is invalid, or the shapes do not match.
type IoU struct {
	// NumClasses is the number of classes. From 1 to 4096. Required.
	NumClasses int `keras:"num_classes,required,min=1,max=4096"`
	// TargetClassIDs are the classes whose mean is the result, from 0 to NumClasses-1. Required.
	TargetClassIDs []int `keras:"target_class_ids,required,min=0"`
	// IgnoreClass is a class of targets that is left out. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// DenseTargets means that targets are one-hot along the last dimension. By default they are class indices.
	DenseTargets bool `keras:"sparse_y_true,inverted"`
	// DensePredictions means that predictions have a number for each class along the last dimension. By default they
	// are class indices.
	DensePredictions bool `keras:"sparse_y_pred,inverted"`
	// DType is the type of the counts: int64, int32 or float32. With the integers, example weights are truncated to
	// integers, as in Keras. The default is "int64".
	DType string `keras:"dtype,oneof=int64|int32|float32"`
	// Name is the key in logs and in the history. The default is "io_u".
	Name string `keras:"name,default=io_u"`

	_ struct{} `keras:"axis,only=-1"`
}

// MeanIoU is the mean intersection over union of all classes (keras.metrics.MeanIoU):
//
//	iou[k] = TP[k] / (TP[k] + FP[k] + FN[k])
//
// TP, FP and FN are the weighted counts of an epoch: the pixels of class k that are predicted as such, the others that
// are predicted as k, and those of class k that are predicted as another class. The result is the mean over all classes. Classes without a target and a
// prediction do not count in the mean.
//
// Targets: (batch, ...), class indices; (batch, ..., classes) with DenseTargets.
// Predictions: (batch, ...), class indices; (batch, ..., classes) with DensePredictions.
// Result: a scalar.
//
// Build reports an error if a field is invalid, or the shapes do not match.
type MeanIoU struct {
	// NumClasses is the number of classes. From 1 to 4096. Required.
	NumClasses int `keras:"num_classes,required,min=1,max=4096"`
	// IgnoreClass is a class of targets that is left out. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// DenseTargets means that targets are one-hot along the last dimension. By default they are class indices.
	DenseTargets bool `keras:"sparse_y_true,inverted"`
	// DensePredictions means that predictions have a number for each class along the last dimension. By default they
	// are class indices.
	DensePredictions bool `keras:"sparse_y_pred,inverted"`
	// DType is the type of the counts: int64, int32 or float32. With the integers, example weights are truncated to
	// integers, as in Keras. The default is "int64".
	DType string `keras:"dtype,oneof=int64|int32|float32"`
	// Name is the key in logs and in the history. The default is "mean_io_u".
	Name string `keras:"name,default=mean_io_u"`

	_ struct{} `keras:"axis,only=-1"`
}

// BinaryIoU is the mean intersection over union of two classes, where a prediction is of class 1 if it is at least
// Threshold, and of class 0 otherwise (keras.metrics.BinaryIoU):
//
//	iou[k] = TP[k] / (TP[k] + FP[k] + FN[k])
//
// TP, FP and FN are the weighted counts of an epoch: the pixels of class k that are predicted as such, the others that
// are predicted as k, and those of class k that are predicted as another class. The result is the mean over TargetClassIDs. Classes without a target and a
// prediction do not count in the mean.
//
// Targets: (batch, ...), 0 or 1.
// Predictions: the shape of the targets, or with a last dimension of size 1 more.
// Result: a scalar.
//
// Build reports an error if a field is invalid, or the shapes do not match.
type BinaryIoU struct {
	// TargetClassIDs are the classes whose mean is the result: 0 and 1, or one of them. The default, nil, is {0, 1}.
	TargetClassIDs []int `keras:"target_class_ids,min=0,max=1"`
	// Threshold is the number from which on a prediction is of class 1. Any finite number. The default, nil, is 0.5.
	Threshold *float64 `keras:"threshold,default=0.5"`
	// DType is the type of the counts: int64, int32 or float32. With the integers, example weights are truncated to
	// integers, as in Keras. The default is "int64".
	DType string `keras:"dtype,oneof=int64|int32|float32"`
	// Name is the key in logs and in the history. The default is "binary_io_u".
	Name string `keras:"name,default=binary_io_u"`
}

// OneHotIoU is an IoU of one-hot targets (keras.metrics.OneHotIoU):
//
//	iou[k] = TP[k] / (TP[k] + FP[k] + FN[k])
//
// TP, FP and FN are the weighted counts of an epoch: the pixels of class k that are predicted as such, the others that
// are predicted as k, and those of class k that are predicted as another class. The result is the mean over TargetClassIDs. Classes without a target and a
// prediction do not count in the mean.
//
// Targets: (batch, ..., classes), one-hot.
// Predictions: (batch, ..., classes); (batch, ...), class indices, with SparsePredictions.
// Result: a scalar.
//
// Build reports an error if a field is invalid, or the shapes do not match.
type OneHotIoU struct {
	// NumClasses is the number of classes. From 1 to 4096. Required.
	NumClasses int `keras:"num_classes,required,min=1,max=4096"`
	// TargetClassIDs are the classes whose mean is the result, from 0 to NumClasses-1. Required.
	TargetClassIDs []int `keras:"target_class_ids,required,min=0"`
	// IgnoreClass is a class of targets that is left out. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// SparsePredictions means that predictions are class indices. By default, they have a number for each class along
	// the last dimension.
	SparsePredictions bool `keras:"sparse_y_pred"`
	// DType is the type of the counts: int64, int32 or float32. With the integers, example weights are truncated to
	// integers, as in Keras. The default is "int64".
	DType string `keras:"dtype,oneof=int64|int32|float32"`
	// Name is the key in logs and in the history. The default is "one_hot_io_u".
	Name string `keras:"name,default=one_hot_io_u"`

	_ struct{} `keras:"axis,only=-1"`
}

// OneHotMeanIoU is a MeanIoU of one-hot targets (keras.metrics.OneHotMeanIoU):
//
//	iou[k] = TP[k] / (TP[k] + FP[k] + FN[k])
//
// TP, FP and FN are the weighted counts of an epoch: the pixels of class k that are predicted as such, the others that
// are predicted as k, and those of class k that are predicted as another class. The result is the mean over all classes. Classes without a target and a
// prediction do not count in the mean.
//
// Targets: (batch, ..., classes), one-hot.
// Predictions: (batch, ..., classes); (batch, ...), class indices, with SparsePredictions.
// Result: a scalar.
//
// Build reports an error if a field is invalid, or the shapes do not match.
type OneHotMeanIoU struct {
	// NumClasses is the number of classes. From 1 to 4096. Required.
	NumClasses int `keras:"num_classes,required,min=1,max=4096"`
	// IgnoreClass is a class of targets that is left out. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// SparsePredictions means that predictions are class indices. By default, they have a number for each class along
	// the last dimension.
	SparsePredictions bool `keras:"sparse_y_pred"`
	// DType is the type of the counts: int64, int32 or float32. With the integers, example weights are truncated to
	// integers, as in Keras. The default is "int64".
	DType string `keras:"dtype,oneof=int64|int32|float32"`
	// Name is the key in logs and in the history. The default is "one_hot_mean_io_u".
	Name string `keras:"name,default=one_hot_mean_io_u"`

	_ struct{} `keras:"axis,only=-1"`
}

// HigherIsBetter implements Metric.
func (IoU) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (MeanIoU) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (BinaryIoU) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (OneHotIoU) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (OneHotMeanIoU) HigherIsBetter() (higher, known bool) { return true, true }

// check reports class indices that are out of range.
func (m IoU) check() error { return checkIDs(m.TargetClassIDs, m.NumClasses) }

func (m OneHotIoU) check() error { return checkIDs(m.TargetClassIDs, m.NumClasses) }

func checkIDs(ids []int, classes int) error {
	if len(ids) == 0 {
		return fmt.Errorf("TargetClassIDs is not set, want classes from 0 to %d", classes-1)
	}
	for _, k := range ids {
		if k < 0 || k >= classes {
			return fmt.Errorf("TargetClassIDs has %d, want classes from 0 to %d", k, classes-1)
		}
	}
	return nil
}

// Build implements Metric.
func (m IoU) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	return iou(b, ok, m, yTrue, yPred, weights)
}

// Build implements Metric.
func (m MeanIoU) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	return iou(b, ok, IoU{NumClasses: m.NumClasses, IgnoreClass: m.IgnoreClass, DenseTargets: m.DenseTargets, DensePredictions: m.DensePredictions, DType: m.DType}, yTrue, yPred, weights)
}

// Build implements Metric.
func (m BinaryIoU) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !yPred.Valid() {
		return b.Invalid()
	}
	p := b.Cast(b.Binary(op.GreaterEqual, yPred, b.Constant(yPred.DType, *m.Threshold)), tensor.Float32)
	return iou(b, ok, IoU{NumClasses: 2, TargetClassIDs: m.TargetClassIDs, DType: m.DType}, yTrue, p, weights)
}

// Build implements Metric.
func (m OneHotIoU) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	return iou(b, ok, IoU{NumClasses: m.NumClasses, TargetClassIDs: m.TargetClassIDs, IgnoreClass: m.IgnoreClass, DenseTargets: true, DensePredictions: !m.SparsePredictions, DType: m.DType}, yTrue, yPred, weights)
}

// Build implements Metric.
func (m OneHotMeanIoU) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	return iou(b, ok, IoU{NumClasses: m.NumClasses, IgnoreClass: m.IgnoreClass, DenseTargets: true, DensePredictions: !m.SparsePredictions, DType: m.DType}, yTrue, yPred, weights)
}

// iou adds an IoU whose fields have been checked and filled. If it has no TargetClassIDs, all classes count.
func iou(b *graph.Builder, ok bool, m IoU, yTrue, yPred, weights *graph.Value) *graph.Value {
	if !ok || !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	y, p := classIndices(b, yTrue, m.DenseTargets), classIndices(b, yPred, m.DensePredictions)
	if !y.Valid() || !p.Valid() {
		return b.Invalid()
	}
	switch { // a last dimension of size 1 does not count
	case p.Rank() == y.Rank()+1 && p.Shape[y.Rank()] == 1:
		y = b.Reshape(y, append(y.Shape.Clone(), 1)...)
	case y.Rank() == p.Rank()+1 && y.Shape[p.Rank()] == 1:
		y = b.Reshape(y, p.Shape...)
	}
	if y.Rank() != p.Rank() {
		hint := ""
		if !m.DensePredictions && p.Rank() > y.Rank() {
			hint = "; if predictions have a number for each class, set DensePredictions"
		}
		return b.Errorf("targets have shape %v and predictions %v, want equal shapes%s", yTrue.Shape, yPred.Shape, hint)
	}
	n := m.NumClasses
	whole := m.DType != "float32"
	w := b.BroadcastLike(b.Constant(tensor.Float32, 1), p)
	if weights != nil {
		w = spread(b, b.Cast(weights, tensor.Float32), p.Rank())
		if whole {
			w = b.Cast(b.Cast(w, tensor.Int32), tensor.Float32)
		}
		w = b.BroadcastLike(w, p)
	}
	in := b.Mul(within(b, y, n), within(b, p, n))
	if m.IgnoreClass != nil {
		ignored := b.Binary(op.Equal, y, b.Constant(tensor.Float32, float64(*m.IgnoreClass)))
		in = b.Select(ignored, b.Constant(tensor.Float32, 0), in)
	}
	// The index of the pair of classes; -1 for a pair that does not count.
	cell := b.Select(b.Binary(op.Greater, in, b.Constant(tensor.Float32, 0)), b.Add(b.Scale(y, float64(n)), p), b.Constant(tensor.Float32, -1))
	counts := b.SegmentSum(w, b.Cast(cell, tensor.Int32), n*n)
	if whole { // float32 counts would be inexact from 2^24 on
		counts = b.Cast(counts, tensor.Int64)
	}
	matrix := b.Reshape(b.Cast(accumulate(b, "total_confusion_matrix", counts), tensor.Float32), n, n)
	diagonal := b.Cast(b.Binary(op.Equal, b.Iota(matrix, 0), b.Iota(matrix, 1)), tensor.Float32)
	tp := b.Sum(b.Mul(matrix, diagonal), 1)
	union := b.Sub(b.Add(b.Sum(matrix, 0), b.Sum(matrix, 1)), tp)
	zero := b.Constant(tensor.Float32, 0)
	valid := b.Binary(op.Greater, union, b.Constant(tensor.Float32, 1e-9))
	each := b.Select(valid, b.Div(tp, b.Offset(union, epsilon)), zero)
	count := b.Cast(valid, tensor.Float32)
	if m.TargetClassIDs != nil {
		times := make([]float64, n)
		for _, k := range m.TargetClassIDs {
			times[k]++
		}
		each, count = b.Mul(each, vector(b, times)), b.Mul(count, vector(b, times))
	}
	return b.Div(b.Sum(each), b.Offset(b.Sum(count), epsilon))
}

// classIndices returns class indices as Float32. dense means that x has a number for each class along the last dimension.
func classIndices(b *graph.Builder, x *graph.Value, dense bool) *graph.Value {
	if !dense {
		return b.Cast(b.Cast(x, tensor.Int32), tensor.Float32)
	}
	if x.Rank() < 2 {
		return b.Errorf("got shape %v, want (batch, ..., classes)", x.Shape)
	}
	return b.Cast(b.ArgMax(b.Cast(x, tensor.Float32)), tensor.Float32)
}

// within returns 1 for numbers from 0 to n-1, and 0 for others.
func within(b *graph.Builder, x *graph.Value, n int) *graph.Value {
	lo := b.Cast(b.Binary(op.GreaterEqual, x, b.Constant(tensor.Float32, 0)), tensor.Float32)
	hi := b.Cast(b.Binary(op.Less, x, b.Constant(tensor.Float32, float64(n))), tensor.Float32)
	return b.Mul(lo, hi)
}
