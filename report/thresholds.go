package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Thresholds describes how well scores separate the positive examples of a class from all others, at every threshold. From its points come the ROC curve
// (sklearn.metrics.roc_curve) and the precision-recall curve (sklearn.metrics.precision_recall_curve).
type Thresholds struct {
	// Positives is the number of examples of the class, Negatives the number of all others.
	Positives, Negatives int
	// Points has a point for each different score, the highest first.
	Points []ThresholdPoint
}

// ThresholdPoint has the results at a threshold: an example is predicted as positive if its score is at least Threshold.
type ThresholdPoint struct {
	Threshold float32
	// TruePositives is the number of positive examples that are predicted as positive, FalsePositives that of the other examples.
	TruePositives, FalsePositives int
}

// NewThresholds compares scores, such as the probabilities of a class, with whether each example is of the class.
//
// It returns an error if the lengths differ, if there are no examples, or if a score is NaN.
func NewThresholds(scores []float32, positive []bool) (*Thresholds, error) {
	if len(scores) != len(positive) || len(scores) == 0 {
		return nil, fmt.Errorf("report: %d scores for %d examples, want the same number and at least 1", len(scores), len(positive))
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(float64(s)) {
			return nil, fmt.Errorf("report: the score of example %d is NaN", i)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	t := &Thresholds{}
	for i, row := range order {
		if positive[row] {
			t.Positives++
		} else {
			t.Negatives++
		}
		if i+1 == len(order) || scores[order[i+1]] != scores[row] {
			t.Points = append(t.Points, ThresholdPoint{scores[row], t.Positives, t.Negatives})
		}
	}
	return t, nil
}

// AUC returns the area under the ROC curve, from 0 to 1 (sklearn.metrics.roc_auc_score). It is the probability that a positive example has a higher score than a
// negative one, where equal scores count half. It is NaN if all examples or none are positive.
func (t *Thresholds) AUC() float64 {
	area := 0. // exact: a sum of halves of integers
	var last ThresholdPoint
	for _, p := range t.Points {
		area += float64(p.FalsePositives-last.FalsePositives) * float64(p.TruePositives+last.TruePositives) / 2
		last = p
	}
	return area / (float64(t.Positives) * float64(t.Negatives))
}

// AveragePrecision returns the mean of the precisions at the thresholds, weighted by the increase of the recall (sklearn.metrics.average_precision_score). It is from 0 to 1, and NaN
// if no example is positive.
func (t *Thresholds) AveragePrecision() float64 {
	var s sum
	last := 0
	for _, p := range t.Points {
		s.add(float64(p.TruePositives-last) * float64(p.TruePositives) / float64(p.TruePositives+p.FalsePositives))
		last = p.TruePositives
	}
	return s.mean(t.Positives)
}

// Thin returns a copy with at most n points, at least 2. It keeps the ends of the curves and points at equal distances along the ROC curve, each of them unchanged.
func (t *Thresholds) Thin(n int) *Thresholds {
	n = max(n, 2)
	thin := *t
	if len(t.Points) <= n {
		return &thin
	}
	// along is the distance from the start of the ROC curve to a point, along both axes.
	along := func(p ThresholdPoint) float64 {
		return float64(p.TruePositives)/float64(max(t.Positives, 1)) + float64(p.FalsePositives)/float64(max(t.Negatives, 1))
	}
	first, last := t.Points[0], t.Points[len(t.Points)-1]
	start, whole := along(first), along(last)-along(first)
	thin.Points = []ThresholdPoint{first}
	for _, p := range t.Points[1 : len(t.Points)-1] {
		if along(p) >= start+whole*float64(len(thin.Points))/float64(n-1) && len(thin.Points) < n-1 {
			thin.Points = append(thin.Points, p)
		}
	}
	thin.Points = append(thin.Points, last)
	return &thin
}
