package data

import (
	"fmt"
	"slices"
	"strings"
)

// findTraining finds the rule and the classes of the part for training, if the images are another one.
func (b *labeling) findTraining() error {
	b.training, b.known = b.rule, b.o.Classes
	if !b.otherPart() {
		return nil
	}
	q := b.parts.training()
	names := namesOf(q.entries)
	for i, n := range names {
		names[i] = n[len(q.root):]
	}
	b.training, _ = b.o.labeler(names, b.l.numbered)
	t := &Table{rows: q.rows(b.training, b.o.Classes)}
	b.known = append(slices.Clip(b.known), t.Classes()...)
	return nil
}

// rows labels all entries of a part. Entries that do not fit the rule have no label. classes are those of the part for training: the folders with their names may be
// further inside than there.
func (q *part) rows(rule labeler, classes []string) []Row {
	root := q.root // a part may have a single class, whose folder has to stay in the names
	if rule.rule != Folder {
		root = commonFolder(namesOf(q.entries))
	} else {
		names := namesOf(q.entries)
		for i, n := range names {
			names[i] = n[len(root):]
		}
		if level := (OpenOptions{Classes: classes}).level(names); level >= 0 {
			rule.level = level
		}
	}
	rows := make([]Row, len(q.entries))
	for i, e := range q.entries {
		n := e.name[len(root):]
		rows[i] = Row{n, rule.label(n), e.file}
	}
	return rows
}

// labelParts labels the images of all parts.
func (b *labeling) labelParts() error {
	classes := b.known
	if !b.otherPart() {
		classes = b.t.Classes()
	}
	var unlabeled, tables []string
	folder := ""
	for _, q := range b.parts.list {
		rows := q.rows(b.training, classes)
		b.t.src.parts[q.name] = rows
		labels := make([]string, len(rows))
		for i, r := range rows {
			labels[i] = r.Label
		}
		if len(classes) == 0 || !noneOf(labels, classes) {
			continue
		}
		if b.o.auto() {
			if listed, from := b.l.labelsBeside(q.entries, q.kind, classes); from != "" {
				for i := range rows {
					rows[i].Label = listed[i]
				}
				if q.name != b.t.src.holds {
					b.note(listNote("the part "+q.name, from))
				}
				continue
			}
		}
		if one := strings.Join(labels, ""); one == "" || !generic(labels, classes) {
			continue
		}
		unlabeled, folder = append(unlabeled, q.name), labels[0]
		if t := b.l.tableOf(q.entries, q.kind); t != nil && b.o.auto() {
			tables = append(tables, fmt.Sprintf(" For those of %s, %s.", q.name, t.noClass()))
		}
		for i := range rows {
			rows[i].Label = ""
		}
	}
	switch {
	case len(unlabeled) == 1:
		b.note(fmt.Sprintf("The images of the part %s have no labels: %s is no class of the training images. To give them labels, put each class in a folder of its name.%s", unlabeled[0], quoteName(folder), strings.Join(tables, "")))
	case len(unlabeled) > 1:
		b.note(fmt.Sprintf("The images of the parts %s have no labels: names such as %s are no classes of the training images. To give them labels, put each class in a folder of its name.%s", listNames(unlabeled), quoteName(folder), strings.Join(tables, "")))
	}
	return nil
}

// passOutside passes over the images that are in no part.
func (b *labeling) passOutside() error {
	p := b.parts
	if p.list == nil || p.inner || b.o.Part != "" {
		return nil
	}
	for _, e := range b.l.entries {
		if !slices.ContainsFunc(p.list, func(q *part) bool { return strings.HasPrefix(e.name, p.root+q.name+"/") }) {
			b.l.passed.add(passedFolder, e.name, "")
		}
	}
	return nil
}

// setSource sets what the tables of this source share.
func (b *labeling) setSource() error {
	b.t.src = &source{name: b.l.name, rule: b.rule.rule, parts: map[string][]Row{}, closer: b.l, dropped: len(b.t.ignored)}
	b.t.src.setParts(b.parts, b.holds)
	return nil
}
