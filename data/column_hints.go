package data

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
)

// hintRows is the number of rows that are read for a hint.
const hintRows = 1000

// indicatorHint returns which columns probably say whether an image has a class, for a table in which no column of labels was found or named. It reads
// the first rows. It returns "" if there are no two columns whose values are all 0 and 1 or truth values.
func (o OpenOptions) indicatorHint(rec records) string {
	if o.LabelRule == Unlabeled || o.LabelColumn != "" || len(o.LabelColumns) > 0 || o.Task == Regress {
		return ""
	}
	header := rec.columns()
	h := newHeader(header)
	if len(header) > 1<<12 || h.find(labelNames(header)...) >= 0 {
		return ""
	}
	skip := []int{h.find(nameColumns...), h.find(o.FilenameColumn), h.find(o.SplitColumn)}
	var want []int
	for i, name := range header {
		if !slices.Contains(skip, i) && name != "" && !isSplitName(name) {
			want = append(want, i)
		}
	}
	cells := make([]value, len(want))
	sets := make([]wordSet, len(want))
	severalOnes := false
	for range hintRows {
		if _, err := rec.next(want, cells); err != nil {
			break // the end, or a row that cannot be read
		}
		ones := 0
		for i, c := range cells {
			sets[i].add(string(c.text))
			sets[i].other = sets[i].other || c.isList
			if sets[i].likely(string(c.text)) {
				ones++
			}
		}
		severalOnes = severalOnes || ones > 1
	}
	at, what := truthColumns(sets)
	var list []string
	for _, i := range at {
		list = append(list, header[want[i]])
	}
	if len(list) < 2 {
		return ""
	}
	flag := shell.Quote(namelist.Join(list...))
	task := ""
	if severalOnes {
		task = " --task multilabel"
	}
	return fmt.Sprintf("; the columns %s have %s: if they are the classes, name all of them (LabelColumns, --category %s%s)", listNames(list), what, flag, task)
}

// isSplitName reports whether the name of a column is one that says to which part a row belongs, such as is_valid.
func isSplitName(name string) bool {
	return slices.ContainsFunc(strings.Split(plainName(name), "_"), func(w string) bool { return columnPart(w) != noPart })
}

// aside are the columns that are not used, but that the user may want: those with the name of one that is used, and those that say to which part a row
// belongs.
type aside struct {
	header []string
	twins  []twinColumn
	parts  []partsColumn
	folds  []foldsColumn
	groups []groupColumn
}

// foldsColumn is a column whose values may be the folds of a cross-validation.
type foldsColumn struct {
	column int
	values map[string]bool // nil if they are not folds
}

// foldNames are the names of columns of folds, and mostFolds is the number of folds that such a column may have.
var foldNames = []string{"fold", "folds", "kfold", "kfolds", "k_fold", "cv", "cv_fold", "fold_id", "fold_no", "fold_number", "folds_id", "stratified_fold", "skf_fold", "fold_idx", "fold_index"}

const mostFolds = 100

// twinColumn is a column with the name of one that is used.
type twinColumn struct {
	of, column int // of is an index among the columns that are used
	differ     int // rows
}

// partsColumn is a column whose values may be parts.
type partsColumn struct {
	column int
	is     bool // so far
	kinds  [len(columnParts)]bool
}

// splitNames are the names of columns that may say to which part a row belongs, beside those that isSplitName knows.
var splitNames = []string{"split", "splits", "part", "partition", "subset", "set", "phase", "usage", "ml_use", "data_split", "dataset"}

// newAside finds the columns. used are those that are used.
func newAside(header []string, used []int, o OpenOptions) *aside {
	a := &aside{header: header}
	parts := o.SplitColumn == ""
	for i, name := range header {
		if slices.Contains(used, i) {
			continue
		}
		for of, u := range used {
			if u >= 0 && name == header[u] {
				a.twins = append(a.twins, twinColumn{of: of, column: i})
			}
		}
		switch plain := plainName(name); {
		case parts && (isSplitName(name) || slices.Contains(splitNames, plain)):
			a.parts = append(a.parts, partsColumn{column: i, is: true})
		case parts && slices.Contains(foldNames, plain):
			a.folds = append(a.folds, foldsColumn{i, map[string]bool{}})
		case o.GroupColumn == "" && isGroupName(name):
			a.groups = append(a.groups, groupColumn{column: i, values: map[uint64]bool{}})
		}
	}
	return a
}

// columns returns the indexes of the columns.
func (a *aside) columns() []int {
	var list []int
	for _, t := range a.twins {
		list = append(list, t.column)
	}
	for _, p := range a.parts {
		list = append(list, p.column)
	}
	for _, f := range a.folds {
		list = append(list, f.column)
	}
	for _, g := range a.groups {
		list = append(list, g.column)
	}
	return list
}

