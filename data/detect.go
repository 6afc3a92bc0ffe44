package data

import (
	"fmt"
	"path"
	"strings"
)

// auto reports whether the rule is to be found out.
func (o OpenOptions) auto() bool { return o.LabelRule == Auto && o.LabelPattern == nil }

// labeler returns the rule for the labels of images. skipped and numbered are those of detect.
func (o OpenOptions) labeler(names []string, numbered map[string]bool) (rule labeler, skipped []string) {
	switch {
	case o.LabelPattern != nil:
		return labeler{rule: Pattern, pattern: o.LabelPattern}, nil
	case o.LabelRule == Auto:
		return o.detect(names, numbered)
	}
	return labeler{rule: o.LabelRule}, nil
}

// chooseRule chooses the rule.
func (b *labeling) chooseRule() error {
	b.rule, b.skipped = b.o.labeler(b.names, b.l.numbered)
	return nil
}

// applyRule makes the table of the images whose names fit the rule. It drops the others with a warning.
func (b *labeling) applyRule() error {
	t := &Table{ignored: b.l.ignored, warn: b.l.warnings()}
	if b.rule.rule == Folder {
		t.found = "images"
	}
	var unfit []string
	c := newComposer()
	for i, e := range b.chosen {
		label := c.compose(b.rule.spelled(b.names[i]))
		if label == "" && b.rule.rule != Unlabeled {
			t.ignored = append(t.ignored, BadFile{b.names[i], fmt.Errorf("%w (the rule is %s)", errNoLabel, b.rule.what())})
			unfit = append(unfit, b.names[i])
			continue
		}
		t.rows = append(t.rows, Row{b.names[i], label, e.file})
	}
	if len(t.rows) == 0 {
		b.unlabeled = noLabels(b.l, b.names, b.rule, b.up, b.o.Classes)
		return nil
	}
	t.notes = append(t.notes, c.notes()...)
	t.alike = twinClasses(t.rowsOfClasses())
	t.warn = append(t.warn, t.alike...)
	if n := len(unfit); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d images, which have no label (the rule is %s), such as %s.",
			n, len(b.chosen), b.rule.what(), unfit[n-1]))
	}
	b.t = t
	return nil
}

// detect chooses the rule. If the classes are known, it prefers the folders that have their names. skipped are the folders around those of the classes that
// are probably no classes. numbered are names of archives that differ only by a number.
func (o OpenOptions) detect(names []string, numbered map[string]bool) (rule labeler, skipped []string) {
	if level := o.level(names); level >= 0 {
		return labeler{rule: Folder, level: level}, nil
	}
	rule.rule = detect(names)
	if rule.rule == Folder {
		rule.level, skipped = classLevel(names, numbered)
	}
	return rule, skipped
}

// level returns the level of the folders that have the names of most known classes, or -1.
func (o OpenOptions) level(names []string) int {
	if len(o.Classes) == 0 {
		return -1
	}
	known := map[string]bool{}
	for _, c := range o.Classes {
		known[c] = true
	}
	best, most := -1, 0
	for level := range mostLevels {
		n := 0
		for _, name := range names {
			if known[labeler{rule: Folder, level: level}.label(name)] {
				n++
			}
		}
		if n > most {
			best, most = level, n
		}
	}
	return best
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
var cameraNames = []string{"img", "image", "dsc", "dscn", "dscf", "pxl", "photo", "pic", "frame", "screenshot", "scan", "gopr", "mvi", "wp", "vid", "file", "untitled"}

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
