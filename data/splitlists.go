package data

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// Datasets bring lists of the names of their images by part, such as meta/train.txt and meta/test.txt of Food-101. The images of all parts are in the same folders of classes.

// splitFiles is the number of files that are kept as lists of parts. A set of ten splits has thirty.
const splitFiles = 256

// splitList is a file that may list the images of a part.
type splitList struct {
	entry
	kind partKind // noPart if the file says it for each image
	both bool     // for training, with the images for validation
	key  string   // what the lists of a split have in common: their folder, their kind, and their names without the words for parts
}

// listKinds are the extensions of such files, the preferred one first.
var listKinds = []string{"txt", "lst", "list", "csv", "tsv", "tab", "json"}

// listFillers are words in the names of lists that say nothing, beside partFillers.
var listFillers = []string{"list", "lists", "name", "names", "filenames", "file", "ids", "id", "index", "indices", "paths", "annotations", "label", "labels", "idx"}

var (
	wordStart = regexp.MustCompile(`([a-z])([A-Z])`)
	listWords = regexp.MustCompile(`\pL+|\d+`)
)

// splitOf tells by its name which images a list has; ok is false if it tells nothing. The words for parts may be joined to others: TrainImages.txt, trainlist01.txt, trainval.txt.
func splitOf(name string) (s splitList, ok bool) {
	ext := extension(name)
	if !slices.Contains(listKinds, ext) {
		return s, false
	}
	stem := strings.ToLower(wordStart.ReplaceAllString(tableStem(path.Base(name)), "$1 $2"))
	kinds := map[partKind]bool{}
	var rest []string
	for _, w := range listWords.FindAllString(stem, -1) {
		kind := partWords[w]
		for _, f := range slices.Concat(partFillers, listFillers) {
			if kind == noPart {
				kind = partWords[strings.TrimSuffix(w, f)]
			}
		}
		switch {
		case w == "trainval" || w == "trainvalidation":
			kinds[trainingPart], kinds[validationPart] = true, true
		case kind == trainingPart || kind == validationPart || kind == testPart:
			kinds[kind] = true
		case !slices.Contains(partFillers, w) && !slices.Contains(listFillers, w):
			rest = append(rest, w)
		}
	}
	s.key = path.Dir(name) + "\x00" + ext + "\x00" + strings.Join(rest, " ")
	switch {
	case kinds[trainingPart] && kinds[testPart]: // train_test_split.txt
	case kinds[trainingPart]:
		s.kind, s.both = trainingPart, kinds[validationPart]
	case kinds[validationPart] != kinds[testPart]:
		for k := range kinds {
			s.kind = k
		}
	case ext == "json" && slices.Contains(strings.Fields(stem), "split"), ext == "json" && strings.HasPrefix(stem, "split"):
	default:
		return s, false
	}
	return s, true
}

// noteSplit keeps a file that may list the images of a part, or their numbers.
func (l *listing) noteSplit(name string, f file) {
	if len(l.splits) >= splitFiles {
		return
	}
	if s, ok := splitOf(name); ok {
		s.entry = entry{name, f}
		l.splits = append(l.splits, s)
	} else if path.Base(name) == numberedImages {
		l.numbers = append(l.numbers, entry{name, f})
	}
}

// partOfList has the images of a part, by their indexes in a listing.
type partOfList struct {
	kind   partKind
	from   string
	images []int32
	absent []string // names in the list that are no images
}

// splitByLists makes the lists beside images the parts, if there are lists of most of the images.
func (l *listing) splitByLists(p *parts) {
	if len(l.splits) == 0 || p.list != nil {
		return
	}
	s := &splitReader{names: &spellings{entries: l.entries}, root: p.root}
	groups := map[string][]splitList{}
	for _, c := range l.splits {
		groups[c.key] = append(groups[c.key], c)
	}
	keys := sortedKeys(groups)
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(listOrder(a), listOrder(b)), cmp.Compare(len(a), len(b)))
	})
	// Names such as places365_train_standard.txt and places365_val.txt have little in common.
	byFolder := map[string][]splitList{}
	for _, k := range keys {
		folder := k[:strings.LastIndexByte(k, 0)]
		byFolder[folder] = append(byFolder[folder], groups[k]...)
	}
	for _, folder := range sortedKeys(byFolder) {
		keys = append(keys, folder)
		groups[folder] = byFolder[folder]
	}
	var used []string
	for _, k := range keys {
		list := s.parts(l, groups[k])
		if len(list) == 0 {
			continue
		}
		if used == nil && p.setLists(l, list) {
			for _, part := range list {
				used = append(used, part.from)
			}
			continue
		}
		if len(list) == 1 && len(list[0].images) >= len(l.entries) { // a list of all images
			continue
		}
		for _, part := range list {
			p.unusedLists = append(p.unusedLists, part.from)
		}
	}
	slices.Sort(used)
	slices.Sort(p.unusedLists)
	for _, n := range slices.Compact(used) {
		l.passed.remove(passedOther, n, "."+extension(n))
	}
	p.unusedLists = slices.DeleteFunc(slices.Compact(p.unusedLists), func(n string) bool { return slices.Contains(used, n) })
}

