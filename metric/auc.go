package metric

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Curve is the curve whose area an AUC is.
type Curve string

// The curves.
const (
	ROC    Curve = "ROC"    // recall over the false positive rate; the default
	PR     Curve = "PR"     // precision over recall
	PRGain Curve = "PRGAIN" // precision gain over recall gain (Flach and Kull, 2015)
)

// Summation says how the area under a curve is computed (Keras' argument summation_method).
type Summation string

// The summations.
const (
	Interpolation Summation = "interpolation" // trapezoids or, for PR, the interpolation of Davis and Goadrich; the default
	Majoring      Summation = "majoring"      // the higher end of each interval
	Minoring      Summation = "minoring"      // the lower end of each interval
)

var (
	curveType     = choices("curve", Curve("null"), ROC, PR, PRGain)
	summationType = choices("summation", Summation("null"), Interpolation, Majoring, Minoring)
)

// AUC is the area under a curve of two rates, of which each threshold gives a point (keras.metrics.AUC). With x and y of
// the points in the order of the thresholds:
//
//	auc = sum of (x[i]-x[i+1]) * (y[i]+y[i+1])/2
//
// The rates are computed from the weighted counts of an epoch. A prediction is positive if it is above the threshold. For
// the curve PR, the default summation interpolates the counts, not the rates (Davis and Goadrich, 2006).
//
// Targets: (batch, ..., n), 0 or 1, or (batch, ...) if n is 1.
// Predictions: (batch, ..., n), probabilities; logits with FromLogits.
// Result: a scalar.
//
// Build reports an error if a field is invalid, the shapes of targets and predictions differ or, with MultiLabel, they
// are not (batch, labels).
type AUC struct {
	// NumThresholds is the number of thresholds: i/(n-1), for i from 0 to n-1. From 2 to 65536. The default is 200.
	NumThresholds int `keras:"num_thresholds,default=200,min=2,max=65536"`
	// Curve is the curve. The default is ROC.
	Curve Curve `keras:"curve,default=ROC"`
	// Summation says how the area is computed. The default is Interpolation.
	Summation Summation `keras:"summation_method,default=interpolation"`
	// Thresholds are other thresholds than NumThresholds gives, to which 0 and 1 are added. The default, nil, is none.
	Thresholds Thresholds `keras:"thresholds,omitempty"`
	// MultiLabel computes an AUC for each label, of which the result is the mean. The default is false: all labels
	// together.
	MultiLabel bool `keras:"multi_label"`
	// NumLabels is the number of labels, for MultiLabel. The default is 0: that of the predictions.
	NumLabels int `keras:"num_labels,none,min=0,max=16777216"`
	// LabelWeights has the weight of each label: in the mean of MultiLabel, and otherwise in the counts. At least 0. The
	// default, nil, is 1 for each label.
	LabelWeights []float64 `keras:"label_weights,min=0"`
	// FromLogits means that the predictions are logits x, and p = sigmoid(x). The default is false.
	FromLogits bool `keras:"from_logits"`
	// Name is the key in logs and in the history. The default is "auc".
	Name string `keras:"name,default=auc"`
}

// HigherIsBetter implements Metric.
func (AUC) HigherIsBetter() (higher, known bool) { return true, true }

// check reports fields that contradict each other.
func (m AUC) check() error {
	switch {
	case m.NumLabels > 0 && !m.MultiLabel:
		return fmt.Errorf("NumLabels is %d, but it is only for MultiLabel", m.NumLabels)
	case len(m.LabelWeights) > 0 && m.NumLabels > 0 && len(m.LabelWeights) != m.NumLabels:
		return fmt.Errorf("LabelWeights has %d numbers for %d labels", len(m.LabelWeights), m.NumLabels)
	}
	return nil
}

