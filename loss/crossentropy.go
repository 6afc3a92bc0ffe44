package loss

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// CategoricalCrossentropy is -sum(y*ln(p)) over the classes, for labels y that are
// one-hot rows (keras.losses.CategoricalCrossentropy). Of predictions that come from a softmax
// (or a sigmoid), the operand is taken as FromLogits does; other probabilities are divided by
// their sum and kept within [1e-7, 1-1e-7].
type CategoricalCrossentropy struct {
	FromLogits     bool    `keras:"from_logits"`                 // predictions are not probabilities: a softmax is to be applied
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"` // fraction s of each target that goes to all K classes: y*(1-s) + s/K

	_ struct{} `keras:"axis,only=-1"`
}

// SparseCategoricalCrossentropy is -ln(p[y]) for labels y that are class numbers: integers,
// or floating-point numbers that hold them (keras.losses.SparseCategoricalCrossentropy). The
// loss of a number that is no class is NaN.
type SparseCategoricalCrossentropy struct {
	FromLogits bool `keras:"from_logits"` // predictions are not probabilities: a softmax is to be applied

	_ struct{} `keras:"axis,only=-1,omit"`
	_ struct{} `keras:"ignore_class,only=null"`
}

// BinaryCrossentropy is the mean over the last dimension of -(y*ln(p) + (1-y)*ln(1-p)), for
// labels y that are 0 or 1 (keras.losses.BinaryCrossentropy). Of predictions that come from a
// sigmoid (or a softmax), the operand is taken as FromLogits does; other probabilities are kept
// within [1e-7, 1-1e-7].
type BinaryCrossentropy struct {
	FromLogits     bool    `keras:"from_logits"`                 // predictions are not probabilities: a sigmoid is to be applied
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"` // fraction s by which targets move to 1/2: y*(1-s) + s/2

	_ struct{} `keras:"axis,only=-1"`
}

// Class implements Loss.
func (CategoricalCrossentropy) Class() string { return "CategoricalCrossentropy" }

// Class implements Loss.
func (SparseCategoricalCrossentropy) Class() string { return "SparseCategoricalCrossentropy" }

// Class implements Loss.
func (BinaryCrossentropy) Class() string { return "BinaryCrossentropy" }

// Named implements Loss.
func (CategoricalCrossentropy) Named() string { return "categorical_crossentropy" }

// Named implements Loss.
func (SparseCategoricalCrossentropy) Named() string { return "sparse_categorical_crossentropy" }

// Named implements Loss.
func (BinaryCrossentropy) Named() string { return "binary_crossentropy" }

// Config implements Loss.
func (l CategoricalCrossentropy) Config() map[string]any { return ConfigOf(l) }

// Config implements Loss.
func (l SparseCategoricalCrossentropy) Config() map[string]any { return ConfigOf(l) }

// Config implements Loss.
func (l BinaryCrossentropy) Config() map[string]any { return ConfigOf(l) }

// Target implements Loss: as the predictions, one-hot rows.
func (CategoricalCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss: class numbers, Int32, without the last dimension of the predictions.
func (SparseCategoricalCrossentropy) Target(output op.Type) op.Type {
	return op.Type{DType: tensor.Int32, Shape: output.Shape[:max(0, output.Rank()-1)].Clone()}
}

// Target implements Loss: as the predictions, 0 or 1.
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
	// The row of a number that is no class is all zeros: 0/0.
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

// sigmoidCrossEntropy is max(x,0) - x*y + ln(1+exp(-|x|)). As in TensorFlow it is made of
// choices, so that the gradient at 0 is that of the function and not of its parts.
func sigmoidCrossEntropy(b *graph.Builder, x, y *graph.Value) *graph.Value {
	zero := b.Constant(x.DType, 0)
	positive := b.Binary(op.GreaterEqual, x, zero)
	top := b.Select(positive, x, zero)
	below := b.Select(positive, b.Neg(x), x)
	return b.Add(b.Sub(top, b.Mul(x, y)), b.Log1p(b.Exp(below)))
}
