package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxRecord limits the length of a record of a table's file in bytes.
const maxRecord = 16 << 20

// delimited reads records of fields that are separated by a character, as pandas' read_csv does. encoding/csv is not used because it
// does not end lines at a carriage return alone, takes a quote that is never closed for the end of the file if it is to accept other
// quotes, and allocates every field.
type delimited struct {
	r    *bufio.Reader
	sep  byte
	line int // the number of the line that is read next, from 1

	start int // the line in which the latest record starts
	buf   []byte
	ends  []int
}

var errTooLong = fmt.Errorf("a record has more than %d MiB; is a quote missing?", maxRecord>>20)

// read reads the next record that is not a blank line. At the end, it returns io.EOF.
func (d *delimited) read() error {
	for {
		if err := d.record(); err != nil {
			return err
		}
		if len(d.ends) > 1 || len(bytes.TrimSpace(d.buf)) > 0 {
			return nil
		}
	}
}

func (d *delimited) record() error {
	const (
		begin  = iota // before the first character of a field
		bare          // in a field without quotes, or after the closing quote
		quoted        // between quotes
	)
	d.start, d.buf, d.ends = d.line, d.buf[:0], d.ends[:0]
	state, read := begin, false
	for {
		b, err := d.r.ReadByte()
		if err != nil {
			switch end := errors.Is(err, io.EOF); {
			case end && state == quoted:
				return fmt.Errorf("line %d: a quote opens in this record and is never closed; close it, or remove it", d.start)
			case end && read:
				d.ends = append(d.ends, len(d.buf))
				return nil
			}
			return err
		}
		read = true
		newline := b == '\n' || b == '\r'
		if b == '\r' {
			if next, err := d.r.Peek(1); err == nil && next[0] == '\n' {
				newline = false
				if state != quoted {
					continue // the line end follows
				}
			}
		}
		if newline {
			d.line++
		}
		if len(d.buf) >= maxRecord {
			return fmt.Errorf("line %d: %w", d.start, errTooLong)
		}
		switch {
		case state == quoted && b == '"':
			if next, err := d.r.Peek(1); err == nil && next[0] == '"' {
				_, _ = d.r.Discard(1) // it was just peeked
				d.buf = append(d.buf, '"')
			} else {
				state = bare
			}
		case state == quoted:
			d.buf = append(d.buf, b)
		case newline:
			d.ends = append(d.ends, len(d.buf))
			return nil
		case b == ' ' && d.sep == ' ' && state == begin: // several spaces separate like one
		case b == d.sep:
			d.ends = append(d.ends, len(d.buf))
			state = begin
		case state == begin && b == '"':
			d.buf = d.buf[:d.from(len(d.ends))] // drop the spaces before the quote
			state = quoted
		default:
			if b != ' ' && b != '\t' {
				state = bare
			}
			d.buf = append(d.buf, b)
		}
	}
}

// from returns where field i starts.
func (d *delimited) from(i int) int {
	if i == 0 {
		return 0
	}
	return d.ends[i-1]
}

// field returns field i, which is valid until the next record; nil if the record has fewer fields.
func (d *delimited) field(i int) []byte {
	if i >= len(d.ends) {
		return nil
	}
	return d.buf[d.from(i):d.ends[i]]
}

// filled returns the number of fields without the blank ones at the end.
func (d *delimited) filled() int {
	n := len(d.ends)
	for n > 0 && len(bytes.TrimSpace(d.field(n-1))) == 0 {
		n--
	}
	return n
}

// fields returns the fields as they are stored, which may not be UTF-8, without the spaces around them and the blank ones at the end.
func (d *delimited) fields() []string {
	fields := make([]string, d.filled())
	for i := range fields {
		fields[i] = string(bytes.TrimSpace(d.field(i)))
	}
	return fields
}

