package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/report"
)

// predictCommand classifies images.
type predictCommand struct {
	Model   string   `arg:"" predictor:"model" help:"A model file of any kind, such as .keras, .h5 or .onnx, or the folder of a training run."`
	Sources []string `arg:"" name:"images" predictor:"file" help:"Image files, folders, zip or tar archives, tables (CSV, JSON lines, Parquet), or demo:cats-and-dogs. - is standard input: an image, an archive, or a table, whose images are in the current folder or that of --images."`
	CSV     path     `writes:"predictions" name:"csv" placeholder:"FILE" predictor:"csv" help:"Write the predictions to a CSV file instead of the result; - writes them to standard output. Columns: filename, category (empty), predicted, and the probability of each class."`
	csvFlag
	fileFlags
	Task string `default:"auto" enum:"auto,regress" placeholder:"TASK" help:"What the model predicts: regress for a number, if the file does not say so; auto goes by the file."`
	answerFlags
	ttaFlags
	thresholdFlag
	foreignFlags
	Batch   int  `default:"32" help:"Batch size."`
	Threads int  `placeholder:"N" help:"Number of threads (default: all cores)."`
	Strict  bool `help:"Fail if an image cannot be used, instead of leaving it out."`
}

// Help returns the command's detailed help.
func (predictCommand) Help() string {
	return `Prints the name of each image, its predicted class and the probability of that class. Images that cannot be read are skipped with a warning. A model that was trained with --task regress predicts a number for each image. A model whose outputs are scores, such as one trained with a hinge loss, has a score in place of the probability, and in JSON, scores in place of probabilities.

With --unknown, an image whose most probable class has a lower probability has no predicted class. It is printed as unknown. In CSV and JSON, predicted is then empty and unknown is true; the probabilities are always there. The exit code stays 0.

Examples:
  lince predict runs/train-1 photo.jpg
  lince predict model.keras photos/ --unknown .7
  lince predict model.keras holiday/ more.zip --json
  lince predict model.keras dogs-vs-cats.zip --part test1 --csv test1.csv
  lince predict model.keras test.csv --images photos/ --filename id
  curl -s https://host/photo.jpg | lince predict model.keras -`
}

// Validate implements kong's check of flags.
func (c *predictCommand) Validate() error {
	return mistakes(threadMistake(c.Threads), atLeast(bound{"--batch", c.Batch, 1}), c.fileFlags.mistakes(), c.answerFlags.mistakes(), c.thresholdFlag.mistakes(), c.ttaFlags.mistakes(), c.foreignFlags.mistakes())
}

// Run implements the command.
func (c *predictCommand) Run(e *env) error {
	if err := e.oneResult(c.CSV); err != nil {
		return err
	}
	m, err := e.openTrained(c.Model, c.Threads, c.foreignFlags)
	if err != nil {
		return err
	}
	if c.Task == data.Regress.String() && !m.Regression {
		if err := fitNumbers(m, c.Model); err != nil {
			return err
		}
		m.Regression = true
	}
	if m.Regression && (c.Unknown > 0 || c.TTA > 0) {
		return usageError{errors.New("--unknown and --tta are for models of classes, not for a model that predicts numbers")}
	}
	if err := cmp.Or(c.fits(m), c.fitsTask(m)); err != nil {
		return err
	}
	scores := !m.Regression && m.GivesScores()
	if scores {
		e.warn(fmt.Sprintf("%s: %v; predict gives them as they are", c.Model, errScores))
	}
	var input *savedInput
	if i := slices.Index(c.Sources, standardInput); i >= 0 {
		if input, err = e.saveInput(); err != nil {
			return err
		}
		defer input.Close()
		c.Sources[i] = input.file
	}
	t, names, err := c.open(e, input)
	if err != nil {
		return err
	}
	defer t.Close()
	if c.Strict {
		if err := allUsable(strings.Join(c.Sources, ", "), t, t.Ignored()); err != nil {
			return err
		}
	}
	e.describePassed(t)
	if !c.Calibration {
		m.Temperature = 0
	}
	o, err := flowOptions(m, c.Batch, c.Threads)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Model, err)
	}
	o.ClassMode, o.Strict = data.NoTargets, c.Strict
	f, err := data.Images(t, o)
	if err != nil {
		return err
	}
	if m.Regression {
		return c.numbers(e, m, t, f, names)
	}
	classified, err := c.classify(e, m, f, o)
	bad, err := e.skipped(f, err)
	if err != nil {
		return err
	}
	classes := classNames(m)
	rows := make([]report.Prediction, len(classified))
	for i, v := range classified {
		if rows[i] = c.prediction(v, classes); m.MultiLabel {
			rows[i].Predicted = c.joined(v, classes)
		}
		rows[i].Filename = names[v.Row]
	}
	if done, err := c.writeCSV(e, classes, rows, c.options(e.raw)); done || err != nil {
		return err
	}
	return e.result(c.json(m, t, classes, classified, rows, bad), func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for i, r := range rows {
			predicted := r.Predicted
			if r.Unknown {
				predicted = unknownClass
			}
			if m.MultiLabel {
				var list []string
				for _, k := range classified[i].Above(c.Threshold) {
					list = append(list, visibleLine(classes[k])+" "+printed(r.Probabilities[k], scores))
				}
				fmt.Fprintf(table, "%s\t%s\n", visibleLine(r.Filename), cmp.Or(strings.Join(list, ", "), "none"))
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", visibleLine(r.Filename), visibleLine(predicted), printed(r.Probabilities[classified[i].Class], scores))
		}
		return table.Flush()
	})
}

