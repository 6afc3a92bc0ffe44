package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince/data"
)

// dataCommand shows what a source contains.
type dataCommand struct {
	Source      string `arg:"" name:"data" predictor:"data" help:"A folder, a zip or tar archive (archives inside it are opened too), a table (CSV, JSON lines, Parquet, or a folder of Parquet files), shards ('train-{00..09}.tar'), the address of one (https://host/set.zip), or demo:cats-and-dogs."`
	sourceFlags `group:"data"`
	Head        int  `group:"output" default:"5" help:"Number of rows to show."`
	Check       bool `group:"output" help:"Decode all images, and list those that cannot be read."`
	CSV         path `writes:"table" group:"output" name:"csv" placeholder:"FILE" predictor:"csv" help:"Write file names and labels to a CSV file. - writes them to standard output instead of the result."`
	csvFlag     `group:"output"`
}

// Help returns the command's detailed help.
func (dataCommand) Help() string {
	return `Prints the first rows and the number of images of each class, in the format of pandas. Lists skipped files with the reasons.

Examples:
  lince data dogs-vs-cats.zip
  lince data photos/ --check
  lince data dogs-vs-cats.zip --rename cat=gato,dog=perro --csv table.csv`
}

// Validate implements kong's check of flags.
func (c *dataCommand) Validate() error {
	return mistakes(atLeast(bound{"--head", c.Head, 0}), c.mistakes())
}

// Run implements the command.
func (c *dataCommand) Run(e *env) error {
	if err := e.oneResult(c.CSV); err != nil {
		return err
	}
	t, ignored, err := e.open(c.Source, c.sourceFlags)
	if err != nil {
		return err
	}
	defer t.Close()
	var bad []data.BadFile
	all := t
	if c.Check {
		if t, bad, err = e.checkAll(t); err != nil {
			return err
		}
	} else if c.CSV != standardOutput {
		if t, bad, err = e.inspect(t); err != nil {
			return err
		}
	}
	lost := lostClasses(all, bad)
	if c.CSV != standardOutput {
		e.warnOfUniversal(t)
		if err := e.warnOfFaults(c.Source, c.sourceFlags, t); err != nil {
			return err
		}
	}
	if c.CSV != "" {
		if err := e.writeFile("--csv", c.CSV, e.tableCSV(t)); err != nil || c.CSV == standardOutput {
			return err
		}
		e.printf("Wrote %s to %s.\n", count(t.Len(), "row"), c.CSV)
	}
	used := map[string]string{}
	if held := t.HeldPart(); held != "" {
		used[held] = "training"
	}
	if v := t.ValidationPart(); v != "" {
		used[v] = "validation"
	}
	parts := partList(t, used)
	if e.json {
		return writeJSON(e.stdout, dataResult(t, ignored, bad, lost, parts, e.findings()))
	}
	return e.result(nil, func(out io.Writer) error {
		var w strings.Builder
		if c.Head > 0 {
			fmt.Fprintf(&w, "%s\n\n", t.Head(c.Head))
		}
		if t.Task() == data.Regress {
			fmt.Fprintf(&w, "%s\n%s\n", describeNumbers(t), t.Found())
		} else {
			fmt.Fprintf(&w, "%s\n\n%s\n", t.Counts(), t.Found())
		}
		if n := t.Dropped(); n > 0 {
			fmt.Fprintf(&w, "%s skipped:%s\n", count(n, "file"), indent(listBad(ignored)))
		}
		if len(bad) > 0 {
			fmt.Fprintf(&w, "%s cannot be read:%s\n", count(len(bad), "image"), indent(listBad(bad)))
		}
		if text := lostText(lost); text != "" {
			fmt.Fprintf(&w, "%s, so a model cannot learn it.\n", strings.ToUpper(text[:1])+text[1:])
		}
		w.WriteString(passedText(t))
		w.WriteString(describeTurned(e.findings().Turned, false))
		w.WriteString(describeDepth(e.findings()))
		w.WriteString(siblingsText(c.Source, t))
		w.WriteString(partsText(t.HeldPart(), parts))
		_, err := io.WriteString(out, w.String())
		return err
	})
}

