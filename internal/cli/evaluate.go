package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/report"
)

// evaluateCommand evaluates a model on labeled images.
type evaluateCommand struct {
	Model         string `arg:"" predictor:"model" help:"A model file of any kind, such as .keras, .h5 or .onnx, or the folder of a training run."`
	Source        string `arg:"" name:"data" predictor:"data" help:"Labeled images: a folder, a zip or tar archive, a CSV file, or demo:cats-and-dogs."`
	sourceFlags   `group:"data"`
	Strict        bool `group:"data" help:"Fail if an image cannot be used, instead of leaving it out: it cannot be read, or has no label, or its format, folder or class is not usable."`
	precheckFlag  `group:"data"`
	cacheFlag     `group:"data"`
	foreignFlags  `group:"model"`
	answerFlags   `group:"model"`
	thresholdFlag `group:"model"`
	ttaFlags      `group:"model"`
	Batch         int  `group:"model" default:"32" help:"Batch size."`
	Threads       int  `group:"model" placeholder:"N" help:"Number of threads (default: all cores)."`
	Out           path `writes:"folder" group:"output" placeholder:"DIR" predictor:"folder" help:"Write report.html and predictions.csv to this folder, and for images with one class each, confusion.png, calibration.png, mistakes.png and neighbors.png."`
	csvFlag       `group:"output"`
	Overwrite     bool `group:"output" help:"Replace results that the folder of --out already contains."`
}

// Help returns the command's detailed help.
func (evaluateCommand) Help() string {
	return `Prints precision, recall and F1 score of each class, the loss and metrics with which the model was compiled, and the expected calibration error of the probabilities (15 bins). If the model file has a temperature, the error is given without and with it; loss and metrics do not use it. With --tta, the table, the calibration error and the files are those of the averaged predictions; loss and metrics are those of the unchanged images. With --unknown, it also prints for how many images the model predicts a class (the coverage), and the accuracy on these.

Examples:
  lince evaluate runs/train-1 photos/
  lince evaluate model.keras dogs-vs-cats.zip --limit 1000 --out report/
  lince evaluate model.keras photos/ --unknown .7
  lince evaluate gatos.keras photos/ --rename cat=gato,dog=perro --json`
}

// Validate implements kong's check of flags.
func (c *evaluateCommand) Validate() error {
	return mistakes(threadMistake(c.Threads), atLeast(bound{"--batch", c.Batch, 1}), c.sourceFlags.mistakes(), c.foreignFlags.mistakes(), c.answerFlags.mistakes(), c.thresholdFlag.mistakes(), c.ttaFlags.mistakes())
}

// evaluation is the command's result.
type evaluation struct {
	Model          string                 `json:"model"`
	Data           string                 `json:"data"`
	Part           string                 `json:"part,omitempty"` // of the data
	Images         int                    `json:"images"`
	Ignored        []badFile              `json:"ignored"`
	Dropped        int                    `json:"dropped"` // files and rows that were left out when the data were opened
	Unreadable     []badFile              `json:"unreadable"`
	TTA            int                    `json:"tta,omitempty"`        // number of variants of each image
	TrainedOn      int                    `json:"trained_on,omitempty"` // number of the images on which the model was trained, if all of the run are here
	PassedOver     []passedOver           `json:"passed_over"`
	UnknownClasses []unknownCount         `json:"unknown_classes"` // classes of the data that the model does not have; their images are left out
	Metrics        *lince.Logs            `json:"-"`
	Values         map[string]any         `json:"metrics"`            // numbers and lists of numbers
	Unknown        []string               `json:"left_out,omitempty"` // losses and metrics of the file that lince does not have
	Classification *report.Classification `json:"classification"`
	MultiLabel     *report.MultiLabel     `json:"multilabel,omitempty"` // instead, for images with several labels
	Regression     *report.Regression     `json:"regression,omitempty"` // instead, for numbers
	Calibration    *calibration           `json:"calibration"`          // null if the outputs are not probabilities
	Answered       *answered              `json:"answered,omitempty"`   // with --unknown
}

