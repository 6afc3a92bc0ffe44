package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// vectors finds out whether each value of the only column is a vector with 0 or 1 for each class, as Keras' to_categorical makes one: a list, or a text such as [1, 0], [1. 0.] and
// 1 0. If so, its places become the columns. Vectors with fractions are an error. errs gets the errors of values without a vector.
func (in *interpreter) vectors(errs []error) (bool, error) {
	if len(in.columns) != 1 {
		return false, nil
	}
	lists := make([][]string, len(in.values))
	distinct, size, fraction := map[string]bool{}, 0, -1
	inLists := false // a value is a list of JSON lines or Parquet
	for i, v := range in.values {
		c := v.cells[0]
		if c.isList && len(c.list) == 0 || !c.isList && in.missing(c.text) {
			continue
		}
		list := in.vector(c)
		if size == 0 {
			size = len(list)
		}
		if len(list) < 2 || len(list) != size {
			return false, nil
		}
		for _, s := range list {
			if _, ok := indicator(s); ok {
				continue
			}
			if x, ok := number(s); !ok || x < 0 || x > 1 {
				return false, nil
			}
			if fraction < 0 || v.line < in.values[fraction].line {
				fraction = i
			}
		}
		lists[i], inLists = list, inLists || c.isList
		distinct[strings.Join(list, " ")] = true
	}
	switch {
	case size == 0:
		return false, nil
	case fraction >= 0 && !inLists && in.o.Task == Classify:
		return false, nil
	case fraction >= 0:
		v := in.values[fraction]
		at := slices.IndexFunc(lists[fraction], func(s string) bool { x, _ := number(s); return x != math.Trunc(x) })
		return false, softLabels(fmt.Sprintf("%s %d, column %q, has %s", in.unit, v.line, in.columns[0], lists[fraction][at]), false)
	case size == 2 && len(distinct) == 1: // perhaps the classes 0 and 1 of all images
		return false, nil
	}
	for i, l := range lists {
		in.values[i].cells[0] = labelCell{list: l, isList: true}
		if l == nil {
			in.values[i].cells[0].list, errs[i] = make([]string, size), errNoLabel
		}
	}
	in.vectorColumn = in.columns[0]
	in.columns = placeNames(in.vectorColumn, size)
	names := "The classes have these numbers as names; --rename 0=NAME gives them others."
	if _, isNumber := number(in.columns[0]); !isNumber {
		names = fmt.Sprintf("The name of the column has those of the classes: %s.", listNames(in.columns))
	}
	in.notes = append(in.notes, fmt.Sprintf("The column %q has vectors of %d values, 0 or 1: an image has the class whose place, counted from 0, has a 1. %s", in.vectorColumn, size, names))
	return true, nil
}

// placeNames returns the classes of the places of vectors: those in the name of their column, such as cat|dog, or numbers from 0.
func placeNames(column string, size int) []string {
	for _, sep := range labelSeparators {
		if names := splitLabels(column, sep); len(names) == size {
			return names
		}
	}
	names := make([]string, size)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// vector returns the values in a cell that is a list or a text with several numbers or truth values. It returns nil for another one.
func (in *interpreter) vector(c labelCell) []string {
	list := c.list
	if !c.isList {
		text := strings.TrimSpace(c.text)
		// 1,0 may be a number with a decimal comma.
		if _, ok := decimal(text); ok && (in.o.Task != MultiLabel || !strings.Contains(text, ",")) {
			return nil
		}
		list = strings.FieldsFunc(strings.Trim(text, "[](){}"), func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune(",;|"+in.o.LabelSeparator, r)
		})
	}
	for _, s := range list {
		_, isNumber := number(s)
		if l := strings.ToLower(s); !isNumber && l != "true" && l != "false" {
			return nil
		}
	}
	return list
}

// cell returns the text of a value in a column of classes.
func (in *interpreter) cell(v labelValue, column int) string {
	if in.vectorColumn != "" {
		return v.cells[0].list[column]
	}
	return v.cells[column].text
}

// place names a column of classes in messages.
func (in *interpreter) place(column int) string {
	if in.vectorColumn != "" {
		return fmt.Sprintf("column %q, place %d", in.vectorColumn, column)
	}
	return fmt.Sprintf("column %q", in.columns[column])
}
