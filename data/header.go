package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxTitles is the number of lines among which the names of the columns are searched.
const maxTitles = 20

// maxColumns is the number of columns that a table may have. Tables with the pixels of images have some hundred thousand.
const maxColumns = 1 << 19

// heading is what a line names as columns if a character separates the names.
type heading struct {
	sep     byte
	columns int
	names   []string // nil if the line cannot be read, or has more than maxColumns
	quoted  bool     // the whole line is in quotes, and the names are inside
	fits    bool     // the names are those that are wanted
}

// headerLine is a line that may name the columns. It is read with each separator once.
type headerLine struct {
	text []byte // with its end
	fits func(header []string) bool
	read map[byte]heading
}

// with returns the columns for a separator. If their names are not those that are wanted, and the whole line is in quotes, they are the fields inside.
func (l *headerLine) with(sep byte) heading {
	h, known := l.read[sep]
	if known {
		return h
	}
	if l.read == nil {
		l.read = map[byte]heading{}
	}
	if sep != ' ' && bytes.IndexByte(l.text, sep) < 0 { // the line is one field, as with each separator that it does not have
		if h, known = l.read[0]; !known {
			h = l.parse(sep)
			l.read[0] = h
		}
	} else {
		h = l.parse(sep)
	}
	h.sep = sep
	l.read[sep] = h
	return h
}

// parse reads the line.
func (l *headerLine) parse(sep byte) (h heading) {
	d := recordOf(l.text, sep)
	if d == nil {
		return h
	}
	if h.columns = len(d.ends); h.columns > maxColumns {
		return h
	}
	h.names = d.texts()
	if h.fits = l.fits(h.names); !h.fits && d.unwrap(0) {
		h.names, h.quoted = d.texts(), true
		h.fits = l.fits(h.names)
	}
	h.columns = len(h.names)
	return h
}

// named reports whether the line has the wanted columns with one of the separators.
func (l *headerLine) named(separators string) bool {
	for _, sep := range []byte(separators) {
		if l.with(sep).fits {
			return true
		}
	}
	return false
}

// headerSearch finds the line that names the columns.
type headerSearch struct {
	r          *bufio.Reader // after line
	fits       func(header []string) bool
	separators string // those that are tried, in their order
	line       headerLine
	number     int // of the line, from 1
}

// firstLine reads the first line that is not blank.
func (s *headerSearch) firstLine() error {
	text, blank, err := firstLine(s.r)
	if err == nil {
		s.line = headerLine{text: text, fits: s.fits}
		s.number += blank
	}
	return err
}

// nextLine reads the next line that is not blank.
func (s *headerSearch) nextLine() error {
	lines := 1 + bytes.Count(bytes.TrimRight(s.line.text, "\r\n"), []byte("\n"))
	if err := s.firstLine(); err != nil {
		return err
	}
	s.number += lines
	return nil
}

// skipSeparatorLine skips the line sep=; with which Excel names the separator.
func (s *headerSearch) skipSeparatorLine() error {
	rest, ok := bytes.CutPrefix(bytes.ToLower(bytes.TrimLeft(s.line.text[:min(len(s.line.text), 256)], `" `)), []byte("sep="))
	if !ok {
		return nil
	}
	rest = bytes.TrimRight(rest, "\r\n")
	if len(rest) > 1 { // quotes around the line, or the separators of empty fields after it
		rest = append(rest[:1:1], bytes.Trim(rest[1:], `" `+string(rest[:1]))...)
	}
	if len(rest) != 1 {
		return nil
	}
	s.separators = string(rest)
	return s.nextLine()
}

// skipComments skips lines that begin with # and do not name the wanted columns, and returns their number.
func (s *headerSearch) skipComments() (lines int, err error) {
	for bytes.HasPrefix(bytes.TrimLeft(s.line.text, " \t"), []byte("#")) && !s.line.named(s.separators) {
		switch err := s.nextLine(); {
		case errors.Is(err, errNoHeader):
			return lines, nil // the only line is the header
		case err != nil:
			return lines, err
		}
		lines++
	}
	return lines, nil
}

// skipTitles skips lines above the names of the columns, such as a title, up to the first one that names the wanted columns. It returns their number, 0 if there is no such line.
func (s *headerSearch) skipTitles() (lines int) {
	if s.line.named(s.separators) {
		return 0
	}
	ahead := linesAhead(s.r, s.line.text)
	for lines = 1; lines < maxTitles; lines++ {
		text := ahead.next()
		if text == nil {
			break
		}
		if l := (headerLine{text: text, fits: s.fits}); l.named(s.separators) {
			l.text = bytes.Clone(text)
			s.line, s.number = l, s.number+lines
			ahead.skip()
			return lines
		}
	}
	return 0
}

// skipToBareHeader finds names of columns that lack something, if the line does not name the wanted columns; see newBareHeader. It returns nil if nothing is lacking.
func (s *headerSearch) skipToBareHeader() *bareHeader {
	if s.separators != separators || s.line.named(separators+" ") {
		return nil
	}
	b := newBareHeader(s.r, &s.line)
	if b == nil || !b.counted && !b.index {
		return nil
	}
	b.skip()
	if b.counted {
		s.line = *b.line
		s.number++
	}
	s.separators = string(b.sep)
	return b
}

// header returns the columns: those that are wanted, or else the most.
func (s *headerSearch) header() (heading, error) {
	text := s.line.text
	if s.separators == separators && !bytes.ContainsAny(text, separators) && len(bytes.Fields(text)) > 1 && s.line.named(" ") { // in a single column, spaces are a part of names
		s.separators = " "
	}
	var best heading
	for _, sep := range []byte(s.separators) {
		h := s.line.with(sep)
		if h.fits || h.columns > best.columns {
			best = h
		}
		if h.fits {
			break
		}
	}
	switch {
	case best.columns > maxColumns:
		return best, fmt.Errorf("line %d: it names %d columns, and a table may have at most %d; is a line end missing?", s.number, best.columns, maxColumns)
	case len(best.names) == 0:
		return best, errNoHeader
	}
	return best, nil
}

