package data

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
)

// besideKinds are the extensions of files beside images that may have labels or boxes.
var besideKinds = []string{"csv", "tsv", "tab", "jsonl", "ndjson", "manifest", "parquet", "gz", "bz2", "zst", "json", "xml", "txt", "yaml", "yml", "mat"}

// Limits on what is read of the files beside images.
const (
	besideFiles   = 32       // files of each kind
	besideHead    = 64 << 10 // bytes of a file
	besideRows    = 200      // rows of a table
	besideColumns = 64       // columns of a table
)

// noteBeside keeps a file that is no image, if it may have labels or boxes.
func (l *listing) noteBeside(name string, f file) {
	if ext := extension(name); slices.Contains(besideKinds, ext) && len(l.beside[ext]) < besideFiles {
		if l.beside == nil {
			l.beside = map[string][]entry{}
		}
		l.beside[ext] = append(l.beside[ext], entry{name, f})
	}
}

// tablesBeside returns the files beside the images whose names are those of tables.
func (l *listing) tablesBeside() []entry {
	var all []entry
	for _, ext := range besideKinds {
		for _, e := range l.beside[ext] {
			if IsTable(e.name) {
				all = append(all, e)
			}
		}
	}
	return all
}

// textTables returns the texts beside the images that are tables.
func (l *listing) textTables() []entry {
	var all []entry
	for _, e := range l.beside["txt"] {
		if head, err := e.file.head(besideHead); err == nil && isTextTable(bytes.NewReader(head)) {
			all = append(all, e)
		}
	}
	return all
}

// tableFound is a table of labels beside images, which names them.
type tableFound struct {
	entry
	images string   // the folder of the images, relative to the source; "" if it need not be named
	names  string   // the column of file names
	column string   // the same; "" if it need not be named
	labels string   // columns of labels, as a flag has them; "" if they need not be named
	others []string // columns of which one may have the labels, if that is not known
	found  int      // images that the rows name
	valid  string   // the table for validation that belongs to it, in an archive; "" if there is none
}

// tableBeside finds the table beside the images that names most of them. It prefers one in a folder for training.
func (l *listing) tableBeside(o OpenOptions) *tableFound {
	names := &spellings{entries: l.entries}
	var best *tableFound
	for _, e := range slices.Concat(l.tablesBeside(), l.textTables()) {
		rec := recordsOfHead(e)
		if rec == nil {
			continue
		}
		t := names.joined(rec, path.Dir(e.name), o)
		closeRecords(rec)
		if t == nil {
			continue
		}
		t.entry = e
		if path.Dir(e.name) != "." && t.images == path.Dir(e.name) || path.Dir(e.name) == "." && t.images == "." {
			t.images = ""
		}
		if best == nil || t.forTraining() && !best.forTraining() || t.forTraining() == best.forTraining() && t.found > best.found {
			best = t
		}
	}
	if best == nil || !best.forTraining() {
		return best
	}
	for _, e := range l.tablesBeside() {
		if _, disk := e.file.(diskFile); !disk && best.valid == "" && siblingKind(best.name, e.name) == validationPart {
			best.valid = e.name
		}
	}
	return best
}

// forTraining reports whether the name of the table or of its folder is that of a part for training.
func (t *tableFound) forTraining() bool {
	for _, word := range strings.Split(strings.TrimSuffix(t.name, path.Ext(t.name)), "/") {
		if kind, _ := partName(word); kind == trainingPart {
			return true
		}
	}
	return false
}

// recordsOfHead returns the first records of a table, nil if it cannot be read. The last record may be cut. The caller must call closeRecords.
func recordsOfHead(e entry) records {
	if disk, ok := e.file.(diskFile); ok && isParquet(e.name) {
		set := newParquetFile(string(disk))
		r, err := set.reader(0)
		if err != nil {
			return nil
		}
		set.open = r
		return set
	}
	k := tableKind(e.name)
	if extension(e.name) == "txt" {
		k = 0
	}
	head, err := e.file.head(besideHead)
	if err != nil || k < 0 || tableKinds[k].open == nil {
		return nil
	}
	r, err := unpackTable(bytes.NewReader(head), int64(len(head)), e.name)
	if err != nil {
		return nil
	}
	return recordsOf(k, io.LimitReader(r, besideHead))
}

// closeRecords closes the file of records, if they have one that was not yet read to its end.
func closeRecords(rec records) {
	if set, ok := rec.(*parquetSet); ok {
		set.close()
	}
}

// recordsOf returns the records of the text of a table of a kind, nil if it cannot be read.
func recordsOf(kind int, r io.Reader) records {
	rec, err := tableKinds[kind].open(r, true, func(header []string) bool { return newHeader(header).find(nameColumns...) >= 0 })
	if err != nil {
		return nil
	}
	return rec
}

