package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/report"
)

// calibration is how well probabilities are calibrated, before and after a temperature.
type calibration struct {
	// Temperature minimizes the log loss in a training, and is that of the model file in an evaluation. It is null if there is none.
	Temperature *float64 `json:"temperature"`
	// Reason says why a training has no temperature.
	Reason string `json:"no_temperature_because,omitempty"`
	// Before is without a temperature, After with it.
	Before *report.Calibration `json:"before"`
	After  *report.Calibration `json:"after,omitempty"`
	// Stored has the temperature of each model file of a training that stores them.
	Stored map[string]float64 `json:"stored,omitempty"`
}

// calibrate measures the calibration of predictions that were made without a temperature. It also returns the predictions at the temperature t,
// which may be 0 for none. It returns an error for outputs that are not probabilities.
func calibrate(f *data.Flow, predictions []lince.Classification, t float64) (*calibration, []lince.Classification, error) {
	c := &calibration{}
	var err error
	if c.Before, err = measureCalibration(f, predictions); err != nil || t == 0 {
		return c, predictions, err
	}
	after := make([]lince.Classification, len(predictions))
	for i, p := range predictions {
		if after[i], err = p.AtTemperature(t); err != nil {
			return nil, nil, err
		}
	}
	c.Temperature = &t
	c.After, err = measureCalibration(f, after)
	return c, after, err
}

func measureCalibration(f *data.Flow, predictions []lince.Classification) (*report.Calibration, error) {
	indexes := f.ClassIndexes()
	targets, probabilities := make([]int, len(predictions)), make([][]float32, len(predictions))
	for i, p := range predictions {
		if p.Scores != nil {
			return nil, errScores
		}
		targets[i], probabilities[i] = indexes[p.Row], p.Probabilities
	}
	return report.Calibrate(probabilities, targets)
}

// ofModel returns the calibration of the probabilities that a model computes: those with the temperature only if the model has one.
func (c *calibration) ofModel(hasTemperature bool) *report.Calibration {
	if hasTemperature && c.After != nil {
		return c.After
	}
	return c.Before
}

// String describes the calibration in a line.
func (c *calibration) String() string {
	if c.After == nil {
		return fmt.Sprintf("Expected calibration error: %.4f", c.Before.ExpectedError)
	}
	return fmt.Sprintf("Expected calibration error: %.4f, with temperature %.4g: %.4f", c.Before.ExpectedError, *c.Temperature, c.After.ExpectedError)
}

// diagrams returns the calibration without a temperature, and with it if there is one.
func (c *calibration) diagrams() []report.NamedCalibration {
	list := []report.NamedCalibration{{Name: "Without temperature", Calibration: c.Before}}
	if c.After != nil {
		list = append(list, report.NamedCalibration{Name: fmt.Sprintf("Temperature %.3g", *c.Temperature), Calibration: c.After})
	}
	return list
}

// write writes calibration.png.
func (c *calibration) write(out *folder) error {
	return out.write("calibration.png", func(w io.Writer) error { return report.Reliability(w, c.diagrams()...) })
}

// dropTemperature removes the temperature of the model that a training starts from: the weights will change.
func (t *training) dropTemperature() {
	if t.model.Temperature != 0 && !t.calibrates() {
		t.warn(fmt.Sprintf("the model %s has a temperature, %.4g, which is for its weights only; the new model has none (store a new one with --calibration)", t.ModelSource, t.model.Temperature))
	}
	t.model.Temperature = 0
}

// calibrates reports whether the models of the run get a temperature.
func (t *training) calibrates() bool { return t.Calibration != nil && *t.Calibration }

