package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/picture"
)

// entry is one image of a listing.
type entry struct {
	name string // relative to the source, with slashes
	file file
}

// listing holds the files of a source before they are labeled.
type listing struct {
	name    string
	base    string // the name of the source's folder, or of its archive without the extension; "" if there is none
	entries []entry
	folders []string // those that the source names, relative to it, without a slash at the end
	passed  tally
	ignored []BadFile
	warn    []string
	closers []io.Closer
	tables  []string // Parquet files, which are read if there are no images
	lenient bool     // archives that cannot be read are left out

	records  map[string]file    // of folders, the files by which the results of lince are recognized; see own.go
	results  map[string]bool    // the folders with results of lince, and those around them
	numbered map[string]bool    // names of archives that differ only by a number
	beside   map[string][]entry // files that may have labels or boxes, the first ones of each extension
	lists    []entry            // texts that may list the labels of images; see listed.go
	splits   []splitList        // files that may list the images of parts; see splitlists.go
	numbers  []entry            // files that may have a number for each image
	unknown  []entry            // files of unknown extensions; see unknown.go

	labels map[string]map[string]file // of shards: the files with labels, by the key of the sample and their extension; else nil
	form   archiveForm
}

func (l *listing) Close() error {
	var all []error
	for _, c := range l.closers {
		all = append(all, c.Close())
	}
	return errors.Join(all...)
}

func (l *listing) names() []string {
	names := make([]string, len(l.entries))
	for i, e := range l.entries {
		names[i] = e.name
	}
	return names
}

// add files an entry of the source: as an image, or as a file that is passed over. It returns false if the entry is an archive.
func (l *listing) add(name string, f file) bool {
	if key, ext := sampleKey(name); l.labels != nil && isSidecar(ext) && !isJunk(name) {
		if l.labels[key] == nil {
			l.labels[key] = map[string]file{}
		}
		l.labels[key][ext] = f
		return true
	}
	switch what, kind := classify(name); what {
	case imageName:
		l.entries = append(l.entries, entry{name, f})
	case oddName:
		// Only the first bytes can tell.
		head, err := f.head(imageHeadSize)
		switch {
		case err == nil && imageFormat(head) != "":
			l.entries = append(l.entries, entry{name, f})
		case err == nil && picture.Foreign(head) != "":
			l.passed.add(passedFormat, name, picture.Foreign(head))
		default:
			l.passed.add(passedOther, name, kind)
		}
	case archiveName:
		return false
	case foreignName:
		l.passed.add(passedFormat, name, kind)
	case hiddenName:
		l.passed.add(passedHidden, name, "")
	default:
		if isParquet(name) {
			l.tables = append(l.tables, name)
		}
		l.passed.add(passedOther, name, kind)
		l.noteRecord(name, f)
		l.noteBeside(name, f)
		l.noteList(name, f)
		l.noteSplit(name, f)
		l.noteUnknown(name, f)
	}
	return true
}

// normalize sorts the entries and drops duplicate names. It fails if there are no entries.
func (l *listing) normalize() error {
	l.dropResults()
	if len(l.entries) == 0 {
		return l.empty()
	}
	slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	// An archive may hold two entries with the same name, for example after tar --append. The last one is what unpacking leaves.
	kept := l.entries[:0]
	for i, e := range l.entries {
		if i+1 < len(l.entries) && l.entries[i+1].name == e.name {
			l.ignored = append(l.ignored, BadFile{e.name, errors.New("has the name of a later entry, which is used")})
			continue
		}
		kept = append(kept, e)
	}
	l.entries = kept
	return nil
}

// warnings returns those of the listing, and one about what it has left out.
func (l *listing) warnings() []string { return append(slices.Clip(l.warn), leftOut(l.ignored)...) }

// leftOut warns of files that cannot be used: damaged archives, for example, of which the images are missing.
func leftOut(ignored []BadFile) []string {
	if len(ignored) == 0 {
		return nil
	}
	first := ignored[0].Err.Error()
	if !strings.Contains(first, ignored[0].Filename) {
		first = ignored[0].Filename + ": " + first
	}
	if n := len(ignored); n > 1 {
		return []string{fmt.Sprintf("Left out %d files; the first, %s.", n, first)}
	}
	return []string{"Left out " + first + "."}
}

// empty is the error of a source without images. It names what the source has instead.
func (l *listing) empty() error {
	var has []string
	for _, p := range l.passed.list() {
		has = append(has, p.String())
	}
	if len(l.ignored) > 0 {
		has = append(has, fmt.Sprintf("%d that cannot be used, the first: %s: %v", len(l.ignored), l.ignored[0].Filename, l.ignored[0].Err))
	}
	if n := len(l.folders); n > 0 && len(has) == 0 {
		has = append(has, fmt.Sprintf("%d folders without images, such as %s", n, l.folders[0]))
	}
	what := "it is empty"
	if len(has) > 0 {
		what = "it has " + strings.Join(has, "; ")
	}
	hint := "names must end in " + strings.Join(extensions, ", ")
	for _, ext := range sortedKeys(l.passed[passedOther].kinds) {
		if u := unreadArchiveOf("x"+ext, nil); u != nil {
			hint = fmt.Sprintf("unpack the archives (%s)", u.Command("FILE"+ext))
		}
	}
	for _, name := range l.passed[passedOther].examples {
		if joinPieces(name) != "" {
			hint = again(name)
		}
		if k := foreignKindOf(name, nil); k != nil {
			hint = k.adviceForMany(l.name, path.Ext(name))
		}
	}
	for _, ext := range sortedKeys(l.passed[passedOther].kinds) {
		if k := foreignKindOf("x"+ext, nil); k != nil {
			hint = k.adviceForMany(l.name, ext)
		}
	}
	if l.passed[passedUnsafe].n > 0 {
		hint = "unpack the archive, and open the folder"
	}
	if n := l.passed[passedFormat].n; n > 0 {
		name := l.passed[passedFormat].examples[0]
		ext := foreignExtension(name)
		to, with, _, many := picture.Conversion(foreignExtensions[ext], "."+name[len(name)-len(ext):])
		hint = "convert them to " + to + ", for example with " + with + ": " + many
	}
	return fmt.Errorf("%s: has no images that lince can read; %s; %s", l.name, what, hint)
}