// joined finds out how a table in a folder names the files. It returns nil if no column has the names of at least half of its first rows.
func (s *spellings) joined(rec records, folder string, o OpenOptions) *tableFound {
	header := rec.columns()
	columns := min(len(header), besideColumns)
	want, cells := make([]int, columns), make([]value, columns)
	for i := range want {
		want[i] = i
	}
	j := &joiner{others: s}
	found := make([]map[int32]string, columns) // the files and their names in the table
	values := make([]map[string]bool, columns)
	for i := range found {
		found[i], values[i] = map[int32]string{}, map[string]bool{}
	}
	rows := 0
	for ; rows < besideRows; rows++ {
		if _, err := rec.next(want, cells); err != nil {
			break // the end, or the end of what was read
		}
		for i, c := range cells {
			name := strings.TrimSpace(string(c.text))
			values[i][name] = true
			if name == "" || c.isList || len(name) > 1<<12 {
				continue
			}
			if at, ok := s.table(sameLetters)[path.Join(folder, name)]; ok && at != several && s.entries[at].name == path.Join(folder, name) {
				found[i][at] = name
			} else if at, how, err := j.respell(name, true, otherExtension); err == nil && how != asNumber { // a number may be a class or the number of a row
				found[i][at] = name
			}
		}
	}
	h := newHeader(header)
	usual := h.find(nameColumns...)
	best := cmp.Or(h.find(o.FilenameColumn), -1)
	for i := range found {
		if best < 0 || len(found[i]) > len(found[best]) || len(found[i]) == len(found[best]) && i == usual {
			best = i
		}
	}
	if best < 0 || rows == 0 || 2*len(found[best]) < rows {
		return nil
	}
	t := &tableFound{names: header[best], found: len(found[best]), images: s.folderOf(found[best])}
	if best != usual || o.FilenameColumn != "" {
		t.column = header[best]
	}
	t.findLabels(header, values, best, o)
	return t
}

// folderOf returns the folder to which the names of files in a table are relative. It may be ".".
func (s *spellings) folderOf(found map[int32]string) string {
	var names []string
	for at := range found {
		names = append(names, s.entries[at].name)
	}
	common := path.Clean(commonFolder(names) + ".")
	for folder := common; ; folder = path.Dir(folder) {
		exact := true
		for at, name := range found {
			exact = exact && path.Join(folder, name) == s.entries[at].name
		}
		if exact {
			return folder
		}
		if folder == "." {
			return common
		}
	}
}

// findLabels finds the columns of labels. values are those of the first rows.
func (t *tableFound) findLabels(header []string, values []map[string]bool, names int, o OpenOptions) {
	if o.LabelColumn != "" || len(o.LabelColumns) > 0 {
		if t.labels = namelist.Join(o.LabelColumns...); o.LabelColumn != "" {
			t.labels = namelist.Join(o.LabelColumn)
		}
		return
	}
	if newHeader(header).find(labelNames(header)...) >= 0 {
		return
	}
	var rest []string
	var sets []wordSet
	for i := range values {
		if i == names || header[i] == "" || isSplitName(header[i]) {
			continue
		}
		rest = append(rest, header[i])
		set := wordSet{}
		for v := range values[i] {
			set.add(v)
		}
		sets = append(sets, set)
	}
	at, _ := truthColumns(sets)
	var indicators []string
	for _, i := range at {
		indicators = append(indicators, rest[i])
	}
	switch {
	case len(indicators) > 1 && len(header) <= besideColumns:
		t.labels = namelist.Join(indicators...)
	case len(rest) == 1:
		t.labels = namelist.Join(rest[0])
	default:
		t.others = rest
	}
}

// advice says that the table names the images, and returns the command that opens it. source is the folder or the archive of the table.
func (t *tableFound) advice(source string) string {
	return fmt.Sprintf("the table %s names the images: %s", quoteName(t.name), t.opening(source))
}

// opening returns the command that opens the table.
func (t *tableFound) opening(source string) string {
	words := []string{"lince", "data"}
	from := ""
	if _, disk := t.file.(diskFile); !disk {
		words = append(words, path.Base(t.name), "--images", source)
		from = fmt.Sprintf("take %s out of the archive, and ", quoteName(t.name))
	} else {
		words = append(words, filepath.Join(source, filepath.FromSlash(t.name)))
		if t.images != "" {
			words = append(words, "--images", filepath.Join(source, filepath.FromSlash(t.images)))
		}
	}
	if t.column != "" {
		words = append(words, "--filename", t.column)
	}
	after, valid := "", ""
	if t.valid != "" {
		valid = fmt.Sprintf(". For validation, take %s out, too, and add --validation %s to train", quoteName(t.valid), shell.Quote(t.valid))
	}
	switch {
	case t.labels != "":
		words = append(words, "--category", t.labels)
	case t.others != nil:
		words = append(words, "--category", "COLUMN")
		after = fmt.Sprintf(", where COLUMN is the one with the labels: %s", listNames(t.others))
	}
	return fmt.Sprintf("%sopen it instead (%s%s); train and evaluate take the same arguments%s", from, shell.Command(words...), after, valid)
}
