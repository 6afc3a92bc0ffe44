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
	// Filename is the name below the table's root, with slashes: cat.0.jpg,
	// cats/1.jpg.
	Filename string
	// Label is the label; "" when there is none.
	Label string

	file file
}

// Bytes reads the file as it is stored.
func (r Row) Bytes() ([]byte, error) {
	if r.file == nil {
		return nil, fmt.Errorf("%s: the row has no file", r.Filename)
	}
	return readFile(context.Background(), r.file, nil)
}

// Where is the place of the bytes, for people: a path, or an archive and the name in it.
func (r Row) Where() string {
	if r.file == nil {
		return r.Filename
	}
	return r.file.where()
}

// Table lists images: a filename, a category, and where the bytes are. It never
// changes; the methods that change something return another table over the same
// source. Rows are sorted by name (byte order), unless a CSV gives the order.
type Table struct {
	rows    []Row
	src     *source
	found   string // the noun phrase of Found
	ignored []BadFile
	warn    []string
	checked map[string]sum // what Check read of files, by where; shared by the tables made of this one
}

// source is what the tables made of one Open share.
type source struct {
	name   string
	rule   Rule
	parts  map[string][]Row
	closer io.Closer
}

// sum is a content's CRC-32 and length.
type sum struct {
	crc  uint32
	size int64
	ok   bool
}

func sumOf(content []byte) sum { return sum{crc32.ChecksumIEEE(content), int64(len(content)), true} }

// BadFile is a file that is left out, and why.
type BadFile struct {
	Filename string
	Err      error
}

// with is t with other rows.
func (t *Table) with(rows []Row) *Table {
	n := *t
	n.rows, n.ignored, n.warn = rows, nil, nil
	return &n
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Row is the i-th row.
func (t *Table) Row(i int) Row { return t.rows[i] }

// All yields the rows in order.
func (t *Table) All() iter.Seq2[int, Row] { return slices.All(t.rows) }

// Name is what the table was opened from.
func (t *Table) Name() string {
	if t.src == nil {
		return ""
	}
	return t.src.name
}

// Rule is the rule that gave the categories; Unlabeled too when a CSV gave them.
func (t *Table) Rule() Rule {
	if t.src == nil {
		return Unlabeled
	}
	return t.src.rule
}

// Take returns the rows of these indexes, in their order; an index may repeat.
func (t *Table) Take(index []int) *Table {
	rows := make([]Row, len(index))
	for i, j := range index {
		rows[i] = t.rows[j]
	}
	return t.with(rows)
}

// Filter returns the rows that keep says true of.
func (t *Table) Filter(keep func(Row) bool) *Table {
	var rows []Row
	for _, r := range t.rows {
		if keep(r) {
			rows = append(rows, r)
		}
	}
	return t.with(rows)
}

// Limit returns n rows at most, as equally many of each class as there are, in the
// table's order: the first rows of each class, one of each class in turn until there
// are n. (The first n rows of a table sorted by name would all be cats.)
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

// Rename gives categories other names, as pandas' replace: {"cat": "gato"}. Categories
// that names does not mention keep theirs. A name that no row has is an error, since it
// is a slip of the pen.
func (t *Table) Rename(names map[string]string) (*Table, error) {
	classes := t.Classes()
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(classes, from) {
			return nil, fmt.Errorf("%s: no category %q to rename; there are %s", t.Name(), from, strings.Join(classes, ", "))
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

// Categories lists the rows' categories, in order: what Split.Stratify wants.
func (t *Table) Labels() []string {
	c := make([]string, len(t.rows))
	for i, r := range t.rows {
		c[i] = r.Label
	}
	return c
}

// Classes lists the categories that occur, sorted: Keras' order of classes. Rows
// without a category count for none.
func (t *Table) Classes() []string {
	seen := map[string]bool{}
	for _, r := range t.rows {
		if r.Label != "" {
			seen[r.Label] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Found says what there is, in Keras' words: "Found 18750 validated image filenames
// belonging to 2 classes.", or "Found N images belonging to K classes." where folders
// are the classes.
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

// Warnings are what Open wants to say, each a sentence; in Keras' words where Keras
// has the warning.
func (t *Table) Warnings() []string { return t.warn }

// Ignored lists the files that Open left out, and why.
func (t *Table) Ignored() []BadFile { return t.ignored }

// Trainable says why a classifier can not be trained on the table: no rows, rows
// without a category, or one class only.
func (t *Table) Trainable() error {
	classes := t.Classes()
	for _, r := range t.rows {
		if r.Label == "" {
			return fmt.Errorf("%s: %s has no category; to train, every picture needs one", t.Name(), r.Filename)
		}
	}
	switch {
	case len(t.rows) == 0:
		return fmt.Errorf("%s: the table has no rows", t.Name())
	case len(classes) == 1:
		return fmt.Errorf("%s: all %d pictures are of one class, %q; a classifier needs two or more", t.Name(), len(t.rows), classes[0])
	}
	return nil
}

// Parts lists the parts of the source (the folders train and test1 of Kaggle's
// archive), sorted; there are none when the source is not parted so.
func (t *Table) Parts() []string {
	if t.src == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.src.parts))
}

// Part returns a part of the source, labeled by the source's rule where its files fit
// the rule: Part("test1") of Kaggle's archive has no categories.
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

// Concat makes one table of several, in order. Close of the new table closes all.
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

// Close lets go of the source's files. Tables made of this one share them: close when
// all are done.
func (t *Table) Close() error {
	if t.src == nil || t.src.closer == nil {
		return nil
	}
	return t.src.closer.Close()
}

// WriteCSV writes the columns filename and category, as pandas' to_csv(index=False).
func (t *Table) WriteCSV(w io.Writer) error {
	records := [][]string{{"filename", "category"}}
	for _, r := range t.rows {
		records = append(records, []string{r.Filename, r.Label})
	}
	return csv.NewWriter(w).WriteAll(records)
}

// Fingerprint identifies the content: SHA-256 over each row's filename, category,
// length and CRC-32, in order. It does not depend on where the files lie: an archive
// and the folder it unpacks to have the same. An archive's directory knows the CRCs;
// the files of a folder are read for it, where Check has not read them.
func (t *Table) Fingerprint() string {
	sums := make([]sum, len(t.rows))
	// A file that can't be read counts as such: its row differs from the row of any content.
	var all sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, r := range t.rows {
		if r.file == nil {
			continue
		}
		if crc, size, known := r.file.crc(); known {
			sums[i] = sum{crc, size, true}
			continue
		}
		if s, ok := t.checked[r.file.where()]; ok {
			sums[i] = s
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

// reading counts what has been read, for a progress callback, and stops on ctx.
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

// finish tells the last number.
func (r *reading) finish() {
	if r.progress != nil {
		r.progress(r.done, r.done)
	}
}