// unwrap parses the only field of a record once more if it has separators: then the whole line was in quotes, as the lines of a sheet with one column are. want is the number of
// fields that it must have, 0 for any.
func (d *delimited) unwrap(want int) bool {
	text := d.field(0)
	if d.filled() != 1 || bytes.IndexByte(text, d.sep) < 0 || want > 0 && len(d.ends) > 1 {
		return false
	}
	inner := &delimited{sep: d.sep}
	for len(inner.ends) < 2 {
		if text = bytes.TrimSpace(text); bytes.IndexByte(text, d.sep) < 0 {
			return false
		}
		inner.r = bufio.NewReaderSize(bytes.NewReader(text), 16)
		if inner.record() != nil {
			return false
		}
		if _, err := inner.r.ReadByte(); err == nil { // several lines
			return false
		}
		text = bytes.Clone(inner.buf) // each time, quotes are removed
	}
	if want > 0 && inner.filled() != want {
		return false
	}
	d.buf, d.ends = append(d.buf[:0], inner.buf...), append(d.ends[:0], inner.ends...)
	return true
}

// separators are the characters that may separate fields, the usual one first.
const separators = ",;\t|"

// csvRecords are the records of a delimited file.
type csvRecords struct {
	d       *delimited
	names   []string
	shift   int  // fields before the first column: the header of R's write.table has no name for the numbers of the rows
	started bool // the first record is in d, from header
	ended   bool
	notes   []string

	quoted   bool // the line with the names of the columns is in quotes as a whole
	unquoted int  // rows that are in quotes as a whole
	comments int  // lines that were skipped because they begin with #
	claimed  int  // the number of rows by the line before the header, -1 if there is none
	rows     int  // that were read
}

// newCSV reads the header of a delimited file. With detect, its encoding is found out. fits reports whether a header has the wanted columns. The separator is the first one
// with which it does; if there is none, it is the one that gives the most columns.
func newCSV(r io.Reader, detect bool, fits func(header []string) bool) (*csvRecords, error) {
	text, notes, err := decodedText(r, detect)
	if err != nil {
		return nil, err
	}
	c := &csvRecords{claimed: -1, notes: notes}
	s := &headerSearch{r: bufio.NewReaderSize(text, 1<<16), fits: fits, separators: separators, number: 1}
	if err := s.firstLine(); err != nil {
		return nil, err
	}
	if err := s.skipSeparatorLine(); err != nil {
		return nil, err
	}
	if c.comments, err = s.skipComments(); err != nil {
		return nil, err
	}
	if lines := s.skipTitles(); lines > 0 {
		c.notes = append(c.notes, fmt.Sprintf("Lines before the names of the columns that were skipped: %d.", lines))
	}
	index := false
	if b := s.skipToBareHeader(); b != nil {
		if index = b.index; b.counted {
			c.claimed = b.rows
		}
	}
	h, err := s.header()
	if err != nil {
		return nil, err
	}
	c.names, c.quoted = h.names, h.quoted
	if index {
		c.names = append([]string{nameColumns[0]}, c.names...)
		c.notes = append(c.notes, "The rows have one field more than the header; the first field is the name of the image.")
	}
	c.d = &delimited{r: bufio.NewReaderSize(io.MultiReader(bytes.NewReader(s.line.text), s.r), 1<<16), sep: h.sep, line: s.number}
	return c, c.start(fits)
}

// start reads the header, and the first row, which shows what the header lacks.
func (c *csvRecords) start(fits func(header []string) bool) error {
	if err := c.d.read(); err != nil {
		return err
	}
	if len(c.names) == 1 && !fits(c.names) && isNameRow(c.names[0]) {
		c.names, c.started = nameColumns[:1:1], true
		return nil
	}
	switch err := c.d.read(); {
	case errors.Is(err, io.EOF):
		c.ended = true
	case err != nil:
		return err
	default:
		c.started = true
		c.unquote()
		first := c.d.field(0)
		if c.d.filled() == len(c.names)+1 && len(first) > 0 && len(bytes.Trim(first, "0123456789")) == 0 {
			c.shift = 1
			c.notes = append(c.notes, "The rows have one field more than the header; the first field is taken as the number of the row.")
		}
		if c.names[0] == "" && !fits(c.names) && newHeader(c.names).find(nameColumns...) < 0 && isImage(strings.TrimSpace(textOf(first))) { // pandas' index
			c.names[0] = nameColumns[0]
			c.notes = append(c.notes, "The first column has no name; it has the names of the images.")
		}
	}
	if c.d.sep != ',' {
		c.notes = append(c.notes, fmt.Sprintf("The fields are separated by %s.", separatorNames[c.d.sep]))
	}
	return nil
}

