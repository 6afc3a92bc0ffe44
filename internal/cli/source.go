package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/data"
)

// sourceFlags say where pictures and their labels come from.
type sourceFlags struct {
	Label    string            `default:"auto" help:"Where labels come from: prefix (cat.0.jpg), folder (cats/0.jpg), or auto."`
	Part     string            `placeholder:"FOLDER" help:"Take only this folder of the source, such as train."`
	Images   string            `type:"path" placeholder:"FOLDER|ZIP" help:"Where the pictures are that a CSV names (default: beside it)."`
	Filename string            `placeholder:"COLUMN" help:"A CSV's column of file names (default: filename)."`
	Category string            `placeholder:"COLUMN" help:"A CSV's column of labels (default: category, or class)."`
	Rename   map[string]string `mapsep:"," placeholder:"OLD=NEW,..." help:"Rename classes, as in --rename cat=gato,dog=perro."`
	Limit    int               `placeholder:"N" help:"Use only N pictures, as many of each class."`
}

// open reads the table of a source, with progress.
func (e *env) open(name string, f sourceFlags) (*data.Table, error) {
	rule, err := data.ParseRule(f.Label)
	if err != nil {
		return nil, usageError{err}
	}
	if f.Limit < 0 {
		return nil, usageError{fmt.Errorf("--limit %d: want a number of pictures", f.Limit)}
	}
	t, err := e.read(name, data.OpenOptions{
		Label: rule, Part: f.Part, Images: f.Images, FilenameColumn: f.Filename, CategoryColumn: f.Category,
	})
	if err != nil {
		return nil, err
	}
	if len(f.Rename) > 0 {
		if t, err = t.Rename(f.Rename); err != nil {
			return nil, usageError{err}
		}
	}
	if f.Limit > 0 {
		t = t.Limit(f.Limit)
	}
	return t, nil
}

func (e *env) read(name string, o data.OpenOptions) (*data.Table, error) {
	counter := e.display().Counter("Reading "+shortName(name), 0)
	seen := 0
	o.Progress = func(done, _ int) {
		seen = done
		counter.Set(done)
	}
	t, err := data.Open(e.ctx, name, o)
	if err != nil {
		counter.Abandon()
		return nil, err
	}
	if seen > 0 {
		counter.Finish()
	} else {
		counter.Abandon()
	}
	for _, w := range t.Warnings() {
		e.warn(w)
	}
	return t, nil
}

// check decodes all pictures and returns the table of those that can be read. The others
// are written to the file report, or are an error when strict.
func (e *env) check(t *data.Table, report string, strict bool) (*data.Table, []data.BadFile, error) {
	counter := e.display().Counter("Checking pictures", t.Len())
	good, bad, err := t.Check(e.ctx, data.CheckOptions{Progress: func(done, _ int) { counter.Set(done) }})
	if err != nil {
		counter.Abandon()
		return nil, nil, err
	}
	counter.Finish()
	if len(bad) == 0 {
		return good, nil, nil
	}
	var list strings.Builder
	for i, b := range bad {
		if i == 5 {
			fmt.Fprintf(&list, "\n... and %d more", len(bad)-i)
			break
		}
		fmt.Fprintf(&list, "\n%s: %v", b.Filename, b.Err)
	}
	if strict {
		return nil, bad, fmt.Errorf("%s cannot be read:%s", count(len(bad), "picture"), list.String())
	}
	where := ""
	if report != "" {
		if err := writeUnreadable(report, bad); err != nil {
			return nil, bad, err
		}
		where = " (all of them: " + report + ")"
	}
	e.warn(fmt.Sprintf("%s cannot be read and will be left out%s:%s", count(len(bad), "picture"), where, list.String()))
	return good, bad, nil
}

// describe prints what a table holds.
func (e *env) describe(t *data.Table) {
	e.printf("%s\n", t.Found())
	w := tabwriter.NewWriter(e.text, 0, 0, 2, ' ', 0)
	for _, c := range t.Counts() {
		fmt.Fprintf(w, "  %s\t%d\n", c.Category, c.N)
	}
	_ = w.Flush() // to a terminal or a pipe: nothing to be done
}

// shortName is the last part of a path, for a progress line.
func shortName(path string) string {
	path = strings.TrimRight(path, "/"+string(os.PathSeparator))
	return path[strings.LastIndexAny(path, "/"+string(os.PathSeparator))+1:]
}
