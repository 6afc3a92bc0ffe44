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
		switch {
		case errors.Is(err, io.EOF) && state == quoted:
			return fmt.Errorf("line %d: a quote opens in this record and is never closed; close it, or remove it", d.start)
		case errors.Is(err, io.EOF) && !read:
			return io.EOF
		case errors.Is(err, io.EOF):
			d.ends = append(d.ends, len(d.buf))
			return nil
		case err != nil:
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
	c := &csvRecords{claimed: -1}
	text, notes, err := decodedText(r, detect)
	if err != nil {
		return nil, err
	}
	c.notes = notes
	br := bufio.NewReaderSize(text, 1<<16)
	first, err := firstLine(br)
	if err != nil {
		return nil, err
	}
	line := 1
	choices := separators
	if rest, ok := bytes.CutPrefix(bytes.ToLower(bytes.TrimLeft(first, `" `)), []byte("sep=")); ok { // Excel's way to name the separator
		rest = bytes.TrimRight(rest, "\r\n")
		if len(rest) > 1 { // quotes around the line, or the separators of empty fields after it
			rest = append(rest[:1:1], bytes.Trim(rest[1:], `" `+string(rest[:1]))...)
		}
		if len(rest) == 1 {
			choices, line = string(rest), 2
			if first, err = firstLine(br); err != nil {
				return nil, err
			}
		}
	}
	for bytes.HasPrefix(bytes.TrimLeft(first, " \t"), []byte("#")) && !fitsAny(first, choices, fits) {
		next, err := firstLine(br)
		if errors.Is(err, errNoHeader) {
			break // the only line is the header
		} else if err != nil {
			return nil, err
		}
		first = next
		line++
		c.comments++
	}
	if skipped, lines := titles(br, first, choices, fits); skipped != nil {
		c.notes = append(c.notes, fmt.Sprintf("Lines before the names of the columns that were skipped: %d.", lines))
		first, line = skipped, line+lines
	}
	bare := &bareHeader{}
	if choices == separators && !fitsAny(first, separators+" ", fits) {
		if b := newBareHeader(br, first); b != nil && (b.counted || b.index) {
			b.skip()
			bare, first, choices = b, b.line, string(b.sep)
		}
	}
	if bare.counted {
		line++
		c.claimed = bare.rows
	}
	var best []string
	var chosen byte
	if choices == separators && !bytes.ContainsAny(first, separators) && len(bytes.Fields(first)) > 1 && fitsAny(first, " ", fits) { // in a single column, spaces are a part of names
		choices = " "
	}
	for i := range len(choices) {
		names, wrapped := headerOf(first, choices[i], fits)
		ok := names != nil && fits(names)
		if ok || len(names) > len(best) {
			best, chosen, c.quoted = names, choices[i], wrapped
		}
		if ok {
			break
		}
	}
	if len(best) == 0 {
		return nil, errNoHeader
	}
	if bare.index {
		best = append([]string{nameColumns[0]}, best...)
		c.notes = append(c.notes, "The rows have one field more than the header; the first field is the name of the image.")
	}
	c.names = best
	c.d = &delimited{r: bufio.NewReaderSize(io.MultiReader(bytes.NewReader(first), br), 1<<16), sep: chosen, line: line}
	if err := c.d.read(); err != nil {
		return nil, err
	}
	if len(best) == 1 && !fits(best) && isNameRow(best[0]) {
		c.names, c.started = nameColumns[:1:1], true
		return c, nil
	}
	if err := c.d.read(); errors.Is(err, io.EOF) {
		c.ended = true
	} else if err != nil {
		return nil, err
	} else {
		c.started = true
		c.unquote()
		if c.d.filled() == len(best)+1 && len(c.d.field(0)) > 0 && len(bytes.Trim(c.d.field(0), "0123456789")) == 0 {
			c.shift = 1
			c.notes = append(c.notes, "The rows have one field more than the header; the first field is taken as the number of the row.")
		}
		if best[0] == "" && !fits(best) && newHeader(best).find(nameColumns...) < 0 && isImage(strings.TrimSpace(textOf(c.d.field(0)))) { // pandas' index
			best[0] = nameColumns[0]
			c.notes = append(c.notes, "The first column has no name; it has the names of the images.")
		}
	}
	if chosen != ',' {
		c.notes = append(c.notes, fmt.Sprintf("The fields are separated by %s.", separatorNames[chosen]))
	}
	return c, nil
}

var separatorNames = map[byte]string{';': "semicolons", '\t': "tabs", '|': "vertical bars (|)", ',': "commas", ' ': "spaces"}

var errNoHeader = errors.New("is empty; its first line must name the columns, as in filename,category")

// firstLine reads the first line that is not blank, with its end. A quoted name may contain line ends.
func firstLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	quotes := 0
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			if len(bytes.TrimSpace(line)) == 0 {
				return nil, errNoHeader
			}
			return line, nil
		}
		if err != nil {
			return nil, err
		}
		if line = append(line, b); len(line) > maxRecord {
			return nil, errTooLong
		}
		switch {
		case b == '"':
			quotes++
		case (b == '\n' || b == '\r') && quotes%2 == 0:
			if len(bytes.TrimSpace(line)) > 0 {
				return line, nil
			}
			line = line[:0]
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
