package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/loss"
)

// BinaryCrossentropy is the mean cross-entropy between targets y, which are 0 or 1, and independent probabilities p
// (keras.metrics.BinaryCrossentropy):
//
//	bce = mean of -(y*ln(p) + (1-y)*ln(1-p))
//
// The loss of this name describes the computation.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or LabelSmoothing is out of range.
type BinaryCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = sigmoid(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s by which targets are moved toward 1/2: y*(1-s) + s/2. From 0 to 1. The
	// default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`
	// Name is the key in logs and in the history. The default is "binary_crossentropy".
	Name string `keras:"name,default=binary_crossentropy"`
}

// CategoricalCrossentropy is the mean cross-entropy between one-hot targets y and class probabilities p
// (keras.metrics.CategoricalCrossentropy):
//
//	ce = mean of -sum over classes k of y[k] * ln(p[k])
//
// The loss of this name describes the computation.
//
// Targets: (batch, ..., classes).
// Predictions: (batch, ..., classes). The classes are along Axis.
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes of targets and predictions differ or a field is out of range.
type CategoricalCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = softmax(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s of each target that is spread evenly over all K classes: y*(1-s) + s/K. From
	// 0 to 1. The default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`
	// Axis is the dimension of the classes: a dimension after the batch, where negative numbers count from the last.
	// The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Name is the key in logs and in the history. The default is "categorical_crossentropy".
	Name string `keras:"name,default=categorical_crossentropy"`
}

// SparseCategoricalCrossentropy is the mean cross-entropy between class indices y and class probabilities p
// (keras.metrics.SparseCategoricalCrossentropy):
//
//	ce = mean of -ln(p[y])
//
// The loss of this name describes the computation.
//
// Targets: (batch, ...) or (batch, ..., 1), class indices.
// Predictions: (batch, ..., classes).
// Result: a scalar, the running mean over the epoch.
//
// Build reports an error if the shapes do not match or the number of classes is unknown.
type SparseCategoricalCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = softmax(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// IgnoreClass is a class whose targets have the cross-entropy 0, such as the class of unlabeled pixels. As in Keras,
	// they count in the mean unless there are example weights. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// Name is the key in logs and in the history. The default is "sparse_categorical_crossentropy".
	Name string `keras:"name,default=sparse_categorical_crossentropy"`

	_ struct{} `keras:"axis,only=-1"`
}

// HigherIsBetter implements Metric.
func (BinaryCrossentropy) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (CategoricalCrossentropy) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (SparseCategoricalCrossentropy) HigherIsBetter() (higher, known bool) { return false, true }

// Build implements Metric.
func (m BinaryCrossentropy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m BinaryCrossentropy) loss.Loss {
		return loss.BinaryCrossentropy{FromLogits: m.FromLogits, LabelSmoothing: m.LabelSmoothing}
	}, yTrue, yPred, weights)
}

// Build implements Metric.
func (m CategoricalCrossentropy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m CategoricalCrossentropy) loss.Loss {
		return loss.CategoricalCrossentropy{FromLogits: m.FromLogits, LabelSmoothing: m.LabelSmoothing, Axis: m.Axis}
	}, yTrue, yPred, weights)
}

// Build implements Metric.
func (m SparseCategoricalCrossentropy) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	return meanLoss(b, m, func(m SparseCategoricalCrossentropy) loss.Loss {
		return loss.SparseCategoricalCrossentropy{FromLogits: m.FromLogits, IgnoreClass: m.IgnoreClass}
	}, yTrue, yPred, weights)
}
