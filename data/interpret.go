package data

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// maxLabels limits the number of distinct labels of a table.
const maxLabels = 1 << 18

// labelValues are the distinct values of the label columns.
type labelValues struct {
	byKey map[string]int32
	list  []labelValue
	key   []byte
}

// labelValue is a value of each label column.
type labelValue struct {
	cells []labelCell
	n     int // rows
	line  int // of the first row
}

// labelCell is a value of a label column: a text or a list.
type labelCell struct {
	text   string
	list   []string
	isList bool
}

// intern returns the index of the values in the cells of a line.
func (v *labelValues) intern(cells []value, line int) (int32, error) {
	v.key = v.key[:0]
	for _, c := range cells {
		if c.isList {
			v.key = append(v.key, 1)
			for _, s := range c.list {
				v.key = append(append(v.key, s...), 2)
			}
		}
		v.key = append(append(v.key, c.text...), 3)
	}
	at, ok := v.byKey[string(v.key)]
	if !ok {
		if len(v.list) >= maxLabels {
			return 0, fmt.Errorf("the labels have more than %d different values; choose another column (LabelColumn, --category)", maxLabels)
		}
		l := labelValue{cells: make([]labelCell, len(cells)), line: line}
		for i, c := range cells {
			l.cells[i] = labelCell{string(c.text), c.list, c.isList}
		}
		at = int32(len(v.list))
		v.list = append(v.list, l)
		v.byKey[string(v.key)] = at
	}
	v.list[at].n++
	return at, nil
}

// missingWords are the texts that pandas' read_csv takes for a missing value, and what databases write for one.
var missingWords = []string{"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
	`\N`} // the last one is that of MySQL and PostgreSQL

// errorWords are what spreadsheets write for a formula that has no value.
var errorWords = []string{"#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#GETTING_DATA", "#BUSY!"}

// IsMissingWord reports whether Open takes a text in a table for a missing label, unless OpenOptions.KeepNA is set or OpenOptions.Classes has it: NA, None, null and similar.
func IsMissingWord(s string) bool { return s != "" && isMissing(s) }

func isMissing(s string) bool {
	return slices.Contains(missingWords, s) || slices.Contains(errorWords, s)
}

// errNoLabel is the error of a row or a file without a label.
var errNoLabel = errors.New("the label is missing")

// interpreter finds out what the values of the label columns mean.
type interpreter struct {
	o       OpenOptions
	columns []string
	values  []labelValue
	unit    string // what the numbers of lines count: "line" or "row"

	result  []interpreted // for each value
	labels  []rowLabel
	words   map[string]bool
	numeric bool            // all classes are numbers
	yes     map[string]bool // the words that stand for 1 in columns of classes, in the form of foldWord; nil for those that indicator knows
	one     string          // a word for 1, for messages
	notes   []string
	warn    []string
	alike   []string // those about classes whose names look alike

	vectorColumn string // the column with vectors, whose places are then columns; "" if there is none
}

// interpreted is the meaning of a value: a label, or the reason why there is none.
type interpreted struct {
	label int32
	err   error
}

// interpret sets the results. Labels that look like those of another task are an error.
func (in *interpreter) interpret() error {
	in.words = map[string]bool{}
	sets := make([][]string, len(in.values)) // the classes of each value
	errs := make([]error, len(in.values))
	if err := in.objects(); err != nil {
		return err
	}
	in.boxed()
	columns, err := in.vectors(errs)
	if err != nil {
		return err
	}
	if err := in.fractions(); err != nil && !columns {
		return err
	}
	columns = columns || len(in.columns) > 1 && in.indicators()
	if len(in.columns) > 1 && !columns {
		if columns, err = in.worded(); err != nil {
			return err
		}
	}
	switch {
	case columns:
		err = in.oneHot(sets, errs)
	case len(in.columns) > 1 || slices.ContainsFunc(in.values, func(v labelValue) bool { return v.cells[0].isList }):
		err = in.lists(sets, errs)
	default:
		err = in.texts(sets, errs)
	}
	if err != nil {
		return err
	}
	in.compose(sets)
	in.numbers(sets)
	in.twins(sets)
	all := newLabelSets(nil)
	for i, s := range sets {
		r := interpreted{err: errs[i]}
		if r.err == nil {
			r.label = all.add(s)
		}
		in.result = append(in.result, r)
	}
	in.labels = all.list
	return nil
}

// missing reports whether a text stands for no label, and remembers the word.
func (in *interpreter) missing(s string) bool {
	if s != "" && in.o.KeepNA || !isMissing(s) || s != "" && slices.Contains(in.o.Classes, s) {
		return false
	}
	if s != "" {
		in.words[s] = true
	}
	return true
}

