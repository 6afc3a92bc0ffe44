package cli

import (
	"fmt"
	"os"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/report"
)

// evaluateCommand judges a model on labelled pictures.
type evaluateCommand struct {
	Model  string `arg:"" help:"A model: .keras."`
	Source string `arg:"" name:"data" help:"Labelled pictures: a zip, a folder, a CSV, or demo:cats-and-dogs."`
	sourceFlags
	Batch   int    `default:"32" help:"Pictures at a time."`
	Threads int    `placeholder:"N" help:"Threads (default: all)."`
	Strict  bool   `help:"A picture that cannot be read is an error."`
	Out     string `type:"path" placeholder:"DIR" help:"Write predictions.csv, confusion.png and mistakes.png to this folder."`
}

// Help is the command's longer help.
func (evaluateCommand) Help() string {
	return `Examples:
  lince evaluate runs/train-1/best.keras photos/
  lince evaluate model.keras dogs-vs-cats.zip --limit 1000 --out report/`
}

// Validate implements kong's check of flags.
func (c *evaluateCommand) Validate() error { return atLeast("--batch", c.Batch, 1) }

// Run implements the command.
func (c *evaluateCommand) Run(e *env) error {
	m, err := lince.Options{Threads: c.Threads}.Open(c.Model)
	if err != nil {
		return err
	}
	t, err := e.open(c.Source, c.sourceFlags)
	if err != nil {
		return err
	}
	defer t.Close()
	if c.Out != "" {
		if err := os.MkdirAll(c.Out, 0o777); err != nil {
			return err
		}
	}
	if t, _, err = e.check(t, "", c.Strict); err != nil {
		return err
	}
	f, err := labelledFlow(m, t, c.Batch, c.Threads)
	if err != nil {
		return err
	}
	for _, w := range f.Warnings() {
		e.warn(w)
	}
	e.printf("%s\n", f.Found())
	metrics := map[string]float64{}
	if _, ok := m.Compiled(); ok {
		logs, err := m.Evaluate(e.ctx, f, lince.Evaluate{Output: e.text, Verbose: e.verbose()})
		if err != nil {
			return err
		}
		metrics = logs.Map()
	}
	verdicts, err := e.predict(e.ctx, m, f, "Predicting")
	if err != nil {
		return err
	}
	classes := classNames(m)
	judged, err := judge(classes, f, verdicts)
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := writeResults(c.Out, classes, f, verdicts, judged); err != nil {
			return err
		}
	}
	if !e.json {
		fmt.Fprintf(e.stdout, "\n%s\n", judged)
	}
	return e.result(struct {
		Metrics        map[string]float64     `json:"metrics"`
		Classification *report.Classification `json:"classification"`
	}{metrics, judged})
}

// verbose is how the model shows its progress.
func (e *env) verbose() lince.Verbose {
	if e.quiet {
		return lince.Silent
	}
	return lince.Auto
}

func atLeast(flag string, n, least int) error {
	if n < least {
		return fmt.Errorf("%s %d: want at least %d", flag, n, least)
	}
	return nil
}
