package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// CategoricalCrossentropy is the cross-entropy between one-hot targets y and class
// probabilities p (keras.losses.CategoricalCrossentropy):
//
//	loss = -sum over classes k of y[k] * ln(p[k])
//
// If the predictions are the result of a softmax or a sigmoid, the loss is computed from the
// logits, that is, from the operand of that function, as with FromLogits. Other predictions are
// divided by their sum and then clipped to [1e-7, 1-1e-7].
//
// Targets: (batch, ..., classes), one-hot or probabilities.
// Predictions: (batch, ..., classes).
// Result: (batch, ...).
//
// Build reports an error if LabelSmoothing is out of range, or the shapes of targets and
// predictions differ. For targets that are class indices, use SparseCategoricalCrossentropy.
//
// Label smoothing was introduced by Szegedy et al., 2016 (arXiv:1512.00567).
type CategoricalCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = softmax(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s of each target that is spread evenly over all K classes:
	// y*(1-s) + s/K. From 0 to 1. The default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`

	_ struct{} `keras:"axis,only=-1"`
}

// SparseCategoricalCrossentropy is the cross-entropy between class indices y and class
// probabilities p (keras.losses.SparseCategoricalCrossentropy):
//
//	loss = -ln(p[y])
//
// If the predictions are the result of a softmax or a sigmoid, the loss is computed from the
// logits, that is, from the operand of that function, as with FromLogits. Other predictions are
// clipped to [1e-7, 1-1e-7] and then divided by their sum. The loss is NaN if y is not a valid
// class index; Fit and Evaluate return an error for such a target.
//
// Targets: (batch, ...) or (batch, ..., 1), integers from 0 to classes-1. Build truncates
// floating-point targets to integers; Fit and Evaluate return an error for targets that are not
// integers.
// Predictions: (batch, ..., classes).
// Result: (batch, ...).
//
// Build reports an error if the shapes do not match or the number of classes is unknown. For
// one-hot targets, use CategoricalCrossentropy.
type SparseCategoricalCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = softmax(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`

	_ struct{} `keras:"axis,only=-1,omit"`
	_ struct{} `keras:"ignore_class,only=null"`
}

// BinaryCrossentropy is the cross-entropy between targets y, which are 0 or 1, and independent
// probabilities p (keras.losses.BinaryCrossentropy):
//
//	loss = -mean over the last dimension of (y*ln(p) + (1-y)*ln(1-p))
//
// Use it for two classes with one output, or where an example can have several labels (multi-label
// classification). If the predictions are the result of a sigmoid or a softmax, the loss is
// computed from the logits, that is, from the operand of that function, as with FromLogits. Other
// predictions are clipped to [1e-7, 1-1e-7].
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: (batch, ...).
//
// Build reports an error if LabelSmoothing is out of range, or the shapes of targets and
// predictions differ.
type BinaryCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = sigmoid(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s by which targets are moved toward 1/2: y*(1-s) + s/2. From 0
	// to 1. The default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`

	_ struct{} `keras:"axis,only=-1"`
}

// Target implements Loss. Targets are one-hot, of the type of the predictions.
func (CategoricalCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss. Targets are class indices: Int32, without the last dimension of the
// predictions.
func (SparseCategoricalCrossentropy) Target(output op.Type) op.Type {
	return op.Type{DType: tensor.Int32, Shape: output.Shape[:max(0, output.Rank()-1)].Clone()}
}

// Target implements Loss. Targets are 0 or 1, of the type of the predictions.
func (BinaryCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Takes implements Loss.
func (l CategoricalCrossentropy) Takes() Predictions { return Predictions{Distribution, l.FromLogits} }

// Takes implements Loss.
func (l SparseCategoricalCrossentropy) Takes() Predictions {
	return Predictions{Distribution, l.FromLogits}
}

// Takes implements Loss.
func (l BinaryCrossentropy) Takes() Predictions { return Predictions{Independent, l.FromLogits} }

// Build implements Loss.
func (l CategoricalCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	axis, ok := ready(b, l, yPred)
	y := targets.Dense(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	if s := l.LabelSmoothing; s != 0 {
		y = b.Offset(b.Scale(y, 1-s), s/float64(yPred.Shape[axis]))
	}
	p, fused := logits(yPred)
	if fused || l.FromLogits {
		return b.SoftmaxCrossEntropy(p, y)
	}
	p = b.Clip(b.Div(p, b.SumKeep(p, axis)), epsilon, 1-epsilon)
	return b.Neg(b.Sum(b.Mul(y, b.Log(p)), axis))
}

// Build implements Loss.
func (l SparseCategoricalCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	axis, ok := ready(b, l, yPred)
	class := targets.Sparse(b, yTrue, yPred)
	if !ok || !class.Valid() {
		return b.Invalid()
	}
	y := b.OneHot(class, yPred.Shape[axis], yPred.DType)
	p, fused := logits(yPred)
	if !fused && !l.FromLogits {
		// As in Keras on TensorFlow: the softmax divides by the sum.
		p = b.Log(b.Clip(p, epsilon, 1-epsilon))
	}
	// The one-hot row of an invalid index is all zeros, so its loss is 0/0, which is NaN.
	return b.Div(b.SoftmaxCrossEntropy(p, y), b.Sum(y, axis))
}

// Build implements Loss.
func (l BinaryCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	axis, ok := ready(b, l, yPred)
	y := targets.Dense(b, yTrue, yPred)
	if !ok || !y.Valid() {
		return b.Invalid()
	}
	if s := l.LabelSmoothing; s != 0 {
		y = b.Offset(b.Scale(y, 1-s), s/2)
	}
	p, fused := logits(yPred)
	if fused || l.FromLogits {
		return b.Mean(sigmoidCrossEntropy(b, p, y), axis)
	}
	p = b.Clip(p, epsilon, 1-epsilon)
	one := b.Constant(p.DType, 1)
	loss := b.Add(b.Mul(y, b.Log(p)), b.Mul(b.Sub(one, y), b.Log(b.Sub(one, p))))
	return b.Mean(b.Neg(loss), axis)
}

// sigmoidCrossEntropy computes max(x, 0) - x*y + ln(1+exp(-|x|)). As in TensorFlow, max and the
// absolute value are selections, so that the gradient at x = 0 is correct: sigmoid(0) - y.
func sigmoidCrossEntropy(b *graph.Builder, x, y *graph.Value) *graph.Value {
	zero := b.Constant(x.DType, 0)
	positive := b.Binary(op.GreaterEqual, x, zero)
	top := b.Select(positive, x, zero)
	below := b.Select(positive, b.Neg(x), x)
	return b.Add(b.Sub(top, b.Mul(x, y)), b.Log1p(b.Exp(below)))
}
