package data

import (
	"fmt"
	"path"
	"regexp"
	"strings"
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
func (l labeler) label(name string) string { return composed(l.spelled(name)) }

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
