package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/sheet"
)

// fileFlags select images from a source, and say where the images of a table are.
type fileFlags struct {
	Part     string `placeholder:"FOLDER" help:"Use only this folder of the source, such as train or test1, or with --split this part of the table: train, validation or test."`
	Images   path   `placeholder:"FOLDER|ZIP" predictor:"file" help:"Folder, archive, shards or Parquet files with the images that a table lists (default: the folder of the table)."`
	Filename string `placeholder:"COLUMN" help:"Column of a table with file names (default: filename, or a name such as file, path or image_id)."`
	Split    string `name:"split" placeholder:"COLUMN" help:"Column of a table with the part of each image: train, val or test, or truth values in a column such as is_valid."`
	Encoding string `placeholder:"NAME" help:"Encoding of the text of a table, such as latin-1, cp1251, shift_jis, gbk or utf-16 (default: UTF-8, UTF-16, Shift JIS or Windows-1252, by its bytes)."`
	pixelsFlag
}

// pixelsFlag is the limit of large images.
type pixelsFlag struct {
	MaxPixels int `placeholder:"MILLIONS" help:"Read images of up to so many million pixels from files of any size (default: 178.9 million, if the file is not much too small for them)."`
}

// mistake returns the error of the flag.
func (f pixelsFlag) mistake() error {
	if f.MaxPixels < 0 || f.MaxPixels > picture.MostMillions {
		return fmt.Errorf("--max-pixels must be from 1 to %d (in millions), or 0 for the default, got %d", picture.MostMillions, f.MaxPixels)
	}
	return nil
}

// pixels returns data.OpenOptions.MaxPixels.
func (f pixelsFlag) pixels() int { return f.MaxPixels * 1_000_000 }

// mistakes returns the errors of the flags.
func (f fileFlags) mistakes() error {
	if f.Encoding != "" {
		if err := data.CheckEncoding(f.Encoding); err != nil {
			return fmt.Errorf("--encoding: %w", err)
		}
	}
	return f.mistake()
}

// setFiles sets the options of a source.
func (f fileFlags) setFiles(o *data.OpenOptions) {
	o.Part, o.Images, o.FilenameColumn, o.SplitColumn, o.Encoding, o.MaxPixels = f.Part, string(f.Images), f.Filename, f.Split, f.Encoding, f.pixels()
}

// withoutTable returns the flags for a source that is no table, where another one is.
func (f fileFlags) withoutTable() fileFlags { return fileFlags{Part: f.Part, pixelsFlag: f.pixelsFlag} }

