package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// parquetSet is a table in Parquet: one file, or those of a folder, as the datasets of Hugging Face have them: data/train-00000-of-00002.parquet. Their rows follow one
// another, and are counted from 0. If the names of the files say to which part they belong, that is a column.
type parquetSet struct {
	name  string // of the source
	files []parquetPiece
	parts bool // the last column is that of the parts

	images *embeddedImages // those in the files; nil if there are none
	holds  []string        // the columns with images
	warn   []string
	notes  []string

	names []string // the columns
	at    int      // the file that is read
	open  *parquetReader
	base  int // rows in the files before it
	inner []int
}

// parquetPiece is a file of a set.
type parquetPiece struct {
	path, name string
	part       partKind
}

// parquetReader is an open file of a set.
type parquetReader struct {
	*parquetRecords
	f     *os.File
	index []int // its columns, by those of the set
}

// partColumn is the name of the column with the parts that the names of files say.
const partColumn = "part (from the names of the files)"

// HoldsTable reports whether a source is a table of file names and labels: a file for which IsTable is true, or a folder of Parquet files without images.
func HoldsTable(source string) bool {
	if info, err := os.Stat(source); err != nil || !info.IsDir() {
		if extension(source) == "txt" {
			kind, err := sniff(source)
			return err == nil && kind == kindCSV
		}
		return IsTable(source)
	}
	return mayHold(source, isParquet)
}

// pieceName is the end of the name of a file that is one of several.
var pieceName = regexp.MustCompile(`^(.*)-(\d+)-of-(\d+)$`)

// pieceOf returns the number of files of which one with this name is a piece; 0 if it is none. stem is what their names share.
func pieceOf(name string) (stem string, of int) {
	m := pieceName.FindStringSubmatch(strings.TrimSuffix(path.Base(name), path.Ext(name)))
	if m == nil {
		return "", 0
	}
	number, err := strconv.Atoi(m[2])
	of, err2 := strconv.Atoi(m[3])
	if errors.Join(err, err2) != nil || number >= of {
		return "", 0
	}
	return path.Join(path.Dir(name), m[1]), of
}

// newParquetFile returns the set of one file.
func newParquetFile(name string) *parquetSet {
	s := &parquetSet{name: name, files: []parquetPiece{{path: name, name: filepath.Base(name)}}}
	if _, of := pieceOf(filepath.ToSlash(name)); of > 1 {
		s.notes = []string{fmt.Sprintf("This is one of %d files, by its name; to read all of them, open their folder.", of)}
	}
	return s
}

// newParquetFolder returns the set of the Parquet files in a folder. names are relative to it.
func newParquetFolder(folder string, names []string) (*parquetSet, error) {
	slices.Sort(names)
	s := &parquetSet{name: folder}
	folders := map[string]bool{}
	for _, n := range names {
		f := parquetPiece{path: filepath.Join(folder, filepath.FromSlash(n)), name: n}
		dir := path.Dir(n)
		for _, word := range slices.Backward(strings.Split(strings.TrimSuffix(n, path.Ext(n)), "/")) { // the innermost counts: data/train/0000
			if k, _ := partName(word); k != noPart {
				f.part = k
				if _, _, ok := strings.Cut(n, word+"/"); ok {
					dir = strings.Replace(dir+"/", word+"/", "", 1)
				}
				break
			}
		}
		folders[path.Clean(dir)] = true
		s.files = append(s.files, f)
	}
	if len(folders) > 1 {
		return nil, fmt.Errorf("%s: has Parquet files in several folders, which may be different tables: %s; open one of the folders", folder, listNames(sortedKeys(folders)))
	}
	of := func(kind partKind) bool {
		return slices.ContainsFunc(s.files, func(f parquetPiece) bool { return f.part == kind })
	}
	if of(trainingPart) || of(testPart) || of(validationPart) {
		s.parts = true
		s.files = slices.DeleteFunc(s.files, func(f parquetPiece) bool {
			other := int(f.part) >= len(columnParts) || columnParts[f.part] == ""
			if other {
				s.warn = append(s.warn, fmt.Sprintf("The file %s is of no part (train, validation or test) by its name, and is not used.", f.name))
			}
			return other
		})
	}
	slices.SortStableFunc(s.files, func(a, b parquetPiece) int { return cmp.Compare(a.part, b.part) })
	s.missing()
	return s, nil
}