// likely returns an error if the labels look like those of another task than Classify.
func (in *interpreter) likely(labels []string, rows int) error {
	numbers, fractions := 0, ""
	for _, l := range labels {
		if v, ok := decimal(l); ok {
			numbers++
			if v != math.Trunc(v) && !strings.HasSuffix(l, "%") {
				fractions = l
			}
		}
	}
	column := in.columns[0]
	if n := len(labels); numbers == n && n > 20 && (fractions != "" || 10*n > rows) {
		return fmt.Errorf("the column %q has %d different numbers, such as %s, in %d rows: if these are to be predicted as numbers, set the task to regress, else to classify (Task, --task)",
			column, n, cmp.Or(fractions, labels[0]), rows)
	}
	alone := map[string]bool{}
	for _, l := range labels {
		alone[l] = true
	}
	if comma := slices.IndexFunc(labels, func(l string) bool { return strings.Contains(l, ",") }); numbers == len(labels) && comma >= 0 {
		return fmt.Errorf("the column %q has labels such as %q: if these are numbers with a decimal comma, set the task to regress, if they are several labels, to multilabel, else to classify (Task, --task)", column, beginning(labels[comma]))
	}
	for _, sep := range []string{"|", ";", ","} {
		parts := map[string]bool{}
		joint, known, example := 0, true, "" // known: each part of a joint label is a label, too
		some := false                        // a part of a joint label is a label, too
		for _, l := range labels {
			list := splitLabels(l, sep)
			for _, p := range list {
				parts[p] = true
				known = known && (len(list) == 1 || alone[p])
				some = some || len(list) > 1 && alone[p] && !strings.Contains(l, ", ")
			}
			if len(list) > 1 {
				joint++
				example = l
			}
		}
		if joint > 1 && len(parts) < len(labels) || joint > 0 && (known && sep != "," || some && sep == ",") {
			return severalLabels(column, example)
		}
	}
	if l := mixed(labels); l != "" {
		return severalLabels(column, l)
	}
	return nil
}

func severalLabels(column, example string) error {
	return fmt.Errorf("the column %q has labels such as %q: if these are several labels, set the task to multilabel, else to classify (Task, --task)", column, beginning(example))
}

// number parses a decimal number.
func number(s string) (float64, bool) {
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// numbers finds out whether all classes are numbers. Whole numbers are then written without .0, as pandas writes them in a column with
// gaps.
func (in *interpreter) numbers(sets [][]string) {
	changed := ""
	whole, any := true, false
	for _, set := range sets {
		for _, c := range set {
			v, ok := number(c)
			if !ok {
				return
			}
			any = true
			if v != math.Trunc(v) || math.Abs(v) >= 1<<53 || len(c) > 1 && c[0] == '0' && c[1] != '.' {
				whole = false
			}
		}
	}
	in.numeric = any
	if !whole {
		return
	}
	for _, set := range sets {
		for k, c := range set {
			v, _ := number(c)
			if text := strconv.FormatInt(int64(v), 10); text != c {
				changed, set[k] = cmp.Or(changed, c), text
			}
		}
	}
	if changed != "" {
		v, _ := number(changed)
		in.notes = append(in.notes, fmt.Sprintf("The labels are whole numbers: %s is the class %d.", changed, int64(v)))
	}
}

// compose writes classes in the Unicode form NFC, so that a class that is spelled in two forms, which look alike, is one.
func (in *interpreter) compose(sets [][]string) {
	c := newComposer()
	for _, set := range sets {
		for k, class := range set {
			set[k] = c.compose(class)
		}
	}
	in.notes = append(in.notes, c.notes()...)
}

// composer writes classes in the Unicode form NFC, without the spaces around them.
type composer struct {
	forms   map[string]string // a spelling of each class
	joined  map[string]bool   // the classes that have two
	trimmed map[string]int    // the images of classes that had spaces around them
}

// composed returns a class in the Unicode form NFC, without the spaces around it.
func composed(class string) string { return norm.NFC.String(strings.TrimFunc(class, isSpace)) }

func newComposer() composer {
	return composer{map[string]string{}, map[string]bool{}, map[string]int{}}
}

func (c composer) compose(class string) string {
	bare, n := strings.TrimFunc(class, isSpace), composed(class)
	if len(bare) != len(class) && n != "" {
		c.trimmed[n]++
	}
	if before, ok := c.forms[n]; ok && before != bare {
		c.joined[n] = true
	}
	c.forms[n] = bare
	return n
}

// notes describes the classes that were spelled in two forms, or with spaces around them.
func (c composer) notes() (list []string) {
	if len(c.joined) > 0 {
		list = append(list, fmt.Sprintf("Classes that are spelled in two Unicode forms (NFC and NFD) are one class each: %s.", listNames(sortedKeys(c.joined))))
	}
	if len(c.trimmed) > 0 {
		n := 0
		for _, images := range c.trimmed {
			n += images
		}
		list = append(list, fmt.Sprintf("Removed the spaces around %d of the labels: %s.", n, listNames(sortedKeys(c.trimmed))))
	}
	return list
}

// twins warns of classes whose names look alike.
func (in *interpreter) twins(sets [][]string) {
	rows := map[string]int{}
	for i, set := range sets {
		for _, c := range set {
			rows[c] += in.values[i].n
		}
	}
	in.alike = twinClasses(rows)
	in.warn = append(in.warn, in.alike...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// labelSets are distinct sets of classes.
type labelSets struct {
	list  []rowLabel
	byKey map[string]int32
}

func newLabelSets(list []rowLabel) *labelSets {
	s := &labelSets{list: list, byKey: map[string]int32{}}
	for i, l := range list {
		s.byKey[strings.Join(l.classes, "\x00")] = int32(i)
	}
	return s
}

// add returns the index of a set of classes.
func (s *labelSets) add(classes []string) int32 {
	classes = slices.Compact(slices.Sorted(slices.Values(classes)))
	k := strings.Join(classes, "\x00")
	at, ok := s.byKey[k]
	if !ok {
		at = int32(len(s.list))
		s.list = append(s.list, rowLabel{strings.Join(classes, "|"), classes})
		s.byKey[k] = at
	}
	return at
}

// union returns the index of the union of two sets.
func (s *labelSets) union(a, b int32) int32 {
	return s.add(slices.Concat(s.list[a].classes, s.list[b].classes))
}