// Build implements Metric.
func (m AUC) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := Ready(b, m)
	if !ok || !yPred.Valid() {
		return b.Invalid()
	}
	if n := yPred.Rank(); m.NumLabels > 0 && (n == 0 || yPred.Shape[n-1] != m.NumLabels) {
		return b.Errorf("predictions have shape %v, want (batch, %d) for NumLabels %[2]d", yPred.Shape, m.NumLabels)
	}
	p := yPred
	if m.FromLogits {
		p = b.Sigmoid(p)
	}
	c := confusion{thresholds: spaced(m.NumThresholds), even: true, edges: true, labels: m.MultiLabel}
	if m.Thresholds != nil {
		sorted := slices.Sorted(slices.Values(m.Thresholds))
		c.thresholds = slices.Concat([]float64{0}, sorted, []float64{1})
		c.even = evenly(c.thresholds)
	}
	c.thresholds[0], c.thresholds[len(c.thresholds)-1] = -epsilon, 1+epsilon
	if len(m.LabelWeights) > 0 {
		c.weights = m.LabelWeights
	}
	n, ok := c.count(b, yTrue, p, weights)
	if !ok {
		return b.Invalid()
	}
	r := rates{b, accumulate(b, "true_positives", n.tp), accumulate(b, "false_positives", n.fp),
		accumulate(b, "true_negatives", n.tn(b)), accumulate(b, "false_negatives", n.fn(b))}
	if m.Curve == PR && m.Summation == Interpolation {
		return m.mean(b, b.Sum(r.davis(), r.tp.Rank()-1))
	}
	var x, y *graph.Value
	switch m.Curve {
	case ROC:
		x, y = r.fall(), r.recall()
	case PR:
		x, y = r.recall(), r.precision()
	default:
		x, y = r.gains()
	}
	upper, lower := r.ends(y)
	var height *graph.Value
	switch m.Summation {
	case Interpolation:
		height = b.Scale(b.Add(upper, lower), .5)
	case Minoring:
		height = b.Min(upper, lower)
	default:
		height = b.Max(upper, lower)
	}
	left, right := r.ends(x)
	return m.mean(b, b.Sum(b.Mul(b.Sub(left, right), height), x.Rank()-1))
}

// mean is the mean of the areas of the labels.
func (m AUC) mean(b *graph.Builder, areas *graph.Value) *graph.Value {
	switch {
	case !m.MultiLabel:
		return areas
	case len(m.LabelWeights) == 0:
		return b.Mean(areas)
	}
	w := vector(b, m.LabelWeights)
	return ratio(b, b.Sum(b.Mul(areas, w)), b.Sum(w))
}

// rates computes rates from the counts of an epoch, whose last dimension is that of the thresholds.
type rates struct {
	b              *graph.Builder
	tp, fp, tn, fn *graph.Value
}

func (r rates) recall() *graph.Value    { return ratio(r.b, r.tp, r.b.Add(r.tp, r.fn)) }
func (r rates) precision() *graph.Value { return ratio(r.b, r.tp, r.b.Add(r.tp, r.fp)) }
func (r rates) fall() *graph.Value      { return ratio(r.b, r.fp, r.b.Add(r.fp, r.tn)) } // the false positive rate
func (r rates) specificity() *graph.Value {
	return ratio(r.b, r.tn, r.b.Add(r.tn, r.fp))
}

// gains returns recall gain and precision gain.
func (r rates) gains() (recall, precision *graph.Value) {
	b := r.b
	one, zero := b.Constant(tensor.Float32, 1), b.Constant(tensor.Float32, 0)
	factor := ratio(b, b.Add(r.tp, r.fn), b.Add(r.tn, r.fp))
	none := b.Binary(op.Equal, r.tp, zero)
	recall = b.Sub(one, b.Mul(factor, ratio(b, r.fn, r.tp)))
	precision = b.Sub(one, b.Mul(factor, ratio(b, r.fp, r.tp)))
	return b.Max(b.Select(none, zero, recall), zero), b.Select(none, one, precision)
}

// ends returns the values at the beginnings and at the ends of the intervals between thresholds.
func (r rates) ends(x *graph.Value) (first, second *graph.Value) {
	last := x.Rank() - 1
	begin, size := make([]int, last+1), slices.Clone(x.Shape)
	size[last]--
	first = r.b.Slice(x, slices.Clone(begin), size)
	begin[last] = 1
	return first, r.b.Slice(x, begin, size)
}

// davis returns the areas of the intervals of the PR curve, between which the counts are interpolated.
func (r rates) davis() *graph.Value {
	b := r.b
	zero, one := b.Constant(tensor.Float32, 0), b.Constant(tensor.Float32, 1)
	tp0, tp := r.ends(r.tp)
	p0, p := r.ends(b.Add(r.tp, r.fp))
	_, fn := r.ends(r.fn)
	d := b.Sub(tp0, tp)
	slope := ratio(b, d, b.Max(b.Sub(p0, p), zero))
	intercept := b.Sub(tp, b.Mul(slope, p))
	both := b.Mul(b.Cast(b.Binary(op.Greater, p0, zero), tensor.Float32), b.Cast(b.Binary(op.Greater, p, zero), tensor.Float32))
	quotient := b.Select(b.Binary(op.Greater, both, zero), ratio(b, p0, b.Max(p, zero)), one)
	return ratio(b, b.Mul(slope, b.Add(d, b.Mul(intercept, b.Log(quotient)))), b.Max(b.Add(tp, fn), zero))
}