// printed returns a probability or a score in the form for people.
func printed(x float32, score bool) string {
	if score {
		return fmt.Sprintf("%.4f", x)
	}
	return fmt.Sprintf("%.2f%%", 100*x)
}

// writeCSV writes the file of --csv. done reports whether that is the whole result.
func (c *predictCommand) writeCSV(e *env, classes []string, rows []report.Prediction, o report.PredictionsOptions) (done bool, err error) {
	if c.CSV == "" {
		return false, nil
	}
	if err := e.writeFile("--csv", c.CSV, func(w io.Writer) error { return report.WritePredictions(w, classes, rows, o) }); err != nil || c.CSV == standardOutput {
		return true, err
	}
	e.printf("Wrote %s to %s.\n", count(len(rows), "prediction"), c.CSV)
	return !e.json, nil
}

// open opens all sources as one table. It also returns a name for each row. This is the row's name in
// its source; if there are several sources, the name of the source comes before it.
func (c *predictCommand) open(e *env, input *savedInput) (*data.Table, []string, error) {
	var (
		tables []*data.Table
		names  []string
		errs   []error
	)
	hasTable := slices.ContainsFunc(c.Sources, data.HoldsTable)
	for _, s := range c.Sources {
		f := c.fileFlags
		if hasTable && !data.HoldsTable(s) {
			f = f.withoutTable()
		}
		stdin := input != nil && s == input.file
		if stdin && data.HoldsTable(s) && f.Images == "" {
			f.Images = "."
		}
		o := data.OpenOptions{LabelRule: data.Unlabeled}
		f.setFiles(&o)
		t, err := e.read(s, o)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		e.notePart(t, c.Part)
		tables = append(tables, t)
		for _, r := range t.All() {
			name := r.Filename
			switch info, err := os.Stat(s); {
			case r.Where() == s && stdin:
				name = standardInput
			case r.Where() == s:
				name = s
			case len(c.Sources) == 1:
			case err == nil && info.IsDir():
				name = filepath.Join(s, filepath.FromSlash(name))
			case stdin:
				name = standardInput + ": " + name
			default:
				name = s + ": " + name
			}
			names = append(names, name)
		}
	}
	if len(errs) > 0 {
		for _, t := range tables {
			_ = t.Close() // it was only read
		}
		return nil, nil, errors.Join(errs...)
	}
	return data.Concat(tables...), names, nil
}

// json returns the result for --json. unknown is there with --unknown only.
func (c *predictCommand) json(m *lince.Model, t *data.Table, classes []string, classified []lince.Classification, rows []report.Prediction, bad []data.BadFile) any {
	type prediction struct {
		Filename      string             `json:"filename"`
		Predicted     string             `json:"predicted"`       // several classes are joined by |
		Labels        []string           `json:"labels,omitzero"` // with a model of images with several labels
		Unknown       *bool              `json:"unknown,omitempty"`
		Probabilities map[string]float32 `json:"probabilities,omitempty"`
		Scores        map[string]float32 `json:"scores,omitempty"` // instead of Probabilities, of a model that gives scores
	}
	out := struct {
		Classes     []string     `json:"classes"`
		Temperature float64      `json:"temperature,omitempty"` // by which the logits were divided
		Threshold   float64      `json:"unknown_below,omitempty"`
		TTA         int          `json:"tta,omitempty"` // number of variants of each image
		Predictions []prediction `json:"predictions"`
		unpredicted
	}{classes, m.Temperature, c.Unknown, c.TTA, []prediction{}, newUnpredicted(t, bad)}
	for at, r := range rows {
		numbers := map[string]float32{}
		p := prediction{Filename: r.Filename, Predicted: r.Predicted, Probabilities: numbers}
		if m.GivesScores() {
			p.Probabilities, p.Scores = nil, numbers
		}
		if c.Unknown > 0 {
			p.Unknown = &r.Unknown
		}
		for i, name := range classes {
			numbers[name] = r.Probabilities[i]
		}
		if m.MultiLabel {
			p.Labels = c.names(classified[at], classes)
		}
		out.Predictions = append(out.Predictions, p)
	}
	return out
}

// unpredicted is the part of a result that lists what has no prediction.
type unpredicted struct {
	Ignored    []badFile    `json:"ignored"`
	Dropped    int          `json:"dropped"`
	Unreadable []badFile    `json:"unreadable"`
	PassedOver []passedOver `json:"passed_over"`
}

func newUnpredicted(t *data.Table, bad []data.BadFile) unpredicted {
	return unpredicted{badFiles(t.Ignored()), t.Dropped(), badFiles(bad), passedList(t)}
}

// badFile is the JSON form of a data.BadFile.
type badFile struct {
	Filename string `json:"filename"`
	Error    string `json:"error"`
}

func badFiles(list []data.BadFile) []badFile {
	out := make([]badFile, 0, len(list))
	for _, b := range list {
		out = append(out, badFile{b.Filename, strings.TrimSpace(b.Err.Error())})
	}
	return out
}