// Run implements the command.
func (c *evaluateCommand) Run(e *env) error {
	m, err := e.openTrained(c.Model, c.Threads, c.foreignFlags)
	if err != nil {
		return err
	}
	var out *folder
	if c.Out != "" {
		if out, err = newFolder(string(c.Out), resultFiles, c.Overwrite); err != nil {
			return err
		}
		out.raw = e.raw
		out.what["predictions.csv"] = "the prediction for each image"
		defer out.close()
		e.onAbandon(func() error {
			if e.isSaving() {
				return interruption("before all files were written to " + out.dir)
			}
			out.unmake()
			return context.Canceled
		})
	}
	result, err := c.evaluate(e, m, out)
	if err != nil {
		if out != nil {
			out.discard()
		}
		return err
	}
	err = e.result(result, func(w io.Writer) error {
		text := ""
		switch {
		case result.MultiLabel != nil:
			text = result.MultiLabel.String() + "\n"
		case result.Regression != nil:
			text = result.Regression.String() + "\n"
		default:
			text = result.Classification.String() + "\n"
		}
		if result.Metrics != nil {
			for name, v := range result.Metrics.All() {
				if vector := result.Metrics.Vector(name); vector != nil {
					text += fmt.Sprintf("%s: %.4f\n", name, vector)
					continue
				}
				text += fmt.Sprintf("%s: %.4f\n", name, v)
			}
		}
		if result.Calibration != nil {
			text += fmt.Sprintf("%v\n", result.Calibration)
		}
		if result.Answered != nil {
			text += fmt.Sprintf("%v\n", result.Answered)
		}
		_, err := io.WriteString(w, text)
		return err
	})
	if out != nil {
		e.printf("\n%s", out.contents())
	}
	return err
}

// evaluate opens the images, and measures and writes the predictions.
func (c *evaluateCommand) evaluate(e *env, m *lince.Model, out *folder) (*evaluation, error) {
	c.known = c.knownClasses(m)
	if data.HoldsTable(c.Source) {
		c.takeTask(m)
	}
	t, ignored, err := e.open(c.Source, c.sourceFlags)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if c.Strict {
		if err := allUsable(c.Source, t, ignored); err != nil {
			return nil, err
		}
	}
	e.describePassed(t)
	e.notePart(t, c.Part)
	r := &evaluation{Model: c.Model, Data: c.Source, Part: t.HeldPart(), Ignored: badFiles(ignored), PassedOver: passedList(t), UnknownClasses: []unknownCount{}, TTA: c.TTA, Values: map[string]any{}}
	f, bad, err := c.usable(e, m, t, r, out)
	if err != nil {
		return nil, err
	}
	noteUnknown(e, m, r)
	temperature := m.Temperature
	m.Temperature = 0
	first, values, err := e.judge(m, f, r)
	if err != nil {
		return nil, err
	}
	if m.Regression {
		return r, c.evaluateNumbers(e, m, f, values, bad, r, out)
	}
	o, err := flowOptions(m, c.Batch, c.Threads)
	if err != nil {
		return nil, err
	}
	predictions, err := c.variants(e, m, f, o, first)
	if err != nil {
		return nil, err
	}
	if m.MultiLabel {
		return r, c.evaluateLabels(e, m, f, predictions, bad, r, out)
	}
	if !c.Calibration {
		temperature = 0
	}
	return r, c.evaluateClasses(e, m, f, predictions, temperature, bad, r, out)
}

