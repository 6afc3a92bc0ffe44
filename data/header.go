package data

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxTitles is the number of lines among which the names of the columns are searched.
const maxTitles = 20

// maxTitle is the size of a line in bytes that can be a title. To look for names of columns in a longer one with each separator takes seconds.
const maxTitle = 1 << 16

// titles finds the line that names the columns below others, such as a title: the first one that fits, if the first line of the file does not. It returns it, with its end, and the
// number of lines before it; nil if there is none. The reader is then after this line.
func titles(r *bufio.Reader, first []byte, separators string, fits func(header []string) bool) (names []byte, lines int) {
	if len(first) > maxTitle || fitsAny(first, separators, fits) {
		return nil, 0
	}
	ahead := linesAhead(r, first)
	for lines = 1; lines < maxTitles; lines++ {
		line := ahead.next()
		if line == nil {
			break
		}
		if fitsAny(line, separators, fits) {
			names = bytes.Clone(line)
			ahead.skip()
			return names, lines
		}
	}
	return nil, 0
}

// fitsAny reports whether a line is a header that fits, with one of the separators.
func fitsAny(line []byte, separators string, fits func(header []string) bool) bool {
	for i := range len(separators) {
		if names, _ := headerOf(line, separators[i], fits); names != nil && fits(names) {
			return true
		}
	}
	return false
}

// headerOf returns the names of columns in a line. If they are not those that are wanted, and the whole line is in quotes, they are the fields inside. It returns nil if the line
// cannot be read.
func headerOf(line []byte, separator byte, fits func(header []string) bool) (names []string, quoted bool) {
	d := recordOf(line, separator)
	if d == nil {
		return nil, false
	}
	if names = d.texts(); !fits(names) && d.unwrap(0) {
		return d.texts(), true
	}
	return names, false
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
	fields := make([]string, d.filled())
	for i := range fields {
		fields[i] = strings.TrimSpace(textOf(d.field(i)))
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
	line    []byte // with its end
	names   []string
	sep     byte
	counted bool // the line before it is the number of rows
	rows    int  // this number
	index   bool // it has no name for the first column, which has the names of the images
	ahead   *aheadLines
}

// newBareHeader finds the names of the columns at the beginning of a text by the rows below them: rows name images, and the line of the names does not. first is the first line.
// It may be the number of the rows, as in the tables of CelebA and DeepFashion, and the names may lack that of the first column, as in CelebA's. It returns nil if
// the text does not begin like this. The reader stays after first; skip moves it to the rows.
func newBareHeader(r *bufio.Reader, first []byte) *bareHeader {
	const rows = 3 // that are looked at
	ahead := linesAhead(r, first)
	h := &bareHeader{line: first}
	if n, err := strconv.Atoi(string(bytes.TrimSpace(first))); err == nil && n >= 0 {
		h.counted, h.rows, h.line = true, n, bytes.Clone(ahead.next())
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
	first, err := firstLine(br)
	for err == nil && bytes.HasPrefix(first, []byte("#")) {
		first, err = firstLine(br)
	}
	return err == nil && newBareHeader(br, first) != nil
}

// fits reports whether the header has the names of the columns of the rows below it, if sep separates their fields. It sets the rest of h.
func (h *bareHeader) fits(sep byte, below [][]byte) bool {
	names := fieldsOf(h.line, sep)
	if len(names) == 0 || slices.ContainsFunc(names, isImage) {
		return false
	}
	images := make([]int, len(names)+1) // rows, by the field that names an image
	longer := 0                         // rows with one field more than names
	for _, line := range below {
		fields := fieldsOf(line, sep)
		if len(fields) > len(names)+1 || len(fields) < 2 {
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
	all := len(below)
	h.names, h.sep, h.index = names, sep, longer == all && images[0] == all
	return h.index || longer == 0 && slices.Contains(images, all)
}