// listOrder returns the place of the extension of lists with a key among listKinds.
func listOrder(key string) int {
	return slices.Index(listKinds, strings.Split(key, "\x00")[1])
}

// setLists makes lists the parts. It returns false if they contradict each other, or name few of the images.
func (p *parts) setLists(l *listing, lists []partOfList) bool {
	kinds := make([]partKind, len(l.entries))
	named := 0
	has := map[partKind]bool{}
	for _, list := range lists {
		has[list.kind] = true
		for _, at := range list.images {
			if kinds[at] != noPart && kinds[at] != list.kind {
				return false
			}
			if kinds[at] == noPart {
				named++
			}
			kinds[at] = list.kind
		}
	}
	rest := noPart
	if !has[trainingPart] { // the lists have the images that are held out
		rest = trainingPart
	}
	all := len(l.entries)
	switch {
	case rest == noPart && (2*named < all || len(has) == 1 && named == all), rest != noPart && 2*named > all:
		return false
	}
	byKind := map[partKind]*part{}
	for i, e := range l.entries {
		k := kinds[i]
		if k == noPart {
			k = rest
		}
		if k == noPart {
			l.passed.add(passedUnlisted, e.name, "")
			continue
		}
		if byKind[k] == nil {
			byKind[k] = &part{columnParts[k], k, nil, p.root}
		}
		byKind[k].entries = append(byKind[k].entries, e)
	}
	for _, k := range []partKind{trainingPart, validationPart, testPart} {
		if q := byKind[k]; q != nil {
			p.list = append(p.list, q)
		}
	}
	p.inner, p.lists = true, lists
	return true
}

// findLists makes the lists beside the images the parts, except for a prediction of all images.
func (b *labeling) findLists() error {
	if b.o.LabelRule != Unlabeled || b.o.Part != "" {
		b.l.splitByLists(b.parts)
	}
	return nil
}

// noteLists says from which lists the parts are.
func (b *labeling) noteLists() {
	p := b.parts
	if p.lists == nil && len(p.unusedLists) > 0 {
		b.warn(fmt.Sprintf("By their names, the lists %s have the images of parts, but they are not used, because they contradict each other or name few of the images. To open the images of one, with their labels from their folders: %s.", listNames(p.unusedLists), shell.Command("lince", "data", "LIST", "--images", b.l.name)))
	}
	if p.lists == nil || b.holds == nil {
		return
	}
	var from, sizes, absent []string
	for _, list := range p.lists {
		from = append(from, list.from)
		absent = append(absent, list.absent...)
	}
	for _, q := range p.list {
		sizes = append(sizes, fmt.Sprintf("%s has %d images", q.name, len(q.entries)))
	}
	slices.Sort(from)
	note := fmt.Sprintf("The parts are from %s: %s.", listNames(slices.Compact(from)), strings.Join(sizes, ", "))
	if folder := strings.Trim(p.root, "/"); folder != "" {
		note += fmt.Sprintf(" For all images, use --part %s.", shell.Quote(folder))
	} else {
		note += " For all images, move the lists to another folder."
	}
	if len(p.unusedLists) > 0 {
		note += fmt.Sprintf(" There are other lists, which are not used: %s.", listNames(p.unusedLists))
	}
	b.note(note)
	if len(absent) > 0 {
		b.warn(fmt.Sprintf("%d of the names in these lists are not those of images, such as %s.", len(absent), quoteName(absent[0])))
	}
}
