package data

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/lince-ml/lince/internal/shell"
)

// twinClasses returns a warning for each group of classes whose names differ only in case, in the width of their letters and digits, or in spaces. rows has the number of rows of
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
		var counts, renames []string
		for i, c := range list {
			counts = append(counts, fmt.Sprintf("%s (%d)", c, rows[c]))
			if i > 0 {
				renames = append(renames, c+"="+list[0])
			}
		}
		how := "case"
		if slices.ContainsFunc(list, func(c string) bool { return !strings.EqualFold(c, list[0]) }) {
			how = "the form of their letters, digits or spaces"
		}
		warn = append(warn, fmt.Sprintf("The classes %s differ only in %s. To join them, use Rename (--rename %s).", strings.Join(counts, " and "), how, shell.Quote(strings.Join(renames, ","))))
	}
	return warn
}

// rowsOfClasses counts the rows of each class.
func rowsOfClasses(rows []Row) map[string]int {
	n := map[string]int{}
	for _, r := range rows {
		if r.Label != "" {
			n[r.Label]++
		}
	}
	return n
}
