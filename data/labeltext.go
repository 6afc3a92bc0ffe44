package data

import (
	"fmt"
	"slices"
	"strings"
)

// separators of the labels in a cell, in the order in which they are tried. A space is often part of a name.
var labelSeparators = []string{"|", ";", ",", " "}

// lists takes the texts of all columns and lists as labels.
func (in *interpreter) lists(sets [][]string, errs []error) error {
	several, example := 0, ""
	again := 0 // rows that name a class in several columns
	for i, v := range in.values {
		repeated := false
		for _, c := range v.cells {
			before := len(sets[i])
			list := c.list
			switch {
			case c.isList:
			case in.o.LabelSeparator != "" && in.o.Task == MultiLabel:
				list = splitLabels(c.text, in.o.LabelSeparator)
			default:
				list = []string{c.text}
			}
			for _, s := range list {
				if s = strings.TrimSpace(s); in.missing(s) {
					continue
				}
				at := slices.Index(sets[i], s)
				if at < 0 {
					sets[i] = append(sets[i], s)
				}
				repeated = repeated || at >= 0 && at < before
			}
		}
		if repeated {
			again += v.n
		}
		switch {
		case len(sets[i]) == 0 && (in.o.Task != MultiLabel || !v.cells[0].isList):
			errs[i] = errNoLabel
		case len(sets[i]) > 1 && in.o.Task != MultiLabel:
			if several += v.n; example == "" {
				example = strings.Join(sets[i], " and ")
			}
		}
	}
	if several > 0 {
		return fmt.Errorf("%d rows have several labels, such as %s; if images have several labels, set the task to multilabel (Task, --task)", several, beginning(example))
	}
	if again > 0 {
		in.notes = append(in.notes, fmt.Sprintf("%d rows name a class in several of the columns %s; it counts once.", again, listNames(in.columns)))
	}
	return in.joint(sets, in.o.LabelSeparator)
}

// texts takes the text of the only column as a label, or as several with MultiLabel.
func (in *interpreter) texts(sets [][]string, errs []error) error {
	var whole []string
	rows := 0
	for i, v := range in.values {
		if s := v.cells[0].text; in.missing(s) {
			errs[i] = errNoLabel
		} else {
			sets[i] = []string{s}
			whole = append(whole, s)
			rows += v.n
		}
	}
	if in.o.Task == AutoTask {
		if err := in.likely(whole, rows); err != nil {
			return err
		}
		return in.joint(sets, "")
	}
	if in.o.Task != MultiLabel {
		return nil
	}
	sep := in.o.LabelSeparator
	if sep == "" {
		for _, s := range labelSeparators {
			if slices.ContainsFunc(whole, func(w string) bool { return quotedList(w) == nil && strings.Contains(bareList(w), s) }) {
				sep = s
				break
			}
		}
		if sep != "" {
			in.notes = append(in.notes, fmt.Sprintf("The labels of an image are separated by %q (LabelSeparator, --label-separator).", sep))
		}
	}
	for i, s := range sets {
		if errs[i] != nil {
			continue
		}
		list := quotedList(s[0])
		if list == nil || in.o.LabelSeparator != "" {
			list = splitLabels(s[0], sep)
		}
		sets[i] = slices.DeleteFunc(list, in.missing)
	}
	return in.joint(sets, sep)
}

