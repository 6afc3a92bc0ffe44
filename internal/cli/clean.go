package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/check"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/shell"
)

// cleanCommand writes a table of the images to keep.
type cleanCommand struct {
	Source      string `arg:"" name:"data" predictor:"data" help:"Labeled images: a folder, a zip archive or a CSV file."`
	sourceFlags `group:"data"`
	Validation  string   `group:"data" placeholder:"SOURCE|PART" predictor:"data" help:"Labeled validation images, as for lince train: images that both have are left out of the list. The validation images themselves stay as they are."`
	Drop        []string `group:"data" placeholder:"KIND,..." help:"Leave out images with faults of these kinds (default: those that add nothing to any training; the list is above)."`
	labelFlags  `group:"model"`
	Out         path `writes:"text" group:"output" required:"" placeholder:"FILE" predictor:"csv" help:"The CSV file to write. - writes it to standard output instead of the result."`
	csvFlag     `group:"output"`
	Overwrite   bool `group:"output" help:"Replace the file of --out if it exists."`
}

// Help returns the command's detailed help.
func (cleanCommand) Help() string {
	return `Searches faults as lince check does, and writes a CSV file of the images to keep, with the columns filename and category. The data are not changed. Of images that are the same, the largest is kept; if they have two labels, none is kept. Of images that are in another part too, such as test, or among those of --validation, those of the table are left out. The columns of --split and --group are kept.

By default, images of the kinds ` + strings.Join(uselessKinds(), ", ") + ` are left out. --drop can also name ` + strings.Join(otherDropped(), ", ") + `. Look at the findings of lince check --out DIR first.

Examples:
  lince clean photos/ --out keep.csv
  lince train keep.csv --images photos/
  lince clean photos/ --out keep.csv --drop corrupt,empty,duplicate,blurred
  lince clean photos/ --out keep.csv --validation more-photos/
  lince clean photos/ --out keep.csv --drop label --model m.keras --folds 5`
}

// uselessKinds returns the kinds of faults whose images are left out by default.
func uselessKinds() []string {
	return kindNames(func(k check.Kind) bool { return k.Useless })
}

// otherDropped returns the kinds of faults whose images can be left out, but are not by default.
func otherDropped() []string {
	return kindNames(func(k check.Kind) bool { return k.Drops && !k.Useless })
}

func kindNames(want func(k check.Kind) bool) (names []string) {
	for _, k := range check.Kinds() {
		if want(k) {
			names = append(names, k.Name)
		}
	}
	return names
}

