package data

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/lince-ml/lince/data/demo"
)

// OpenOptions configures Open. The zero value detects everything.
type OpenOptions struct {
	// LabelRule determines how a label is derived from a file name. The default is Auto. For a table's
	// file with a column of labels, only Auto and Unlabeled are allowed.
	LabelRule Rule

	// LabelPattern, if not nil, is a regular expression with one group, which matches the label. It is
	// applied to the file's name relative to the table's root, with slashes. LabelRule must be Auto.
	LabelPattern *regexp.Regexp

	// Classes lists the classes that are known, as those of a model are. With the rule Auto, folders with
	// these names are preferred as labels: also inner folders, and the folder that is the source itself.
	Classes []string

	// Part limits the table to the files below this folder of the source, such as "train" or
	// "test1". By default, the table holds the whole source, with one exception: if the top-level
	// folders are the parts of a dataset, such as train, test1 and validation, it holds only the part for training.
	// Case does not matter, and the parts may have names such as Training, train_set and seg_train. Each class may also
	// have a folder for each part. See Table.Parts.
	Part string

	// FilenameColumn and LabelColumn name the columns of a table's file (Keras' x_col and y_col), with or
	// without the same case. The default of FilenameColumn is "filename", or a name such as "file",
	// "path" or "image_id". The default of LabelColumn is "category", or else "class", "label" or "cls". With a
	// source of another kind they are an error, as are the options below for a table's file.
	FilenameColumn, LabelColumn string

	// LabelColumns names several columns of labels, instead of LabelColumn. If they hold 0 and 1 only, the
	// label of an image is the name of the column that has a 1; else they hold labels.
	LabelColumns []string

	// SplitColumn names a column whose values are the parts of the rows: train, val, test and similar words,
	// or truth values in a column such as is_valid. The table then holds the part "train", if there is one,
	// or the part that Part names: "train", "validation" or "test".
	SplitColumn string

	// GroupColumn names a column whose values are groups of rows that belong together, such as the images of a patient. See Table.Groups.
	GroupColumn string

	// Task is what the labels of a table's file are for. By default they are classes.
	Task Task

	// LabelSeparator separates the labels of an image in a column, for MultiLabel. The default is the first of
	// "|", ";", "," and " " that occurs in a label.
	LabelSeparator string

	// Encoding names the encoding of the text of a table's file, such as cp1251, shift_jis or gbk. By default it is found out: UTF-8, UTF-16, Shift JIS, or else
	// Windows-1252, of which Latin-1 is a part.
	Encoding string

	// KeepNA takes words for a missing value, such as NA, None and null, as labels (the opposite of pandas'
	// keep_default_na).
	KeepNA bool

	// Images is the source of the images that a table's file lists: a folder, an archive, shards, or Parquet files with images. The default is the folder
	// of that file.
	Images string

	// MaxPixels, if positive, is the largest number of pixels of an image, for files of any size. The default is picture.MaxPixels, and for small files less; see
	// picture.LargeDecoder.
	MaxPixels int

	// Indexes, if not "", is a folder in which Open keeps indexes of tar archives with 1,000 entries or more, about 20 bytes for each entry, so that opening them again
	// does not read the headers of all entries. An index is used only while the archive has the same path, size and times. A folder that cannot be
	// written is no error.
	Indexes string

	// Progress, if not nil, receives the number of files listed so far, or of rows of a table read so far, before which it may
	// receive that of files with its images. total is 0 while it is not known. It is called by one goroutine at a time.
	Progress func(done, total int)
}

// Open lists the images of a source and labels them. name is one of
//
//   - a zip or tar archive. It may hold files named cat.0.jpg, a folder for each class, or archives such as
//     train.zip and test1.zip in Kaggle's dogs-vs-cats.zip, which may hold archives themselves. It is read in
//     place. What cannot be read in place, a .tar.gz, .tar.bz2 or .tar.zst file and a compressed archive inside an archive, is unpacked
//     once: 32 MiB to memory, and more to a temporary file (in TMPDIR), which has no name and is gone when the table is closed;
//   - a folder with files named cat.0.jpg, with a folder for each class, or with such archives and no images;
//   - a table's file with the columns filename and category, as for Keras' flow_from_dataframe: a CSV file
//     (.csv, .tsv), whose columns may also be separated by semicolons, tabs or vertical bars, or JSON lines
//     (.jsonl, .ndjson), both also compressed (.csv.gz, .csv.bz2, .csv.zst, or .csv.zip with the table as its only file), or a Parquet file (.parquet), which may also hold the images: as bytes,
//     or as the datasets of Hugging Face do, in a struct with the fields bytes and path. These are unpacked once, like such archives;
//   - a folder of Parquet files and no images: they are one table. Their names, such as train-00000-of-00002.parquet, or their folders say to which part they belong;
//   - shards, tar archives as WebDataset writes them, named like train-{000000..000009}.tar: the label of KEY.jpg is the text in KEY.cls or
//     KEY.txt, or the value of label, class, category or cls in KEY.json. The rows have the order of the shards. An archive, or a folder of
//     archives, whose images have such .cls or .json files is read in the same way; the names of the archives say which part is which;
//   - an image file;
//   - the files of MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100: a .npz file with x_train, y_train, x_test and
//     y_test, a folder with IDX files, or a folder or .tar.gz archive of CIFAR; see package data/datasets. The
//     parts are train and test. The labels are names of classes, or numbers if the names are not known;
//   - demo:cats-and-dogs[?n=2000&seed=1], images drawn by package data/demo.
//
// The rows are sorted by name in byte order, except that rows of a CSV file keep the order of the
// file.
//
// Files without an extension are images if their first bytes are those of an image. Hidden files and folders, and those that other
// programs add (__MACOSX, @eaDir), are passed over, as are folders without permission, links to folders that they are in, links in archives, and a folder
// that holds a copy of the folder around it. Other links to folders are followed. Table.Passed counts them. A file that does not fit the label rule is dropped and listed by
// Table.Ignored. Open fails if no file fits. The caller must close the table.
func Open(ctx context.Context, name string, o OpenOptions) (*Table, error) {
	if o.MaxPixels < 0 {
		return nil, fmt.Errorf("MaxPixels is %d; want at least 1, or 0 for the default", o.MaxPixels)
	}
	if err := o.checkRule(); err != nil {
		return nil, err
	}
	began := time.Now()
	rep := &reading{ctx: ctx, progress: o.Progress, indexes: o.Indexes}
	t, err := openSource(name, o, rep)
	if err != nil {
		return nil, err
	}
	t.src.maxPixels, t.src.opened = o.MaxPixels, began
	t.notes = append(t.notes, rep.notes...)
	if n := len(rep.indexed); n == 1 {
		t.notes = append(t.notes, fmt.Sprintf("An index of %s is now in %s, so that it opens faster next time.", filepath.Base(rep.indexed[0]), o.Indexes))
	} else if n > 1 {
		t.notes = append(t.notes, fmt.Sprintf("Indexes of %d archives are now in %s, so that they open faster next time.", n, o.Indexes))
	}
	return t, nil
}

