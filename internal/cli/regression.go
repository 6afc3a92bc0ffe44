package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/report"
)

// regresses reports whether the labels of a training are numbers to predict.
func (t *training) regresses() bool { return t.table != nil && t.table.Task() == data.Regress }

// checkNumbers returns the flags that are not for numbers.
func (t *training) checkNumbers() error {
	if !t.regresses() {
		return nil
	}
	var errs []error
	for _, f := range []struct {
		flag string
		set  bool
	}{
		{"--stratify", t.given["stratify"] && t.Stratify}, {"--class-weight", t.given["class-weight"]}, {"--calibration", t.calibrates()},
		{"--label-smoothing", t.LabelSmoothing != nil}, {"--rename", len(t.Rename) > 0}, {"--folds", t.Folds > 0}, {"--tune", t.Tune > 0},
		{"--mixup and --cutout", len(t.names()) > 0},
	} {
		if f.set {
			errs = append(errs, fmt.Errorf("%s is for images with classes, not for --task regress", f.flag))
		}
	}
	return mistakes(errs...)
}

// regressor returns the last layers of a new model for numbers. The Dense layer predicts how many standard deviations a number is above the mean; the
// Rescaling layer, which has no weights, makes the number of it.
func (t *training) regressor(table *data.Table) []layer.Layer {
	mean, deviation := spread(table.Numbers())
	t.printf("The numbers to predict have the mean %.6g and the standard deviation %.6g. The last layer of the model, Rescaling, multiplies by the latter and adds the former.\n", mean, deviation)
	return []layer.Layer{layer.Dense{Units: 1}, layer.Rescaling{Scale: layer.Numbers{deviation}, Offset: layer.Numbers{mean}}}
}

// spread returns the mean and the standard deviation of numbers, as float32 numbers; 1 for a standard deviation of 0.
func spread(v []float32) (mean, deviation float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		deviation += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	if deviation = decimal(float32(math.Sqrt(deviation))); deviation == 0 {
		deviation = 1
	}
	return decimal(float32(mean)), deviation
}

// fitNumbers returns an error if a model cannot predict a number for each image.
func fitNumbers(m *lince.Model, name string) error {
	c, compiled := m.Compiled()
	switch {
	case len(m.Classes) > 0:
		return usageError{fmt.Errorf("--task regress: the model %s predicts classes: %s", name, shortList(m.Classes))}
	case classOutputs(m) != 1:
		return usageError{fmt.Errorf("--task regress: the model %s has %d outputs, want one", name, classOutputs(m))}
	case compiled && c.Loss != nil && loss.OfClasses(c.Loss):
		return usageError{fmt.Errorf("--task regress: the model %s was trained for classes (its loss is %s)", name, loss.ClassOf(c.Loss))}
	}
	return nil
}

// numberOf is the prediction for an image.
type numberOf struct {
	row   int
	value float32
}

// predictNumbers predicts a number for each image of a dataset, and shows progress.
func (e *env) predictNumbers(ctx context.Context, m *lince.Model, f data.Dataset, label string) ([]numberOf, error) {
	counter := e.counter(label, f.Len())
	var list []numberOf
	for p, err := range m.Predictions(ctx, f) {
		if err != nil {
			counter.Abandon()
			return list, err
		}
		if row := notFiniteRow(p); row >= 0 {
			counter.Abandon()
			return list, e.outputNotFinite(m, f, row, "outputs")
		}
		list = appendNumbers(list, p)
		counter.Add(len(p.Index))
	}
	counter.Finish()
	return list, nil
}

// appendNumbers appends the predictions for a batch.
func appendNumbers(list []numberOf, p lince.Prediction) []numberOf {
	for i, row := range p.Index {
		list = append(list, numberOf{row, p.Output.Row(i).Float32s()[0]})
	}
	return list
}

// regression compares predictions with the labels of their images.
func regression(f *data.Flow, predictions []numberOf) (*report.Regression, error) {
	labels := f.Table().Numbers()
	targets, values := make([]float32, len(predictions)), make([]float32, len(predictions))
	for i, p := range predictions {
		targets[i], values[i] = labels[p.row], p.value
	}
	return report.Regress(targets, values)
}

