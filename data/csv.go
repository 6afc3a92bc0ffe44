package data

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/sheet"
)

// openCSV makes a table of the rows of a table's file, in the file's order, as Keras' flow_from_dataframe does. Rows whose file is missing
// are dropped with Keras' warning.
func openCSV(name string, o OpenOptions, rep *reading) (*Table, error) {
	if isParquet(name) {
		return openTable(name, newParquetFile(name), o, rep)
	}
	return openTable(name, nil, o, rep)
}

// openTable makes a table of the rows of a table's file, or of the Parquet files of a set.
func openTable(name string, set *parquetSet, o OpenOptions, rep *reading) (*Table, error) {
	if set != nil {
		if o.Encoding != "" {
			return nil, fmt.Errorf("%s: the texts of Parquet files are always in UTF-8; remove Encoding (--encoding)", name)
		}
		if err := set.choose(&o); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defer set.close()
	}
	if o.Part != "" && o.SplitColumn == "" {
		return nil, fmt.Errorf("%s: a part (%q) cannot be chosen from a table without a column for it; name the column (SplitColumn, --split), or the folder of the images (Images, --images)", name, o.Part)
	}
	if o.Task > Regress {
		return nil, fmt.Errorf("unknown %v", o.Task)
	}
	if o.Task == Regress && len(o.LabelColumns) > 0 {
		return nil, fmt.Errorf("%s: the numbers for the task regress must be in one column, got %s", name, listNames(o.LabelColumns))
	}
	var j *joiner
	var closer io.Closer
	var err error
	if set != nil {
		if j, closer, err = set.embedded(o, rep); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	if j == nil && err == nil {
		j, closer, err = newJoiner(name, o, rep)
	}
	if err != nil {
		return nil, err
	}
	t, err := readTable(name, set, o, rep, j)
	if err == nil {
		t.src.closer = closer
		if j.zip != nil && o.SplitColumn == "" {
			t.setSiblings(name, j.zip)
		}
		t.src.setColumnParts(t.Parts(), o.Part)
		if o.Part != "" {
			t, err = t.Part(o.Part)
		} else if o.SplitColumn != "" && slices.Contains(t.Parts(), columnParts[trainingPart]) {
			whole := t
			if t, err = t.Part(columnParts[trainingPart]); err == nil {
				t.ignored, t.warn, t.notes = whole.ignored, whole.warn, whole.notes
			}
		}
	}
	if err != nil {
		if closer != nil {
			closer.Close()
		}
		return nil, err
	}
	return t, nil
}

// readTable makes a table of the rows for which the joiner finds files.
func readTable(name string, set *parquetSet, o OpenOptions, rep *reading, j *joiner) (*Table, error) {
	if set != nil {
		return tableOf(name, set, set.bytes(), set.warn, o, rep, j)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	rec, err := openRecords(f, name, o.Encoding, func(header []string) bool {
		c, err := o.columns(header)
		return err == nil && (!c.byName || len(header) > 1)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	return tableOf(name, rec, info.Size(), nil, o, rep, j)
}

// tableOf makes a table of the records of files that have size bytes.
func tableOf(name string, rec records, size int64, warn []string, o OpenOptions, rep *reading, j *joiner) (*Table, error) {
	columns, err := o.columns(rec.columns())
	if err != nil {
		hint := ""
		if h := newHeader(rec.columns()); h.find("data_row") >= 0 && h.find("projects") >= 0 {
			return nil, fmt.Errorf("%s: %s", name, exportAdvice(name, []byte(`{"data_row":`)))
		}
		if columns.name >= 0 {
			hint = o.indicatorHint(rec)
		} else if pixels := pixelAdvice(name, rec); pixels != "" {
			return nil, fmt.Errorf("%s: %s", name, pixels)
		}
		return nil, fmt.Errorf("%s: %w%s", name, err, hint)
	}
	if hasBoxes(rec.columns()) {
		warn = append(warn, "The table has columns of boxes for the objects in an image, which are not used: "+boxAdvice+".")
	}
	u := rec.unit()
	b := &tableBuilder{
		o: o, rep: rep, join: j, rec: rec, most: mostRows(size), columns: columns, unit: u, labels: labelValues{byKey: map[string]int32{}},
		unlabeled: drops{unit: u}, missing: drops{unit: u}, unusable: drops{unit: u}, twice: drops{unit: u},
	}
	b.rows.root = j.images
	rep.done = 0 // the files of an archive of images were counted; now the rows are
	if err := b.readAll(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t, err := b.table(name)
	if err != nil {
		return nil, err
	}
	t.warn = append(warn, t.warn...)
	rep.finish()
	return t, nil
}

// mostRows is how many rows a table of so many bytes may have. A row takes memory, and a compressed file may repeat one without end. Rows whose
// names are counted up take a fifth of a byte in the densest files.
func mostRows(size int64) int64 { return min(1<<20+8*size, 1<<30) }

// The states of a row while its table is built.
const (
	rowFound   = iota
	rowPending // no file has its name as it stands
	rowDropped // for another reason
)

// tableBuilder makes a table of the records of a file.
type tableBuilder struct {
	o       OpenOptions
	rep     *reading
	join    *joiner
	rec     records
	most    int64 // records
	columns columnSet
	aside   *aside
	unit    string // see records

	rows    packedRows
	line    []uint32 // of each row
	state   []uint8
	labels  labelValues
	read    int            // records
	latin   int            // of these, those with text that is not UTF-8
	trimmed int            // of these, those whose label has spaces around it
	odd     int            // those with bytes that are no text in the encoding that was named
	spaced  example        // the names of files that have spaces around them, which the files have not
	nearby  example        // the names of missing files for which there is one with another folder or extension
	around  map[int]string // of pending rows, the names with the spaces around them
	numbers numberFormat
	groups  map[string]int32 // the indexes of the groups
	alone   int              // rows without a group

	versions int // rows that were added for the other versions of images; see exported.go

	unlabeled, missing, unusable, twice drops
	words                               map[string]bool // labels that are words for a missing value
}

// drops are rows that are left out for the same reason.
type drops struct {
	unit string // see records
	n    int
	list []BadFile // the first ones
}

// maxListed is the number of rows that are listed for each reason to leave out rows.
const maxListed = 10_000

func (d *drops) add(name string, line int, err error) {
	if d.n++; len(d.list) < maxListed {
		d.list = append(d.list, BadFile{name, &lineError{d.unit, line, err}})
	}
}

// noLabel says that rows without a label are left out. rows is the number of all.
func (d *drops) noLabel(rows int) string {
	return fmt.Sprintf("Dropped %d of the %d rows, which have no label, such as %s.", d.n, rows, quoteName(d.list[0].Filename))
}

// lineError is an error in a line of a table's file.
type lineError struct {
	unit string
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("%s %d: %v", e.unit, e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// readAll reads all records.
func (b *tableBuilder) readAll() error {
	want := append([]int{b.columns.name, b.columns.split, b.columns.group}, b.columns.labels...)
	read := len(want)
	b.aside = newAside(b.rec.columns(), want, b.o)
	want = append(want, b.aside.columns()...)
	all := make([]value, len(want))
	cells := all[:read]
	for {
		line, err := b.rec.next(want, all)
		if err == nil {
			b.aside.see(all, read)
		}
		var bad recordError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.As(err, &bad):
			return err
		}
		b.read++
		if err := b.rep.next(0); err != nil {
			return err
		}
		if int64(b.read) > b.most {
			return fmt.Errorf("has more than %d rows, which is not plausible for its size; write it again without compression if it really has them", b.most)
		}
		if b.o.Encoding != "" && slices.ContainsFunc(cells, func(c value) bool { return bytes.ContainsRune(c.text, utf8.RuneError) }) {
			b.odd++
		}
		if err == nil {
			if bad.error = b.objectIn(cells); cells[0].object {
				cells[0].text = nil
			}
		}
		name, whole := b.filename(cells[0].text)
		switch {
		case bad.error != nil:
			b.unusable.add(name, line, bad.error)
		case name == "":
			b.unusable.add(name, line, errors.New("has no file name"))
		case !b.rows.names.fits(name) || strings.ContainsRune(name, 0):
			b.unusable.add(beginning(name), line, errors.New("is not the name of a file"))
		default:
			if err := b.add(name, line, cells); err != nil {
				return &lineError{b.unit, line, err}
			}
			b.keepAround(whole)
		}
	}
}

// objectIn returns an error for a row that has an object where only labels of classes may be objects.
func (b *tableBuilder) objectIn(cells []value) error {
	columns := append([]int{b.columns.name, b.columns.split, b.columns.group}, b.columns.labels...)
	for i := range cells {
		if c := &cells[i]; c.object && (i < 3 || b.o.Task == Regress) {
			return fmt.Errorf("the value of %q %w", b.rec.columns()[columns[i]], c.objectError())
		}
	}
	return nil
}

// add adds a row.
func (b *tableBuilder) add(name string, line int, cells []value) error {
	r := &b.rows
	at, err := b.join.exact(name)
	state := uint8(rowFound)
	switch {
	case b.join.embedded != nil:
		at = int32(line)
	case err != nil || at < 0 && !isImage(name) && path.Ext(name) != "" && !b.join.beginsImage(name):
		at, state = -1, rowPending
	}
	r.names.add(name)
	r.at = append(r.at, at)
	b.line = append(b.line, uint32(line))
	b.state = append(b.state, state)
	if b.columns.split >= 0 {
		p, err := partOf(b.rec.columns()[b.columns.split], textOf(cells[1].text))
		if err != nil {
			return err
		}
		if p == noPart && state != rowDropped {
			b.state[len(b.state)-1] = rowDropped
			b.unusable.add(name, line, fmt.Errorf("has no part in the column %q", b.rec.columns()[b.columns.split]))
		}
		r.part = append(r.part, p)
	}
	if b.columns.group >= 0 {
		r.group = append(r.group, b.groupOf(cells[2]))
	}
	labels := cells[3:]
	if len(labels) == 0 {
		return nil
	}
	for i := range labels {
		if l := &labels[i]; !utf8.Valid(l.text) {
			l.text = []byte(textOf(l.text))
			b.latin++
		}
		if t := bytes.TrimFunc(labels[i].text, isSpace); len(t) != len(labels[i].text) {
			labels[i].text = t
			b.trimmed++
		}
		if at := len(b.state) - 1; bytes.IndexByte(labels[i].text, 0) >= 0 && b.state[at] != rowDropped {
			b.state[at] = rowDropped
			b.unusable.add(name, line, fmt.Errorf("the label %.60q has a NUL character", labels[i].text))
		}
		if t := labels[i].text; len(t) > 1 && t[0] == '\'' {
			labels[i].text = []byte(sheet.Undo(string(t)))
		}
	}
	if b.o.Task == Regress {
		v, err := b.numbers.parse(string(labels[0].text), line)
		if err != nil && b.state[len(b.state)-1] != rowDropped {
			b.state[len(b.state)-1] = rowDropped
			if errors.Is(err, errNoLabel) {
				b.unlabeled.add(name, line, err)
			} else {
				b.unusable.add(name, line, err)
			}
		}
		r.values = append(r.values, v)
		return nil
	}
	c, err := b.labels.intern(labels, line)
	r.class = append(r.class, c)
	return err
}

// table makes the table of the rows that can be used.
func (b *tableBuilder) table(name string) (*Table, error) {
	b.rows.names.flush()
	src := &source{name: name, rule: Unlabeled, task: Classify}
	t := &Table{src: src, packed: &b.rows}
	var notes, warn []string
	if b.o.LabelRule != Unlabeled {
		if src.task = b.o.Task; src.task == AutoTask {
			src.task = Classify
		}
	}
	if b.rows.class != nil {
		var columns []string
		for _, c := range b.columns.labels {
			columns = append(columns, b.rec.columns()[c])
		}
		in := &interpreter{o: b.o, columns: columns, values: b.labels.list, unit: b.unit}
		if err := in.interpret(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b.relabel(in)
		src.numeric, notes, warn, t.alike = in.numeric, in.notes, in.warn, in.alike
	}
	if b.rows.values != nil {
		comma, err := b.numbers.check(b.unit, b.rec.columns()[b.columns.labels[0]])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		notes = append(notes, comma...)
	}
	if err := b.respell(); err != nil {
		return nil, err
	}
	if b.rows.files, b.rows.embedded = b.join.files(), b.join.embedded; b.rows.embedded != nil {
		b.rows.embedded.names = texts{} // the rows have them
	}
	b.count()
	if b.columns.byName {
		src.rule = b.labelByName().rule
	}
	if b.o.LabelRule != Unlabeled && b.rows.embedded == nil { // each row has its own image
		if err := b.once(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	b.compact()
	t.passed = b.join.unnamed(b.rows.at)
	t.notes = slices.Concat(b.rec.notices(), b.notices(), b.join.notes(b.read), notes, b.groupNotes())
	if b.odd > 0 {
		warn = append(warn, fmt.Sprintf("%d rows have bytes that are no text in the encoding %s; the file is probably in another encoding.", b.odd, b.o.Encoding))
	}
	t.warn = slices.Concat(warn, b.aside.warnings(), b.dropped())
	t.ignored = slices.Concat(b.unlabeled.list, b.missing.list, b.unusable.list, b.twice.list)
	src.dropped = b.unlabeled.n + b.missing.n + b.unusable.n + b.twice.n
	if b.rows.len() == 0 {
		return nil, noRows(name, src.dropped, t.ignored, b.elsewhere(name)+b.join.brokenHint())
	}
	t.ignored = append(t.ignored, b.join.broken...)
	t.warn = append(t.warn, leftOut(b.join.broken)...)
	src.dropped += len(b.join.broken)
	src.columns = b.rows.part != nil
	src.likelyGroup, src.likelyGroups = b.aside.likelyGroup()
	return t, nil
}

// relabel gives the rows the labels that the interpreter has found, and drops those without one.
func (b *tableBuilder) relabel(in *interpreter) {
	for i, c := range b.rows.class {
		l := in.result[c]
		if l.err != nil && b.state[i] != rowDropped {
			b.state[i] = rowDropped
			d := &b.unusable
			if errors.Is(l.err, errNoLabel) {
				d = &b.unlabeled
			}
			d.add(b.rows.names.at(i), int(b.line[i]), l.err)
		}
		b.rows.class[i] = l.label
	}
	b.rows.labels, b.words = in.labels, in.words
}

// key identifies the file of a row.
func (b *tableBuilder) key(i int) string {
	if at := b.rows.at[i]; at >= 0 {
		switch {
		case b.join.zip != nil:
			return b.join.zip.entries[at].name
		default:
			return b.join.others.entries[at].name
		}
	}
	return b.join.place(b.rows.names.at(i))
}

// once keeps the first row of each file. Rows that give a file different labels are an error, or with MultiLabel they are joined.
func (b *tableBuilder) once() error {
	n := b.rows.len()
	size := 16
	for size < n*3/2 {
		size *= 2
	}
	seen := make([]int32, size) // the row plus 1, by the hash of the file's name
	seed := maphash.MakeSeed()
	var clash []string
	clashes, labels, joined := 0, 0, 0 // contradictions, and those about a label
	sets := newLabelSets(b.rows.labels)
	for i := range n {
		if b.state[i] != rowFound {
			continue
		}
		k := b.key(i)
		at := int(maphash.String(seed, k) % uint64(size))
		for seen[at] != 0 && b.key(int(seen[at]-1)) != k {
			at = (at + 1) % size
		}
		if seen[at] == 0 {
			seen[at] = int32(i + 1)
			continue
		}
		first := int(seen[at] - 1)
		b.state[i] = rowDropped
		what := ""
		switch {
		case b.rows.part != nil && b.rows.part[first] != b.rows.part[i]:
			what = b.contradiction(first, i, columnParts[b.rows.part[first]], columnParts[b.rows.part[i]])
		case b.rows.label(first) == b.rows.label(i):
			b.twice.add(b.rows.names.at(i), int(b.line[i]), fmt.Errorf("names the file of %s %d again", b.unit, b.line[first]))
		case b.o.Task == MultiLabel:
			b.rows.class[first] = sets.union(b.rows.class[first], b.rows.class[i])
			joined++
		default:
			what = b.contradiction(first, i, b.rows.label(first), b.rows.label(i))
			labels++
		}
		if what != "" {
			if clashes++; clashes <= 5 {
				clash = append(clash, b.rows.names.at(i)+": "+what)
			}
		}
	}
	b.rows.labels = sets.list
	if joined > 0 {
		b.join.extra = append(b.join.extra, fmt.Sprintf("Joined the labels of %d rows to those of earlier rows, which name the same files.", joined))
	}
	if clashes > 0 {
		if clashes > len(clash) {
			clash = append(clash, fmt.Sprintf("... and %d more", clashes-len(clash)))
		}
		about := "the part of the same file; keep one row for each file"
		if labels > 0 {
			about = "the same file; keep one row for each file, or set the task to multilabel (Task, --task) if images have several labels"
		}
		return fmt.Errorf("%d rows contradict earlier rows about %s:\n%s", clashes, about, strings.Join(clash, "\n"))
	}
	return nil
}

// contradiction describes rows that say different things about the same file.
func (b *tableBuilder) contradiction(first, second int, a, c string) string {
	return fmt.Sprintf("%s in %s %d, %s in %s %d", beginning(a), b.unit, b.line[first], beginning(c), b.unit, b.line[second])
}

// compact removes the rows that are not used.
func (b *tableBuilder) compact() {
	r, n := &b.rows, 0
	for i, s := range b.state {
		if s != rowFound {
			continue
		}
		r.names.move(n, i)
		r.at[n] = r.at[i]
		if r.class != nil {
			r.class[n] = r.class[i]
		}
		if r.values != nil {
			r.values[n] = r.values[i]
		}
		if r.part != nil {
			r.part[n] = r.part[i]
		}
		if r.group != nil {
			r.group[n] = r.group[i]
		}
		n++
	}
	r.names.cut(n)
	r.at = r.at[:n]
	if r.class != nil {
		r.class = r.class[:n]
	}
	if r.values != nil {
		r.values = r.values[:n]
	}
	if r.part != nil {
		r.part = r.part[:n]
	}
	if r.group != nil {
		r.group = r.group[:n]
	}
}

// notices says what was changed in the texts, one sentence each.
func (b *tableBuilder) notices() []string {
	var list []string
	if b.latin > 0 {
		list = append(list, fmt.Sprintf("%d values are not UTF-8; they were read as Windows-1252 (Latin-1). If their letters are wrong, name the encoding of the file (Encoding, --encoding).", b.latin))
	}
	if b.trimmed > 0 && b.trimmed < b.read {
		list = append(list, fmt.Sprintf("Removed the spaces around %d of the labels.", b.trimmed))
	}
	if e := b.spaced; e.n > 0 {
		list = append(list, fmt.Sprintf("Removed the spaces around %d of the %d file names: %q is %s.", e.n, b.read, e.name, e.file))
	}
	if b.versions > 0 {
		list = append(list, fmt.Sprintf("%d images are other versions of these in the export of Roboflow, and have their labels.", b.versions))
	}
	return list
}

// dropped describes the rows that are left out, one sentence for each reason.
func (b *tableBuilder) dropped() []string {
	var list []string
	if d := b.unlabeled; d.n > 0 {
		s := d.noLabel(b.read)
		if len(b.words) > 0 {
			s += fmt.Sprintf(" Their labels include words for a missing value: %s. To take these as classes, set KeepNA (--keep-na).", listNames(sortedKeys(b.words)))
		}
		list = append(list, s)
	}
	if d := b.missing; d.n > 0 {
		s := fmt.Sprintf("Found %d invalid image filename(s) in x_col=%q. These filename(s) will be ignored.", d.n, b.rec.columns()[b.columns.name])
		if e := b.nearby; e.n > 0 {
			s += fmt.Sprintf(" For %s, there is %s.", e.name, e.file)
		}
		list = append(list, s)
	}
	if d := b.unusable; d.n > 0 {
		list = append(list, fmt.Sprintf("Dropped %d of the %d rows, which cannot be used; the first, %v.", d.n, b.read, d.list[0].Err))
	}
	if d := b.twice; d.n > 0 {
		list = append(list, fmt.Sprintf("Dropped %d of the %d rows, which name a file again with the same label, such as %s.", d.n, b.read, quoteName(d.list[0].Filename)))
	}
	return list
}