// checkAll is like check, but prints no warning.
func (e *env) checkAll(t *data.Table) (*data.Table, []data.BadFile, error) {
	quiet := *e
	quiet.stderr = io.Discard
	return quiet.check(t, false, nil, 0, grayRange{})
}

// inspect reads the files of a table without decoding them, unless there are very many. It returns those that are not images.
func (e *env) inspect(t *data.Table) (*data.Table, []data.BadFile, error) {
	var seen *data.Table
	var found data.Findings
	var bad []data.BadFile
	err := e.counted("Reading images", func(progress func(done, total int)) (err error) {
		seen, found, bad, err = t.Inspect(e.ctx, data.CheckOptions{Most: data.ManyFiles, Progress: progress})
		return err
	})
	if errors.Is(err, data.ErrTooManyFiles) {
		e.printf("The images are more than %d files, so they are not read; --check decodes all of them.\n", data.ManyFiles)
		return t, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	e.found.Add(found)
	return seen, bad, nil
}

// describeDepth says how many images have 16 bits per pixel, or are of floating-point numbers.
func describeDepth(f data.Findings) string {
	text := ""
	if f.Deep.Images > 0 {
		text = fmt.Sprintf("%s more than 8 bits of gray per pixel%s; values below 0 and above 255 are cut off, as in Keras; train with --gray-range to keep them.\n", imagesHave(f.Deep.Images), valuesText(f.Deep))
	}
	if f.Colors.Images > 0 {
		text += imagesHave(f.Colors.Images) + " 16 bits per color, of which the upper 8 are kept, as in Keras; --gray-range does not change them.\n"
	}
	if f.Floating.Images == 0 {
		return text
	}
	return text + fmt.Sprintf("%s floating-point gray%s; values are cut off at 0 and 255 and lose their fractions, as in Keras, so images with values from 0 to 1 become black; train with --gray-range to keep them.\n",
		imagesHave(f.Floating.Images), valuesText(f.Floating))
}

// partsText describes the parts of the data. held is the part that was listed.
func partsText(held string, parts []recordPart) string {
	if len(parts) < 2 {
		return ""
	}
	var w strings.Builder
	w.WriteString("The data have these parts; select one with --part:\n")
	for _, p := range parts {
		fmt.Fprintf(&w, "  %s: %s", visibleLine(p.Name), count(p.Images, "image"))
		switch {
		case p.Name == held:
			w.WriteString(", shown above")
		case p.Labeled == 0:
			w.WriteString(" without labels")
		case p.Use == "validation":
			w.WriteString(", used by train for validation")
		}
		w.WriteString("\n")
	}
	return w.String()
}

// dataResult returns the result for --json. It reads the files for the fingerprint.
func dataResult(t *data.Table, ignored []data.BadFile, bad []data.BadFile, lost data.Counts, parts []recordPart, found data.Findings) any {
	counts := map[string]int{}
	for _, c := range t.Counts() {
		counts[c.Label] = c.N
	}
	names := []string{}
	for _, c := range lost {
		names = append(names, c.Label)
	}
	return struct {
		Name        string          `json:"name"`
		Rule        string          `json:"rule"`
		Rows        int             `json:"rows"`
		Classes     []string        `json:"classes"`
		Counts      map[string]int  `json:"counts"`
		Task        string          `json:"task"`
		Numbers     *numbersSummary `json:"numbers,omitempty"` // instead of Classes, with --task regress
		Ignored     []badFile       `json:"ignored"`
		Dropped     int             `json:"dropped"`
		Unreadable  []badFile       `json:"unreadable"`
		Lost        []string        `json:"lost_classes"` // those of which no image can be read
		PassedOver  []passedOver    `json:"passed_over"`
		Parts       []recordPart    `json:"parts"`
		Turned      int             `json:"exif_turned"`
		Deep        int             `json:"gray_16_bit"`
		Floating    int             `json:"gray_float"`
		Fingerprint string          `json:"fingerprint"`
	}{t.Name(), t.Rule().String(), t.Len(), append([]string{}, t.Classes()...), counts, t.Task().String(), summarizeNumbers(t), badFiles(ignored), t.Dropped(), badFiles(bad), names, passedList(t), parts, found.Turned, found.Deep.Images, found.Floating.Images, t.Fingerprint()}
}
