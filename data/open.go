package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/datasets"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/patherr"
)

// OpenOptions configures Open. The zero value detects everything.
type OpenOptions struct {
	// LabelRule determines how a label is derived from a file name. The default is Auto. For a CSV
	// file, whose labels are in a column, only Auto and Unlabeled are allowed.
	LabelRule Rule

	// Part limits the table to the files below this folder of the source, such as "train" or
	// "test1". By default, the table holds the whole source, with one exception: if all top-level
	// folders have names such as train, test1 and validation, it holds only the folder train.
	Part string

	// FilenameColumn and LabelColumn name the columns of a table's file (Keras' x_col and y_col), with or
	// without the same case. The default of FilenameColumn is "filename", or a name such as "file",
	// "path" or "image_id". The default of LabelColumn is "category", or else "class" or "label". With a
	// source of another kind they are an error, as are the options below for a table's file.
	FilenameColumn, LabelColumn string

	// LabelColumns names several columns of labels, instead of LabelColumn. If they hold 0 and 1 only, the
	// label of an image is the name of the column that has a 1; else they hold labels.
	LabelColumns []string

	// SplitColumn names a column whose values are the parts of the rows: train, val, test and similar words,
	// or truth values in a column such as is_valid. The table then holds the part "train", if there is one,
	// or the part that Part names: "train", "validation" or "test".
	SplitColumn string

	// Task is what the labels of a table's file are for. By default they are classes.
	Task Task

	// LabelSeparator separates the labels of an image in a column, for MultiLabel. The default is the first of
	// "|", ";", "," and " " that occurs in a label.
	LabelSeparator string

	// KeepNA takes words for a missing value, such as NA, None and null, as labels (the opposite of pandas'
	// keep_default_na).
	KeepNA bool

	// Images is the folder or archive of the images that a table's file lists. The default is the folder
	// of that file.
	Images string

	// Progress, if not nil, receives the number of files listed so far. total is 0 while it is not
	// known. It is called by one goroutine at a time.
	Progress func(done, total int)
}

// Open lists the images of a source and labels them. name is one of
//
//   - a zip archive. It may hold files named cat.0.jpg, a folder for each class, or nested zip
//     archives such as train.zip and test1.zip in Kaggle's dogs-vs-cats.zip. It is read in place
//     and never unpacked to disk;
//   - a folder with files named cat.0.jpg, or with a folder for each class;
//   - a table's file with the columns filename and category, as for Keras' flow_from_dataframe: a CSV file
//     (.csv, .tsv), whose columns may also be separated by semicolons, tabs or vertical bars, or JSON lines
//     (.jsonl, .ndjson), both also compressed by gzip (.csv.gz);
//   - an image file;
//   - the files of MNIST, Fashion-MNIST, CIFAR-10 or CIFAR-100: a .npz file with x_train, y_train, x_test and
//     y_test, a folder with IDX files, or a folder or .tar.gz archive of CIFAR; see package data/datasets. The
//     parts are train and test. The labels are names of classes, or numbers if the names are not known;
//   - demo:cats-and-dogs[?n=2000&seed=1], images drawn by package data/demo.
//
// The rows are sorted by name in byte order, except that rows of a CSV file keep the order of the
// file.
//
// A file that does not fit the label rule is dropped and listed by Table.Ignored. Open fails if no
// file fits. The caller must close the table.
func Open(ctx context.Context, name string, o OpenOptions) (*Table, error) {
	if o.LabelRule < Auto || o.LabelRule > Unlabeled {
		return nil, fmt.Errorf("unknown label rule %d", int(o.LabelRule))
	}
	rep := &reading{ctx: ctx, progress: o.Progress}
	if strings.HasPrefix(name, demo.Scheme) {
		if err := o.checkNotCSV(name); err != nil {
			return nil, err
		}
		return openDemo(name, o)
	}
	kind, err := sniff(name)
	if err != nil {
		return nil, err
	}
	if kind == kindCSV {
		return openCSV(name, o, rep)
	}
	if err := o.checkNotCSV(name); err != nil {
		return nil, err
	}
	if kind == kindArrays {
		return openArrays(name, o, rep)
	}
	l, err := list(name, rep)
	if err != nil {
		return nil, err
	}
	rep.finish()
	t, err := newTable(l, o)
	if err != nil {
		l.Close()
		return nil, err
	}
	return t, nil
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
		{len(o.LabelColumns) > 0, "LabelColumns (--category)"}, {o.SplitColumn != "", "SplitColumn (--split)"}, {o.Task > Classify, "Task (--task)"},
		{o.LabelSeparator != "", "LabelSeparator (--label-separator)"}, {o.KeepNA, "KeepNA (--keep-na)"},
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

// entry is one image of a listing.
type entry struct {
	name string // relative to the source, with slashes
	file file
}

// listing holds the files of a source before they are labeled.
type listing struct {
	name    string
	entries []entry
	others  int    // the number of files that are not images
	zip     string // one of these that is an archive, or ""
	ignored []BadFile
	closer  io.Closer
}

func (l *listing) Close() error {
	if l.closer == nil {
		return nil
	}
	return l.closer.Close()
}

func (l *listing) names() []string {
	names := make([]string, len(l.entries))
	for i, e := range l.entries {
		names[i] = e.name
	}
	return names
}

type kind int

const (
	kindFolder kind = iota
	kindZip
	kindCSV
	kindImage
	kindArrays
)

// sniff determines the kind of a source from its name and first bytes.
func sniff(name string) (kind, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	if datasets.Recognize(name) {
		return kindArrays, nil
	}
	if info.IsDir() {
		return kindFolder, nil
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: is neither a regular file nor a folder", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	head = head[:n]
	ext := strings.ToLower(filepath.Ext(name))
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindZip, nil
	case ext == ".zip":
		return 0, fmt.Errorf("%s: is not a zip archive (%s); download it again", name, looksLike(head))
	case tableKind(name) >= 0:
		return kindCSV, nil
	case isImage(name):
		return kindImage, nil
	}
	hint := ""
	if ext == ".parquet" {
		hint = fmt.Sprintf("; lince does not read Parquet files: python -c 'import pandas; pandas.read_parquet(%q).to_csv(%q, index=False)' makes a CSV file of it",
			filepath.Base(name), strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))+".csv")
	} else if strings.Contains(name, "-ubyte") {
		hint = "; for IDX files, open the folder with all four of them"
	} else if t := looksLike(head); strings.Contains(t, "gzip") || slices.Contains([]string{".tar", ".tgz", ".rar", ".7z", ".xz", ".bz2"}, ext) {
		hint = "; unpack it and open the folder"
	}
	return 0, fmt.Errorf("%s: is neither a folder, a zip archive, a table (.csv, .tsv, .jsonl) nor an image (%s)%s", name, looksLike(head), hint)
}

// looksLike describes a file by its first bytes, for messages.
func looksLike(head []byte) string {
	if len(head) == 0 {
		return "it is empty"
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return "it looks like " + t
}

// list lists the images of a folder or an archive, or a single image.
func list(name string, rep *reading) (*listing, error) {
	k, err := sniff(name)
	if err != nil {
		return nil, err
	}
	switch k {
	case kindZip:
		return listZip(name, rep)
	case kindImage:
		return &listing{name: name, entries: []entry{{filepath.Base(name), diskFile(name)}}}, nil
	case kindFolder:
		return listFolder(name, rep)
	}
	return nil, fmt.Errorf("%s: is not a folder, a zip archive or an image", name)
}
