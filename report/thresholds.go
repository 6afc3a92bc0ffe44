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

// Thin returns a copy with at most n points, at least 2, each of them unchanged: the ends of the curves, the point with the highest F1 score, and the corners of the
// ROC curve, those first without which the curve would differ the most.
func (t *Thresholds) Thin(n int) *Thresholds {
	n = max(n, 2)
	thin := *t
	if len(t.Points) <= n {
		return &thin
	}
	kept := []int{0, len(t.Points) - 1}
	if best := t.bestF1(); n > 2 && best > 0 && best < len(t.Points)-1 {
		kept = []int{0, best, len(t.Points) - 1}
	}
	corners := make([]corner, len(kept)-1)
	for i := range corners {
		corners[i] = t.corner(kept[i], kept[i+1])
	}
	for len(kept) < n {
		next := 0
		for i, c := range corners {
			if c.off > corners[next].off || c.off == corners[next].off && kept[i+1]-kept[i] > kept[next+1]-kept[next] {
				next = i
			}
		}
		at := corners[next].at
		kept = slices.Insert(kept, next+1, at)
		corners[next] = t.corner(kept[next], at)
		corners = slices.Insert(corners, next+1, t.corner(at, kept[next+2]))
	}
	thin.Points = make([]ThresholdPoint, n)
	for i, at := range kept {
		thin.Points[i] = t.Points[at]
	}
	return &thin
}

// spread returns a copy with about n points: half of those of Thin, and those next to equally spaced thresholds, so that a threshold of any value has a point nearby.
func (t *Thresholds) spread(n int) *Thresholds {
	if len(t.Points) <= n {
		return t
	}
	out := *t.Thin(n - n/2)
	high, low := t.Points[0].Threshold, t.Points[len(t.Points)-1].Threshold
	next := 0
	for i := range n / 2 {
		at := high - (high-low)*float32(i+1)/float32(n/2+1)
		for t.Points[next+1].Threshold >= at { // the last point is below
			next++
		}
		out.Points = append(out.Points, t.Points[next])
	}
	slices.SortFunc(out.Points, func(a, b ThresholdPoint) int { return cmp.Compare(b.Threshold, a.Threshold) })
	out.Points = slices.Compact(out.Points)
	return &out
}

// bestF1 returns the index of the point with the highest F1 score, the first one on a tie.
func (t *Thresholds) bestF1() int {
	best, highest := 0, -1.
	for i, p := range t.Points {
		if f1 := 2 * float64(p.TruePositives) / float64(p.TruePositives+p.FalsePositives+t.Positives); f1 > highest {
			best, highest = i, f1
		}
	}
	return best
}

// corner is the point of a piece of the ROC curve that is the farthest from the straight line between the ends of the piece.
type corner struct {
	at  int
	off float64 // the distance, and -1 if there is no point between the ends
}

// corner returns the corner between two points. Where all are on the line, it is the one in the middle.
func (t *Thresholds) corner(from, to int) corner {
	a, b := t.Points[from], t.Points[to]
	scaled := func(count, all int) float64 { return float64(count) / float64(max(all, 1)) }
	dx, dy := scaled(b.FalsePositives-a.FalsePositives, t.Negatives), scaled(b.TruePositives-a.TruePositives, t.Positives)
	c := corner{(from + to) / 2, -1}
	if to-from > 1 {
		c.off = 0
	}
	length := math.Hypot(dx, dy)
	for i := from + 1; i < to; i++ {
		p := t.Points[i]
		x, y := scaled(p.FalsePositives-a.FalsePositives, t.Negatives), scaled(p.TruePositives-a.TruePositives, t.Positives)
		if off := math.Abs(x*dy-y*dx) / length; off > c.off+1e-12 {
			c = corner{i, off}
		}
	}
	return c
}
