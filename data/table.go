package data

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
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
	packed  *packedRows // instead of rows
	pick    []int32     // the rows of packed or rows, in order; nil means all
	src     *source
	found   string // what Found calls the rows: "images", or "" for Keras' "validated image filenames"
	ignored []BadFile
	passed  []Passed
	warn    []string
	alike   []string // the warnings of warn about classes whose names look alike
	notes   []string
	checked *sums // the checksums that Check computed; derived tables share them
}

// source is shared by the tables that come from one Open.
type source struct {
	name   string
	rule   Rule
	parts  map[string][]Row
	closer io.Closer
	opened time.Time // before the files were listed; see Table.changed

	training, validation string // the parts of these kinds, "" if there is none
	holds                string // the part that the table holds; "" for the whole source, or another folder
	maxPixels            int    // OpenOptions.MaxPixels
	dropped              int    // rows or files that were left out

	// The rest is of a table's file.
	task    Task
	numeric bool // all classes are numbers
	columns bool // the rows have parts, by a column

	likelyGroup  string // see Table.LikelyGroups
	likelyGroups int

	besideValidation, besideTest string // tables in the archive of the images; see ArchivedSiblings
}

// setParts records which parts are for what.
func (s *source) setParts(p *parts, holds *part) {
	if q := p.training(); q != nil {
		s.training = q.name
	}
	if q := p.of(validationPart); q != nil {
		s.validation = q.name
	}
	if holds != nil {
		s.holds = holds.name
	}
}

// setColumnParts is setParts for the parts that a column names. holds is the part that the table shall hold; "" is that for training.
func (s *source) setColumnParts(names []string, holds string) {
	part := func(p partKind) string {
		if name := columnParts[p]; slices.Contains(names, name) {
			return name
		}
		return ""
	}
	s.training, s.validation = part(trainingPart), part(validationPart)
	s.holds = cmp.Or(columnParts[columnPart(strings.ToLower(holds))], s.training)
}

// BadFile is a file that was dropped, and the reason.
type BadFile struct {
	Filename string
	Err      error
}

// with returns t with other rows.
func (t *Table) with(rows []Row) *Table {
	n := *t
	n.rows, n.packed, n.pick, n.checked, n.ignored, n.warn, n.notes = rows, nil, nil, nil, nil, nil, nil
	return &n
}

// Len returns the number of rows.
func (t *Table) Len() int {
	switch {
	case t.pick != nil:
		return len(t.pick)
	case t.packed != nil:
		return t.packed.len()
	}
	return len(t.rows)
}

// stored returns the number of rows in packed or rows.
func (t *Table) stored() int {
	if t.packed != nil {
		return t.packed.len()
	}
	return len(t.rows)
}

// at returns the index of row i in packed or rows.
func (t *Table) at(i int) int {
	if t.pick != nil {
		return int(t.pick[i])
	}
	return i
}

// Row returns row i, counted from 0.
func (t *Table) Row(i int) Row {
	if i = t.at(i); t.packed != nil {
		return t.packed.row(i)
	}
	return t.rows[i]
}

// label returns the label of row i.
func (t *Table) label(i int) string {
	if i = t.at(i); t.packed != nil {
		return t.packed.label(i)
	}
	return t.rows[i].Label
}

// file returns the file of row i.
func (t *Table) file(i int) file {
	if i = t.at(i); t.packed != nil {
		return t.packed.file(i)
	}
	return t.rows[i].file
}

// All yields the rows in order.
func (t *Table) All() iter.Seq2[int, Row] {
	return func(yield func(int, Row) bool) {
		for i := range t.Len() {
			if !yield(i, t.Row(i)) {
				return
			}
		}
	}
}

// labels yields the label of each row.
func (t *Table) labels() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := range t.Len() {
			if !yield(i, t.label(i)) {
				return
			}
		}
	}
}

// Task returns what the labels are for: Classify, or for a table's file OpenOptions.Task.
func (t *Table) Task() Task {
	if t.src == nil || t.src.task == AutoTask {
		return Classify
	}
	return t.src.task
}

// LabelSet returns the classes of row i: any number of them with MultiLabel, and else its label, if there is one.
func (t *Table) LabelSet(i int) []string {
	if t.Task() == MultiLabel && t.packed != nil && t.packed.class != nil {
		return t.packed.labels[t.packed.class[t.at(i)]].classes
	}
	if l := t.label(i); l != "" {
		return []string{l}
	}
	return nil
}

