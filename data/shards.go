package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/patherr"
)

// shardRange is a range of numbers in the name of shards: train-{000000..000009}.tar.
var shardRange = regexp.MustCompile(`^(.*)\{(\d+)\.\.(\d+)\}(.*)$`)

// maxShards limits the number of shards in a range.
const maxShards = 100_000

// IsShards reports whether a name stands for shards: tar archives whose names differ in a number, as WebDataset writes them, such as
// train-{000000..000009}.tar.
func IsShards(name string) bool {
	if _, err := os.Stat(name); err == nil { // a file may have this name
		return false
	}
	return shardRange.MatchString(name)
}

// ExpandShards returns the names of shards, in order. A name without a range stands for itself.
func ExpandShards(name string) ([]string, error) {
	m := shardRange.FindStringSubmatch(name)
	if m == nil {
		return []string{name}, nil
	}
	from, err := strconv.Atoi(m[2])
	to, err2 := strconv.Atoi(m[3])
	if err = errors.Join(err, err2); err != nil || from > to || to-from >= maxShards {
		return nil, fmt.Errorf("%s: the range of shards must be ascending and of at most %d numbers, as in train-{000000..000009}.tar", name, maxShards)
	}
	var names []string
	for i := from; i <= to; i++ {
		names = append(names, fmt.Sprintf("%s%0*d%s", m[1], len(m[2]), i, m[4]))
	}
	return names, nil
}

// shardNames returns the names of shards, which must be files.
func shardNames(name string) ([]string, error) {
	names, err := ExpandShards(name)
	if err != nil {
		return nil, err
	}
	missing, example := 0, ""
	for _, n := range names {
		if _, err := os.Stat(n); err != nil {
			if missing++; example == "" {
				example = fmt.Sprintf("%s: %v", n, patherr.Bare(err))
			}
		}
	}
	if missing > 0 {
		return nil, fmt.Errorf("%s: %d of the %d shards cannot be opened, such as %s", name, missing, len(names), example)
	}
	return names, nil
}

// shardsOf returns the folder and the names of shards in it. The range may be in the name of a folder.
func shardsOf(name string) (folder string, names []string, err error) {
	paths, err := shardNames(name)
	if err != nil {
		return "", nil, err
	}
	folder = filepath.Dir(shardRange.FindStringSubmatch(name)[1] + "x") // the folder of what begins before the range
	for _, p := range paths {
		n, err := filepath.Rel(folder, p)
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
		names = append(names, filepath.ToSlash(n))
	}
	return folder, names, nil
}

// sidecars are files that have the labels of images with the same name up to the first dot, by their extensions. The first one that an image has is
// used.
var sidecars = []string{"cls", "txt", "json"}

func isSidecar(ext string) bool { return slices.Contains(sidecars, ext) }

// sampleKey splits the name of a member as WebDataset does: before the first dot of the file's name.
func sampleKey(name string) (key, ext string) {
	dir, base := path.Split(name)
	first, ext, _ := strings.Cut(base, ".")
	return dir + first, strings.ToLower(ext)
}

// openShards makes a table of the images in shards, in the order of the shards. Each is read in place, so any order of the rows is fast, and the
// batches are those of other tables.
func openShards(name string, o OpenOptions, rep *reading) (*Table, error) {
	if o.LabelPattern != nil || o.LabelRule != Auto && o.LabelRule != Unlabeled {
		return nil, fmt.Errorf("%s: the labels of shards are in files beside the images (.cls, .txt, .json); remove the label rule (--label)", name)
	}
	if o.Part != "" {
		return nil, fmt.Errorf("%s: shards have no parts; name the shards of %s", name, o.Part)
	}
	folder, names, err := shardsOf(name)
	if err != nil {
		return nil, err
	}
	l := &listing{name: name, labels: map[string]map[string]file{}}
	t, err := l.shards(folder, names, o, rep)
	if err != nil {
		l.Close()
		return nil, err
	}
	rep.finish()
	return t, nil
}

