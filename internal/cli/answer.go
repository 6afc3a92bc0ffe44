package cli

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// unknownClass is printed for an image whose prediction is too uncertain.
const unknownClass = "unknown"

// answerFlags say which predictions count as answers.
type answerFlags struct {
	Unknown     float64 `placeholder:"PROBABILITY" help:"Predict no class for an image whose most probable class has a lower probability than this, such as .7 (default: always predict one)."`
	Calibration bool    `default:"true" negatable:"" help:"Divide the logits by the temperature in the model file, if it has one, so that the probabilities are calibrated (default: true). It does not change which class is the most probable."`
}

// mistakes returns the errors of the flags.
func (f answerFlags) mistakes() error {
	if !(f.Unknown >= 0 && f.Unknown <= 1) {
		return fmt.Errorf("--unknown must be a probability from 0 to 1, got %v", f.Unknown)
	}
	return nil
}

// options returns the columns of a CSV file of predictions.
func (f answerFlags) options(raw bool) report.PredictionsOptions {
	return report.PredictionsOptions{Unknown: f.Unknown > 0, Raw: raw}
}

// answers reports whether a prediction is probable enough.
func (f answerFlags) answers(c lince.Classification) bool {
	return float64(c.Probability) >= f.Unknown
}

// prediction returns a classification in the form for files.
func (f answerFlags) prediction(c lince.Classification, classes []string) report.Prediction {
	if !f.answers(c) {
		return report.Prediction{Unknown: true, Probabilities: written(c)}
	}
	return report.Prediction{Predicted: classes[c.Class], Probabilities: written(c)}
}

// errScores says that a model gives no probabilities.
var errScores = errors.New("the outputs of the model are scores, not probabilities: it does not end in a softmax or a sigmoid, and its loss is not one for logits")

// fits returns an error if the flags are not for the model m.
func (f answerFlags) fits(m *lince.Model) error {
	switch {
	case f.Unknown == 0 || m.Regression:
	case m.MultiLabel:
		return usageError{errors.New("--unknown is for images with one class each; use --threshold")}
	case m.GivesScores():
		return usageError{fmt.Errorf("--unknown needs probabilities, and %w", errScores)}
	}
	return nil
}

// written returns the numbers of the classes for files: the scores of a model that gives no probabilities, as they are.
func written(c lince.Classification) []float32 {
	if c.Scores != nil {
		return c.Scores
	}
	return c.Probabilities
}

// answered measures the predictions that --unknown leaves.
type answered struct {
	Threshold float64  `json:"unknown_below"`
	Answered  int      `json:"answered"` // images with a predicted class
	Unknown   int      `json:"unknown"`  // images without
	Coverage  float64  `json:"coverage"` // the fraction of the images with a predicted class
	Accuracy  *float64 `json:"accuracy"` // of these images; null if there are none
}

// measure returns the coverage of predictions and the accuracy of the answers. It returns nil without --unknown.
func (f answerFlags) measure(predictions []lince.Classification, targets []int) *answered {
	if f.Unknown == 0 {
		return nil
	}
	a := &answered{Threshold: f.Unknown}
	right := 0
	for _, p := range predictions {
		switch {
		case !f.answers(p):
			a.Unknown++
			continue
		case p.Class == targets[p.Row]:
			right++
		}
		a.Answered++
	}
	a.Coverage = float64(a.Answered) / float64(len(predictions))
	if a.Answered > 0 {
		accuracy := float64(right) / float64(a.Answered)
		a.Accuracy = &accuracy
	}
	return a
}

// String describes the answers in a line.
func (a *answered) String() string {
	s := fmt.Sprintf("Answered with a probability of at least %v: %d of %s (%.1f%%)", a.Threshold, a.Answered, count(a.Answered+a.Unknown, "image"), 100*a.Coverage)
	if a.Accuracy != nil {
		s += fmt.Sprintf(", accuracy %.4f", *a.Accuracy)
	}
	return s
}
