package data

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/patherr"
)

// OpenOptions are Open's. The zero value finds everything out by itself.
type OpenOptions struct {
	// LabelRule is the rule that gives the categories; Auto by default. A CSV with a
	// category column needs none.
	LabelRule Rule

	// Part takes only the files below this folder of the source, such as "train" or
	// "test1". By default it is the whole source, or its folder train where all
	// folders have names such as train, test1 and validation.
	Part string

	// FilenameColumn and LabelColumn are a CSV's columns: Keras' x_col and y_col.
	// Default: filename; category, or else class.
	FilenameColumn, LabelColumn string

	// Images is the folder or archive with the images that a CSV names. Default:
	// the CSV's own folder.
	Images string

	// Progress, if set, is told how many files of the source have been looked at; total
	// is 0 where it is not known yet. It is called by one goroutine at a time.
	Progress func(done, total int)
}

// Open makes a table of a source, which is one of
//
//   - a zip archive: with a zip nested inside it, as Kaggle's dogs-vs-cats.zip has
//     train.zip and test1.zip; flat files named cat.0.jpg; or a folder for each class.
//     It is read in place, never unpacked to disk;
//   - a folder of files named cat.0.jpg, or of one folder for each class;
//   - a CSV file with the columns filename and category (flow_from_dataframe);
//   - an image;
//   - demo:cats-and-dogs[?n=2000&seed=1]: images drawn by package data/demo.
//
// An image that does not fit the label rule is left out and listed by Ignored; it is an
// error when none fits. The table must be closed.
func Open(ctx context.Context, name string, o OpenOptions) (*Table, error) {
	if o.LabelRule < Auto || o.LabelRule > Unlabelled {
		return nil, fmt.Errorf("no label rule %d", int(o.LabelRule))
	}
	rep := &reading{ctx: ctx, progress: o.Progress}
	if strings.HasPrefix(name, demo.Scheme) {
		return openDemo(name, o)
	}
	if kind, err := sniff(name); err != nil {
		return nil, err
	} else if kind == kindCSV {
		return openCSV(name, o, rep)
	}
	l, err := list(name, rep)
	if err != nil {
		return nil, err
	}
	rep.finish()
	t, err := label(l, o)
	if err != nil {
		l.Close()
		return nil, err
	}
	return t, nil
}

func openDemo(name string, o OpenOptions) (*Table, error) {
	set, err := demo.Parse(name)
	if err != nil {
		return nil, err
	}
	l := &listing{name: name}
	for i := range set.Len() {
		l.entries = append(l.entries, entry{set.Filename(i), drawnFile{set, i}})
	}
	return label(l, o)
}

// entry is one image of a listing.
type entry struct {
	name string // below the source, with slashes
	file file
}

// listing is what a source holds before it is labelled.
type listing struct {
	name    string
	entries []entry
	others  int    // files that are no images
	zip     string // one of them that is an archive
	ignored []BadFile
	closer  io.Closer
}

func (l *listing) Close() error {
	if l.closer == nil {
		return nil
	}
	return l.closer.Close()
}

func (l *listing) names() []string {
	names := make([]string, len(l.entries))
	for i, e := range l.entries {
		names[i] = e.name
	}
	return names
}

type kind int

const (
	kindFolder kind = iota
	kindZip
	kindCSV
	kindPicture
)

// sniff finds out what a path is by looking.
func sniff(name string) (kind, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	if info.IsDir() {
		return kindFolder, nil
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s: is neither a file nor a folder", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	head = head[:n]
	ext := strings.ToLower(filepath.Ext(name))
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return kindZip, nil
	case ext == ".zip":
		return 0, fmt.Errorf("%s: is not a zip archive (%s); download it again", name, looksLike(head))
	case ext == ".csv":
		return kindCSV, nil
	case isPicture(name):
		return kindPicture, nil
	}
	hint := ""
	if t := looksLike(head); strings.Contains(t, "gzip") || slices.Contains([]string{".tar", ".tgz", ".rar", ".7z", ".xz", ".bz2"}, ext) {
		hint = "; unpack it and give the folder"
	}
	return 0, fmt.Errorf("%s: is neither a folder, a zip archive, a CSV file (.csv) nor a picture (%s)%s", name, looksLike(head), hint)
}

// looksLike describes the first bytes of a file that is not what it should be.
func looksLike(head []byte) string {
	if len(head) == 0 {
		return "it is empty"
	}
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	return "it looks like " + t
}

// list lists the images of a folder, an archive, or a single file.
func list(name string, rep *reading) (*listing, error) {
	k, err := sniff(name)
	if err != nil {
		return nil, err
	}
	switch k {
	case kindZip:
		return listZip(name, rep)
	case kindPicture:
		return &listing{name: name, entries: []entry{{filepath.Base(name), diskFile(name)}}}, nil
	case kindFolder:
		return listFolder(name, rep)
	}
	return nil, fmt.Errorf("%s: has no pictures: give a folder or an archive", name)
}

