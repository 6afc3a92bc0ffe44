package data

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// numberPattern is the pattern that messages propose for names that end in a number: dog12.jpg, cat (3).png.
var numberPattern = regexp.MustCompile(`^(?:.*/)?(.*?)[ _-]*\(?\d+\)?(?:\.\w+)?$`)

// lastPattern is the pattern that messages propose for names in which the class is after the last number: 0001_cat.jpg, IMG_20240101_cat.jpg.
var lastPattern = regexp.MustCompile(`^(?:.*/)?[^/]*[0-9][ _-]+([^/0-9.]+)\.\w+$`)

// wordPattern is the pattern that messages propose for names that begin with the class: cat_test_1.jpg, cat-a.png.
var wordPattern = regexp.MustCompile(`^(?:.*/)?([^/_.-]+)[_.-]`)

// lettersPattern is the pattern that messages propose for names in which the class is before the first number: cat0.x.png.
var lettersPattern = regexp.MustCompile(`^(?:.*/)?([^/0-9]*[^/0-9 ._-])[ ._-]*[0-9]`)

// knownProposal names the setting that gives most names one of the known classes, or returns "" if none does it for at least half of them. inUse is the rule in use.
func knownProposal(names, classes []string, inUse labeler) string {
	if len(classes) == 0 {
		return ""
	}
	known := map[string]bool{}
	for _, c := range classes {
		known[c] = true
	}
	best, most, flag := labeler{}, 0, ""
	consider := func(l labeler, option string) {
		n := 0
		for _, name := range names {
			if known[l.label(name)] {
				n++
			}
		}
		if n > most {
			best, most, flag = l, n, option
		}
	}
	for _, r := range []Rule{Folder, Underscore, Prefix} {
		consider(labeler{rule: r}, "--label "+r.String())
	}
	for level := 1; level < mostLevels; level++ {
		consider(labeler{rule: Folder, level: level}, levelPattern(level))
	}
	for _, p := range []*regexp.Regexp{numberPattern, wordPattern, lastPattern} {
		consider(labeler{rule: Pattern, pattern: p}, "--label "+shell.Quote(p.String()))
	}
	if 2*most < len(names) || most == 0 || best.rule == inUse.rule && best.level == inUse.level && best.rule != Pattern {
		return ""
	}
	first := names[slices.IndexFunc(names, func(n string) bool { return known[best.label(n)] })]
	return fmt.Sprintf("%s gives %d of the %d images a class of the model: %s has the label %s", flag, most, len(names), quoteName(first), quoteName(best.label(first)))
}

// proposal names a setting that would give labels to names, or returns "". up is the folder above the names, "" if there is none.
func proposal(names []string, up string) string {
	for _, try := range []struct {
		l    labeler
		flag string
	}{
		{labeler{rule: Folder}, "folder"}, {labeler{rule: Pattern, pattern: lastPattern}, "'" + lastPattern.String() + "'"}, {labeler{rule: Underscore}, "underscore"}, {labeler{rule: Prefix}, "prefix"},
		{labeler{rule: Pattern, pattern: numberPattern}, "'" + numberPattern.String() + "'"},
		{labeler{rule: Pattern, pattern: wordPattern}, "'" + wordPattern.String() + "'"},
		{labeler{rule: Pattern, pattern: lettersPattern}, "'" + lettersPattern.String() + "'"},
	} {
		classes := map[string]bool{}
		for _, n := range names {
			classes[try.l.label(n)] = true
		}
		if len(classes) >= 2 && !classes[""] && len(classes) <= len(names)/2 {
			return fmt.Sprintf("--label %s would give %d classes, such as %s", try.flag, len(classes), quoteName(try.l.label(names[0])))
		}
	}
	if up != "" {
		return fmt.Sprintf("if %s is the class of all of them, use --label folder; if the class is elsewhere in the names, use --label with a regular expression with one group", quoteName(up))
	}
	return ""
}

// doubtManyClasses warns of a rule that gives most images a separate class. It names a better rule, if there is one.
func (b *labeling) doubtManyClasses() {
	const few = 8 // images among which many classes are no surprise
	n := len(b.t.Classes())
	if b.rule.rule == Unlabeled || len(b.t.rows) < few || 2*n <= len(b.t.rows) {
		return
	}
	first := b.t.rows[0]
	s := fmt.Sprintf("The %d images have %d classes, so most classes have one image: the rule is %s, and %s has the label %s", len(b.t.rows), n, b.rule.what(), quoteName(first.Filename), quoteName(first.Label))
	if better := proposal(b.names, ""); better != "" {
		b.warn(s + "; " + better + ".")
		return
	}
	b.warn(s + ". If these are not the classes, put each class in a folder, use --label with a regular expression with one group, or use a table of labels.")
}

// doubtUnknown warns if no label is a class of the model, but labels of another rule are.
func (b *labeling) doubtUnknown() {
	if !b.auto() || slices.ContainsFunc(b.t.Classes(), func(c string) bool { return slices.Contains(b.o.Classes, c) }) {
		return
	}
	if better := knownProposal(b.names, b.o.Classes, b.rule); better != "" {
		b.warn(fmt.Sprintf("No label is a class of the model (the rule is %s); %s.", b.rule.what(), better))
	}
}

// noLabels is the error of images of which none has a label.
func noLabels(l *listing, names []string, rule labeler, up string, classes []string) error {
	advice := cmp.Or(knownProposal(names, classes, rule), proposal(names, up), "name them cat.0.jpg, put each class in a folder, use --label with a regular expression with one group, or use a CSV file with the columns filename and category")
	if mat := l.beside["mat"]; len(mat) > 0 { // Oxford's flowers, Stanford's cars
		file := mat[max(0, slices.IndexFunc(mat, func(e entry) bool { return strings.Contains(strings.ToLower(path.Base(e.name)), "label") }))]
		advice += fmt.Sprintf("; or the labels are in %s, which lince does not read. %s", quoteName(file.name), strings.ReplaceAll(matLabels, "%[1]s", shell.Quote(path.Base(file.name))))
	}
	if len(l.ignored) > 0 { // a truncated archive may have lost the other classes
		advice += fmt.Sprintf("; besides, %d cannot be used, the first: %s %v", len(l.ignored), l.ignored[0].Filename, l.ignored[0].Err)
	}
	return fmt.Errorf("%s: none of the %d images has a label: the rule is %s, and %s does not fit it; %s", l.name, len(names), rule.what(), quoteName(names[0]), advice)
}
