package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/report"
)

// predictCommand says what pictures show.
type predictCommand struct {
	Model   string   `arg:"" help:"A model: .keras."`
	Sources []string `arg:"" name:"pictures" help:"Pictures, folders, zips."`
	CSV     string   `name:"csv" type:"path" placeholder:"FILE" help:"Write a CSV: filename, category, predicted, a column for each class."`
	Part    string   `placeholder:"FOLDER" help:"Take only this folder of a source, such as test1."`
	Batch   int      `default:"32" help:"Pictures at a time."`
	Threads int      `placeholder:"N" help:"Threads (default: all)."`
	Strict  bool     `help:"A picture that cannot be read is an error."`
}

// Help is the command's longer help.
func (predictCommand) Help() string {
	return `Examples:
  lince predict runs/train-1/best.keras photo.jpg
  lince predict model.keras dogs-vs-cats.zip --part test1 --csv predictions.csv`
}

// Validate implements kong's check of flags.
func (c *predictCommand) Validate() error { return atLeast("--batch", c.Batch, 1) }

// Run implements the command.
func (c *predictCommand) Run(e *env) error {
	m, err := lince.Options{Threads: c.Threads}.Open(c.Model)
	if err != nil {
		return err
	}
	var tables []*data.Table
	for _, s := range c.Sources {
		t, err := e.read(s, data.OpenOptions{Label: data.Unlabelled, Part: c.Part})
		if err != nil {
			return err
		}
		defer t.Close()
		tables = append(tables, t)
	}
	t := tables[0]
	if len(tables) > 1 {
		t = data.Concat(tables...)
	}
	o, err := flowOptions(m, c.Batch, c.Threads)
	if err != nil {
		return err
	}
	o.ClassMode, o.Strict = data.NoTargets, c.Strict
	f, err := data.Images(t, o)
	if err != nil {
		return err
	}
	verdicts, err := e.predict(e.ctx, m, f, "Predicting")
	if err != nil {
		return err
	}
	for _, b := range f.Corrupt() {
		e.warn(fmt.Sprintf("%s: %v", b.Filename, b.Err))
	}
	classes := classNames(m)
	rows := make([]report.Prediction, len(verdicts))
	for i, v := range verdicts {
		rows[i] = report.Prediction{Filename: t.Row(v.row).Filename, Predicted: classes[v.class], Probabilities: v.probabilities}
	}
	if c.CSV != "" {
		if err := atomicfile.Write(c.CSV, func(w io.Writer) error { return report.WritePredictions(w, classes, rows) }); err != nil {
			return err
		}
	}
	if e.json {
		return e.result(predictionsJSON(classes, rows))
	}
	if c.CSV != "" {
		e.printf("%s written to %s\n", count(len(rows), "prediction"), c.CSV)
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for i, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%.2f%%\n", r.Filename, r.Predicted, 100*r.Probabilities[verdicts[i].class])
	}
	return w.Flush()
}

func predictionsJSON(classes []string, rows []report.Prediction) any {
	type prediction struct {
		Filename      string             `json:"filename"`
		Predicted     string             `json:"predicted"`
		Probabilities map[string]float32 `json:"probabilities"`
	}
	out := make([]prediction, 0, len(rows))
	for _, r := range rows {
		p := prediction{r.Filename, r.Predicted, map[string]float32{}}
		for i, c := range classes {
			p.Probabilities[c] = r.Probabilities[i]
		}
		out = append(out, p)
	}
	return out
}
