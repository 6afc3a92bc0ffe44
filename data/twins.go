package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/lince-ml/lince/internal/namelist"
	"github.com/lince-ml/lince/internal/shell"
)

// twinClasses returns a warning for each group of classes whose names differ only in case, in the width of their letters and digits, or in spaces, and for true
// beside 1 and false beside 0. rows has the number of rows of
// each class.
func twinClasses(rows map[string]int) (warn []string) {
	spelled := map[string][]string{}
	for c := range rows {
		k := strings.Join(strings.Fields(strings.ToLower(norm.NFKC.String(c))), " ")
		spelled[k] = append(spelled[k], c)
	}
	for _, k := range sortedKeys(spelled) {
		list := spelled[k]
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b)) })
		var counts []string
		var renames []namelist.Pair
		for i, c := range list {
			counts = append(counts, fmt.Sprintf("%s (%d)", c, rows[c]))
			if i > 0 {
				renames = append(renames, namelist.Pair{Name: c, Value: list[0]})
			}
		}
		how := "case"
		if slices.ContainsFunc(list, func(c string) bool { return !strings.EqualFold(c, list[0]) }) {
			how = "the form of their letters, digits or spaces"
		}
		warn = append(warn, fmt.Sprintf("The classes %s differ only in %s. To join them, use Rename (--rename %s).", strings.Join(counts, " and "), how, shell.Quote(namelist.JoinPairs(renames...))))
	}
	return append(warn, truthTwins(rows)...)
}

// truthTwins returns a warning if truth values are classes beside 0 and 1, as in tables of several sources.
func truthTwins(rows map[string]int) []string {
	var pairs []string
	var renames []namelist.Pair
	for c := range rows {
		number := map[string]string{"true": "1", "false": "0"}[strings.ToLower(c)]
		if rows[number] > 0 {
			pairs = append(pairs, fmt.Sprintf("%s (%d) and %s (%d)", c, rows[c], number, rows[number]))
			renames = append(renames, namelist.Pair{Name: c, Value: number})
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	slices.SortFunc(pairs, func(a, b string) int { return cmp.Compare(b, a) })
	slices.SortFunc(renames, func(a, b namelist.Pair) int { return cmp.Compare(b.Name, a.Name) })
	return []string{fmt.Sprintf("The classes %s probably mean the same. To join them, use Rename (--rename %s).", strings.Join(pairs, ", "), shell.Quote(namelist.JoinPairs(renames...)))}
}

// rowsOfClasses counts the rows of each class.
func (t *Table) rowsOfClasses() map[string]int {
	n := map[string]int{}
	for _, c := range t.Counts() {
		n[c.Label] = c.N
	}
	return n
}
