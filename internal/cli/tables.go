package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/sheet"
	"github.com/lince-ml/lince/internal/suggest"
)

// tableFlags say how a table of file names and labels is read.
type tableFlags struct {
	Split     string `name:"split" placeholder:"COLUMN" help:"Column of a table with the part of each image: train, val or test, or truth values in a column such as is_valid."`
	Task      string `default:"auto" placeholder:"TASK" help:"What the labels of a table are: classify (one class for each image), multilabel (any number of classes for each image), regress (a number; not for training), or auto (classify; labels that look like those of another task are an error)."`
	Separator string `name:"label-separator" placeholder:"TEXT" help:"Text between the labels of an image in a column, for --task multilabel (default: the first of | ; , and space that occurs)."`
	KeepNA    bool   `name:"keep-na" help:"Take words such as NA, None and null in a table as classes, not as missing labels."`
}

// mistakes returns the errors of the flags.
func (f tableFlags) mistakes() error {
	if _, err := data.ParseTask(f.Task); err != nil {
		return fmt.Errorf("--task: %w", err)
	}
	return nil
}

// options sets the options of a table.
func (f sourceFlags) options(o *data.OpenOptions) (err error) {
	o.Part, o.Images, o.FilenameColumn = f.Part, string(f.Images), f.Filename
	if names := strings.Split(f.Labels, ","); len(names) > 1 {
		for _, n := range names {
			o.LabelColumns = append(o.LabelColumns, strings.TrimSpace(n))
		}
	} else {
		o.LabelColumn = f.Labels
	}
	o.SplitColumn, o.LabelSeparator, o.KeepNA = f.Split, f.Separator, f.KeepNA
	o.Task, err = data.ParseTask(f.Task)
	return err
}

// refuseDropped returns an error if rows or files were left out, with --strict.
func refuseDropped(t *data.Table, strict bool, ignored []data.BadFile) error {
	n := max(t.Dropped(), len(ignored))
	if !strict || n == 0 {
		return nil
	}
	what := fmt.Sprintf("%d files or rows are", n)
	if n == 1 {
		what = "1 file or row is"
	}
	return fmt.Errorf("%s: %s left out; remove --strict to continue without:%s", t.Name(), what, listBad(ignored))
}

// leftOutClass is a class of the data that the model does not have.
type leftOutClass struct {
	Class  string `json:"class"`
	Images int    `json:"pictures"`
}

// leftOut returns the classes of the data that a model does not have, with a warning for each, or an error if strict is set.
func (e *env) leftOut(m *lince.Model, t *data.Table, strict bool) ([]leftOutClass, error) {
	list := []leftOutClass{}
	if len(m.Classes) == 0 {
		return list, nil
	}
	known := false
	var lines []string
	for _, c := range t.Counts() {
		if slices.Contains(m.Classes, c.Label) {
			known = true
			continue
		}
		list = append(list, leftOutClass{c.Label, c.N})
		hint := ""
		if near := nearClass(c.Label, m.Classes); near != "" {
			hint = fmt.Sprintf("; did you mean %s? (--rename %s=%s)", near, c.Label, near)
		}
		lines = append(lines, fmt.Sprintf("%s of the class %s are left out: the model has no such class%s", count(c.N, "image"), c.Label, hint))
	}
	if !known || len(list) == 0 {
		return list, nil // labeledFlow reports data without a class of the model
	}
	if strict {
		return nil, fmt.Errorf("%s: %s\nremove --strict to continue without them", t.Name(), strings.Join(lines, "\n"))
	}
	for _, l := range lines {
		e.warn(l)
	}
	return list, nil
}

// nearClass returns the class with the same letters in another case, or else the nearest one; "" if none is near.
func nearClass(name string, classes []string) string {
	for _, c := range classes {
		if strings.EqualFold(c, name) {
			return c
		}
	}
	return suggest.Nearest(name, classes)
}

// recordDuplicates counts images with equal bytes.
type recordDuplicates struct {
	Groups     int `json:"groups"`      // of two or more images with equal bytes
	Images     int `json:"pictures"`    // in these groups
	Moved      int `json:"moved"`       // from validation to training, so that a group is on one side
	TwoClasses int `json:"two_classes"` // groups whose images have different labels
}