// numberText formats a predicted number.
func numberText(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// writeNumbers writes predictions.csv for numbers.
func writeNumbers(out *folder, f *data.Flow, predictions []numberOf) error {
	rows := make([]report.Prediction, len(predictions))
	for i, p := range predictions {
		r := f.Table().Row(p.row)
		rows[i] = report.Prediction{Filename: r.Filename, Label: r.Label, Predicted: numberText(p.value)}
	}
	return out.write("predictions.csv", func(w io.Writer) error {
		return report.WritePredictions(w, nil, rows, report.PredictionsOptions{Raw: out.raw})
	})
}

// judgeNumbers predicts the validation images, and measures and writes the predictions.
func (t *training) judgeNumbers() error {
	predictions, err := t.predictNumbers(t.hard, t.model, t.val, "Predicting validation")
	if err != nil {
		return err
	}
	if t.record.Regression, err = regression(t.val, predictions); err != nil {
		return err
	}
	if err := writeNumbers(t.folder, t.val, predictions); err != nil {
		return err
	}
	return t.writePage(func(s pageSource, p *report.Page) error { return s.fillNumbers(p, t.record.Regression, predictions) })
}

// evaluateNumbers completes the result for numbers.
func (c *evaluateCommand) evaluateNumbers(e *env, m *lince.Model, f *data.Flow, predictions []numberOf, bad []data.BadFile, r *evaluation, out *folder) error {
	bad = e.addUnreadable(f, bad, r)
	var err error
	if r.Regression, err = regression(f, predictions); err != nil || out == nil {
		return err
	}
	if err := e.saveUnreadable(out, bad); err != nil {
		return err
	}
	if err := writeNumbers(out, f, predictions); err != nil {
		return err
	}
	err = c.writePage(e, m, out, r, pageSource{f: f, bad: bad}, func(s pageSource, p *report.Page) error { return s.fillNumbers(p, r.Regression, predictions) })
	if err != nil {
		return err
	}
	return out.finish()
}

// numbersSummary summarizes the numbers of a table. The standard deviation is that of NumPy: divided by the count.
type numbersSummary struct {
	Count     int     `json:"count"`
	Min       float32 `json:"min"`
	Median    float32 `json:"median"`
	Max       float32 `json:"max"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"std"`
}

// summarizeNumbers returns the summary, or nil if there are no numbers.
func summarizeNumbers(t *data.Table) *numbersSummary {
	v := slices.Sorted(slices.Values(t.Numbers()))
	if len(v) == 0 {
		return nil
	}
	s := &numbersSummary{Count: len(v), Min: v[0], Median: v[len(v)/2], Max: v[len(v)-1]}
	if len(v)%2 == 0 {
		s.Median = v[len(v)/2-1]/2 + s.Median/2
	}
	s.Mean, s.Deviation = spread(v)
	return s
}

// describeNumbers describes the numbers of a table in a line.
func describeNumbers(t *data.Table) string {
	s := summarizeNumbers(t)
	if s == nil {
		return ""
	}
	return fmt.Sprintf("Numbers to predict: %d, from %s to %s, median %s, mean %.6g, standard deviation %.6g.\n",
		s.Count, numberText(s.Min), numberText(s.Max), numberText(s.Median), s.Mean, s.Deviation)
}

// numbers predicts a number for each image, and writes the result.
func (c *predictCommand) numbers(e *env, m *lince.Model, t *data.Table, f *data.Flow, names []string) error {
	predicted, err := e.predictNumbers(e.ctx, m, f, "Predicting")
	bad, err := e.skipped(f, err)
	if err != nil {
		return err
	}
	type prediction struct {
		Filename  string  `json:"filename"`
		Predicted float32 `json:"predicted"`
	}
	result := struct {
		Predictions []prediction `json:"predictions"`
		unpredicted
	}{[]prediction{}, newUnpredicted(t, bad)}
	rows := make([]report.Prediction, len(predicted))
	for i, p := range predicted {
		rows[i] = report.Prediction{Filename: names[p.row], Predicted: numberText(p.value)}
		result.Predictions = append(result.Predictions, prediction{names[p.row], p.value})
	}
	if done, err := c.writeCSV(e, nil, rows, report.PredictionsOptions{Raw: e.raw}); done || err != nil {
		return err
	}
	return e.result(result, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\n", visibleLine(r.Filename), r.Predicted)
		}
		return table.Flush()
	})
}
