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
// Predictions: (batch, ..., classes). The classes are along Axis.
// Result: the shape of the predictions without the classes: (batch, ...).
//
// Build reports an error if LabelSmoothing or Axis is out of range, or the shapes of targets and
// predictions differ. For targets that are class indices, use SparseCategoricalCrossentropy.
//
// Label smoothing was introduced by Szegedy et al., 2016 (arXiv:1512.00567).
type CategoricalCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = softmax(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s of each target that is spread evenly over all K classes:
	// y*(1-s) + s/K. From 0 to 1. The default is 0. As in Keras, K is the size of the last dimension even if
	// Axis is another one.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`
	// Axis is the dimension of the classes: a dimension after the batch, where negative numbers count from the
	// last. The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "categorical_crossentropy".
	Name string `keras:"name,default=categorical_crossentropy"`
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
// With IgnoreClass, the loss of a target of that class is 0, and it does not count in the mean. As in Keras,
// the loss is then computed from the probabilities even if they are the result of a softmax.
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
	// IgnoreClass is a class that is left out, such as the class of unlabeled pixels. It need not be one of the
	// classes: -1 and 255 are usual. The default, nil, ignores no class.
	IgnoreClass *int `keras:"ignore_class"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "sparse_categorical_crossentropy".
	Name string `keras:"name,default=sparse_categorical_crossentropy"`

	_ struct{} `keras:"axis,only=-1,omit"`
}

// BinaryCrossentropy is the cross-entropy between targets y, which are 0 or 1, and independent
// probabilities p (keras.losses.BinaryCrossentropy):
//
//	loss = -mean over Axis of (y*ln(p) + (1-y)*ln(1-p))
//
// Use it for two classes with one output, or where an example can have several labels (multi-label
// classification). If the predictions are the result of a sigmoid or a softmax, the loss is
// computed from the logits, that is, from the operand of that function, as with FromLogits. Other
// predictions are clipped to [1e-7, 1-1e-7].
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: the shape of the predictions without the dimension Axis: (batch, ...).
//
// Build reports an error if LabelSmoothing or Axis is out of range, or the shapes of targets and
// predictions differ.
type BinaryCrossentropy struct {
	// FromLogits means that the predictions are logits x, and p = sigmoid(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s by which targets are moved toward 1/2: y*(1-s) + s/2. From 0
	// to 1. The default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`
	// Axis is the dimension over which the mean is computed: a dimension after the batch, where negative numbers
	// count from the last. The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "binary_crossentropy".
	Name string `keras:"name,default=binary_crossentropy"`
}

