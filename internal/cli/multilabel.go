package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/report"
)

// labelSeparator stands between the classes of an image in a text.
const labelSeparator = "|"

// thresholdFlag decides which classes of an image are predicted.
type thresholdFlag struct {
	Threshold float64 `default:".5" placeholder:"PROBABILITY" help:"Probability from which a class counts as predicted, for a model of images with several labels."`
}

// mistakes returns the errors of the flag.
func (f thresholdFlag) mistakes() error {
	if !(f.Threshold >= 0 && f.Threshold <= 1) {
		return fmt.Errorf("--threshold must be a probability from 0 to 1, got %v", f.Threshold)
	}
	return nil
}

// usualThreshold is the default of the flag.
const usualThreshold = .5

// fitsTask returns an error if the flag is not for the model m.
func (f thresholdFlag) fitsTask(m *lince.Model) error {
	if f.Threshold != usualThreshold && !m.MultiLabel {
		return usageError{errors.New("--threshold is for images with several labels; of images with one class each, --unknown leaves out the uncertain predictions")}
	}
	return nil
}

// joined returns the names of the predicted classes in a text.
func (f thresholdFlag) joined(c lince.Classification, classes []string) string {
	return strings.Join(f.names(c, classes), labelSeparator)
}

// names returns the names of the predicted classes.
func (f thresholdFlag) names(c lince.Classification, classes []string) []string {
	list := []string{}
	for _, k := range c.Above(f.Threshold) {
		list = append(list, classes[k])
	}
	return list
}

// fitTask returns an error if a model cannot predict what the labels of the data are.
func fitTask(m *lince.Model, name string, task data.Task) error {
	c, compiled := m.Compiled()
	switch {
	case task == data.Regress:
		return fitNumbers(m, name)
	case m.Regression:
		return usageError{fmt.Errorf("the model %s predicts a number for each image; the labels must be numbers in a table: set --task regress", name)}
	case task == data.MultiLabel && classOutputs(m) < 2:
		return usageError{fmt.Errorf("--task multilabel: the model %s has one output, want one for each class", name)}
	case task == data.MultiLabel && compiled && c.Loss != nil && loss.OfOneClass(c.Loss):
		return usageError{fmt.Errorf("--task multilabel: the model %s was trained for one class in each image (its loss is %s)", name, loss.ClassOf(c.Loss))}
	case task == data.Classify && m.MultiLabel:
		return usageError{fmt.Errorf("the model %s is for images with several labels; set --task multilabel for the labels of the data", name)}
	}
	return nil
}

// warnOfAbsent warns of labels of a model that no image of a table has: they count as wrong wherever the model predicts them.
func (e *env) warnOfAbsent(known, classes []string) {
	var absent []string
	for _, c := range known {
		if !slices.Contains(classes, c) {
			absent = append(absent, c)
		}
	}
	if len(absent) > 0 && len(absent) < len(known) {
		e.warn(fmt.Sprintf("no image of the data has these labels of the model: %s; each prediction of one counts as wrong", shortList(absent)))
	}
}

func classOutputs(m *lince.Model) int {
	out := m.OutputShape()
	return out[len(out)-1]
}

// several reports whether the images of a training have any number of classes.
func (t *training) several() bool { return t.table != nil && t.table.Task() == data.MultiLabel }

// classifier returns the activation of a new model's outputs; nil is the default.
func (t *training) classifier() layer.Activation {
	if t.several() {
		return layer.Sigmoid
	}
	return nil
}

// checkLabels returns the flags that are not for images with several labels.
func (t *training) checkLabels() error {
	if !t.several() {
		return nil
	}
	var errs []error
	for _, f := range []struct {
		flag string
		set  bool
	}{
		{"--stratify", t.given["stratify"] && t.Stratify}, {"--class-weight", t.given["class-weight"] && t.ClassWeight != unweighted}, {"--calibration", t.given["calibration"] && t.calibrates()},
	} {
		if f.set {
			errs = append(errs, fmt.Errorf("%s is for images with one class each, not for --task multilabel", f.flag))
		}
	}
	return mistakes(errs...)
}

// multiLabel compares predictions with the labels of their images.
func multiLabel(classes []string, f *data.Flow, predictions []lince.Classification, threshold float64) (*report.MultiLabel, error) {
	targets, probabilities := make([][]int, len(predictions)), make([][]float32, len(predictions))
	for i, p := range predictions {
		targets[i], probabilities[i] = f.ClassSet(p.Row), p.Probabilities
	}
	return report.ClassifyMultiLabel(classes, targets, probabilities, threshold)
}

// writeLabels writes predictions.csv for images with several labels.
func writeLabels(out *folder, classes []string, f *data.Flow, predictions []lince.Classification, t thresholdFlag) error {
	rows := make([]report.Prediction, len(predictions))
	for i, p := range predictions {
		r := f.Table().Row(p.Row)
		rows[i] = report.Prediction{Filename: r.Filename, Label: r.Label, Predicted: t.joined(p, classes), Probabilities: written(p)}
	}
	return out.write("predictions.csv", func(w io.Writer) error {
		return report.WritePredictions(w, classes, rows, report.PredictionsOptions{Raw: out.raw})
	})
}

// judgeLabels measures and writes the predictions for the validation images with several labels.
func (t *training) judgeLabels(predictions []lince.Classification) error {
	threshold := thresholdFlag{usualThreshold}
	var err error
	if t.record.MultiLabel, err = multiLabel(t.model.Classes, t.val, predictions, threshold.Threshold); err != nil {
		return err
	}
	if err := writeLabels(t.folder, t.model.Classes, t.val, predictions, threshold); err != nil {
		return err
	}
	return t.writePage(func(s pageSource, p *report.Page) error {
		s.predictions = predictions
		return s.fillLabels(p, t.record.MultiLabel)
	})
}

// results returns the table of scores of a training.
func (t *training) results() string {
	if t.record.Regression != nil {
		return t.record.Regression.String()
	}
	if t.record.MultiLabel != nil {
		return t.record.MultiLabel.String()
	}
	return t.record.Results.String()
}