// label makes a table of a listing.
func label(l *listing, o OpenOptions) (*Table, error) {
	if len(l.entries) == 0 {
		hint := ""
		if l.zip != "" {
			hint = fmt.Sprintf("; it has archives: give one of them, such as %s", l.zip)
		}
		return nil, fmt.Errorf("%s: has no pictures (%d other files); names must end in %s%s", l.name, l.others, strings.Join(extensions, ", "), hint)
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	// An archive may hold two entries of one name: the first is the one that is found.
	l.entries = slices.CompactFunc(l.entries, func(a, b entry) bool {
		if a.name == b.name {
			l.ignored = append(l.ignored, BadFile{b.name, errors.New("is there twice")})
		}
		return a.name == b.name
	})

	root := commonFolder(l.names())
	src := &source{name: l.name, closer: l.closer, parts: map[string][]Row{}}
	part := map[string][]entry{}
	for _, e := range l.entries {
		if folder, _, ok := strings.Cut(e.name[len(root):], "/"); ok {
			part[folder] = append(part[folder], e)
		} else {
			part[""] = append(part[""], e)
		}
	}
	chosen, below := l.entries, root
	switch {
	case o.Part != "":
		chosen, below = nil, strings.Trim(path.Clean(o.Part), "/")+"/"
		if strings.HasPrefix(root, below) {
			below = root
		} else if !strings.HasPrefix(below, root) {
			below = root + below
		}
		for _, e := range l.entries {
			if strings.HasPrefix(e.name, below) {
				chosen = append(chosen, e)
			}
		}
		if chosen == nil {
			folders := []string{}
			for f := range part {
				if f != "" {
					folders = append(folders, f)
				}
			}
			slices.Sort(folders)
			has := "no folders"
			if len(folders) > 0 {
				has = "the folders " + strings.Join(folders, ", ")
			}
			return nil, fmt.Errorf("%s: has no pictures in a folder %q; it has %s", l.name, o.Part, has)
		}
	case parted(part):
		for _, f := range splitFolders[:2] {
			if part[f] != nil {
				chosen, below = part[f], root+f+"/"
				break
			}
		}
	}

	names := make([]string, len(chosen))
	for i, e := range chosen {
		names[i] = e.name
	}
	common := commonFolder(names)
	if o.LabelRule == Folder && !slices.ContainsFunc(names, func(n string) bool { return Folder.category(n[len(common):]) != "" }) {
		// With one class only, its folder is the label, not a part of the path.
		up := strings.TrimSuffix(common, "/")
		if up = up[:strings.LastIndexByte(up, '/')+1]; o.Part == "" || len(up) >= len(below) {
			common = up
		}
	}
	for i, n := range names {
		names[i] = n[len(common):]
	}
	src.rule = o.LabelRule
	if src.rule == Auto {
		src.rule = detect(names)
	}

	t := &Table{src: src, ignored: l.ignored}
	if src.rule == Folder {
		t.found = "images"
	}
	unfit := 0
	for i, e := range chosen {
		c := src.rule.category(names[i])
		if c == "" && src.rule != Unlabelled {
			t.ignored = append(t.ignored, BadFile{names[i], fmt.Errorf("has no label (the rule is %s)", src.rule.what())})
			unfit++
			continue
		}
		t.rows = append(t.rows, Row{names[i], c, e.file})
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: none of the %d pictures has a label: the rule is %s, and %s does not fit it; "+
			"name them cat.0.jpg, put each class in a folder, or give a CSV with the columns filename and category",
			l.name, len(chosen), src.rule.what(), names[0])
	}
	if unfit > 0 {
		t.warn = append(t.warn, fmt.Sprintf("%d of the %d pictures have no label (the rule is %s) and are left out, such as %s.",
			unfit, len(chosen), src.rule.what(), t.ignored[len(t.ignored)-1].Filename))
	}
	if parted(part) {
		for f, entries := range part {
			src.parts[f] = partRows(entries, src.rule)
		}
	}
	return t, nil
}

// parted says whether a source's folders are the parts of a dataset, train among them.
func parted(part map[string][]entry) bool {
	for f := range part {
		if !slices.Contains(splitFolders, f) {
			return false
		}
	}
	return part[splitFolders[0]] != nil || part[splitFolders[1]] != nil
}

// partRows labels all entries of a part; those that do not fit have no category.
func partRows(entries []entry, rule Rule) []Row {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	common := commonFolder(names)
	rows := make([]Row, len(entries))
	for i, e := range entries {
		n := e.name[len(common):]
		rows[i] = Row{n, rule.category(n), e.file}
	}
	return rows
}
