package data

import (
	"cmp"
	"slices"
	"strings"
)

// part is a part of a dataset.
type part struct {
	name    string // its folder's name
	kind    partKind
	entries []entry
	root    string // the folder to which the names of rows are relative, with its slash
}

// parts holds the parts of a listing.
type parts struct {
	root   string // the folder that all entries share, with its slash, or that of the parts
	outer  string // the folder that all entries share, if it is another one
	list   []*part
	groups map[string][]entry // by the first folder below root; "" if there is none
	inner  bool               // the parts are in the same folders of classes: each class has a folder for each part (cats/train, cats/val), or lists name their images

	lists       []partOfList // from which the parts are; see splitlists.go
	unusedLists []string     // the names of others
}

// split finds the parts of a listing.
func (l *listing) split() *parts {
	p := &parts{root: commonFolder(l.names())}
	p.groups = group(l.entries, p.root)
	if names := partNames(folderNames(p.groups)); names != nil && p.believable(names) {
		for _, n := range sortedKeys(names) {
			p.list = append(p.list, &part{n, names[n], p.groups[n], p.root + n + "/"})
		}
		p.unwrap()
		return p
	}
	if p.splitClasses(); p.list != nil {
		return p
	}
	if q := l.innerParts(p.root); q != nil {
		return q
	}
	return p
}

// innerParts returns the parts in a folder further inside, beside folders with a few other images, such as data/ in a repository that also has docs/; nil if there are none.
// root is the folder that all images share.
func (l *listing) innerParts(root string) *parts {
	found := map[string]bool{}
	for _, e := range l.entries {
		inside := e.name[len(root):]
		for at := strings.IndexByte(inside, '/'); at >= 0 && at+1 < len(inside); {
			name, _, deeper := strings.Cut(inside[at+1:], "/")
			if !deeper {
				break
			}
			if kind, _ := partName(name); kind == trainingPart {
				found[inside[:at+1]] = true
				break
			}
			at += 1 + len(name)
		}
	}
	if len(found) != 1 {
		return nil
	}
	folder := root + sortedKeys(found)[0]
	var inside []entry
	for _, e := range l.entries {
		if strings.HasPrefix(e.name, folder) {
			inside = append(inside, e)
		}
	}
	if len(l.entries)-len(inside) > len(l.entries)/10 {
		return nil
	}
	q := (&listing{entries: inside}).split()
	if len(q.list) < 2 || q.inner || q.classesForTraining() < 2 {
		return nil
	}
	return &parts{root: q.root, outer: root, list: q.list, groups: q.groups}
}

// classesForTraining returns the number of folders in the part for training, 0 if it has other images.
func (p *parts) classesForTraining() int {
	t := p.training()
	groups := group(t.entries, t.root)
	if groups[""] != nil {
		return 0
	}
	return len(groups)
}

// group groups entries by their first folder below root.
func group(entries []entry, root string) map[string][]entry {
	groups := map[string][]entry{}
	for _, e := range entries {
		folder, _, ok := strings.Cut(e.name[len(root):], "/")
		if !ok {
			folder = ""
		}
		groups[folder] = append(groups[folder], e)
	}
	return groups
}

func folderNames(groups map[string][]entry) []string {
	var names []string
	for n := range groups {
		if n != "" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// believable reports whether folders with the names of parts are parts: there are no other images, or the part for training and another one have a class in common, or
// images for training are in the folders of classes, those of another part are not in folders, and all others are fewer.
func (p *parts) believable(names map[string]partKind) bool {
	if len(names) == len(p.groups) {
		return true
	}
	classes := map[string]int{}
	trained, flat, images := false, false, 0 // images in parts
	for n, kind := range names {
		images += len(p.groups[n])
		if kind == otherPart {
			continue
		}
		root := p.root + n + "/"
		if inside := commonFolder(namesOf(p.groups[n])); len(inside) > len(root) {
			root = inside
		}
		inside := group(p.groups[n], root)
		trained = trained || kind == trainingPart && inside[""] == nil && len(inside) > 1
		flat = flat || kind != trainingPart && len(inside) == 1 && inside[""] != nil
		for _, c := range folderNames(inside) {
			classes[c]++
		}
	}
	all := 0
	for _, list := range p.groups {
		all += len(list)
	}
	if trained && flat && all-images < images {
		return true
	}
	for _, n := range classes {
		if n > 1 {
			return true
		}
	}
	return false
}

func namesOf(entries []entry) []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	return names
}

// unwrap moves the roots of the parts down to the folder with the classes: training_set/training_set, train/images. The part for training
// shows which folders are between.
func (p *parts) unwrap() {
	t := p.training()
	for _, q := range p.list {
		q.descend()
	}
	between := strings.TrimPrefix(commonFolder(namesOf(t.entries)), t.root)
	for _, q := range p.list {
		if below := q.root + between; q != t && !slices.ContainsFunc(q.entries, func(e entry) bool { return !strings.HasPrefix(e.name, below) }) {
			q.root = below
		}
	}
	t.root += between
}

// descend moves the root of a part into a folder that holds all its images and repeats its name.
func (q *part) descend() {
	for {
		groups := group(q.entries, q.root)
		names := folderNames(groups)
		if len(groups) != 1 || len(names) != 1 {
			return
		}
		if kind, _ := partName(names[0]); kind != q.kind && names[0] != q.name {
			return
		}
		q.root += names[0] + "/"
	}
}

// splitClasses finds the parts of a dataset whose classes each have a folder for each part: cats/train, dogs/train, cats/val, dogs/val.
func (p *parts) splitClasses() {
	classes := folderNames(p.groups)
	if len(classes) < 2 || len(classes) != len(p.groups) {
		return
	}
	all := map[string][]entry{}
	for _, c := range classes {
		inside := group(p.groups[c], p.root+c+"/")
		names := partNames(folderNames(inside))
		if len(names) < 2 || len(names) != len(inside) {
			return
		}
		for n := range names {
			all[n] = append(all[n], inside[n]...)
		}
	}
	for _, n := range sortedKeys(all) {
		kind, _ := partName(n)
		slices.SortFunc(all[n], func(a, b entry) int { return cmp.Compare(a.name, b.name) })
		p.list = append(p.list, &part{n, kind, all[n], p.root})
	}
	p.inner = true
}

// of returns the first part of a kind, nil if there is none.
func (p *parts) of(kind partKind) *part {
	for _, q := range p.list {
		if q.kind == kind {
			return q
		}
	}
	return nil
}

func (p *parts) training() *part { return p.of(trainingPart) }
