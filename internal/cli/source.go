package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/remote"
	"github.com/lince-ml/lince/internal/shell"
)

// sourceFlags select images and labels from a source.
type sourceFlags struct {
	Label string `default:"auto" predictor:"rule" placeholder:"RULE|REGEXP" help:"Where labels come from: prefix (cat.0.jpg), folder (cats/0.jpg), underscore (great_dane_12.jpg), none, auto (folder if the images are in two or more folders, else prefix, or underscore if all names end in _ and a number), or a regular expression whose group is the label, such as '^(.+)-[0-9]+'."`
	fileFlags
	Labels string `name:"category" placeholder:"COLUMN,..." help:"Column of a table with labels (default: category, class or label), or several columns: with 0 and 1 for each class, or with labels. ${escapes}"`
	tableFlags
	Rename renames `placeholder:"OLD=NEW,..." help:"Rename classes, such as cat=gato,dog=perro. ${escapes}"`
	Limit  int     `placeholder:"N" help:"Use at most N images, the same number of each class if possible."`

	groupColumn string    // the column of groups; see groupFlag
	known       []string  // classes that are known, as those of a model
	unused      *[]string // if not nil, receives the names of --rename that the source does not have; otherwise they are an error

	renamedLater bool // the caller applies --rename
}

// renamesOf returns the part of --rename that applies to a table.
func (f sourceFlags) renamesOf(t *data.Table) map[string]string {
	names := map[string]string{}
	for _, c := range t.Classes() {
		if to, ok := f.Rename[c]; ok {
			names[c] = to
		}
	}
	return names
}

// command returns the command line of another command for the same images. more are its other words.
func (f sourceFlags) command(name, source string, more ...string) string {
	words := []string{"lince", name, source}
	add := func(flag, value, otherwise string) {
		if value != otherwise {
			words = append(words, "--"+flag, value)
		}
	}
	add("label", f.Label, data.Auto.String())
	add("part", f.Part, "")
	add("images", string(f.Images), "")
	add("filename", f.Filename, "")
	add("split", f.Split, "")
	add("encoding", f.Encoding, "")
	add("category", f.Labels, "")
	add("task", f.Task, data.AutoTask.String())
	add("label-separator", f.Separator, "")
	if f.MaxPixels > 0 {
		add("max-pixels", strconv.Itoa(f.MaxPixels), "")
	}
	if f.KeepNA {
		words = append(words, "--keep-na")
	}
	for _, from := range slices.Sorted(maps.Keys(f.Rename)) {
		add("rename", namelist.JoinPairs(namelist.Pair{Name: from, Value: f.Rename[from]}), "")
	}
	if f.Limit > 0 {
		add("limit", strconv.Itoa(f.Limit), "")
	}
	return shell.Command(append(words, more...)...)
}

// rule returns the rule or the pattern of --label.
func (f sourceFlags) rule() (data.Rule, *regexp.Regexp, error) {
	rule, err := data.ParseRule(f.Label)
	if err == nil || !strings.Contains(f.Label, "(") {
		if err != nil {
			err = fmt.Errorf("--label: %w, or a regular expression with one group in parentheses", err)
		}
		return rule, nil, err
	}
	pattern, err := data.ParseLabelPattern(f.Label)
	if err != nil {
		err = fmt.Errorf("--label: %w", err)
	}
	return data.Auto, pattern, err
}

// mistakes returns the errors of the flags.
func (f sourceFlags) mistakes() error {
	_, _, err := f.rule()
	return mistakes(err, f.fileFlags.mistakes(), f.tableFlags.mistakes(), atLeast(bound{"--limit", f.Limit, 0}))
}

