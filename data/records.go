package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/suggest"
)

// value is a value in a column of a table's file. It is valid until the next record.
type value struct {
	text   []byte
	list   []string // of a column of lists
	isList bool
	object bool // of JSON lines: it is an object, or a list with one
	absent bool // the record has no such value
}

// records reads the records of a table's file.
type records interface {
	// columns returns the names of the columns.
	columns() []string
	// next reads a record into cells: those of the wanted columns, -1 for none. It returns the number of its line, from 1, or of its row, from 0. The
	// error is io.EOF at the end, and a recordError if only this record is unusable.
	next(want []int, cells []value) (line int, err error)
	// unit returns what the numbers of records count: "line" or "row".
	unit() string
	// notices says what was detected, one sentence each.
	notices() []string
}

// recordError is the error of one record. Those after it can be read.
type recordError struct{ error }

// tableKinds are the kinds of files that hold a table of file names and labels.
var tableKinds = []struct {
	suffixes []string
	open     func(r io.Reader, detect bool, fits func(header []string) bool) (records, error)
}{
	{[]string{".csv", ".tsv", ".tab"}, func(r io.Reader, detect bool, fits func([]string) bool) (records, error) {
		return newCSV(r, detect, fits)
	}},
	{[]string{".jsonl", ".ndjson", ".manifest"}, func(r io.Reader, detect bool, _ func([]string) bool) (records, error) {
		return newJSONLines(r, detect)
	}},
	{[]string{parquetSuffix}, nil}, // see parquetSet
}

const parquetSuffix = ".parquet"

func isParquet(name string) bool { return strings.HasSuffix(strings.ToLower(name), parquetSuffix) }

// IsTable reports whether the name of a file is that of a table of file names and labels, which Open reads: it ends in .csv, .tsv, .jsonl,
// .parquet or a similar suffix.
func IsTable(name string) bool { return tableKind(name) >= 0 }

// tableKind returns the index of a file's kind among tableKinds, -1 if it is none of them.
func tableKind(name string) int {
	name, packed := unpackedName(name)
	for i, k := range tableKinds {
		if (packed == "" || k.open != nil) && slices.ContainsFunc(k.suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
			return i
		}
	}
	return -1
}

// openRecords opens a table's file. encoding names that of its text, if it is not to be detected. fits reports whether a header has the wanted columns.
func openRecords(f *os.File, name, encoding string, fits func(header []string) bool) (records, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, patherr.Bare(err)
	}
	r, err := unpackTable(f, info.Size(), name)
	if err != nil {
		return nil, err
	}
	k := tableKind(name)
	if k < 0 {
		k = 0
	}
	if encoding != "" {
		if r, err = inUTF8(r, encoding); err != nil {
			return nil, err
		}
	}
	rec, err := tableKinds[k].open(r, encoding == "", fits)
	if err != nil {
		return nil, patherr.Bare(err)
	}
	return rec, nil
}

// limited is a reader that fails after a number of bytes.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("unpacks to far more bytes than it has; unpack it first")
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}

// The columns that are taken if none is named, the first one that is there.
var (
	nameColumns  = []string{"filename", "file_name", "file", "filepath", "file_path", "path", "image", "image_name", "image_path", "image_id", "img", "source_ref", "__index_level_0__"} // the last is pandas' index in Parquet files
	labelColumns = []string{"category", "class", "label", "cls"}
)

// labelNames returns the names of the column of labels, if none is named. A manifest with one label has that, too.
func labelNames(header []string) []string {
	if labels := manifestLabels(header); len(labels) == 1 {
		return append(slices.Clip(labelColumns), labels[0])
	}
	return labelColumns
}

// plainName is the form in which names of columns are compared: without case, and with _ between words.
func plainName(s string) string { return wordEnds.Replace(strings.ToLower(strings.TrimSpace(s))) }

var wordEnds = strings.NewReplacer(" ", "_", "-", "_")

// header finds columns by their names.
type header struct {
	names        []string
	exact, plain map[string]int // the first column of a name
}

func newHeader(names []string) *header {
	h := &header{names, map[string]int{}, map[string]int{}}
	for i, n := range slices.Backward(names) {
		h.exact[n], h.plain[plainName(n)] = i, i
	}
	for i, n := range unnamed(names) {
		if _, ok := h.exact[n]; !ok {
			h.exact[n] = i
		}
	}
	return h
}