// Validate implements kong's check of flags.
func (c *cleanCommand) Validate() error {
	errs := []error{c.sourceFlags.mistakes(), c.labelFlags.mistakes(), kindMistakes("--drop", c.Drop), c.needsModel("--drop", c.Drop)}
	for _, k := range check.Kinds() {
		if !k.Drops && slices.Contains(c.Drop, k.Name) {
			errs = append(errs, fmt.Errorf("--drop %s: leaving out images does not fix this fault; %s", k.Name, lowerFirst(k.Advice)))
		}
	}
	if c.Model != "" && !slices.Contains(c.Drop, labelKind) {
		errs = append(errs, fmt.Errorf("--model is for --drop %s", labelKind))
	}
	if strings.HasPrefix(c.Source, demo.Scheme) {
		errs = append(errs, fmt.Errorf("%s: its images have no files, so a CSV file cannot list them", c.Source))
	}
	return mistakes(errs...)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// Run implements the command.
func (c *cleanCommand) Run(e *env) error {
	if c.Out == standardOutput && e.json {
		return usageError{errors.New("--out - and --json both write to standard output; use one of them")}
	}
	if _, err := os.Stat(string(c.Out)); err == nil && !c.Overwrite && c.Out != standardOutput {
		return usageError{fmt.Errorf("--out %s already exists; use another name, or --overwrite", c.Out)}
	}
	c.groupColumn = c.Group
	t, ignored, validation, err := e.openBoth(c.Source, c.sourceFlags, c.Validation)
	if err != nil {
		return err
	}
	defer t.Close()
	defer validation.close()
	root, err := c.root(t)
	if err != nil {
		return err
	}
	kinds := c.Drop
	if len(kinds) == 0 {
		kinds = uselessKinds()
	}
	r, err := e.faults(t, kinds, c.labelFlags, validation.parts()...)
	if err != nil {
		return err
	}
	dropped := map[int]bool{}
	result := cleanResult{Name: t.Name(), Images: t.Len(), Dropped: map[string]int{}, Ignored: badFiles(ignored), Root: root}
	for _, f := range r.Findings {
		for _, i := range f.Drop {
			dropped[i] = true
			result.Dropped[f.Kind]++
		}
	}
	var keep []int
	for i := range t.Len() {
		if !dropped[i] {
			keep = append(keep, i)
		}
	}
	result.Kept = len(keep)
	if result.Kept == 0 {
		return fmt.Errorf("%s: all %s have faults, so none is left; lince check shows them", t.Name(), count(t.Len(), "image"))
	}
	kept, parts, err := c.withParts(t, t.Take(keep))
	if err != nil {
		return err
	}
	var columns []extraColumn
	flags := ""
	if parts != nil {
		columns, flags = append(columns, *parts), " --split "+shell.Quote(parts.column)
	}
	if c.Group != "" {
		columns, flags = append(columns, extraColumn{c.Group, kept.Groups()}), flags+" --group "+shell.Quote(c.Group)
	}
	if slices.ContainsFunc(kept.Classes(), data.IsMissingWord) {
		flags += " --keep-na"
	}
	if err := e.writeFile("--out", c.Out, e.tableCSV(kept, columns...)); err != nil || c.Out == standardOutput {
		return err
	}
	result.File = string(c.Out)
	return e.result(result, func(w io.Writer) error {
		for _, k := range kinds {
			if n := result.Dropped[k]; n > 0 {
				if _, err := fmt.Fprintf(w, "%-15s %d left out\n", k, n); err != nil {
					return err
				}
			}
		}
		if parts != nil {
			if _, err := fmt.Fprintf(w, "The column %s is kept, and so are all %d rows of the other parts.\n", visibleLine(parts.column), kept.Len()-result.Kept); err != nil {
				return err
			}
		}
		if len(ignored) > 0 {
			if _, err := fmt.Fprintf(w, "%s skipped:%s\n", count(len(ignored), "file"), indent(listBad(ignored))); err != nil {
				return err
			}
		}
		if c.Validation != "" {
			flags += c.trainFlag(validation)
			if _, err := fmt.Fprintf(w, "Faults of the validation images are left. To see them: %s\n", c.checkValidation(validation)); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "Wrote %d of %s to %s. To train on them: lince train %s --images %s%s\n",
			result.Kept, count(result.Images, "image"), c.Out, shell.Quote(string(c.Out)), shell.Quote(root), flags)
		return err
	})
}

// trainFlag returns the flag with which lince train takes the validation images beside the new table, whose flag --images is for a table of --validation, too. It returns "" if there is no such flag.
func (c *cleanCommand) trainFlag(v openedValidation) string {
	source := c.Validation
	switch {
	case v.source == nil: // a part of the data
		source = filepath.Join(c.Source, c.Validation)
		if info, err := os.Stat(source); err != nil || !info.IsDir() {
			return ""
		}
	case data.HoldsTable(source) && (c.Images == "" || c.Filename != "" || c.Labels != ""): // the new table has other columns
		return ""
	}
	if len(c.Rename) > 0 { // the new table has the new names
		return ""
	}
	return " --validation " + shell.Quote(source)
}

// checkValidation returns the command that checks the validation images.
func (c *cleanCommand) checkValidation(v openedValidation) string {
	f, source := c.sourceFlags, c.Validation
	if v.source == nil {
		source, f.Part = c.Source, c.Validation
	} else if f.Part = ""; !data.HoldsTable(source) {
		f.fileFlags, f.Labels = f.withoutTable(), ""
	}
	f.Limit, f.Rename = 0, nil
	return f.command("check", source)
}

// withParts adds the rows of the other parts of a table with a column of parts, which stay as they are, and the column.
func (c *cleanCommand) withParts(t, kept *data.Table) (*data.Table, *extraColumn, error) {
	if c.Split == "" {
		return kept, nil, nil
	}
	column := &extraColumn{column: c.Split}
	var tables []*data.Table
	for _, name := range t.Parts() {
		part := kept
		if name != t.HeldPart() {
			var err error
			if part, err = t.Part(name); err != nil {
				return nil, nil, err
			}
		}
		tables = append(tables, part)
		for range part.Len() {
			column.values = append(column.values, name)
		}
	}
	return data.Concat(tables...), column, nil
}

// cleanResult is the command's result. An image with two faults counts for both in Dropped.
type cleanResult struct {
	Name    string         `json:"name"`
	Images  int            `json:"images"`
	Kept    int            `json:"kept"`
	Dropped map[string]int `json:"dropped"`
	Ignored []badFile      `json:"ignored"` // files and rows that were left out when the data were opened
	File    string         `json:"file"`
	Root    string         `json:"root"` // for --images
}

// root returns the folder or archive to which the names of the table are relative.
func (c *cleanCommand) root(t *data.Table) (string, error) {
	if t.Len() == 0 {
		return "", fmt.Errorf("%s: the table has no rows", t.Name())
	}
	if c.Images != "" {
		return string(c.Images), nil
	}
	r := t.Row(0)
	inside := strings.HasPrefix(r.Where(), c.Source+": ")
	if data.IsTable(c.Source) && !inside {
		if info, err := os.Stat(c.Source); err == nil && !info.IsDir() {
			return filepath.Dir(c.Source), nil
		}
	}
	if _, err := os.Stat(r.Where()); err == nil { // a file on disk
		root := strings.TrimSuffix(filepath.ToSlash(r.Where()), r.Filename)
		return filepath.Clean(filepath.FromSlash(root)), nil
	}
	file, _, _ := strings.Cut(r.Where(), ": ")
	if _, err := os.Stat(file); inside || err == nil { // an archive, shards, or a Parquet file
		return c.Source, nil
	}
	return "", usageError{fmt.Errorf("%s: its images are not files of a folder, an archive, shards or a Parquet file, so a CSV file cannot list them", c.Source)}
}