// Target implements Loss. Targets are one-hot, of the type of the predictions.
func (CategoricalCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss. Targets are class indices: Int32, without the last dimension of the
// predictions.
func (SparseCategoricalCrossentropy) Target(output op.Type) op.Type { return sparse(output) }

// Target implements Loss. Targets are 0 or 1, of the type of the predictions.
func (BinaryCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// sparse is the type of class indices for predictions of type output.
func sparse(output op.Type) op.Type {
	return op.Type{DType: tensor.Int32, Shape: output.Shape[:max(0, output.Rank()-1)].Clone()}
}

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
	l, y, ok := ready(b, l, yTrue, yPred)
	axis := axisOf(b, l.Axis, yPred)
	if !ok || axis < 0 {
		return b.Invalid()
	}
	y = smoothClasses(b, y, l.LabelSmoothing)
	p, fused := logits(yPred)
	p, y = toLast(b, p, axis), toLast(b, y, axis)
	if fused || l.FromLogits {
		return b.SoftmaxCrossEntropy(p, y)
	}
	last := p.Rank() - 1
	p = b.Clip(b.Div(p, b.SumKeep(p, last)), epsilon, 1-epsilon)
	return b.Neg(b.Sum(b.Mul(y, b.Log(p)), last))
}

// smoothClasses spreads the fraction s of one-hot targets over all classes.
func smoothClasses(b *graph.Builder, y *graph.Value, s float64) *graph.Value {
	if s == 0 {
		return y
	}
	n := y.Shape[y.Rank()-1]
	if n == tensor.Unknown {
		return b.Errorf("LabelSmoothing needs a known number of classes, and the targets have shape %v", y.Shape)
	}
	return b.Offset(b.Scale(y, 1-s), s/float64(n))
}

// smoothBinary moves the fraction s of targets, which are 0 or 1, toward 1/2.
func smoothBinary(b *graph.Builder, y *graph.Value, s float64) *graph.Value {
	if s == 0 {
		return y
	}
	return b.Offset(b.Scale(y, 1-s), s/2)
}

// Build implements Loss.
func (l SparseCategoricalCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	_, ok := Ready(b, l)
	class := targets.Sparse(b, yTrue, yPred)
	if !ok || !class.Valid() {
		return b.Invalid()
	}
	last := yPred.Rank() - 1
	p, fused := logits(yPred)
	var counts *graph.Value
	if l.IgnoreClass != nil {
		counts = l.counts(b, class)
		class = b.Cast(b.Mul(b.Cast(class, yPred.DType), b.Cast(counts, yPred.DType)), tensor.Int32)
		p, fused = b.Select(b.Reshape(counts, append(counts.Shape.Clone(), 1)...), yPred, b.Constant(yPred.DType, 0)), false
	}
	if !fused && !l.FromLogits {
		// As in Keras on TensorFlow: the softmax divides by the sum.
		p = b.Log(b.Clip(p, epsilon, 1-epsilon))
	}
	y := b.OneHot(class, yPred.Shape[last], yPred.DType)
	// The one-hot row of an invalid index is all zeros, so its loss is 0/0, which is NaN.
	loss := b.Div(b.SoftmaxCrossEntropy(p, y), b.Sum(y, last))
	if counts != nil {
		loss = b.Select(counts, loss, b.Constant(loss.DType, 0))
	}
	return loss
}

// counts reports which targets are not of the ignored class.
func (l SparseCategoricalCrossentropy) counts(b *graph.Builder, class *graph.Value) *graph.Value {
	ignored := b.Binary(op.Equal, class, b.Constant(tensor.Int32, float64(*l.IgnoreClass)))
	return b.Binary(op.Equal, b.Cast(ignored, tensor.Float32), b.Constant(tensor.Float32, 0))
}

// Mask implements Masked. It leaves out the targets of the class IgnoreClass.
func (l SparseCategoricalCrossentropy) Mask(b *graph.Builder, yTrue, yPred, _ *graph.Value) *graph.Value {
	if l.IgnoreClass == nil {
		return nil
	}
	return l.counts(b, targets.Sparse(b, yTrue, yPred))
}

// Ignored implements Ignorer.
func (l SparseCategoricalCrossentropy) Ignored() (class int, ok bool) {
	if l.IgnoreClass == nil {
		return 0, false
	}
	return *l.IgnoreClass, true
}

// Build implements Loss.
func (l BinaryCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axis := axisOf(b, l.Axis, yPred)
	if !ok || axis < 0 {
		return b.Invalid()
	}
	return b.Mean(binaryCrossEntropy(b, smoothBinary(b, y, l.LabelSmoothing), yPred, l.FromLogits), axis)
}

// binaryCrossEntropy is the cross-entropy of each number.
func binaryCrossEntropy(b *graph.Builder, y, yPred *graph.Value, fromLogits bool) *graph.Value {
	p, fused := logits(yPred)
	if fused || fromLogits {
		return sigmoidCrossEntropy(b, p, y)
	}
	p = b.Clip(p, epsilon, 1-epsilon)
	one := b.Constant(p.DType, 1)
	return b.Neg(b.Add(b.Mul(y, b.Log(p)), b.Mul(b.Sub(one, y), b.Log(b.Sub(one, p)))))
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
