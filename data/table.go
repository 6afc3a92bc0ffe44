package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Row is one image of a table.
type Row struct {
	// Filename is the file's name relative to the table's root, with slashes: cat.0.jpg or
	// cats/1.jpg.
	Filename string
	// Label is the class name, or "" if there is none.
	Label string

	file file
}

// Bytes reads the file's content. It fails with an *AccessError if the file cannot be reached.
func (r Row) Bytes() ([]byte, error) {
	if r.file == nil {
		return nil, fmt.Errorf("%s: the row has no file", r.Filename)
	}
	return readFile(context.Background(), r.file, nil)
}

// Where returns the file's location for messages: its path, or the archive's path and the entry's name.
func (r Row) Where() string {
	if r.file == nil {
		return r.Filename
	}
	return r.file.where()
}

// Table lists image files with their labels. It is immutable: methods that select or change rows
// return a new table over the same source. See Open for the order of the rows.
type Table struct {
	rows    []Row
	src     *source
	found   string // what Found calls the rows: "images", or "" for Keras' "validated image filenames"
	ignored []BadFile
	warn    []string
	checked map[string]sum // the checksums that Check computed, by location; derived tables share them
}

// source is shared by the tables that come from one Open.
type source struct {
	name   string
	rule   Rule
	parts  map[string][]Row
	closer io.Closer
}

// sum is the CRC-32 and the length of a file, if ok is set.
type sum struct {
	crc  uint32
	size int64
	ok   bool
}

func sumOf(content []byte) sum { return sum{crc32.ChecksumIEEE(content), int64(len(content)), true} }

// BadFile is a file that was dropped, and the reason.
type BadFile struct {
	Filename string
	Err      error
}

// with returns t with other rows.
func (t *Table) with(rows []Row) *Table {
	n := *t
	n.rows, n.ignored, n.warn = rows, nil, nil
	return &n
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Row returns row i, counted from 0.
func (t *Table) Row(i int) Row { return t.rows[i] }

// All yields the rows in order.
func (t *Table) All() iter.Seq2[int, Row] { return slices.All(t.rows) }

// Name returns the name that the table was opened with.
func (t *Table) Name() string {
	if t.src == nil {
		return ""
	}
	return t.src.name
}

// Rule returns the rule that gave the labels. It is Unlabeled if a CSV file gave them.
func (t *Table) Rule() Rule {
	if t.src == nil {
		return Unlabeled
	}
	return t.src.rule
}

// Take returns a table of the rows with the given indexes, in that order. An index may occur more than once.
func (t *Table) Take(index []int) *Table {
	rows := make([]Row, len(index))
	for i, j := range index {
		rows[i] = t.rows[j]
	}
	return t.with(rows)
}

// Filter returns a table of the rows for which keep returns true.
func (t *Table) Filter(keep func(Row) bool) *Table {
	var rows []Row
	for _, r := range t.rows {
		if keep(r) {
			rows = append(rows, r)
		}
	}
	return t.with(rows)
}

// Limit returns a table of at most n rows, with the same number of each class as far as possible.
// It takes the first row of each class, then the second of each, until there are n. The rows keep
// the table's order. (The first n rows of a table sorted by name would all be cats.)
func (t *Table) Limit(n int) *Table {
	if n >= len(t.rows) {
		return t.with(t.rows)
	}
	class := map[string]int{}
	for i, c := range t.Classes() {
		class[c] = i
	}
	type place struct{ rank, class, row int }
	next := map[string]int{}
	places := make([]place, len(t.rows))
	for i, r := range t.rows {
		places[i] = place{next[r.Label], class[r.Label], i}
		next[r.Label]++
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.class, b.class), cmp.Compare(a.row, b.row))
	})
	index := make([]int, max(n, 0))
	for i := range index {
		index[i] = places[i].row
	}
	slices.Sort(index)
	return t.Take(index)
}

// Rename renames classes, as pandas' replace({"cat": "gato"}) does. names maps old names to new ones. Other
// labels do not change. An old name that no row has is an error.
func (t *Table) Rename(names map[string]string) (*Table, error) {
	classes := t.Classes()
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(classes, from) {
			return nil, fmt.Errorf("%s: no class %q to rename; the classes are %s", t.Name(), from, strings.Join(classes, ", "))
		}
	}
	rows := slices.Clone(t.rows)
	for i, r := range rows {
		if to, ok := names[r.Label]; ok {
			rows[i].Label = to
		}
	}
	return t.with(rows), nil
}

// Labels returns the label of each row, for example for SplitOptions.Stratify.
func (t *Table) Labels() []string {
	c := make([]string, len(t.rows))
	for i, r := range t.rows {
		c[i] = r.Label
	}
	return c
}

