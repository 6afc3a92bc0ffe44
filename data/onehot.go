package data

import (
	"fmt"
	"math"
	"strings"
)

// indicators reports whether all values of the columns say whether an image has the class: 0 and 1, truth values, or empty.
func (in *interpreter) indicators() bool {
	for _, v := range in.values {
		for _, c := range v.cells {
			if _, ok := indicator(c.text); c.isList || !ok && !isMissing(c.text) {
				return false
			}
		}
	}
	return true
}

// indicator parses a truth value, or -1, which means no beside 1, as in the table of CelebA.
func indicator(s string) (yes, ok bool) {
	if v, isNumber := number(s); isNumber {
		return v == 1, v == 0 || v == 1 || v == -1
	}
	return truth(s)
}

// fractions returns an error if the labels are fractions: probabilities of classes, which no task takes as labels.
func (in *interpreter) fractions() error {
	if in.o.Task == Classify && len(in.columns) == 1 {
		return nil
	}
	found, fraction, line, column := false, "", 0, ""
	for _, v := range in.values {
		for i, c := range v.cells {
			list := c.list
			if !c.isList {
				list = []string{c.text}
			}
			if len(in.columns) == 1 && !c.isList && in.o.Task == MultiLabel {
				list = strings.FieldsFunc(bareList(c.text), func(r rune) bool { return strings.ContainsRune(";| ", r) })
			}
			for _, s := range list {
				if isMissing(s) {
					continue
				}
				x, ok := number(s)
				if len(in.columns) > 1 {
					x, ok = decimal(s)
				}
				if !ok || x < 0 || x > 1 {
					return nil
				}
				if x != math.Trunc(x) && (!found || v.line < line) {
					found, fraction, line, column = true, s, v.line, in.columns[i]
				}
			}
		}
	}
	if !found {
		return nil
	}
	where := fmt.Sprintf("%s %d, column %q, has %s", in.unit, line, column, fraction)
	if len(in.columns) == 1 && in.o.Task == AutoTask {
		return fmt.Errorf("the labels are numbers from 0 to 1, not names of classes: %s; if they are to be predicted as numbers, set the task to regress, else to classify (Task, --task)", where)
	}
	return softLabels(where, len(in.columns) > 1)
}

// softLabels is the error of labels that are fractions. where says which, and columns whether each class has a column.
func softLabels(where string, columns bool) error {
	remedy := "write the name of the most probable class into one column"
	if columns {
		remedy = "write 1 for the most probable class, or for all classes that an image has, and 0 for the others; or predict one of the columns as a number, with the task regress (Task, --task)"
	}
	return fmt.Errorf("the labels are fractions (soft labels, the probabilities of classes), which cannot be used as labels: %s; %s", where, remedy)
}

// decimal parses a number with a decimal point or a decimal comma, or a percentage.
func decimal(s string) (float64, bool) {
	if v, ok := number(strings.Replace(s, ",", ".", 1)); ok {
		return v, true
	}
	v, ok := number(strings.Replace(strings.TrimSuffix(s, "%"), ",", ".", 1))
	return v / 100, ok
}

// oneHot takes the columns with a 1 as the classes, or the places of vectors.
func (in *interpreter) oneHot(sets [][]string, errs []error) error {
	if err := in.minusOne(); err != nil {
		return err
	}
	several, example := 0, ""
	one, word := "1", "a 1"
	if in.one != "" {
		one, word = in.one, in.one
	}
	used := map[string]bool{}
	for i, v := range in.values {
		for k := range in.columns {
			text := in.cell(v, k)
			yes, _ := indicator(text)
			if in.yes != nil {
				yes = in.yes[foldWord(text)]
			}
			if yes {
				sets[i] = append(sets[i], in.columns[k])
				used[in.columns[k]] = true
			}
		}
		switch {
		case in.o.Task == MultiLabel, errs[i] != nil:
		case len(sets[i]) == 0 && in.vectorColumn != "":
			errs[i] = fmt.Errorf("no label: the vector has no 1 (%w)", errNoLabel)
		case len(sets[i]) == 0:
			errs[i] = fmt.Errorf("no label: none of the columns %s has %s (%w)", listNames(in.columns), word, errNoLabel)
		case len(sets[i]) > 1:
			if several += v.n; example == "" {
				example = strings.Join(sets[i], " and ")
			}
		}
	}
	for _, c := range in.columns {
		if !used[c] && in.vectorColumn != "" {
			in.warn = append(in.warn, fmt.Sprintf("No vector has a 1 in the place of %s, so it is no class.", c))
		} else if !used[c] {
			in.warn = append(in.warn, fmt.Sprintf("The column %s has no %s, so it is no class.", c, one))
		}
	}
	if several > 0 && in.vectorColumn != "" {
		return fmt.Errorf("%d rows have a 1 in several places of their vectors, such as those of %s; if images have several labels, set the task to multilabel (Task, --task)", several, example)
	}
	if several > 0 {
		return fmt.Errorf("%d rows have %s in several of the columns, such as %s; if images have several labels, set the task to multilabel (Task, --task)", several, word, example)
	}
	return nil
}

// minusOne returns an error if the columns have -1 and 0: -1 may then mean that it is not known whether an image has the class.
func (in *interpreter) minusOne() error {
	minus, zero, line, column := false, false, 0, 0
	for _, v := range in.values {
		for k := range in.columns {
			x, ok := number(in.cell(v, k))
			zero = zero || ok && x == 0
			if ok && x == -1 && (!minus || v.line < line) {
				minus, line, column = true, v.line, k
			}
		}
	}
	switch {
	case !minus:
	case zero:
		return fmt.Errorf("the columns have 0, 1 and -1, as in %s %d, %s; -1 may mean that the label is uncertain, so write 0 or 1 instead, or remove the row", in.unit, line, in.place(column))
	case in.vectorColumn != "":
		in.notes = append(in.notes, "The vectors have 1 and -1; -1 means that an image does not have the class.")
	default:
		in.notes = append(in.notes, "The columns have 1 and -1; -1 means that an image does not have the class.")
	}
	return nil
}
