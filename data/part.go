package data

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
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
	inner  bool               // each class has a folder for each part: cats/train, cats/val
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

// mostOuter is the number of folders that are searched for parts inside. A dataset has few folders around its parts.
const mostOuter = 20

// deeper returns a warning if a folder that would be a class has parts inside: dataset2-master/images/TRAIN beside dataset-master/JPEGImages. It returns "" if none has.
func (p *parts) deeper(l *listing) string {
	names := folderNames(p.groups)
	if p.list != nil || len(names) > mostOuter {
		return ""
	}
	for _, n := range names {
		q := (&listing{entries: p.groups[n]}).split()
		if len(q.list) < 2 || q.inner || q.classesForTraining() < 2 {
			continue
		}
		var list []string
		for _, part := range q.list {
			list = append(list, part.name)
		}
		folder, how := p.root+n, "lince data %s opens it alone"
		if info, err := os.Stat(l.name); err == nil && info.IsDir() {
			folder = filepath.Join(l.name, filepath.FromSlash(folder))
		} else {
			how = "unpack the archive; then lince data %s opens it alone"
		}
		return fmt.Sprintf("The folder %s is probably no class: it has the parts %s, each with the folders of classes; "+how+".", quoteName(p.root+n), list20(list), shell.Quote(folder))
	}
	return ""
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
		for inside := commonFolder(namesOf(p.groups[n])); len(inside) > len(root); {
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
		has = "the folders " + list20(names)
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

// list20 joins at most the first 20 names.
func list20(names []string) string {
	if n := len(names) - 20; n > 0 {
		return strings.Join(names[:20], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
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

// trained returns the rule that labels the part for training, and its classes.
func (p *parts) trained(l *listing, o OpenOptions) (rule labeler, classes []string) {
	q := p.training()
	names := namesOf(q.entries)
	for i, n := range names {
		names[i] = n[len(q.root):]
	}
	rule, _ = o.labeler(names, l.numbered)
	t := &Table{rows: q.rows(rule, o.Classes)}
	return rule, t.Classes()
}

// labelParts labels the images of all parts. rule is that of the part for training, and classes are its classes, or those that are known besides.
func (t *Table) labelParts(l *listing, p *parts, rule labeler, classes []string, o OpenOptions) {
	var unlabeled []string
	folder := ""
	for _, q := range p.list {
		rows := q.rows(rule, classes)
		t.src.parts[q.name] = rows
		labels := make([]string, len(rows))
		for i, r := range rows {
			labels[i] = r.Label
		}
		if len(classes) == 0 || !noneOf(labels, classes) {
			continue
		}
		if o.auto() {
			if listed, from := l.labelsBeside(q.entries, q.kind, classes); from != "" {
				for i := range rows {
					rows[i].Label = listed[i]
				}
				if q.name != t.src.holds {
					t.notes = append(t.notes, listNote("the part "+q.name, from))
				}
				continue
			}
		}
		if one := strings.Join(labels, ""); one == "" || !generic(labels, classes) {
			continue
		}
		unlabeled, folder = append(unlabeled, q.name), labels[0]
		for i := range rows {
			rows[i].Label = ""
		}
	}
	switch {
	case len(unlabeled) == 1:
		t.notes = append(t.notes, fmt.Sprintf("The images of the part %s have no labels: %s is no class of the training images. To give them labels, put each class in a folder of its name.", unlabeled[0], quoteName(folder)))
	case len(unlabeled) > 1:
		t.notes = append(t.notes, fmt.Sprintf("The images of the parts %s have no labels: names such as %s are no classes of the training images. To give them labels, put each class in a folder of its name.", list20(unlabeled), quoteName(folder)))
	}
}

// noneOf reports whether no label is one of the classes.
func noneOf(labels, classes []string) bool {
	known := map[string]bool{}
	for _, c := range classes {
		known[c] = true
	}
	return !slices.ContainsFunc(labels, func(l string) bool { return known[l] })
}

// generic reports whether labels are none: they are no known classes, but names of folders and files that say nothing, such as images, test and IMG.
func generic(labels, classes []string) bool {
	says := map[string]bool{} // by label: it says something
	for _, l := range labels {
		if _, seen := says[l]; !seen {
			says[l] = l != "" && !saysNothing(l)
		}
	}
	for _, says := range says {
		if says {
			return false
		}
	}
	return noneOf(labels, classes)
}

// saysNothing reports whether the name of a folder, or the first word of a file's, does not name a class: images, test, IMG.
func saysNothing(name string) bool {
	n := strings.ToLower(name)
	if kind, _ := partName(name); kind != noPart || slices.Contains(imageWords, n) || slices.Contains(cameraNames, n) {
		return true
	}
	return !slices.ContainsFunc(strings.FieldsFunc(n, func(r rune) bool { return (r < 'a' || r > 'z') && r < 128 }), func(word string) bool { return !slices.Contains(partFillers, word) })
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
