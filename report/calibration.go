package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// CalibrationBins is the number of bins of a Calibration, as in Guo et al., On Calibration of Modern Neural Networks (2017).
const CalibrationBins = 15

// Calibration measures whether probabilities mean what they say. Among the predictions with a confidence of 0.8, 80 % should be
// correct. The confidence of a prediction is the largest probability of its classes.
type Calibration struct {
	// ExpectedError is the expected calibration error (ECE), from 0 to 1: the mean over the bins of |accuracy - confidence|, weighted
	// by the number of predictions in the bin. It depends on the bins: with few examples, even a perfect model has a positive
	// error.
	ExpectedError float64 `json:"expected_calibration_error"`
	// AdaptiveError is the same for 15 bins that have equal numbers of predictions, or numbers that differ by 1. It is more
	// precise where most predictions have a high confidence. Predictions of equal confidence are divided in their order.
	AdaptiveError float64 `json:"adaptive_calibration_error"`
	// MaximumError is the largest |accuracy - confidence| of a bin.
	MaximumError float64 `json:"maximum_calibration_error"`
	// LogLoss is the mean of -log p of the true class, with natural logarithms (sklearn.metrics.log_loss). A p of 0 counts as
	// the smallest normal float32 number, 1.2e-38.
	LogLoss float64 `json:"log_loss"`
	// Confidence is the mean confidence. Accuracy is the fraction of correct predictions.
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
	// Count is the number of predictions.
	Count int `json:"count"`
	// Bins has 15 intervals of equal width, from 0 to 1.
	Bins []CalibrationBin `json:"bins"`
}

// CalibrationBin has the predictions whose confidence is greater than Low and at most High.
type CalibrationBin struct {
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Count int     `json:"count"`
	// Confidence is the mean confidence of the bin's predictions, and Accuracy the fraction of them that is correct. Both are 0
	// if there are none.
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
}

// smallest is the smallest normal float32 number.
const smallest = 0x1p-126

// Calibrate measures the calibration of predictions. A row of probabilities has the probability of each class, from 0 to 1. A target is the index
// of the true class. The prediction is the class with the largest probability; on a tie it is the one with the smallest index.
//
// It returns an error if there are no examples, if the lengths differ, if a target is out of range, or if a probability is not
// between 0 and 1.
func Calibrate(probabilities [][]float32, targets []int) (*Calibration, error) {
	n := len(targets)
	if n == 0 || len(probabilities) != n {
		return nil, fmt.Errorf("report: %d rows of probabilities for %d targets, want the same number and at least 1", len(probabilities), n)
	}
	all := make([]confident, n)
	var loss sum
	for i, row := range probabilities {
		t := targets[i]
		if t < 0 || t >= len(row) {
			return nil, fmt.Errorf("report: example %d has the target %d, want a class index from 0 to %d", i, t, len(row)-1)
		}
		best := 0
		for k, p := range row {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("report: example %d has a probability of %v, want one from 0 to 1", i, p)
			}
			if p > row[best] {
				best = k
			}
		}
		all[i] = confident{float64(row[best]), best == t}
		loss.add(-math.Log(max(float64(row[t]), smallest)))
	}
	return calibration(all, loss.mean(n)), nil
}

// CalibrateLabels measures the calibration of the probabilities of examples with any number of classes. Each probability is one of a decision: the confidence is
// the probability that the example is of the class, and the accuracy the fraction of the examples that are. Count is the number of decisions, LogLoss their mean binary
// crossentropy. targets[i] has the class indexes of example i.
//
// It returns an error if there are no examples or no classes, if the lengths differ, if an index is out of range, or if a probability is not between 0 and 1.
func CalibrateLabels(probabilities [][]float32, targets [][]int) (*Calibration, error) {
	if len(targets) == 0 || len(probabilities) != len(targets) || len(probabilities[0]) == 0 {
		return nil, fmt.Errorf("report: %d rows of probabilities for %d targets, want the same number and at least 1, and at least 1 class", len(probabilities), len(targets))
	}
	classes := len(probabilities[0])
	all := make([]confident, 0, len(targets)*classes)
	var loss sum
	truth := make([]bool, classes)
	for i, row := range probabilities {
		if err := setTruth(truth, row, targets[i], i); err != nil {
			return nil, err
		}
		for k, p := range row {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("report: example %d has a probability of %v, want one from 0 to 1", i, p)
			}
			of := float64(p) // the probability of what is true
			if !truth[k] {
				of = 1 - of
			}
			loss.add(-math.Log(max(of, smallest)))
			all = append(all, confident{float64(p), truth[k]})
		}
	}
	return calibration(all, loss.mean(len(all))), nil
}

// setTruth sets truth to whether example i is of each class.
func setTruth(truth []bool, probabilities []float32, target []int, i int) error {
	if len(probabilities) != len(truth) {
		return fmt.Errorf("report: example %d has %d probabilities, want one for each of %d classes", i, len(probabilities), len(truth))
	}
	clear(truth)
	for _, c := range target {
		if c < 0 || c >= len(truth) {
			return fmt.Errorf("report: example %d has the class %d, want class indices from 0 to %d", i, c, len(truth)-1)
		}
		truth[c] = true
	}
	return nil
}

// calibration puts predictions into bins. It sorts all.
func calibration(all []confident, loss float64) *Calibration {
	n := len(all)
	c := &Calibration{Count: n, LogLoss: loss, Bins: make([]CalibrationBin, CalibrationBins)}
	c.Confidence, c.Accuracy = means(all)
	bins := make([][]confident, CalibrationBins)
	for _, p := range all {
		b := min(max(int(math.Ceil(p.p*CalibrationBins))-1, 0), CalibrationBins-1)
		bins[b] = append(bins[b], p)
	}
	for i, list := range bins {
		b := &c.Bins[i]
		b.Low, b.High, b.Count = float64(i)/CalibrationBins, float64(i+1)/CalibrationBins, len(list)
		if b.Count == 0 {
			continue
		}
		b.Confidence, b.Accuracy = means(list)
		gap := math.Abs(b.Accuracy - b.Confidence)
		c.ExpectedError += gap * float64(b.Count) / float64(n)
		c.MaximumError = max(c.MaximumError, gap)
	}
	slices.SortStableFunc(all, func(a, b confident) int { return cmp.Compare(a.p, b.p) })
	for i := range CalibrationBins { // the first n%15 bins have one more, as numpy.array_split has
		size := n / CalibrationBins
		if i < n%CalibrationBins {
			size++
		}
		if size == 0 {
			break
		}
		p, a := means(all[:size])
		c.AdaptiveError += math.Abs(a-p) * float64(size) / float64(n)
		all = all[size:]
	}
	return c
}

// confident is the confidence of a prediction, and whether it is correct.
type confident struct {
	p     float64
	right bool
}

func (c confident) hit() float64 {
	if c.right {
		return 1
	}
	return 0
}

// means returns the mean confidence and the accuracy.
func means(list []confident) (confidence, accuracy float64) {
	var p, hits sum
	for _, c := range list {
		p.add(c.p)
		hits.add(c.hit())
	}
	return p.mean(len(list)), hits.mean(len(list))
}

// sum is a sum with the correction of Kahan and Neumaier, which makes it independent of the numbers' order in almost all of its digits.
type sum struct{ total, lost float64 }

func (s *sum) add(v float64) {
	t := s.total + v
	if math.Abs(s.total) >= math.Abs(v) {
		s.lost += (s.total - t) + v
	} else {
		s.lost += (v - t) + s.total
	}
	s.total = t
}

func (s *sum) mean(n int) float64 { return (s.total + s.lost) / float64(n) }
