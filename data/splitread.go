package data

import (
	"bufio"
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// splitBytes limits the size of a list of the images of a part.
const splitBytes = 64 << 20

// splitReader finds the images that lists name.
type splitReader struct {
	names *spellings // all images
	root  string     // the folder that they share
	cut   bool       // leading folders of names may be left out
}

// find returns the image that a name means, -1 if there is none. A name that is not UTF-8 is that of a file with these bytes, or else in Windows-1252.
func (s *splitReader) find(name string) int32 {
	at := s.spelled(name)
	if at == several && !utf8.ValidString(name) {
		at = s.spelled(textOf([]byte(name)))
	}
	return at
}

func (s *splitReader) spelled(name string) int32 {
	name = strings.TrimLeft(strings.TrimSpace(name), "/")
	if name == "" || len(name) > 1<<12 {
		return several
	}
	j := &joiner{others: s.names}
	if at, ok := s.names.table(sameLetters)[path.Join(s.root, name)]; ok && at != several {
		return at
	}
	if at, how, err := j.respell(name, s.cut, noExtension); err == nil && (how != exported || s.names.versions[at] == nil) {
		return at
	}
	return several
}

// parts reads the lists of a group: one for each part. A list with other contents is left out. It returns nil if two are for the same part.
func (s *splitReader) parts(l *listing, group []splitList) (list []partOfList) {
	has := map[partKind]bool{}
	for _, c := range group {
		has[c.kind] = has[c.kind] || !c.both
	}
	seen := map[partKind]bool{}
	for _, c := range group {
		if c.both && has[trainingPart] { // trainval.txt beside train.txt
			continue
		}
		if seen[c.kind] && c.kind != noPart {
			return nil
		}
		seen[c.kind] = true
		list = append(list, s.read(l, c)...)
	}
	return list
}

// read returns the images in a list; nil if it has other contents.
func (s *splitReader) read(l *listing, c splitList) []partOfList {
	if n := fileSize(c.file); n > splitBytes {
		return nil
	}
	b, err := c.file.read(nil)
	if err != nil || len(b) == 0 {
		return nil
	}
	if extension(c.name) == "json" {
		return s.json(c, b)
	}
	if c.kind == noPart {
		return s.numbered(l, c, b)
	}
	for _, s.cut = range []bool{false, true} {
		sep, column := s.column(b)
		if column < 0 {
			continue
		}
		p := partOfList{kind: c.kind, from: c.name}
		header := true // the first line may have the names of the columns
		for fields := range linesOf(b, sep) {
			if column < len(fields) {
				at := s.find(fields[column])
				if at != several || !header || strings.ContainsAny(fields[column], "/.") {
					p.add(at, fields[column])
				}
			}
			header = false
		}
		return p.checked()
	}
	return nil
}

func (p *partOfList) add(at int32, name string) {
	if at == several {
		p.absent = append(p.absent, name)
	} else {
		p.images = append(p.images, at)
	}
}

// checked returns the images, unless the most names are none.
func (p partOfList) checked() []partOfList {
	if len(p.images) == 0 || len(p.absent) > len(p.images) {
		return nil
	}
	return []partOfList{p}
}

// linesOf yields the fields of the lines of a text that are not blank, of which there is at least one, as they are stored. A separator of 0 takes each line as a field.
func linesOf(b []byte, sep byte) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		text, _, err := decodedText(bytes.NewReader(b), true)
		if err != nil {
			return
		}
		d := &delimited{r: bufio.NewReaderSize(text, 1<<16), sep: sep, line: 1}
		for d.read() == nil {
			if fields := d.fields(); len(fields) > 0 && !yield(fields) {
				return
			}
		}
	}
}

// column finds the separator and the column with the names of images, by the first lines. The column is -1 if most lines name none.
func (s *splitReader) column(b []byte) (sep byte, column int) {
	head := b[:min(len(b), besideHead)]
	most, column := 0, -1
	for _, c := range []byte("\x00" + listSeparators) {
		found, lines := make([]int, listColumns), 0
		for fields := range linesOf(head, c) {
			if lines++; lines > besideRows {
				break
			}
			for i, f := range fields[:min(len(fields), listColumns)] {
				if s.find(f) != several {
					found[i]++
				}
			}
		}
		for i, n := range found {
			if n > most && 2*n >= min(lines, besideRows) {
				sep, column, most = c, i, n
			}
		}
	}
	return sep, column
}

// json returns the images in a JSON file: an object or a list of names. If the keys of the object are words for parts, it has those of several parts.
func (s *splitReader) json(c splitList, b []byte) []partOfList {
	var whole any
	if json.Unmarshal(b, &whole) != nil {
		return nil
	}
	byPart := map[partKind]any{c.kind: whole}
	if object, ok := whole.(map[string]any); ok {
		kinds := map[partKind]any{}
		for k, v := range object {
			if kind, _ := partName(k); kind != noPart && kind != otherPart {
				kinds[kind] = v
			}
		}
		if len(kinds) > 1 && len(kinds) == len(object) {
			byPart = kinds
		}
	}
	for _, s.cut = range []bool{false, true} {
		var all []partOfList
		for _, kind := range []partKind{trainingPart, validationPart, testPart} {
			if v, ok := byPart[kind]; ok {
				p := partOfList{kind: kind, from: c.name}
				s.collect(&p, v, "")
				all = append(all, p.checked()...)
			}
		}
		if all != nil {
			return all
		}
	}
	return nil
}

// collect adds the names in a value of JSON: texts, lists that begin with a name, and objects of names by class, or with the name of an image under one of nameColumns.
func (s *splitReader) collect(p *partOfList, v any, class string) {
	switch v := v.(type) {
	case string:
		at := s.find(class + "/" + v)
		if at == several {
			at = s.find(v)
		}
		p.add(at, v)
	case []any:
		for _, e := range v {
			if inner, ok := e.([]any); ok && len(inner) > 0 {
				e = inner[0]
			}
			s.collect(p, e, class)
		}
	case map[string]any:
		for _, n := range nameColumns {
			if name, ok := v[n].(string); ok {
				s.collect(p, name, class)
				return
			}
		}
		for _, k := range sortedKeys(v) {
			s.collect(p, v[k], k)
		}
	}
}

// numberedImages is the name of the file in which CUB-200 has the number and the name of each image.
const numberedImages = "images.txt"

// numbered returns the images of a file such as train_test_split.txt of CUB-200, which has the number of each image, and 1 if it is for training.
func (s *splitReader) numbered(l *listing, c splitList, b []byte) []partOfList {
	at := slices.IndexFunc(l.numbers, func(e entry) bool { return path.Dir(e.name) == path.Dir(c.name) })
	if at < 0 || fileSize(l.numbers[at].file) > splitBytes {
		return nil
	}
	names, err := l.numbers[at].file.read(nil)
	if err != nil {
		return nil
	}
	images := map[string]int32{}
	for fields := range linesOf(names, ' ') {
		if len(fields) > 1 {
			if i := s.find(strings.Join(fields[1:], " ")); i != several {
				images[fields[0]] = i
			}
		}
	}
	training, test := partOfList{kind: trainingPart, from: c.name}, partOfList{kind: testPart, from: c.name}
	for fields := range linesOf(b, ' ') {
		i, known := images[fields[0]]
		switch {
		case len(fields) != 2 || fields[1] != "0" && fields[1] != "1":
			return nil
		case !known:
			training.absent = append(training.absent, fields[0])
		case fields[1] == "1":
			training.images = append(training.images, i)
		default:
			test.images = append(test.images, i)
		}
	}
	return slices.Concat(training.checked(), test.checked())
}