// divide splits the table: by its column of parts, or at random. Images with equal bytes stay together.
func (t *training) divide(table *data.Table) (train, val *data.Table, err error) {
	if t.Split != "" {
		if slices.Contains(table.Parts(), "validation") {
			if val, err = table.Part("validation"); err != nil {
				return nil, nil, err
			}
			var bad []data.BadFile
			if val, bad, err = t.check(val, t.Strict, t.folder); err != nil {
				return nil, nil, err
			}
			t.unreadable = append(t.unreadable, bad...)
			if t.leftClasses, err = t.leftOut(t.model, val, t.Strict); err != nil {
				return nil, nil, err
			}
			if slices.Contains(table.Parts(), "test") {
				t.printf("The rows of the part test are not used.\n")
			}
			return table, val, t.leaks(table, val)
		}
		t.printf("The column %s has no rows for validation; a fraction of %v of the rows for training is used.\n", t.Split, t.TestSize)
	}
	split := data.SplitOptions{TestSize: t.TestSize, RandomState: t.Seed}
	if t.Stratify && !t.several() && (t.given["stratify"] || canStratify(table.Counts())) {
		split.Stratify = table.Labels()
	}
	a, b, err := data.TrainTestSplit(table.Len(), split)
	if err != nil {
		return nil, nil, err
	}
	groups, err := table.Duplicates(t.ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(groups) > 0 {
		a, b = t.keepTogether(table, a, b, groups)
	}
	return table.Take(a), table.Take(b), nil
}

// keepTogether moves rows with equal bytes to one side, and warns of them.
func (t *training) keepTogether(table *data.Table, train, val []int, groups [][]int) (newTrain, newVal []int) {
	d := &recordDuplicates{Groups: len(groups)}
	example := ""
	for _, g := range groups {
		d.Images += len(g)
		first := table.Row(g[0])
		for _, i := range g[1:] {
			if r := table.Row(i); r.Label != first.Label {
				d.TwoClasses++
				if example == "" {
					example = fmt.Sprintf("%s (%s) and %s (%s)", first.Filename, first.Label, r.Filename, r.Label)
				}
				break
			}
		}
	}
	newTrain, newVal, d.Moved = data.KeepTogether(train, val, groups)
	what := fmt.Sprintf("%s have the same bytes as others (%s)", count(d.Images, "image"), count(d.Groups, "group"))
	switch {
	case len(newVal) == 0:
		newTrain, newVal, d.Moved = train, val, 0
		t.warn(what + "; no image would be left for validation if each group were on one side, so the results for validation are too good")
	case d.Moved > 0:
		t.warn(fmt.Sprintf("%s; %s moved from validation to training, so that each group is on one side", what, wasWere(d.Moved)))
	default:
		t.warn(what)
	}
	if d.TwoClasses > 0 {
		t.warn(fmt.Sprintf("%s of images with the same bytes have different labels, such as %s", count(d.TwoClasses, "group"), example))
	}
	t.duplicates = d
	return newTrain, newVal
}

func wasWere(n int) string {
	if n == 1 {
		return "1 was"
	}
	return fmt.Sprintf("%d were", n)
}

// leaks warns of images with the same bytes in training and validation, for parts that the table defines.
func (t *training) leaks(train, val *data.Table) error {
	both := data.Concat(train, val)
	groups, err := both.Duplicates(t.ctx)
	if err != nil {
		return err
	}
	leaked := 0
	for _, g := range groups {
		if g[0] < train.Len() && g[len(g)-1] >= train.Len() {
			leaked++
		}
	}
	if leaked > 0 {
		t.warn(fmt.Sprintf("%s of images with the same bytes are in both the parts train and validation, so the results for validation are too good", count(leaked, "group")))
	}
	return nil
}

// unevenRatio is the ratio of the largest to the smallest class from which training warns.
const unevenRatio = 10

// warnOfClasses warns of classes without images on a side of the split, and of classes of very different sizes.
func (t *training) warnOfClasses(table, train, val *data.Table) {
	if table.Task() == data.Regress {
		return
	}
	for _, side := range []struct {
		what string
		t    *data.Table
	}{{"training", train}, {"validation", val}} {
		has := side.t.Classes()
		var none []string
		for _, c := range table.Classes() {
			if !slices.Contains(has, c) {
				none = append(none, c)
			}
		}
		if len(none) > 0 {
			more := ""
			if len(none) > 5 {
				more = fmt.Sprintf(" and %d more", len(none)-5)
			}
			t.warn(fmt.Sprintf("no %s image has the class %s%s; use --stratify, another --seed, or more images", side.what, strings.Join(none[:min(len(none), 5)], ", "), more))
		}
	}
	counts := table.Counts()
	if len(counts) < 2 {
		return
	}
	most, least := counts[0], counts[len(counts)-1]
	if most.N >= unevenRatio*least.N && t.ClassWeight == "" {
		t.warn(fmt.Sprintf("the class %s has %d images, the class %s %d; consider --class-weight balanced and --stratify", most.Label, most.N, least.Label, least.N))
	}
}

// tableCSV returns a function that writes the columns filename and category, as pandas' to_csv(index=False) does.
func (e *env) tableCSV(t *data.Table) func(w io.Writer) error {
	if e.raw {
		return t.WriteCSV
	}
	return func(w io.Writer) error {
		c := csv.NewWriter(w)
		if err := c.Write([]string{"filename", "category"}); err != nil {
			return err
		}
		for _, r := range t.All() {
			if err := c.Write([]string{sheet.Text(r.Filename), sheet.Text(r.Label)}); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
}
