package data

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/lince-ml/lince/internal/shell"
)

// numberPatterns match the numbers in names such as 25_1.jpg, age25_x.jpg and x_25.jpg.
var numberPatterns = []*regexp.Regexp{
	regexp.MustCompile(`^(?:.*/)?(-?\d+(?:\.\d+)?)[_-]`), regexp.MustCompile(`^(?:.*/)?[A-Za-z]+(\d+(?:\.\d+)?)[_-]`), regexp.MustCompile(`^(?:.*/)?[^/]*_(\d+(?:\.\d+)?)\.\w+$`),
}

// numbersAdvice returns the two commands that learn the numbers in the names of files or folders, for an error; "" if it is not about the task regress, or there are none.
func (o OpenOptions) numbersAdvice(l *listing) string {
	if o.Task != Regress || o.LabelRule == Unlabeled {
		return ""
	}
	b := &labeling{l: l, o: o}
	if err := b.run(imagePasses); err != nil {
		return ""
	}
	names := b.names
	var rules []labeler
	switch {
	case o.LabelPattern != nil:
		rules = []labeler{{rule: Pattern, pattern: o.LabelPattern}}
	case o.LabelRule != Auto:
		rules = []labeler{{rule: o.LabelRule}}
	default:
		rules = []labeler{{rule: Folder}, {rule: Prefix}, {rule: Underscore}}
		for _, re := range numberPatterns {
			rules = append(rules, labeler{rule: Pattern, pattern: re})
		}
	}
	for _, r := range rules {
		if !allNumbers(names, r) {
			continue
		}
		label := r.rule.String()
		if r.pattern != nil {
			label = r.pattern.String()
		}
		words := []string{"lince", "data", l.name, "--label", label, "--csv", "t.csv"}
		if o.Part != "" {
			words = append(words, "--part", o.Part)
		}
		return fmt.Sprintf("; to learn the numbers that --label gives (%s for %s), write a table of them (%s), and train on it (%s)", r.label(names[0]), quoteName(names[0]),
			shell.Command(words...), shell.Command("lince", "train", "t.csv", "--images", l.name, "--task", "regress"))
	}
	if o.LabelPattern != nil || o.LabelRule != Auto {
		r := rules[0]
		i := slices.IndexFunc(names, func(n string) bool { _, ok := number(r.label(n)); return !ok })
		return fmt.Sprintf("; with --task regress, labels are numbers, and --label gives %s the label %q: use a regular expression whose group is the number, or a table of file names and numbers", quoteName(names[max(i, 0)]), r.label(names[max(i, 0)]))
	}
	return "; with --task regress, the numbers are in a table of file names and numbers, or --label names a regular expression whose group is the number, such as '_([0-9]+)\\.'"
}

// allNumbers reports whether a rule gives all names numbers, and more than one number.
func allNumbers(names []string, r labeler) bool {
	distinct := map[string]bool{}
	for _, n := range names {
		label := r.label(n)
		if _, ok := number(label); !ok {
			return false
		}
		distinct[label] = true
	}
	return len(distinct) > 1
}
