package data

import (
	"fmt"
	"path"
	"strings"
)

// Rule says how a file's name gives its category.
type Rule int

// The rules. Auto takes Folder where the images lie in two folders or more, else
// Prefix.
const (
	Auto       Rule = iota
	Prefix          // what stands before the first dot: cat.0.jpg is a cat
	Folder          // the first folder: cats/1.jpg is of the class cats
	Unlabelled      // there are no categories, as for prediction
)

var ruleNames = [...]string{Auto: "auto", Prefix: "prefix", Folder: "folder", Unlabelled: "none"}

// String is the name that ParseRule reads: auto, prefix, folder or none.
func (r Rule) String() string {
	if r < 0 || int(r) >= len(ruleNames) {
		return fmt.Sprintf("rule(%d)", int(r))
	}
	return ruleNames[r]
}

// ParseRule is the inverse of String.
func ParseRule(name string) (Rule, error) {
	for r, n := range ruleNames {
		if n == name {
			return Rule(r), nil
		}
	}
	return Auto, fmt.Errorf("no label rule %q: use auto, prefix (cat.0.jpg), folder (cats/1.jpg) or none", name)
}

// what describes the rule in messages.
func (r Rule) what() string {
	switch r {
	case Prefix:
		return "what stands before the first dot, as in cat.0.jpg"
	case Folder:
		return "the folder, as in cats/1.jpg"
	}
	return r.String()
}

// category is what the rule makes of a name below the table's root; "" does not fit.
func (r Rule) category(name string) string {
	switch r {
	case Prefix:
		base := path.Base(name)
		// The last dot is the extension's: 1.jpg has no prefix.
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

// detect chooses a rule for the names below the table's root.
func detect(names []string) Rule {
	folders := map[string]bool{}
	var inFolder, prefixed int
	for _, n := range names {
		if c := Folder.category(n); c != "" {
			folders[c] = true
			inFolder++
		} else if Prefix.category(n) != "" {
			prefixed++
		}
	}
	if len(folders) >= 2 && inFolder > prefixed {
		return Folder
	}
	return Prefix
}

// splitFolders are the names of folders that are a part of a dataset, not a class.
var splitFolders = []string{"train", "training", "test", "test1", "testing", "validation", "val", "valid", "dev", "eval", "evaluation"}

// commonFolder is the folder, with its slash, that all names lie in, or "".
func commonFolder(names []string) string {
	if len(names) == 0 {
		return ""
	}
	dir := names[0][:strings.LastIndexByte(names[0], '/')+1]
	for _, n := range names[1:] {
		for !strings.HasPrefix(n, dir) {
			dir = dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]
		}
	}
	return dir
}
