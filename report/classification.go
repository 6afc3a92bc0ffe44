package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Classification says how well predicted classes fit the true ones: what
// sklearn.metrics.classification_report and confusion_matrix say. As JSON it has
// scikit-learn's names.
type Classification struct {
	Classes []string `json:"classes"`
	// Confusion counts rows: Confusion[t][p] are of class t and were predicted to be p.
	Confusion [][]int `json:"confusion_matrix"`
	// Accuracy is the part of all rows that was predicted rightly.
	Accuracy float64 `json:"accuracy"`
	// PerClass has one entry a class.
	PerClass []Scores `json:"per_class"`
	// MacroAverage is the mean over the classes; WeightedAverage weights each class with
	// its rows.
	MacroAverage    Scores `json:"macro avg"`
	WeightedAverage Scores `json:"weighted avg"`
	// Undefined names the scores that are 0 only because there is nothing to divide by
	// (zero_division=0, scikit-learn's default): the precision of a class that was never
	// predicted, the recall of one without rows, the f1-score of one with neither.
	Undefined []string `json:"undefined,omitempty"`
}

// Scores of a class, or their average over classes.
type Scores struct {
	// Precision is the part of the rows predicted to be of the class that are.
	Precision float64 `json:"precision"`
	// Recall is the part of the rows of the class that were predicted to be.
	Recall float64 `json:"recall"`
	// F1 is the harmonic mean of both.
	F1 float64 `json:"f1-score"`
	// Support is the number of rows of the class.
	Support int `json:"support"`
}

// Classify compares predicted classes with the true ones. Both are indices of classes,
// one a row.
func Classify(classes []string, truth, predicted []int) (*Classification, error) {
	n := len(classes)
	if len(truth) != len(predicted) {
		return nil, fmt.Errorf("report: %d true classes for %d predicted ones", len(truth), len(predicted))
	}
	counts := make([][]int, n)
	for i := range counts {
		counts[i] = make([]int, n)
	}
	for i, t := range truth {
		p := predicted[i]
		if t < 0 || t >= n || p < 0 || p >= n {
			return nil, fmt.Errorf("report: row %d: true class %d, predicted %d; want 0 to %d", i, t, p, n-1)
		}
		counts[t][p]++
	}
	return FromConfusion(classes, counts)
}

// FromConfusion computes the scores from counts[true][predicted], which it keeps.
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
		return nil, fmt.Errorf("report: no rows to classify")
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
		return fmt.Errorf("report: a confusion matrix of %d rows for %d classes", len(counts), len(classes))
	}
	for i, row := range counts {
		if len(row) != len(classes) {
			return fmt.Errorf("report: row %d of the confusion matrix has %d columns for %d classes", i, len(row), len(classes))
		}
		for j, n := range row {
			if n < 0 {
				return fmt.Errorf("report: the confusion matrix has %d at (%d, %d)", n, i, j)
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

// String is the table that scikit-learn prints.
func (c *Classification) String() string {
	width := len("weighted avg")
	for _, name := range c.Classes {
		width = max(width, utf8.RuneCountInString(name))
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
		scores(name, c.PerClass[i])
	}
	b.WriteByte('\n')
	row("accuracy", "", "", c.Accuracy, c.MacroAverage.Support)
	scores("macro avg", c.MacroAverage)
	scores("weighted avg", c.WeightedAverage)
	return b.String()
}

func twoDigits(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
