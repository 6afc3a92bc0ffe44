package data

import (
	"slices"
	"strings"
)

// passEmptyFolders passes over folders beside those of the classes that have no images.
func (b *labeling) passEmptyFolders() error {
	if !b.byFolder() {
		return nil
	}
	has := map[string]bool{}
	for _, e := range b.l.entries {
		for i := range e.name {
			if e.name[i] == '/' {
				has[e.name[:i]] = true
			}
		}
	}
	slices.Sort(b.l.folders)
	for _, f := range slices.Compact(b.l.folders) {
		if inside, ok := strings.CutPrefix(f, b.root); ok && strings.Count(inside, "/") == b.rule.level && !has[f] && !isJunk(f) && !b.l.results[f] {
			b.l.passed.add(passedEmpty, f, "")
		}
	}
	return nil
}