// missing warns of pieces that are not there.
func (s *parquetSet) missing() {
	has, want := map[string]int{}, map[string]int{}
	for _, f := range s.files {
		if stem, of := pieceOf(f.name); of > 0 {
			has[stem]++
			want[stem] = of
		}
	}
	for _, stem := range sortedKeys(want) {
		if n := want[stem] - has[stem]; n > 0 {
			s.warn = append(s.warn, fmt.Sprintf("%d of the %d files of %s are missing, by the names of the others; their rows are not in the table.", n, want[stem], stem))
		}
	}
}

// reader opens a file of the set.
func (s *parquetSet) reader(i int) (*parquetReader, error) {
	name := s.files[i].path
	f, err := os.Open(name)
	if err != nil {
		return nil, s.inFile(i, patherr.Bare(err))
	}
	p, err := newParquet(f)
	if err != nil {
		f.Close()
		return nil, s.inFile(i, err)
	}
	r := &parquetReader{parquetRecords: p, f: f}
	columns := p.columns()
	if s.names == nil {
		if s.names = columns; s.parts {
			s.names = append(s.names, partColumn)
		}
	}
	for _, n := range s.names {
		at := slices.Index(columns, n)
		if at < 0 && s.files[i].part != testPart && (!s.parts || n != partColumn) { // images for a test may have no labels
			f.Close()
			return nil, fmt.Errorf("%s has no column %q, which %s has; its columns are %s", s.files[i].name, n, s.files[0].name, listNames(columns))
		}
		r.index = append(r.index, at)
	}
	return r, nil
}

// inFile names the file of an error, if there are several.
func (s *parquetSet) inFile(i int, err error) error {
	if len(s.files) == 1 && s.files[i].path == s.name {
		return err
	}
	return fmt.Errorf("%s: %w", s.files[i].name, err)
}

// choose chooses the columns that the options leave open: that of images, even if there is one of their names, and the only one with the names of classes.
func (s *parquetSet) choose(o *OpenOptions) error {
	p, err := s.reader(0)
	if err != nil {
		return err
	}
	defer p.f.Close()
	s.holds = nil
	for i, c := range p.fields {
		for _, n := range c.classes {
			if IsMissingWord(n) { // a class is named so
				o.Classes = append(slices.Clip(o.Classes), n)
			}
		}
		if p.holdsImages(i) {
			s.holds = append(s.holds, c.name)
		}
	}
	if o.FilenameColumn == "" && o.Images == "" {
		var images []string
		for i, c := range p.fields {
			if c.kind == imageColumn || p.holdsImages(i) && slices.Contains(nameColumns, plainName(c.name)) {
				images = append(images, c.name)
			}
		}
		if len(images) == 0 && newHeader(s.names).find(nameColumns...) < 0 { // any column in which an image is
			for _, c := range p.fields {
				if c.content == imageContent {
					images = append(images, c.name)
				}
			}
		}
		if len(images) == 1 || len(images) > 1 && newHeader(s.names).find(nameColumns...) < 0 {
			o.FilenameColumn = images[0]
		}
		if len(images) > 1 {
			s.notes = append(s.notes, fmt.Sprintf("The columns %s have images; %s is used (FilenameColumn, --filename).", listNames(images), cmp.Or(o.FilenameColumn, "a column of names")))
		}
	}
	if o.LabelColumn == "" && len(o.LabelColumns) == 0 && newHeader(s.names).find(labelColumns...) < 0 {
		var classes []string
		for _, c := range p.fields {
			if c.classes != nil {
				classes = append(classes, c.name)
			}
		}
		if len(classes) == 1 {
			o.LabelColumn = classes[0]
		}
	}
	if s.parts && o.SplitColumn == "" {
		o.SplitColumn = partColumn
	}
	return nil
}