// usable returns a dataset of the images of a table that can be read and whose classes the model knows, and the others that cannot be read. It sets the task of the model.
func (c *evaluateCommand) usable(e *env, m *lince.Model, t *data.Table, r *evaluation, out *folder) (f *data.Flow, bad []data.BadFile, err error) {
	if t.Task() == data.MultiLabel {
		e.warnOfAbsent(m.Classes, t.Classes())
	}
	if len(m.Classes) > 0 && len(unknownClasses(t, m.Classes)) < len(t.Classes()) {
		if t, r.UnknownClasses, err = e.withoutUnknown(t, m.Classes, "the model does", c.Strict); err != nil {
			return nil, nil, err
		}
	}
	if t, bad, err = e.check(t, c.Strict, out, c.most(), grayRangeOf(m.Preprocessing)); err != nil {
		return nil, nil, err
	}
	if err := fitTask(m, c.Model, t.Task()); err != nil {
		return nil, nil, err
	}
	m.MultiLabel, m.Regression = t.Task() == data.MultiLabel, t.Task() == data.Regress
	if m.Regression && (c.Unknown > 0 || c.TTA > 0) {
		return nil, nil, usageError{errors.New("--unknown and --tta are for images with classes, not for --task regress")}
	}
	if err := cmp.Or(c.fits(m), c.fitsTask(m)); err != nil {
		return nil, nil, err
	}
	if f, err = labeledFlow(m, t, data.ImageOptions{BatchSize: c.Batch, Workers: c.Threads, Cache: c.cache(), Strict: c.Strict}); err != nil {
		return nil, nil, err
	}
	if !m.MultiLabel { // withoutUnknown has warned of other labels
		for _, w := range f.Warnings() {
			e.warn(w)
		}
	}
	e.printf("%s\n%s", f.Found(), c.kept(cachedSet{"", f}))
	r.Images, r.Unreadable, r.Dropped, r.TrainedOn = f.Len(), badFiles(bad), t.Dropped(), e.warnOfTrained(c.Model, c.Source, t)
	return f, bad, nil
}

// noteUnknown warns of losses, metrics and settings of the model's file that lince does not have, and records them.
func noteUnknown(e *env, m *lince.Model, r *evaluation) {
	for _, err := range m.Unknown() {
		r.Unknown = append(r.Unknown, err.Error())
		if settings := new(lince.LayerSettingsError); errors.As(err, &settings) {
			e.warn("evaluated without settings that only training needs: " + settings.List())
			continue
		}
		e.warn("not evaluated: " + err.Error())
	}
}

// judge predicts the images of a dataset: their classes, or numbers for a regression. If the model is compiled, it also sets the loss and the metrics of the
// result; the network runs once for both.
func (e *env) judge(m *lince.Model, f *data.Flow, r *evaluation) (classes []lince.Classification, values []numberOf, err error) {
	if _, compiled := m.Compiled(); !compiled {
		if m.Regression {
			values, err = e.predictNumbers(e.ctx, m, f, "Predicting")
		} else {
			classes, err = e.predict(e.ctx, m, f, "Predicting")
		}
		return classes, values, err
	}
	r.Metrics, err = m.Evaluate(e.ctx, f, lince.EvaluateOptions{Output: e.text, Verbose: e.verbose(), Predictions: func(p lince.Prediction) error {
		if m.Regression {
			if row := notFiniteRow(p); row >= 0 {
				return e.outputNotFinite(m, f, row, "outputs")
			}
			values = appendNumbers(values, p)
			return nil
		}
		list, err := m.ClassifyOutput(p.Output)
		if nan := new(lince.NotFiniteOutputError); errors.As(err, &nan) {
			return e.outputNotFinite(m, f, p.Index[nan.Row], "outputs")
		}
		for i, c := range list {
			c.Row = p.Index[i]
			classes = append(classes, c)
		}
		return err
	}})
	if err != nil {
		return nil, nil, err
	}
	for name, v := range numbers(r.Metrics) {
		r.Values[name] = v
	}
	for name := range r.Metrics.All() {
		if vector := r.Metrics.Vector(name); vector != nil {
			r.Values[name] = finiteOrNil(vector)
		}
	}
	return classes, values, nil
}

