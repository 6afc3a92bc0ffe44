package data

import (
	"fmt"
	"strconv"
	"strings"
)

// numberFormat finds out whether the numbers of a column have decimal points or decimal commas.
type numberFormat struct {
	points int // the numbers with a decimal point
	point  string
	commas int // those with a comma
	comma  string
	line   int  // the line of comma
	clear  bool // a comma is followed by other than three digits, so it does not separate thousands
}

// parse parses a number. Its comma is taken for a decimal comma; check says whether that holds for the column.
func (f *numberFormat) parse(text string, line int) (float32, error) {
	if isMissing(text) {
		return 0, errNoLabel
	}
	plain := text
	if before, after, ok := strings.Cut(text, ","); ok && strings.Trim(before, "+-0123456789") == "" && after != "" && strings.Trim(after, "0123456789") == "" {
		plain = before + "." + after
	}
	v, err := strconv.ParseFloat(plain, 32)
	if err != nil || v-v != 0 {
		hint := ""
		if _, ok := decimal(text); ok && strings.HasSuffix(text, "%") {
			hint = "; write numbers without a percent sign"
		} else if strings.Count(text, ",") > 0 && strings.Trim(text, "+-.,0123456789") == "" {
			hint = "; write numbers without separators of thousands"
		}
		return 0, fmt.Errorf("the label %q is not a number%s", beginning(text), hint)
	}
	switch {
	case plain != text:
		if f.commas++; f.commas == 1 {
			f.comma, f.line = text, line
		}
		before, after, _ := strings.Cut(strings.TrimLeft(text, "+-"), ",")
		f.clear = f.clear || len(after) != 3 || len(before) > 3 || before == "" || before[0] == '0'
	case strings.Contains(text, "."):
		f.points++
		f.point = text
	}
	return float32(v), nil
}

// check returns an error if it is not clear what the commas of the numbers in a column are, or else a note about them.
func (f *numberFormat) check(unit, column string) ([]string, error) {
	where := fmt.Sprintf("%s %d, column %q, has %s", unit, f.line, column, f.comma)
	switch {
	case f.commas == 0:
		return nil, nil
	case f.points > 0:
		return nil, fmt.Errorf("%s, but other numbers have a decimal point, such as %s; write all numbers with a decimal point, and without separators of thousands", where, f.point)
	case !f.clear:
		return nil, fmt.Errorf("%s: the comma may be a decimal comma or may separate thousands, as in all %d numbers with a comma; write all numbers with a decimal point, and without separators of thousands", where, f.commas)
	}
	return []string{fmt.Sprintf("The numbers have decimal commas: %s is %s.", f.comma, strings.Replace(f.comma, ",", ".", 1))}, nil
}