var separatorNames = map[byte]string{';': "semicolons", '\t': "tabs", '|': "vertical bars (|)", ',': "commas", ' ': "spaces"}

var errNoHeader = errors.New("is empty; its first line must name the columns, as in filename,category")

// firstLine reads the first line that is not blank, with its end, and returns how many blank ones are before it. A quoted name may contain line ends.
func firstLine(r *bufio.Reader) (line []byte, blank int, err error) {
	quotes := 0
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			if len(bytes.TrimSpace(line)) == 0 {
				return nil, blank, errNoHeader
			}
			return line, blank, nil
		}
		if err != nil {
			return nil, blank, err
		}
		if line = append(line, b); len(line) > maxRecord {
			return nil, blank, errTooLong
		}
		switch {
		case b == '"':
			quotes++
		case (b == '\n' || b == '\r') && quotes%2 == 0:
			if b == '\r' {
				if next, err := r.Peek(1); err == nil && next[0] == '\n' {
					continue // the line end follows
				}
			}
			if len(bytes.TrimSpace(line)) > 0 {
				return line, blank, nil
			}
			line = line[:0]
			blank++
		}
	}
}

func (c *csvRecords) columns() []string { return c.names }
func (c *csvRecords) unit() string      { return "line" }

func (c *csvRecords) next(want []int, cells []value) (int, error) {
	if c.ended {
		return 0, io.EOF
	}
	for {
		if c.started {
			c.started = false
		} else if err := c.d.read(); err != nil {
			return 0, err
		} else {
			c.unquote()
		}
		if len(c.names) == 1 || c.d.filled() != 1 || !bytes.HasPrefix(bytes.TrimLeft(c.d.field(0), " \t"), []byte("#")) {
			break
		}
		c.comments++
	}
	c.rows++
	var err error
	if n := c.d.filled() - c.shift; n > len(c.names) {
		err = fmt.Errorf("has %d fields, but the header names %d columns; put quotes around a text with %q", n, len(c.names), string(c.d.sep))
	}
	for i, w := range want {
		cells[i] = value{}
		if w >= 0 {
			cells[i].text = c.d.field(w + c.shift)
			cells[i].absent = cells[i].text == nil
		}
	}
	if err != nil {
		return c.d.start, recordError{err}
	}
	return c.d.start, nil
}

// unquote parses a row again that is in quotes as a whole. Below a line without quotes, it must have a field for each column: it may be the name of an image alone.
func (c *csvRecords) unquote() {
	want := 0
	if !c.quoted {
		want = len(c.names) + c.shift
	}
	if len(c.names) > 1 && c.d.unwrap(want) {
		c.unquoted++
	}
}

func (c *csvRecords) notices() []string {
	list := slices.Clip(c.notes)
	if c.unquoted > 0 {
		list = append(list, fmt.Sprintf("Read the fields inside of %d lines that are in quotes as a whole.", c.unquoted))
	}
	if c.comments > 0 {
		list = append(list, fmt.Sprintf("Skipped %d comment lines, which begin with #.", c.comments))
	}
	switch {
	case c.claimed == c.rows:
		list = append(list, "The first line is the number of the rows.")
	case c.claimed >= 0:
		list = append(list, fmt.Sprintf("The first line is taken as the number of the rows: it is %d, but there are %d. If rows are missing, download the table again.", c.claimed, c.rows))
	}
	return list
}
