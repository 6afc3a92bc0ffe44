package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits on what is read of the texts beside images.
const (
	listFiles   = 1024 // text files
	listsInside = 2    // of each folder: YOLO has one for each image
	listColumns = 16
	listBytes   = 256 << 20
)

// noteList keeps a text file that may list the labels of images, as val/val_annotations.txt of Tiny ImageNet does.
func (l *listing) noteList(name string, f file) {
	if extension(name) != "txt" || len(l.lists) >= listFiles {
		return
	}
	if n := len(l.lists); n >= listsInside && folderOf(l.lists[n-1].name) == folderOf(name) && folderOf(l.lists[n-listsInside].name) == folderOf(name) {
		return
	}
	l.lists = append(l.lists, entry{name, f})
}

// listSeparators are the characters that may separate the fields of a list.
const listSeparators = "\t,;| "

// listRecords returns the records of a text whose lines are the name of an image, its label and perhaps more, without names of the columns. It returns nil for another text.
func listRecords(r io.Reader) records {
	text, _, err := decodedText(r, true)
	if err != nil {
		return nil
	}
	br := bufio.NewReaderSize(text, 1<<16)
	ahead, _ := br.Peek(1 << 12)         // an error occurs again when the text is read
	for lines := 0; lines < 2; lines++ { // the first line may name the columns
		line, rest, _ := bytes.Cut(ahead, []byte("\n"))
		for _, sep := range []byte(listSeparators) {
			fields := bytes.Split(bytes.TrimSpace(line), []byte{sep})
			if len(fields) < 2 || !slices.ContainsFunc(fields, func(f []byte) bool { return isImage(strings.TrimSpace(string(f))) }) {
				continue
			}
			names := make([]string, listColumns)
			for i := range names {
				names[i] = strconv.Itoa(i + 1)
			}
			return &csvRecords{d: &delimited{r: br, sep: sep, line: 1}, names: names, claimed: -1}
		}
		ahead = rest
	}
	return nil
}

// labelList finds the labels of images in a table or a text beside them.
type labelList struct {
	names   *spellings // all images of the source
	wanted  map[string]int
	folders []string // to which names may be relative
	known   map[string]bool
}

// labelsBeside finds the labels of images in the table or the text beside them that names most of them. With known classes, the column of the labels is that which has them;
// without, only texts are read, and it is the first one that can have the labels. kind is the part that the images are, if they are one. It returns nil if there are no labels.
func (l *listing) labelsBeside(images []entry, kind partKind, known []string) (labels []string, from string) {
	candidates := slices.Clone(l.lists)
	for _, s := range l.splits {
		if extension(s.name) == "txt" && !slices.ContainsFunc(l.lists, func(e entry) bool { return e.name == s.name }) {
			candidates = append(candidates, s.entry)
		}
	}
	if len(known) > 0 {
		candidates = append(candidates, l.tablesBeside()...)
	}
	if len(candidates) == 0 {
		return nil, ""
	}
	common := commonFolder(namesOf(images))
	s := &labelList{names: &spellings{entries: l.entries}, wanted: make(map[string]int, len(images)), known: map[string]bool{}}
	for i, e := range images {
		s.wanted[e.name] = i
	}
	for _, c := range known {
		s.known[norm.NFC.String(c)] = true
	}
	most := 0
	for _, e := range candidates {
		folder := e.name[:len(e.name)-len(path.Base(e.name))]
		if !strings.HasPrefix(common, folder) && !strings.HasPrefix(folder, common) {
			continue
		}
		if !mayName(e, kind) {
			continue
		}
		s.folders = []string{folder, common}
		if found, n := s.read(e); n > most {
			labels, from, most = found, e.name, n
		}
	}
	return labels, from
}

// mayName reports whether the name of a table or a text allows that it is about the images of a part. Those of the rows that a competition wants to get, such as sample_submission.csv, have
// no labels.
func mayName(e entry, kind partKind) bool {
	of, _ := partName(tableStem(path.Base(e.name)))
	return of == noPart || of != otherPart && kind == noPart || of == kind
}

