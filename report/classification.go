package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/escape"
)

// Classification measures how well predictions match their targets. It holds the results of
// sklearn.metrics.classification_report and confusion_matrix. In JSON, scores
// and averages have the names of scikit-learn.
type Classification struct {
	Classes []string `json:"classes"`
	// Confusion is the confusion matrix: Confusion[t][p] is the number of examples of class t
	// that were predicted as class p.
	Confusion [][]int `json:"confusion_matrix"`
	// Accuracy is the fraction of examples whose prediction is correct.
	Accuracy float64 `json:"accuracy"`
	// PerClass holds the scores of each class, in the order of Classes.
	PerClass []Scores `json:"per_class"`
	// MacroAverage is the mean over the classes. WeightedAverage weights each class by its
	// support.
	MacroAverage    Scores `json:"macro avg"`
	WeightedAverage Scores `json:"weighted avg"`
	// Undefined names the scores that would be 0/0. They are 0, as with scikit-learn's
	// zero_division=0. These are the precision of a class that was never predicted, the recall of
	// a class without examples, and the F1 score of a class without predictions and examples. An
	// entry has the form "precision of cat".
	Undefined []string `json:"undefined,omitempty"`
}

// Scores holds the scores of a class, or their average over classes. All except Support are
// fractions from 0 to 1.
type Scores struct {
	// Precision is TP / (TP + FP): the fraction of the class's predictions that are correct.
	Precision float64 `json:"precision"`
	// Recall is TP / (TP + FN): the fraction of the class's examples whose prediction is correct.
	Recall float64 `json:"recall"`
	// F1 is the harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
	F1 float64 `json:"f1-score"`
	// Support is the number of examples of the class.
	Support int `json:"support"`
}

// Classify compares predictions with targets. Both hold one class index per example, from 0 to
// len(classes)-1.
//
// It returns an error if there are no classes or no examples, if the lengths differ, or if an
// index is out of range.
func Classify(classes []string, targets, predictions []int) (*Classification, error) {
	n := len(classes)
	if len(targets) != len(predictions) {
		return nil, fmt.Errorf("report: %d targets, but %d predictions", len(targets), len(predictions))
	}
	counts := make([][]int, n)
	for i := range counts {
		counts[i] = make([]int, n)
	}
	for i, t := range targets {
		p := predictions[i]
		if t < 0 || t >= n || p < 0 || p >= n {
			return nil, fmt.Errorf("report: example %d has target %d and prediction %d, want class indices from 0 to %d", i, t, p, n-1)
		}
		counts[t][p]++
	}
	return FromConfusion(classes, counts)
}

// FromConfusion computes the scores from a confusion matrix, counts[target][prediction]. The
// result shares counts.
//
// It returns an error if counts is not a square matrix with a row for each class, if a count is
// negative, or if all counts are 0.
func FromConfusion(classes []string, counts [][]int) (*Classification, error) {
	if err := checkConfusion(classes, counts); err != nil {
		return nil, err
	}
	c := &Classification{Classes: classes, Confusion: counts, PerClass: make([]Scores, len(classes))}
	total, right := 0, 0
	for i, name := range classes {
		s := &c.PerClass[i]
		predicted := 0
		for j := range classes {
			s.Support += counts[i][j]
			predicted += counts[j][i]
		}
		hits := counts[i][i]
		s.Precision = c.divide(float64(hits), float64(predicted), "precision", name)
		s.Recall = c.divide(float64(hits), float64(s.Support), "recall", name)
		s.F1 = c.divide(2*float64(hits), float64(s.Support+predicted), "f1-score", name)
		total += s.Support
		right += hits
	}
	if total == 0 {
		return nil, fmt.Errorf("report: no examples")
	}
	c.Accuracy = float64(right) / float64(total)
	c.MacroAverage = average(c.PerClass, func(Scores) float64 { return 1 })
	c.WeightedAverage = average(c.PerClass, func(s Scores) float64 { return float64(s.Support) })
	return c, nil
}

func checkConfusion(classes []string, counts [][]int) error {
	if len(classes) == 0 {
		return fmt.Errorf("report: no classes")
	}
	if len(counts) != len(classes) {
		return fmt.Errorf("report: the confusion matrix has %d rows, want one for each of %d classes", len(counts), len(classes))
	}
	for i, row := range counts {
		if len(row) != len(classes) {
			return fmt.Errorf("report: row %d of the confusion matrix has %d columns, want one for each of %d classes", i, len(row), len(classes))
		}
		for j, n := range row {
			if n < 0 {
				return fmt.Errorf("report: the confusion matrix has %d at (%d, %d), want counts greater than or equal to 0", n, i, j)
			}
		}
	}
	return nil
}

func (c *Classification) divide(a, b float64, score, class string) float64 {
	if b == 0 {
		c.Undefined = append(c.Undefined, score+" of "+class)
		return 0
	}
	return a / b
}

func average(scores []Scores, weight func(Scores) float64) Scores {
	var mean Scores
	sum := 0.0
	for _, s := range scores {
		w := weight(s)
		mean.Precision += w * s.Precision
		mean.Recall += w * s.Recall
		mean.F1 += w * s.F1
		mean.Support += s.Support
		sum += w
	}
	mean.Precision /= sum
	mean.Recall /= sum
	mean.F1 /= sum
	return mean
}

// String returns the table that sklearn.metrics.classification_report prints.
func (c *Classification) String() string {
	width := len("weighted avg")
	for _, name := range c.Classes {
		width = max(width, utf8.RuneCountInString(escape.Line(name)))
	}
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", width+1))
	for _, h := range []string{"precision", "recall", "f1-score", "support"} {
		fmt.Fprintf(&b, " %9s", h)
	}
	b.WriteString("\n\n")
	row := func(name, precision, recall string, f1 float64, support int) {
		fmt.Fprintf(&b, "%*s  %9s %9s %9.2f %9d\n", width, name, precision, recall, f1, support)
	}
	scores := func(name string, s Scores) {
		row(name, twoDigits(s.Precision), twoDigits(s.Recall), s.F1, s.Support)
	}
	for i, name := range c.Classes {
		scores(escape.Line(name), c.PerClass[i])
	}
	b.WriteByte('\n')
	row("accuracy", "", "", c.Accuracy, c.MacroAverage.Support)
	scores("macro avg", c.MacroAverage)
	scores("weighted avg", c.WeightedAverage)
	return b.String()
}

func twoDigits(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
