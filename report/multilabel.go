package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/escape"
)

// MultiLabel measures how well predictions of images with any number of classes match their targets. It holds the results of
// sklearn.metrics.classification_report, accuracy_score, hamming_loss and average_precision_score.
type MultiLabel struct {
	Classes []string `json:"classes"`
	// Threshold is the probability from which a class counts as predicted.
	Threshold float64 `json:"threshold"`
	// PerClass holds the scores of each class, in the order of Classes.
	PerClass []LabelScores `json:"per_class"`
	// MicroAverage is of all decisions together. MacroAverage is the mean over the classes, and WeightedAverage weights each class by
	// its support. SamplesAverage is the mean over the examples.
	MicroAverage    Scores `json:"micro avg"`
	MacroAverage    Scores `json:"macro avg"`
	WeightedAverage Scores `json:"weighted avg"`
	SamplesAverage  Scores `json:"samples avg"`
	// SubsetAccuracy is the fraction of the examples whose predicted classes are exactly those of the target.
	SubsetAccuracy float64 `json:"subset_accuracy"`
	// HammingLoss is the fraction of wrong decisions.
	HammingLoss float64 `json:"hamming_loss"`
}

// LabelScores holds the scores of a class.
type LabelScores struct {
	Scores
	// AveragePrecision is the area below the steps of the precision-recall curve; 0 for a class without examples.
	AveragePrecision float64 `json:"average_precision"`
	// BestThreshold is the threshold with the highest F1 score on these examples, BestF1 this score. For a class without examples both
	// are 0. A threshold that is chosen on some examples must be judged on others.
	BestThreshold float64 `json:"best_threshold"`
	BestF1        float64 `json:"best_f1_score"`
}

// ClassifyMultiLabel compares predictions with targets. targets[i] has the class indexes of example i, ascending, and probabilities[i] a
// probability for each class. A class is predicted if its probability is at least threshold. Scores that would be 0/0 are 0.
//
// It returns an error if there are no classes or no examples, if the lengths differ, if an index is out of range, or if a probability is NaN.
func ClassifyMultiLabel(classes []string, targets [][]int, probabilities [][]float32, threshold float64) (*MultiLabel, error) {
	k, n := len(classes), len(targets)
	if k == 0 || n == 0 {
		return nil, errors.New("report: no classes or no examples")
	}
	if len(probabilities) != n {
		return nil, fmt.Errorf("report: %d targets, but %d predictions", n, len(probabilities))
	}
	m := &MultiLabel{Classes: classes, Threshold: threshold, PerClass: make([]LabelScores, k)}
	all := make([]tally, k)
	var micro, samples tally
	var sum Scores
	exact, wrong := 0, 0
	truth := make([]bool, k)
	for i, t := range targets {
		if err := setTruth(truth, probabilities[i], t, i); err != nil {
			return nil, err
		}
		samples = tally{}
		for c, p := range probabilities[i] {
			predicted := float64(p) >= threshold
			all[c].add(truth[c], predicted)
			samples.add(truth[c], predicted)
		}
		s := samples.scores()
		sum.Precision += s.Precision
		sum.Recall += s.Recall
		sum.F1 += s.F1
		sum.Support += s.Support
		misses := samples.positive + samples.predicted - 2*samples.hits
		wrong += misses
		if misses == 0 {
			exact++
		}
	}
	scores := make([]Scores, k)
	for c, t := range all {
		scores[c] = t.scores()
		m.PerClass[c] = LabelScores{Scores: scores[c]}
		if err := m.PerClass[c].curve(c, targets, probabilities); err != nil {
			return nil, err
		}
		micro.hits += t.hits
		micro.predicted += t.predicted
		micro.positive += t.positive
	}
	m.MicroAverage = micro.scores()
	m.MacroAverage = average(scores, func(Scores) float64 { return 1 })
	if micro.positive > 0 {
		m.WeightedAverage = average(scores, func(s Scores) float64 { return float64(s.Support) })
	}
	m.SamplesAverage = Scores{sum.Precision / float64(n), sum.Recall / float64(n), sum.F1 / float64(n), sum.Support}
	m.SubsetAccuracy, m.HammingLoss = float64(exact)/float64(n), float64(wrong)/float64(n*k)
	return m, nil
}

// tally counts decisions.
type tally struct{ hits, predicted, positive int }

func (t *tally) add(truth, predicted bool) {
	if truth {
		t.positive++
	}
	if predicted {
		t.predicted++
	}
	if truth && predicted {
		t.hits++
	}
}

func (t tally) scores() Scores {
	ratio := func(a, b int) float64 {
		if b == 0 {
			return 0
		}
		return float64(a) / float64(b)
	}
	return Scores{ratio(t.hits, t.predicted), ratio(t.hits, t.positive), ratio(2*t.hits, t.positive+t.predicted), t.positive}
}

// curve sets the scores that need all thresholds.
func (s *LabelScores) curve(class int, targets [][]int, probabilities [][]float32) error {
	if s.Support == 0 {
		return nil
	}
	scores, positive := make([]float32, len(targets)), make([]bool, len(targets))
	for i, t := range targets {
		scores[i], positive[i] = probabilities[i][class], slices.Contains(t, class)
	}
	t, err := NewThresholds(scores, positive)
	if err != nil {
		return err
	}
	best := t.Points[t.bestF1()]
	s.AveragePrecision, s.BestThreshold = t.AveragePrecision(), float64(best.Threshold)
	s.BestF1 = tally{best.TruePositives, best.TruePositives + best.FalsePositives, s.Support}.scores().F1
	return nil
}

// String returns the table that sklearn.metrics.classification_report prints, and a table of the other scores.
func (m *MultiLabel) String() string {
	width := len("weighted avg")
	for _, name := range m.Classes {
		width = max(width, utf8.RuneCountInString(escape.Line(name)))
	}
	var b strings.Builder
	head := func(columns ...string) {
		b.WriteString(strings.Repeat(" ", width+1))
		for _, h := range columns {
			fmt.Fprintf(&b, " %9s", h)
		}
		b.WriteString("\n\n")
	}
	row := func(name string, s Scores) {
		fmt.Fprintf(&b, "%*s  %9.2f %9.2f %9.2f %9d\n", width, name, s.Precision, s.Recall, s.F1, s.Support)
	}
	head("precision", "recall", "f1-score", "support")
	for i, name := range m.Classes {
		row(escape.Line(name), m.PerClass[i].Scores)
	}
	b.WriteByte('\n')
	row("micro avg", m.MicroAverage)
	row("macro avg", m.MacroAverage)
	row("weighted avg", m.WeightedAverage)
	row("samples avg", m.SamplesAverage)
	fmt.Fprintf(&b, "\nAll classes right: %.4f of the images. Wrong decisions: %.4f (Hamming loss). Threshold: %v.\n", m.SubsetAccuracy, m.HammingLoss, m.Threshold)
	b.WriteString("The threshold with the highest F1 score on these images:\n")
	head("threshold", "f1-score", "avg prec")
	for i, name := range m.Classes {
		s := m.PerClass[i]
		fmt.Fprintf(&b, "%*s  %9.2f %9.2f %9.2f\n", width, escape.Line(name), s.BestThreshold, s.BestF1, s.AveragePrecision)
	}
	return b.String()
}
