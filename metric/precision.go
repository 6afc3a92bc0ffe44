package metric

import (
	"github.com/lince-ml/lince/graph"
)

// TruePositives is the number of positives that are predicted as such (keras.metrics.TruePositives):
//
//	count = sum of w[i] where y[i] = 1 and p[i] > threshold
//
// The sum is over the numbers of all examples of an epoch, and w are the weights of the examples, or 1.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type TruePositives struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5.
	Thresholds Thresholds `keras:"thresholds"`
	// Name is the key in logs and in the history. The default is "true_positives".
	Name string `keras:"name,default=true_positives"`
}

// TrueNegatives is the number of negatives that are predicted as such (keras.metrics.TrueNegatives):
//
//	count = sum of w[i] where y[i] = 0 and p[i] <= threshold
//
// The sum is over the numbers of all examples of an epoch, and w are the weights of the examples, or 1.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type TrueNegatives struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5.
	Thresholds Thresholds `keras:"thresholds"`
	// Name is the key in logs and in the history. The default is "true_negatives".
	Name string `keras:"name,default=true_negatives"`
}

// FalsePositives is the number of negatives that are predicted as positives (keras.metrics.FalsePositives):
//
//	count = sum of w[i] where y[i] = 0 and p[i] > threshold
//
// The sum is over the numbers of all examples of an epoch, and w are the weights of the examples, or 1.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type FalsePositives struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5.
	Thresholds Thresholds `keras:"thresholds"`
	// Name is the key in logs and in the history. The default is "false_positives".
	Name string `keras:"name,default=false_positives"`
}

// FalseNegatives is the number of positives that are predicted as negatives (keras.metrics.FalseNegatives):
//
//	count = sum of w[i] where y[i] = 1 and p[i] <= threshold
//
// The sum is over the numbers of all examples of an epoch, and w are the weights of the examples, or 1.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type FalseNegatives struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5.
	Thresholds Thresholds `keras:"thresholds"`
	// Name is the key in logs and in the history. The default is "false_negatives".
	Name string `keras:"name,default=false_negatives"`
}

// Precision is the fraction of predicted positives that are positive (keras.metrics.Precision):
//
//	precision = TP / (TP+FP), or 0 if there are none
//
// TP and FP are the weighted counts of true and false positives of an epoch, as TruePositives and FalsePositives count
// them.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type Precision struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5; with TopK, it is no threshold.
	Thresholds Thresholds `keras:"thresholds"`
	// TopK means that only the K highest predictions of an example can be positive. At most 256. The default, nil, is no such
	// limit.
	TopK *int `keras:"top_k,count"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "precision".
	Name string `keras:"name,default=precision"`
}

// Recall is the fraction of positives that are predicted as such (keras.metrics.Recall):
//
//	recall = TP / (TP+FN), or 0 if there are none
//
// TP and FN are the weighted counts of true positives and false negatives of an epoch, as TruePositives and FalseNegatives
// count them.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar, or a vector with a number for each of several thresholds.
//
// Build reports an error if a field is invalid, or the shapes of targets and predictions differ.
type Recall struct {
	// Thresholds are the numbers above which a prediction counts as 1, from 0 to 1. With several, the result is a
	// vector. The default, nil, is 0.5; with TopK, it is no threshold.
	Thresholds Thresholds `keras:"thresholds"`
	// TopK means that only the K highest predictions of an example can be positive. At most 256. The default, nil, is no such
	// limit.
	TopK *int `keras:"top_k,count"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "recall".
	Name string `keras:"name,default=recall"`
}

// HigherIsBetter implements Metric.
func (TruePositives) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (TrueNegatives) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (FalsePositives) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (FalseNegatives) HigherIsBetter() (higher, known bool) { return false, true }

// HigherIsBetter implements Metric.
func (Precision) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (Recall) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m TruePositives) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, nil, nil).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	return scalarOf(b, accumulate(b, "accumulator", n.tp))
}

// Build implements Metric.
func (m TrueNegatives) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, nil, nil).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	return scalarOf(b, accumulate(b, "accumulator", n.tn(b)))
}

// Build implements Metric.
func (m FalsePositives) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, nil, nil).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	return scalarOf(b, accumulate(b, "accumulator", n.fp))
}

// Build implements Metric.
func (m FalseNegatives) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, nil, nil).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	return scalarOf(b, accumulate(b, "accumulator", n.fn(b)))
}

// Build implements Metric.
func (m Precision) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, m.TopK, m.ClassID).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	tp, fp := accumulate(b, "true_positives", n.tp), accumulate(b, "false_positives", n.fp)
	return scalarOf(b, ratio(b, tp, b.Add(tp, fp)))
}

// Build implements Metric.
func (m Recall) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	_, ok := Ready(b, m)
	n, valid := at(m.Thresholds, m.TopK, m.ClassID).count(b, yTrue, yPred, weights)
	if !ok || !valid {
		return b.Invalid()
	}
	tp, fn := accumulate(b, "true_positives", n.tp), accumulate(b, "false_negatives", n.fn(b))
	return scalarOf(b, ratio(b, tp, b.Add(tp, fn)))
}

// at returns how predictions are compared with the given thresholds or, if there are none, with the default.
func at(thresholds Thresholds, topK, classID *int) confusion {
	switch {
	case thresholds != nil:
	case topK != nil:
		thresholds = Thresholds{-1e10} // as in Keras: all that are not filtered out
	default:
		thresholds = Thresholds{.5}
	}
	return confusion{thresholds: thresholds, even: evenly(thresholds), topK: topK, classID: classID}
}