// unnamed returns the names of columns. Those without a name have pandas' one, such as Unnamed: 0.
func unnamed(header []string) []string {
	names := slices.Clone(header)
	for i, n := range names {
		if n == "" {
			names[i] = fmt.Sprintf("Unnamed: %d", i)
		}
	}
	return names
}

// find returns the index of the first of the names that is a column: with the same letters, or else by plainName. It returns -1 if none is.
func (h *header) find(names ...string) int {
	for _, n := range names {
		if i, ok := h.exact[n]; ok {
			return i
		}
	}
	for _, n := range names {
		if i, ok := h.plain[plainName(n)]; ok {
			return i
		}
	}
	return -1
}

// columnSet has the indexes of the columns that are read. An index is -1 if there is no such column.
type columnSet struct {
	name, split, group int
	labels             []int
	byName             bool // labels are from the names of the images
}

// columns finds the columns that the options choose.
func (o OpenOptions) columns(header []string) (columnSet, error) {
	c := columnSet{split: -1, group: -1}
	h := newHeader(header)
	var errs []error
	find := func(what, option string, names ...string) int {
		i := h.find(names...)
		if i < 0 {
			errs = append(errs, missingColumn(header, names[0], what, option))
		}
		return i
	}
	names := nameColumns
	if o.FilenameColumn != "" {
		names = []string{o.FilenameColumn}
	}
	c.name = find("file names", "FilenameColumn, --filename", names...)
	labeled := len(o.LabelColumns) > 0 || o.LabelColumn != "" || h.find(labelNames(header)...) >= 0
	var err error
	if c.byName, err = o.byName(labeled, len(header)); err != nil {
		return c, err
	}
	if o.LabelRule != Unlabeled && !c.byName {
		switch {
		case len(o.LabelColumns) > 0:
			for _, n := range o.LabelColumns {
				c.labels = append(c.labels, find("labels", "LabelColumns, --category", n))
			}
		case o.LabelColumn != "":
			c.labels = []int{find("labels", "LabelColumn, --category", o.LabelColumn)}
		default:
			c.labels = []int{find("labels", "LabelColumn, --category", labelNames(header)...)}
		}
	}
	if o.SplitColumn != "" {
		c.split = find("parts", "SplitColumn, --split", o.SplitColumn)
	}
	if o.GroupColumn != "" {
		if c.group = find("groups", "GroupColumn, --group", o.GroupColumn); c.group >= 0 && slices.Contains(c.labels, c.group) {
			errs = append(errs, fmt.Errorf("the column %q has the labels, so it cannot be that of the groups (GroupColumn, --group)", header[c.group]))
		}
	}
	if len(errs) == 0 {
		return c, nil
	}
	if len(header) == 1 && isImage(firstWord(header[0])) {
		return c, fmt.Errorf("the first line is %s, which looks like a row and not like the names of columns; add a first line such as filename category", quoteName(header[0]))
	}
	if len(header) > 0 && slices.ContainsFunc(header, isImage) {
		return c, fmt.Errorf("the first line is %s, which looks like a row and not like the names of columns; add a first line such as filename,category", listNames(header))
	}
	return c, errs[0]
}

// firstWord returns a text up to the first space.
func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

func missingColumn(header []string, name, what, option string) error {
	hint := ""
	header = unnamed(header)
	if near := suggest.Nearest(name, header[:min(len(header), 200)]); near != "" {
		hint = "; did you mean " + near + "?"
	}
	if len(header) == 1 {
		hint += "; or, if this is the name of an image, add a first line with filename"
	}
	return fmt.Errorf("has no column %q for the %s; its columns are %s: choose one (%s)%s", name, what, listNames(header), option, hint)
}

// quoteName returns a name for a message, in quotes if it is long or not in UTF-8.
func quoteName(s string) string {
	if len(s) > 60 || !utf8.ValidString(s) {
		return fmt.Sprintf("%.60q", s)
	}
	return s
}

// listNames lists names for a message: at most twenty of them, and the beginning of long ones. Names with separators are in quotes.
func listNames(names []string) string {
	const most, longest = 20, 60
	var list []string
	for _, n := range names[:min(len(names), most)] {
		if r := []rune(n[:min(len(n), utf8.UTFMax*(longest+1))]); len(r) > longest {
			n = string(r[:longest]) + "..."
		}
		if strings.ContainsAny(n, separators) {
			n = fmt.Sprintf("%q", n)
		}
		list = append(list, n)
	}
	s := strings.Join(list, ", ")
	if more := len(names) - most; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
