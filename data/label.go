package data

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Rule is the way in which the label of an image is derived from its file name.
type Rule int

// The rules.
const (
	Auto      Rule = iota // Folder if the images are in two or more folders, else Prefix
	Prefix                // the file's name up to the first dot: cat.0.jpg has the label cat
	Folder                // the first folder: cats/1.jpg has the label cats
	Unlabeled             // no labels, as for prediction
)

var ruleNames = [...]string{Auto: "auto", Prefix: "prefix", Folder: "folder", Unlabeled: "none"}

// String returns the name that ParseRule reads: auto, prefix, folder or none.
func (r Rule) String() string {
	if r < 0 || int(r) >= len(ruleNames) {
		return fmt.Sprintf("rule(%d)", int(r))
	}
	return ruleNames[r]
}

// ParseRule returns the rule with the given name: auto, prefix, folder or none.
func ParseRule(name string) (Rule, error) {
	for r, n := range ruleNames {
		if n == name {
			return Rule(r), nil
		}
	}
	return Auto, fmt.Errorf("unknown label rule %q; use auto, prefix (cat.0.jpg), folder (cats/1.jpg) or none", name)
}

// what describes the rule in messages.
func (r Rule) what() string {
	switch r {
	case Prefix:
		return "the name up to the first dot, as in cat.0.jpg"
	case Folder:
		return "the folder, as in cats/1.jpg"
	}
	return r.String()
}

// label returns the label for a file name relative to the table's root, or "" if the name does not fit the
// rule.
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
	}
	return ""
}

// detect chooses a rule for file names relative to the table's root.
func detect(names []string) Rule {
	folders := map[string]bool{}
	var inFolder, prefixed int
	for _, n := range names {
		if l := Folder.label(n); l != "" {
			folders[l] = true
			inFolder++
		} else if Prefix.label(n) != "" {
			prefixed++
		}
	}
	if len(folders) >= 2 && inFolder > prefixed {
		return Folder
	}
	return Prefix
}

// newTable makes a table of a listing: it chooses a part of the source and labels its files.
func newTable(l *listing, o OpenOptions) (*Table, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	parts := l.split()
	chosen, below, err := parts.choose(l, o.Part)
	if err != nil {
		return nil, err
	}
	names := relative(chosen, below, o)
	rule := o.LabelRule
	if rule == Auto {
		rule = detect(names)
	}
	t, err := labeled(l, chosen, names, rule)
	if err != nil {
		return nil, err
	}
	t.src = &source{name: l.name, rule: rule, parts: map[string][]Row{}, closer: l.closer}
	if parts.named() {
		for f, entries := range parts.entries {
			t.src.parts[f] = partRows(entries, rule)
		}
	}
	return t, nil
}

// relative returns the entries' names relative to their common folder, which is the table's root. below is
// the folder from which the entries were chosen.
func relative(chosen []entry, below string, o OpenOptions) []string {
	names := make([]string, len(chosen))
	for i, e := range chosen {
		names[i] = e.name
	}
	root := commonFolder(names)
	if o.LabelRule == Folder && !slices.ContainsFunc(names, func(n string) bool { return Folder.label(n[len(root):]) != "" }) {
		// If there is only one class, its folder is the common folder, but it must stay in the names: it is the label.
		up := strings.TrimSuffix(root, "/")
		if up = up[:strings.LastIndexByte(up, '/')+1]; o.Part == "" || len(up) >= len(below) {
			root = up
		}
	}
	for i, n := range names {
		names[i] = n[len(root):]
	}
	return names
}

// labeled makes a table of the entries whose names fit the rule. It drops the others with a warning.
func labeled(l *listing, chosen []entry, names []string, rule Rule) (*Table, error) {
	t := &Table{ignored: l.ignored}
	if rule == Folder {
		t.found = "images"
	}
	var unfit []string
	for i, e := range chosen {
		label := rule.label(names[i])
		if label == "" && rule != Unlabeled {
			t.ignored = append(t.ignored, BadFile{names[i], fmt.Errorf("has no label (the rule is %s)", rule.what())})
			unfit = append(unfit, names[i])
			continue
		}
		t.rows = append(t.rows, Row{names[i], label, e.file})
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: none of the %d images has a label: the rule is %s, and %s does not fit it; "+
			"name them cat.0.jpg, put each class in a folder, or use a CSV file with the columns filename and category",
			l.name, len(chosen), rule.what(), names[0])
	}
	if n := len(unfit); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d images, which have no label (the rule is %s), such as %s.",
			n, len(chosen), rule.what(), unfit[n-1]))
	}
	return t, nil
}