// passing is a reason for which Open passes over files or folders.
type passing int

const (
	passedOther passing = iota
	passedFormat
	passedHidden
	passedLink
	passedCycle
	passedUnsafe
	passedUnreadable
	passedArchive
	passedEmpty
	passedCopy
	passedFolder
	passedResult
	passedUnnamed
	passedUnlisted
	passings // the number of reasons
)

// passingInfo describes the reasons. loss tells those that may hold images which the user expects in the table.
var passingInfo = [passings]struct {
	one, many string
	loss      bool
}{
	passedOther:      {"file that is not an image", "files that are not images", false},
	passedFormat:     {"image of a format that lince does not read", "images of formats that lince does not read", true},
	passedHidden:     {"file that is hidden or belongs to another program", "files that are hidden or belong to other programs", false},
	passedLink:       {"link that is not followed", "links that are not followed", false},
	passedCycle:      {"link to a folder that it is in, which is not followed", "links to folders that they are in, which are not followed", false},
	passedUnsafe:     {"entry whose name is absolute or points outside the archive", "entries whose names are absolute or point outside the archive", false},
	passedUnreadable: {"folder that cannot be read", "folders that cannot be read", true},
	passedArchive:    {"archive beside the images", "archives beside the images", false},
	passedEmpty:      {"folder without images, which is no class", "folders without images, which are no classes", false},
	passedCopy:       {"image in a copy of the data", "images in copies of the data", false},
	passedFolder:     {"image in a folder that is neither a class nor a part", "images in folders that are neither classes nor parts", true},
	passedResult:     {"image that lince has written to a folder of results", "images that lince has written to folders of results", false},
	passedUnnamed:    {"image that no row of the table uses", "images that no row of the table uses", false},
	passedUnlisted:   {"image that no list of a part names", "images that no list of a part names", true},
}

// tally counts what is passed over.
type tally [passings]struct {
	n        int
	examples []string
	kinds    map[string]int
	loss     bool
}

// Limits on the kinds that are counted separately: names of files may have any extension.
const (
	maxKinds = 20
	maxKind  = 20 // bytes
)

// add counts one file or folder. kind is the detail that is counted separately, such as an extension; it may be "".
func (t *tally) add(p passing, name, kind string) {
	c := &t[p]
	c.n++
	c.loss = c.loss || passingInfo[p].loss || p == passedLink && (isImage(name) || strings.HasSuffix(name, "/")) || p == passedUnsafe && isImage(name)
	if len(c.examples) < 3 {
		c.examples = append(c.examples, name)
	}
	if kind != "" {
		if c.kinds == nil {
			c.kinds = map[string]int{}
		}
		if _, ok := c.kinds[kind]; !ok && (len(kind) > maxKind || len(c.kinds) >= maxKinds) {
			kind = "other"
		}
		c.kinds[kind]++
	}
}

// remove takes back what add has counted, for a file that is used after all.
func (t *tally) remove(p passing, name, kind string) {
	c := &t[p]
	c.n--
	c.examples = slices.DeleteFunc(c.examples, func(e string) bool { return e == name })
	if _, ok := c.kinds[kind]; !ok {
		kind = "other"
	}
	if c.kinds[kind]--; c.kinds[kind] <= 0 {
		delete(c.kinds, kind)
	}
}

// Passed counts files or folders that Open found and did not list.
type Passed struct {
	Reason   string         // what they are, such as "files that are not images"
	N        int            // how many
	Kinds    map[string]int // N by extension or format, such as ".txt"; nil if the reason has no kinds
	Examples []string       // the first names, at most 3
	Loss     bool           // they may hold images that were meant to be in the table
}

// list returns the reasons that occurred.
func (t *tally) list() []Passed {
	var all []Passed
	for p, c := range t {
		if c.n == 0 {
			continue
		}
		info := passingInfo[p]
		reason := info.many
		if c.n == 1 {
			reason = info.one
		}
		all = append(all, Passed{reason, c.n, c.kinds, c.examples, c.loss})
	}
	return all
}

// String describes the files in a line: "2 files that are not images (1 .csv, 1 .txt), such as labels.csv".
func (p Passed) String() string {
	s := fmt.Sprintf("%d %s", p.N, p.Reason)
	if len(p.Kinds) > 0 {
		kinds := slices.SortedFunc(maps.Keys(p.Kinds), func(a, b string) int {
			return cmp.Or(cmp.Compare(p.Kinds[b], p.Kinds[a]), cmp.Compare(a, b))
		})
		var parts []string
		for i, k := range kinds {
			if i == 5 {
				parts = append(parts, "...")
				break
			}
			parts = append(parts, fmt.Sprintf("%d %s", p.Kinds[k], k))
		}
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	if len(p.Examples) == 0 {
		return s
	}
	if p.N == 1 {
		return s + ": " + p.Examples[0]
	}
	return s + ", such as " + p.Examples[0]
}
