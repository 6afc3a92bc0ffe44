package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// newTable makes a table of a listing: it chooses a part of the source and labels its files.
func newTable(l *listing, o OpenOptions) (*Table, error) {
	if err := l.normalize(); err != nil {
		return nil, err
	}
	l.dropCopies()
	parts := l.split()
	chosen, below, holds, err := parts.choose(l, o.Part)
	if err != nil {
		return nil, err
	}
	root, up := rootOf(l, chosen, below, o)
	names := make([]string, len(chosen))
	for i, e := range chosen {
		if names[i] = strings.TrimPrefix(e.name, root); root == outside {
			names[i] = l.base + "/" + e.name
		}
	}
	rule, skipped := o.labeler(names, l.numbered)
	t, err := labeled(l, chosen, names, rule, up, o.Classes)
	training, known := rule, o.Classes // the rule of the part for training, and the classes that are known
	other := parts.training() != nil && holds != nil && holds != parts.training()
	if other {
		var classes []string
		training, classes = parts.trained(l, o)
		known = append(slices.Clip(known), classes...)
	}
	if o.auto() && (err != nil || noneOf(t.Labels(), known)) && (len(known) > 0 || notLabels(names, t, rule, err)) {
		if found := l.listed(chosen, names, holds, known); found != nil {
			t, err, rule = found, nil, labeler{rule: Unlabeled}
		}
	}
	if other && (err != nil || rule.rule != Unlabeled && o.auto() && generic(t.Labels(), known)) && knownProposal(names, o.Classes, rule) == "" {
		return nil, fmt.Errorf("%s: the %d images of the part %s have no labels (none of them is in the folder of a class or has the name of one), so they can only be predicted: lince predict MODEL %s --part %s; --label none opens them without labels",
			l.name, len(names), holds.name, shell.Quote(l.name), shell.Quote(holds.name))
	}
	if err == nil && !other && rule.rule != Unlabeled && o.auto() && generic(t.Labels(), o.Classes) && knownProposal(names, o.Classes, rule) == "" {
		if what := t.Classes(); len(o.Classes) > 0 {
			return nil, fmt.Errorf("%s: the %d images have no labels (%s is no class of the model, and probably none at all), so they can only be predicted: lince predict MODEL %[1]s; to give them labels, put each class in a folder of its name", l.name, len(names), listNames(what))
		} else if len(what) == 1 {
			t.warn = append(t.warn, fmt.Sprintf("All images have the label %s, which is probably no class; --label none opens them without labels.", quoteName(what[0])))
		}
	}
	if o.auto() && rule.rule != Unlabeled && o.level(names) < 0 {
		err = l.notByRule(rule, names, t, root, err)
	}
	if err != nil {
		return nil, err
	}
	if w := tooManyClasses(t, names, rule); w != "" && rule.rule != Unlabeled {
		t.warn = append(t.warn, w)
	}
	t.src = &source{name: l.name, rule: rule.rule, parts: map[string][]Row{}, closer: l}
	if !other {
		known = t.Classes()
	}
	t.src.setParts(parts, holds)
	t.labelParts(l, parts, training, known, o)
	if parts.list != nil && !parts.inner && o.Part == "" {
		for _, e := range l.entries {
			if !slices.ContainsFunc(parts.list, func(q *part) bool { return strings.HasPrefix(e.name, parts.root+q.name+"/") }) {
				l.passed.add(passedFolder, e.name, "")
			}
		}
	}
	if rule.rule == Folder && root != outside {
		l.passEmpty(root, rule.level)
		if w := parts.deeper(l); w != "" && o.auto() {
			t.warn = append(t.warn, w)
		}
		warn, note := folderWarnings(t, names, rule, skipped)
		t.warn, t.notes = append(t.warn, warn...), append(t.notes, note...)
	}
	if w := unknownLabels(t, names, o.Classes, rule); w != "" && o.auto() {
		t.warn = append(t.warn, w)
	}
	if rule.rule != Unlabeled {
		t.warn = append(t.warn, suspects(names)...)
	}
	t.passed = l.passed.list()
	return t, nil
}

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

// outside is the root of names that begin with the name of the source itself.
const outside = "\x00"

// rootOf returns the folder that becomes the table's root. It is the folder that all chosen entries share. If that is the folder of
// the only class, the root is the folder above: the class must stay in the names, since it is the label. up is the name of that
// folder, "" if there is none. below is the folder from which the entries were chosen.
func rootOf(l *listing, chosen []entry, below string, o OpenOptions) (root, up string) {
	names := namesOf(chosen)
	root = commonFolder(names)
	parent := strings.TrimSuffix(root, "/")
	at := strings.LastIndexByte(parent, '/') + 1
	parent, up = root[:at], parent[at:]
	if root == "" {
		parent, up = outside, l.base
	}
	auto := o.auto()
	for i, n := range names {
		names[i] = n[len(root):]
	}
	inFolder := slices.ContainsFunc(names, func(n string) bool { return Folder.label(n) != "" })
	switch {
	case auto && slices.Contains(o.Classes, up) && o.level(names) < 0:
		return parent, up
	case inFolder:
		return root, ""
	case o.LabelRule == Folder && up != "" && (o.Part == "" || len(parent) >= len(below)):
		return parent, up
	}
	return root, up
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

// labeled makes a table of the entries whose names fit the rule. It drops the others with a warning. known are the classes of the model, if there is one.
func labeled(l *listing, chosen []entry, names []string, rule labeler, up string, known []string) (*Table, error) {
	t := &Table{ignored: l.ignored, warn: l.warn}
	if rule.rule == Folder {
		t.found = "images"
	}
	var unfit []string
	c := newComposer()
	for i, e := range chosen {
		label := c.compose(rule.spelled(names[i]))
		if label == "" && rule.rule != Unlabeled {
			t.ignored = append(t.ignored, BadFile{names[i], fmt.Errorf("%w (the rule is %s)", errNoLabel, rule.what())})
			unfit = append(unfit, names[i])
			continue
		}
		t.rows = append(t.rows, Row{names[i], label, e.file})
	}
	if len(t.rows) == 0 {
		return nil, noLabels(l, names, rule, up, known)
	}
	t.notes = append(t.notes, c.notes()...)
	t.warn = append(t.warn, twinClasses(rowsOfClasses(t.rows))...)
	if n := len(unfit); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d images, which have no label (the rule is %s), such as %s.",
			n, len(chosen), rule.what(), unfit[n-1]))
	}
	return t, nil
}

// unknownLabels returns a warning if no label is a known class, but labels of another rule are.
func unknownLabels(t *Table, names, known []string, rule labeler) string {
	if slices.ContainsFunc(t.Classes(), func(c string) bool { return slices.Contains(known, c) }) {
		return ""
	}
	better := knownProposal(names, known, rule)
	if better == "" {
		return ""
	}
	return fmt.Sprintf("No label is a class of the model (the rule is %s); %s.", rule.what(), better)
}

// passEmpty passes over folders beside those of the classes that have no images. root is the table's root.
func (l *listing) passEmpty(root string, level int) {
	has := map[string]bool{}
	for _, e := range l.entries {
		for i := range e.name {
			if e.name[i] == '/' {
				has[e.name[:i]] = true
			}
		}
	}
	slices.Sort(l.folders)
	for _, f := range slices.Compact(l.folders) {
		if inside, ok := strings.CutPrefix(f, root); ok && strings.Count(inside, "/") == level && !has[f] && !isJunk(f) && !l.results[f] {
			l.passed.add(passedEmpty, f, "")
		}
	}
}