// Numbers returns the label of each row as a number, for Regress, and nil otherwise.
func (t *Table) Numbers() []float32 {
	if t.Task() != Regress || t.packed == nil || t.packed.values == nil {
		return nil
	}
	v := make([]float32, t.Len())
	for i := range v {
		v[i] = t.packed.values[t.at(i)]
	}
	return v
}

// Dropped returns the number of rows of a table's file, or of files, that Open left out, also for a table of some of the rows. Ignored of the table that
// Open returned lists them; if there are very many for a reason, it lists only the first ones.
func (t *Table) Dropped() int {
	if t.src == nil {
		return len(t.ignored)
	}
	return t.src.dropped
}

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
	n := *t
	n.pick, n.ignored, n.warn, n.notes = make([]int32, len(index)), nil, nil, nil
	for i, j := range index {
		n.pick[i] = int32(t.at(j))
	}
	return &n
}

// Filter returns a table of the rows for which keep returns true.
func (t *Table) Filter(keep func(Row) bool) *Table {
	var index []int
	for i, r := range t.All() {
		if keep(r) {
			index = append(index, i)
		}
	}
	return t.Take(index)
}

// Limit returns a table of at most n rows, with the same number of each class as far as possible.
// It takes the first row of each class, then the second of each, until there are n. The rows keep
// the table's order. (The first n rows of a table sorted by name would all be cats.)
func (t *Table) Limit(n int) *Table {
	if n >= t.Len() {
		m := *t
		m.ignored, m.warn, m.notes = nil, nil, nil
		return &m
	}
	class := map[string]int{}
	for i, c := range t.Classes() {
		class[c] = i
	}
	type place struct{ rank, class, row int }
	next := map[string]int{} // with MultiLabel, by the set of classes
	places := make([]place, t.Len())
	for i, l := range t.labels() {
		places[i] = place{next[l], class[l], i}
		next[l]++
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
// labels do not change. An old name that no row has is an error, and so is an
// empty new name.
func (t *Table) Rename(names map[string]string) (*Table, error) {
	classes := t.Classes()
	for _, from := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(classes, from) {
			return nil, fmt.Errorf("%s: no class %q to rename; the classes are %s", t.Name(), from, strings.Join(classes, ", "))
		}
		if strings.TrimFunc(names[from], isSpace) == "" {
			return nil, fmt.Errorf("%s: the new name of the class %q is empty; give it a name, or take its images out of the data", t.Name(), from)
		}
	}
	n := *t
	n.ignored, n.warn, n.notes = nil, nil, nil
	if t.packed != nil {
		n.packed = t.packed.renamed(names)
		n.alike = twinClasses(n.rowsOfClasses())
		return &n, nil
	}
	n.rows = slices.Clone(t.rows)
	for i, r := range n.rows {
		if to, ok := names[r.Label]; ok {
			n.rows[i].Label = to
		}
	}
	n.alike = twinClasses(n.rowsOfClasses())
	return &n, nil
}

// Labels returns the label of each row, for example for SplitOptions.Stratify.
func (t *Table) Labels() []string {
	c := make([]string, t.Len())
	for i, l := range t.labels() {
		c[i] = l
	}
	return c
}

// Classes returns the distinct labels, or with MultiLabel the distinct classes, in byte order, which is Keras' order of classes. If all
// labels of a table's file are numbers, they are in the order of numbers. Rows without a label are skipped. It returns nil for Regress.
func (t *Table) Classes() []string {
	if t.Task() == Regress {
		return nil
	}
	seen := map[string]bool{}
	if t.packed != nil && t.packed.class != nil {
		used := make([]bool, len(t.packed.labels))
		for i := range t.Len() {
			used[t.packed.class[t.at(i)]] = true
		}
		for id, l := range t.packed.labels {
			for _, c := range l.classes {
				seen[c] = seen[c] || used[id]
			}
		}
		maps.DeleteFunc(seen, func(_ string, used bool) bool { return !used })
	} else {
		for _, l := range t.labels() {
			if l != "" {
				seen[l] = true
			}
		}
	}
	classes := slices.Sorted(maps.Keys(seen))
	if t.src != nil && t.src.numeric {
		slices.SortStableFunc(classes, func(a, b string) int {
			x, _ := number(a) // a class that was renamed comes first
			y, _ := number(b)
			return cmp.Compare(x, y)
		})
	}
	return classes
}

// Found returns Keras' message about the table: "Found 18750 validated image filenames belonging to 2
// classes.", or "Found N images belonging to K classes." if the labels are folders.
func (t *Table) Found() string {
	return found(t.Len(), t.found, len(t.Classes()))
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

// Notes says how Open has read a table's file where there is more than one way, one sentence each: what separates the columns, the
// encoding, the spelling of file names, and what the labels are.
func (t *Table) Notes() []string { return t.notes }

// Warnings returns Open's warnings, one sentence each. A warning that Keras has too is worded as in Keras.
func (t *Table) Warnings() []string { return t.warn }

// Twins returns the warnings about classes whose names look alike, such as cat and Cat. Those of Open are also in Warnings; those of Rename are about the new names.
func (t *Table) Twins() []string { return t.alike }

// Ignored lists the files that Open dropped, and the reasons.
func (t *Table) Ignored() []BadFile { return t.ignored }

// Passed counts the files and folders of the source that Open found and did not list, by reason. Ignored lists the images that it
// dropped.
func (t *Table) Passed() []Passed { return t.passed }

// Trainable returns an error if a classifier cannot be trained on the table: it has no rows, a row has
// no label, or there is only one class.
func (t *Table) Trainable() error {
	classes := t.Classes()
	if t.Task() != MultiLabel {
		for i, l := range t.labels() {
			if l == "" {
				return fmt.Errorf("%s: %s has no label; for training, every image needs one", t.Name(), t.Row(i).Filename)
			}
		}
	}
	switch {
	case t.Len() == 0:
		return fmt.Errorf("%s: the table has no rows", t.Name())
	case t.Task() == MultiLabel && len(classes) == 0:
		return fmt.Errorf("%s: no image has a label", t.Name())
	case t.Task() == MultiLabel && len(classes) == 1:
		return fmt.Errorf("%s: the images have only one label, %q; the task multilabel needs two or more", t.Name(), classes[0])
	case t.Task() == Classify && len(classes) == 1:
		return fmt.Errorf("%s: all %d images are of one class, %q; a classifier needs two or more", t.Name(), t.Len(), classes[0])
	}
	return nil
}

// Parts lists the parts of the source, sorted, such as test1 and train of Kaggle's archive. It is
// empty if the names of the top-level folders are not those of parts; see OpenOptions.Part.
func (t *Table) Parts() []string {
	switch {
	case t.src == nil:
		return nil
	case t.src.columns:
		return t.columnParts()
	}
	return slices.Sorted(maps.Keys(t.src.parts))
}

// HeldPart returns the name of the part that the table was opened with, or "" if that is the whole source or another folder.
func (t *Table) HeldPart() string {
	if t.src == nil {
		return ""
	}
	return t.src.holds
}

// ValidationPart returns the name of the source's part for validation, such as "val", or "" if it has none.
func (t *Table) ValidationPart() string {
	if t.src == nil {
		return ""
	}
	return t.src.validation
}

// Part returns a part of the source, labeled by the table's rule. Files that do not fit the rule have no
// label, such as all files of Part("test1") of Kaggle's archive.
func (t *Table) Part(name string) (*Table, error) {
	if t.src != nil && t.src.columns {
		return t.columnPart(name)
	}
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
	if t := parted(tables); t != nil {
		return t
	}
	n := &Table{src: &source{rule: Unlabeled}, checked: joinSums(tables)}
	var closers closers
	var names []string
	sources := map[*source]bool{}
	for _, t := range tables {
		for _, r := range t.All() {
			n.rows = append(n.rows, r)
		}
		n.ignored = append(n.ignored, t.ignored...)
		n.passed = append(n.passed, t.passed...)
		n.warn = append(n.warn, t.warn...)
		if !sources[t.src] {
			n.src.dropped += t.Dropped()
		}
		sources[t.src] = true
		n.src.maxPixels = max(n.src.maxPixels, t.src.maxPixels)
		if at := t.src.opened; n.src.opened.IsZero() || at.Before(n.src.opened) {
			n.src.opened = at
		}
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
	c := csv.NewWriter(w)
	if err := c.Write([]string{"filename", "category"}); err != nil {
		return err
	}
	for _, r := range t.All() {
		if err := c.Write([]string{r.Filename, r.Label}); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// reading counts listed files for a progress callback, and stops when ctx ends.
type reading struct {
	ctx      context.Context
	progress func(done, total int)
	done     int

	indexes string   // OpenOptions.Indexes
	indexed []string // the archives whose index was written
	notes   []string // for Table.Notes
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
