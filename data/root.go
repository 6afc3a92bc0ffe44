package data

import (
	"slices"
	"strings"
)

// setRoot sets the root and the names of the images relative to it.
func (b *labeling) setRoot() error {
	b.root, b.up = rootOf(b.l, b.chosen, b.from, b.o)
	b.names = make([]string, len(b.chosen))
	for i, e := range b.chosen {
		if b.names[i] = strings.TrimPrefix(e.name, b.root); b.root == outside {
			b.names[i] = b.l.base + "/" + e.name
		}
	}
	return nil
}

// outside is the root of names that begin with the name of the source itself.
const outside = "\x00"

// rootOf returns the folder that becomes the table's root. It is the folder that all chosen entries share. If that is the folder of
// the only class, the root is the folder above: the class must stay in the names, since it is the label. up is the name of that
// folder, "" if there is none. from is the folder from which the entries were chosen.
func rootOf(l *listing, chosen []entry, from string, o OpenOptions) (root, up string) {
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
	case o.LabelRule == Folder && up != "" && (o.Part == "" || len(parent) >= len(from)):
		return parent, up
	}
	return root, up
}

// commonFolder returns the longest folder, with its slash, that all names start with, or "".
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
