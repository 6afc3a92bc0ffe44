package data

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/shell"
)

// Rule is the way in which the label of an image is derived from its file name.
type Rule int

// The rules.
const (
	Auto       Rule = iota // Folder if the images are in two or more folders, else Prefix; Underscore if no name fits Prefix and all end in _ and a number
	Prefix                 // the file's name up to the first dot: cat.0.jpg has the label cat
	Folder                 // the first folder: cats/1.jpg has the label cats
	Unlabeled              // no labels, as for prediction
	Underscore             // the file's name up to the last underscore: great_dane_12.jpg has the label great_dane
	Pattern                // what the group of OpenOptions.LabelPattern matches
)

var ruleNames = [...]string{Auto: "auto", Prefix: "prefix", Folder: "folder", Unlabeled: "none", Underscore: "underscore", Pattern: "pattern"}

// String returns the name that ParseRule reads: auto, prefix, folder, none or underscore; pattern for Pattern.
func (r Rule) String() string {
	if r < 0 || int(r) >= len(ruleNames) {
		return fmt.Sprintf("rule(%d)", int(r))
	}
	return ruleNames[r]
}

// ParseRule returns the rule with the given name: auto, prefix, folder, underscore or none.
func ParseRule(name string) (Rule, error) {
	for r, n := range ruleNames {
		if n == name && Rule(r) != Pattern {
			return Rule(r), nil
		}
	}
	return Auto, fmt.Errorf("unknown label rule %q; use auto, prefix (cat.0.jpg), folder (cats/1.jpg), underscore (great_dane_12.jpg) or none", name)
}

// ParseLabelPattern compiles a regular expression for OpenOptions.LabelPattern. It must have one group, in parentheses, which
// matches the label.
func ParseLabelPattern(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the label pattern is not a regular expression of Go: %w", err)
	}
	return re, checkPattern(re)
}

func checkPattern(re *regexp.Regexp) error {
	if n := re.NumSubexp(); n != 1 {
		return fmt.Errorf("the label pattern %q has %d groups in parentheses, want one, which matches the label; use (?:...) for the others", re, n)
	}
	return nil
}

// what describes the rule in messages.
func (r Rule) what() string {
	switch r {
	case Prefix:
		return "the name up to the first dot, as in cat.0.jpg"
	case Folder:
		return "the folder, as in cats/1.jpg"
	case Underscore:
		return "the name up to the last underscore, as in great_dane_12.jpg"
	}
	return r.String()
}

// labeler derives labels from names.
type labeler struct {
	rule    Rule
	pattern *regexp.Regexp // for Pattern
	level   int            // for Folder: the number of folders before the one that is the label
}

func (l labeler) what() string {
	if l.rule == Pattern {
		return fmt.Sprintf("the group of the pattern %q", l.pattern)
	}
	return l.rule.what()
}

// label returns the label for a file name relative to the table's root, or "" if the name does not fit the
// rule. It is in the Unicode form NFC: macOS writes names in another form, which looks the same. Spaces around it are removed.
func (l labeler) label(name string) string { return newComposer().compose(l.spelled(name)) }

// spelled returns the label in the spelling of the name.
func (l labeler) spelled(name string) string {
	switch l.rule {
	case Pattern:
		m := l.pattern.FindStringSubmatch(name)
		if m == nil { // patterns for whole paths, such as fastai's /([^/]+)_\d+.jpg$, begin with a slash
			m = l.pattern.FindStringSubmatch("/" + name)
		}
		if m != nil {
			return m[1]
		}
		return ""
	case Folder:
		for range l.level {
			_, name, _ = strings.Cut(name, "/")
		}
	}
	return l.rule.label(name)
}

// label returns the label of a rule other than Pattern.
func (r Rule) label(name string) string {
	switch r {
	case Prefix:
		base := path.Base(name)
		// The last dot starts the extension: 1.jpg has no prefix.
		if i := strings.IndexByte(base, '.'); i < strings.LastIndexByte(base, '.') {
			return base[:i]
		}
	case Folder:
		if i := strings.IndexByte(name, '/'); i > 0 {
			return name[:i]
		}
	case Underscore:
		base := path.Base(name)
		return base[:max(strings.LastIndexByte(base, '_'), 0)]
	}
	return ""
}

// detect chooses a rule for file names relative to the table's root.
func detect(names []string) Rule {
	folders := map[string]bool{}
	var inFolder, prefixed, numbered int
	for _, n := range names {
		if l := Folder.label(n); l != "" {
			folders[l] = true
			inFolder++
		} else if Prefix.label(n) != "" {
			prefixed++
		} else if isNumbered(n) {
			numbered++
		}
	}
	switch {
	case len(folders) >= 2 && inFolder > prefixed+numbered:
		return Folder
	case numbered == len(names):
		return Underscore
	}
	return Prefix
}

// cameraNames are the names that cameras, phones and programs give to all images.
var cameraNames = []string{"img", "image", "dsc", "dscn", "dscf", "dscn", "pxl", "photo", "pic", "frame", "screenshot", "scan", "gopr", "mvi", "wp", "vid", "file", "untitled"}

// isNumbered reports whether a name is a label, an underscore and a number.
func isNumbered(name string) bool {
	label := Underscore.label(name)
	if label == "" {
		return false
	}
	for _, c := range cameraNames {
		if first, _, _ := strings.Cut(label, "_"); strings.EqualFold(first, c) {
			return false
		}
	}
	base := path.Base(name)
	number := strings.TrimSuffix(base[len(label)+1:], path.Ext(base))
	return number != "" && strings.Trim(number, "0123456789") == ""
}

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

func quoteName(s string) string {
	if len(s) > 60 || !utf8.ValidString(s) {
		return fmt.Sprintf("%.60q", s)
	}
	return s
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
