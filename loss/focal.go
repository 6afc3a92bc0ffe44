package loss

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// BinaryFocalCrossentropy is a BinaryCrossentropy in which well-predicted numbers weigh little
// (keras.losses.BinaryFocalCrossentropy):
//
//	q    = y*p + (1-y)*(1-p)
//	loss = mean over Axis of (1-q)^Gamma * -(y*ln(p) + (1-y)*ln(1-p))
//
// With ClassBalancing, each term is multiplied by y*Alpha + (1-y)*(1-Alpha). If p is the result of a sigmoid or a
// softmax, the logarithms are computed from the logits. Otherwise p is clipped to [1e-7, 1-1e-7] in them.
//
// Targets: (batch, ..., n), or (batch, ...) if n is 1.
// Predictions: (batch, ..., n).
// Result: the shape of the predictions without the dimension Axis: (batch, ...).
//
// Build reports an error if a field is out of range, or the shapes of targets and predictions differ.
//
// Source: Lin et al., 2017 (arXiv:1708.02002).
type BinaryFocalCrossentropy struct {
	// ClassBalancing weighs the two classes by Alpha. The default is false.
	ClassBalancing bool `keras:"apply_class_balancing"`
	// Alpha is the weight of class 1; that of class 0 is 1-Alpha. From 0 to 1. The default, nil, is 0.25.
	Alpha *float64 `keras:"alpha,default=0.25,min=0,max=1"`
	// Gamma is the focusing exponent. At least 0. The default, nil, is 2.
	Gamma *float64 `keras:"gamma,default=2,min=0"`
	// FromLogits means that the predictions are logits x, and p = sigmoid(x). By default they are
	// probabilities.
	FromLogits bool `keras:"from_logits"`
	// LabelSmoothing is the fraction s by which targets are moved toward 1/2: y*(1-s) + s/2. From 0
	// to 1. The default is 0.
	LabelSmoothing float64 `keras:"label_smoothing,min=0,max=1"`
	// Axis is the dimension of the mean: a dimension after the batch, where negative numbers count from the
	// last. The default is -1.
	Axis int `keras:"axis,default=-1"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "binary_focal_crossentropy".
	Name string `keras:"name,default=binary_focal_crossentropy"`
}

// CategoricalFocalCrossentropy is a CategoricalCrossentropy in which well-predicted examples weigh little
// (keras.losses.CategoricalFocalCrossentropy):
//
//	loss = -sum over classes k of Alpha[k] * (1-p[k])^Gamma * y[k] * ln(p[k])
//
// p are the predictions divided by their sum and then clipped to [1e-7, 1-1e-7].
//
// Targets: (batch, ..., classes), one-hot or probabilities.
// Predictions: (batch, ..., classes). The classes are along Axis.
// Result: the shape of the predictions without the classes: (batch, ...).
//
// Build reports an error if a field is out of range, Alpha has neither one number nor one for each element of the
// last dimension, or the shapes of targets and predictions differ.
//
// Source: Lin et al., 2017 (arXiv:1708.02002).
type CategoricalFocalCrossentropy struct {
	// Alpha is the weight of all classes, or has the weight of each class. The default, nil, is 0.25.
	Alpha Factors `keras:"alpha,default=0.25"`
	// Gamma is the focusing exponent. At least 0. The default, nil, is 2.
	Gamma *float64 `keras:"gamma,default=2,min=0"`
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
	// Name is the name of the loss. The default is "categorical_focal_crossentropy".
	Name string `keras:"name,default=categorical_focal_crossentropy"`
}

// CategoricalGeneralizedCrossEntropy is a loss between the cross-entropy and the absolute error, which
// tolerates wrong targets (keras.losses.CategoricalGeneralizedCrossEntropy). For class indices y and class
// probabilities p:
//
//	loss = (1 - p[y]^Q) / Q
//
// Targets: (batch, ...) or (batch, ..., 1), integers from 0 to classes-1.
// Predictions: (batch, ..., classes).
// Result: (batch, ...).
//
// Build reports an error if Q is out of range, the shapes do not match, or the number of classes is unknown.
//
// Source: Zhang and Sabuncu, 2018 (arXiv:1805.07836).
type CategoricalGeneralizedCrossEntropy struct {
	// Q is between 0, where the loss tends to the cross-entropy, and 1, where it is the absolute error. Greater
	// than 0 and less than 1. The default is 0.5.
	Q float64 `keras:"q,default=0.5,above=0,below=1"`
	// Reduction says how the numbers of the examples become one loss. The default is SumOverBatchSize.
	Reduction Reduction `keras:"reduction,default=sum_over_batch_size"`
	// Name is the name of the loss. The default is "categorical_generalized_cross_entropy".
	Name string `keras:"name,default=categorical_generalized_cross_entropy"`
}

// Target implements Loss. Targets are 0 or 1, of the type of the predictions.
func (BinaryFocalCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss. Targets are one-hot, of the type of the predictions.
func (CategoricalFocalCrossentropy) Target(output op.Type) op.Type { return Defaults{}.Target(output) }

// Target implements Loss. Targets are class indices: Int32, without the last dimension of the
// predictions.
func (CategoricalGeneralizedCrossEntropy) Target(output op.Type) op.Type { return sparse(output) }

// Takes implements Loss.
func (l BinaryFocalCrossentropy) Takes() Predictions { return Predictions{Independent, l.FromLogits} }

// Takes implements Loss.
func (l CategoricalFocalCrossentropy) Takes() Predictions {
	return Predictions{Distribution, l.FromLogits}
}

// Takes implements Loss.
func (CategoricalGeneralizedCrossEntropy) Takes() Predictions { return Predictions{Of: Distribution} }

// Build implements Loss.
func (l BinaryFocalCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axis := axisOf(b, l.Axis, yPred)
	if !ok || axis < 0 {
		return b.Invalid()
	}
	y = smoothBinary(b, y, l.LabelSmoothing)
	p := yPred
	if l.FromLogits {
		p = b.Sigmoid(p)
	}
	one := b.Constant(p.DType, 1)
	other := b.Sub(one, y)
	q := b.Add(b.Mul(y, p), b.Mul(other, b.Sub(one, p)))
	v := b.Mul(power(b, b.Sub(one, q), *l.Gamma), binaryCrossEntropy(b, y, p, false))
	if l.ClassBalancing {
		v = b.Mul(v, b.Add(b.Scale(y, *l.Alpha), b.Scale(other, 1-*l.Alpha)))
	}
	return b.Mean(v, axis)
}

// Build implements Loss.
func (l CategoricalFocalCrossentropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, y, ok := ready(b, l, yTrue, yPred)
	axis := axisOf(b, l.Axis, yPred)
	if !ok || axis < 0 {
		return b.Invalid()
	}
	if n := yPred.Shape[yPred.Rank()-1]; len(l.Alpha) != 1 && len(l.Alpha) != n {
		return b.Errorf("Alpha has %d numbers for predictions of shape %v; want 1 number, or %d", len(l.Alpha), yPred.Shape, n)
	}
	y = smoothClasses(b, y, l.LabelSmoothing)
	p := yPred
	if l.FromLogits {
		p = fromLast(b, b.Softmax(toLast(b, p, axis)), axis)
	}
	p = b.Clip(b.Div(p, b.SumKeep(p, axis)), epsilon, 1-epsilon)
	one := b.Constant(p.DType, 1)
	factor := b.Mul(power(b, b.Sub(one, p), *l.Gamma), l.Alpha.value(b))
	return b.Sum(b.Mul(factor, b.Mul(b.Neg(y), b.Log(p))), axis)
}

// Build implements Loss.
func (l CategoricalGeneralizedCrossEntropy) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, ok := Ready(b, l)
	class := targets.Sparse(b, yTrue, yPred)
	if !ok || !class.Valid() {
		return b.Invalid()
	}
	last := yPred.Rank() - 1
	p := b.Sum(b.Mul(yPred, b.OneHot(class, yPred.Shape[last], yPred.DType)), last)
	return b.Scale(b.Sub(b.Constant(p.DType, 1), power(b, p, l.Q)), 1/l.Q)
}

// power is x to the power of a constant.
func power(b *graph.Builder, x *graph.Value, e float64) *graph.Value {
	return b.Binary(op.Pow, x, b.Constant(x.DType, e))
}

// Factors are the weights of classes: one for all classes, or one for each.
type Factors []float64

// factorsType describes how Factors are written in a config: one number as a number, several as a list.
var factorsType = config.TypeOf(
	func(f Factors) any { return config.EncodeFloats(f) },
	func(r *config.Reader, key string, v any) (Factors, bool) {
		f, ok := config.DecodeFloats(v)
		if err := Factors(f).check(); !ok || err != nil {
			r.Errorf("%s is %s, want a number, or a list of numbers", key, config.Show(v))
			return nil, false
		}
		return f, true
	},
	Factors.check,
	func(s string) Factors {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			panic(err)
		}
		return Factors{v}
	},
)

// check returns an error if the factors are not finite float32 numbers, or there are none.
func (f Factors) check() error {
	if len(f) == 0 || slices.ContainsFunc(f, func(v float64) bool { return !(math.Abs(v) <= math.MaxFloat32) }) {
		return fmt.Errorf("%v, want one or more numbers", []float64(f))
	}
	return nil
}

// value returns the factors as a constant.
func (f Factors) value(b *graph.Builder) *graph.Value {
	if len(f) == 1 {
		return b.Constant(tensor.Float32, f[0])
	}
	t := tensor.New(tensor.Float32, len(f))
	for i, v := range f {
		t.Float32s()[i] = float32(v)
	}
	return b.Op(op.Const{Value: t})
}
