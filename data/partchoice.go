package data

import (
	"fmt"
	"path"
	"strings"
)

// choose chooses the images of the table.
func (b *labeling) choose() (err error) {
	b.chosen, b.from, b.holds, err = b.parts.choose(b.l, b.o.Part)
	return err
}

// choose returns the entries of a part, the folder that they are below, and the part, if it is one. If name is "", it returns the
// part for training if there is one, or all entries.
func (p *parts) choose(l *listing, name string) (chosen []entry, below string, q *part, err error) {
	if name != "" {
		return p.below(l, name)
	}
	if q := p.training(); q != nil {
		return q.entries, q.root, q, nil
	}
	return l.entries, p.root, nil, nil
}

// below returns the entries below a folder, which is relative to the source or to the shared folder. Without such a folder, it
// returns the part that the name means: test for test_set.
func (p *parts) below(l *listing, folder string) (chosen []entry, below string, q *part, err error) {
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
	if outer := p.outer + strings.Trim(path.Clean(folder), "/") + "/"; chosen == nil && p.outer != p.root {
		for _, e := range l.entries {
			if strings.HasPrefix(e.name, outer) {
				chosen, below = append(chosen, e), outer
			}
		}
	}
	for _, q := range p.list {
		if !p.inner && below == p.root+q.name+"/" {
			return q.entries, q.root, q, nil
		}
	}
	if chosen != nil {
		return chosen, below, nil, nil
	}
	if q := p.meant(folder); q != nil {
		return q.entries, q.root, q, nil
	}
	has := "no folders"
	if names := folderNames(p.groups); len(names) > 0 {
		has = "the folders " + listNames(names)
	}
	return nil, "", nil, fmt.Errorf("%s: has no images in a folder %q; it has %s", l.name, folder, has)
}

// meant returns the only part that a name can mean.
func (p *parts) meant(name string) *part {
	kind, _ := partName(name)
	var found *part
	for _, q := range p.list {
		if strings.EqualFold(q.name, name) {
			return q
		}
		if kind != noPart && q.kind == kind {
			if found != nil {
				return nil
			}
			found = q
		}
	}
	return found
}