// shards makes the table of openShards.
func (l *listing) shards(folder string, names []string, o OpenOptions, rep *reading) (*Table, error) {
	if err := l.openArchives(folder, names, rep); err != nil {
		return nil, err
	}
	if err := l.normalize(); err != nil {
		return nil, err
	}
	return l.sampleTable(l.entries, o)
}

// sampleTable makes the table of entries whose labels are in files beside them.
func (l *listing) sampleTable(entries []entry, o OpenOptions) (*Table, error) {
	t := &Table{src: &source{name: l.name, rule: Unlabeled, closer: l}, found: "images", warn: l.warn}
	c := newComposer()
	t.rows, t.src.numeric = l.sampleRows(entries, o, c)
	t.notes = c.notes()
	t.alike = twinClasses(t.rowsOfClasses())
	t.warn = append(t.warn, t.alike...)
	t.ignored, t.passed, t.src.dropped = l.ignored, l.passed.list(), len(l.ignored)
	if n := len(l.ignored); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the images; the first, %s: %v.", n, l.ignored[0].Filename, l.ignored[0].Err))
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: none of its %d images can be used; the first, %s: %w", l.name, len(entries), t.ignored[0].Filename, t.ignored[0].Err)
	}
	return t, nil
}

// sampleRows labels entries by the files beside them, in the spelling of c. numeric reports whether all labels are numbers.
func (l *listing) sampleRows(entries []entry, o OpenOptions, c composer) (rows []Row, numeric bool) {
	numeric = o.LabelRule != Unlabeled
	for _, e := range entries {
		label := ""
		if o.LabelRule != Unlabeled {
			var err error
			if label, err = l.labelOf(e.name); err != nil {
				l.ignored = append(l.ignored, BadFile{e.name, err})
				continue
			}
			label = c.compose(label)
			_, number := number(label)
			numeric = numeric && number
		}
		rows = append(rows, Row{e.name, label, e.file})
	}
	return rows, numeric
}

// labelOf reads the label of an image from the file beside it.
func (l *listing) labelOf(name string) (string, error) {
	key, _ := sampleKey(name)
	for _, ext := range sidecars {
		f := l.labels[key][ext]
		if f == nil {
			continue
		}
		const most = 1 << 20
		b, err := f.head(most)
		if err != nil {
			return "", err
		}
		label := string(bytes.TrimSpace(b))
		if ext == "json" {
			if label, err = jsonLabel(b); err != nil {
				return "", fmt.Errorf("%s.json: %w", key, err)
			}
		}
		switch {
		case label == "":
			return "", fmt.Errorf("%w: %s.%s is empty", errNoLabel, key, ext)
		case len(label) > 1<<10 || !utf8.ValidString(label) || strings.ContainsRune(label, '\n'):
			return "", fmt.Errorf("%s.%s is not a label, want one short line in UTF-8", key, ext)
		}
		return label, nil
	}
	return "", fmt.Errorf("%w: there is no %s.cls, .txt or .json", errNoLabel, key)
}

// jsonLabel returns the label in a JSON object: a text or a number under one of the names of label columns.
func jsonLabel(b []byte) (string, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		return "", fmt.Errorf("is not a JSON object: %w", err)
	}
	for _, n := range labelColumns {
		if raw, ok := object[n]; ok {
			var v value
			switch err := v.fromJSON(raw); {
			case err != nil, v.object:
				return "", fmt.Errorf("the value of %q is not a text or a number", n)
			case v.isList:
				return "", fmt.Errorf("the value of %q is a list; an image in shards has one label: for several, write names and labels into a table (CSV or JSON lines), and name the shards as its images (Images, --images)", n)
			}
			return string(v.text), nil
		}
	}
	return "", fmt.Errorf("%w: it has none of the keys %s", errNoLabel, strings.Join(labelColumns, ", "))
}