// embedded returns a joiner for the images that are in the files themselves, and what to close after they have been read. It returns nil if the
// column of file names has names. The images cannot be read in place, so they are unpacked once.
func (s *parquetSet) embedded(o OpenOptions, rep *reading) (j *joiner, closer io.Closer, err error) {
	defer recovered(&err)
	columns, err := o.columns(s.names)
	if err != nil {
		return nil, nil, err
	}
	spool := &spool{}
	l := &listing{name: s.name, closers: []io.Closer{spool}}
	images := newEmbeddedImages(s.name, spool)
	j = &joiner{images: s.name, rep: rep, zip: l, used: map[spelling]*example{}, embedded: images}
	column := s.names[columns.name]
	for i := range s.files {
		p, err := s.reader(i)
		if err == nil {
			at := p.index[columns.name]
			err = p.labelsAreTexts(columns.labels)
			switch {
			case err != nil:
			case at < 0:
				err = missingColumn(p.columns(), column, "images", "FilenameColumn, --filename")
			case p.holdsImages(at) && o.Images != "":
				err = fmt.Errorf("its column %q has the images themselves; remove Images (--images), or name the column of file names (FilenameColumn, --filename)", column)
			case p.holdsImages(at):
				err = images.unpack(p.parquetRecords, p.fields[at], rep)
			case i > 0 && images.len() > 0:
				err = fmt.Errorf("its column %q has no images, but that of %s has", column, s.files[0].name)
			}
			p.f.Close()
			if err == nil && images.len() == 0 && p.rows > 0 {
				return nil, nil, nil
			}
			if err != nil {
				err = s.inFile(i, err)
			}
		}
		if err != nil {
			l.Close()
			return nil, nil, err
		}
	}
	if err := images.finish(); err != nil {
		l.Close()
		return nil, nil, err
	}
	if n := len(images.nulls); n > 0 && n == images.len() {
		l.Close()
		return nil, nil, fmt.Errorf("the column %q has no image in any of its %d rows (null), perhaps only paths such as %q; write the images into the file, or write the paths into a column of texts and name their folder (Images, --images)",
			column, n, images.names.at(0))
	}
	s.images = images
	return j, l, nil
}

// listEmbedded lists the images in the files of a set, for a table that names them.
func listEmbedded(s *parquetSet, rep *reading) (*listing, error) {
	o := OpenOptions{LabelRule: Unlabeled}
	if err := s.choose(&o); err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	j, _, err := s.embedded(o, rep)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.name, err)
	case j == nil:
		return nil, fmt.Errorf("%s: has no images, only names of files; name the folder of the images (Images, --images)", s.name)
	}
	j.zip.entries = j.embedded.entries()
	return j.zip, nil
}

func (s *parquetSet) columns() []string { return s.names }
func (s *parquetSet) unit() string      { return "row" }

func (s *parquetSet) notices() []string {
	notes := slices.Clip(s.notes)
	if s.images != nil {
		notes = append(notes, "The images are in the Parquet file.")
	}
	if len(s.files) > 1 {
		notes = append(notes, fmt.Sprintf("The table has %d files, from %s to %s.", len(s.files), s.files[0].name, s.files[len(s.files)-1].name))
	}
	return notes
}

func (s *parquetSet) next(want []int, cells []value) (int, error) {
	for {
		if s.open == nil {
			if s.at >= len(s.files) {
				return s.base, io.EOF
			}
			r, err := s.reader(s.at)
			if err != nil {
				return s.base, err
			}
			if s.open = r; s.images != nil {
				r.images, r.first = s.images, s.base
			}
		}
		s.inner = append(s.inner[:0], want...)
		for i, w := range want {
			if w >= 0 {
				s.inner[i] = s.open.index[w]
			}
		}
		row, err := s.open.next(s.inner, cells)
		if errors.Is(err, io.EOF) {
			s.base += row
			s.close()
			s.at++
			continue
		}
		for i, w := range want {
			if w >= 0 && s.parts && w == len(s.names)-1 {
				cells[i].text = []byte(columnParts[s.files[s.at].part])
			}
		}
		var bad recordError
		switch {
		case errors.As(err, &bad):
			err = recordError{s.inFile(s.at, bad.error)}
		case err != nil:
			err = s.inFile(s.at, fmt.Errorf("row %d: %w", row, err))
		}
		return s.base + row, err
	}
}

// bytes returns the size of the files, which are 0 bytes if that is not known.
func (s *parquetSet) bytes() int64 {
	n := int64(0)
	for _, f := range s.files {
		if info, err := os.Stat(f.path); err == nil {
			n += info.Size()
		}
	}
	return n
}

// close closes the file that is being read.
func (s *parquetSet) close() {
	if s.open != nil {
		s.open.f.Close()
		s.open = nil
	}
}
