package metric

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// SensitivityAtSpecificity is the highest sensitivity among the thresholds at which the specificity is at least Specificity
// (keras.metrics.SensitivityAtSpecificity):
//
//	best = max of sensitivity[t] over thresholds t with specificity[t] >= Specificity, or 0
//
// sensitivity and recall are TP/(TP+FN), specificity is TN/(TN+FP) and precision is TP/(TP+FP), of the weighted counts of
// an epoch.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar.
//
// Build reports an error if a field is out of range, or the shapes of targets and predictions differ.
type SensitivityAtSpecificity struct {
	// Specificity is the specificity that is wanted. From 0 to 1. Required; the zero value is a specificity of 0.
	Specificity float64 `keras:"specificity,required,min=0,max=1"`
	// NumThresholds is the number of thresholds: i/(n-1), for i from 0 to n-1, or 0.5 if it is 1. From 1 to 65536. The
	// default is 200.
	NumThresholds int `keras:"num_thresholds,default=200,min=1,max=65536"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "sensitivity_at_specificity".
	Name string `keras:"name,default=sensitivity_at_specificity"`
}

// SpecificityAtSensitivity is the highest specificity among the thresholds at which the sensitivity is at least Sensitivity
// (keras.metrics.SpecificityAtSensitivity):
//
//	best = max of specificity[t] over thresholds t with sensitivity[t] >= Sensitivity, or 0
//
// sensitivity and recall are TP/(TP+FN), specificity is TN/(TN+FP) and precision is TP/(TP+FP), of the weighted counts of
// an epoch.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar.
//
// Build reports an error if a field is out of range, or the shapes of targets and predictions differ.
type SpecificityAtSensitivity struct {
	// Sensitivity is the sensitivity that is wanted. From 0 to 1. Required; the zero value is a sensitivity of 0.
	Sensitivity float64 `keras:"sensitivity,required,min=0,max=1"`
	// NumThresholds is the number of thresholds: i/(n-1), for i from 0 to n-1, or 0.5 if it is 1. From 1 to 65536. The
	// default is 200.
	NumThresholds int `keras:"num_thresholds,default=200,min=1,max=65536"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "specificity_at_sensitivity".
	Name string `keras:"name,default=specificity_at_sensitivity"`
}

// PrecisionAtRecall is the highest precision among the thresholds at which the recall is at least Recall
// (keras.metrics.PrecisionAtRecall):
//
//	best = max of precision[t] over thresholds t with recall[t] >= Recall, or 0
//
// sensitivity and recall are TP/(TP+FN), specificity is TN/(TN+FP) and precision is TP/(TP+FP), of the weighted counts of
// an epoch.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar.
//
// Build reports an error if a field is out of range, or the shapes of targets and predictions differ.
type PrecisionAtRecall struct {
	// Recall is the recall that is wanted. From 0 to 1. Required; the zero value is a recall of 0.
	Recall float64 `keras:"recall,required,min=0,max=1"`
	// NumThresholds is the number of thresholds: i/(n-1), for i from 0 to n-1, or 0.5 if it is 1. From 1 to 65536. The
	// default is 200.
	NumThresholds int `keras:"num_thresholds,default=200,min=1,max=65536"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "precision_at_recall".
	Name string `keras:"name,default=precision_at_recall"`
}

// RecallAtPrecision is the highest recall among the thresholds at which the precision is at least Precision
// (keras.metrics.RecallAtPrecision):
//
//	best = max of recall[t] over thresholds t with precision[t] >= Precision, or 0
//
// sensitivity and recall are TP/(TP+FN), specificity is TN/(TN+FP) and precision is TP/(TP+FP), of the weighted counts of
// an epoch.
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities.
// Result: a scalar.
//
// Build reports an error if a field is out of range, or the shapes of targets and predictions differ.
type RecallAtPrecision struct {
	// Precision is the precision that is wanted. From 0 to 1. Required; the zero value is a precision of 0.
	Precision float64 `keras:"precision,required,min=0,max=1"`
	// NumThresholds is the number of thresholds: i/(n-1), for i from 0 to n-1, or 0.5 if it is 1. From 1 to 65536. The
	// default is 200.
	NumThresholds int `keras:"num_thresholds,default=200,min=1,max=65536"`
	// ClassID is the only class that counts. The default, nil, is all classes.
	ClassID *int `keras:"class_id,min=0,max=16777216"`
	// Name is the key in logs and in the history. The default is "recall_at_precision".
	Name string `keras:"name,default=recall_at_precision"`
}

// HigherIsBetter implements Metric.
func (SensitivityAtSpecificity) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (SpecificityAtSensitivity) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (PrecisionAtRecall) HigherIsBetter() (higher, known bool) { return true, true }

// HigherIsBetter implements Metric.
func (RecallAtPrecision) HigherIsBetter() (higher, known bool) { return true, true }

// Build implements Metric.
func (m SensitivityAtSpecificity) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return bestAt(b, m.NumThresholds, m.ClassID, yTrue, yPred, weights, rates.specificity, m.Specificity, rates.recall)
}

// Build implements Metric.
func (m SpecificityAtSensitivity) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return bestAt(b, m.NumThresholds, m.ClassID, yTrue, yPred, weights, rates.recall, m.Sensitivity, rates.specificity)
}

// Build implements Metric.
func (m PrecisionAtRecall) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return bestAt(b, m.NumThresholds, m.ClassID, yTrue, yPred, weights, rates.recall, m.Recall, rates.precision)
}

// Build implements Metric.
func (m RecallAtPrecision) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok {
		return b.Invalid()
	}
	return bestAt(b, m.NumThresholds, m.ClassID, yTrue, yPred, weights, rates.precision, m.Precision, rates.recall)
}

// bestAt is the highest value of of at n thresholds where constrained is at least limit.
func bestAt(b *graph.Builder, n int, classID *int, yTrue, yPred, weights *graph.Value, constrained func(rates) *graph.Value, limit float64, of func(rates) *graph.Value) *graph.Value {
	r, ok := ratesAt(b, n, classID, yTrue, yPred, weights)
	if !ok {
		return b.Invalid()
	}
	return best(b, constrained(r), limit, of(r))
}

// ratesAt adds the counts of an epoch at n thresholds.
func ratesAt(b *graph.Builder, n int, classID *int, yTrue, yPred, weights *graph.Value) (r rates, ok bool) {
	c, ok := confusion{thresholds: spaced(n), even: n > 1, classID: classID}.count(b, yTrue, yPred, weights)
	if !ok {
		return r, false
	}
	return rates{b, accumulate(b, "true_positives", c.tp), accumulate(b, "false_positives", c.fp),
		accumulate(b, "true_negatives", c.tn(b)), accumulate(b, "false_negatives", c.fn(b))}, true
}

// best is the highest number of of where constrained is at least limit, and 0 if there is none.
func best(b *graph.Builder, constrained *graph.Value, limit float64, of *graph.Value) *graph.Value {
	zero := b.Constant(tensor.Float32, 0)
	feasible := b.Binary(op.GreaterEqual, constrained, b.Constant(tensor.Float32, limit))
	return b.Max(b.ReduceMax(b.Select(feasible, of, zero)), zero)
}