// tableOf finds the table that names most of some images, which are those of a part, and has more than their names. It returns nil if there is none.
func (l *listing) tableOf(images []entry, kind partKind) *tableFound {
	names := &spellings{entries: images}
	var best *tableFound
	for _, e := range l.tablesBeside() {
		if !mayName(e, kind) {
			continue
		}
		rec := recordsOfHead(e)
		if rec == nil {
			continue
		}
		if len(rec.columns()) > 1 {
			if t := names.joined(rec, path.Dir(e.name), OpenOptions{}); t != nil && (best == nil || t.found > best.found) {
				t.entry, best = e, t
			}
		}
		closeRecords(rec)
	}
	return best
}

// open returns the records of a list: of the whole file, or of its first bytes. The caller must call closeRecords.
func (s *labelList) open(e entry, whole bool) records {
	if extension(e.name) != "txt" && (!whole || isParquet(e.name)) {
		return recordsOfHead(e)
	}
	head, err := e.file.head(besideHead)
	if whole && err == nil {
		if n := fileSize(e.file); n > listBytes {
			return nil
		}
		head, err = e.file.read(nil)
	}
	if err != nil {
		return nil
	}
	if extension(e.name) == "txt" {
		return listRecords(bytes.NewReader(head))
	}
	r, err := unpackTable(bytes.NewReader(head), int64(len(head)), e.name)
	if err != nil {
		return nil
	}
	return recordsOf(tableKind(e.name), r)
}

// find returns the images that a name means: several if they are versions of one; nil if it is none of the wanted ones. A name that is not UTF-8 is that of a file with these bytes, or else in
// Windows-1252.
func (s *labelList) find(j *joiner, name []byte) []int {
	list := s.spelled(j, string(bytes.TrimSpace(name)))
	if list == nil && !utf8.Valid(name) {
		list = s.spelled(j, strings.TrimSpace(textOf(name)))
	}
	return list
}

func (s *labelList) spelled(j *joiner, name string) (list []int) {
	if name == "" || len(name) > 1<<12 {
		return nil
	}
	for _, folder := range s.folders {
		if i, ok := s.wanted[path.Join(folder, name)]; ok {
			return []int{i}
		}
	}
	at, how, err := j.respell(name, true, noExtension)
	if err != nil {
		return nil
	}
	same := []int32{at}
	if how == exported {
		same = append(same, s.names.versions[at]...)
	}
	for _, k := range same {
		if i, ok := s.wanted[s.names.entries[k].name]; ok {
			list = append(list, i)
		}
	}
	return list
}

// read returns the label of each image by a list, and how many have one. It returns 0 for a list that has other contents.
func (s *labelList) read(e entry) (labels []string, n int) {
	head := s.open(e, false)
	name, label := s.columns(head)
	closeRecords(head)
	if name < 0 {
		return nil, 0
	}
	rec := s.open(e, true)
	if rec == nil {
		return nil, 0
	}
	defer closeRecords(rec)
	j, cells := &joiner{others: s.names}, make([]value, 2)
	labels = make([]string, len(s.wanted))
	distinct := map[string]bool{}
	for {
		_, err := rec.next([]int{name, label}, cells)
		var bad recordError
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil && !errors.As(err, &bad) {
			return nil, 0
		}
		images, text := s.find(j, cells[0].text), classIn(norm.NFC.String(strings.TrimSpace(textOf(cells[1].text))), s.known)
		if text == "" || cells[1].isList {
			continue
		}
		for _, at := range images {
			if labels[at] != "" && labels[at] != text {
				return nil, 0 // several labels for an image
			}
			if labels[at] == "" {
				n++
			}
			labels[at], distinct[text] = text, true
		}
	}
	if len(s.known) == 0 {
		in, texts := &interpreter{columns: []string{"label"}}, sortedKeys(distinct)
		fraction := slices.ContainsFunc(texts, func(l string) bool { v, ok := number(l); return ok && v != math.Trunc(v) })
		if len(distinct) < 2 || 2*len(distinct) > n || 2*n < len(labels) || fraction || in.likely(texts, n) != nil {
			return nil, 0
		}
	}
	return labels, n
}

