package data

import (
	"fmt"
	"slices"
	"strings"
)

// Labels may have boxes or scores after them, as in the tables of Kaggle's competitions: "n01440764 240 170 260 240 ", for each box in an image. Only the labels are used.

// labelRuns returns the words between the numbers in a text, and how many numbers follow each of them. before is how many numbers are before the first.
func labelRuns(text string) (runs []string, after []int, before int) {
	inWords := false
	for _, f := range strings.Fields(text) {
		_, isNumber := number(f)
		switch {
		case isNumber && runs == nil:
			before++
		case isNumber:
			after[len(after)-1]++
		case inWords:
			runs[len(runs)-1] += " " + f
		default:
			runs, after = append(runs, f), append(after, 0)
		}
		inWords = !isNumber
	}
	return runs, after, before
}

// boxedLabels returns the distinct labels in a text in which each label has a box after it: four numbers, or five with a score. It returns nil for another text.
func boxedLabels(text string) []string {
	runs, after, before := labelRuns(text)
	if before > 0 || slices.ContainsFunc(after, func(n int) bool { return n < 4 || n > 5 }) {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(runs)))
}

// boxed takes the labels out of the only column, if boxes are after them.
func (in *interpreter) boxed() {
	if len(in.columns) != 1 || in.o.LabelSeparator != "" {
		return
	}
	first, lists := 0, make([][]string, len(in.values))
	for i, v := range in.values {
		c := v.cells[0]
		if c.isList {
			return
		}
		if lists[i] = boxedLabels(c.text); lists[i] != nil {
			if first == 0 || v.line < first {
				first = v.line
			}
			continue
		}
		if _, after, before := labelRuns(c.text); before > 0 || len(after) > 1 || len(after) == 1 && after[0] > 0 {
			return // a text with other numbers
		}
	}
	if first == 0 {
		return
	}
	for i, l := range lists {
		if l != nil {
			in.values[i].cells[0] = labelCell{list: l, isList: true}
		}
	}
	in.notes = append(in.notes, fmt.Sprintf("The column %q has labels with boxes after them, which are not used, as in %s %d.", in.columns[0], in.unit, first))
}

// classIn returns the class in a cell of a list: a known one, also with numbers around it, such as those of boxes. It returns "" for a cell with several classes, and another text unchanged.
func classIn(text string, known map[string]bool) string {
	if known[text] || len(known) == 0 {
		return text
	}
	runs, _, _ := labelRuns(text)
	classes := slices.Compact(slices.Sorted(slices.Values(runs)))
	switch {
	case len(classes) == 1 && known[classes[0]]:
		return classes[0]
	case len(classes) > 1 && slices.ContainsFunc(classes, func(c string) bool { return known[c] }):
		return ""
	}
	return text
}