// fieldsOf returns the fields of a line, without the blank ones at its end. It returns nil if the line cannot be read.
func fieldsOf(line []byte, separator byte) []string {
	if d := recordOf(line, separator); d != nil {
		return d.texts()
	}
	return nil
}

// recordOf returns a reader that has read a line, nil if it cannot.
func recordOf(line []byte, separator byte) *delimited {
	d := &delimited{r: bufio.NewReader(bytes.NewReader(line)), sep: separator, line: 1}
	if d.read() != nil {
		return nil
	}
	return d
}

// texts returns the fields of a record, without the spaces around them and the blank ones at its end.
func (d *delimited) texts() []string {
	fields := d.fields()
	for i, f := range fields {
		fields[i] = textOf([]byte(f))
	}
	return fields
}

// aheadLines are lines that a reader has not yet read.
type aheadLines struct {
	r    *bufio.Reader
	text []byte
	at   int
}

// linesAhead returns the lines after one that the reader has read, as far as its buffer has them.
func linesAhead(r *bufio.Reader, first []byte) *aheadLines {
	a := &aheadLines{r: r}
	a.text, _ = r.Peek(r.Size()) // an error occurs again when the rest is read
	if bytes.HasSuffix(first, []byte("\r")) && bytes.HasPrefix(a.text, []byte("\n")) {
		a.at = 1
	}
	return a
}

// next returns the next line with its end, nil if there is no whole one.
func (a *aheadLines) next() []byte {
	start := a.at
	end := bytes.IndexAny(a.text[start:], "\r\n")
	if end < 0 {
		return nil
	}
	if a.at += end + 1; a.text[a.at-1] == '\r' && a.at < len(a.text) && a.text[a.at] == '\n' {
		a.at++
	}
	return a.text[start:a.at]
}

// skip reads the lines that next has returned.
func (a *aheadLines) skip() { _, _ = a.r.Discard(a.at) } // they were peeked

// bareHeader is the line that names the columns, and what it lacks.
type bareHeader struct {
	line    *headerLine
	sep     byte
	counted bool // the line before it is the number of rows
	rows    int  // this number
	index   bool // it has no name for the first column, which has the names of the images
	ahead   *aheadLines
}

// newBareHeader finds the names of the columns at the beginning of a text by the rows below them: rows name images, and the line of the names does not. first is the first line.
// It may be the number of the rows, as in the tables of CelebA and DeepFashion, and the names may lack that of the first column, as in CelebA's. It returns nil if
// the text does not begin like this. The reader stays after first; skip moves it to the rows.
func newBareHeader(r *bufio.Reader, first *headerLine) *bareHeader {
	const rows = 3 // that are looked at
	ahead := linesAhead(r, first.text)
	h := &bareHeader{line: first}
	if n, err := strconv.Atoi(string(bytes.TrimSpace(first.text[:min(len(first.text), 64)]))); err == nil && n >= 0 {
		h.counted, h.rows, h.line = true, n, &headerLine{text: bytes.Clone(ahead.next()), fits: first.fits}
	}
	after := ahead.at
	var below [][]byte
	for line := ahead.next(); line != nil && len(below) < rows; line = ahead.next() {
		if len(bytes.TrimSpace(line)) > 0 {
			below = append(below, line)
		}
	}
	if len(below) == 0 {
		return nil
	}
	for _, sep := range []byte(separators + " ") {
		if h.fits(sep, below) {
			ahead.at = after
			h.ahead = ahead
			return h
		}
	}
	return nil
}

// skip reads the lines up to the rows.
func (h *bareHeader) skip() { h.ahead.skip() }

// isTextTable reports whether a text is a table: a line that names columns, and rows that name images.
func isTextTable(r io.Reader) bool {
	text, _, err := decodedText(r, true)
	if err != nil {
		return false
	}
	br := bufio.NewReaderSize(text, 1<<16)
	first, _, err := firstLine(br)
	for err == nil && bytes.HasPrefix(first, []byte("#")) {
		first, _, err = firstLine(br)
	}
	none := func([]string) bool { return false }
	return err == nil && newBareHeader(br, &headerLine{text: first, fits: none}) != nil
}

// fits reports whether the header has the names of the columns of the rows below it, if sep separates their fields. It sets the rest of h.
func (h *bareHeader) fits(sep byte, below [][]byte) bool {
	var rows [][]string
	for _, line := range below {
		fields := fieldsOf(line, sep)
		if len(fields) < 2 || !slices.ContainsFunc(fields, isImage) {
			return false
		}
		rows = append(rows, fields)
	}
	head := h.line.with(sep)
	names := head.names
	if head.quoted {
		names = fieldsOf(h.line.text, sep)
	}
	if len(names) == 0 || slices.ContainsFunc(names, isImage) {
		return false
	}
	images := make([]int, len(names)+1) // rows, by the field that names an image
	longer := 0                         // rows with one field more than names
	for _, fields := range rows {
		if len(fields) > len(names)+1 {
			return false
		}
		for i, f := range fields {
			if isImage(f) {
				images[i]++
			}
		}
		if len(fields) > len(names) {
			longer++
		}
	}
	all := len(rows)
	h.sep, h.index = sep, longer == all && images[0] == all
	return h.index || longer == 0 && slices.Contains(images, all)
}