// columns finds the columns of a list with the names and the labels of images, by its first rows. They are -1 if it has none.
func (s *labelList) columns(rec records) (name, label int) {
	if rec == nil {
		return -1, -1
	}
	columns := min(len(rec.columns()), listColumns)
	want, cells := make([]int, columns), make([]value, columns)
	found, values, fits := make([]map[int]bool, columns), make([]map[string]bool, columns), make([]int, columns)
	for i := range want {
		want[i], found[i], values[i] = i, map[int]bool{}, map[string]bool{}
	}
	j, rows, header := &joiner{others: s.names}, 0, false
	truths := make([]wordSet, columns)
	for ; rows < besideRows; rows++ {
		if _, err := rec.next(want, cells); err != nil {
			break // the end, or the end of what was read
		}
		if rows == 0 {
			header = !slices.ContainsFunc(cells, func(c value) bool { return isImage(strings.TrimSpace(textOf(c.text))) })
		}
		for i, c := range cells {
			text := strings.TrimSpace(textOf(c.text))
			if rows > 0 {
				truths[i].add(text)
			}
			for _, at := range s.find(j, c.text) {
				found[i][at] = true
			}
			if text != "" && !c.isList {
				values[i][text] = true
			}
			if s.known[classIn(norm.NFC.String(text), s.known)] {
				fits[i]++
			}
		}
	}
	name, label = -1, -1
	for i := range found {
		if name < 0 || len(found[i]) > len(found[name]) {
			name = i
		}
	}
	if name < 0 || 2*len(found[name]) < rows || len(found[name]) == 0 {
		return -1, -1
	}
	for i := range fits {
		switch {
		case i == name:
		case len(s.known) > 0 && 2*fits[i] >= rows && (label < 0 || fits[i] > fits[label]):
			label = i
		case len(s.known) == 0 && label < 0 && len(values[i]) > 0:
			label = i
		}
	}
	if label < 0 {
		return -1, -1
	}
	if several, _ := truthColumns(truths); header && len(s.known) == 0 && slices.Contains(several, label) {
		return -1, -1 // a column for each class, which tableBeside proposes
	}
	return name, label
}

// listNote says where the labels of images are from.
func listNote(what, from string) string {
	return fmt.Sprintf("The labels of %s are from %s.", what, quoteName(from))
}

// useList gives images the labels of a list beside them, if there is one and the rule gives them none.
func (b *labeling) useList() error {
	if !b.auto() || b.unlabeled == nil && !noneOf(b.t.Labels(), b.known) || len(b.known) == 0 && !b.notLabels() {
		return nil
	}
	kind, what := noPart, "the images"
	if b.holds != nil {
		kind, what = b.holds.kind, "the part "+b.holds.name
	}
	labels, from := b.l.labelsBeside(b.chosen, kind, b.known)
	if from == "" {
		return nil
	}
	t := &Table{ignored: b.l.ignored, warn: b.l.warnings(), found: "images", notes: []string{listNote(what, from)}}
	for i, e := range b.chosen {
		if labels[i] == "" {
			t.ignored = append(t.ignored, BadFile{b.names[i], fmt.Errorf("%w (%s does not name it)", errNoLabel, quoteName(from))})
			continue
		}
		t.rows = append(t.rows, Row{b.names[i], labels[i], e.file})
	}
	if n := len(b.chosen) - len(t.rows); n > 0 {
		t.warn = append(t.warn, fmt.Sprintf("Dropped %d of the %d images, which have no label (%s does not name them), such as %s.", n, len(b.chosen), quoteName(from), t.ignored[len(t.ignored)-1].Filename))
	}
	b.t, b.unlabeled, b.rule = t, nil, labeler{rule: Unlabeled}
	return nil
}
