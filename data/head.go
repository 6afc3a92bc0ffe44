package data

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/escape"
)

// maxColumn is the number of characters of a column's text that pandas prints
// (display.max_colwidth 50, minus one for the gap).
const maxColumn = 49

// Head formats the first n rows as pandas' df.head(n) does: right-aligned, each with its row number.
// The column "category" holds the labels. The text does not end with a newline.
//
//	    filename category
//	0  cat.0.jpg      cat
//	1  cat.1.jpg      cat
func (t *Table) Head(n int) string {
	n = min(max(n, 0), t.Len())
	if n == 0 {
		return "Empty DataFrame\nColumns: [filename, category]\nIndex: []"
	}
	columns := [3][]string{{""}, {"filename"}, {"category"}}
	for i := range n {
		r := t.Row(i)
		columns[0] = append(columns[0], strconv.Itoa(i))
		columns[1] = append(columns[1], cell(r.Filename))
		columns[2] = append(columns[2], cell(cmp.Or(r.Label, "NaN")))
	}
	var width [3]int
	for c, texts := range columns {
		for _, s := range texts {
			width[c] = max(width[c], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	for i := range n + 1 {
		if i > 0 {
			b.WriteByte('\n')
		}
		// The index is left-aligned, as in pandas; %*s counts runes.
		fmt.Fprintf(&b, "%-*s  %*s %*s", width[0], columns[0][i], width[1], columns[1][i], width[2], columns[2][i])
	}
	return b.String()
}

// cell makes a text safe to print in a column of a terminal.
func cell(s string) string {
	s = escape.Line(s)
	if r := []rune(s); len(r) > maxColumn {
		s = string(r[:maxColumn-3]) + "..."
	}
	return s
}

// Count is the number of rows of a class.
type Count struct {
	Label string
	N     int
}

// Counts lists the classes with their numbers of rows, the largest first.
type Counts []Count

// Counts counts the rows of each class, as pandas' df["category"].value_counts() does: the largest
// class first, and classes of equal size in order of appearance. Rows without a label are not
// counted, and rows with several labels once for each. It returns nil for Regress.
func (t *Table) Counts() Counts {
	at := map[string]int{}
	var counts Counts
	add := func(label string) {
		i, ok := at[label]
		if !ok {
			i = len(counts)
			at[label] = i
			counts = append(counts, Count{Label: label})
		}
		counts[i].N++
	}
	switch t.Task() {
	case Regress:
		return nil
	case MultiLabel:
		for i := range t.Len() {
			for _, c := range t.LabelSet(i) {
				add(c)
			}
		}
	default:
		for _, l := range t.labels() {
			if l != "" {
				add(l)
			}
		}
	}
	slices.SortStableFunc(counts, func(a, b Count) int { return cmp.Compare(b.N, a.N) })
	return counts
}

// Without returns the classes of c that are not in other.
func (c Counts) Without(other Counts) Counts {
	has := map[string]bool{}
	for _, o := range other {
		has[o.Label] = true
	}
	return slices.DeleteFunc(slices.Clone(c), func(e Count) bool { return has[e.Label] })
}

// String formats the counts as pandas prints value_counts(). The text does not end with a newline.
func (c Counts) String() string {
	if len(c) == 0 {
		return "Series([], Name: count, dtype: int64)"
	}
	name, number := 0, 0
	for _, e := range c {
		name = max(name, utf8.RuneCountInString(cell(e.Label)))
		number = max(number, len(strconv.Itoa(e.N)))
	}
	var b strings.Builder
	b.WriteString("category\n")
	for _, e := range c {
		fmt.Fprintf(&b, "%-*s    %*d\n", name, cell(e.Label), number, e.N)
	}
	b.WriteString("Name: count, dtype: int64")
	return b.String()
}
