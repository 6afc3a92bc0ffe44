package data

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// splitFolders lists folder names that stand for a part of a dataset and not for a class. The first
// two hold the training images.
var splitFolders = []string{"train", "training", "test", "test1", "testing", "validation", "val", "valid", "dev", "eval", "evaluation"}

// normalize sorts the entries and drops duplicate names. It fails if there are no entries.
func (l *listing) normalize() error {
	if len(l.entries) == 0 {
		hint := ""
		if l.zip != "" {
			hint = fmt.Sprintf("; it contains archives; open one of them, such as %s", l.zip)
		}
		return fmt.Errorf("%s: has no images (%d other files); names must end in %s%s", l.name, l.others, strings.Join(extensions, ", "), hint)
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	// An archive may hold two entries with the same name. Keep the first, as other programs do.
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool {
		if a.name == b.name {
			l.ignored = append(l.ignored, BadFile{b.name, errors.New("is a duplicate name")})
		}
		return a.name == b.name
	})
	return nil
}

// parts holds the entries of a listing, grouped by top-level folder.
type parts struct {
	root    string // the folder that all entries share, with its slash
	entries map[string][]entry
}

// split groups the entries by the first folder below the folder that they share. The key of entries
// without such a folder is "".
func (l *listing) split() parts {
	p := parts{commonFolder(l.names()), map[string][]entry{}}
	for _, e := range l.entries {
		folder, _, ok := strings.Cut(e.name[len(p.root):], "/")
		if !ok {
			folder = ""
		}
		p.entries[folder] = append(p.entries[folder], e)
	}
	return p
}

// named reports whether the folders are the parts of a dataset, with a part for training.
func (p parts) named() bool {
	for f := range p.entries {
		if !slices.Contains(splitFolders, f) {
			return false
		}
	}
	return p.entries[splitFolders[0]] != nil || p.entries[splitFolders[1]] != nil
}

// choose returns the entries of a part, and the folder that they are below. If part is "", it returns
// the part for training if there is one, or all entries.
func (p parts) choose(l *listing, part string) (chosen []entry, below string, err error) {
	switch {
	case part != "":
		return p.below(l, part)
	case p.named():
		for _, f := range splitFolders[:2] {
			if p.entries[f] != nil {
				return p.entries[f], p.root + f + "/", nil
			}
		}
	}
	return l.entries, p.root, nil
}

// below returns the entries below a folder, which is relative to the source or to the shared folder.
func (p parts) below(l *listing, folder string) (chosen []entry, below string, err error) {
	below = strings.Trim(path.Clean(folder), "/") + "/"
	if strings.HasPrefix(p.root, below) {
		below = p.root
	} else if !strings.HasPrefix(below, p.root) {
		below = p.root + below
	}
	for _, e := range l.entries {
		if strings.HasPrefix(e.name, below) {
			chosen = append(chosen, e)
		}
	}
	if chosen != nil {
		return chosen, below, nil
	}
	folders := []string{}
	for f := range p.entries {
		if f != "" {
			folders = append(folders, f)
		}
	}
	slices.Sort(folders)
	has := "no folders"
	if len(folders) > 0 {
		has = "the folders " + strings.Join(folders, ", ")
	}
	return nil, "", fmt.Errorf("%s: has no images in a folder %q; it has %s", l.name, folder, has)
}

// partRows labels all entries of a part. Entries that do not fit the rule have no label.
func partRows(entries []entry, rule Rule) []Row {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	common := commonFolder(names)
	rows := make([]Row, len(entries))
	for i, e := range entries {
		n := e.name[len(common):]
		rows[i] = Row{n, rule.label(n), e.file}
	}
	return rows
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