func openSource(name string, o OpenOptions, rep *reading) (*Table, error) {
	if strings.HasPrefix(name, demo.Scheme) {
		if err := o.checkNotCSV(name); err != nil {
			return nil, err
		}
		return openDemo(name, o)
	}
	if IsShards(name) {
		if err := o.checkNotCSV(name); err != nil {
			return nil, err
		}
		return openShards(name, o, rep)
	}
	kind, err := sniff(name)
	if err != nil {
		return nil, err
	}
	if kind == kindCSV {
		return openCSV(name, o, rep)
	}
	if kind != kindFolder && kind != kindArchive {
		if err := o.checkNotCSV(name); err != nil {
			return nil, err
		}
	}
	if kind == kindArrays {
		return openArrays(name, o, rep)
	}
	l, err := list(name, kind, rep)
	if err != nil {
		return nil, err
	}
	if kind == kindFolder && len(l.entries) == 0 && len(l.tables) > 0 {
		l.Close()
		set, err := newParquetFolder(name, l.tables)
		if err != nil {
			return nil, err
		}
		return openTable(name, set, o, rep)
	}
	if err := o.checkNotCSV(name); err != nil {
		if table := l.tableBeside(o); table != nil {
			err = fmt.Errorf("%w; or %s", err, table.advice(name))
		} else {
			err = fmt.Errorf("%w%s", err, o.numbersAdvice(l))
		}
		l.Close()
		return nil, err
	}
	rep.finish()
	makeTable := newTable
	if l.inSamples(o) {
		makeTable = newSampleTable
	}
	t, err := makeTable(l, o)
	if err != nil {
		l.Close()
		return nil, err
	}
	return t, nil
}

func (o OpenOptions) checkRule() error {
	switch {
	case o.LabelRule < Auto || o.LabelRule >= Pattern:
		return fmt.Errorf("unknown label rule %d", int(o.LabelRule))
	case o.LabelPattern == nil:
		return nil
	case o.LabelRule != Auto:
		return fmt.Errorf("LabelPattern and the label rule %v are both set; set only one of them", o.LabelRule)
	}
	return checkPattern(o.LabelPattern)
}

// checkNotCSV returns an error if options are set that apply only to a CSV file. name is a source
// of another kind.
func (o OpenOptions) checkNotCSV(name string) error {
	var set []string
	for _, option := range []struct {
		set  bool
		name string
	}{
		{o.Images != "", "Images (--images)"}, {o.FilenameColumn != "", "FilenameColumn (--filename)"}, {o.LabelColumn != "", "LabelColumn (--category)"},
		{len(o.LabelColumns) > 0, "LabelColumns (--category)"}, {o.SplitColumn != "", "SplitColumn (--split)"}, {o.GroupColumn != "", "GroupColumn (--group)"}, {o.Task > Classify, "Task (--task)"},
		{o.LabelSeparator != "", "LabelSeparator (--label-separator)"}, {o.KeepNA, "KeepNA (--keep-na)"}, {o.Encoding != "", "Encoding (--encoding)"},
	} {
		if option.set {
			set = append(set, option.name)
		}
	}
	if len(set) == 0 {
		return nil
	}
	return fmt.Errorf("%s: is not a CSV file; remove the options for CSV files: %s", name, strings.Join(set, ", "))
}

func openDemo(name string, o OpenOptions) (*Table, error) {
	set, err := demo.Parse(name)
	if err != nil {
		return nil, err
	}
	l := &listing{name: name}
	for i := range set.Len() {
		l.entries = append(l.entries, entry{set.Filename(i), drawnFile{set, i}})
	}
	return newTable(l, o)
}

// list lists the images of a folder or an archive, or a single image.
func list(name string, k kind, rep *reading) (*listing, error) {
	switch k {
	case kindArchive:
		return listArchive(name, rep)
	case kindImage:
		return &listing{name: name, entries: []entry{{filepath.Base(name), diskFile(name)}}}, nil
	}
	return listFolder(name, false, rep)
}