// settle returns the names of the classes, and the images that could not be read, also those that were readable before the evaluation.
func (c *evaluateCommand) settle(e *env, m *lince.Model, f *data.Flow, bad []data.BadFile, r *evaluation) ([]string, []data.BadFile) {
	classes := classNames(m)
	if len(m.Classes) == 0 {
		classes = f.Classes()
		e.warn(fmt.Sprintf("the model %s has no class names; using those of the data in this order: %s (set them with --classes)", c.Model, strings.Join(classes, ", ")))
	}
	return classes, e.addUnreadable(f, bad, r)
}

// addUnreadable adds the images that could not be read during the evaluation to bad and to the result, with a warning.
func (e *env) addUnreadable(f *data.Flow, bad []data.BadFile, r *evaluation) []data.BadFile {
	e.noteDepth(f)
	later := f.Corrupt()
	if len(later) == 0 {
		return bad
	}
	e.warn(skippedLater(later, f.Table().Checked()))
	bad = append(bad, later...)
	r.Unreadable = badFiles(bad)
	return bad
}

// saveUnreadable begins to save the results.
func (e *env) saveUnreadable(out *folder, bad []data.BadFile) error {
	if err := e.startSaving(); err != nil || len(bad) == 0 {
		return err
	}
	return out.write("unreadable.csv", writeUnreadable(bad, out.raw))
}

// evaluateClasses completes the result for images with one class each.
func (c *evaluateCommand) evaluateClasses(e *env, m *lince.Model, f *data.Flow, predictions []lince.Classification, temperature float64, bad []data.BadFile, r *evaluation, out *folder) error {
	switch measured, after, err := calibrate(f, predictions, temperature); {
	case err == nil:
		r.Calibration, predictions = measured, after
	case temperature != 0:
		return fmt.Errorf("%s: %w", c.Model, err)
	default:
		e.warn(fmt.Sprintf("the calibration is not measured: %v", err))
	}
	r.Answered = c.measure(predictions, f.ClassIndexes())
	classes, bad := c.settle(e, m, f, bad, r)
	var err error
	if r.Classification, err = classification(classes, f, predictions); err != nil || out == nil {
		return err
	}
	if err := e.saveUnreadable(out, bad); err != nil {
		return err
	}
	if err := writeResults(out, classes, f, predictions, r.Classification, c.answerFlags); err != nil {
		return err
	}
	if r.Calibration != nil {
		if err := r.Calibration.write(out); err != nil {
			return err
		}
	}
	n := neighborPlot{env: e, model: m, classes: classes, threads: c.Threads, f: f, predictions: predictions, base: f, what: "images"}
	if err := n.write(out); err != nil {
		return err
	}
	s := pageSource{classes: classes, f: f, predictions: predictions, bad: bad}
	if err := c.writePage(e, m, out, r, s, pageSource.fillClasses); err != nil {
		return err
	}
	return out.finish()
}

// evaluateLabels completes the result for images with several labels.
func (c *evaluateCommand) evaluateLabels(e *env, m *lince.Model, f *data.Flow, predictions []lince.Classification, bad []data.BadFile, r *evaluation, out *folder) error {
	classes, bad := c.settle(e, m, f, bad, r)
	var err error
	if r.MultiLabel, err = multiLabel(classes, f, predictions, c.Threshold); err != nil || out == nil {
		return err
	}
	if err := e.saveUnreadable(out, bad); err != nil {
		return err
	}
	if err := writeLabels(out, classes, f, predictions, c.thresholdFlag); err != nil {
		return err
	}
	s := pageSource{classes: classes, f: f, predictions: predictions, bad: bad}
	if err := c.writePage(e, m, out, r, s, func(s pageSource, p *report.Page) error { return s.fillLabels(p, r.MultiLabel) }); err != nil {
		return err
	}
	return out.finish()
}