// open opens the table of a source, and shows progress. ignored lists skipped files.
func (e *env) open(name string, f sourceFlags) (t *data.Table, ignored []data.BadFile, err error) {
	rule, pattern, err := f.rule()
	if err != nil {
		return nil, nil, usageError{err}
	}
	o := data.OpenOptions{LabelRule: rule, LabelPattern: pattern, Classes: f.known}
	if err := f.options(&o); err != nil {
		return nil, nil, usageError{err}
	}
	if t, err = e.read(name, o); err != nil {
		return nil, nil, err
	}
	if t.Len() > data.ManyFiles { // the rows stay in memory, so Go's usual doubling of the heap would be large
		debug.SetGCPercent(25)
	}
	ignored = t.Ignored()
	if len(f.Rename) > 0 {
		names := f.Rename
		if f.unused != nil {
			names = f.renamesOf(t)
			for _, from := range slices.Sorted(maps.Keys(f.Rename)) {
				if _, ok := names[from]; !ok {
					*f.unused = append(*f.unused, from)
				}
			}
		}
		renamed, err := t.Rename(names)
		if err != nil {
			_ = t.Close() // it was only read
			return nil, nil, usageError{fmt.Errorf("--rename: %w", err)}
		}
		t = renamed
	}
	if !f.renamedLater {
		for _, w := range t.Twins() {
			e.warn(w)
		}
	}
	if f.Limit > 0 {
		t = t.Limit(f.Limit)
	}
	return t, ignored, nil
}

// read opens a table, shows progress, and prints its notes and warnings, except those of Twins: --rename may join such classes.
func (e *env) read(name string, o data.OpenOptions) (*data.Table, error) {
	counter := e.counter("Reading "+shortName(name), 0)
	seen := 0
	o.Progress = func(done, _ int) {
		seen = done
		counter.Set(done)
	}
	o.Indexes = indexFolder()
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
	for _, n := range t.Notes() {
		e.printf("%s\n", visible(withFlags(n)))
	}
	for _, w := range t.Warnings() {
		if !slices.Contains(t.Twins(), w) {
			e.warn(w)
		}
	}
	return t, nil
}

// indexFolder returns the folder for the indexes of archives: indexes in the folder for copies of remote files. It is "" if the system has no folder for caches.
func indexFolder() string {
	dir, err := remote.DefaultDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "indexes")
}

// skipped returns the files that a dataset could not read, with a warning, after all its batches were used. err is the error of that; if no file could be
// read, the result says so instead.
func (e *env) skipped(f *data.Flow, err error) ([]data.BadFile, error) {
	bad, n := f.Corrupt(), f.Table().Len()
	e.noteDepth(f)
	switch {
	case err != nil && len(bad) == n && e.ctx.Err() == nil:
		return nil, noneReadable(bad)
	case err != nil:
		return nil, err
	case len(bad) > 0:
		e.warn(fmt.Sprintf("%d of %s cannot be read, skipped:%s", len(bad), count(n, "image"), listBad(bad)))
	}
	return bad, nil
}

// noneReadable is the error for images of which none can be read.
func noneReadable(bad []data.BadFile) error {
	if len(bad) == 1 {
		return fmt.Errorf("the only image cannot be read:%s", listBad(bad))
	}
	return fmt.Errorf("none of the %d images can be read:%s", len(bad), listBad(bad))
}

// listBad lists the first five files that cannot be used, one per line.
func listBad(bad []data.BadFile) string {
	var s strings.Builder
	for i, b := range bad {
		if i == 5 {
			fmt.Fprintf(&s, "\n... and %d more", len(bad)-i)
			break
		}
		if strings.Contains(b.Err.Error(), b.Filename) {
			fmt.Fprintf(&s, "\n%v", b.Err)
		} else {
			fmt.Fprintf(&s, "\n%s: %v", b.Filename, b.Err)
		}
	}
	return s.String()
}

// describe prints the size and the classes of a table.
func (e *env) describe(t *data.Table) {
	e.printf("%s\n", t.Found())
	if t.Task() == data.Regress {
		e.printf("%s", describeNumbers(t))
		return
	}
	w := tabwriter.NewWriter(e.text, 0, 0, 2, ' ', 0)
	for _, c := range t.Counts() {
		fmt.Fprintf(w, "  %s\t%d\n", visibleLine(c.Label), c.N)
	}
	_ = w.Flush() // an error of e.text is reported at the end
}

// shortName returns the name of a source for progress: a file's name without its folder.
func shortName(name string) string {
	if info, err := os.Stat(name); err != nil || info.IsDir() {
		return name
	}
	return filepath.Base(name)
}
