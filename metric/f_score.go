package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/targets"
	"github.com/lince-ml/lince/tensor"
)

// Average says how the scores of classes become one (Keras' argument average). The zero value is Keras' None: the
// result is a vector of the scores of the classes.
type Average string

// The averages.
const (
	NoAverage Average = ""         // a vector; the default
	Micro     Average = "micro"    // the score of the counts of all classes together
	Macro     Average = "macro"    // the mean of the scores
	Weighted  Average = "weighted" // the mean of the scores, weighted by the numbers of targets of the classes
)

// averageType describes how an Average is written in a config: NoAverage is null.
var averageType = choices("average", NoAverage, NoAverage, Micro, Macro, Weighted)

// FBetaScore is the weighted harmonic mean of precision and recall (keras.metrics.FBetaScore):
//
//	precision = TP / (TP+FP)
//	recall    = TP / (TP+FN)
//	score     = (1+Beta^2) * precision*recall / (Beta^2*precision + recall)
//
// TP, FP and FN are the weighted counts of true positives, false positives and false negatives. 1e-7 is added to each
// divisor.
//
// Targets: (batch, classes), 0 or 1.
// Predictions: (batch, classes).
// Result: a vector, (classes,); a scalar if Average is set. In logs, the mean of a vector is its value.
//
// Build reports an error if a field is invalid, the shapes of targets and predictions differ or do not have 2
// dimensions, or the number of classes is unknown.
type FBetaScore struct {
	// Average says how the scores of the classes become one. The default is NoAverage: the result is a vector.
	Average Average `keras:"average"`
	// Beta is the weight of recall beside precision. Greater than 0. The default is 1.
	Beta float64 `keras:"beta,default=1,above=0"`
	// Threshold is the number above which a prediction counts as 1. Greater than 0, at most 1. The default, nil, counts
	// the highest prediction of each example as 1, and ties too, unless it is 0.
	Threshold *float64 `keras:"threshold,above=0,max=1"`
	// Name is the key in logs and in the history. The default is "fbeta_score".
	Name string `keras:"name,default=fbeta_score"`
}

// F1Score is the harmonic mean of precision and recall: an FBetaScore with Beta 1 (keras.metrics.F1Score):
//
//	precision = TP / (TP+FP)
//	recall    = TP / (TP+FN)
//	score     = 2 * precision*recall / (precision + recall)
//
// Targets: (batch, classes), 0 or 1.
// Predictions: (batch, classes).
// Result: a vector, (classes,); a scalar if Average is set. In logs, the mean of a vector is its value.
//
// Build reports an error if a field is invalid, the shapes of targets and predictions differ or do not have 2
// dimensions, or the number of classes is unknown.
type F1Score struct {
	// Average says how the scores of the classes become one. The default is NoAverage: the result is a vector.
	Average Average `keras:"average"`
	// Threshold is the number above which a prediction counts as 1. Greater than 0, at most 1. The default, nil, counts
	// the highest prediction of each example as 1, and ties too, unless it is 0.
	Threshold *float64 `keras:"threshold,above=0,max=1"`
	// Name is the key in logs and in the history. The default is "f1_score".
	Name string `keras:"name,default=f1_score"`
}

// HigherIsBetter implements Metric.
func (FBetaScore) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (F1Score) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m FBetaScore) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return fScore(b, m, yTrue, yPred, weights)
}

// Build implements Metric.
func (m F1Score) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return fScore(b, FBetaScore{Average: m.Average, Beta: 1, Threshold: m.Threshold}, yTrue, yPred, weights)
}

// fScore adds an FBetaScore whose fields have been checked and filled.
func fScore(b *graph.Builder, m FBetaScore, yTrue, yPred, weights *graph.Value) *graph.Value {
	y := targets.Dense(b, yTrue, yPred)
	if !y.Valid() {
		return b.Invalid()
	}
	if y.Rank() != 2 || yPred.Shape[1] == tensor.Unknown {
		return b.Errorf("predictions have shape %v, want (batch, classes)", yPred.Shape)
	}
	var p *graph.Value
	if m.Threshold == nil {
		top := b.Cast(b.Binary(op.GreaterEqual, yPred, b.ReduceMaxKeep(yPred, 1)), tensor.Float32)
		p = b.Mul(top, b.Cast(b.Binary(op.Greater, b.Abs(yPred), b.Constant(yPred.DType, 1e-9)), tensor.Float32))
	} else {
		p = b.Cast(b.Binary(op.Greater, yPred, b.Constant(yPred.DType, *m.Threshold)), tensor.Float32)
	}
	y = b.Cast(y, tensor.Float32)
	one := b.Constant(tensor.Float32, 1)
	count := func(name string, x *graph.Value) *graph.Value {
		if weights != nil {
			x = b.Mul(x, spread(b, weights, 2))
		}
		if m.Average == Micro {
			return accumulate(b, name, b.Sum(x))
		}
		return accumulate(b, name, b.Sum(x, 0))
	}
	tp := count("true_positives", b.Mul(p, y))
	fp := count("false_positives", b.Mul(p, b.Sub(one, y)))
	fn := count("false_negatives", b.Mul(b.Sub(one, p), y))
	precision := b.Div(tp, b.Offset(b.Add(tp, fp), epsilon))
	recall := b.Div(tp, b.Offset(b.Add(tp, fn), epsilon))
	square := m.Beta * m.Beta
	sum := b.Offset(b.Add(b.Scale(precision, square), recall), epsilon)
	score := b.Scale(b.Div(b.Mul(precision, recall), sum), 1+square)
	switch m.Average {
	case Macro:
		return b.Mean(score)
	case Weighted:
		all := count("intermediate_weights", y)
		return b.Sum(b.Mul(score, b.Div(all, b.Offset(b.Sum(all), epsilon))))
	}
	return score
}