// see takes the values of a row: first those of the columns that are used, then those of columns.
func (a *aside) see(cells []value, used int) {
	for i := range a.twins {
		t := &a.twins[i]
		if !bytes.Equal(bytes.TrimSpace(cells[used+i].text), bytes.TrimSpace(cells[t.of].text)) {
			t.differ++
		}
	}
	for i := range a.parts {
		if p := &a.parts[i]; p.is {
			kind, err := partOf(a.header[p.column], textOf(cells[used+len(a.twins)+i].text))
			if p.is = err == nil; p.is && kind != noPart {
				p.kinds[kind] = true
			}
		}
	}
	for i := range a.folds {
		f := &a.folds[i]
		if f.values == nil {
			continue
		}
		text := strings.TrimSuffix(strings.TrimSpace(string(cells[used+len(a.twins)+len(a.parts)+i].text)), ".0")
		if isMissing(text) {
			continue
		}
		if f.values[text] = true; len(f.values) > mostFolds || len(text) > 20 {
			f.values = nil
		}
	}
	for i := range a.groups {
		a.groups[i].add(cells[used+len(a.twins)+len(a.parts)+len(a.folds)+i])
	}
}

// warnings returns a sentence for each column that the user may want.
func (a *aside) warnings() []string {
	var list []string
	for _, t := range a.twins {
		if t.differ > 0 {
			list = append(list, fmt.Sprintf("Several columns have the name %q. The first one is used, as in pandas; another one differs from it in %d rows. If it is the right one, rename it in the first line.", a.header[t.column], t.differ))
		}
	}
	for _, p := range a.parts {
		var kinds []string
		for k, has := range p.kinds {
			if has {
				kinds = append(kinds, columnParts[k])
			}
		}
		if p.is && len(kinds) > 1 {
			name := a.header[p.column]
			list = append(list, fmt.Sprintf("The column %q says which rows are for %s, but is not used: all rows are one set. To use it, name it (SplitColumn, --split).", name, strings.Join(kinds, ", ")))
		}
	}
	for _, f := range a.folds {
		if len(f.values) < 2 {
			continue
		}
		values := sortedKeys(f.values)
		slices.SortStableFunc(values, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		list = append(list, fmt.Sprintf("The column %q divides the rows into %d folds (%s), but is not used: all rows are one set. lince does not take folds from a column. To hold one fold out, write a column with val in its rows and train in the others, "+
			"and name it (SplitColumn, --split); lince train --folds %d makes folds itself.", a.header[f.column], len(values), listNames(values), len(values)))
	}
	return list
}

// elsewhere says what to do if no row has the name of a file: there may be another column of names, or another folder of images.
func (b *tableBuilder) elsewhere(name string) string {
	if 2*b.missing.n < b.read || b.missing.n == 0 || errors.Is(b.missing.list[0].Err, errBase64) {
		return ""
	}
	column := b.rec.columns()[b.columns.name]
	if set, ok := b.rec.(*parquetSet); ok {
		if others := slices.DeleteFunc(slices.Clone(set.holds), func(c string) bool { return c == column }); len(others) > 0 {
			return fmt.Sprintf("; the column %q is not that of the images: they are in %s (FilenameColumn, --filename)", column, listNames(others))
		}
	}
	if b.join.others != nil {
		if rec := recordsOfHead(entry{name, diskFile(name)}); rec != nil {
			defer closeRecords(rec)
			if t := b.join.others.joined(rec, ".", OpenOptions{}); t != nil && t.names != column {
				return fmt.Sprintf("; the column %q has no names of images, but %s has (FilenameColumn, --filename %s)", column, quoteName(t.names), shell.Quote(t.names))
			}
		}
	}
	where := "the folder of the table"
	if b.o.Images != "" {
		where = b.o.Images
	}
	return fmt.Sprintf("; if the images are not in %s, name their folder (Images, --images); if the names are in another column, name it (FilenameColumn, --filename): the columns are %s", where, listNames(b.rec.columns()))
}

// noRows is the error of a table's file without a usable row. hint says what to do.
func noRows(name string, dropped int, bad []BadFile, hint string) error {
	if len(bad) == 0 {
		return fmt.Errorf("%s: has no rows below its header", name)
	}
	first := ""
	if bad[0].Filename != "" {
		first = quoteName(bad[0].Filename) + ": "
	}
	return fmt.Errorf("%s: none of its %d rows can be used; the first, %s%w%s", name, dropped, first, bad[0].Err, hint)
}