// Classes returns the distinct labels in byte order, which is Keras' order of classes. Rows without a
// label are skipped.
func (t *Table) Classes() []string {
	seen := map[string]bool{}
	for _, r := range t.rows {
		if r.Label != "" {
			seen[r.Label] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Found returns Keras' message about the table: "Found 18750 validated image filenames belonging to 2
// classes.", or "Found N images belonging to K classes." if the labels are folders.
func (t *Table) Found() string {
	return found(len(t.rows), t.found, len(t.Classes()))
}

func found(n int, what string, classes int) string {
	if what == "" {
		what = "validated image filenames"
	}
	if classes == 0 {
		return fmt.Sprintf("Found %d %s.", n, what)
	}
	return fmt.Sprintf("Found %d %s belonging to %d classes.", n, what, classes)
}

// Warnings returns Open's warnings, one sentence each. A warning that Keras has too is worded as in Keras.
func (t *Table) Warnings() []string { return t.warn }

// Ignored lists the files that Open dropped, and the reasons.
func (t *Table) Ignored() []BadFile { return t.ignored }

// Trainable returns an error if a classifier cannot be trained on the table: it has no rows, a row has
// no label, or there is only one class.
func (t *Table) Trainable() error {
	classes := t.Classes()
	for _, r := range t.rows {
		if r.Label == "" {
			return fmt.Errorf("%s: %s has no label; for training, every image needs one", t.Name(), r.Filename)
		}
	}
	switch {
	case len(t.rows) == 0:
		return fmt.Errorf("%s: the table has no rows", t.Name())
	case len(classes) == 1:
		return fmt.Errorf("%s: all %d images are of one class, %q; a classifier needs two or more", t.Name(), len(t.rows), classes[0])
	}
	return nil
}

// Parts lists the parts of the source, sorted, such as test1 and train of Kaggle's archive. It is
// empty if the names of the top-level folders are not those of parts; see OpenOptions.Part.
func (t *Table) Parts() []string {
	if t.src == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.src.parts))
}

// Part returns a part of the source, labeled by the table's rule. Files that do not fit the rule have no
// label, such as all files of Part("test1") of Kaggle's archive.
func (t *Table) Part(name string) (*Table, error) {
	var rows []Row
	if t.src != nil {
		rows = t.src.parts[name]
	}
	if rows == nil {
		return nil, fmt.Errorf("%s: has no part %q; it has %s", t.Name(), name, cmp.Or(strings.Join(t.Parts(), ", "), "no parts"))
	}
	return t.with(rows), nil
}

// Concat joins tables in the given order. Closing the result closes all of them.
func Concat(tables ...*Table) *Table {
	if len(tables) == 1 {
		return tables[0]
	}
	n := &Table{src: &source{rule: Unlabeled}}
	var closers closers
	var names []string
	for _, t := range tables {
		n.rows = append(n.rows, t.rows...)
		n.ignored = append(n.ignored, t.ignored...)
		n.warn = append(n.warn, t.warn...)
		closers = append(closers, t)
		names = append(names, t.Name())
	}
	n.src.name, n.src.closer = strings.Join(names, ", "), closers
	return n
}

type closers []*Table

func (c closers) Close() error {
	var all []error
	for _, t := range c {
		all = append(all, t.Close())
	}
	return errors.Join(all...)
}

// Close closes the files of the source. Derived tables share them, so close a table only when no
// table derived from it is in use.
func (t *Table) Close() error {
	if t.src == nil || t.src.closer == nil {
		return nil
	}
	return t.src.closer.Close()
}

// WriteCSV writes the columns filename and category, as pandas' to_csv(index=False) does.
func (t *Table) WriteCSV(w io.Writer) error {
	records := [][]string{{"filename", "category"}}
	for _, r := range t.rows {
		records = append(records, []string{r.Filename, r.Label})
	}
	return csv.NewWriter(w).WriteAll(records)
}

// Fingerprint identifies the content: the SHA-256 hash of each row's filename, label, length and CRC-32, in
// order. It does not depend on the location of the files: an archive and the folder with its unpacked files
// have the same fingerprint. Archives store the CRC-32. Files on disk are read, unless Check has read them.
func (t *Table) Fingerprint() string {
	sums := make([]sum, len(t.rows))
	// The hash of a file that cannot be read differs from the hash of any content.
	var all sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, r := range t.rows {
		if r.file == nil {
			continue
		}
		if crc, size, known := t.Checksum(r); known {
			sums[i] = sum{crc, size, true}
			continue
		}
		room <- struct{}{}
		all.Go(func() {
			if b, err := readFile(context.Background(), r.file, nil); err == nil {
				sums[i] = sumOf(b)
			}
			<-room
		})
	}
	all.Wait()
	h := sha256.New()
	for i, r := range t.rows {
		fmt.Fprintf(h, "%q %q %d %08x %v\n", r.Filename, r.Label, sums[i].size, sums[i].crc, sums[i].ok)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// reading counts listed files for a progress callback, and stops when ctx ends.
type reading struct {
	ctx      context.Context
	progress func(done, total int)
	done     int
}

// next counts one more of total, which is 0 while it is not known.
func (r *reading) next(total int) error {
	r.done++
	if r.progress != nil {
		r.progress(r.done, total)
	}
	return r.ctx.Err()
}

// finish reports the final number.
func (r *reading) finish() {
	if r.progress != nil {
		r.progress(r.done, r.done)
	}
}