// tableFlags say how the labels of a table are read.
type tableFlags struct {
	Task      string `default:"auto" placeholder:"TASK" help:"What the labels of a table are: classify (one class for each image), multilabel (any number of classes for each image), regress (a number for each image), or auto (classify; labels that look like those of another task are an error)."`
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

// takeTask sets the task to that of a model for which the labels are, unless the flag is set.
func (f *tableFlags) takeTask(m *lince.Model) {
	switch {
	case f.Task != data.AutoTask.String():
	case m.MultiLabel:
		f.Task = data.MultiLabel.String()
	case m.Regression:
		f.Task = data.Regress.String()
	}
}

// options sets the options of a table.
func (f sourceFlags) options(o *data.OpenOptions) (err error) {
	f.setFiles(o)
	switch names := namelist.Split(f.Labels); len(names) {
	case 0:
	case 1:
		o.LabelColumn = names[0]
	default:
		o.LabelColumns = names
	}
	o.LabelSeparator, o.KeepNA, o.GroupColumn = f.Separator, f.KeepNA, f.groupColumn
	o.Task, err = data.ParseTask(f.Task)
	return err
}

// recordDuplicates counts images with equal bytes.
type recordDuplicates struct {
	Groups     int `json:"groups"`      // of two or more images with equal bytes
	Images     int `json:"images"`      // in these groups
	Moved      int `json:"moved"`       // to the other side of the split, so that a group is on one side
	TwoClasses int `json:"two_classes"` // groups whose images have different labels
}

// recordVersioned counts images that are versions of one image by their names.
type recordVersioned struct {
	Groups int `json:"groups"` // of two or more versions
	Images int `json:"images"` // in these groups
	Moved  int `json:"moved"`  // to the other side of the split, so that a group is on one side
}

// divide splits the table at random. Images with equal bytes, versions of an image, and groups of images stay together.
func (t *training) divide(table *data.Table) (train, val *data.Table, err error) {
	if t.Split != "" {
		t.printf("The column %s has no rows for validation; a fraction of %v of the rows for training is used.\n", t.Split, t.TestSize)
	}
	t.proposeGroups(table)
	duplicates, err := table.Duplicates(t.ctx)
	if err != nil {
		return nil, nil, err
	}
	versions := table.Versions()
	stratify := t.Stratify && !t.several() && (t.given["stratify"] || canStratify(table.Counts(), t.TestSize))
	var labels []string
	switch {
	case stratify, t.Fold > 0 && !t.several():
		labels = table.Labels()
	case t.Group != "", t.Fold > 0: // the sets of several labels are too many to divide each of them
		labels = make([]string, table.Len())
	}
	var a, b []int
	switch {
	case t.Group != "":
		a, b, err = t.divideGroups(table, labels, versions, duplicates)
	case t.Fold > 0:
		a, b, err = data.TrainTestFold(labels, t.Folds, t.Fold-1, t.Seed)
	case stratify:
		a, b, err = data.TrainTestSplit(table.Len(), data.SplitOptions{TestSize: t.TestSize, RandomState: t.Seed, Stratify: labels})
	default:
		a, b, err = data.TrainTestSplit(table.Len(), data.SplitOptions{TestSize: t.TestSize, RandomState: t.Seed})
	}
	if err != nil {
		return nil, nil, err
	}
	if len(versions) > 0 {
		a, b = t.splitVersions(table, a, b, versions, duplicates)
	}
	if len(duplicates) > 0 {
		a, b = t.keepTogether(table, a, b, duplicates)
	}
	t.warnOfVariants(table, b)
	return table.Take(a), table.Take(b), nil
}

// splitVersions moves rows that are versions of one image by their names to one side, together with their duplicates.
func (t *training) splitVersions(table *data.Table, train, val []int, versions, duplicates [][]int) (newTrain, newVal []int) {
	images := 0
	for _, g := range versions {
		images += len(g)
	}
	example := visibleLine(fmt.Sprintf("%s and %s", table.Row(versions[0][0]).Filename, table.Row(versions[0][1]).Filename))
	newTrain, newVal, moved := data.KeepTogether(train, val, data.Joined(len(train)+len(val), slices.Concat(versions, duplicates)))
	if len(newTrain) == 0 || len(newVal) == 0 {
		t.warn(fmt.Sprintf("%s are versions of others by their names, such as %s, but with the versions of each on one side, the split has no images on the other; the results for validation are too good", count(images, "image"), example))
		return train, val
	}
	t.versions = &recordVersioned{len(versions), images, moved}
	t.printf("%s are versions of %d by their names, such as %s: those of each are on one side of the split; moved: %s.\n", count(images, "image"), len(versions), example, count(moved, "image"))
	return newTrain, newVal
}

// keepTogether moves rows with equal bytes to one side. warnOfFaults has named them.
func (t *training) keepTogether(table *data.Table, train, val []int, groups [][]int) (newTrain, newVal []int) {
	d := &recordDuplicates{Groups: len(groups)}
	for _, g := range groups {
		d.Images += len(g)
		if first := table.Row(g[0]).Label; slices.ContainsFunc(g, func(i int) bool { return table.Row(i).Label != first }) {
			d.TwoClasses++
		}
	}
	newTrain, newVal, d.Moved = data.KeepTogether(train, val, groups)
	switch {
	case len(newTrain) == 0 || len(newVal) == 0:
		newTrain, newVal, d.Moved = train, val, 0
		t.warn("no image would be left on the other side of the split if images with the same content were on one side, so the results for validation are too good")
	case d.Moved > 0:
		t.printf("Moved to the other side of the split, so that images with the same content are on one side: %s.\n", count(d.Moved, "image"))
	}
	t.duplicates = d
	return newTrain, newVal
}

// warnOfVariants warns of validation images of which training has a variant: the same image in gray, for example.
func (t *training) warnOfVariants(table *data.Table, val []int) {
	const validation = 1
	side := make([]int, table.Len())
	for _, i := range val {
		side[i] = validation
	}
	leaked, example := 0, ""
	for _, g := range table.Variants() {
		at := slices.IndexFunc(g, func(i int) bool { return side[i] != validation })
		for _, i := range g {
			if at < 0 || side[i] != validation {
				continue
			}
			if leaked++; leaked == 1 {
				example = fmt.Sprintf("%s and %s", table.Row(g[at]).Filename, table.Row(i).Filename)
			}
		}
	}
	if leaked > 0 {
		t.warn(fmt.Sprintf("%d of the %d validation images are probably variants of training images, which have the same name in another folder, such as %s; if so, the results for validation are too good: train on the images of one of these folders (--part)", leaked, len(val), example))
	}
}

// extraColumn is a column of a table with a text for each row.
type extraColumn struct {
	column string
	values []string
}

// tableCSV returns a function that writes the columns filename and category, and others if there are some, as pandas' to_csv(index=False) does.
func (e *env) tableCSV(t *data.Table, others ...extraColumn) func(w io.Writer) error {
	return func(w io.Writer) error {
		c, text := csv.NewWriter(w), sheet.Texts(e.raw)
		line := []string{"filename", "category"}
		for _, c := range others {
			line = append(line, text(c.column))
		}
		if err := c.Write(line); err != nil {
			return err
		}
		for i, r := range t.All() {
			line = append(line[:0], text(r.Filename), text(r.Label))
			for _, c := range others {
				line = append(line, text(c.values[i]))
			}
			if err := c.Write(line); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
}
