package data

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A table may have only the names of images. Their labels are then from their folders or names, as those of images without a table.

// byName returns an error if a table has a column of labels, though a rule for names is set. Otherwise it reports whether labels are from names: a rule is set, or the only column has the
// names. labeled tells that the table has a column of labels or one is chosen, and columns is the number of columns.
func (o OpenOptions) byName(labeled bool, columns int) (bool, error) {
	switch chosen := o.LabelRule != Auto || o.LabelPattern != nil; {
	case o.LabelRule == Unlabeled:
		return false, nil
	case chosen && labeled && o.LabelPattern != nil:
		return false, fmt.Errorf("the labels come from the table's category column; the pattern %q cannot be used", o.LabelPattern)
	case chosen && labeled:
		return false, fmt.Errorf("the labels come from the table's category column; the rule %q cannot be used", o.LabelRule)
	case labeled || o.Task > Classify:
		return false, nil
	default:
		return chosen || columns == 1, nil
	}
}

// isNameRow reports whether the only field of the first line of a table is the name of an image, and not that of the column.
func isNameRow(s string) bool {
	if newHeader([]string{s}).find(nameColumns...) >= 0 || isImage(firstWord(s)) && firstWord(s) != s {
		return false
	}
	return isImage(s) || strings.ContainsAny(s, `/\`) && !strings.Contains(s, " ")
}

// isNameList reports whether the first lines of a text are names of images, one in each line.
func isNameList(r io.Reader) bool {
	const enough = 8 // lines
	text, _, err := decodedText(r, true)
	if err != nil {
		return false
	}
	br := bufio.NewReaderSize(text, 1<<16)
	for lines := range enough {
		line, _, err := firstLine(br)
		if err != nil {
			return lines > 0
		}
		s := strings.TrimSpace(string(line))
		if !isNameRow(s) && (lines > 0 || newHeader([]string{s}).find(nameColumns...) < 0) {
			return false
		}
	}
	return true
}

// labelByName gives the rows labels by the names of their files.
func (b *tableBuilder) labelByName() labeler {
	var names []string
	for i, s := range b.state {
		if s == rowFound {
			names = append(names, b.key(i))
		}
	}
	root := len(commonFolder(names))
	inFolder := slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n[root:], "/") })
	if root > 0 && !inFolder { // the folder may be the only class
		above := strings.TrimSuffix(names[0][:root], "/")
		above = above[strings.LastIndexByte(above, '/')+1:]
		if b.o.LabelRule == Folder || b.o.auto() && slices.Contains(b.o.Classes, above) {
			root -= len(above) + 1
		}
	}
	for i := range names {
		names[i] = names[i][root:]
	}
	rule, _ := b.o.labeler(names, nil)
	sets, c := newLabelSets(nil), newComposer()
	none := sets.add(nil)
	b.rows.class = make([]int32, len(b.state))
	for i, s := range b.state {
		b.rows.class[i] = none
		if s != rowFound {
			continue
		}
		label := c.compose(rule.spelled(names[0]))
		names = names[1:]
		if label == "" {
			b.state[i] = rowDropped
			b.unlabeled.add(b.rows.names.at(i), int(b.line[i]), fmt.Errorf("%w (the rule is %s)", errNoLabel, rule.what()))
			continue
		}
		b.rows.class[i] = sets.add([]string{label})
	}
	b.rows.labels = sets.list
	b.join.extra = append(b.join.extra, fmt.Sprintf("The table has no labels; they are from the names of the images (the rule is %s).", rule.what()))
	b.join.extra = append(b.join.extra, c.notes()...)
	return rule
}