// joint looks for labels that are probably several labels with another separator than that of the column: "sunny, cloudy" beside "sunny|rain". They are an error, unless
// the separator was chosen. sep is the separator that was used, "" for none.
func (in *interpreter) joint(sets [][]string, sep string) error {
	if in.o.Task == Classify {
		return nil
	}
	first := map[string]int{} // the first line of a label
	rows := map[string]int{}
	for i, set := range sets {
		for _, l := range set {
			if _, again := rows[l]; !again || in.values[i].line < first[l] {
				first[l] = in.values[i].line
			}
			rows[l] += in.values[i].n
		}
	}
	for _, other := range labelSeparators {
		if other == sep {
			continue
		}
		seen := map[string]int{} // the labels in which a part is
		alone := false           // another separator is in the labels of cells that have several
		for _, set := range sets {
			alone = alone || len(set) > 1 && slices.ContainsFunc(set, func(l string) bool { return strings.Contains(l, other) })
		}
		labels := sortedKeys(rows)
		for _, l := range labels {
			for _, p := range splitLabels(l, other) {
				seen[p]++
			}
		}
		n, example := 0, ""
		unsure, odd := 0, ""
		words, phrases, phrase := 0, 0, "" // rows, and labels of which each word is a label
		for _, l := range labels {
			parts := splitLabels(l, other)
			if len(parts) < 2 {
				continue
			}
			known, shared := true, false
			for _, p := range parts {
				_, label := rows[p]
				known, shared = known && label, shared || seen[p] > 1
			}
			if known && other == " " && sep == "" {
				phrases++
				if words += rows[l]; phrase == "" || first[l] < first[phrase] {
					phrase = l
				}
			}
			// A space or a comma may be in a name: great dane; Paris, France.
			if other != " " && (known || shared && sep != "" && !alone) {
				if n += rows[l]; example == "" || first[l] < first[example] {
					example = l
				}
			} else if (other != " " || known) && sep != "" {
				if unsure += rows[l]; odd == "" || first[l] < first[odd] {
					odd = l
				}
			}
		}
		where := func(l string) string { return fmt.Sprintf("%s %d, has %q", in.unit, first[l], beginning(l)) }
		switch {
		case phrases > 1: // one may be a name: water, bottle, water bottle
			in.warn = append(in.warn, fmt.Sprintf("%d images have a label whose words are labels, too; it is taken as one class. The first, %s. If images have several labels, set the task to multilabel (Task, --task).", words, where(phrase)))
		case n > 0 && in.o.LabelSeparator != "":
			in.warn = append(in.warn, fmt.Sprintf("%d labels have %q in them, though they are separated by %q; they are taken as one label each. The first, %s.", n, other, sep, where(example)))
		case n > 0 && sep == "":
			return fmt.Errorf("the column %q has labels that may be several labels, separated by %q; the first, %s: if they are several, set the task to multilabel, else to classify (Task, --task)%s",
				in.columns[0], other, where(example), in.separate())
		case n > 0:
			return fmt.Errorf("the column %q has labels that are separated by %q, and %d that are probably separated by %q; the first, %s: write the same separator in all rows; or, if these are single labels, name the separator %q (LabelSeparator, --label-separator)",
				in.columns[0], sep, n, other, where(example), sep)
		case unsure > 0 && in.o.LabelSeparator == "":
			in.warn = append(in.warn, fmt.Sprintf("%d labels have %q in them, though labels are separated by %q; they are taken as one label each. The first, %s. If they are several labels, write the same separator in all rows.", unsure, other, sep, where(odd)))
		}
	}
	return nil
}

// mixed returns a text that is probably several labels: it has another separator than other texts, and shares a part with one. It returns "" if there is none.
func mixed(texts []string) string {
	used := map[string]bool{}
	seen := map[string]int{}
	parts := func(s string) []string {
		for _, sep := range labelSeparators[:len(labelSeparators)-1] {
			if list := splitLabels(s, sep); len(list) > 1 {
				used[sep] = true
				return list
			}
		}
		return []string{s}
	}
	for _, t := range texts {
		for _, p := range parts(t) {
			seen[p]++
		}
	}
	if len(used) < 2 {
		return ""
	}
	for _, t := range texts {
		if list := parts(t); len(list) > 1 && slices.ContainsFunc(list, func(p string) bool { return seen[p] > 1 }) {
			return t
		}
	}
	return ""
}

// separate says what else can be done about labels in lists.
func (in *interpreter) separate() string {
	if in.o.Task != MultiLabel {
		return ""
	}
	return "; with this task, name the separator (LabelSeparator, --label-separator), or write lists in all rows"
}

// bareList removes the brackets of a list as Python writes it.
func bareList(s string) string {
	if n := len(s); n > 1 && (s[0] == '[' && s[n-1] == ']' || s[0] == '{' && s[n-1] == '}') {
		return s[1 : n-1]
	}
	return s
}

// quotedList returns the labels in a list with quotes, as Python, NumPy and JSON write it: ['a', 'b'], ['a' 'b'], ["a","b"]. It returns nil if a text is no such list.
func quotedList(s string) []string {
	inner := strings.TrimSpace(bareList(s))
	if len(inner) == len(s) || inner == "" || inner[0] != '"' && inner[0] != '\'' {
		return nil
	}
	list := []string{}
	for inner != "" {
		end := strings.IndexByte(inner[1:], inner[0])
		if end < 0 || inner[0] != '"' && inner[0] != '\'' {
			return nil
		}
		if l := strings.TrimSpace(inner[1 : end+1]); l != "" && !slices.Contains(list, l) {
			list = append(list, l)
		}
		inner = strings.TrimLeft(inner[end+2:], " \t\n")
		inner = strings.TrimLeft(strings.TrimPrefix(inner, ","), " \t\n")
	}
	return list
}

// splitLabels returns the distinct labels in a text.
func splitLabels(text, sep string) []string {
	inner := bareList(text)
	parts := []string{inner}
	if sep != "" {
		parts = strings.Split(inner, sep)
	}
	var list []string
	for _, p := range parts {
		p = strings.TrimSpace(p)
		if len(inner) < len(text) {
			p = strings.Trim(p, `'"`)
		}
		if p != "" && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