// calibrate finds the temperature for the validation images, and stores it in the run's models with --calibration. It returns
// the predictions that the model then makes.
func (t *training) calibrate(predictions []lince.Classification) ([]lince.Classification, error) {
	temperature, why := fitTemperature(t.val, predictions)
	c, after, err := calibrate(t.val, predictions, temperature)
	if err != nil { // outputs that are not probabilities
		if t.given["calibration"] {
			t.warn("the models get no temperature: " + err.Error())
		}
		return predictions, nil
	}
	t.record.Calibration = c
	if why != nil {
		c.Reason = strings.TrimPrefix(why.Error(), "fitting the temperature: ")
	}
	if !t.calibrates() {
		return predictions, nil
	}
	if why != nil && t.given["calibration"] {
		t.warn("the models get no temperature: " + c.Reason)
	}
	c.Stored = map[string]float64{}
	best, err := t.bestTemperature()
	if err != nil {
		return nil, err
	}
	t.model.Temperature = temperature
	for _, file := range []struct {
		name string
		m    *lince.Model
	}{{"model.keras", t.model}, {"best.keras", best}} {
		if file.m == nil || file.m.Temperature == 0 {
			continue
		}
		if err := t.folder.save(file.name, func() error { return file.m.Save(t.folder.path(file.name)) }); err != nil {
			return nil, err
		}
		c.Stored[file.name] = file.m.Temperature
	}
	return after, nil
}

// bestTemperature returns the model of best.keras with its temperature. It returns nil if there is no such file.
func (t *training) bestTemperature() (*lince.Model, error) {
	if !t.folder.has("best.keras") {
		return nil, nil
	}
	m, err := openModel(t.folder.path("best.keras"), lince.Options{Threads: t.Threads, Seed: uint64(t.Seed)})
	if err != nil {
		return nil, err
	}
	predictions, err := t.predict(t.hard, m, t.features.Of(t.val), "Calibrating best.keras")
	if err != nil {
		return nil, err
	}
	m.Temperature, err = fitTemperature(t.val, predictions)
	if err != nil {
		m.Temperature = 0 // none fits; calibrate has warned if the last model has none either
	}
	return m, nil
}

// fitTemperature is lince.FitTemperature for the labels of a dataset.
func fitTemperature(f *data.Flow, predictions []lince.Classification) (float64, error) {
	indexes := f.ClassIndexes()
	targets := make([]int, len(predictions))
	for i, p := range predictions {
		targets[i] = indexes[p.Row]
	}
	return lince.FitTemperature(predictions, targets)
}

// describe returns the line for the calibration after a training. calibrates says that the run stores a temperature.
func (c *calibration) describe(calibrates bool) string {
	before := c.Before.ExpectedError
	switch {
	case c.After != nil && !calibrates && c.After.ExpectedError >= before:
		return fmt.Sprintf("Expected calibration error: %.4f. A temperature does not lower it (%.4g gives %.4f), so --calibration does not help.", before, *c.Temperature, c.After.ExpectedError)
	case c.After != nil && !calibrates:
		return c.String() + " (--calibration stores it in the models)"
	case c.After != nil && c.After.ExpectedError >= before:
		return c.String() + ", which does not help; --no-calibration stores none"
	case c.After == nil && calibrates:
		return c.String() + " (no temperature is stored: " + c.Reason + ")"
	}
	return c.String()
}

// describeCalibration returns the line for the calibration after a training, "" if there is none.
func (t *training) describeCalibration() string {
	if t.record.Calibration == nil {
		return ""
	}
	return "\n" + t.record.Calibration.describe(t.calibrates()) + "\n"
}

// judge writes the plots that show how far the predictions can be trusted.
func (t *training) judge(predictions []lince.Classification) error {
	if t.record.Calibration != nil {
		if err := t.record.Calibration.write(t.folder); err != nil {
			return err
		}
	}
	n := neighborPlot{
		env: t.env, model: t.model, classes: t.model.Classes, threads: t.Threads, f: t.val, predictions: predictions, base: t.train, what: "training images",
	}
	if t.transfers() && !t.phase.Finetune && t.record.Transfer.Variants == 1 { // the classifier's input, of unchanged images
		n.kept = &t.features
	}
	return n.write(t.folder)
}
